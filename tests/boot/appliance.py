"""A kiosk that runs on a booted machine: its files, its virtual reader, its screen as pictures."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import dataclass
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
_ETC: Final = "/etc/oms-kiosk"
_STATE: Final = "/var/lib/oms-kiosk"
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
_CONFIG: Final = f"""
[kiosk]
id = "0412"
contact = "8-800-000-00-00"
[reader]
[register]
dir = "{_STATE}/register"
key_file = "{_ETC}/register.key"
[update]
url = "%s"
root_file = "{_ETC}/1.root.json"
ca_file = "{_ETC}/fund-ca.pem"
[screen]
width = 800
height = 480
"""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a fund gives its kiosks: where it publishes, and files by their names."""

    url: str
    files: dict[str, Path]
    """`register.key`, `1.root.json`, `fund-ca.pem`."""


class Appliance:
    """A machine with the kiosk on it, off until its machine is booted."""

    def __init__(self, machine: Machine, enrolment: Enrolment, register: Path | None) -> None:
        """Put the kiosk to work: configuration, secrets, a reader, and its list.

        Args:
            machine: of the installed system, still off.
            enrolment: from the fund.
            register: folder of a register that it starts with; None: it has no list yet.
        """
        self.machine = machine
        self.port = put_in_reader(machine)
        owners = numbers(machine.path("/etc/passwd"))
        group = numbers(machine.path("/etc/group"))["oms-kiosk"]
        self._write(f"{_ETC}/kiosk.toml", _CONFIG % enrolment.url, 0, group)
        for name, source in enrolment.files.items():
            self._write(f"{_ETC}/{name}", source.read_bytes(), 0, group)
        drop_in = f"/etc/systemd/system/{KIOSK}.d/50-without-display.conf"
        self._write(drop_in, _WITHOUT_DISPLAY, 0, 0, mode=0o644)
        screen = machine.path(SCREEN)
        screen.mkdir()
        os.chown(screen, owners["oms-kiosk"], group)
        if register is not None:
            place = machine.path(f"{_STATE}/register")
            shutil.copytree(register, place, dirs_exist_ok=True)
            for path in (place, *place.rglob("*")):
                os.chown(path, owners["oms-update"], group)
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

    def wait_for_reader(self, seconds: float = 20.0) -> None:
        """Until the screen invites people: the kiosk's last frame is the one named `idle`.

        Raises:
            TooLateError: it says something else.
        """

        def invites() -> bool:
            frames = self.frames()
            return bool(frames) and frames[-1].name.endswith("-idle.png") and self._sees_reader()

        until(f"the screen invites; {self._instead(0.0)}", invites, seconds)

    def _sees_reader(self) -> bool:
        said = [
            line for line in self.machine.journal("--unit", KIOSK).splitlines() if _READER in line
        ]
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

    def _write(
        self, name: str, content: str | bytes, owner: int, group: int, *, mode: int = 0o640
    ) -> None:
        path = self.machine.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(mode)
        os.chown(path, owner, group)


def numbers(file: Path) -> dict[str, int]:
    """Numbers of users or groups by their names."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return {line.split(":")[0]: int(line.split(":")[2]) for line in lines if line}
