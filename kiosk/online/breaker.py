"""When a service may be asked: keeps a kiosk away from what is down, and lets it come back gently.

Closed (asked as needed), open (left alone for a pause), half open (one question or probe at a time
finds out). Pure: the time is handed in, in seconds of any monotonic clock, and so is the chance.
Not thread-safe; the caller locks.

Why our own: the libraries (pybreaker and its like) pause for a fixed time, so that 200 kiosks come
back together and keep doing so; they close at the first success, so that a service that flaps makes
the screen flap; and they wrap a call, where ours may be abandoned half-way without saying anything
about the service.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kiosk.lookup import Cause

if TYPE_CHECKING:
    import random

FAILURES_TO_OPEN: Final = 2
"""In a row: one lost packet is not an outage."""
SUCCESSES_TO_CLOSE: Final = 2
FIRST_PAUSE: Final = 5.0
LONGEST_PAUSE: Final = 300.0
HEALTHY_SECONDS: Final = 300.0
"""After so long without a failure the length of the last pause is forgotten."""
SLOT_SECONDS: Final = 30.0
"""Ten times what a question may take: who holds the half-open slot longer will not come back."""
SECOND_LOOK_IN: Final = (1.0, 2.0)
"""Between the success that ends an outage and the probe that confirms it."""
CONFIRM_IN: Final = (2.5, 5.0)
"""Between a first failure and the probe that confirms it, if no question does."""
FIRST_LOOK_IN: Final = (0.0, 5.0)
"""After the start: a power cut's end starts all kiosks of a house together."""
NEXT_LOOK_IN: Final = (240.0, 360.0)
"""After the last contact with a healthy service, so that the mode shown is true within minutes."""

_ONLY_A_QUESTION_PROVES: Final = frozenset({Cause.UNAUTHORISED, Cause.MALFORMED})
"""Faults that a probe cannot see the end of: a server that no longer takes the token, or answers
nonsense, can still be reached."""


class State(enum.StrEnum):
    """Whether the service is asked."""

    CLOSED = "closed"
    """As needed."""
    OPEN = "open"
    """Not before the pause is over."""
    HALF_OPEN = "half_open"
    """By one at a time."""


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to ask once, to be given back with what came of it."""

    phase: int
    """Counts the breaker's changes: what was asked before one says nothing after it."""


class Breaker:
    """The state of one service as this kiosk knows it."""

    def __init__(self, now: float, rng: random.Random) -> None:
        """Closed, and nothing known: the first look is due within `FIRST_LOOK_IN`."""
        self._rng = rng
        self.state = State.CLOSED
        self.known = False
        """Whether the service has ever answered."""
        self.failures = 0
        """In a row."""
        self.successes = 0
        """In a row, since the last failure."""
        self.last_cause: Cause | None = None
        """Of the last failure; None while the service is well."""
        self._phase = 0
        self._pauses = 0
        """How often in a row it was opened without `HEALTHY_SECONDS` between."""
        self._healthy_since = now
        self._ask_from = now
        self._look_at = now + rng.uniform(*FIRST_LOOK_IN)
        self._slot_until: float | None = None
        self._asked = False
        """Whether a question was answered since the last failure: a probe proves less."""

    def admits(self, now: float, *, second_look: bool = False) -> bool:
        """Whether `admit` would give a permit."""
        if self.state is State.CLOSED:
            return True
        taken = self._slot_until is not None and now < self._slot_until
        return not second_look and now >= self._ask_from and not taken

    def admit(self, now: float, *, second_look: bool = False) -> Permit | None:
        """Leave to ask or probe; None: not now.

        A second look, for which nobody waits, gets none while it could take somebody's place.
        Each permit is to be given back by `succeeded`, `failed` or `release`.
        """
        if not self.admits(now, second_look=second_look):
            return None
        if self.state is not State.CLOSED:
            # A new phase, too, where a slot is given again: its holder may yet come back.
            self._enter(State.HALF_OPEN)
            self._slot_until = now + SLOT_SECONDS
        return Permit(self._phase)

    def succeeded(self, permit: Permit, now: float, *, asked: bool) -> None:
        """The service did its part; `asked`: with a question, not with a probe."""
        if permit.phase != self._phase:
            return
        self.known = True
        self._slot_until = None
        self.failures = 0
        self.successes += 1
        self._asked = self._asked or asked
        self._look_at = now + self._rng.uniform(*SECOND_LOOK_IN)
        if self.state is State.HALF_OPEN:
            proved = self._asked or self.last_cause not in _ONLY_A_QUESTION_PROVES
            if self.successes < SUCCESSES_TO_CLOSE or not proved:
                return
            self._enter(State.CLOSED)
            self._healthy_since = now
        self.last_cause = None
        self._look_at = now + self._rng.uniform(*NEXT_LOOK_IN)
        if now - self._healthy_since >= HEALTHY_SECONDS:
            self._pauses = 0

    def failed(self, permit: Permit, now: float, cause: Cause) -> None:
        """The service, or the way to it, is out of order."""
        if permit.phase != self._phase:
            return
        self._slot_until = None
        self.failures += 1
        self.successes = 0
        self._asked = False
        self.last_cause = cause
        self._healthy_since = now
        if self.state is State.CLOSED and self.failures < FAILURES_TO_OPEN:
            self._look_at = now + self._rng.uniform(*CONFIRM_IN)
            return
        self._enter(State.OPEN)
        self._ask_from = now + self._next_pause()
        self._look_at = math.inf if cause in _ONLY_A_QUESTION_PROVES else self._ask_from

    def release(self, permit: Permit, now: float, *, asked: bool) -> None:
        """Nothing was learned: abandoned, or not asked after all.

        A probe that told nothing is followed by another in a while, not at once; questions do not
        put a probe off, or enough of them would do so for ever.
        """
        if permit.phase == self._phase:
            self._slot_until = None
            if not asked:
                self._look_at = max(self._look_at, now + self._rng.uniform(*SECOND_LOOK_IN))

    def look_in(self, now: float) -> float:
        """Seconds until a probe is due; infinite where only a question would tell anything."""
        wait = max(0.0, self._look_at - now)
        if self.state is State.CLOSED or self._slot_until is None:
            return wait
        return max(wait, self._slot_until - now)

    def retry_in(self, now: float) -> float:
        """Seconds until a question is let through again, as far as that depends on time."""
        return 0.0 if self.state is State.CLOSED else max(0.0, self._ask_from - now)

    def _enter(self, state: State) -> None:
        self.state = state
        self._phase += 1
        self._slot_until = None

    def _next_pause(self) -> float:
        """Half of it fixed, so that no kiosk comes at once; half chance, so that they spread."""
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self._pauses, 10))
        self._pauses += 1
        return self._rng.uniform(longest / 2, longest)
