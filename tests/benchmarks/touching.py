"""From a finger to its frame: an event of the window system, the pump, the session, the drawing.

The real main loop on SDL's dummy driver, with nothing else to do; a real display adds the frame
that it shows next.
"""

from __future__ import annotations

import os
import random
import threading
import time
from typing import TYPE_CHECKING, Final
from unittest import mock

import pygame

from kiosk import app as app_module
from kiosk.app import App
from kiosk.clock import Clock
from kiosk.config import Config
from kiosk.config_sections import ScreenSection
from tests.benchmarks.table import Row, measured
from ui.layout import lay_out
from ui.ops import Zone
from ui.paint import Fonts
from ui.theme import LIGHT
from ui.window import Window

if TYPE_CHECKING:
    from ui.screen import Screen

SIZES: Final = ((800, 480), (1920, 1080))
_PEOPLE: Final = 12
_WAIT_SECONDS: Final = 2.0
_AT_REST: Final = ("language:2", "number", "kind:policy")
_TYPED: Final = tuple(f"key:{digit}" for digit in "7856510844")
_AWAY: Final = ("key:back", "key:back")


class _Telling(Window):
    """Notes when a frame is out, and where it can be touched."""

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__(size)
        self.out = threading.Event()
        self._measure = Fonts().measure
        self._shown_size = size

    def show(self, screen: Screen, label: str | None = None, second: Screen | None = None) -> bool:
        presented = super().show(screen, label, second)
        self.out.set()
        return presented

    def middle_of(self, zone: str) -> tuple[int, int]:
        assert self.shown is not None
        ops = lay_out(self.shown, self._shown_size, LIGHT, self._measure)
        box = next(op.box for op in ops if isinstance(op, Zone) and op.name == zone)
        return box.x + box.w // 2, box.y + box.h // 2


def run() -> list[Row]:
    """Milliseconds from the touch to the end of its frame."""
    rows = []
    with mock.patch.dict(os.environ, {"SDL_VIDEODRIVER": "dummy"}):
        for size in SIZES:
            first, typed = _touches(size)
            where = f"touch to frame {size[0]}×{size[1]}"
            rows += [
                measured(f"{where}: a button at rest", "ms", first, note="target ≤ 100 ms"),
                measured(f"{where}: a digit", "ms", typed, note="target ≤ 100 ms"),
            ]
    return rows


def _touches(size: tuple[int, int]) -> tuple[list[float], list[float]]:
    """Milliseconds of first touches, and of digits."""
    first: list[float] = []
    typed: list[float] = []
    with mock.patch.object(app_module, "device_workers", return_value=[]), _Telling(size) as window:
        app = App(Config(screen=ScreenSection(touch="yes")), Clock(), window)

        def people() -> None:
            try:
                window.out.wait(_WAIT_SECONDS)
                for _ in range(_PEOPLE):
                    first.extend(_touch(window, zone) for zone in _AT_REST)
                    typed.extend(_touch(window, zone) for zone in _TYPED)
                    for zone in _AWAY:
                        _touch(window, zone)
                    _touch(window, "language:0")
            finally:
                app.stop()

        hand = threading.Thread(target=people)
        hand.start()
        app.run()
        hand.join()
    return first, typed


def _touch(window: _Telling, zone: str) -> float:
    # Fingers know nothing of the pump's rhythm.
    time.sleep(random.uniform(0.02, 0.12))  # noqa: S311
    at = window.middle_of(zone)
    window.out.clear()
    began = time.perf_counter()
    pygame.event.post(pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=at))
    if not window.out.wait(_WAIT_SECONDS):
        raise RuntimeError(f"no frame after {zone}")
    return (time.perf_counter() - began) * 1e3
