"""Frame times: the window's way against laying out and painting everything anew each time.

SDL's dummy driver: what a display adds (a copy of the frame, or of the changed box) is not in it.
"""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.benchmarks.table import Row, compared, interleave, scaled
from ui.layout import lay_out
from ui.paint import Fonts, Painter
from ui.preview import samples
from ui.preview_registrar import registrar
from ui.screen import Busy, Countdown, Result, Screen
from ui.theme import LIGHT
from ui.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = ((800, 480), (1920, 1080))
_ROUNDS = 30
_NAIVE = "no caches, whole frame"


def run() -> list[Row]:
    """Milliseconds from a view to its presented frame, for every kind of change."""
    os.environ["SDL_VIDEODRIVER"] = "dummy"
    return [row for size in SIZES for row in _rows(size)]


def _rows(size: tuple[int, int]) -> list[Row]:
    changes = {
        "idle to result": (itertools.cycle([_kind("idle"), _kind("insured")]), "target ≤ 30 ms"),
        "idle to registrar": (itertools.cycle([_kind("idle"), registrar()]), "target ≤ 30 ms"),
        "idle to reading": (itertools.cycle([_kind("idle"), _kind("reading")]), "target ≤ 30 ms"),
        "progress": (_progress(), ""),
        "countdown": (_countdowns(), "target ≤ 5 ms"),
        "registrar countdown": (_registrar_countdowns(), "target ≤ 5 ms"),
    }
    rows = []
    with Window(size) as window:
        for what, (views, target) in changes.items():
            shown, painted = itertools.tee(views)
            ours, naive = interleave(
                lambda views=shown: window.show(next(views)),  # type: ignore[misc]
                lambda views=painted: _paint(next(views), window),  # type: ignore[misc]
                rounds=_ROUNDS,
            )
            title = f"frame {size[0]}×{size[1]}: {what}"
            rows.append(
                compared(title, "ms", scaled(ours, 1e3), _NAIVE, scaled(naive, 1e3), note=target)
            )
    return rows


def _paint(screen: Screen, window: Window) -> None:
    fonts = Fonts()
    ops = lay_out(screen, window.size, LIGHT, fonts.measure)
    Painter(window._canvas, fonts).paint(ops)
    window._flip(None)


def _kind(name: str) -> Screen:
    return samples()[name]


def _progress() -> Iterator[Screen]:
    reading = _kind("reading")
    assert isinstance(reading, Busy)
    for step in itertools.count():
        yield replace(reading, progress=step % 100 / 100)


def _countdowns() -> Iterator[Screen]:
    result = _kind("insured")
    assert isinstance(result, Result)
    for step in itertools.count():
        yield replace(result, countdown=Countdown(20 - step % 20, 20))


def _registrar_countdowns() -> Iterator[Screen]:
    for step in itertools.count():
        yield replace(registrar(), countdown=Countdown(20 - step % 20, 20))
