"""What runs a kiosk: systemd, asked through systemctl. Needs nothing but Python's own library."""

from __future__ import annotations

import os
import pwd
import subprocess
import time
from typing import TYPE_CHECKING, Any, Final, Protocol

from kiosk.software.links import say

if TYPE_CHECKING:
    from pathlib import Path

UNIT: Final = "kiosk.service"
READY_SECONDS: Final = 30.0
"""How long a release may take to its first frame."""
DOCTOR_SECONDS: Final = 20.0


class Machine(Protocol):
    """What runs the kiosk: systemd, or a model of it in a test."""

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
        found = dict(line.partition("=")[::2] for line in said.splitlines())
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
