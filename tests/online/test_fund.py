"""The fund's services as one place to ask: order, shares, retries, causes, mode."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, ClassVar

import pytest

from kiosk.lookup import Absent, Cause, Found, Unavailable
from kiosk.online.breaker import State
from kiosk.online.client import Client
from kiosk.online.errors import ServiceError
from kiosk.online.fund import TELLING, Fund, FundMode
from kiosk.online.guarded import ENOUGH_SECONDS, TRIES
from tests.online.scripted import ABSENT, FOUND, NOW, POLICY, Play, Scripted, Step

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kiosk.online.deadline import Deadline
    from kiosk.policy.model import PresentedPolicy


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

    def test_time_that_ran_out_is_not_told_instead_of_what_used_it_up(self) -> None:
        play = Play(Scripted(Cause.NO_NETWORK, takes=0.34), Scripted(FOUND, name="zp1"))
        assert play.ask(seconds=0.7) is Cause.NO_NETWORK
        assert play.services[1].asked == []

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

    def test_nobody_is_asked_again_who_was_cancelled_between_two_tries(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        play = Play(Scripted(Cause.NO_NETWORK))
        deadline = play.clock.deadline()
        monkeypatch.setattr(deadline, "sleep", lambda _: deadline.cancel())
        assert play.fund.ask_within(POLICY, NOW, deadline) == Unavailable(Cause.CANCELLED)
        assert len(play.services[0].asked) == 1
        assert play.fund.status()[0].failures == 0

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
    assert fund.ask(POLICY, NOW) == Unavailable(Cause.PAUSED)
    assert fund.mode is FundMode.OFFLINE
