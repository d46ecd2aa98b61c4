"""The door to the network: answers, statuses, certificates, addresses."""

from __future__ import annotations

import ssl
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from requests import adapters

from kiosk.demo.certificates import Certificates, make_certificates
from kiosk.lookup import Cause
from kiosk.online.client import Client, Reply
from kiosk.online.deadline import Deadline
from kiosk.online.errors import ServiceError
from kiosk.online.messages import MAX_BYTES
from offline_cache.address import AddressError
from tests.online.asking import ASKING, BODY, CHUNKS, OPEN_END, WHOLE, cause_of, post, sending
from tests.online.servers import RawServer, answer

if TYPE_CHECKING:
    from pathlib import Path

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
    assert repr(Reply(200, BODY)) == "Reply(status=200, at=None)"


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


def test_only_the_pinned_authorities_count(
    certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not those that come with requests, and not the system's."""
    public = make_certificates(tmp_path)
    monkeypatch.setattr(adapters, "DEFAULT_CA_BUNDLE_PATH", str(public.ca))
    monkeypatch.setenv("SSL_CERT_FILE", str(public.ca))
    with RawServer(sending(WHOLE), public) as server:
        assert cause_of(Client(server.url, certificates.ca)) is Cause.TLS


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
            assert cause_of(Client(server.url, certificates.ca, client_file)) is Cause.TLS


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
        client = Client(server.url, files["ca_file"], files["client_file"])
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


DATES = {
    "rfc-9110": ("Sun, 22 Nov 2026 09:41:00 GMT", datetime(2026, 11, 22, 9, 41, tzinfo=UTC)),
    "another-zone": ("Sun, 22 Nov 2026 12:41:00 +0300", datetime(2026, 11, 22, 9, 41, tzinfo=UTC)),
    "no-zone": ("Sun, 22 Nov 2026 09:41:00 -0000", None),
    "no-date": ("yesterday", None),
    "impossible": ("Sun, 99 Nov 2026 09:41:00 GMT", None),
    "far": ("Sun, 22 Nov 99999999 09:41:00 GMT", None),
    "long": ("S" * 10_000, None),
}


@pytest.mark.parametrize("case", DATES)
def test_the_servers_time(case: str, certificates: Certificates) -> None:
    header, expected = DATES[case]
    with RawServer(sending(answer(200, BODY, f"Date: {header}")), certificates) as server:
        assert post(Client(server.url, certificates.ca)).at == expected


NOW = datetime.now(UTC)
TERMS = {
    "wrong-clock": (False, NOW - timedelta(days=30), None),
    "has-ended-by-then": (False, NOW + timedelta(days=3650), Cause.TLS),
    "ended-and-nobody-knows": (True, NOW - timedelta(days=30), None),
    "ended-and-that-is-known": (True, NOW, Cause.TLS),
    "ended-by-a-right-clock": (True, None, Cause.TLS),
}


@pytest.mark.parametrize("case", TERMS)
def test_a_wrong_clock_holds_certificates_against_what_has_passed(
    case: str, certificates: Certificates
) -> None:
    """The demo's certificates begin now, so a machine in 1970 would trust none of them."""
    expired, passed, cause = TERMS[case]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.expired if expired else certificates.server)
    with RawServer(sending(WHOLE), certificates, context=context) as server:
        client = Client(server.url, certificates.ca, passed=lambda: passed)
        if cause is None:
            assert post(client).body == BODY
        else:
            assert cause_of(client) is cause


def test_a_wrong_clock_still_trusts_no_other_authority(
    certificates: Certificates, tmp_path: Path
) -> None:
    other = make_certificates(tmp_path)
    with RawServer(sending(WHOLE), certificates) as server:
        assert cause_of(Client(server.url, other.ca, passed=lambda: NOW)) is Cause.TLS
