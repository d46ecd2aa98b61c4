"""Names of hosts: asked for on a thread, so that a dead resolver holds nobody up."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from kiosk.lookup import Cause
from kiosk.online import resolve
from kiosk.online.deadline import Deadline
from kiosk.online.errors import ServiceError
from kiosk.online.resolve import MOST_LOOKUPS, Resolver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiosk.online.resolve import Place

PLACES: list[Place] = [(socket.AF_INET, ("192.0.2.1", 443))]
HOST = "fund.example"


@dataclass
class System:
    """A resolver that hangs until `go`."""

    go: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)
    places: list[Place] = field(default_factory=lambda: PLACES)

    def look_up(self, host: str, port: int) -> list[Place]:
        """As `Resolver` wants it."""
        self.asked.append(host)
        assert self.go.wait(30)
        if not self.places:
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return self.places


@pytest.fixture
def system() -> Iterator[System]:
    """A resolver that hangs; its threads end with the test."""
    system = System()
    yield system
    system.go.set()
    _join_resolvers()


def _join_resolvers() -> None:
    for thread in threading.enumerate():
        if thread.name == "resolver":
            thread.join()


def cause_of(resolver: Resolver, host: str = HOST, seconds: float = 0.1) -> Cause:
    """Why there is no place."""
    with pytest.raises(ServiceError) as caught:
        resolver.places(host, 443, Deadline(seconds))
    return caught.value.cause


def test_a_name(system: System) -> None:
    system.go.set()
    resolver = Resolver(system.look_up)
    assert resolver.places(HOST, 443, Deadline(20)) == PLACES
    assert resolver.places(HOST, 443, Deadline(20)) == PLACES
    assert system.asked == [HOST, HOST], "an answer in time is not kept"


@pytest.mark.parametrize("host", ["192.0.2.1", "::1"])
def test_digits_need_no_resolver(host: str, system: System) -> None:
    ((_, address),) = Resolver(system.look_up).places(host, 443, Deadline(20))
    assert address[:2] == (host, 443)
    assert not system.asked


def test_the_systems_resolver() -> None:
    places = Resolver().places("localhost", 443, Deadline(20))
    assert {address[0] for _, address in places} & {"127.0.0.1", "::1"}


def test_a_name_that_is_not_known(system: System) -> None:
    system.go.set()
    system.places = []
    assert cause_of(Resolver(system.look_up), seconds=20) is Cause.NO_NETWORK


def test_a_hanging_call_is_waited_for_again(system: System) -> None:
    resolver = Resolver(system.look_up)
    before = threading.active_count()
    assert [cause_of(resolver) for _ in range(5)] == [Cause.TIMEOUT] * 5
    assert system.asked == [HOST]
    assert threading.active_count() <= before + 2, "one call, and a timer that is ending"
    system.go.set()
    assert resolver.places(HOST, 443, Deadline(20)) == PLACES
    assert system.asked == [HOST]


def test_an_end_before_the_deadlines(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolve, "LOOKUP_SECONDS", 0.05)
    deadline = Deadline(60)
    with pytest.raises(ServiceError, match=HOST) as caught:
        Resolver(system.look_up).places(HOST, 443, deadline)
    assert caught.value.cause is Cause.TIMEOUT
    assert deadline.left() > 10


@pytest.mark.parametrize("places", [PLACES, []], ids=["too-old", "failed"])
def test_late_answers_that_are_of_no_use(
    places: list[Place], system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolve, "_KEEP_SECONDS", 0.0)
    resolver = Resolver(system.look_up)
    system.places = places
    assert cause_of(resolver) is Cause.TIMEOUT
    system.go.set()
    _join_resolvers()
    system.places = PLACES
    assert resolver.places(HOST, 443, Deadline(20)) == PLACES
    assert system.asked == [HOST, HOST]


def test_calls_that_hang_do_not_pile_up(system: System) -> None:
    resolver = Resolver(system.look_up)
    hosts = [f"{number}.example" for number in range(MOST_LOOKUPS + 2)]
    causes = [cause_of(resolver, host) for host in hosts]
    assert causes == [Cause.TIMEOUT] * MOST_LOOKUPS + [Cause.NO_NETWORK] * 2
    system.go.set()
    _join_resolvers()
    assert sorted(system.asked) == hosts[:MOST_LOOKUPS]


def test_two_wait_for_one_call(system: System) -> None:
    resolver = Resolver(system.look_up)
    found: list[list[Place]] = []
    threads = [
        threading.Thread(target=lambda: found.append(resolver.places(HOST, 443, Deadline(20))))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    while not system.asked:
        time.sleep(0.001)
    system.go.set()
    for thread in threads:
        thread.join()
    assert found == [PLACES] * 2


def test_cancelled(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolve, "LOOKUP_SECONDS", 30.0)
    deadline = Deadline(60)
    causes: list[Cause] = []

    def ask() -> None:
        with pytest.raises(ServiceError) as caught:
            Resolver(system.look_up).places(HOST, 443, deadline)
        causes.append(caught.value.cause)

    asking = threading.Thread(target=ask)
    asking.start()
    while not system.asked:
        time.sleep(0.001)
    deadline.cancel()
    asking.join(20)
    assert causes == [Cause.CANCELLED]
