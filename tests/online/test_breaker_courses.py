"""What holds of the breaker whatever happens to it."""

from __future__ import annotations

import math
import random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kiosk.lookup import Cause
from kiosk.online.breaker import LONGEST_PAUSE, NEXT_LOOK_IN, SLOT_SECONDS, Breaker, Permit, State


class AnyCourse(RuleBasedStateMachine):
    """Questions and probes begin and end in any order, at any time."""

    @initialize(seed=st.integers(0, 1000))
    def begin(self, seed: int) -> None:
        self.now = 0.0
        self.breaker = Breaker(self.now, random.Random(seed))  # noqa: S311  # repeatable, not secret
        self.out: list[tuple[Permit, float, State]] = []
        self.row = 0

    @rule(seconds=st.floats(0, 400))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(second_look=st.booleans())
    def somebody_asks(self, second_look: bool) -> None:
        before, wait = self.breaker.state, self.breaker.retry_in(self.now)
        would = self.breaker.admits(self.now, second_look=second_look)
        permit = self.breaker.admit(self.now, second_look=second_look)
        assert (permit is not None) == would
        if before is State.OPEN and wait > 0:
            assert permit is None
        if permit is not None:
            assert not (second_look and before is not State.CLOSED)
            self.out.append((permit, self.now, self.breaker.state))

    @precondition(lambda self: self.out)
    @rule(
        data=st.data(),
        end=st.sampled_from(["good", "probe", "bad", "token", "away"]),
    )
    def one_ends(self, data: st.DataObject, end: str) -> None:
        permit, _, _ = self.out.pop(data.draw(st.integers(0, len(self.out) - 1)))
        before = self.breaker.state
        match end:
            case "good" | "probe":
                self.breaker.succeeded(permit, self.now, asked=end == "good")
                assert not (before is State.OPEN and self.breaker.state is not State.OPEN)
            case "away":
                self.breaker.release(permit, self.now, asked=data.draw(st.booleans()))
                assert self.breaker.state is before
            case _:
                cause = Cause.UNAUTHORISED if end == "token" else Cause.NO_NETWORK
                self.breaker.failed(permit, self.now, cause)
                assert not (before is State.OPEN and self.breaker.state is not State.OPEN)

    @invariant()
    def at_most_one_is_out_half_open(self) -> None:
        current = [
            at
            for permit, at, state in self.out
            if state is State.HALF_OPEN
            and permit.phase == self.breaker._phase
            and self.now < at + SLOT_SECONDS
        ]
        assert len(current) <= 1
        if self.breaker.state is State.HALF_OPEN and current:
            assert self.breaker.admits(self.now) is False

    @invariant()
    def waits_are_bounded(self) -> None:
        assert 0.0 <= self.breaker.retry_in(self.now) <= LONGEST_PAUSE
        wait = self.breaker.look_in(self.now)
        assert wait >= 0.0
        assert wait <= NEXT_LOOK_IN[1] or wait == math.inf
        if wait == math.inf:
            assert self.breaker.state is not State.CLOSED
            assert self.breaker.last_cause is Cause.UNAUTHORISED

    @invariant()
    def well_means_without_a_cause(self) -> None:
        if self.breaker.state is State.CLOSED and self.breaker.successes:
            assert self.breaker.last_cause is None
            assert self.breaker.known


AnyCourse.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestAnyCourse = AnyCourse.TestCase
