"""The door with certificates: streams, handshakes of every sort, and renewals while it is open."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import ssl
import struct
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization

from kiosk.clinic import doors as doors_module
from kiosk.clinic.papers import tls_context
from kiosk.demo.certificates import make_certificates
from tests.clinic.secure import Doors, open_doors
from tests.clinic.serving import PATIENCE, inserted, shown, wait_for
from tests.clinic.test_events import Stream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


RESET = struct.pack("ii", 1, 0)


@pytest.fixture
def gates(monkeypatch: pytest.MonkeyPatch) -> list[doors_module.Gate]:
    """All gates that the server makes."""
    made: list[doors_module.Gate] = []

    class Known(doors_module.Gate):
        """Says that it was made."""

        def open(self) -> None:
            made.append(self)
            super().open()

    monkeypatch.setattr(doors_module, "Gate", Known)
    monkeypatch.setattr(doors_module, "HANDSHAKE_SECONDS", 0.5)
    return made


@pytest.fixture
def doors(gates: list[doors_module.Gate], tmp_path: Path) -> Iterator[Doors]:
    with open_doors(tmp_path / "papers") as one:
        assert len(gates) == 3
        yield one


def test_a_stream_tells_all_of_a_visit(doors: Doors) -> None:
    with closing(doors.connection("tls")) as connection:
        token = {"Authorization": f"Bearer {doors.served.tokens['all']}"}
        connection.request("GET", "/v1/events", headers=token)
        stream = Stream(connection.getresponse())
        assert stream.next()[0] == "standing"
        for presence in range(1, 6):
            doors.served.feed.publish(inserted(presence))
            assert stream.next()[0] == "inserted"
            doors.served.feed.publish(shown(presence))
            assert stream.next()[0] == "verdict"
            doors.served.feed.publish(None)
            assert stream.next()[0] == "removed"


def test_a_question_may_come_together_with_the_handshakes_end(doors: Doors) -> None:
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = doors.context().wrap_bio(received, sent, server_hostname="localhost")
    with socket.create_connection(("127.0.0.1", doors.port), timeout=PATIENCE) as line:
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                line.sendall(sent.read())
                received.write(line.recv(65536))
        host = f"localhost:{doors.port}"
        tls.write(f"GET /v1/health HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        line.sendall(sent.read())
        answer = b""
        while b"pass" not in answer:
            received.write(line.recv(65536))
            with suppress(ssl.SSLWantReadError):
                while part := tls.read(65536):
                    answer += part
    assert answer.startswith(b"HTTP/1.1 200")


def _plain(doors: Doors, sent: bytes, end: str) -> socket.socket:
    """Somebody who speaks no TLS, or not all of it."""
    line = socket.create_connection(("127.0.0.1", doors.port), timeout=PATIENCE)
    line.sendall(sent)
    if end == "half":
        line.shutdown(socket.SHUT_WR)
    elif end != "hang":
        if end == "reset":
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        line.close()
    return line


def _shake(doors: Doors, client: Path | None, question: bytes, end: str) -> None:
    """Somebody who shakes hands, well or not, and leaves."""
    context = ssl.create_default_context(cafile=str(doors.papers.ca))
    if client is not None:
        context.load_cert_chain(client)
    line = socket.create_connection(("127.0.0.1", doors.port), timeout=PATIENCE)
    with suppress(OSError), context.wrap_socket(line, server_hostname="localhost") as tls:
        tls.sendall(question)
        if end == "reset":
            tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        elif end == "read":
            tls.recv(100)


def test_every_way_to_fail_makes_room_again(
    doors: Doors, gates: list[doors_module.Gate], tmp_path: Path
) -> None:
    strange = make_certificates(tmp_path / "strange", host="localhost")
    held = [
        _plain(doors, sent, end)
        for end in ("close", "reset", "half", "hang")
        for sent in (b"", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n")
    ]
    for client in (None, strange.client, doors.papers.client):
        for end in ("close", "reset", "read"):
            for question in (b"G", b"GET /v1/health HTTP/1.1\r\n\r\n"):
                _shake(doors, client, question, end)
    for one in held:
        # Those that hang are closed by the kiosk.
        with suppress(OSError):
            while one.recv(1000):
                pass
        one.close()
    wait_for(lambda: sum(gate.inside for gate in gates) == 0)
    with closing(doors.connection("tls")) as connection:
        assert b"pass" in doors.ask(connection, "/v1/health")
        assert [gate.inside for gate in gates] == [0, 0, 1]
    wait_for(lambda: sum(gate.inside for gate in gates) == 0)


def _shown(doors: Doors, authority: Path) -> bytes | None:
    """The certificate that a new handshake shows."""
    context = ssl.create_default_context(cafile=str(authority))
    with (
        socket.create_connection(("127.0.0.1", doors.port), timeout=PATIENCE) as line,
        context.wrap_socket(line, server_hostname="localhost") as tls,
    ):
        return tls.getpeercert(binary_form=True)


def _put(source: Path, place: Path) -> None:
    """As a renewal does: the new file takes the old one's place."""
    beside = place.with_suffix(".new")
    shutil.copy(source, beside)
    os.replace(beside, place)  # noqa: PTH105


def test_renewed_certificates_count_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("kiosk.clinic.worker._RETRY_SECONDS", 0.0)
    monkeypatch.setattr("kiosk.clinic.worker._TURN_SECONDS", 0.02)
    caplog.set_level(logging.INFO)
    with open_doors(tmp_path / "papers") as doors:
        ours = doors.papers
        first = _shown(doors, ours.ca)
        # One that is broken is told once, and the good one goes on.
        good = ours.server.read_bytes()
        ours.server.write_bytes(good[:200])
        wait_for(lambda: "cannot be used: certificate" in caplog.text)
        assert _shown(doors, ours.ca) == first
        ours.server.unlink()
        wait_for(lambda: "cannot be used: errno 2" in caplog.text)
        assert _shown(doors, ours.ca) == first
        # Another authority altogether: callers of the old one stay out.
        new = make_certificates(tmp_path / "new", host="localhost")
        _put(new.ca, ours.ca)
        _put(new.server, ours.server)
        wait_for(lambda: "were renewed" in caplog.text)
        assert _shown(doors, new.ca) != first
        with closing(doors.connection("tls")) as connection, pytest.raises(OSError):  # noqa: PT011
            doors.ask(connection, "/v1/health")
        _put(new.client, ours.client)
        with closing(doors.connection("tls")) as connection:
            assert b"pass" in doors.ask(connection, "/v1/health")
    assert caplog.text.count("cannot be used: certificate") == 1


def test_a_key_with_a_password_is_an_error_and_no_question(tmp_path: Path) -> None:
    papers = make_certificates(tmp_path, host="localhost")
    pem = papers.server.read_bytes()
    key = serialization.load_pem_private_key(pem, None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    certificate, end, _ = pem.partition(b"-----END CERTIFICATE-----\n")
    papers.server.write_bytes(certificate + end + locked)
    with pytest.raises(ssl.SSLError):
        tls_context(papers.server, papers.ca)
