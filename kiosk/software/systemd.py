"""What runs a kiosk: systemd, asked through systemctl. Needs nothing but Python's own library.

Its units are those of the release that `current` leads to, from the next `reload` on: see
`systemd/libexec/units-generator`.
"""

from __future__ import annotations

import os
import pwd
import subprocess
import time
from typing import TYPE_CHECKING, Any, Final, Protocol

from kiosk.software.links import say
from kiosk.software.units import SYSTEM_FILES, WAY_BACK, change, unit_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

UNIT: Final = "kiosk.service"
READY_SECONDS: Final = 30.0
"""How long a release may take to its first frame."""
DOCTOR_SECONDS: Final = 20.0
_RELOAD_SECONDS: Final = 20.0
_FILES_SECONDS: Final = 10.0
_RENEW_SECONDS: Final = 60.0
_USABLE: Final = {"loaded", "masked"}
"""What a technician has masked is no fault of a release."""


class Machine(Protocol):
    """What runs the kiosk: systemd, or a model of it in a test."""

    def reload(self, left: Path | None, taken: Path) -> None:
        """Have the units of `taken`, the current release, in place of those of `left`."""

    def knows(self, release: Path) -> bool:
        """Whether all units of the current release could be loaded."""

    def renew(self, folder: Path, release: Path) -> None:
        """Make the way back that of a release that was kept; else it stays as it is."""

    def restart(self, seconds: float) -> bool:
        """Start what `current` leads to; whether it said READY in time."""

    def look(self) -> str | None:
        """A mark of the running process, the same as long as it runs; None: it does not."""

    def doctor(self, release: Path) -> bool:
        """Whether the release finds itself sound."""

    def bounce(self, *, wait: bool) -> None:
        """Kill what runs, without grace, and start what `current` leads to."""

    def monotonic(self) -> float:
        """Seconds."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Systemd:
    """The machine of a kiosk."""

    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)

    def __init__(self, systemctl: str = "systemctl") -> None:
        """`systemctl` is looked for in PATH."""
        self._systemctl = systemctl

    def reload(self, left: Path | None, taken: Path) -> None:
        """See `Machine`; `kiosk.service` itself is left to `restart` and `bounce`."""
        differ = change(left, taken)
        for name in differ.gone:
            # While it is known how; of a template, every instance.
            self._call("--no-block", "stop", name.replace("@.", "@*."))
        self._call("daemon-reload", seconds=_RELOAD_SECONDS)
        self._call("start", SYSTEM_FILES, seconds=_FILES_SECONDS)
        for name in differ.fresh:
            self._call("--no-block", "start", name)
        for name in differ.changed:
            if name != UNIT and "@." not in name and self._runs(name):
                self._call("--no-block", "try-restart", name)

    def knows(self, release: Path) -> bool:
        """See `Machine`."""
        return self._all_usable(unit_names(release))

    def renew(self, folder: Path, release: Path) -> None:
        """See `Machine`; a way back whose units cannot be loaded is not taken."""
        before = (folder / "way-back").readlink() if (folder / "way-back").is_symlink() else None
        python = str(release / "venv" / "bin" / "python")
        command = [python, "-I", "-B", "-m", "kiosk.software.standalone", str(folder), str(release)]
        try:
            subprocess.run(command, timeout=_RENEW_SECONDS, check=True, stdin=subprocess.DEVNULL)
        except (OSError, subprocess.SubprocessError) as error:
            say(f"the way back stays the one before: {error}")
            return
        self._call("daemon-reload", seconds=_RELOAD_SECONDS)
        if before is None or self._all_usable(WAY_BACK):
            return
        say("the way back stays the one before: its units are not right")
        staged = folder / ".way-back.new"
        staged.unlink(missing_ok=True)
        staged.symlink_to(before)
        staged.replace(folder / "way-back")
        self._call("daemon-reload", seconds=_RELOAD_SECONDS)

    def _all_usable(self, names: Iterable[str]) -> bool:
        # Of a template, one instance that nobody starts.
        asked = [name.replace("@.", "@trial.") for name in names]
        said = self._call("show", "--property=Id", "--property=LoadState", *asked) or ""
        blocks = [dict(_pairs(block)) for block in said.split("\n\n")]
        found = {each.get("Id"): each.get("LoadState") for each in blocks}
        for name in asked:
            if found.get(name) not in _USABLE:
                say(f"{name}: {found.get(name, 'not known')}")
                return False
        return True

    def _runs(self, name: str) -> bool:
        """Whether it is a service that stays, and is there; no step that will end by itself."""
        said = self._call("show", "--property=ActiveState", "--property=SubState", name) or ""
        return dict(_pairs(said)) == {"ActiveState": "active", "SubState": "running"}

    def restart(self, seconds: float) -> bool:
        """See `Machine`; `Type=notify` makes systemctl wait for READY."""
        self._call("reset-failed", UNIT)
        return self._call("restart", UNIT, seconds=seconds) is not None

    def look(self) -> str | None:
        """See `Machine`: its process and how often it was restarted."""
        wanted = ("--property=ActiveState", "--property=MainPID", "--property=NRestarts")
        said = self._call("show", *wanted, UNIT)
        return said if said and "ActiveState=active\n" in f"{said}\n" else None

    def doctor(self, release: Path) -> bool:
        """See `Machine`; with the rights of the service, since it looks at those too."""
        known = {"PATH": "/usr/sbin:/usr/bin", "LANG": "C.UTF-8"}
        known["KIOSK_CONFIG"] = os.environ.get("KIOSK_CONFIG", "/etc/oms-kiosk/kiosk.toml")
        command = [str(release / "venv" / "bin" / "kiosk"), "doctor", "--after-update"]
        try:
            done = subprocess.run(
                command, env=known, timeout=DOCTOR_SECONDS, check=False, cwd="/", **self._rights()
            )
        except (OSError, ValueError, LookupError, subprocess.SubprocessError) as error:
            say(f"doctor: {error}")
            return False
        return done.returncode == 0

    def _rights(self) -> dict[str, Any]:
        """User and groups of the service; nothing to be changed where only root could."""
        wanted = ("User", "SupplementaryGroups")
        said = self._call("show", *(f"--property={name}" for name in wanted), UNIT) or ""
        found = dict(_pairs(said))
        user = found.get("User")
        if os.geteuid() != 0 or not user:
            return {}
        about = pwd.getpwnam(user)
        groups = {*os.getgrouplist(user, about.pw_gid), *found["SupplementaryGroups"].split()}
        return {"user": about.pw_uid, "group": about.pw_gid, "extra_groups": list(groups)}

    def bounce(self, *, wait: bool) -> None:
        """See `Machine`."""
        self._call("kill", "--signal=SIGKILL", UNIT)
        self._call("reset-failed", UNIT)
        if wait and self._call("restart", UNIT, seconds=READY_SECONDS) is not None:
            return
        self._call("--no-block", "restart", UNIT)

    def _call(self, *arguments: str, seconds: float = 10.0) -> str | None:
        """What systemctl said; None: it failed, or took too long."""
        try:
            done = subprocess.run(
                [self._systemctl, *arguments],
                timeout=seconds,
                check=True,
                text=True,
                stdout=subprocess.PIPE,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout


def _pairs(said: str) -> Iterator[tuple[str, str]]:
    """Properties, as systemctl shows them."""
    for line in said.splitlines():
        name, _, value = line.partition("=")
        yield name, value
