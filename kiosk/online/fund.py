"""The fund as one place to ask: its services in order, with retries, and with manners.

Manners: a service that failed is left alone (`breaker`), one that comes back is asked by one at a
time, a retry waits a moment, and a service that nobody needed for a while is only knocked at.
"""

from __future__ import annotations

import enum
import logging
import math
import random
import threading
import time
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from kiosk.lookup import Absent, Answer, Cause, Found, Unavailable
from kiosk.online.breaker import SUCCESSES_TO_CLOSE, Breaker, State
from kiosk.online.deadline import Deadline
from kiosk.online.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from kiosk.online.breaker import Permit
    from kiosk.online.service import Service
    from kiosk.policy.model import PresentedPolicy

_log = logging.getLogger(__name__)

TRIES: Final = 3
"""Of one question at one service."""
FIRST_RETRY_IN: Final = (0.1, 0.3)
"""Seconds; twice as long before the one after."""
ENOUGH_SECONDS: Final = 0.4
"""A try with less left would only be load: two round trips for TLS, one for the answer."""
FAIR_SECONDS: Final = 1.0
"""A time-out after less is ours, not the service's."""

TELLING: Final = (
    Cause.CANCELLED,
    # A service that works said so of this very question: asking again will not help.
    Cause.AMBIGUOUS,
    Cause.UNCLEAR,
    Cause.REFUSED,
    # Somebody has to do something, here or in the fund's office.
    Cause.UNAUTHORISED,
    Cause.TLS,
    Cause.MALFORMED,
    Cause.BROKEN,
    # The network may come back by itself.
    Cause.TIMEOUT,
    Cause.NO_NETWORK,
    # Says nothing new, but that asking later may help, which NOT_ASKABLE would deny.
    Cause.PAUSED,
    Cause.NOT_ASKABLE,
)
"""Causes, the one first that is told when several services failed in different ways."""

_NOT_HEARD: Final = frozenset({Cause.CANCELLED, Cause.NOT_ASKABLE})
"""The service was not heard: neither well nor ill."""
_MAY_BE_THE_QUESTION: Final = frozenset({Cause.MALFORMED, Cause.BROKEN})
_FOR_HUMANS: Final = frozenset({Cause.UNAUTHORISED, Cause.TLS})
"""Will not pass by itself: an error in the log; what may pass is a warning."""


class FundMode(enum.Enum):
    """What the frame shows of the connection to the fund."""

    NONE = enum.auto()
    """No service is configured."""
    UNKNOWN = enum.auto()
    """Not heard of yet since the start: nothing is claimed, so nothing is shown."""
    ONLINE = enum.auto()
    """At least one service is asked as needed, and has answered."""
    OFFLINE = enum.auto()
    """All of them are left alone, or only come back."""


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One service, for a technician."""

    name: str
    state: State
    last_cause: Cause | None
    """Of its last failure; None while it is well."""
    failures: int
    """In a row."""
    retry_in_seconds: float
    """Until a question is let through; 0 while it is asked as needed."""


class _Line:
    """A service with what this kiosk knows of it."""

    def __init__(self, service: Service, breaker: Breaker) -> None:
        self.service = service
        self.name = service.name
        self.breaker = breaker
        self.complained: Cause | None = None
        """The trouble that the log was told of last; None: that it is over."""
        self.oddity = ""
        """What the log was told last of a question that was not answered, and blames nobody."""
        self.fault = ""
        """Where our own code failed last."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Leave to talk to a service, and the terms."""

    line: _Line
    permit: Permit
    deadline: Deadline
    tries: int = 1
    asks: bool = True
    """False: a probe."""
    second_look: bool = False


class Fund:
    """The services of the fund behind the one contract `kiosk.lookup.Lookup`; thread-safe."""

    def __init__(
        self,
        services: Sequence[Service],
        seconds: float = 3.0,
        *,
        clock: Callable[[], float] = time.monotonic,
        rng: random.Random | None = None,
    ) -> None:
        """Keep the services in the order in which they are asked; `seconds` is for one question."""
        self.seconds = seconds
        self._clock = clock
        self._rng = rng or random.Random()  # noqa: S311  # spreads kiosks, keeps no secret
        self._lock = threading.Lock()
        """Around breakers and complaints; never held while a service is asked."""
        now = clock()
        self._lines = [_Line(service, Breaker(now, self._rng)) for service in services]

    @property
    def is_configured(self) -> bool:
        """Whether there is any service to ask."""
        return bool(self._lines)

    @property
    def mode(self) -> FundMode:
        """What the frame shows."""
        with self._lock:
            closed = [one.breaker for one in self._lines if one.breaker.state is State.CLOSED]
        if not self._lines:
            return FundMode.NONE
        if any(one.known for one in closed):
            return FundMode.ONLINE
        return FundMode.UNKNOWN if closed else FundMode.OFFLINE

    def status(self) -> tuple[ServiceStatus, ...]:
        """Every service in order."""
        now = self._clock()
        with self._lock:
            return tuple(
                ServiceStatus(
                    line.name,
                    line.breaker.state,
                    line.breaker.last_cause,
                    line.breaker.failures,
                    line.breaker.retry_in(now),
                )
                for line in self._lines
            )

    def ask(self, policy: PresentedPolicy, now: datetime) -> Answer:
        """Ask about `policy` at the aware time `now`, within `seconds`; never raises."""
        return self.ask_within(policy, now, Deadline(self.seconds))

    def ask_within(
        self,
        policy: PresentedPolicy,
        now: datetime,
        deadline: Deadline,
        *,
        second_look: bool = False,
    ) -> Answer:
        """Ask the services in order, within the deadline; never raises.

        The first that answers is believed, also when it says "absent": the next is for when the
        first is not there, it is no court of appeal. The federal register holds what the regions
        have confirmed, and a second question for each unknown number would double the load. One
        that another can follow gets half of the time that is left.

        `second_look`: nobody waits for it. It takes no place of somebody who does wait, and a
        faulty answer to it does not count, since its question may be what provokes the fault: it
        comes back until it is answered, and would keep the whole kiosk offline.
        """
        causes: list[Cause] = []
        for place, line in enumerate(self._lines):
            if deadline.left() < ENOUGH_SECONDS:
                if deadline.cancelled or not causes:
                    causes.append(deadline.error().cause)
                break
            with self._share_of(deadline, place, second_look=second_look) as share:
                answer = self._ask_one(line, policy, now, share, second_look=second_look)
            if not isinstance(answer, Cause):
                return answer
            causes.append(answer)
        return Unavailable(min(causes, key=TELLING.index, default=Cause.NOT_CONFIGURED))

    def probe_due(self) -> bool:
        """Whether `probe` would do anything."""
        return self.next_probe_in() <= 0.0

    def next_probe_in(self) -> float:
        """Seconds until a service wants to be probed; infinite: none will by itself."""
        now = self._clock()
        with self._lock:
            return min((line.breaker.look_in(now) for line in self._lines), default=math.inf)

    def probe(self) -> None:
        """Knock at each service where that is due, up to `seconds` each; never raises."""
        for line in self._lines:
            now = self._clock()
            with self._lock:
                due = line.breaker.look_in(now) <= 0.0
                permit = line.breaker.admit(now) if due else None
            if permit is not None:
                deadline = Deadline(self.seconds)
                attempt = _Attempt(line, permit, deadline, asks=False)
                self._make(attempt, partial(line.service.probe, deadline))

    @contextmanager
    def _share_of(self, deadline: Deadline, place: int, *, second_look: bool) -> Iterator[Deadline]:
        """All of the time that is left, or half of it while a later service could be asked, too."""
        now = self._clock()
        with self._lock:
            shared = any(
                one.breaker.admits(now, second_look=second_look) for one in self._lines[place + 1 :]
            )
        if not shared:
            yield deadline
            return
        with deadline.part(0.5) as part:
            yield part

    def _ask_one(
        self,
        line: _Line,
        policy: PresentedPolicy,
        now: datetime,
        deadline: Deadline,
        *,
        second_look: bool,
    ) -> Found | Absent | Cause:
        with self._lock:
            permit = line.breaker.admit(self._clock(), second_look=second_look)
            # Where one may find out whether the service is back, one try is what it gets; a second
            # look has all the time of the next one.
            once = second_look or line.breaker.state is not State.CLOSED
        if permit is None:
            return Cause.PAUSED
        tries = 1 if once else TRIES
        attempt = _Attempt(line, permit, deadline, tries, second_look=second_look)
        answer = self._make(attempt, partial(line.service.ask, policy, now, deadline))
        # Only a probe answers with nothing.
        return Cause.BROKEN if answer is None else answer

    def _make(
        self, attempt: _Attempt, act: Callable[[], Found | Absent | None]
    ) -> Found | Absent | Cause | None:
        """Talk to a service and learn from what comes of it; the permit is given back in any case.

        An error of ours counts as a fault of the service: to the person it is the same.
        """
        left = attempt.deadline.left()
        try:
            answer = self._tried(attempt, act)
        except ServiceError as error:
            return self._learn(attempt, error, left)
        except Exception as error:  # noqa: BLE001  # a verdict must come out of every fault
            self._log_fault(attempt.line, error)
            fault = ServiceError(Cause.BROKEN, f"our own fault: {type(error).__name__}")
            return self._learn(attempt, fault, left)
        self._learn(attempt, None, left)
        return answer

    def _tried(
        self, attempt: _Attempt, act: Callable[[], Found | Absent | None]
    ) -> Found | Absent | None:
        """Try and, where that can help and there is time, try again after a moment."""
        for turn in range(1, attempt.tries):
            try:
                return act()
            except ServiceError as error:
                pause = self._rng.uniform(*FIRST_RETRY_IN) * 2 ** (turn - 1)
                late = attempt.deadline.left() < pause + ENOUGH_SECONDS
                if late or not error.transient:
                    raise
            attempt.deadline.sleep(pause)
            attempt.deadline.check()
        return act()

    def _learn(self, attempt: _Attempt, error: ServiceError | None, left: float) -> Cause | None:
        """Tell the breaker and, where something changed, the log; return the failure's cause."""
        line = attempt.line
        cause = None if error is None else error.cause
        if error is not None and attempt.deadline.cancelled:
            cause = Cause.CANCELLED
        ours = cause is Cause.TIMEOUT and left < FAIR_SECONDS
        provoked = attempt.second_look and cause in _MAY_BE_THE_QUESTION
        unheard = cause in _NOT_HEARD or ours or provoked
        with self._lock:
            now = self._clock()
            if unheard:
                line.breaker.release(attempt.permit, now)
            elif error is None or not error.blames_service:
                line.breaker.succeeded(attempt.permit, now, asked=attempt.asks)
            else:
                line.breaker.failed(attempt.permit, now, error.cause)
            news = _news(line, error, odd=provoked or cause is Cause.REFUSED, unheard=unheard)
        if news is not None:
            _log.log(news[0], "%s: %s", line.name, news[1])
        return cause

    def _log_fault(self, line: _Line, error: Exception) -> None:
        """Log where our code failed, once a place: without the error's words, which may be data."""
        frames = "".join(traceback.format_tb(error.__traceback__))
        with self._lock:
            known, line.fault = line.fault == frames, frames
        if not known:
            _log.error("%s: %s in our own code\n%s", line.name, type(error).__name__, frames)


def _news(
    line: _Line, error: ServiceError | None, *, odd: bool, unheard: bool
) -> tuple[int, str] | None:
    """What the log has not been told yet: level and words."""
    if odd:
        known, line.oddity = line.oddity == str(error), str(error)
        return None if known else (logging.WARNING, f"one question not answered: {error}")
    if unheard:
        return None
    if error is not None and error.blames_service:
        known, line.complained = line.complained is error.cause, error.cause
        level = logging.ERROR if error.cause in _FOR_HUMANS else logging.WARNING
        return None if known else (level, str(error))
    # As steady as the breaker wants it: half an outage would fill the log otherwise.
    steady = line.breaker.state is State.CLOSED and line.breaker.successes >= SUCCESSES_TO_CLOSE
    if line.complained is None or not steady:
        return None
    line.complained = None
    return logging.INFO, "works again"
