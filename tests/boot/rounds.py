"""How often the tests do what must work each time, and how slow the slowest round was.

A usual run makes a few rounds; `BOOT_ROUNDS=100 make test-boot` makes those of the promises, which
takes an hour.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Measured = Callable[[str, float], None]

ROUNDS: Final = int(os.environ.get("BOOT_ROUNDS", "5"))


def rounds_of(measured: Measured, what: str, took: Sequence[float], promise: float) -> None:
    """Note the times of all rounds (seconds), and hold the slowest to what is promised."""
    times = sorted(took)
    measured(f"{what}, rounds", len(times))
    for name, part in (("p50", 0.50), ("p95", 0.95), ("max", 1.0)):
        measured(f"{what}, {name}, s", times[round(part * (len(times) - 1))])
    late = [one for one in times if one > promise]
    assert not late, f"{len(late)} of {len(times)} rounds took longer than {promise:g} s: {late}"
