"""The door to the network: every way an exchange can end, in time."""

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
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kiosk.demo.certificates import Certificates, make_certificates
from kiosk.lookup import Cause
from kiosk.online import line
from kiosk.online.client import Client, Reply
from kiosk.online.deadline import Deadline
from kiosk.online.errors import ServiceError
from kiosk.online.messages import MAX_BYTES
from kiosk.online.resolve import Resolver
from offline_cache.address import AddressError
from tests.online.servers import Peer, RawServer, answer, full_server

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiosk.online.resolve import Place

BODY = "<ответ/>".encode()
SECONDS = 0.4
SLACK = 0.8
"""For a busy machine; still far less than any timeout of the layers below."""
ASKING = "Фёдорова 1234567890123456"


def post(client: Client, seconds: float = 5.0) -> Reply:
    """Ask about somebody."""
    return client.post(ASKING.encode(), {"X-Auth-Token": "secret"}, Deadline(seconds))


def cause_of(client: Client, seconds: float = SECONDS) -> Cause:
    """Why a question is not answered, which shows in time."""
    begun = time.monotonic()
    with pytest.raises(ServiceError) as caught:
        post(client, seconds)
    assert time.monotonic() - begun < seconds + SLACK
    words = str(caught.value)
    assert not [word for word in (*ASKING.split(), "secret") if word in words]
    assert client.host in words or caught.value.cause in {Cause.TIMEOUT, Cause.CANCELLED}
    return caught.value.cause


def sending(*parts: bytes) -> Callable[[Peer], None]:
    """Send these and hang up."""
    return lambda peer: peer.send(b"".join(parts))


def sending_then_hang(*parts: bytes) -> Callable[[Peer], None]:
    """Send these and say nothing more."""

    def act(peer: Peer) -> None:
        peer.send(b"".join(parts))
        peer.hang()

    return act


def endless(head: bytes, block: bytes) -> Callable[[Peer], None]:
    """Send `head`, then `block` again and again."""

    def act(peer: Peer) -> None:
        peer.send(head)
        while not peer.over.is_set():
            peer.send(block)

    return act


WHOLE = answer(200, BODY)
OPEN_END = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

ANSWERED = {
    "plain": (WHOLE, Reply(200, BODY)),
    "soap-fault": (answer(500, BODY), Reply(500, BODY)),
    "empty": (answer(200, b""), Reply(200, b"")),
    "no-length": (OPEN_END + BODY, Reply(200, BODY)),
    "chunked": (CHUNKS + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", Reply(200, b"abcde")),
    "after-100": (b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE, Reply(200, BODY)),
    "as-large-as-allowed": (answer(200, bytes(MAX_BYTES)), Reply(200, bytes(MAX_BYTES))),
    "more-than-its-length": (WHOLE + b"more", Reply(200, BODY)),
    "length-is-no-number": (answer(200, BODY, "Content-Length: many"), Reply(200, BODY)),
    # For http.client the end of the connection ends the head, too. An empty body is no XML.
    "cut-in-the-head": (WHOLE[:20], Reply(200, b"")),
    "identity": (answer(200, BODY, "Content-Encoding: identity"), Reply(200, BODY)),
}


@pytest.mark.parametrize("case", ANSWERED)
@pytest.mark.parametrize("tls", [True, False], ids=["tls", "plain"])
def test_answers(case: str, tls: bool, certificates: Certificates) -> None:
    sent, expected = ANSWERED[case]
    used = certificates if tls else None
    with RawServer(sending(sent), used) as server:
        assert post(Client(server.url, certificates.ca)) == expected


def test_what_is_sent(certificates: Certificates) -> None:
    with RawServer(sending(WHOLE), certificates) as server:
        post(Client(server.url, certificates.ca))
    head, _, body = server.peers[0].request.partition(b"\r\n\r\n")
    first, *lines = head.decode("ascii").split("\r\n")
    headers = dict(line.lower().split(": ") for line in lines)
    assert first == "POST /ask HTTP/1.1"
    assert body == ASKING.encode()
    assert headers.pop("user-agent").startswith("oms-kiosk/")
    assert headers == {
        "host": f"127.0.0.1:{server.port}",
        "accept-encoding": "identity",
        "connection": "close",
        "content-length": str(len(body)),
        "x-auth-token": "secret",
    }


def test_a_reply_does_not_show_its_body() -> None:
    assert repr(Reply(200, BODY)) == "Reply(status=200)"


STATUSES = {
    202: Cause.MALFORMED,
    204: Cause.MALFORMED,
    301: Cause.BROKEN,
    307: Cause.BROKEN,
    400: Cause.REFUSED,
    401: Cause.UNAUTHORISED,
    403: Cause.UNAUTHORISED,
    404: Cause.REFUSED,
    415: Cause.REFUSED,
    429: Cause.BROKEN,
    501: Cause.BROKEN,
    502: Cause.BROKEN,
    503: Cause.BROKEN,
    504: Cause.BROKEN,
    599: Cause.BROKEN,
    999: Cause.BROKEN,
}


@pytest.mark.parametrize("status", STATUSES)
def test_statuses(status: int) -> None:
    with RawServer(sending(answer(status, BODY, "Location: /elsewhere"))) as server:
        assert cause_of(Client(server.url, None)) is STATUSES[status]
    assert len(server.peers) == 1


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
    "endless-chunks": (endless(CHUNKS, b"5\r\nabcde\r\n" * 1000), Cause.MALFORMED),
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


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_of_the_answer(fault: str, certificates: Certificates) -> None:
    act, cause = FAULTS[fault]
    with RawServer(act, certificates) as server:
        found = cause_of(Client(server.url, certificates.ca))
    assert found in ({cause} if cause else {Cause.TIMEOUT, Cause.MALFORMED})
    assert len(server.peers) == 1


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
        assert cause_of(Client(server.url, certificates.ca)) is cause


def test_nobody_listens(certificates: Certificates) -> None:
    with RawServer(Peer.hang, certificates) as server:
        pass
    assert cause_of(Client(server.url, certificates.ca)) is Cause.NO_NETWORK


def test_connecting_takes_too_long(certificates: Certificates) -> None:
    with full_server() as port:
        client = Client(f"https://127.0.0.1:{port}", certificates.ca)
        assert cause_of(client) is Cause.TIMEOUT
        # Before the deadline: another service may have the rest of the time.
        begun = time.monotonic()
        assert cause_of(client, 30.0) is Cause.TIMEOUT
        assert time.monotonic() - begun < 1.5 + SLACK


def test_a_deadline_that_is_over_connects_to_nobody(certificates: Certificates) -> None:
    with RawServer(sending(WHOLE), certificates) as server:
        assert cause_of(Client(server.url, certificates.ca), 0.0) is Cause.TIMEOUT
    assert not server.peers


def server_context(file: Path, clients: Path | None = None) -> ssl.SSLContext:
    """A server's side of TLS; with `clients` it wants certificates of that authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)
    return context


def test_certificates_that_are_not_trusted(certificates: Certificates, tmp_path: Path) -> None:
    stranger = make_certificates(tmp_path / "stranger")
    address = make_certificates(tmp_path / "address", host="127.0.0.2")
    name = make_certificates(tmp_path / "name", host="fund.example")
    cases = {
        "unable to get local issuer": (stranger.server, certificates.ca),
        "clock": (certificates.expired, certificates.ca),
        "another name": (address.server, address.ca),
        "for another name": (name.server, name.ca),
        "certificate purpose": (certificates.client, certificates.ca),
    }
    for words, (file, ca_file) in cases.items():
        context = server_context(file)
        with (
            RawServer(sending(WHOLE), certificates, context=context) as server,
            pytest.raises(ServiceError, match=words) as caught,
        ):
            post(Client(server.url, ca_file))
        assert caught.value.cause is Cause.TLS
        assert not server.peers[0].request


def test_a_host_by_its_name(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path, host="localhost")
    with RawServer(sending(WHOLE), certificates) as server:
        url = server.url.replace("127.0.0.1", "localhost")
        assert post(Client(url, certificates.ca)) == Reply(200, BODY)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_client_certificates(
    version: ssl.TLSVersion, certificates: Certificates, tmp_path: Path
) -> None:
    context = server_context(certificates.server, certificates.ca)
    context.maximum_version = version
    other = make_certificates(tmp_path / "other")
    with RawServer(sending(WHOLE), certificates, context=context) as server:
        given = Client(server.url, certificates.ca, certificates.client)
        assert post(given) == Reply(200, BODY)
        # Again and again: the server's alert and the end of its connection race with the question.
        for client_file in (None, other.client) * 5:
            assert cause_of(Client(server.url, certificates.ca, client_file), 5.0) is Cause.TLS


def locked_key() -> bytes:
    """A certificate's key for which OpenSSL would ask for a password on the terminal."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"password"),
    )


def test_files_are_read_when_they_are_needed(certificates: Certificates, tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("ca_file", "client_file")}
    locked = certificates.client.read_bytes().partition(b"-----BEGIN PRIVATE")[0] + locked_key()
    sound = {"ca_file": certificates.ca, "client_file": certificates.client}
    with RawServer(sending(WHOLE), certificates) as server:
        client = Client(server.url, *files.values())
        for name, file in files.items():
            for wrong in (None, b"rubbish", locked):
                if wrong is not None:
                    file.write_bytes(wrong if name == "client_file" else wrong[-20:])
                with pytest.raises(ServiceError, match=name) as caught:
                    post(client)
                assert caught.value.cause is Cause.TLS
            file.write_bytes(sound[name].read_bytes())
        assert post(client) == Reply(200, BODY)


def test_proxies_of_the_environment_are_ignored(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login user password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for used in (certificates, None):
        with RawServer(sending(WHOLE), used) as server:
            assert post(Client(server.url, certificates.ca)) == Reply(200, BODY)
        assert b"authorization" not in server.peers[0].request.lower()


ADDRESSES = {
    "http-elsewhere": "http://fund.example/ask",
    "password": "https://user:secret@fund.example/ask",
    "query": "https://fund.example/ask?who=1",
    "other-scheme": "ftp://fund.example/ask",
    "no-host": "https:///ask",
    "empty-label": "https://fund..example/ask",
    "label-too-long": f"https://{'a' * 64}.example/ask",
    "star": "https://*.example/ask",
    "space": "https://fund example/ask",
}


@pytest.mark.parametrize("case", ADDRESSES)
def test_addresses_that_are_none(case: str, certificates: Certificates) -> None:
    with pytest.raises(AddressError):
        Client(ADDRESSES[case], certificates.ca)


@pytest.mark.parametrize("token", ["two\nlines", "two\r\nX: y", "токен", "\x00"])
def test_tokens_that_cannot_be_sent(token: str, certificates: Certificates) -> None:
    client = Client("https://127.0.0.1:1/ask", certificates.ca)
    with pytest.raises(ServiceError) as caught:
        client.post(b"", {"X-Auth-Token": token}, Deadline(5))
    assert caught.value.cause is Cause.UNAUTHORISED
    assert token not in str(caught.value)


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


def test_cancelled_while_connecting(certificates: Certificates) -> None:
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
    while left() != before and time.monotonic() < give_up:
        time.sleep(0.01)
    assert left() == before


def test_an_error_of_before_is_not_taken_for_this_one(certificates: Certificates) -> None:
    with RawServer(Peer.reset, certificates) as server:
        client = Client(server.url, certificates.ca)
        try:
            raise ssl.SSLCertVerificationError("of another service, before")
        except ssl.SSLError:
            assert cause_of(client) is Cause.NO_NETWORK


def test_many_at_once(certificates: Certificates) -> None:
    with RawServer(sending(WHOLE), certificates) as server:
        client = Client(server.url, certificates.ca)
        replies: list[Reply] = []
        threads = [threading.Thread(target=lambda: replies.append(post(client))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert replies == [Reply(200, BODY)] * 8


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
        assert cause_of(client) is Cause.TIMEOUT
        places.pop()
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


PROBES = {200: None, 302: None, 401: None, 404: None, 405: None, 501: None, 500: Cause.BROKEN}


@pytest.mark.parametrize("status", PROBES)
def test_probe(status: int, certificates: Certificates) -> None:
    with RawServer(sending(answer(status, b"")), certificates) as server:
        client = Client(server.url, certificates.ca)
        if PROBES[status] is None:
            client.probe(Deadline(5))
        else:
            with pytest.raises(ServiceError) as caught:
                client.probe(Deadline(5))
            assert caught.value.cause is PROBES[status]
    assert server.peers[0].request.startswith(b"HEAD /ask HTTP/1.1\r\n")


@pytest.mark.parametrize("fault", ["silent", "hangs-up", "not-http"])
def test_probe_of_what_is_broken(fault: str, certificates: Certificates) -> None:
    act, cause = FAULTS[fault]
    with RawServer(act, certificates) as server, pytest.raises(ServiceError) as caught:
        Client(server.url, certificates.ca).probe(Deadline(SECONDS))
    assert caught.value.cause is cause
