"""The worker that drains the queue: with manners, in order, and past what the service chokes on."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pytest

from kiosk.clock import Clock
from kiosk.demo.people import generate
from kiosk.lookup import Absent, Answer, Cause, HowKnown, KnownBy, Unavailable
from kiosk.online.fund import FundMode
from kiosk.second_look.queue import SecondLookQueue
from kiosk.second_look.worker import (
    MOST_TRIES,
    POISONED,
    FundChanged,
    SecondAnswer,
    SecondLookWorker,
)
from tests.kiosk.running import until
from tests.kiosk.second_look.samples import KEY, NOW, typed
from tests.kiosk.second_look.test_queue import given_up

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from kiosk.online.deadline import Deadline
    from kiosk.policy.model import PresentedPolicy

ABSENT: Final = Absent(HowKnown(KnownBy.ONLINE, NOW))
PEOPLE: Final = [typed(one) for one in generate(6, seed=1)]
MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 24 * HOUR


@dataclass
class ScriptedFund:
    """A fund that answers as told, by number; it notes what it is asked."""

    mode: FundMode = FundMode.ONLINE
    usual: Answer = ABSENT
    special: dict[str | None, Answer] = field(default_factory=dict)
    asked: list[PresentedPolicy] = field(default_factory=list)
    wants_probe: bool = False
    probes: int = 0
    entered: threading.Event = field(default_factory=threading.Event)
    hangs: bool = False

    def ask_within(
        self, policy: PresentedPolicy, now: datetime, deadline: Deadline, *, second_look: bool
    ) -> Answer:
        assert second_look
        assert now.tzinfo is not None
        assert 5.0 < deadline.left() <= 10.0
        self.asked.append(policy)
        self.entered.set()
        if self.hangs:
            deadline.sleep(10.0)
            return Unavailable(deadline.error().cause)
        return self.special.get(policy.enp, self.usual)

    def probe_due(self) -> bool:
        return self.wants_probe

    def probe(self) -> None:
        self.probes += 1
        self.wants_probe = False


@dataclass
class Bench:
    """A worker whose time the test turns."""

    queue: SecondLookQueue
    fund: ScriptedFund = field(default_factory=ScriptedFund)
    now: float = 1000.0
    wall: float = field(default_factory=NOW.timestamp)
    answers: list[SecondAnswer] = field(default_factory=list)
    events: list[FundChanged] = field(default_factory=list)
    acknowledges: bool = True
    people_ask: bool = False

    def __post_init__(self) -> None:
        self.clock = Clock(lambda: self.wall)
        self.stop = threading.Event()
        self.worker = SecondLookWorker(
            self.queue,
            self.fund,
            self.deliver,
            self.clock,
            hold=lambda: self.people_ask,
            gap=lambda: 1.0,
            monotonic=lambda: self.now,
        )

    def deliver(self, answer: SecondAnswer) -> None:
        """As the checker's thread does it."""
        self.answers.append(answer)
        if self.acknowledges:
            self.queue.acknowledge(answer.entry.id, "not_in_list", self.clock.now().local)

    def run_for(self, seconds: float) -> None:
        """Turn after turn, without waiting."""
        end = self.now + seconds
        while self.now < end:
            wait = self.worker.turn(self.events.append, self.stop)
            assert 0.0 <= wait <= 1.0
            self.now += max(wait, 0.001)
            self.wall += max(wait, 0.001)

    def fill(self, count: int = len(PEOPLE)) -> None:
        """Put people into the queue."""
        for policy in PEOPLE[:count]:
            assert self.queue.add(policy, "no_list", NOW)

    def times_asked(self) -> list[int]:
        """How often each of `PEOPLE` was asked about."""
        count = Counter(policy.enp for policy in self.fund.asked)
        return [count[policy.enp] for policy in PEOPLE]


@pytest.fixture(name="bench")
def _bench(tmp_path: Path) -> Iterator[Bench]:
    with closing(SecondLookQueue(tmp_path, KEY)) as queue:
        yield Bench(queue)


def test_the_oldest_is_asked_first_and_each_once(bench: Bench) -> None:
    bench.fill()
    bench.run_for(10)
    assert bench.fund.asked == PEOPLE
    assert [answer.entry.policy for answer in bench.answers] == PEOPLE
    assert {answer.answer for answer in bench.answers} == {ABSENT}
    assert bench.queue.pending() == 0


def test_questions_are_a_gap_apart(bench: Bench) -> None:
    bench.fill()
    bench.run_for(1)
    # Nor at the very moment at which the fund comes back, which all its kiosks may see.
    assert bench.fund.asked == []
    bench.run_for(3)
    assert len(bench.fund.asked) == 3


@pytest.mark.parametrize("mode", [FundMode.OFFLINE, FundMode.UNKNOWN, FundMode.NONE])
def test_nobody_is_asked_while_the_fund_is_not_online(bench: Bench, mode: FundMode) -> None:
    bench.fill()
    bench.fund.mode = mode
    bench.run_for(HOUR)
    assert bench.fund.asked == []
    bench.fund.mode = FundMode.ONLINE
    bench.run_for(10)
    assert bench.fund.asked == PEOPLE
    assert bench.events == [FundChanged(mode), FundChanged(FundMode.ONLINE)]


def test_probes_are_made_when_due_with_and_without_a_queue(bench: Bench) -> None:
    alone = SecondLookWorker(None, bench.fund, bench.deliver, bench.clock)
    for turn in (alone.turn, bench.worker.turn):
        bench.fund.probes = 0
        bench.fund.wants_probe = True
        turn(bench.events.append, bench.stop)
        turn(bench.events.append, bench.stop)
        assert bench.fund.probes == 1
    assert bench.events == [FundChanged(FundMode.ONLINE)] * 2


def test_people_go_first(bench: Bench) -> None:
    bench.fill()
    bench.people_ask = True
    bench.run_for(MINUTE)
    assert bench.fund.asked == []
    bench.people_ask = False
    bench.run_for(10)
    assert bench.fund.asked == PEOPLE


def test_an_untrusted_clock_asks_and_expires_nothing(bench: Bench) -> None:
    bench.fill()
    bench.wall = 0.0
    bench.run_for(5 * MINUTE)
    assert bench.fund.asked == []
    assert bench.queue.pending() == len(PEOPLE)
    bench.wall = NOW.timestamp()
    bench.run_for(10)
    assert bench.fund.asked == PEOPLE


def test_what_waits_too_long_goes_while_the_fund_is_away(bench: Bench) -> None:
    bench.fill()
    bench.fund.mode = FundMode.OFFLINE
    bench.wall += 3 * DAY + 1
    bench.run_for(2)
    assert bench.queue.pending() == 0


@pytest.mark.parametrize(
    "cause", [Cause.REFUSED, Cause.AMBIGUOUS, Cause.UNCLEAR, Cause.NOT_ASKABLE]
)
def test_what_the_service_cannot_answer_is_given_up(
    bench: Bench, cause: Cause, tmp_path: Path
) -> None:
    bench.fill()
    bench.fund.special[PEOPLE[1].enp] = Unavailable(cause)
    bench.run_for(HOUR)
    assert bench.fund.asked == PEOPLE
    assert len(bench.answers) == len(PEOPLE) - 1
    assert given_up(tmp_path) == [cause.value]


@pytest.mark.parametrize("cause", [Cause.MALFORMED, Cause.BROKEN])
def test_one_that_the_service_chokes_on_does_not_hold_the_rest(bench: Bench, cause: Cause) -> None:
    bench.fill()
    bench.fund.special[PEOPLE[0].enp] = Unavailable(cause)
    bench.run_for(10)
    assert [answer.entry.policy for answer in bench.answers] == PEOPLE[1:]
    assert bench.times_asked()[0] == 1
    # After 1 minute, 2 more, 4 more…
    for minutes, times in ((1.2, 2), (2.2, 3), (4.2, 4), (8.2, 5)):
        bench.run_for(minutes * MINUTE)
        assert bench.times_asked()[0] == times
    del bench.fund.special[PEOPLE[0].enp]
    bench.run_for(17 * MINUTE)
    assert bench.queue.pending() == 0


def test_one_that_fails_while_others_are_answered_is_given_up(bench: Bench, tmp_path: Path) -> None:
    bench.fill()
    bench.fund.special[PEOPLE[0].enp] = Unavailable(Cause.BROKEN)
    bench.run_for(6 * HOUR)
    assert bench.times_asked()[0] == MOST_TRIES
    assert given_up(tmp_path) == [POISONED]


def test_nothing_is_given_up_where_all_fail(bench: Bench, tmp_path: Path) -> None:
    bench.fill()
    bench.fund.usual = Unavailable(Cause.BROKEN)
    bench.run_for(12 * HOUR)
    assert bench.queue.pending() == len(PEOPLE)
    assert min(bench.times_asked()) >= MOST_TRIES
    # A service that is broken is not hammered: far less than once a minute.
    assert sum(bench.times_asked()) < 150
    bench.fund.usual = ABSENT
    bench.run_for(1.1 * HOUR)
    assert bench.queue.pending() == 0
    assert given_up(tmp_path) == []


@pytest.mark.parametrize(
    "cause", [Cause.NO_NETWORK, Cause.TIMEOUT, Cause.TLS, Cause.UNAUTHORISED, Cause.PAUSED]
)
def test_draining_stops_with_the_network_and_goes_on_with_it_in_order(
    bench: Bench, cause: Cause
) -> None:
    bench.fill()
    bench.run_for(1.5)
    answered = len(bench.fund.asked)
    bench.fund.usual = Unavailable(cause)
    bench.run_for(1)
    bench.fund.mode = FundMode.OFFLINE
    bench.run_for(HOUR)
    assert len(bench.fund.asked) == answered + 1
    bench.fund.usual = ABSENT
    bench.fund.mode = FundMode.ONLINE
    bench.run_for(10)
    assert bench.fund.asked[answered + 1 :] == PEOPLE[answered:]
    assert bench.queue.pending() == 0


@pytest.mark.parametrize("cause", [Cause.UNAUTHORISED, Cause.PAUSED, Cause.NO_NETWORK])
def test_a_fund_that_only_seems_online_is_asked_ever_more_rarely(
    bench: Bench, cause: Cause
) -> None:
    bench.fill()
    bench.fund.usual = Unavailable(cause)
    bench.run_for(HOUR)
    assert 10 < len(bench.fund.asked) < 25
    assert {policy.enp for policy in bench.fund.asked} == {PEOPLE[0].enp}
    bench.fund.usual = ABSENT
    bench.run_for(310)
    assert bench.queue.pending() == 0


def test_one_that_the_service_hangs_on_does_not_hold_the_rest(bench: Bench, tmp_path: Path) -> None:
    bench.fill()
    bench.fund.special[PEOPLE[0].enp] = Unavailable(Cause.TIMEOUT)
    bench.run_for(2 * MINUTE)
    assert [answer.entry.policy for answer in bench.answers] == PEOPLE[1:]
    bench.run_for(12 * HOUR)
    assert bench.times_asked()[0] == MOST_TRIES
    assert given_up(tmp_path) == [POISONED]


def test_an_answer_that_leads_to_nothing_is_asked_for_again(bench: Bench) -> None:
    bench.fill(2)
    bench.acknowledges = False
    bench.run_for(55)
    assert bench.times_asked()[:2] == [1, 1]
    bench.run_for(10)
    assert bench.times_asked()[:2] == [2, 2]
    bench.run_for(100)
    assert bench.times_asked()[:2] == [2, 2]
    bench.acknowledges = True
    bench.run_for(30)
    assert bench.times_asked()[:2] == [3, 3]
    assert bench.queue.pending() == 0


def test_a_queue_that_fails_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    queue = SecondLookQueue(tmp_path / "file" / "folder", KEY)
    broken = Bench(queue)
    broken.run_for(MINUTE)
    (tmp_path / "file").unlink()
    broken.fill()
    broken.run_for(10)
    assert broken.fund.asked == PEOPLE
    queue.close()


def test_the_loop_ends_at_once_even_in_a_question(bench: Bench) -> None:
    bench.fill(1)
    bench.fund.hangs = True
    bench.worker = SecondLookWorker(bench.queue, bench.fund, bench.deliver, bench.clock)
    thread = threading.Thread(target=bench.worker.run, args=(bench.events.append, bench.stop))
    thread.start()
    assert bench.fund.entered.wait(10)
    before = bench.worker.last_tick
    # A question is no hang: the watchdog sees the loop turning.
    until(lambda: bench.worker.last_tick > before)
    bench.stop.set()
    thread.join(30)
    assert not thread.is_alive()
    assert bench.queue.pending() == 1


def test_events_and_answers_show_nobody(bench: Bench) -> None:
    bench.fill()
    bench.run_for(10)
    shown = repr([*bench.answers, *bench.events, bench.worker])
    assert not [one for one in PEOPLE if (one.enp or "") in shown]
