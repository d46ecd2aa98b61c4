"""The door to the network, and what can go wrong there: all of it ends in time, with its cause."""

from __future__ import annotations

import gzip
import random
import socket
import ssl
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kiosk.demo.certificates import Certificates, make_certificates
from kiosk.lookup import Cause
from kiosk.online import line
from kiosk.online.client import Client, Reply
from kiosk.online.deadline import Deadline
from kiosk.online.errors import ServiceError
from kiosk.online.messages import MAX_BYTES
from kiosk.online.resolve import Resolver
from tests.online.asking import (
    BODY,
    CHUNKS,
    ENOUGH,
    OPEN_END,
    SECONDS,
    SLACK,
    WHOLE,
    cause_of,
    endless,
    post,
    sending,
    sending_then_hang,
)
from tests.online.servers import Peer, RawServer, answer, full_server

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiosk.online.resolve import Place

FAULTS: dict[str, tuple[Callable[[Peer], None], Cause | None]] = {
    "silent": (Peer.hang, Cause.TIMEOUT),
    "drip-body": (
        lambda peer: peer.drip(b"x", first=answer(200, bytes(500))[:-500]),
        Cause.TIMEOUT,
    ),
    "drip-without-length": (lambda peer: peer.drip(b"x", first=OPEN_END), Cause.TIMEOUT),
    "drip-chunks": (lambda peer: peer.drip(b"1\r\nx\r\n", first=CHUNKS), Cause.TIMEOUT),
    "drip-head": (lambda peer: peer.drip(WHOLE), Cause.TIMEOUT),
    "drip-header-line": (
        lambda peer: peer.drip(b"x", first=b"HTTP/1.1 200 OK\r\nX: "),
        Cause.TIMEOUT,
    ),
    "drip-status-line": (lambda peer: peer.drip(b"x", first=b"HTTP/1.1 200 "), Cause.TIMEOUT),
    "stalls-in-the-body": (sending_then_hang(WHOLE[:-5]), Cause.TIMEOUT),
    "stalls-in-the-head": (sending_then_hang(WHOLE[:20]), Cause.TIMEOUT),
    "continues-for-ever": (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), Cause.TIMEOUT),
    "endless-headers": (endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), Cause.MALFORMED),
    "endless-header": (endless(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 4096), Cause.MALFORMED),
    "endless-status": (endless(b"HTTP/1.1 200 ", b"y" * 4096), Cause.MALFORMED),
    "endless-body": (endless(OPEN_END, bytes(65536)), Cause.MALFORMED),
    "endless-chunks": (endless(CHUNKS, b"4000\r\n" + bytes(0x4000) + b"\r\n"), Cause.MALFORMED),
    "endless-small-chunks": (endless(CHUNKS, b"1\r\na\r\n" * 10_000), None),
    "endless-redirect": (
        endless(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", bytes(65536)),
        Cause.BROKEN,
    ),
    "huge-chunk": (
        sending_then_hang(CHUNKS, b"7fffffff\r\n", bytes(MAX_BYTES + 1)),
        Cause.MALFORMED,
    ),
    "a-byte-too-large": (sending(answer(200, bytes(MAX_BYTES + 1))), Cause.MALFORMED),
    "says-it-is-huge": (
        sending_then_hang(answer(200, BODY, "Content-Length: 10000000000")),
        Cause.MALFORMED,
    ),
    "cut": (sending(WHOLE[:-5]), Cause.NO_NETWORK),
    "cut-in-a-chunk": (sending(CHUNKS, b"5\r\nab"), Cause.NO_NETWORK),
    "cut-between-chunks": (sending(CHUNKS, b"2\r\nab\r\n"), Cause.NO_NETWORK),
    "hangs-up": (sending(), Cause.NO_NETWORK),
    "reset": (Peer.reset, Cause.NO_NETWORK),
    "not-http": (sending(b"SSH-2.0-OpenSSH_9.2\r\n"), Cause.MALFORMED),
    "not-a-chunk": (sending(CHUNKS, b"zz\r\nab\r\n"), Cause.NO_NETWORK),
    "two-lengths": (sending(answer(200, BODY, "Content-Length: 3, 4")), Cause.MALFORMED),
    "gzip": (sending(answer(200, gzip.compress(BODY), "Content-Encoding: gzip")), Cause.MALFORMED),
}


def seconds_for(cause: Cause | None) -> float:
    """A short time only where it is to run out; a busy machine has enough for the rest."""
    return ENOUGH if cause not in {Cause.TIMEOUT, None} else SECONDS


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_of_the_answer(fault: str, certificates: Certificates) -> None:
    act, cause = FAULTS[fault]
    with RawServer(act, certificates) as server:
        found = cause_of(Client(server.url, certificates.ca), seconds_for(cause))
    assert found in ({cause} if cause else {Cause.TIMEOUT, Cause.MALFORMED})
    assert len(server.peers) <= 1, "it is not asked again"


HANDSHAKES: dict[str, tuple[Callable[[Peer], None], Cause]] = {
    "silent": (Peer.hang, Cause.TIMEOUT),
    # A record of 16 KB begins, and comes byte by byte.
    "drip": (lambda peer: peer.drip(b"\0", first=b"\x16\x03\x03\x40\x00"), Cause.TIMEOUT),
    "hangs-up": (sending(), Cause.NO_NETWORK),
    "reset": (Peer.reset, Cause.NO_NETWORK),
    "no-tls": (sending_then_hang(answer(400, b"plain")), Cause.TLS),
    "alert": (sending_then_hang(b"\x15\x03\x03\x00\x02\x02\x28"), Cause.TLS),
}


@pytest.mark.parametrize("fault", HANDSHAKES)
def test_faults_of_the_handshake(fault: str, certificates: Certificates) -> None:
    act, cause = HANDSHAKES[fault]
    with RawServer(act, certificates, early=True) as server:
        assert cause_of(Client(server.url, certificates.ca), seconds_for(cause)) is cause


def test_nobody_listens(certificates: Certificates) -> None:
    with RawServer(Peer.hang, certificates) as server:
        pass
    assert cause_of(Client(server.url, certificates.ca)) is Cause.NO_NETWORK


def test_connecting_takes_too_long(certificates: Certificates) -> None:
    with full_server() as port:
        client = Client(f"https://127.0.0.1:{port}", certificates.ca)
        assert cause_of(client, SECONDS) is Cause.TIMEOUT
        # Before the deadline: another service may have the rest of the time.
        begun = time.monotonic()
        assert cause_of(client, 60.0) is Cause.TIMEOUT
        assert time.monotonic() - begun < line.CONNECT_SECONDS + SLACK


def test_a_deadline_that_is_over_connects_to_nobody(certificates: Certificates) -> None:
    with RawServer(sending(WHOLE), certificates) as server:
        assert cause_of(Client(server.url, certificates.ca), 0.0) is Cause.TIMEOUT
    assert not server.peers


def test_addresses_are_tried_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificates = make_certificates(tmp_path, host="fund.example")
    with RawServer(Peer.hang) as gone:
        pass
    with full_server() as full, RawServer(sending(WHOLE), certificates) as server:
        places: list[Place] = [
            (socket.AF_INET, ("127.0.0.1", port)) for port in (gone.port, full, server.port)
        ]
        monkeypatch.setattr(line, "_RESOLVER", Resolver(lambda *_: places))
        client = Client("https://fund.example/ask", certificates.ca)
        assert post(client) == Reply(200, BODY)
        places.pop()
        assert cause_of(client, SECONDS) is Cause.TIMEOUT
        places.pop()
        assert cause_of(client) is Cause.NO_NETWORK


WAITS = {
    "for-the-answer": (Peer.hang, False),
    "in-the-body": (sending_then_hang(WHOLE[:-5]), False),
    "in-a-drip": (lambda peer: peer.drip(b"x", first=OPEN_END), False),
    "in-the-handshake": (Peer.hang, True),
}


@pytest.mark.parametrize("wait", WAITS)
def test_cancelled(wait: str, certificates: Certificates) -> None:
    act, early = WAITS[wait]
    acting = threading.Event()

    def then(peer: Peer) -> None:
        acting.set()
        act(peer)

    with RawServer(then, certificates, early=early) as server:
        client = Client(server.url, certificates.ca)
        cancelled_after(client, acting)


def test_cancelled_while_connecting(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "CONNECT_SECONDS", 30.0)
    acting = threading.Event()
    with full_server() as port:
        threading.Timer(0.1, acting.set).start()
        cancelled_after(Client(f"https://127.0.0.1:{port}", certificates.ca), acting)


def cancelled_after(client: Client, acting: threading.Event) -> None:
    """A question that nobody waits for any more ends at once."""
    deadline = Deadline(30.0)
    causes = []

    def ask() -> None:
        with pytest.raises(ServiceError) as caught:
            client.post(b"question", {}, deadline)
        causes.append(caught.value.cause)

    asking = threading.Thread(target=ask)
    asking.start()
    assert acting.wait(10)
    deadline.cancel()
    asking.join(SLACK)
    assert causes == [Cause.CANCELLED]


def test_nothing_is_left_behind(certificates: Certificates) -> None:
    def left() -> tuple[int, int]:
        return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))

    before = left()
    for early, faults in ((False, FAULTS), (True, HANDSHAKES)):
        for act, _ in faults.values():
            with (
                RawServer(act, certificates, early=early) as server,
                pytest.raises(ServiceError),
            ):
                post(Client(server.url, certificates.ca), 0.05)
    give_up = time.monotonic() + 10
    # Less is no leak: what tests before have started may end meanwhile.
    while any(now > then for now, then in zip(left(), before, strict=True)):
        assert time.monotonic() < give_up, (left(), before)
        time.sleep(0.01)


def test_an_error_of_before_is_not_taken_for_this_one(certificates: Certificates) -> None:
    with RawServer(Peer.reset, certificates) as server:
        client = Client(server.url, certificates.ca)
        try:
            raise ssl.SSLCertVerificationError("of another service, before")
        except ssl.SSLError:
            assert cause_of(client) is Cause.NO_NETWORK


PIECES = (
    *(f"HTTP/1.1 {status} X\r\n".encode() for status in (200, 100, 101, 302, 500)),
    *(f"Content-Length: {length}\r\n".encode() for length in ("5", "-1", "5, 5", "x", "9" * 30)),
    *(f"Transfer-Encoding: {coding}\r\n".encode() for coding in ("chunked", "gzip, chunked")),
    *(
        b"Set-Cookie: \xd0=\x00\r\n",
        b"Content-Type: a; charset=\xd1\r\n",
        b"Location: http://[\r\n",
    ),
    *(
        b"5\r\nabcde\r\n",
        b"-5\r\n",
        b"ffffffffffffffff\r\n",
        b"0\r\n\r\n",
        b"\r\n",
        b": ",
        b" X\r\n",
    ),
    *(b"HTTP/2 200\r\n", b"HTTP/1.1 ", b"abcde", bytes(range(256))),
)


def test_rubbish_ends_as_a_reply_or_an_error_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    chance = random.Random(5)  # noqa: S311  # repeatable rubbish
    pieces: list[bytes] = []
    with RawServer(lambda peer: peer.send(b"".join(pieces))) as server:
        client = Client(server.url, None)
        for _ in range(300):
            pieces[:] = [PIECES[0]] * chance.randrange(2)
            pieces += chance.choices(PIECES, k=chance.randrange(8))
            with suppress(ServiceError):
                post(client)
    assert not [record for record in caplog.records if record.name == "urllib3.connection"]


@pytest.mark.parametrize("fault", ["silent", "hangs-up", "not-http"])
def test_probe_of_what_is_broken(fault: str, certificates: Certificates) -> None:
    act, cause = FAULTS[fault]
    with RawServer(act, certificates) as server, pytest.raises(ServiceError) as caught:
        Client(server.url, certificates.ca).probe(Deadline(seconds_for(cause)))
    assert caught.value.cause is cause
