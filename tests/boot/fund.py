"""A fund on this machine for the booted ones: it publishes lists, serves them, enrols kiosks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from kiosk.config import load
from kiosk.demo.fund import SampleFund
from tests.boot.appliance import Enrolment

if TYPE_CHECKING:
    from pathlib import Path

ROWS: Final = 2000


class BootFund:
    """A sample fund that has published a first list. Usable as a context manager."""

    def __init__(self, folder: Path) -> None:
        """Set it up in `folder`, and publish.

        Raises:
            kiosk.demo.fund.CommandError: a command of the office failed.
        """
        folder.mkdir(parents=True)
        self._fund = SampleFund(folder)
        self.register = folder / "register"
        """As a kiosk has it that took the first list."""
        try:
            self.publish()
            self._fund.update(self.register)
        except BaseException:
            self._fund.__exit__()
            raise

    def __enter__(self) -> Self:
        """The fund itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving."""
        self._fund.__exit__()

    @property
    def stick(self) -> Path:
        """The newest list as it lies on a stick."""
        return self._fund.stick

    @property
    def enrolment(self) -> Enrolment:
        """What its kiosks are given."""
        update = load(self._fund.write_config(self.register)).update
        files = {
            "register.key": self._fund.key_file,
            "1.root.json": self._fund.root_file,
            "fund-ca.pem": self._fund.ca_file,
        }
        return Enrolment(update.url, files)

    def stop(self) -> None:
        """Be out of reach from now on; what it publishes then comes on sticks alone."""
        self._fund.__exit__()

    def publish(self) -> None:
        """Publish the next list, over the network and on the stick.

        Raises:
            kiosk.demo.fund.CommandError: a command of the office failed.
        """
        self._fund.publish(rows=ROWS)
