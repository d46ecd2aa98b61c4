"""When a service may be asked: the breaker's rules, case by case."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import pytest

from kiosk.lookup import Cause
from kiosk.online.breaker import (
    CONFIRM_IN,
    FIRST_LOOK_IN,
    FIRST_PAUSE,
    HEALTHY_SECONDS,
    NEXT_LOOK_IN,
    SECOND_LOOK_IN,
    SLOT_SECONDS,
    Breaker,
    Permit,
    State,
)

if TYPE_CHECKING:
    from collections.abc import Callable

TIMES = [
    (5.0, "first"),
    (10.0, "second"),
    (20.0, "third"),
    (40.0, "fourth"),
    (80.0, "fifth"),
    (160.0, "sixth"),
    (300.0, "seventh"),
    (300.0, "eighth"),
]


class Course:
    """A breaker with a clock of its own."""

    def __init__(self, seed: int = 1) -> None:
        self.now = 1000.0
        self.breaker = Breaker(self.now, random.Random(seed))  # noqa: S311  # repeatable, not secret

    def play(self, steps: str) -> None:
        """Play one letter after the other (see `STEPS`)."""
        for step in steps.split():
            STEPS[step](self)

    def permit(self) -> Permit:
        given = self.breaker.admit(self.now)
        assert given is not None
        return given

    def good(self, *, asked: bool = True) -> None:
        self.breaker.succeeded(self.permit(), self.now, asked=asked)

    def bad(self, cause: Cause = Cause.TIMEOUT) -> None:
        self.breaker.failed(self.permit(), self.now, cause)

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def wait_pause(self) -> None:
        self.now += self.breaker.retry_in(self.now)

    def open(self, cause: Cause = Cause.TIMEOUT) -> None:
        self.bad(cause)
        self.bad(cause)

    def close(self) -> None:
        self.wait_pause()
        self.good()
        self.good()


STEPS: dict[str, Callable[[Course], None]] = {
    "good": Course.good,
    "bad": Course.bad,
    "probe": lambda course: course.good(asked=False),
    "token": lambda course: course.bad(Cause.UNAUTHORISED),
    "away": lambda course: course.breaker.release(course.permit(), course.now, asked=True),
    "lost": lambda course: course.breaker.release(course.permit(), course.now, asked=False),
    "pause": Course.wait_pause,
}


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        pytest.param("", State.CLOSED, id="start"),
        pytest.param("good", State.CLOSED, id="well"),
        pytest.param("bad", State.CLOSED, id="one-failure"),
        pytest.param("bad good bad", State.CLOSED, id="two-not-in-a-row"),
        pytest.param("bad away bad", State.OPEN, id="an-abandoned-question-says-nothing"),
        pytest.param("bad bad", State.OPEN, id="two-in-a-row"),
        pytest.param("good bad bad", State.OPEN, id="two-in-a-row-after-health"),
        pytest.param("bad bad pause good", State.HALF_OPEN, id="one-success-is-not-enough"),
        pytest.param("bad bad pause good good", State.CLOSED, id="two-successes"),
        pytest.param("bad bad pause probe probe", State.CLOSED, id="two-probes"),
        pytest.param("bad bad pause good bad", State.OPEN, id="success-then-failure"),
        pytest.param("bad bad pause bad", State.OPEN, id="still-down"),
        pytest.param("bad bad pause away", State.HALF_OPEN, id="abandoned"),
        pytest.param("bad bad pause away good good", State.CLOSED, id="abandoned-then-well"),
        pytest.param("bad bad pause good away good", State.CLOSED, id="abandoned-between"),
        pytest.param("token token pause probe probe", State.HALF_OPEN, id="probes-prove-no-token"),
        pytest.param("good token token pause probe probe", State.HALF_OPEN, id="nor-after-health"),
        pytest.param("token token pause good probe", State.CLOSED, id="a-question-does"),
        pytest.param("token token pause probe good", State.CLOSED, id="a-question-does-later"),
    ],
)
def test_states(steps: str, state: State) -> None:
    course = Course()
    course.play(steps)
    assert course.breaker.state is state


def test_an_open_breaker_admits_nobody_until_its_pause_is_over() -> None:
    course = Course()
    course.open()
    pause = course.breaker.retry_in(course.now)
    course.wait(pause - 0.01)
    assert course.breaker.admit(course.now) is None
    course.wait(0.02)
    assert course.breaker.admit(course.now) is not None


def test_half_open_admits_one_at_a_time() -> None:
    course = Course()
    course.open()
    course.wait_pause()
    first = course.permit()
    assert course.breaker.admit(course.now) is None
    course.breaker.release(first, course.now, asked=True)
    second = course.permit()
    assert course.breaker.admit(course.now) is None
    course.breaker.succeeded(second, course.now, asked=True)
    assert course.breaker.admit(course.now) is not None, "the second success may come at once"


def test_a_second_look_takes_no_half_open_slot() -> None:
    course = Course()
    assert course.breaker.admit(course.now, second_look=True) is not None
    course.open()
    course.wait_pause()
    assert course.breaker.admit(course.now, second_look=True) is None
    course.good()
    assert course.breaker.admit(course.now, second_look=True) is None
    course.good()
    assert course.breaker.admit(course.now, second_look=True) is not None


def test_a_slot_that_is_never_given_back_is_given_again() -> None:
    course = Course()
    course.open()
    course.wait_pause()
    lost = course.permit()
    course.wait(SLOT_SECONDS - 0.1)
    assert course.breaker.admit(course.now) is None
    assert course.breaker.look_in(course.now) == pytest.approx(0.1)
    course.wait(0.2)
    held = course.permit()
    course.breaker.failed(lost, course.now, Cause.TIMEOUT)
    assert course.breaker.state is State.HALF_OPEN, "who comes back late says nothing"
    assert course.breaker.admit(course.now) is None, "nor frees another's slot"
    course.breaker.succeeded(held, course.now, asked=True)
    assert course.breaker.successes == 1


@pytest.mark.parametrize("late", ["succeeded", "failed", "release"])
def test_what_was_asked_before_a_change_says_nothing_after_it(late: str) -> None:
    course = Course()
    old = course.permit()
    course.open()
    wait = course.breaker.retry_in(course.now)
    match late:
        case "succeeded":
            course.breaker.succeeded(old, course.now, asked=True)
        case "failed":
            course.breaker.failed(old, course.now, Cause.TLS)
        case _:
            course.breaker.release(old, course.now, asked=True)
    assert course.breaker.state is State.OPEN
    assert course.breaker.retry_in(course.now) == wait
    assert course.breaker.last_cause is Cause.TIMEOUT


def test_pauses_double_up_to_the_longest_and_half_of_each_is_chance() -> None:
    courses = [Course(seed) for seed in range(300)]
    for course in courses:
        course.bad()
    for longest, name in TIMES:
        pauses = []
        for course in courses:
            course.bad()
            pauses.append(course.breaker.retry_in(course.now))
            course.wait_pause()
        assert longest / 2 <= min(pauses) < 0.55 * longest, name
        assert 0.95 * longest < max(pauses) <= longest, name


def test_a_breaker_that_is_never_let_go_does_not_overflow() -> None:
    course = Course()
    course.bad()
    for _ in range(3000):
        course.bad()
        course.wait_pause()
    assert course.breaker.retry_in(course.now) == 0.0


@pytest.mark.parametrize(
    ("healthy", "looks", "longest"),
    [
        pytest.param(HEALTHY_SECONDS - 1, True, 4 * FIRST_PAUSE, id="not-long-enough"),
        pytest.param(HEALTHY_SECONDS + 1, True, FIRST_PAUSE, id="long-enough"),
        pytest.param(24 * 3600.0, False, 4 * FIRST_PAUSE, id="long-but-nobody-looked"),
    ],
)
def test_pauses_are_forgotten_after_proven_health(
    healthy: float, looks: bool, longest: float
) -> None:
    course = Course()
    course.open()
    course.wait_pause()
    course.bad()
    course.close()
    course.wait(healthy)
    if looks:
        course.good(asked=False)
    course.open()
    assert longest / 2 <= course.breaker.retry_in(course.now) <= longest


@pytest.mark.parametrize(
    ("steps", "bounds"),
    [
        pytest.param("", FIRST_LOOK_IN, id="start"),
        pytest.param("bad", CONFIRM_IN, id="a-failure-wants-to-be-confirmed"),
        pytest.param("good", NEXT_LOOK_IN, id="well"),
        pytest.param("bad good", NEXT_LOOK_IN, id="well-again"),
        pytest.param("bad bad", (FIRST_PAUSE / 2, FIRST_PAUSE), id="open"),
        pytest.param("bad bad pause good", SECOND_LOOK_IN, id="a-success-too"),
        pytest.param("bad bad pause away", (0.0, 0.0), id="abandoned-a-probe-may-try"),
        pytest.param("bad bad pause lost", SECOND_LOOK_IN, id="a-probe-that-told-nothing"),
        pytest.param("bad away away away", CONFIRM_IN, id="questions-put-no-probe-off"),
        pytest.param("bad bad pause good good", NEXT_LOOK_IN, id="closed"),
        pytest.param("token token", (math.inf, math.inf), id="only-a-question-proves"),
        pytest.param("token token pause away", (math.inf, math.inf), id="still-only-a-question"),
        pytest.param("token token pause good", SECOND_LOOK_IN, id="a-question-proved"),
    ],
)
def test_when_a_probe_is_due(steps: str, bounds: tuple[float, float]) -> None:
    for seed in range(20):
        course = Course(seed)
        course.play(steps)
        assert bounds[0] <= course.breaker.look_in(course.now) <= bounds[1]


def test_a_flapping_service_changes_the_mode_seldom() -> None:
    """Well for just long enough to be believed, then down again: the worst for the screen."""
    for seed in range(20):
        course = Course(seed)
        course.good()
        changes: list[float] = []
        while course.now < 1000.0 + 2 * 3600:
            course.open()
            changes.append(course.now)
            course.close()
            changes.append(course.now)
        first = [at for at in changes if at < 1000.0 + 600]
        assert len(first) <= 18
        for start in range(600, 6600, 60):
            window = [at for at in changes if 1000 + start <= at < 1000 + start + 600]
            assert len(window) <= 10
