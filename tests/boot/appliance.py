"""A kiosk that runs on a booted machine: its files, its virtual reader, its screen as pictures."""

from __future__ import annotations

import json
import os
import shutil
import time
from typing import TYPE_CHECKING, Any, Final

from kiosk.demo.documents import card_of
from kiosk.demo.vpcd import VirtualSlot
from tests.boot.reader import put_in_reader
from tests.boot.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.boot.machine import Machine

KIOSK: Final = "kiosk.service"
SCREEN: Final = "/srv/screen"
REGISTER: Final = "/var/lib/oms-kiosk/register"
# The only change to the unit: pictures go to a folder, as there is no display. What the sandbox
# forbids stays forbidden.
_WITHOUT_DISPLAY: Final = f"""
[Service]
ExecStart=
ExecStart=/opt/oms-kiosk/current/venv/bin/kiosk run --headless {SCREEN}
Environment=SDL_VIDEODRIVER=dummy
ReadWritePaths={SCREEN}
"""
_READER: Final = "Device.READER"


def prepare(machine: Machine) -> None:
    """Change an installed system, still off, so that its kiosk runs where there is no display."""
    drop_in = machine.path(f"/etc/systemd/system/{KIOSK}.d/50-without-display.conf")
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text(_WITHOUT_DISPLAY, encoding="ascii")
    screen = machine.path(SCREEN)
    screen.mkdir()
    owner, group = ids(machine, "oms-kiosk")
    os.chown(screen, owner, group)


class Appliance:
    """A machine with an enrolled kiosk on it, off until its machine is booted."""

    def __init__(self, machine: Machine, register: Path | None) -> None:
        """Give the kiosk a reader, and its list.

        Args:
            machine: with an enrolled kiosk, still off.
            register: folder of a register that it starts with; None: it has no list yet.
        """
        self.machine = machine
        self.port = put_in_reader(machine)
        if register is not None:
            place = machine.path(REGISTER)
            shutil.copytree(register, place, dirs_exist_ok=True)
            owner, group = ids(machine, "oms-update", "oms-kiosk")
            for path in (place, *place.rglob("*")):
                os.chown(path, owner, group)
                path.chmod(0o2750 if path.is_dir() else 0o640)

    # The screen

    def frames(self, since: float = 0.0) -> list[Path]:
        """The pictures drawn after the wall clock's time `since`, the oldest first."""
        found = []
        for path in self.machine.path(SCREEN).glob("[0-9]*.png"):
            drawn = path.stat().st_mtime
            if drawn > since:
                found.append((drawn, path))
        return [path for _, path in sorted(found)]

    def frame(self, label: str, since: float, seconds: float) -> float:
        """Wait for a picture of that name drawn after `since`; when it was (wall clock).

        Raises:
            TooLateError: none came.
        """

        def look() -> float | None:
            named = [one for one in self.frames(since) if one.name.endswith(f"-{label}.png")]
            return named[0].stat().st_mtime if named else None

        return until(f"a frame {label}; {self._instead(since)}", look, seconds)

    def verdicts(self) -> list[dict[str, Any]]:
        """The verdicts since the kiosk's last start."""
        file = self.machine.path(f"{SCREEN}/verdicts.jsonl")
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def tap(self, slug: str = "plain_man", seconds: float = 10.0) -> dict[str, Any]:
        """Hold a policy of one of the cast to the reader, take it away; what was said of it.

        Raises:
            TooLateError: nothing was.
        """
        before = len(self.verdicts())
        with VirtualSlot(self.port) as slot:
            slot.insert(card_of(slug))
            until("a verdict", lambda: len(self.verdicts()) > before, seconds)
            verdict = self.verdicts()[-1]
            taken = time.time()
            slot.remove()
            self.frame("idle", taken, seconds)
        return verdict

    # The service

    def wait_until_ready(self, seconds: float = 60.0) -> None:
        """Until systemd takes the kiosk for started.

        Raises:
            TooLateError: it does not.
        """
        until(
            "the kiosk is ready",
            lambda: self.machine.unit(KIOSK, "ActiveState") == "active",
            seconds,
        )

    def wait_for_reader(self, since: float = 0.0, seconds: float = 20.0) -> None:
        """Until the screen invites people, in a frame drawn after `since` (wall clock).

        Raises:
            TooLateError: it says something else.
        """

        def invites() -> bool:
            frames = self.frames(since)
            return bool(frames) and frames[-1].name.endswith("-idle.png") and self._sees_reader()

        until(f"the screen invites; {self._instead(0.0)}", invites, seconds)

    def wait_for_another(self, before: int, since: float, seconds: float = 60.0) -> None:
        """Until another process than `before` invites people, in a frame drawn after `since`.

        Raises:
            TooLateError: none does.
        """
        until("another process", lambda: self.pid() not in {0, before}, seconds)
        self.wait_until_ready(seconds)
        self.wait_for_reader(since, seconds)

    def _sees_reader(self) -> bool:
        journal = self.machine.journal("--boot", f"_PID={self.pid()}")
        said = [line for line in journal.splitlines() if _READER in line]
        return bool(said) and "DeviceReady" in said[-1]

    def pid(self) -> int:
        """The kiosk's process, by its number in the machine; 0: it has none."""
        return self.machine.main_pid(KIOSK)

    def restarts(self) -> int:
        """How often systemd has started the kiosk anew."""
        return int(self.machine.unit(KIOSK, "NRestarts"))

    # Inside

    def _instead(self, since: float) -> str:
        return f"there were {[one.name for one in self.frames(since)][-3:]} before"


def ids(machine: Machine, user: str, group: str = "") -> tuple[int, int]:
    """Numbers of a user and a group (by default of the same name) of a machine."""
    found = []
    for file, name in (("/etc/passwd", user), ("/etc/group", group or user)):
        lines = machine.path(file).read_text(encoding="utf-8").splitlines()
        found.append(next(int(line.split(":")[2]) for line in lines if line.startswith(f"{name}:")))
    return found[0], found[1]
