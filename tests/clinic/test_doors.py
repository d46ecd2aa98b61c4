"""Who gets in: hosts, origins, certificates, the socket's mode; and what is no request at all."""

from __future__ import annotations

import grp
import http.client
import logging
import os
import socket
import ssl
import stat
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from kiosk.clinic.doors import HANDSHAKE_SECONDS, MOST_LINE_BYTES
from kiosk.clinic.feed import ClinicFeed
from kiosk.clinic.worker import ClinicWorker
from kiosk.config_sections import ClinicSection
from kiosk.demo.certificates import make_certificates
from kiosk.supervise import Supervisor, Worker
from tests.clinic.serving import Served, free_port, served, shown, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = "https://mis.clinic.example"


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    with served(port=free_port(), origins=(PAGE,)) as one:
        yield one


@pytest.fixture
def clinic(running: Served) -> Iterator[Served]:
    running.feed.publish(shown())
    yield running
    running.feed.publish(None)


# Hosts and origins


def test_the_loopback_serves_by_its_own_names(clinic: Served) -> None:
    for name in ("127.0.0.1", "localhost", "[::1]", "LOCALHOST"):
        assert clinic.get(unix=False, Host=f"{name}:{clinic.port}").status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example", ""]
)
def test_another_host_is_refused(clinic: Served, host: str) -> None:
    for path in ("/", "/v1/policy/current", "/v1/health"):
        answer = clinic.get(path, unix=False, Host=host)
        assert answer.status == 421
        assert b"7856" not in answer.body


def test_a_listed_page_may_read_and_no_other(clinic: Served) -> None:
    answer = clinic.get(unix=False, Origin=PAGE)
    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert "Origin" in answer.headers["Vary"]
    for origin in ("https://evil.example", f"{PAGE}.evil.example", "http://mis.clinic.example"):
        answer = clinic.get(unix=False, Origin=origin)
        assert answer.status == 403
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert clinic.get(unix=False, Origin="null").status == 403
    assert clinic.get(unix=False, Origin=f"http://127.0.0.1:{clinic.port}").status == 200


def test_errors_can_be_read_by_a_listed_page(clinic: Served) -> None:
    answer = clinic.get(token=None, unix=False, Origin=PAGE)
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (401, PAGE)


def test_script_tags_of_other_pages_get_nothing(clinic: Served) -> None:
    answer = clinic.get(unix=False, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors")
    assert answer.status == 403
    assert clinic.get(unix=False, Sec_Fetch_Site="same-origin").status == 200
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_preflight(clinic: Served) -> None:
    asked = {"Access-Control-Request-Method": "GET", "Origin": PAGE}
    answer = clinic.get(
        method="OPTIONS",
        token=None,
        unix=False,
        Access_Control_Request_Private_Network="true",
        **asked,
    )
    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert answer.headers["Access-Control-Allow-Headers"] == "Accept, Authorization"
    assert answer.headers["Access-Control-Allow-Private-Network"] == "true"
    asked["Origin"] = "https://evil.example"
    answer = clinic.get(method="OPTIONS", token=None, unix=False, **asked)
    assert answer.status == 403
    assert not any(name.startswith("Access-Control") for name in answer.headers)


# What is no request


def test_unknown_paths_and_methods_are_problems(clinic: Served) -> None:
    for path in (
        "/v1/",
        "/v2/policy/current",
        "/web/../api.py",
        "/web/nonesuch.js",
        "/words/de.json",
    ):
        answer = clinic.get(path)
        assert (answer.status, answer.headers["Content-Type"]) == (404, "application/problem+json")
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = clinic.get(method=method)
        assert (answer.status, answer.headers["Allow"]) == (405, "GET,HEAD,OPTIONS")
    answer = clinic.get(method="HEAD")
    assert (answer.status, answer.body) == (200, b"")


def _raw(clinic: Served, sent: bytes, *, ends: bool = False) -> bytes:
    with socket.create_connection(("127.0.0.1", clinic.port), timeout=10) as door:
        found = b""
        try:
            door.sendall(sent)
            if ends:
                door.shutdown(socket.SHUT_WR)
            while part := door.recv(65536):
                found += part
        except ConnectionError:
            pass
    return found


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20, id="tls"),
        pytest.param(b"GET /v1/health\r\n\r\n", id="http-0.9"),
        pytest.param(b"GET /v1/health HTTP/9.9\r\nHost: x\r\n\r\n", id="version"),
        pytest.param(b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", id="long-line"),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * (MOST_LINE_BYTES + 1) + b"\r\n\r\n",
            id="long-header",
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: x\r\n"
            + b"".join(b"X-%d: 1\r\n" % n for n in range(200))
            + b"\r\n",
            id="many-headers",
        ),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", id="two-hosts"),
        pytest.param(b"GET / HTTP/1.1\r\nHo st: a\r\n\r\n", id="space-in-name"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\x00b\r\n\r\n", id="null"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", id="length"),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            id="smuggling",
        ),
        pytest.param(b"\r\n" * 5000, id="empty-lines"),
        pytest.param(bytes(range(256)) * 40, id="all-bytes"),
    ],
)
def test_rubbish_ends_with_itself(
    clinic: Served, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        found = _raw(clinic, sent, ends=True)
    assert found[:12] in {b"", b"HTTP/1.1 400", b"HTTP/1.1 421", b"HTTP/1.0 400", b"HTTP/0.9 421"}
    assert b"Traceback" not in found
    assert not caplog.records
    assert clinic.get(unix=False).status == 200


def test_a_body_is_refused_unread(clinic: Served) -> None:
    host = f"Host: 127.0.0.1:{clinic.port}\r\n".encode()
    for more in (b"Content-Length: 1000000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n5\r\n"):
        found = _raw(clinic, b"GET /v1/health HTTP/1.1\r\n" + host + more + b"hello")
        assert found.startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("expect", ["100-continue", "the-unexpected"])
@pytest.mark.parametrize("path", ["/v1/health", "/nonesuch"])
def test_who_announces_a_body_is_not_asked_for_it(clinic: Served, expect: str, path: str) -> None:
    host = f"127.0.0.1:{clinic.port}"
    found = _raw(
        clinic, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nExpect: {expect}\r\n\r\n".encode()
    )
    assert found.startswith(b"HTTP/1.1 413")
    assert b"Server: oms-kiosk\r\n" in found
    assert expect.encode() not in found


def test_nothing_tells_what_it_runs_on(clinic: Served) -> None:
    for path in ("/", "/v1/health", "/v1/nonesuch"):
        answer = clinic.get(path)
        assert answer.headers["Server"] == "oms-kiosk"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_the_port_is_of_this_machine_only(clinic: Served) -> None:
    with socket.create_server(("127.0.0.2", clinic.port)):
        pass  # An address that is anybody's would be taken.


# The Unix socket


def test_the_socket_has_its_mode_from_the_first_moment() -> None:
    with served(socket_mode="600") as one:
        found = one.socket.stat()
        assert stat.S_ISSOCK(found.st_mode)
        assert stat.S_IMODE(found.st_mode) == 0o600
        assert [path.name for path in one.folder.iterdir() if path.name.startswith(".")] == []
        path = one.socket
    assert not path.exists()


def test_a_socket_left_behind_is_replaced_and_a_file_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        socket.socket(socket.AF_UNIX) as dead,
        served(socket_group=grp.getgrgid(os.getgid()).gr_name) as one,
    ):
        del dead
        assert one.get(token=None).status == 401
    path = tmp_path / "a"
    path.write_text("kept")
    worker = ClinicWorker(ClinicSection(socket=path), ClinicFeed())
    supervisor = Supervisor([Worker("clinic", worker)], lambda _event: None)
    with caplog.at_level(logging.ERROR):
        supervisor.start()
        wait_for(lambda: caplog.records)
        assert supervisor.stop() == []
    assert path.read_text() == "kept"
    assert "the door unix cannot be opened" in caplog.text


# TLS


def test_only_callers_with_a_certificate_get_in(tmp_path: Path) -> None:
    ours = make_certificates(tmp_path / "ours", host="localhost")
    strange = make_certificates(tmp_path / "strange", host="localhost")
    with served(
        tls_address="127.0.0.1:0",
        server_file=ours.server,
        client_ca_file=ours.ca,
        hosts=("localhost",),
    ) as one:
        one.feed.publish(shown())
        port = one.worker.ports["tls"]

        def ask(client: Path | None, **changes: ssl.TLSVersion) -> int:
            context = ssl.create_default_context(cafile=str(ours.ca))
            if client is not None:
                context.load_cert_chain(client)
            for name, value in changes.items():
                setattr(context, name, value)
            with closing(
                http.client.HTTPSConnection("localhost", port, context=context, timeout=10)
            ) as connection:
                token = {"Authorization": f"Bearer {one.tokens['all']}"}
                connection.request("GET", "/v1/policy/current", headers=token)
                return connection.getresponse().status

        assert ask(ours.client) == 200
        assert ask(ours.client, maximum_version=ssl.TLSVersion.TLSv1_2) == 200
        for client in (None, strange.client):
            with pytest.raises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
                ask(client)
        with (
            pytest.warns(DeprecationWarning, match="TLSv1"),
            pytest.raises((ssl.SSLError, ConnectionError)),
        ):
            ask(
                ours.client,
                minimum_version=ssl.TLSVersion.TLSv1,
                maximum_version=ssl.TLSVersion.TLSv1_1,
            )
        # Somebody who never finishes a handshake is not waited for, nor is plain HTTP answered.
        with socket.create_connection(("127.0.0.1", port), timeout=HANDSHAKE_SECONDS + 5) as door:
            door.sendall(b"GET / HTTP/1.1\r\n")
            assert b"HTTP" not in door.recv(100)
        assert ask(ours.client) == 200


def test_a_request_has_so_much_time_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.clinic.doors.IDLE_SECONDS", 0.3)
    with served(port=free_port()) as one:
        for sent in (b"", b"GET /v1/health HTTP/1.1\r\nHost: "):
            with socket.create_connection(("127.0.0.1", one.port), timeout=10) as door:
                door.sendall(sent)
                assert door.recv(100) == b""
