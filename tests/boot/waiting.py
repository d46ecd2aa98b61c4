"""Waiting for what a booted machine does, by the monotonic clock."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_POLL_SECONDS: Final = 0.02
"""Looking at a file or a unit costs well under a millisecond or two of this."""


class TooLateError(AssertionError):
    """Something did not happen in time; the message says what, and what was there instead."""


def until(what: str, look: Callable[[], T | None], seconds: float) -> T:
    """What `look` returns as soon as that counts as true.

    Raises:
        TooLateError: not within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() >= deadline:
            raise TooLateError(f"not within {seconds:g} s: {what}")
        time.sleep(_POLL_SECONDS)
