"""The fund asked by several threads at once, and questions that are cancelled from another."""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING, ClassVar

from kiosk.lookup import Absent, Cause, Found, Unavailable
from kiosk.online.breaker import State
from kiosk.online.deadline import Deadline
from kiosk.online.errors import ServiceError
from kiosk.online.fund import Fund, FundMode
from tests.online.scripted import FOUND, NOW, POLICY, Scripted
from tests.online.virtual_time import VirtualTime

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kiosk.policy.model import PresentedPolicy

PATIENCE = 20.0


class Held:
    """A service whose questions wait until they are let go, or cancelled."""

    name: ClassVar[str] = "ferzl"

    def __init__(self, *, heeds_cancel: bool = True) -> None:
        self.heeds_cancel = heeds_cancel
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
            with deadline.ending(self.go.set if self.heeds_cancel else lambda: None):
                self.begun.release()
                self.go.wait(2 * PATIENCE)
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
    deadline = Deadline(3 * PATIENCE)
    thread, said = in_thread(lambda: fund.ask_within(POLICY, NOW, deadline))
    assert held.begun.acquire(timeout=PATIENCE)
    deadline.cancel()
    thread.join(PATIENCE)
    assert said == [Unavailable(Cause.CANCELLED)]
    assert other.asked == [], "nobody waits for the second service either"
    assert [one.failures for one in fund.status()] == [0, 0]


def test_a_cancelled_question_gives_the_half_open_slot_back() -> None:
    held = Held()
    fund = open_fund(VirtualTime(), held)
    deadline = Deadline(3 * PATIENCE)
    thread, said = in_thread(lambda: fund.ask_within(POLICY, NOW, deadline))
    assert held.begun.acquire(timeout=PATIENCE)
    assert fund.ask(POLICY, NOW) == Unavailable(Cause.PAUSED), "one at a time"
    deadline.cancel()
    thread.join(PATIENCE)
    assert said == [Unavailable(Cause.CANCELLED)]
    held.go.set()
    assert fund.ask(POLICY, NOW) == FOUND
    assert fund.ask(POLICY, NOW) == FOUND
    assert fund.mode is FundMode.ONLINE


def test_many_threads_send_one_question_to_a_service_that_comes_back() -> None:
    held = Held()
    fund = open_fund(VirtualTime(), held)
    threads = [in_thread(lambda: fund.ask(POLICY, NOW)) for _ in range(8)]
    assert held.begun.acquire(timeout=PATIENCE)
    while sum(len(said) for _, said in threads) < 7:
        time.sleep(0.005)
    assert held.most == 1
    held.go.set()
    for thread, _ in threads:
        thread.join(PATIENCE)
    answers = [said[0] for _, said in threads]
    assert sorted(map(str, answers)) == sorted(map(str, [FOUND, *[Unavailable(Cause.PAUSED)] * 7]))


def test_healthy_services_are_asked_by_several_threads_at_once() -> None:
    held = Held()
    fund = Fund([held])
    threads = [in_thread(lambda: fund.ask(POLICY, NOW)) for _ in range(2)]
    assert held.begun.acquire(timeout=PATIENCE)
    assert held.begun.acquire(timeout=PATIENCE)
    held.go.set()
    for thread, said in threads:
        thread.join(PATIENCE)
        assert said == [FOUND]
    assert held.most == 2


def test_who_was_cancelled_holds_no_slot_even_before_their_exchange_has_ended() -> None:
    held = Held(heeds_cancel=False)
    fund = open_fund(VirtualTime(), held)
    deadline = Deadline(3 * PATIENCE)
    thread, said = in_thread(lambda: fund.ask_within(POLICY, NOW, deadline))
    assert held.begun.acquire(timeout=PATIENCE)
    deadline.cancel()
    second, answers = in_thread(lambda: fund.ask(POLICY, NOW))
    assert held.begun.acquire(timeout=PATIENCE), "the next person's question goes out at once"
    assert fund.ask(POLICY, NOW) == Unavailable(Cause.PAUSED), "and still one at a time"
    held.go.set()
    thread.join(PATIENCE)
    second.join(PATIENCE)
    assert (said, answers) == ([Unavailable(Cause.CANCELLED)], [FOUND])
    assert fund.status()[0].state is State.HALF_OPEN, "the late end of the first changes nothing"
