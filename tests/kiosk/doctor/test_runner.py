"""A check that hangs or fails holds up no other."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from kiosk.config import Config
from kiosk.doctor.finding import Finding, State, ok
from kiosk.doctor.machine import Examination, Machine
from kiosk.doctor.runner import Check, examine, within

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMINATION = Examination(Config(), Machine())


def well(_: Examination) -> Iterator[Finding]:
    yield ok("well", "it is")


def broken(_: Examination) -> Iterator[Finding]:
    yield ok("broken", "half of it")
    raise ValueError("Иванов 7856510844000012")


def test_findings_come_in_the_order_of_the_checks() -> None:
    checks = [Check(str(n), lambda _, n=n: [ok(str(n), "")]) for n in range(9)]  # type: ignore[misc]
    assert [one.name for one in examine(checks, EXAMINATION)] == [str(n) for n in range(9)]


def test_a_check_that_hangs_is_left_behind() -> None:
    released = threading.Event()

    def hangs(_: Examination) -> Iterator[Finding]:
        released.wait(50)
        yield ok("hangs", "no")

    began = time.monotonic()
    checks = [Check("hangs", hangs, 0.2), Check("hangs too", hangs, 0.2), Check("well", well)]
    found = examine(checks, EXAMINATION)
    assert time.monotonic() - began < 40
    released.set()
    assert [one.code for one in found] == ["check-hangs", "check-hangs", "ok"]
    assert found[0].state is State.FAILED
    assert found[0].todo


def test_a_check_that_fails_is_told_without_its_words() -> None:
    found = examine([Check("broken", broken), Check("well", well)], EXAMINATION)
    assert [one.code for one in found] == ["check-broken", "ok"]
    assert found[0].found.startswith("ValueError at test_runner.py:")
    assert "Иванов" not in str(found)


def test_within_hands_on_what_comes_and_what_fails() -> None:
    assert within(5, lambda: 7) == 7
    with pytest.raises(TimeoutError, match="its own"):
        within(5, _times_out)
    released = threading.Event()
    assert within(0.05, lambda: released.wait(50)) is None
    released.set()


def _times_out() -> None:
    raise TimeoutError("its own")
