"""The thread that takes the steps of the self-repair ladder, and the boot's count of heavy ones.

It may do two things that it has no right to by itself, each through a narrow unit of systemd that
polkit lets it start and nothing else: restart pcscd, and switch a device's USB port off and on. The
units, not this process, know what that means on this machine.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from drivers.events import Device, DeviceLost, DeviceReady
from kiosk.repair import HEAVY, Budget, Ladder, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_log = logging.getLogger(__name__)

RUN_FOLDER: Final = Path("/run/oms-kiosk")
"""Lasts as long as the boot, and longer than a process (`RuntimeDirectoryPreserve=yes`)."""
COUNT_NAME: Final = "repairs"
PCSCD_UNIT: Final = "oms-kiosk-pcscd-restart.service"
USB_UNIT: Final = "oms-kiosk-usb-cycle@{device}.service"
"""Its instance is `reader` or `scanner`."""
USB_DEVICES: Final = Path("/sys/bus/usb/devices")
COMMAND_SECONDS: Final = 25.0
_TURN_SECONDS: Final = 2.0
_MOST_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Repaired:
    """A step was taken; `worked` says that it could be, not that it helped: `DeviceReady` does."""

    device: Device
    step: Step
    worked: bool = True
    heavy_left: int = 0
    """How many heavy steps this boot still has."""


class BootCount:
    """The heavy steps of this boot, a line each (when, device, step), in a folder of `/run`."""

    def __init__(self, folder: Path = RUN_FOLDER) -> None:
        """Read nothing yet."""
        self._path = folder / COUNT_NAME

    def budget(self) -> Budget | None:
        """What has been used; None: nobody can tell, so that nothing may be used."""
        try:
            with self._path.open("rb") as file:
                lines = file.read(_MOST_BYTES).splitlines()
        except FileNotFoundError:
            return Budget() if self._path.parent.is_dir() else None
        except OSError:
            return None
        times = [_time_of(line) for line in lines]
        return Budget(len(times), max(times)) if times else Budget()

    def add(self, device: Device, step: Step, now: float) -> bool:
        """Write a step down, before it is taken; False: it could not be, and must not be taken."""
        line = f"{now:.1f} {device} {step}\n".encode()
        try:
            handle = os.open(
                self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o640
            )
            try:
                return os.write(handle, line) == len(line)
            finally:
                os.close(handle)
        except OSError as error:
            _log.error("repair: a step cannot be counted: errno %s", error.errno)
            return False


class RepairWorker:
    """Takes what happens to the devices from any thread; `kiosk.supervise` runs it."""

    def __init__(
        self,
        devices: Iterable[Device],
        count: BootCount | None = None,
        *,
        can: frozenset[Step] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`can`: what this machine can do; by default it is looked up (`abilities`)."""
        can = abilities() if can is None else can
        self._count = count or BootCount()
        self._monotonic = monotonic
        self._ladders = {device: Ladder(device, can) for device in devices}
        self._changed = threading.Condition()
        """Guards the ladders, and wakes the thread when one of them got news."""
        self._news = False
        self._ticked = time.monotonic()
        self._busy_until = 0.0

    @property
    def last_tick(self) -> float:
        """Monotonic time of the last turn; a command within its time counts as turning."""
        return max(self._ticked, min(time.monotonic(), self._busy_until))

    def take(self, event: DeviceReady | DeviceLost) -> None:
        """Hear of a device; may be called from any thread, never waits for a repair."""
        ladder = self._ladders.get(event.device)
        if ladder is None:
            return
        now = self._monotonic()
        with self._changed:
            if isinstance(event, DeviceReady):
                ladder.ready(now)
            else:
                ladder.lost(event.cause, now)
            self._news = True
            self._changed.notify()

    def run(self, emit: Callable[[Repaired], None], stop: threading.Event) -> None:
        """Repair until `stop`."""
        while not stop.is_set():
            self._ticked = time.monotonic()
            wait = self.turn(emit)
            with self._changed:
                # At most a turn: nobody wakes this thread when `stop` is set.
                self._changed.wait_for(lambda: self._news, min(wait, _TURN_SECONDS))
                self._news = False

    def turn(self, emit: Callable[[Repaired], None]) -> float:
        """Take every step that is due; seconds until the next is."""
        for device, ladder in self._ladders.items():
            budget = self._budget()
            with self._changed:
                step = ladder.due(self._monotonic(), budget)
            if step is not None:
                emit(self._taken(device, step))
        budget = self._budget()
        with self._changed:
            next_at = min((one.next_at(budget) for one in self._ladders.values()), default=0.0)
        return max(0.0, next_at - self._monotonic())

    def _budget(self) -> Budget:
        found = self._count.budget()
        # Where nobody can count there is nothing to spend.
        return Budget(used=1_000) if found is None else found

    def _taken(self, device: Device, step: Step) -> Repaired:
        worked = True
        if step in HEAVY:
            worked = self._count.add(device, step, self._monotonic()) and self._act(device, step)
        _log.log(
            logging.WARNING if step in HEAVY or step is Step.OUT_OF_ORDER else logging.INFO,
            "repair: %s: %s%s",
            device,
            step,
            "" if worked else ", which did not work",
        )
        return Repaired(device, step, worked, self._budget().left)

    def _act(self, device: Device, step: Step) -> bool:
        match step:
            case Step.RESTART_PCSCD:
                return self._start(PCSCD_UNIT)
            case Step.POWER_CYCLE:
                return self._start(USB_UNIT.format(device=device))
            case _:
                # Whoever hears of it restarts the process (`kiosk.watchdog`).
                return True

    def _start(self, unit: str) -> bool:
        self._busy_until = time.monotonic() + COMMAND_SECONDS
        try:
            done = subprocess.run(
                ["systemctl", "--no-ask-password", "--quiet", "start", unit],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=COMMAND_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            _log.error("repair: %s: %s", unit, type(error).__name__)
            return False
        finally:
            self._busy_until = 0.0
        if done.returncode:
            _log.error("repair: %s: systemctl ended with %d", unit, done.returncode)
        return done.returncode == 0


def abilities(usb: Path = USB_DEVICES) -> frozenset[Step]:
    """What can be done on this machine: all where systemd runs, and USB ports can be switched."""
    can = {Step.RECONNECT, Step.NEW_CONTEXT, Step.OUT_OF_ORDER, Step.RESTART_KIOSK}
    if shutil.which("systemctl") is not None:
        can.add(Step.RESTART_PCSCD)
        if _can_switch_ports(usb):
            can.add(Step.POWER_CYCLE)
    return frozenset(can)


def _can_switch_ports(usb: Path) -> bool:
    """By uhubctl, or by the kernel (since 6.0), as the unit of that name tries them."""
    # In sbin, which is not in everybody's PATH.
    if shutil.which("uhubctl", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"):
        return True
    try:
        return next(usb.glob("*/*-port*/disable"), None) is not None
    except OSError:
        return False


def _time_of(line: bytes) -> float:
    """A line that cannot be read was a step all the same."""
    try:
        return float(line.split(maxsplit=1)[0])
    except (ValueError, IndexError):
        return float("-inf")
