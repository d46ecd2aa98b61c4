"""Times of day in the configuration: `"22:00"`. Pure."""

from __future__ import annotations

import re
from datetime import time

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


def is_time(text: str) -> bool:
    """Whether `text` is a time of day, or empty: none."""
    return not text or _TIME.fullmatch(text) is not None


def within(at: time, begin: str, end: str) -> bool:
    """Whether `at` is from `begin` until before `end`, over midnight too.

    False where one of them is empty, or both are the same.
    """
    if not begin or not end:
        return False
    start, stop = time.fromisoformat(begin), time.fromisoformat(end)
    if start <= stop:
        return start <= at < stop
    return at >= start or at < stop
