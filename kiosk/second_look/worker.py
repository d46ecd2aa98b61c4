"""The thread that knocks at the fund's services and asks the questions that wait for them.

It decides nothing: answers go to the checker's thread, which comes to a new verdict and lets the
question go (`SecondLookQueue.acknowledge`). Until it has, the question stays on the disk.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from kiosk.lookup import Absent, Cause, Found, Unavailable
from kiosk.metrics import LookOutcome
from kiosk.online.deadline import Deadline
from kiosk.online.fund import FundMode
from kiosk.second_look.seal import SecondLookError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from kiosk.clock import Clock
    from kiosk.lookup import Answer
    from kiosk.metrics import Metrics
    from kiosk.policy.model import PresentedPolicy
    from kiosk.second_look.queue import Entry, SecondLookQueue

_log = logging.getLogger(__name__)

ASK_SECONDS: Final = 10.0
"""For one question: nobody waits, and a service that is slow after an outage is given time."""
GAP_SECONDS: Final = (0.5, 1.5)
"""Between two questions: 3,600 an hour, which a fund with hundreds of kiosks can bear, spread so
that kiosks that came back at one moment do not ask at one moment."""
IN_FLIGHT_SECONDS: Final = 60.0
"""After this a question whose answer led to nothing is asked again; each time twice as late."""
ASIDE_SECONDS: Final = 60.0
"""How long a question that the service chokes on is set aside; each time twice as long."""
ASIDE_MOST_SECONDS: Final = 3600.0
MOST_TRIES: Final = 8
"""What failed so often while others were answered is the question's fault."""
POISONED: Final = "poisoned"

_TURN_SECONDS: Final = 1.0
_DISK_SECONDS: Final = 60.0
"""How long a disk may stand still before this counts as a hang: a restart would not help it."""
_PROBE_SECONDS: Final = 10.0
"""All services together: each has three."""
_TIDY_SECONDS: Final = 60.0
_REST_SECONDS: Final = (5.0, 300.0)
"""After a failure of the service that its mode does not show: first, and at most."""
_TIMEOUTS: Final = 3
"""In a row, on one question: it may be this question that the service hangs on."""
_FAULTS: Final = 3
"""In a row, on any question: it is the service rather than the questions."""
_FORGET_SECONDS: Final = 2 * ASIDE_MOST_SECONDS
_LOOK_SECONDS: Final = 0.2

_FINAL: Final = frozenset({Cause.REFUSED, Cause.AMBIGUOUS, Cause.UNCLEAR, Cause.NOT_ASKABLE})
"""The service did answer, if only that it cannot: asking again would bring the same."""
_FAULTY: Final = frozenset({Cause.MALFORMED, Cause.BROKEN})
"""The service's fault, perhaps brought about by this very question."""


class AskedFund(Protocol):
    """What is used of `kiosk.online.fund.Fund`."""

    @property
    def mode(self) -> FundMode:
        """Whether the fund can be reached."""
        ...

    def ask_within(
        self, policy: PresentedPolicy, now: datetime, deadline: Deadline, *, second_look: bool
    ) -> Answer:
        """Ask; never raises."""
        ...

    def probe_due(self) -> bool:
        """Whether to probe now."""
        ...

    def probe(self) -> None:
        """Knock where that is due; never raises."""
        ...


@dataclass(frozen=True, slots=True)
class FundChanged:
    """The fund can be reached, or no longer; also told once at the start."""

    mode: FundMode


@dataclass(frozen=True, slots=True)
class SecondAnswer:
    """What the fund says now of a question that waited."""

    entry: Entry
    answer: Found | Absent


@dataclass(slots=True)
class _Record:
    """What this worker knows of a question that is not simply next."""

    until: float = 0.0
    """Not asked before (monotonic)."""
    deliveries: int = 0
    tries: int = 0
    """Failed ones."""
    answered_before: int = 0
    """How many questions had been answered when this one failed first."""


class SecondLookWorker:
    """Probes the services as they want it, and drains the queue while the fund is online."""

    def __init__(
        self,
        queue: SecondLookQueue | None,
        fund: AskedFund,
        deliver: Callable[[SecondAnswer], None],
        clock: Clock,
        *,
        hold: Callable[[], bool] = lambda: False,
        gap: Callable[[], float] = lambda: random.uniform(*GAP_SECONDS),  # noqa: S311
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`queue` None: probes alone. `deliver` may be called from this thread and must not block.

        `hold` says that people ask at the moment, so that no question of this worker's goes out;
        `gap` gives the seconds between two questions.
        """
        self.metrics: Metrics | None = None
        """Set before the thread starts; None: nobody counts."""
        self._queue = queue
        self._fund = fund
        self._deliver = deliver
        self._clock = clock
        self._hold = hold
        self._gap = gap
        self._monotonic = monotonic
        self._ticked = time.monotonic()
        self._busy_until = 0.0
        self._mode: FundMode | None = None
        self._next_at = 0.0
        self._tidied_at = float("-inf")
        self._rests = 0
        self._faults = 0
        self._answered = 0
        self._records: dict[int, _Record] = {}

    @property
    def last_tick(self) -> float:
        """Monotonic time of the last turn; an exchange or a write in its time counts as turning."""
        return max(self._ticked, min(time.monotonic(), self._busy_until))

    def run(self, emit: Callable[[FundChanged], None], stop: threading.Event) -> None:
        """Work until `stop`, which also ends a question under way."""
        while not stop.is_set():
            self._ticked = time.monotonic()
            stop.wait(self.turn(emit, stop))

    def turn(self, emit: Callable[[FundChanged], None], stop: threading.Event) -> float:
        """Probe if that is due, ask one question if one may be asked; seconds until the next turn.

        What goes wrong with the queue is logged by it, and tried again at the next turn.
        """
        if self._fund.probe_due():
            self._busy_until = time.monotonic() + _PROBE_SECONDS
            self._fund.probe()
            self._busy_until = 0.0
        self._report(emit)
        if self._queue is None:
            return _TURN_SECONDS
        asked = False
        self._busy_until = time.monotonic() + _DISK_SECONDS
        try:
            self._tidy(self._queue)
            asked = self._may_ask() and self._ask_next(self._queue, stop)
        except SecondLookError:
            self._next_at = self._monotonic() + _TURN_SECONDS
        finally:
            self._busy_until = 0.0
        self._report(emit)
        wait = max(0.0, self._next_at - self._monotonic())
        return min(_TURN_SECONDS, wait if asked or wait else _TURN_SECONDS)

    def _report(self, emit: Callable[[FundChanged], None]) -> None:
        mode = self._fund.mode
        if mode is self._mode:
            return
        if mode is FundMode.ONLINE:
            # All kiosks of a region may see the fund come back at this moment.
            self._next_at = self._monotonic() + self._gap()
            self._rests = self._faults = 0
        self._mode = mode
        emit(FundChanged(mode))

    def _tidy(self, queue: SecondLookQueue) -> None:
        """Let go what nobody can use any more, unless the clock may be what is wrong."""
        now, moment = self._monotonic(), self._clock.now()
        if now - self._tidied_at < _TIDY_SECONDS or not moment.trusted:
            return
        self._tidied_at = now
        forgotten = [
            entry_id
            for entry_id, record in self._records.items()
            if record.until + _FORGET_SECONDS < now
        ]
        for entry_id in forgotten:
            del self._records[entry_id]
        for _ in range(queue.expire(moment.local)):
            self._count_given_up()

    def _may_ask(self) -> bool:
        """An untrusted clock lets no verdict be found, whatever the fund says."""
        return (
            self._mode is FundMode.ONLINE
            and self._monotonic() >= self._next_at
            and self._clock.now().trusted
            and not self._hold()
        )

    def _ask_next(self, queue: SecondLookQueue, stop: threading.Event) -> bool:
        """Ask one question; False: there is none."""
        now = self._monotonic()
        entry = queue.next([one for one, record in self._records.items() if record.until > now])
        if entry is None:
            return False
        deadline = Deadline(ASK_SECONDS)
        self._busy_until = time.monotonic() + ASK_SECONDS
        with _cancelled_by(stop, deadline):
            moment = self._clock.now().local
            answer = self._fund.ask_within(entry.policy, moment, deadline, second_look=True)
        self._busy_until = time.monotonic() + _DISK_SECONDS
        self._next_at = self._monotonic() + self._gap()
        if isinstance(answer, Unavailable):
            self._fail(queue, entry, answer.cause)
        else:
            self._hand_over(entry, answer)
        return True

    def _hand_over(self, entry: Entry, answer: Found | Absent) -> None:
        self._answered += 1
        self._rests = self._faults = 0
        record = self._records.setdefault(entry.id, _Record())
        wait = IN_FLIGHT_SECONDS * 2.0**record.deliveries
        record.deliveries += 1
        record.until = self._monotonic() + min(wait, ASIDE_MOST_SECONDS)
        self._deliver(SecondAnswer(entry, answer))

    def _fail(self, queue: SecondLookQueue, entry: Entry, cause: Cause) -> None:
        if cause in _FINAL:
            self._rests = self._faults = 0
            self._give_up(queue, entry, cause)
        elif cause in _FAULTY:
            self._faults += 1
            self._set_aside(queue, entry)
            if self._faults >= _FAULTS:
                self._rest()
        else:
            if cause is Cause.TIMEOUT:
                self._blame_if_it_repeats(queue, entry)
            self._rest()

    def _give_up(self, queue: SecondLookQueue, entry: Entry, why: str) -> None:
        queue.give_up(entry.id, why, self._clock.now().local)
        self._records.pop(entry.id, None)
        self._count_given_up()

    def _count_given_up(self) -> None:
        if self.metrics is not None:
            self.metrics.look_done(LookOutcome.GIVEN_UP)

    def _set_aside(self, queue: SecondLookQueue, entry: Entry) -> None:
        """The rest need not wait for one that the service chokes on."""
        record = self._failed(entry)
        others = self._answered > record.answered_before
        if record.tries >= MOST_TRIES and others:
            self._give_up(queue, entry, POISONED)
            return
        wait = ASIDE_SECONDS * 2.0 ** min(record.tries - 1, MOST_TRIES)
        record.until = self._monotonic() + min(wait, ASIDE_MOST_SECONDS)

    def _blame_if_it_repeats(self, queue: SecondLookQueue, entry: Entry) -> None:
        """A service that is slow today is waited for; one that hangs on one question is not."""
        record = self._records.get(entry.id, _Record())
        if record.tries + 1 >= _TIMEOUTS:
            self._set_aside(queue, entry)
        else:
            self._failed(entry)

    def _failed(self, entry: Entry) -> _Record:
        record = self._records.setdefault(entry.id, _Record())
        if not record.tries:
            record.answered_before = self._answered
        record.tries += 1
        return record

    def _rest(self) -> None:
        """Stop draining until the fund comes online again, or for a while where it seems to be."""
        first, most = _REST_SECONDS
        self._next_at = self._monotonic() + min(first * 2.0 ** min(self._rests, 10), most)
        self._rests += 1


@contextmanager
def _cancelled_by(stop: threading.Event, deadline: Deadline) -> Iterator[None]:
    """End what runs in the block when the program ends."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_LOOK_SECONDS):
            if stop.is_set():
                deadline.cancel()
                return

    threading.Thread(target=watch, name="second look ends", daemon=True).start()
    try:
        yield
    finally:
        over.set()
