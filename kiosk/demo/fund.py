"""A fund on this machine: an office that publishes the sample list, its web server, and a stick.

Everything is done with the commands that a real office and a real technician use, as processes of
their own: what the demo shows is what the README says.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self

from kiosk.config_sections import FerzlSection, SecondLookSection, Zp1Section
from kiosk.demo.certificates import make_certificates
from kiosk.demo.fund_server import FundServer
from kiosk.demo.fund_service import FundService
from kiosk.demo.fund_world import FundWorld
from kiosk.demo.reference_sample import write_reference
from kiosk.demo.register_sample import ABSENT, SAMPLE_ROWS, write_csv

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from kiosk.config import Config
    from offline_cache.reference import TrustedKey

_log = logging.getLogger(__name__)

TERRITORY: Final = "78"
"""Of the office: the people of its golden policies have numbers of this territory."""
TOKEN: Final = "demo-token-0001"  # noqa: S105  # of services that exist on this machine alone
KIOSK: Final = (sys.executable, "-c", "from kiosk.cli import main; main()")


class CommandError(Exception):
    """A command of the demo failed; the message is what it said."""


class SampleFund:
    """An office, served over HTTPS from this machine. Usable as a context manager."""

    def __init__(self, folder: Path, trusted: Collection[TrustedKey] = ()) -> None:
        """Set the office up in `folder` and serve its repository, which is still empty.

        Args:
            folder: everything is in it.
            trusted: keys of the trust table that goes out with the first list.

        Raises:
            CommandError: the office cannot be set up.
        """
        self._folder = folder
        self._office = folder / "office"
        self.stick = folder / "stick"
        """Mount point of the stick."""
        self.key_file = self._office / "register.key"
        self.root_file = self._office / "repository" / "metadata" / "1.root.json"
        run("register", "init", self._office, "--territory", TERRITORY)
        self._reference: Path | None = folder / "reference"
        write_reference(self._reference, trusted)
        self.stick.mkdir()
        certificates = make_certificates(folder / "certificates")
        self.ca_file = certificates.ca
        self._server = FundServer(self._office / "repository", certificates).start()
        world = FundWorld(date.today())  # noqa: DTZ011  # the day here
        self.service = FundService(certificates, world, TOKEN, client_required=True).start()
        """The services that answer questions."""
        self._token_file = folder / "ferzl-token"
        self._token_file.write_text(TOKEN, encoding="ascii")
        self._client_file = certificates.client

    def __enter__(self) -> Self:
        """The fund itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving."""
        self._server.stop()
        self.service.stop()

    def publish(
        self,
        *,
        rows: int = SAMPLE_ROWS,
        absent: Collection[str] = ABSENT,
        territories: tuple[str, ...] = (),
    ) -> None:
        """Publish the next list, for the network and on the stick; with the first the tables too.

        Args:
            rows: how many people it holds.
            absent: who of the cast is not among them.
            territories: what it covers; none for no limit.

        Raises:
            CommandError: a command failed.
        """
        export = self._folder / "export.csv"
        write_csv(export, rows, absent=absent)
        expected = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="seconds")
        covers = [word for code in territories for word in ("--territory", code)]
        run("register", "build", "--office", self._office, "--next-expected", expected,
            *covers, export)  # fmt: skip
        tables = ("--reference", self._reference) if self._reference is not None else ()
        run("register", "publish", self._office, "--stick", self.stick, *tables)
        self._reference = None

    def asked_by(self, config: Config, looks: Path) -> Config:
        """`config` with the fund's services, and second looks in the folder `looks`."""
        files = {"ca_file": self.ca_file, "client_file": self._client_file}
        return replace(
            config,
            ferzl=FerzlSection(self.service.url("ferzl"), token_file=self._token_file, **files),
            zp1=Zp1Section(self.service.url("zp1"), sender="KIOSK", territory=TERRITORY, **files),
            second_look=SecondLookSection(looks),
        )

    def write_config(self, register: Path) -> Path:
        """The configuration with which a kiosk whose register lies in `register` updates itself."""
        path = register.with_suffix(".toml")
        path.write_text(
            f"[register]\ndir = {_toml(register)}\nkey_file = {_toml(self.key_file)}\n"
            f"[update]\nurl = {json.dumps(self._server.url)}\n"
            f"root_file = {_toml(self.root_file)}\nca_file = {_toml(self.ca_file)}\n",
            encoding="utf-8",
        )
        return path

    def update(self, register: Path, *, by_stick: bool = False) -> int:
        """Bring the kiosk whose register lies in `register` to the newest list; its serial.

        Raises:
            CommandError: the update failed.
        """
        options: tuple[str | Path, ...] = ("--config", self.write_config(register))
        if by_stick:
            options += ("--from", self.stick)
        outcome: dict[str, Any] = json.loads(run("update", *options))
        return int(outcome["serial"])


def run(*words: str | Path) -> str:
    """Run a `kiosk` command; what it printed.

    Raises:
        CommandError: it failed.
    """
    _log.info("kiosk %s", " ".join(str(word) for word in words))
    done = subprocess.run([*KIOSK, *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise CommandError(f"kiosk {words[0]}: {said[-1] if said else done.returncode}")
    return done.stdout


def _toml(path: Path) -> str:
    return json.dumps(str(path.absolute()))
