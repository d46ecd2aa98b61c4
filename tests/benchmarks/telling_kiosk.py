"""A kiosk that tells what came from its devices and when its frames were presented, as JSON lines.

Run by `tests.benchmarks.processes` in a process of its own, so that virtual devices and the kiosk
do not take turns under one interpreter lock. Everything is the product's but two things: the window
is headless and leaves the PNG away, which costs more than the frame and which no kiosk in service
writes; and drivers' events are told on their way to the queue. Times are `time.monotonic()`, which
all processes of a machine share.

With `--windowed` the window is a real one, for touches; its buttons are told, too. With `--awake` a
kiosk that sleeps by schedule does so sooner. With `--naive`, two parts are replaced by what readers
and scanners are usually programmed like.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import serial

import drivers.reading
import drivers.scanner
import kiosk.backlight
from drivers.events import (
    BarcodeFrame,
    CardGone,
    CardImage,
    CardPresent,
    Device,
    DeviceReady,
    FrameKind,
)
from drivers.oms_card import Image, read
from kiosk import logs
from kiosk.app import App
from kiosk.clock import Clock
from kiosk.config import load
from kiosk.recorder import label_of
from kiosk.service import DEFAULT_SIZE, stop_on_signals
from ui.ops import Zone
from ui.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from drivers.card import CardTransport, Limits
    from drivers.card import Clock as Monotonic
    from drivers.events import DeviceEvent
    from drivers.oms_card import Progress
    from kiosk.app import Shown
    from kiosk.check_worker import KioskEvent
    from ui.screen import Screen
    from ui.window import InputEvent

_SCAN_SECONDS = 0.2
_LONGEST_CODE = 132
_lock = threading.Lock()


def tell(kind: str, name: str, at: float) -> None:
    """One line: what happened, its name, when."""
    with _lock:
        sys.stdout.write(json.dumps([kind, name, at]) + "\n")
        sys.stdout.flush()


class TellingWindow(Window):
    """Tells each frame after its flip, and writes no file."""

    _was_dark = False

    def show(self, screen: Screen, label: str | None = None, second: Screen | None = None) -> bool:
        """Show, then tell."""
        self._was_dark = False
        presented = super().show(screen, label, second)
        if presented:
            tell("frame", label or "", time.monotonic())
            for zone in self._zones() if self.needs_pump else ():
                x, y = zone.box.x + zone.box.w // 2, zone.box.y + zone.box.h // 2
                tell("zone", f"{zone.name}@{x},{y}", 0.0)
        return presented

    def darken(self) -> None:
        """Darken, then tell, the first time."""
        super().darken()
        if not self._was_dark:
            self._was_dark = True
            tell("frame", "dark", time.monotonic())

    def pump(self) -> list[InputEvent]:
        """Tell what the display made the window present once more."""
        before = self.flips
        events = super().pump()
        if self.flips != before:
            tell("repair", "", time.monotonic())
        return events

    def _zones(self) -> list[Zone]:
        return [op for op in self._panes[0]._ops if isinstance(op, Zone)]

    def grab_png(self, path: Path) -> None:
        """Nothing: the frame has been presented."""


def _tell_event(event: KioskEvent) -> None:
    match event:
        case CardPresent(at=at) | CardGone(at=at) | BarcodeFrame(at=at):
            tell("event", type(event).__name__, at)
        case CardImage(at=at, complete=complete):
            tell("event", "whole image" if complete else "first image", at)


def _label(shown: Shown) -> str:
    return label_of(shown.session)


class _PatientScanner:
    """Reads codes of unknown end as is usual with pyserial: up to the longest, with a timeout.

    The timeout is one that a whole code at 9600 baud fits into.
    """

    def __init__(self, port: str, baud: int) -> None:
        self.last_tick = time.monotonic()
        self._port = port
        self._baud = baud

    def run(self, emit: Callable[[DeviceEvent], None], stop: threading.Event) -> None:
        with serial.Serial(self._port, self._baud, timeout=_SCAN_SECONDS) as port:
            emit(DeviceReady(Device.SCANNER, self._port))
            while not stop.is_set():
                if first := port.read(1):
                    code = first + port.read(_LONGEST_CODE - 1)
                    emit(BarcodeFrame(self._port, FrameKind.POLICY, code, time.monotonic()))


def _read_whole(
    transport: CardTransport, *, limits: Limits, clock: Monotonic
) -> Iterator[Progress | Image]:
    """Both files to their ends, photo and all, before anything is judged."""
    for step in read(transport, limits=limits, clock=clock):
        if not isinstance(step, Image) or step.complete:
            yield step


def _become_naive() -> None:
    drivers.reading.read = _read_whole  # type: ignore[assignment,attr-defined]
    drivers.scanner.Scanner = _PatientScanner  # type: ignore[assignment,misc]


def _tell_turns(app: App) -> None:
    """Tell the seconds from waking up to the next sleep of the thread that owns the screen."""
    wait = app.inbox.wait
    woke: list[float] = []

    def timed(seconds: float, lines: Iterable[int] = ()) -> list[KioskEvent]:
        if woke:
            tell("turn", "", time.monotonic() - woke.pop())
        events = wait(seconds, lines)
        woke.append(time.monotonic())
        return events

    app.inbox.wait = timed  # type: ignore[method-assign]


def main() -> None:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("config", type=Path)
    parser.add_argument("folder", type=Path, help="for what is made on the way; nothing is left")
    parser.add_argument("--naive", action="store_true", help="with the usual drivers instead")
    parser.add_argument("--turns", action="store_true", help="tell how long each turn took")
    parser.add_argument("--windowed", action="store_true", help="on the display that is there")
    parser.add_argument("--awake", type=float, help="seconds until it sleeps again")
    arguments = parser.parse_args()
    logs.set_up()
    if arguments.naive:
        _become_naive()
    if arguments.awake is not None:
        kiosk.backlight.AWAKE_SECONDS = arguments.awake  # type: ignore[misc]
    folder = None if arguments.windowed else arguments.folder
    with TellingWindow(DEFAULT_SIZE, headless_dir=folder) as window:
        app = App(load(arguments.config), Clock(), window, observer=_label)
        put = app._supervisor._emit

        def emit(event: KioskEvent) -> None:
            _tell_event(event)
            put(event)

        app._supervisor._emit = emit
        if arguments.turns:
            _tell_turns(app)
        stop_on_signals(app)
        app.run()


if __name__ == "__main__":
    main()
