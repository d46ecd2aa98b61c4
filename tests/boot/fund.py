"""A fund on this machine for the booted ones: it publishes lists, serves them, enrols kiosks."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from kiosk.config import load
from kiosk.demo.fund import SampleFund, run
from tests.boot.appliance import prepare
from tests.boot.image import call
from tests.boot.installed import ARCHITECTURE, layers
from tests.boot.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Sequence

KIOSK_ID: Final = "0412"
ROWS: Final = 2000
_CODE: Final = re.compile(r"code:\s+(\S.*\S)")


class BootFund:
    """A sample fund that has published a first list. Usable as a context manager."""

    def __init__(self, folder: Path) -> None:
        """Set it up in `folder`, and publish.

        Raises:
            kiosk.demo.fund.CommandError: a command of the office failed.
        """
        folder.mkdir(parents=True)
        self.folder = folder
        """Holds the office, its export, and what else a clerk has at hand."""
        self._fund = SampleFund(folder)
        self._enrolled: Path | None = None
        self.office = folder / "office"
        self.register = folder / "register"
        """As a kiosk has it that took the first list."""
        try:
            self.publish()
            self._fund.update(self.register)
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        """The fund itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving."""
        self.stop()

    @property
    def stick(self) -> Path:
        """The newest list as it lies on a stick."""
        return self._fund.stick

    @property
    def url(self) -> str:
        """Address of the repository."""
        return load(self._fund.write_config(self.register)).update.url

    @property
    def ca_file(self) -> Path:
        """The authority that signed the server's certificate."""
        return self._fund.ca_file

    def stop(self) -> None:
        """Be out of reach from now on; what it publishes then comes on sticks alone."""
        self._fund.__exit__()

    def publish(self) -> None:
        """Publish the next list, over the network and on the stick.

        Raises:
            kiosk.demo.fund.CommandError: a command of the office failed.
        """
        self._fund.publish(rows=ROWS)

    def release(self, packed: Path, version: str) -> None:
        """Publish a release of the software, signed with the two keys that it needs.

        Raises:
            kiosk.demo.fund.CommandError: the office refuses.
        """
        words = ("--version", version, "--arch", ARCHITECTURE, "--keys", self.office)
        run("register", "release", self.office, packed, *words)

    def enrolled(self) -> Sequence[Path]:
        """Layers of a kiosk that was put to work with a bundle of this fund, as a technician does.

        Raises:
            tests.boot.machine.CommandError: a command in it failed.
        """
        if self._enrolled is None:
            folder = self.folder / "enrolled"
            folder.mkdir()
            with tempfile.TemporaryDirectory(prefix="oms-enrol-") as scratch:
                self._enrol(Machine(layers(), Path(scratch) / "m"), folder)
            self._enrolled = folder
        return (self._enrolled, *layers())

    def _enrol(self, machine: Machine, folder: Path) -> None:
        prepare(machine)
        sealed = self.folder / "sealed.oms-enrol"
        words = ("--out", sealed, "--update-url", self.url, "--ca-file", self.ca_file)
        said = run("register", "enrol", self.office, "--kiosk", KIOSK_ID, *map(str, words))
        with machine:
            machine.path("/root/sealed").write_bytes(sealed.read_bytes())
            opening = ("--bundle", "/root/sealed", "--code-file", "-", "--kiosk", KIOSK_ID)
            machine.run("kiosk", "enrol", *opening, text=code_in(said) + "\n")
            machine.path("/root/sealed").unlink()
            machine.shut_down()
            machine.path("/etc/machine-id").unlink()
            for old in machine.path("/var/log/journal").iterdir():
                shutil.rmtree(old)
            call(["cp", "--archive", f"{machine.written}/.", str(folder)])


def code_in(said: str) -> str:
    """The one-time code in what `kiosk register enrol` says."""
    code = _CODE.search(said)
    if code is None:
        raise AssertionError(f"no code in what the office says: {said}")
    return code[1]
