"""One service behind its breaker: retries, what is learned from errors, what the log is told."""

from __future__ import annotations

import logging
import threading
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kiosk.lookup import Absent, Cause, Found
from kiosk.online.breaker import SUCCESSES_TO_CLOSE, Breaker, State
from kiosk.online.errors import ServiceError

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from datetime import datetime

    from kiosk.online.breaker import Permit
    from kiosk.online.deadline import Deadline
    from kiosk.online.service import Service
    from kiosk.policy.model import PresentedPolicy

_log = logging.getLogger(__name__)

TRIES: Final = 3
"""Of one question."""
FIRST_RETRY_IN: Final = (0.1, 0.3)
"""Seconds; twice as long before the one after."""
ENOUGH_SECONDS: Final = 0.4
"""A try with less left would only be load: it takes two round trips to connect over TLS and one to
ask, and a mobile network has 100 ms for each."""
FAIR_SECONDS: Final = 1.0
"""A time-out after less is ours, not the service's."""

_NOT_HEARD: Final = frozenset({Cause.CANCELLED, Cause.NOT_ASKABLE})
"""The service was not heard: neither well nor ill."""
_MAY_BE_THE_QUESTION: Final = frozenset({Cause.MALFORMED, Cause.BROKEN})
_FOR_HUMANS: Final = frozenset({Cause.UNAUTHORISED, Cause.TLS})
"""Will not pass by itself: an error in the log; what may pass is a warning."""


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


class GuardedService:
    """A service and what this kiosk knows of it; thread-safe."""

    def __init__(self, service: Service, clock: Callable[[], float], rng: random.Random) -> None:
        """`clock` counts seconds and never goes back; `rng` spreads kiosks."""
        self.name = service.name
        self._service = service
        self._clock = clock
        self._rng = rng
        self._lock = threading.Lock()
        """Around the breaker and the log's memory; never held while the service is asked."""
        self._breaker = Breaker(clock(), rng)
        self._holder: tuple[Permit, Deadline] | None = None
        """Who got leave last, and how long they wait: half open, there is no other."""
        self._complained: Cause | None = None
        """The trouble that the log was told of last; None: that it is over."""
        self._oddity = ""
        """What the log was told last of a question that was not answered, and blames nobody."""
        self._faults: set[str] = set()
        """Places where our own code failed."""

    @property
    def closed(self) -> bool:
        """Whether it is asked as needed."""
        return self._breaker.state is State.CLOSED

    @property
    def known(self) -> bool:
        """Whether it has ever answered."""
        return self._breaker.known

    def status(self) -> ServiceStatus:
        """What a technician wants to know."""
        with self._lock:
            one = self._breaker
            wait = one.retry_in(self._clock())
            return ServiceStatus(self.name, one.state, one.last_cause, one.failures, wait)

    def admits(self, *, second_look: bool) -> bool:
        """Whether it could be asked now."""
        with self._lock:
            return self._breaker.admits(self._clock(), second_look=second_look)

    def look_in(self) -> float:
        """Seconds until a probe is due; infinite where none will be by itself."""
        with self._lock:
            return self._breaker.look_in(self._clock())

    def ask(
        self, policy: PresentedPolicy, now: datetime, deadline: Deadline, *, second_look: bool
    ) -> Found | Absent | Cause:
        """Its answer, or why there is none; PAUSED where it is left alone. Never raises."""
        with self._lock:
            permit = self._admit(deadline, second_look=second_look)
            half_open = self._breaker.state is State.HALF_OPEN
        if permit is None:
            return Cause.PAUSED
        # Who finds out whether the service is back does it with one try; and a second look has
        # all the time of the next one.
        tries = 1 if half_open or second_look else TRIES
        answer: list[Found | Absent] = []

        def act() -> None:
            answer.append(self._service.ask(policy, now, deadline))

        cause = self._make(permit, deadline, act, tries=tries, second_look=second_look)
        return answer[-1] if cause is None else cause

    def probe(self, deadline: Deadline) -> None:
        """Knock, if that is due; never raises."""
        with self._lock:
            due = self._breaker.look_in(self._clock()) <= 0.0
            permit = self._admit(deadline, second_look=False) if due else None
        if permit is not None:
            self._make(permit, deadline, lambda: self._service.probe(deadline), asked=False)

    def _admit(self, deadline: Deadline, *, second_look: bool) -> Permit | None:
        """Leave to ask; None: not now.

        Who was cancelled holds no slot, even before their exchange has ended: the next person's
        question comes at the very moment that cancels the one before.
        """
        now = self._clock()
        if self._holder is not None and self._holder[1].cancelled:
            self._breaker.release(self._holder[0], now, asked=True)
            self._holder = None
        permit = self._breaker.admit(now, second_look=second_look)
        if permit is not None:
            self._holder = (permit, deadline)
        return permit

    def _make(
        self,
        permit: Permit,
        deadline: Deadline,
        act: Callable[[], None],
        *,
        tries: int = 1,
        asked: bool = True,
        second_look: bool = False,
    ) -> Cause | None:
        """Do it and learn from what comes of it; None: it went well.

        An error of ours counts as a fault of the service: to the person it is the same.
        """
        fair = deadline.left() >= FAIR_SECONDS
        error: ServiceError | None = None
        try:
            self._try(deadline, act, tries)
        except ServiceError as failure:
            error = failure
        except Exception as failure:  # noqa: BLE001  # whatever happens, a verdict must come out
            self._log_fault(failure)
            error = ServiceError(Cause.BROKEN, f"{type(failure).__name__} in our own code")
        if error is not None and deadline.cancelled:
            # However the exchange ended: we ended it.
            error = deadline.error()
        self._learn(permit, error, fair=fair, asked=asked, second_look=second_look)
        return None if error is None else error.cause

    def _try(self, deadline: Deadline, act: Callable[[], None], tries: int) -> None:
        """Try and, where that can help and there is time, try again after a moment."""
        for turn in range(tries - 1):
            try:
                return act()
            except ServiceError as error:
                pause = self._rng.uniform(*FIRST_RETRY_IN) * 2**turn
                if not error.transient or deadline.left() < pause + ENOUGH_SECONDS:
                    raise
            deadline.sleep(pause)
            deadline.check()
        return act()

    def _learn(
        self,
        permit: Permit,
        error: ServiceError | None,
        *,
        fair: bool,
        asked: bool,
        second_look: bool,
    ) -> None:
        """Tell the breaker and, where something changed, the log."""
        cause = None if error is None else error.cause
        provoked = second_look and cause in _MAY_BE_THE_QUESTION
        unheard = cause in _NOT_HEARD or (cause is Cause.TIMEOUT and not fair) or provoked
        with self._lock:
            now = self._clock()
            if unheard:
                self._breaker.release(permit, now, asked=asked)
            elif error is not None and error.blames_service:
                self._breaker.failed(permit, now, error.cause)
            else:
                self._breaker.succeeded(permit, now, asked=asked)
            if provoked or cause is Cause.REFUSED:
                news = self._odd(str(error))
            else:
                news = None if unheard else self._change(error)
        if news is not None:
            _log.log(news[0], "%s: %s", self.name, news[1])

    def _odd(self, words: str) -> tuple[int, str] | None:
        """One question that failed, while others may not."""
        known, self._oddity = self._oddity == words, words
        return None if known else (logging.WARNING, f"a question was not answered: {words}")

    def _change(self, error: ServiceError | None) -> tuple[int, str] | None:
        """What the log has not been told yet of the service's health: level and words."""
        if error is not None and error.blames_service:
            known, self._complained = self._complained is error.cause, error.cause
            level = logging.ERROR if error.cause in _FOR_HUMANS else logging.WARNING
            return None if known else (level, str(error))
        # As steady as the breaker wants it: half an outage would fill the log otherwise.
        steady = self.closed and self._breaker.successes >= SUCCESSES_TO_CLOSE
        if self._complained is None or not steady:
            return None
        self._complained = None
        return logging.INFO, "works again"

    def _log_fault(self, failure: Exception) -> None:
        """Log where our code failed, once a place: without the error's words, which may be data."""
        frames = traceback.extract_tb(failure.__traceback__)
        where = f"{frames[-1].filename}:{frames[-1].lineno} {type(failure).__name__}"
        with self._lock:
            known = where in self._faults
            self._faults.add(where)
        if not known:
            way = "".join(traceback.format_list(frames))
            _log.error("%s: %s in our own code\n%s", self.name, type(failure).__name__, way)
