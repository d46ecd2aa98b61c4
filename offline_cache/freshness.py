"""How far a list of a certain age may be relied on."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import timedelta


class Freshness(enum.StrEnum):
    """How far a list of a certain age may be relied on."""

    FRESH = "fresh"
    AGEING = "ageing"
    """Ask online first; without an answer usable, with its date in amber."""
    STALE = "stale"
    """The same, for so long that somebody should see to the updates."""
    TOO_OLD = "too_old"
    """Not usable for a verdict."""


@dataclass(frozen=True, slots=True)
class FreshnessLimits:
    """The greatest ages, each still inside its grade."""

    fresh: timedelta = timedelta(hours=24)
    ageing: timedelta = timedelta(hours=72)
    stale: timedelta = timedelta(days=14)

    def grade(self, age: timedelta) -> Freshness:
        """The grade of a list of this age; one from the future is fresh."""
        if age <= self.fresh:
            return Freshness.FRESH
        if age <= self.ageing:
            return Freshness.AGEING
        return Freshness.STALE if age <= self.stale else Freshness.TOO_OLD
