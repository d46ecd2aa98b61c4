"""Finding out how a service is: probes, second looks, and an hour without anybody there."""

from __future__ import annotations

import random
from typing import ClassVar

import pytest

from kiosk.lookup import Cause
from kiosk.online.breaker import LONGEST_PAUSE, SECOND_LOOK_IN
from kiosk.online.fund import FundMode
from kiosk.online.guarded import TRIES
from tests.online.scripted import FOUND, Play, Scripted, Step


def broken(*_: object) -> None:
    raise RuntimeError("scripted")


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

    def test_a_probe_that_tells_nothing_is_not_repeated_at_once(self) -> None:
        play = Play(Scripted(FOUND))
        play.services[0].probes = Cause.NOT_ASKABLE
        play.wait(5.0)
        play.fund.probe()
        assert SECOND_LOOK_IN[0] <= play.fund.next_probe_in() <= SECOND_LOOK_IN[1]

    def test_probes_never_raise(self) -> None:
        service = Scripted(FOUND)
        play = Play(service)
        service.probe = broken  # type: ignore[method-assign,assignment]
        play.wait(5.0)
        play.fund.probe()
        assert play.fund.status()[0].last_cause is Cause.BROKEN


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
