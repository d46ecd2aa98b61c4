"""One line on a terminal that says how far a build is: bar, rows, rate, time left."""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from offline_cache.publisher import Progress

_REDRAW_SECONDS = 0.1
_BAR = 20
_WIDTH = 78


class ProgressLine:
    """Draws the line again and again in its place."""

    def __init__(self, *, wanted: bool, clock: Callable[[], float] = time.monotonic) -> None:
        """Draw only on a terminal; `clock` gives seconds."""
        self._shown = wanted and sys.stderr.isatty()
        self._clock = clock
        self._stage = ""
        self._began = self._drawn = clock()

    def __call__(self, progress: Progress) -> None:
        """Take note of how far the build is."""
        moment = self._clock()
        if progress.stage != self._stage:
            self._stage, self._began = progress.stage, self._before(moment)
        elif moment - self._drawn < _REDRAW_SECONDS and progress.done != progress.total:
            return
        self._drawn = moment
        if self._shown:
            line = describe(progress, moment - self._began)
            click.echo(f"\r{line:<{_WIDTH}}", nl=False, err=True)

    def end(self) -> None:
        """Leave the line."""
        if self._shown and self._stage:
            click.echo(err=True)

    def _before(self, moment: float) -> float:
        """When a stage began that now tells of itself for the first time."""
        return self._drawn if self._stage else min(self._began, moment)


def describe(progress: Progress, seconds: float) -> str:
    """How far a stage is after some seconds."""
    rate = progress.count / seconds if seconds > 0 else 0
    counted = f"{progress.count:,} rows, {rate:,.0f} rows/s"
    if not progress.total:
        return f"{progress.stage}: {counted}"
    share = min(1.0, progress.done / progress.total)
    bar = "#" * int(share * _BAR)
    left = timedelta(seconds=round(seconds / share * (1 - share))) if share else "?"
    return f"{progress.stage:<7} [{bar:<{_BAR}}] {share:4.0%}  {counted}, {left} left"
