"""Time with trust: every date in a verdict comes from here.

A Raspberry Pi without a battery can wake in 1970, and a clock that is behind passes every expiry
check. So there is a floor, the newest time known to have passed (this release, the register in
use, the newest time that the fund signed); a clock before its floor is wrong, and no verdict that
depends on a date is given from it.

Waits never use this clock but `time.monotonic()`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kiosk import RELEASED_AT
from offline_cache.floor import CLOCK_TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Moment:
    """One reading of the clock."""

    local: datetime
    """Aware, in the kiosk's time zone; its date is "today"."""
    trusted: bool
    floor: datetime | None = None
    """The newest time that is known to have passed; None: none is known."""

    @property
    def likely(self) -> datetime:
        """The best guess of the time: the clock, or its floor where the clock is wrong."""
        if self.trusted or self.floor is None:
            return self.local
        return self.floor.astimezone(self.local.tzinfo)


class Clock:
    """The kiosk's wall clock with a floor that only rises."""

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        """`wall` gives seconds since the epoch; the demo and tests hand in their own."""
        self._wall = wall
        self._floor = RELEASED_AT

    def raise_floor(self, at: datetime) -> None:
        """Remember that the aware time `at` has passed."""
        self._floor = max(self._floor, at)

    def now(self) -> Moment:
        """Read the clock and judge it against the floor."""
        utc = datetime.fromtimestamp(self._wall(), UTC)
        trusted = utc >= self._floor - CLOCK_TOLERANCE
        return Moment(utc.astimezone(), trusted, self._floor)
