"""A technician with a stick: types lines on the build machine, in the office, and at the kiosk.

What stands on the page is typed as it stands, but for what is declared here: where sticks and safes
lie, the server's address, this machine's architecture, and that a code comes from standard input.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

from tests.boot import stick
from tests.boot.appliance import Appliance, prepare
from tests.boot.fund import code_in
from tests.boot.image import ROOT, cache, call
from tests.boot.installed import ARCHITECTURE
from tests.boot.machine import CommandError
from tests.boot.page import Place

if TYPE_CHECKING:
    from pathlib import Path

    from tests.boot.fund import BootFund
    from tests.boot.machine import Machine

USER: Final = "technician"
HOME: Final = f"/home/{USER}"
_SECONDS: Final = 900.0
"""No line takes longer: the installer fetches packages."""
_ENROL: Final = "sudo kiosk enrol "


class Technician:
    """Whoever follows the page, with a machine on which there is nothing yet."""

    def __init__(self, machine: Machine, fund: BootFund, folder: Path) -> None:
        """Give them their places.

        Args:
            machine: a plain Debian, off; it is booted.
            fund: has published its first list.
            folder: for their stick, the safes, and the build machine's checkout.
        """
        self.machine, self.fund = machine, fund
        self.kiosk = Appliance(machine, None)
        self.stick = folder / "stick"
        self.stick.mkdir()
        self._safes = [folder / f"safe-{number}" for number in (1, 2)]
        self._build = folder / "build"
        self._code = ""
        self._lock_keys_away()
        shutil.copy(fund.ca_file, fund.folder / "fund-ca.pem")
        _check_out(self._build)
        # Debian's packages are fetched once for all machines.
        archives = cache() / "archives"
        (archives / "partial").mkdir(parents=True, exist_ok=True)
        machine.binds = (f"{archives}:/var/cache/apt/archives",)
        machine.boot()
        machine.run("useradd", "--create-home", USER)

    def _lock_keys_away(self) -> None:
        """As `kiosk register init` asks: the offline keys leave the office, for two safes."""
        offline = self.fund.office / "keys" / "offline"
        for number, safe in enumerate(self._safes, 1):
            safe.mkdir()
            shutil.move(offline / f"software-{number}.pem", safe)
        shutil.rmtree(offline)

    # Lines

    def type(self, place: Place, line: str) -> str:
        """Type a line; what it printed.

        Raises:
            CommandError: it failed.
        """
        match place:
            case Place.KIOSK:
                return self._at_kiosk(line)
            case Place.OFFICE:
                said = self._on_this_machine(self.fund.folder, line)
                self._code = code_in(said) if "register enrol" in line else self._code
                return said
            case Place.BUILD:
                return self._on_this_machine(self._build, line)

    def _on_this_machine(self, folder: Path, line: str) -> str:
        here = {"/media/stick": str(self.stick), "https://fund.example/oms": self.fund.url}
        here |= {f"/media/{safe.name}": str(safe) for safe in self._safes}
        here["amd64"] = ARCHITECTURE
        for there, instead in here.items():
            line = line.replace(there, instead)
        # Not the settings of a `make` that runs this.
        kept = {name: value for name, value in os.environ.items() if "MAKE" not in name}
        path = f"{ROOT}/.venv/bin:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-ec", line],
            cwd=folder,
            env={**kept, "PATH": path},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if done.returncode:
            raise CommandError(f"{line}: {done.returncode}: {done.stderr[-2000:]}")
        return done.stdout

    def _at_kiosk(self, line: str) -> str:
        line = line.replace("amd64", ARCHITECTURE)
        code = ""
        if line.startswith(_ENROL):
            line, code = f"{line} --code-file -", f"{self._code}\n"
        # Whoever may use sudo is root with it; nobody else here is.
        by_root = line.startswith("sudo ")
        who = () if by_root else ("runuser", "-u", USER, "--")
        words = (*who, "sh", "-ec", f"cd {HOME}; {line.removeprefix('sudo ')}")
        return self.machine.run(*words, seconds=_SECONDS, text=code).stdout

    # Hands

    def put_stick_in(self) -> None:
        """Put the stick into the kiosk, and wait until it says that it may be taken."""
        stick.put_in(self.machine, self.stick, stick.EVERYBODYS)
        stick.visit(self.machine)

    def put_other_stick_in(self) -> None:
        """Put a stick in that no rule of the kiosk's looks at."""
        stick.put_in(self.machine, self.stick, stick.EVERYBODYS)

    def take_stick_out(self) -> None:
        """Take it out, with what the kiosk left on it."""
        shutil.copytree(self.machine.path(stick.STICK), self.stick, dirs_exist_ok=True)
        stick.take_out(self.machine)

    # What this machine lacks

    def give_it_a_screen(self) -> None:
        """After the installing: there is no display here, so the kiosk draws pictures."""
        prepare(self.machine)
        self.machine.run("systemctl", "daemon-reload")
        self.machine.run("systemctl", "restart", "kiosk.service")
        self.kiosk.wait_until_ready()


def _check_out(folder: Path) -> None:
    """The last commit, prepared as this checkout is."""
    call(["git", "clone", "--quiet", str(ROOT), str(folder)])
    (folder / ".venv").symlink_to(ROOT / ".venv")
