"""Rows of the benchmark table and the statistics behind them.

A benchmark is a module of this package with a function `run() -> list[Row]`. Alternatives are
measured in the same run, alternating with ours (`interleave`), so that a machine that slows down
slows both and the ratio stays honest.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_HEADER = ("what", "unit", "ours p50", "ours p95", "alternative", "p50", "p95", "ratio", "note")


class UnavailableError(Exception):
    """Raised by a benchmark that this machine cannot run: what is missing and how to get it."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Samples of one quantity, in the unit of their row."""

    p50: float
    p95: float
    count: int


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    unit: str
    ours: Summary
    alternative: str = ""
    other: Summary | None = None
    ratio: float | None = None
    """Alternative over ours, median over the pairs: above 1, ours takes less."""
    note: str = ""
    """The target, or what the number is made of."""


def percentile(samples: Sequence[float], share: float) -> float:
    """The value at `share` (0 to 1) of the sorted samples, interpolated between neighbours.

    Raises `ValueError` without samples.
    """
    if not samples:
        raise ValueError("no samples to take a percentile of")
    ordered = sorted(samples)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def summarise(samples: Sequence[float]) -> Summary:
    """p50, p95 and count of `samples`; raises `ValueError` without samples."""
    return Summary(percentile(samples, 0.50), percentile(samples, 0.95), len(samples))


def ratio_by_pairs(ours: Sequence[float], other: Sequence[float]) -> float:
    """Median of other/ours over samples taken side by side.

    Raises `ValueError` when there are no pairs, or a sample without a partner.
    """
    pairs = list(zip(other, ours, strict=True))
    if not pairs:
        raise ValueError("no pairs to compare")
    return statistics.median(theirs / mine if mine else float("inf") for theirs, mine in pairs)


def measured(what: str, unit: str, samples: Sequence[float], *, note: str = "") -> Row:
    """A row without an alternative."""
    return Row(what, unit, summarise(samples), note=note)


def compared(
    what: str,
    unit: str,
    ours: Sequence[float],
    alternative: str,
    other: Sequence[float],
    *,
    note: str = "",
) -> Row:
    """A row of paired samples: `ours[i]` and `other[i]` were taken side by side."""
    ratio = ratio_by_pairs(ours, other)
    return Row(what, unit, summarise(ours), alternative, summarise(other), ratio, note)


def interleave(
    ours: Callable[[], object],
    other: Callable[[], object],
    *,
    rounds: int = 50,
    calls: int = 1,
) -> tuple[list[float], list[float]]:
    """Time both in turn: seconds per call, `rounds` samples each, after one round to warm up.

    Who goes first changes every round, since the second of a pair finds warmer caches. Raise
    `calls` until a sample lasts milliseconds: the clock's own cost is then out of the picture.
    """
    first: list[float] = []
    second: list[float] = []
    for turn in range(-1, rounds):
        order = ((ours, first), (other, second))
        for work, samples in order if turn % 2 else reversed(order):
            seconds = seconds_per_call(work, calls)
            if turn >= 0:
                samples.append(seconds)
    return first, second


def seconds_per_call(work: Callable[[], object], calls: int = 1) -> float:
    """Seconds that one call of `work` takes, averaged over `calls` calls in a row."""
    start = time.perf_counter()
    for _ in range(calls):
        work()
    return (time.perf_counter() - start) / calls


def scaled(samples: Iterable[float], factor: float) -> list[float]:
    """`samples` in another unit: `scaled(seconds, 1e6)` are microseconds."""
    return [sample * factor for sample in samples]


def to_markdown(rows: Iterable[Row]) -> str:
    """The rows as a Markdown table with a header."""
    lines = [_HEADER, ("---",) * len(_HEADER), *(_cells(row) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cells(row: Row) -> tuple[str, ...]:
    other = (_number(row.other.p50), _number(row.other.p95)) if row.other else ("", "")
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    ours = (_number(row.ours.p50), _number(row.ours.p95))
    return (row.what, row.unit, *ours, row.alternative, *other, ratio, row.note)


def _number(value: float) -> str:
    if value and abs(value) < 1:
        return f"{value:.3g}"
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:.1f}"
