"""Events: their order, their speed, and readers that do not read."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kiosk.clinic import hub as hub_module
from kiosk.clinic.api import SEND_SECONDS
from kiosk.clinic.feed import ClinicFeed
from kiosk.clinic.fields import ALWAYS, FIELDS, Scope, allowed
from kiosk.clinic.hub import MOST_LISTENERS, MOST_WAITING, Hub, Listener
from kiosk.clinic.snapshot import Standing
from kiosk.clinic.tokens import Caller
from kiosk.policy.model import Photo
from kiosk.reasons import Note
from tests.clinic.serving import (
    INSURED,
    PATIENCE,
    Served,
    UnixConnection,
    inserted,
    served,
    shown,
    wait_for,
)
from tests.kiosk.cases import ENP, POLICY

if TYPE_CHECKING:
    import http.client
    from collections.abc import Iterator

    import pytest

CALLER = Caller("test", frozenset(Scope))


class Stream:
    """One open stream of events, read line by line."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.answer = answer

    def next(self) -> tuple[str, dict[str, Any]]:
        """The next event; comments are passed over."""
        name, data = "", ""
        while True:
            line = self.answer.readline().decode()
            assert line, "the stream has ended"
            if line.startswith("event: "):
                name = line[7:-1]
            elif line.startswith("data: "):
                data = line[6:-1]
            elif line == "\n" and name:
                return name, json.loads(data)
            else:
                assert line == "\n" or line.startswith(":")

    def ended(self) -> bool:
        """Whether nothing more comes."""
        return self.answer.read() == b""


@contextmanager
def listening(
    clinic: Served,
    token: str = "all",  # noqa: S107  # a name
    query: str = "",
) -> Iterator[Stream]:
    with closing(UnixConnection(clinic.socket)) as connection:
        headers = {"Authorization": f"Bearer {clinic.tokens[token]}"}
        connection.request("GET", f"/v1/events{query}", headers=headers)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-store"
        with answer:
            yield Stream(answer)


def test_a_visit_from_the_first_sign_to_the_last(clinic: Served) -> None:
    with listening(clinic) as stream:
        name, said = stream.next()
        assert (name, said["kiosk"]) == ("standing", "0412")
        clinic.feed.publish(inserted(5))
        assert stream.next() == (
            "inserted",
            {"presence": 5, "card": True, "since": "2026-11-22T12:00:00.000+00:00"},
        )
        clinic.feed.publish(shown(5))
        name, said = stream.next()
        assert (name, said["presence"], said["verdict"], said["enp"]) == (
            "verdict",
            5,
            "insured",
            ENP,
        )
        clinic.feed.publish(None)
        assert stream.next() == ("removed", {"presence": 5})


def test_who_comes_late_is_told_what_is_so_now(clinic: Served) -> None:
    clinic.feed.publish(shown(8))
    with listening(clinic) as stream:
        assert [stream.next()[0] for _ in range(3)] == ["standing", "inserted", "verdict"]
    clinic.feed.publish(None)
    with listening(clinic) as stream:
        assert stream.next()[0] == "standing"
        clinic.feed.publish(inserted(9))
        assert stream.next()[0] == "inserted"


def test_the_next_person_comes_after_the_last_one_left(clinic: Served) -> None:
    with listening(clinic) as stream:
        stream.next()
        clinic.feed.publish(shown(1))
        assert [stream.next()[0] for _ in range(2)] == ["inserted", "verdict"]
        clinic.feed.publish(shown(2))
        told = [stream.next() for _ in range(3)]
        assert [(name, said["presence"]) for name, said in told] == [
            ("removed", 1),
            ("inserted", 2),
            ("verdict", 2),
        ]


def test_a_verdict_that_is_completed_is_told_again(clinic: Served) -> None:
    with listening(clinic) as stream:
        stream.next()
        clinic.feed.publish(shown(1))
        assert [stream.next()[0] for _ in range(2)] == ["inserted", "verdict"]
        with_photo = replace(POLICY, photo=Photo("image/jpeg", b"\xff\xd8\xff"))
        verdict = replace(INSURED, notes=(Note.LIST_AGEING,))
        clinic.feed.publish(shown(1, verdict, with_photo))
        name, said = stream.next()
        assert (name, said["notes"]) == ("verdict", ["list_ageing"])
        assert said["photo"] == {"mime": "image/jpeg", "size_bytes": 3}


def test_events_keep_to_scope_and_fields(clinic: Served) -> None:
    with (
        listening(clinic, "verdict") as verdict,
        listening(clinic, "all", "?fields=enp") as number,
    ):
        for stream in (verdict, number):
            assert stream.next()[0] == "standing"
        clinic.feed.publish(shown())
        for stream, names in ((verdict, FIELDS[Scope.VERDICT]), (number, ("enp",))):
            stream.next()
            assert set(stream.next()[1]) == {*ALWAYS, *names}


def test_the_list_becoming_older_is_told(clinic: Served) -> None:
    with listening(clinic) as stream:
        stream.next()
        clinic.feed._put(None, Standing("0413"))
        try:
            assert stream.next()[1]["kiosk"] == "0413"
        finally:
            # The feed is all tests', in any order.
            clinic.feed._put(None, Standing("0412"))


def test_each_frame_has_its_events_in_order(clinic: Served) -> None:
    with listening(clinic) as stream:
        stream.next()
        for presence in range(1, 60):
            clinic.feed.publish(inserted(presence))
            clinic.feed.publish(shown(presence))
            names = []
            while "verdict" not in names:
                name, said = stream.next()
                names.append(name)
                assert said["presence"] == presence - (name == "removed")
            assert names == [*(["removed"] if presence > 1 else []), "inserted", "verdict"]


def test_there_are_so_many_streams_and_no_more(clinic: Served) -> None:
    with ExitStack() as stack:
        streams = [stack.enter_context(listening(clinic)) for _ in range(MOST_LISTENERS)]
        answer = clinic.get("/v1/events")
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert clinic.get().status == 204
        clinic.feed.publish(inserted())
        for stream in streams:
            assert [stream.next()[0] for _ in range(2)] == ["standing", "inserted"]

    def has_room() -> bool:
        # Whoever leaves makes room at once, not at the next sign of life.
        with closing(UnixConnection(clinic.socket)) as connection:
            headers = {"Authorization": f"Bearer {clinic.tokens['all']}"}
            connection.request("GET", "/v1/events", headers=headers)
            return connection.getresponse().status == 200

    wait_for(has_room, 5)


def test_a_reader_that_stops_is_let_go_and_holds_up_nobody(clinic: Served) -> None:
    with socket.socket(socket.AF_UNIX) as stuck, listening(clinic) as stream:
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        stuck.settimeout(PATIENCE)
        stuck.connect(str(clinic.socket))
        token = clinic.tokens["all"]
        stuck.sendall(
            f"GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        )
        assert stuck.recv(12) == b"HTTP/1.1 200"
        stream.next()
        slowest = 0.0
        for presence in range(1, 300):
            began = time.perf_counter()
            clinic.feed.publish(shown(presence, policy=replace(POLICY, birth_place="Д" * 500)))
            while stream.next()[0] != "verdict":
                pass
            slowest = max(slowest, time.perf_counter() - began)
        assert slowest < SEND_SECONDS, "nobody waits until its time is over"
        # What is left in the kernel comes, and then the end of the line.
        try:
            while stuck.recv(65536):
                pass
        except ConnectionError:
            pass


def test_a_token_that_is_taken_back_ends_its_streams(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kiosk.clinic.worker.KEEP_ALIVE_SECONDS", 0.1)
    with served() as clinic, listening(clinic) as stream, listening(clinic, "verdict") as other:
        assert stream.next()[0] == other.next()[0] == "standing"
        assert clinic.section.tokens_file is not None
        lines = [line for line in clinic.token_lines if not line.startswith("all ")]
        clinic.section.tokens_file.write_text("\n".join(lines), encoding="ascii")
        assert stream.next() == ("closing", {"cause": "token"})
        assert stream.ended()
        assert clinic.get().status == 401
        clinic.feed.publish(inserted())
        assert other.next()[0] == "inserted"


def test_the_end_of_the_kiosk_is_told() -> None:
    with served() as one:
        connection = UnixConnection(one.socket)
        headers = {"Authorization": f"Bearer {one.tokens['all']}"}
        connection.request("GET", "/v1/events", headers=headers)
        stream = Stream(connection.getresponse())
        assert stream.next()[0] == "standing"
    assert stream.next() == ("closing", {"cause": "stopping"})
    assert stream.ended()
    connection.close()


# What waits for a listener, without a server


def test_signs_of_life_come_between_events() -> None:
    hub = Hub(ClinicFeed())
    listener = Listener(CALLER, allowed(Scope), None)
    assert hub.join(listener)
    hub.keep_alive(lambda _caller: True)
    assert listener._waiting[-1].startswith(b":")


def test_who_is_behind_is_let_go_with_a_reason() -> None:
    feed = ClinicFeed()
    hub = Hub(feed)
    listener = Listener(CALLER, allowed(Scope), None)
    hub.join(listener)
    for presence in range(MOST_WAITING):
        feed.publish(inserted(presence + 1))
        hub.look()
        feed._put(feed.latest.snapshot, Standing(str(presence)))
        hub.look()
    assert listener.ends
    assert [*listener._waiting] == [b'event: closing\ndata: {"cause":"slow"}\n\n']


def test_what_was_not_sent_yet_is_dropped_when_the_person_leaves() -> None:
    feed = ClinicFeed()
    hub = Hub(feed)
    listener = Listener(CALLER, allowed(Scope), None)
    hub.join(listener)
    feed.publish(shown(3))
    hub.look()
    assert any(ENP.encode() in event for event in listener._waiting)
    feed.publish(None)
    hub.look()
    names = [event.split(b"\n")[0] for event in listener._waiting]
    assert names == [b"event: standing", b"event: removed"]


def test_that_somebody_left_is_told_also_when_the_next_one_has_left() -> None:
    feed = ClinicFeed()
    hub = Hub(feed)
    listener = Listener(CALLER, allowed(Scope), None)
    hub.join(listener)
    for snapshot in (shown(3), shown(4), None):
        feed.publish(snapshot)
        hub.look()
    assert [event for event in listener._waiting if b"standing" not in event] == [
        b'event: removed\ndata: {"presence":3}\n\n',
        b'event: removed\ndata: {"presence":4}\n\n',
    ]


def test_the_screens_thread_never_waits_for_the_loop(
    clinic: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    free, given_up = threading.Event(), threading.Event()

    def hang(_hub: Hub) -> None:
        if not free.wait(PATIENCE):
            given_up.set()

    monkeypatch.setattr(Hub, "look", hang)
    for presence in range(1, 1001):
        clinic.feed.publish(inserted(presence))
    assert not given_up.is_set()
    free.set()


def test_a_loop_that_is_gone_is_no_error() -> None:
    feed = ClinicFeed()

    def wake() -> None:
        raise RuntimeError("Event loop is closed")

    feed.listen(wake)
    feed.publish(inserted())
    assert feed.latest.sequence == 1
    assert hub_module.Hub(feed) is not None
