"""The fund's services as one place to ask: order, shares, retries, causes, manners, the log."""

from __future__ import annotations

import logging
import random
import socket
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

import pytest

from kiosk.demo.people import person
from kiosk.lookup import Absent, Cause, Found, HowKnown, KnownBy, Record, Unavailable
from kiosk.online.breaker import LONGEST_PAUSE, SECOND_LOOK_IN, State
from kiosk.online.client import Client
from kiosk.online.deadline import Deadline
from kiosk.online.errors import ServiceError
from kiosk.online.fund import TELLING, Fund, FundMode
from kiosk.online.guarded import ENOUGH_SECONDS, TRIES
from kiosk.policy.model import PolicyFormat, PresentedPolicy, Source
from offline_cache.format import Status
from tests.online.virtual_time import VirtualTime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
KNOWN = HowKnown(KnownBy.ONLINE, NOW)
RECORD = Record(Status.CONFIRMED, None, None, None, None, None, person_matches=True)
FOUND = Found(RECORD, KNOWN)
ABSENT = Absent(KNOWN)
POLICY = PresentedPolicy(Source.BARCODE, PolicyFormat.BARCODE_02, enp=person("plain_woman").enp)


Step = Found | Absent | Cause | Exception


class Scripted:
    """A service that answers by its script; the last line stays."""

    def __init__(self, *script: Step, name: str = "ferzl", takes: float = 0.0) -> None:
        self.name = name
        self.script = list(script)
        self.probes: Cause | None = None
        self.takes = takes
        self.clock: VirtualTime | None = None
        self.asked: list[float] = []
        """Seconds that were left at each question."""
        self.probed = 0

    def ask(self, policy: PresentedPolicy, now: datetime, deadline: Deadline) -> Found | Absent:
        self.asked.append(deadline.left())
        if self.clock is not None and self.takes:
            deadline.sleep(self.takes)
            deadline.check()
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        match step:
            case Cause():
                raise ServiceError(step, f"scripted {step.value}")
            case Exception():
                raise step
            case _:
                return step

    def probe(self, deadline: Deadline) -> None:
        self.probed += 1
        if self.probes is not None:
            raise ServiceError(self.probes, f"scripted {self.probes.value}")


class Play:
    """A fund with scripted services on a clock of its own."""

    def __init__(self, *services: Scripted, seed: int = 1) -> None:
        self.clock = VirtualTime()
        self.services = services
        for one in services:
            one.clock = self.clock
        self.fund = Fund(services, clock=self.clock, rng=random.Random(seed))  # noqa: S311  # repeatable

    def ask(self, *, second_look: bool = False, seconds: float = 3.0) -> Found | Absent | Cause:
        deadline = self.clock.deadline(seconds)
        answer = self.fund.ask_within(POLICY, NOW, deadline, second_look=second_look)
        return answer.cause if isinstance(answer, Unavailable) else answer

    def mode(self) -> FundMode:
        return self.fund.mode

    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    def wait_pause(self) -> None:
        self.wait(self.fund.status()[0].retry_in_seconds)


def test_without_a_service_there_is_nobody_to_ask() -> None:
    play = Play()
    assert play.fund.ask(POLICY, NOW) == Unavailable(Cause.NOT_CONFIGURED)
    assert (play.mode(), play.fund.status()) == (FundMode.NONE, ())
    assert not play.fund.probe_due()
    assert not play.fund.is_configured
    play.fund.probe()


@pytest.mark.parametrize(
    ("first", "second", "answer", "second_asked"),
    [
        pytest.param(FOUND, ABSENT, FOUND, False, id="found"),
        pytest.param(ABSENT, FOUND, ABSENT, False, id="absent-stands"),
        pytest.param(Cause.NOT_ASKABLE, FOUND, FOUND, True, id="not-askable"),
        pytest.param(Cause.REFUSED, FOUND, FOUND, True, id="refused"),
        pytest.param(Cause.AMBIGUOUS, ABSENT, ABSENT, True, id="ambiguous"),
        pytest.param(Cause.NO_NETWORK, FOUND, FOUND, True, id="no-network"),
        pytest.param(Cause.UNAUTHORISED, ABSENT, ABSENT, True, id="unauthorised"),
        pytest.param(ValueError("boom"), FOUND, FOUND, True, id="our-own-fault"),
        pytest.param(Cause.CANCELLED, FOUND, FOUND, True, id="a-cancelled-of-its-own"),
    ],
)
def test_the_second_service_is_for_when_the_first_does_not_answer(
    first: Step, second: Step, answer: Step, second_asked: bool
) -> None:
    play = Play(Scripted(first), Scripted(second, name="zp1"))
    assert play.ask() == answer
    assert bool(play.services[1].asked) == second_asked


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (Cause.NO_NETWORK, Cause.UNAUTHORISED, Cause.UNAUTHORISED),
        (Cause.UNAUTHORISED, Cause.NO_NETWORK, Cause.UNAUTHORISED),
        (Cause.TLS, Cause.BROKEN, Cause.TLS),
        (Cause.NOT_ASKABLE, Cause.NO_NETWORK, Cause.NO_NETWORK),
        (Cause.AMBIGUOUS, Cause.NO_NETWORK, Cause.AMBIGUOUS),
        (Cause.NOT_ASKABLE, Cause.NOT_ASKABLE, Cause.NOT_ASKABLE),
    ],
)
def test_the_most_telling_cause_is_told(first: Cause, second: Cause, told: Cause) -> None:
    assert Play(Scripted(first), Scripted(second, name="zp1")).ask() is told


def test_every_cause_has_its_rank() -> None:
    assert sorted(TELLING) == sorted(Cause)


def test_paused_is_told_where_there_is_nothing_better() -> None:
    play = Play(Scripted(Cause.TIMEOUT), Scripted(Cause.NOT_ASKABLE, name="zp1"))
    for _ in range(2):
        assert play.ask() is Cause.TIMEOUT
    assert play.ask() is Cause.PAUSED, "not NOT_ASKABLE: asking later may help"
    play.services[1].script[0] = Cause.REFUSED
    assert play.ask() is Cause.REFUSED


class TestShares:
    """Who gets how much of the time."""

    def test_the_only_service_gets_all(self) -> None:
        play = Play(Scripted(FOUND))
        play.ask()
        assert play.services[0].asked == [pytest.approx(3.0)]

    def test_the_first_of_two_gets_half_and_the_second_what_is_left(self) -> None:
        play = Play(Scripted(FOUND, takes=10.0), Scripted(FOUND, name="zp1"))
        assert play.ask() == FOUND
        assert play.services[0].asked == [pytest.approx(1.5)]
        assert play.services[1].asked == [pytest.approx(1.5)]

    def test_the_second_gets_nearly_all_when_the_first_fails_at_once(self) -> None:
        play = Play(Scripted(Cause.UNAUTHORISED), Scripted(FOUND, name="zp1"))
        assert play.ask() == FOUND
        assert play.services[1].asked == [pytest.approx(3.0)]

    def test_the_first_gets_all_while_the_second_is_left_alone(self) -> None:
        play = Play(Scripted(Cause.NOT_ASKABLE), Scripted(Cause.UNAUTHORISED, name="zp1"))
        play.ask()
        play.ask()
        play.ask()
        assert play.services[0].asked == pytest.approx([1.5, 1.5, 3.0])

    def test_no_question_is_begun_that_could_not_end(self) -> None:
        play = Play(Scripted(FOUND))
        assert play.ask(seconds=ENOUGH_SECONDS / 2) is Cause.TIMEOUT
        assert play.services[0].asked == []

    def test_a_time_out_of_too_short_a_time_is_not_held_against_the_service(self) -> None:
        play = Play(Scripted(FOUND, takes=10.0))
        for _ in range(5):
            assert play.ask(seconds=0.9) is Cause.TIMEOUT
        assert play.fund.status()[0].failures == 0
        play.ask(seconds=1.1)
        assert play.fund.status()[0].failures == 1


class TestRetries:
    """Another try, a moment later."""

    @pytest.mark.parametrize("cause", list(Cause))
    def test_only_what_may_pass_is_tried_again(self, cause: Cause) -> None:
        play = Play(Scripted(cause, FOUND))
        answer = play.ask()
        transient = ServiceError(cause, "").transient
        assert answer == (FOUND if transient else cause)
        assert len(play.services[0].asked) == 1 + transient
        if transient:
            assert play.fund.status()[0].failures == 0, "a question that was answered is no failure"

    def test_retries_wait_a_little_longer_each_time_and_end(self) -> None:
        for seed in range(50):
            play = Play(Scripted(Cause.NO_NETWORK), seed=seed)
            assert play.ask() is Cause.NO_NETWORK
            left = play.services[0].asked
            assert len(left) == TRIES
            assert 0.1 <= left[0] - left[1] <= 0.3
            assert 0.2 <= left[1] - left[2] <= 0.6
            assert play.fund.status()[0].failures == 1, "one question is one failure"

    def test_a_retry_begins_only_with_time_for_a_try(self) -> None:
        for seed in range(50):
            play = Play(Scripted(Cause.BROKEN), seed=seed)
            play.ask(seconds=0.9)
            assert min(play.services[0].asked) >= ENOUGH_SECONDS

    def test_failures_are_not_remembered_as_answers(self) -> None:
        play = Play(Scripted(Cause.TIMEOUT, FOUND))
        assert play.ask() is Cause.TIMEOUT
        assert play.ask() == FOUND

    def test_who_finds_out_whether_it_is_back_has_one_try(self) -> None:
        play = Play(Scripted(Cause.NO_NETWORK))
        play.ask()
        play.ask()
        play.wait_pause()
        tries = len(play.services[0].asked)
        assert play.ask() is Cause.NO_NETWORK
        assert len(play.services[0].asked) == tries + 1


class TestMode:
    """What the frame shows."""

    def test_nothing_is_claimed_before_the_first_answer(self) -> None:
        play = Play(Scripted(FOUND))
        assert play.mode() is FundMode.UNKNOWN
        play.ask()
        assert play.mode() is FundMode.ONLINE

    @pytest.mark.parametrize("cause", [Cause.TIMEOUT, Cause.TLS, Cause.UNAUTHORISED, Cause.BROKEN])
    def test_offline_after_two_failures_and_online_after_two_successes(self, cause: Cause) -> None:
        play = Play(Scripted(FOUND))
        modes = []
        for script in (FOUND, cause, cause, FOUND, FOUND):
            play.wait_pause()
            play.services[0].script[0] = script
            play.ask()
            modes.append(play.mode())
        on, off = FundMode.ONLINE, FundMode.OFFLINE
        assert modes == [on, on, off, off, on]

    @pytest.mark.parametrize(
        "cause", [Cause.REFUSED, Cause.AMBIGUOUS, Cause.UNCLEAR, Cause.NOT_ASKABLE]
    )
    def test_a_question_that_cannot_be_answered_blames_no_service(self, cause: Cause) -> None:
        play = Play(Scripted(cause))
        for _ in range(5):
            play.ask()
        heard = cause is not Cause.NOT_ASKABLE
        assert play.mode() is (FundMode.ONLINE if heard else FundMode.UNKNOWN)
        assert play.fund.status()[0].state is State.CLOSED

    def test_online_while_one_service_is_there(self) -> None:
        play = Play(Scripted(Cause.TIMEOUT), Scripted(FOUND, name="zp1"))
        for _ in range(3):
            assert play.ask() == FOUND
        assert play.mode() is FundMode.ONLINE
        first, second = play.fund.status()
        assert (first.name, first.state, first.last_cause) == ("ferzl", State.OPEN, Cause.TIMEOUT)
        assert (first.failures, second.failures) == (2, 0)
        assert first.retry_in_seconds > 0.0 == second.retry_in_seconds
        assert (second.state, second.last_cause) == (State.CLOSED, None)


class TestProbes:
    """Finding out without a question."""

    def test_soon_after_the_start_then_every_few_minutes(self) -> None:
        play = Play(Scripted(FOUND), Scripted(FOUND, name="zp1"))
        assert 0.0 <= play.fund.next_probe_in() <= 5.0
        play.wait(5.0)
        assert play.fund.probe_due()
        play.fund.probe()
        assert [one.probed for one in play.services] == [1, 1]
        assert play.mode() is FundMode.ONLINE
        assert 240.0 <= play.fund.next_probe_in() <= 360.0
        assert not play.fund.probe_due()
        play.fund.probe()
        assert [one.probed for one in play.services] == [1, 1], "nothing was due"

    def test_a_question_saves_a_probe(self) -> None:
        play = Play(Scripted(FOUND))
        for _ in range(20):
            play.ask()
            play.wait(200.0)
            play.fund.probe()
        assert play.services[0].probed == 0

    def test_an_outage_is_found_and_its_end_too(self) -> None:
        play = Play(Scripted(FOUND))
        service = play.services[0]
        service.probes = Cause.NO_NETWORK
        play.wait(5.0)
        play.fund.probe()
        assert play.mode() is FundMode.UNKNOWN
        play.wait(play.fund.next_probe_in())
        play.fund.probe()
        assert play.mode() is FundMode.OFFLINE
        service.probes = None
        play.wait(play.fund.next_probe_in())
        play.fund.probe()
        assert play.mode() is FundMode.OFFLINE
        assert SECOND_LOOK_IN[0] <= play.fund.next_probe_in() <= SECOND_LOOK_IN[1]
        play.wait(SECOND_LOOK_IN[1])
        play.fund.probe()
        assert play.mode() is FundMode.ONLINE

    def test_an_expired_token_is_not_probed_for(self) -> None:
        play = Play(Scripted(Cause.UNAUTHORISED, Cause.UNAUTHORISED, FOUND))
        play.ask()
        play.ask()
        play.wait(3600.0)
        assert not play.fund.probe_due()
        assert play.mode() is FundMode.OFFLINE
        play.ask()
        play.wait(SECOND_LOOK_IN[1])
        play.fund.probe()
        assert play.mode() is FundMode.ONLINE

    def test_probes_never_raise(self) -> None:
        service = Scripted(FOUND)
        play = Play(service)
        service.probe = broken  # type: ignore[method-assign,assignment]
        play.wait(5.0)
        play.fund.probe()
        assert play.fund.status()[0].last_cause is Cause.BROKEN


def broken(*_: object) -> None:
    raise RuntimeError("scripted")


class TestSecondLook:
    """Questions that nobody waits for."""

    @pytest.mark.parametrize("poison", [Cause.MALFORMED, Cause.BROKEN, RuntimeError("scripted")])
    def test_one_poisoned_question_does_not_make_a_kiosk_offline(self, poison: Step) -> None:
        play = Play(Scripted(FOUND))
        play.ask()
        play.services[0].script = [poison]
        for _ in range(10):
            assert play.ask(second_look=True) in {Cause.MALFORMED, Cause.BROKEN}
        assert play.mode() is FundMode.ONLINE
        assert play.fund.status()[0].failures == 0

    def test_a_dead_network_counts_all_the_same(self) -> None:
        play = Play(Scripted(Cause.NO_NETWORK))
        play.ask(second_look=True)
        play.ask(second_look=True)
        assert play.mode() is FundMode.OFFLINE
        assert len(play.services[0].asked) == 2, "one try each"

    def test_it_leaves_the_half_open_slot_to_people(self) -> None:
        play = Play(Scripted(Cause.TIMEOUT, Cause.TIMEOUT, FOUND))
        play.ask()
        play.ask()
        play.wait_pause()
        assert play.ask(second_look=True) is Cause.PAUSED
        assert play.ask() == FOUND
        assert play.ask(second_look=True) is Cause.PAUSED
        assert play.ask() == FOUND
        assert play.ask(second_look=True) == FOUND

    def test_poisoned_questions_do_not_put_the_probe_off(self) -> None:
        play = Play(Scripted(FOUND))
        play.ask()
        play.services[0].script = [Cause.BROKEN]
        play.services[0].probes = Cause.NO_NETWORK
        play.ask()
        for _ in range(6):
            play.wait(1.0)
            play.ask(second_look=True)
            play.fund.probe()
        assert play.mode() is FundMode.OFFLINE


class Held:
    """A service whose questions wait until they are let go, or cancelled."""

    name: ClassVar[str] = "ferzl"

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.go = threading.Event()
        self.lock = threading.Lock()
        self.at_once = 0
        self.most = 0

    def ask(self, policy: PresentedPolicy, now: datetime, deadline: Deadline) -> Found | Absent:
        with self.lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        try:
            with deadline.ending(self.go.set):
                self.begun.release()
                self.go.wait(10.0)
            if deadline.cancelled:
                # What a closed socket looks like to whoever reads it.
                raise ServiceError(Cause.NO_NETWORK, "scripted")
            return FOUND
        finally:
            with self.lock:
                self.at_once -= 1

    def probe(self, deadline: Deadline) -> None:
        self.ask(POLICY, NOW, deadline)


def in_thread(work: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    said: list[object] = []
    thread = threading.Thread(target=lambda: said.append(work()))
    thread.start()
    return thread, said


def open_fund(clock: VirtualTime, service: Held) -> Fund:
    """A fund whose breaker was opened, with the pause over."""
    fund = Fund([service], clock=clock, rng=random.Random(1))  # noqa: S311  # repeatable
    real, service.ask = service.ask, Scripted(Cause.TLS).ask  # type: ignore[method-assign]
    for _ in range(2):
        fund.ask(POLICY, NOW)
    service.ask = real  # type: ignore[method-assign]
    assert fund.mode is FundMode.OFFLINE
    clock.now += fund.status()[0].retry_in_seconds
    return fund


def test_cancelling_ends_the_question_and_blames_nobody() -> None:
    other = Scripted(FOUND, name="zp1")
    held = Held()
    fund = Fund([held, other])
    deadline = Deadline(20.0)
    thread, said = in_thread(lambda: fund.ask_within(POLICY, NOW, deadline))
    assert held.begun.acquire(timeout=5)
    deadline.cancel()
    thread.join(5)
    assert said == [Unavailable(Cause.CANCELLED)]
    assert other.asked == [], "nobody waits for the second service either"
    assert [one.failures for one in fund.status()] == [0, 0]


def test_a_cancelled_question_gives_the_half_open_slot_back() -> None:
    held = Held()
    fund = open_fund(VirtualTime(), held)
    deadline = Deadline(20.0)
    thread, said = in_thread(lambda: fund.ask_within(POLICY, NOW, deadline))
    assert held.begun.acquire(timeout=5)
    assert fund.ask(POLICY, NOW) == Unavailable(Cause.PAUSED), "one at a time"
    deadline.cancel()
    thread.join(5)
    assert said == [Unavailable(Cause.CANCELLED)]
    held.go.set()
    assert fund.ask(POLICY, NOW) == FOUND
    assert fund.ask(POLICY, NOW) == FOUND
    assert fund.mode is FundMode.ONLINE


def test_many_threads_send_one_question_to_a_service_that_comes_back() -> None:
    held = Held()
    fund = open_fund(VirtualTime(), held)
    threads = [in_thread(lambda: fund.ask(POLICY, NOW)) for _ in range(8)]
    assert held.begun.acquire(timeout=5)
    while sum(len(said) for _, said in threads) < 7:
        time.sleep(0.005)
    assert held.most == 1
    held.go.set()
    for thread, _ in threads:
        thread.join(5)
    answers = [said[0] for _, said in threads]
    assert sorted(map(str, answers)) == sorted(map(str, [FOUND, *[Unavailable(Cause.PAUSED)] * 7]))


def test_healthy_services_are_asked_by_several_threads_at_once() -> None:
    held = Held()
    fund = Fund([held])
    threads = [in_thread(lambda: fund.ask(POLICY, NOW)) for _ in range(2)]
    assert held.begun.acquire(timeout=5)
    assert held.begun.acquire(timeout=5)
    held.go.set()
    for thread, said in threads:
        thread.join(5)
        assert said == [FOUND]
    assert held.most == 2


class TestLog:
    """What a technician reads: each change once, never a person's data."""

    @pytest.fixture(autouse=True)
    def _level(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "kiosk.online")

    def lines(self, caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
        return [(one.levelno, one.getMessage()) for one in caplog.records]

    def test_an_expired_token_once_and_its_end_once(self, caplog: pytest.LogCaptureFixture) -> None:
        play = Play(Scripted(FOUND))
        for script, times in ((FOUND, 3), (Cause.UNAUTHORISED, 6), (FOUND, 5)):
            play.services[0].script[0] = script
            for _ in range(times):
                play.wait_pause()
                play.ask()
        assert self.lines(caplog) == [
            (logging.ERROR, "ferzl: scripted unauthorised"),
            (logging.INFO, "ferzl: works again"),
        ]

    def test_each_change_of_cause_and_each_service(self, caplog: pytest.LogCaptureFixture) -> None:
        play = Play(Scripted(FOUND), Scripted(Cause.TLS, name="zp1"))
        for cause in (Cause.TIMEOUT, Cause.TIMEOUT, Cause.NO_NETWORK, Cause.NO_NETWORK):
            play.services[0].script[0] = cause
            play.wait(400.0)
            play.ask()
        assert self.lines(caplog) == [
            (logging.WARNING, "ferzl: scripted timeout"),
            (logging.ERROR, "zp1: scripted tls"),
            (logging.WARNING, "ferzl: scripted no_network"),
        ]

    def test_every_second_question_failing_is_said_once(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        play = Play(Scripted(FOUND))
        for turn in range(20):
            play.services[0].script[0] = Cause.TIMEOUT if turn % 2 else FOUND
            play.ask()
        assert self.lines(caplog) == [(logging.WARNING, "ferzl: scripted timeout")]

    def test_what_is_nobodys_fault_is_not_said(self, caplog: pytest.LogCaptureFixture) -> None:
        for cause in (Cause.AMBIGUOUS, Cause.UNCLEAR, Cause.NOT_ASKABLE, Cause.CANCELLED):
            Play(Scripted(cause)).ask()
        play = Play(Scripted(Cause.NO_NETWORK, FOUND))
        assert play.ask() == FOUND
        assert self.lines(caplog) == []

    def test_a_refused_question_is_said_once(self, caplog: pytest.LogCaptureFixture) -> None:
        play = Play(Scripted(Cause.REFUSED))
        for _ in range(3):
            play.ask()
        words = "ferzl: a question was not answered: scripted refused"
        assert self.lines(caplog) == [(logging.WARNING, words)]

    def test_our_own_fault_once_with_its_place_and_without_its_words(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        play = Play(Scripted(ValueError(person("plain_woman").surname)))
        assert [play.ask(), play.ask(), play.ask()] == [Cause.BROKEN, Cause.BROKEN, Cause.PAUSED]
        faults = [text for level, text in self.lines(caplog) if level == logging.ERROR]
        assert len(faults) == 1
        assert "ValueError in our own code" in faults[0]
        assert "test_fund.py" in faults[0]
        assert person("plain_woman").surname not in caplog.text


class TestDownForAnHour:
    """One kiosk, a person every two minutes who needs the fund, and nobody there for an hour."""

    DOWN: ClassVar[float] = 3600.0
    ASKS_EVERY: ClassVar[float] = 120.0

    def run(self, seed: int, *, people: bool = True) -> tuple[list[float], float]:
        """When requests reached the service, from the outage's start; when the mode is online."""
        service = Scripted(FOUND)
        play = Play(service, seed=seed)
        start = play.clock.now
        play.ask()
        requests: list[float] = []

        def heard() -> int:
            return len(service.asked) + service.probed

        person_at = random.Random(seed).uniform(0.0, self.ASKS_EVERY)  # noqa: S311  # repeatable
        back = None
        while play.clock.now < start + self.DOWN + 600.0:
            at = play.clock.now - start
            down = at < self.DOWN
            service.script[0] = Cause.NO_NETWORK if down else FOUND
            service.probes = Cause.NO_NETWORK if down else None
            before = heard()
            if people and at >= person_at:
                person_at += self.ASKS_EVERY
                play.ask()
            play.fund.probe()
            requests += [at] * (heard() - before)
            if not down and back is None and play.mode() is FundMode.ONLINE:
                back = at - self.DOWN
            play.wait(0.25)
        assert back is not None
        return requests, back

    def test_few_requests_and_online_again_within_the_longest_pause(self) -> None:
        for seed in range(12):
            requests, back = self.run(seed)
            during = [at for at in requests if at < self.DOWN]
            minute = [at for at in requests if self.DOWN <= at < self.DOWN + 60.0]
            # 3600 s are 24 pauses of at least 150 s; before them 5 shorter ones, and the tries of
            # the two questions that open it.
            assert len(during) <= 24 + 6 + 2 * TRIES
            assert len(minute) <= 4
            assert back <= LONGEST_PAUSE + SECOND_LOOK_IN[1] + 1.0

    def test_without_anybody_asking_too(self) -> None:
        for seed in range(6):
            requests, back = self.run(seed, people=False)
            assert len([at for at in requests if at < self.DOWN]) <= 24 + 8
            assert back <= LONGEST_PAUSE + SECOND_LOOK_IN[1] + 1.0


class OverClient:
    """A service that does nothing but use the real door to the network."""

    name: ClassVar[str] = "ferzl"

    def __init__(self, client: Client) -> None:
        self.client = client

    def ask(self, policy: PresentedPolicy, now: datetime, deadline: Deadline) -> Found | Absent:
        self.client.post(b"<question/>", {}, deadline)
        return FOUND

    def probe(self, deadline: Deadline) -> None:
        self.client.probe(deadline)


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of this machine that is taken and refuses connections: bound, not listening."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def test_a_closed_port_is_no_network_and_then_left_alone(closed_port: int) -> None:
    fund = Fund([OverClient(Client(f"http://127.0.0.1:{closed_port}/", None))])
    assert fund.ask(POLICY, NOW) == Unavailable(Cause.NO_NETWORK)
    assert fund.ask(POLICY, NOW) == Unavailable(Cause.NO_NETWORK)
    began = time.monotonic()
    assert fund.ask(POLICY, NOW) == Unavailable(Cause.PAUSED)
    assert time.monotonic() - began < 1.0
    assert fund.mode is FundMode.OFFLINE
