"""Frame times: the window's way against laying out and painting everything anew each time.

Twice: SDL's dummy driver, where a frame is all ours, and X11 with a server that has no screen
(Xvfb), where it also travels. Some views change the whole frame; in the others something moves.
"""

from __future__ import annotations

import itertools
import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pygame

from tests.benchmarks.table import Row, compared, interleave, scaled
from tests.displays import has_xvfb, on, x_server
from ui.layout import lay_out
from ui.paint import Fonts, Painter
from ui.preview import samples
from ui.preview_registrar import registrar
from ui.preview_touch import touched
from ui.screen import Busy, Countdown, Keypad, Result, Screen
from ui.theme import LIGHT
from ui.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES: Final = ((800, 480), (1920, 1080))
_ROUNDS: Final = 60
_NAIVE: Final = "no caches, whole frame"
_MOVES: Final = "target ≤ 16 ms: a frame of the display"


def run() -> list[Row]:
    """Milliseconds from a view to its presented frame, for every kind of change."""
    rows = []
    before = dict(os.environ)
    for driver in ("dummy", "x11") if has_xvfb() else ("dummy",):
        for size in SIZES:
            try:
                with _display(driver, size):
                    rows += _rows(driver, size)
            finally:
                os.environ.clear()
                os.environ.update(before)
    return rows


@contextmanager
def _display(driver: str, size: tuple[int, int]) -> Iterator[None]:
    if driver == "dummy":
        os.environ["SDL_VIDEODRIVER"] = driver
        yield
        return
    with x_server(size) as display:
        os.environ.update(on(display))
        yield


def _rows(driver: str, size: tuple[int, int]) -> list[Row]:
    changes = {
        "idle to result": (itertools.cycle([_kind("idle"), _kind("insured")]), "target ≤ 30 ms"),
        "idle to registrar": (itertools.cycle([_kind("idle"), registrar()]), "target ≤ 30 ms"),
        "idle to reading": (itertools.cycle([_kind("idle"), _kind("reading")]), "target ≤ 30 ms"),
        "reading progress": (_progress(100), _MOVES),
        "asking bar": (_progress(24), _MOVES),
        "countdown": (_countdowns(), _MOVES),
        "registrar countdown": (_registrar_countdowns(), _MOVES),
        "typed digits": (_digits(), _MOVES),
    }
    rows = []
    with Window(size) as window:
        for what, (views, target) in changes.items():
            shown, painted = itertools.tee(views)
            ours, naive = interleave(
                lambda views=shown: window.show(next(views)),  # type: ignore[misc]
                lambda views=painted: _paint(next(views), size),  # type: ignore[misc]
                rounds=_ROUNDS,
            )
            title = f"frame {size[0]}×{size[1]}, {driver}: {what}"
            rows.append(
                compared(title, "ms", scaled(ours, 1e3), _NAIVE, scaled(naive, 1e3), note=target)
            )
    return rows


def _paint(screen: Screen, size: tuple[int, int]) -> None:
    fonts = Fonts()
    ops = lay_out(screen, size, LIGHT, fonts.measure)
    Painter(pygame.display.get_surface(), fonts).paint(ops)
    pygame.display.flip()


def _kind(name: str) -> Screen:
    return samples()[name]


def _progress(steps: int) -> Iterator[Screen]:
    busy = _kind("reading")
    assert isinstance(busy, Busy)
    for step in itertools.count():
        yield replace(busy, progress=step % steps / steps)


def _countdowns() -> Iterator[Screen]:
    result = _kind("insured")
    assert isinstance(result, Result)
    for step in itertools.count():
        yield replace(result, countdown=Countdown(20 - step % 20, 20))


def _registrar_countdowns() -> Iterator[Screen]:
    for step in itertools.count():
        yield replace(registrar(), countdown=Countdown(20 - step % 20, 20))


def _digits() -> Iterator[Screen]:
    keypad = next(view for view in touched().values() if isinstance(view, Keypad))
    for step in itertools.count():
        typed = "•" * (step % 4) + "_" * (4 - step % 4)
        yield replace(keypad, groups=(typed, *keypad.groups[1:]))
