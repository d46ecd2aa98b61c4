"""Kiosks on a virtual clock: when their requests reach a service that may be down for a while.

Kiosks know nothing of each other, and the service's state depends on the time alone, so each plays
its day by itself and the requests are counted together afterwards. Seconds from the day's start.
"""

from __future__ import annotations

import logging
import random
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, Final

from kiosk.lookup import Absent, Cause, HowKnown, KnownBy, Unavailable
from kiosk.online.errors import ServiceError
from kiosk.online.fund import Fund, FundMode
from kiosk.second_look.worker import GAP_SECONDS
from tests.online.virtual_time import VirtualTime

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kiosk.lookup import Answer
    from kiosk.online.deadline import Deadline
    from kiosk.policy.model import PresentedPolicy

KIOSKS: Final = 200
ANSWER_SECONDS: Final = 0.1
_NAIVE_RETRY_SECONDS: Final = 5.0
_NAIVE_TRIES: Final = 3
_NAIVE_PAUSE: Final = 0.2
_ANY_TIME: Final = datetime(2026, 11, 24, tzinfo=UTC)
_ABSENT: Final = Absent(HowKnown(KnownBy.ONLINE, _ANY_TIME))


@dataclass(slots=True)
class Requests:
    """Seconds at which requests reached the service."""

    questions: list[float] = field(default_factory=list)
    """With a person waiting, tries counted singly."""
    probes: list[float] = field(default_factory=list)
    second_looks: list[float] = field(default_factory=list)

    def all(self) -> list[float]:
        """All kinds, in order."""
        return sorted(self.questions + self.probes + self.second_looks)

    def extend(self, other: Requests) -> None:
        """Add another kiosk's."""
        self.questions += other.questions
        self.probes += other.probes
        self.second_looks += other.second_looks


@dataclass(frozen=True, slots=True)
class Outage:
    """When the service answers with an error: a gateway in front of it still takes requests."""

    begin: float = -1.0
    end: float = -1.0

    def __contains__(self, at: float) -> bool:
        """Whether the service is down at that second."""
        return self.begin <= at < self.end


class _Service:
    """The service as one kiosk sees it."""

    name: ClassVar[str] = "ferzl"

    def __init__(self, clock: VirtualTime, outage: Outage) -> None:
        self.requests = Requests()
        self.second_look = False
        self._clock = clock
        self._outage = outage

    def ask(self, policy: PresentedPolicy, now: datetime, deadline: Deadline) -> Absent:
        self._take(self.requests.second_looks if self.second_look else self.requests.questions)
        return _ABSENT

    def probe(self, deadline: Deadline) -> None:
        self._take(self.requests.probes)

    def _take(self, kind: list[float]) -> None:
        kind.append(self._clock.now)
        if self._clock.now in self._outage:
            raise ServiceError(Cause.BROKEN, "down")
        self._clock.now += ANSWER_SECONDS


class VirtualKiosk:
    """A kiosk with the real `Fund`, and with second looks in the way of its worker."""

    def __init__(self, seed: int, outage: Outage) -> None:
        """Switch it on at second 0."""
        self.clock = VirtualTime(0.0)
        self.waiting: deque[PresentedPolicy] = deque()
        """Questions for a second look."""
        self.asked = 0
        """People for whom the fund was to be asked."""
        self.online_at: float | None = None
        """When the mode was online first after the outage."""
        self._outage = outage
        self._service = _Service(self.clock, outage)
        self._rng = random.Random(seed)  # noqa: S311  # repeatable, not secret
        self.fund = Fund([self._service], clock=self.clock, rng=self._rng)
        self._look_at = 0.0

    @property
    def requests(self) -> Requests:
        """What reached the service so far."""
        return self._service.requests

    def ask(self, policy: PresentedPolicy, now: datetime = _ANY_TIME) -> Answer:
        """Ask for a person who stands there; an unanswered question waits for a second look."""
        self.asked += 1
        answer = self.fund.ask_within(policy, now, self.clock.deadline(3.0))
        self._note_mode()
        if isinstance(answer, Unavailable):
            self.waiting.append(policy)
        return answer

    def run_until(self, at: float) -> None:
        """Probe, and ask again, as that becomes due until `at`; then it is `at`, or later."""
        while True:
            look = self.clock.now + self.fund.next_probe_in()
            again = max(self._look_at, self.clock.now) if self._may_look() else float("inf")
            due = min(look, again)
            if due >= at:
                self.clock.now = max(self.clock.now, at)
                return
            # A whole turn of the worker's later, so that rounding cannot make it stand still.
            self.clock.now = due + 1e-3
            if look <= again:
                self.fund.probe()
            else:
                self._ask_again()
            self._note_mode()

    def _may_look(self) -> bool:
        return bool(self.waiting) and self.fund.mode is FundMode.ONLINE

    def _ask_again(self) -> None:
        policy = self.waiting[0]
        self._service.second_look = True
        answer = self.fund.ask_within(
            policy, _ANY_TIME, self.clock.deadline(10.0), second_look=True
        )
        self._service.second_look = False
        self._look_at = self.clock.now + self._rng.uniform(*GAP_SECONDS)
        if not isinstance(answer, Unavailable):
            self.waiting.popleft()

    def _note_mode(self) -> None:
        now = self.clock.now
        if self.online_at is None and now >= self._outage.end:
            self.online_at = now if self.fund.mode is FundMode.ONLINE else None


class NaiveKiosk:
    """The obvious program: tries thrice for everybody, then every five seconds until it works.

    What waited goes out as soon as the first answer has come.
    """

    def __init__(self, outage: Outage) -> None:
        """Switch it on at second 0."""
        self.requests = Requests()
        self.online_at: float | None = None
        self._outage = outage
        self._waiting = 0
        self._retry_at = 0.0

    def ask(self, at: float) -> None:
        """Ask for a person who stands there at second `at`."""
        self.run_until(at)
        tries = [at + turn * _NAIVE_PAUSE for turn in range(_NAIVE_TRIES)]
        for one in tries:
            self.requests.questions.append(one)
            if one not in self._outage:
                return
        if not self._waiting:
            self._retry_at = tries[-1] + _NAIVE_RETRY_SECONDS
        self._waiting += 1

    def run_until(self, at: float) -> None:
        """Retry what waits until `at`."""
        while self._waiting and self._retry_at < at:
            now = self._retry_at
            self.requests.second_looks.append(now)
            if now in self._outage:
                self._retry_at += _NAIVE_RETRY_SECONDS
                continue
            if self.online_at is None:
                self.online_at = now
            self._waiting -= 1
            self._retry_at = now + ANSWER_SECONDS


def arrivals(rng: random.Random, per_hour: Sequence[float]) -> list[float]:
    """Seconds of a Poisson process that has `per_hour[n]` events in hour n, on average."""
    times = []
    for hour, rate in enumerate(per_hour):
        at = hour * 3600.0 + rng.expovariate(rate / 3600.0)
        while at < (hour + 1) * 3600.0:
            times.append(at)
            at += rng.expovariate(rate / 3600.0)
    return times


@contextmanager
def silence() -> Iterator[None]:
    """Keep what hundreds of kiosks log out of the table."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def peak(times: Iterable[float], window: float) -> int:
    """The most events within any `window` seconds."""
    ordered = sorted(times)
    most = first = 0
    for last, at in enumerate(ordered):
        while at - ordered[first] >= window:
            first += 1
        most = max(most, last - first + 1)
    return most


def between(times: Iterable[float], begin: float, end: float) -> list[float]:
    """Those in [begin, end)."""
    return [at for at in times if begin <= at < end]
