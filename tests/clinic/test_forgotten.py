"""When a person has left, nothing of them is left here, by whichever door somebody asked."""

from __future__ import annotations

import gc
import json
import socket
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kiosk.clinic import api
from kiosk.clinic.connection import Connection
from kiosk.policy.model import Photo
from tests.clinic.secure import Doors, open_doors
from tests.clinic.serving import PATIENCE, shown, wait_for
from tests.clinic.test_events import Stream
from tests.kiosk.cases import ENP, POLICY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOORS = ("unix", "loopback", "tls")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    with open_doors(tmp_path_factory.mktemp("papers")) as one:
        yield one


@pytest.fixture
def doors(running: Doors) -> Iterator[Doors]:
    running.served.feed.publish(None)
    yield running
    running.served.feed.publish(None)


@pytest.mark.parametrize("door", DOORS)
def test_the_heap_holds_nothing(doors: Doors, door: str) -> None:
    # Put together here: the source that pytest keeps must not be found.
    surname = f"ЩЕГОЛЬСКИЙ-{'НЕПОВТОРИМЫЙ'.title()}"

    def publish() -> None:
        one = replace(POLICY, surname=surname, enp=ENP[:-1] + "3")
        doors.served.feed.publish(shown(policy=one))

    with ExitStack() as open_ones:
        stream = open_ones.enter_context(_listening(doors, door))
        idle = open_ones.enter_context(_listening(doors, door))
        publish()
        while stream.next()[0] != "verdict":
            pass
        # Connections that stay open, as those of clinics' programs do.
        for kind in ("application/json", "application/fhir+json"):
            connection = open_ones.enter_context(closing(doors.connection(door)))
            assert surname in doors.ask(connection, "/v1/policy/current", Accept=kind).decode()
        doors.served.feed.publish(None)
        assert stream.next()[0] == "removed"
        assert idle.next()[0] == "standing"
        assert found(surname) == []


@pytest.mark.parametrize("door", DOORS)
def test_an_answer_on_its_way_goes_with_its_person(
    doors: Doors, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not by its own time being over: reading gives up before.
    monkeypatch.setattr(api, "SEND_SECONDS", 6 * PATIENCE)
    photo = Photo("image/jpeg", bytes(400_000))
    with closing(doors.connection(door)) as connection:
        _connect_narrow(doors, connection, door)
        doors.served.feed.publish(shown(policy=replace(POLICY, photo=photo)))
        headers = {"Authorization": f"Bearer {doors.served.tokens['all']}"}
        connection.request("GET", "/v1/policy/current?fields=photo", headers=headers)
        assert connection.sock.recv(100).startswith(b"HTTP/1.1 200")
        doors.served.feed.publish(None)
        size = 0
        with suppress(ConnectionError):
            while part := connection.sock.recv(65536):
                size += len(part)
        assert size < 300_000, "the rest was dropped when the person left"


def test_a_kiosk_that_stops_leaves_no_answer_behind(tmp_path: Path) -> None:
    photo = Photo("image/jpeg", bytes(400_000))
    with ExitStack() as open_ones:
        # Not a question of when somebody clears up.
        gc.disable()
        open_ones.callback(gc.enable)
        asked = []
        with open_doors(tmp_path) as doors:
            doors.served.feed.publish(shown(policy=replace(POLICY, photo=photo)))
            for door in DOORS:
                connection = open_ones.enter_context(closing(doors.connection(door)))
                _connect_narrow(doors, connection, door)
                headers = {"Authorization": f"Bearer {doors.served.tokens['all']}"}
                connection.request("GET", "/v1/policy/current?fields=photo", headers=headers)
                assert connection.sock.recv(100).startswith(b"HTTP/1.1 200")
                asked.append(connection)
        for connection in asked:
            size = 0
            # A line that stayed open would end in a TimeoutError here.
            with suppress(ConnectionError):
                while part := connection.sock.recv(65536):
                    size += len(part)
            assert size < 300_000


@pytest.mark.parametrize("door", ["loopback", "tls"])
def test_the_kernel_keeps_nothing_for_somebody_who_does_not_read(
    doors: Doors, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.clinic.doors._UNTAKEN_MS", 200)
    with closing(doors.connection(door)) as connection:
        _connect_narrow(doors, connection, door)
        headers = {"Authorization": f"Bearer {doors.served.tokens['all']}"}
        connection.request("GET", "/v1/events", headers=headers)
        assert connection.sock.recv(100).startswith(b"HTTP/1.1 200")
        # More than its reader takes, less than the kernel does: the kiosk itself holds nothing.
        for place in ("А" * 4000, "Б" * 4000):
            doors.served.feed.publish(shown(policy=replace(POLICY, birth_place=place)))
        assert _inside(door) > 0
        wait_for(lambda: _inside(door) == 0, 8)


def _inside(door: str) -> int:
    """How many connections are open at a door."""
    return sum(
        isinstance(one, Connection) and one.transport is not None and one.rules.door == door
        for one in gc.get_objects()
    )


def _connect_narrow(doors: Doors, connection: object, door: str) -> None:
    """Connect with the smallest buffer for what comes in."""
    family, address = (
        (socket.AF_UNIX, str(doors.served.socket))
        if door == "unix"
        else (
            socket.AF_INET,
            ("127.0.0.1", doors.served.port if door == "loopback" else doors.port),
        )
    )
    plain = socket.socket(family)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    plain.settimeout(PATIENCE)
    plain.connect(address)
    if door == "tls":
        plain = doors.context().wrap_socket(plain, server_hostname="localhost")
    connection.sock = plain  # type: ignore[attr-defined]


class _listening:  # noqa: N801  # a context manager
    """Events by a door, over a connection of their own."""

    def __init__(self, doors: Doors, door: str) -> None:
        self._connection = doors.connection(door)
        headers = {"Authorization": f"Bearer {doors.served.tokens['all']}"}
        self._connection.request("GET", "/v1/events", headers=headers)
        self._answer = self._connection.getresponse()

    def __enter__(self) -> Stream:
        return Stream(self._answer)

    def __exit__(self, *_why: object) -> None:
        self._answer.close()
        self._connection.close()


def found(text: str) -> list[str]:
    """Kinds of objects of this process that hold `text`; pytest's own and this call's left out."""
    gc.collect()
    needles = (text.encode(), json.dumps(text).encode())
    kinds = []
    for one in gc.get_objects():
        if one is needles:
            continue
        for value in gc.get_referents(one):
            if isinstance(value, bytes | bytearray):
                holds = any(part in value for part in needles)
            else:
                holds = isinstance(value, str) and text in value and value is not text
            if holds:
                kinds.append(type(one).__name__)
    return kinds
