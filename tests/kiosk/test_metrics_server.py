"""Neither way out for the numbers can be held up, and neither shows half of them."""

from __future__ import annotations

import errno
import http.client
import logging
import os
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from kiosk.metrics_server import MOST_REQUEST_BYTES, MetricsFile, MetricsServer
from kiosk.supervise import SILENT_SECONDS, Supervisor, Worker
from tests.kiosk.test_metrics import make

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


# The file


def test_the_file_is_replaced_whole_and_not_often(tmp_path: Path) -> None:
    path, now = tmp_path / "oms-kiosk.prom", [100.0]
    out = MetricsFile(path, make(), monotonic=lambda: now[0])
    before = os.umask(0o077)
    assert out.turn()
    os.umask(before)
    first = path.stat()
    assert first.st_mode & 0o777 == 0o644
    assert path.read_bytes().startswith(b"# HELP oms_kiosk_")
    now[0] = 114.9
    assert not out.turn()
    now[0] = 115.0
    assert out.turn()
    assert path.stat().st_ino != first.st_ino
    assert [one.name for one in tmp_path.iterdir()] == ["oms-kiosk.prom"]


def test_a_file_that_cannot_be_written_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    now = [0.0]
    out = MetricsFile(tmp_path / "missing" / "x.prom", make(), monotonic=lambda: now[0])
    for _ in range(3):
        assert not out.turn()
        now[0] += 20
    assert caplog.text.count(f"errno {errno.ENOENT}") == 1
    (tmp_path / "missing").mkdir()
    assert out.turn()


def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("kept")
    (tmp_path / ".x.prom.new").symlink_to(victim)
    MetricsFile(tmp_path / "x.prom", make()).turn()
    assert victim.read_text() == "kept"


# The port


@pytest.fixture
def server() -> Iterator[MetricsServer]:
    """A server that answers, run as the kiosk runs it."""
    one = MetricsServer(0, make())
    supervisor = Supervisor([Worker("metrics", one)], lambda _event: None)
    supervisor.start()
    deadline = time.monotonic() + 30
    while one.port == 0 and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    yield one
    assert supervisor.stop() == []


def _ask(server: MetricsServer, method: str, path: str) -> tuple[int, bytes, str | None]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(method, path)
    answer = connection.getresponse()
    return answer.status, answer.read(), answer.getheader("Content-Type")


def test_the_port_serves_metrics_and_nothing_else(server: MetricsServer) -> None:
    status, body, kind = _ask(server, "GET", "/metrics")
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert b"\noms_kiosk_uptime_seconds " in body
    assert _ask(server, "GET", "/")[0] == 404
    assert _ask(server, "GET", "/metrics/../etc/passwd")[0] == 404
    assert _ask(server, "POST", "/metrics")[0] == 405


@pytest.mark.parametrize(
    "request_bytes",
    [b"", b"\r\n\r\n", b"GET /metrics\r\n\r\n", b"\xff" * 100, b"GET " + b"x" * 100_000],
)
def test_hostile_requests_end_with_themselves(server: MetricsServer, request_bytes: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as door:
        try:
            door.sendall(request_bytes)
            door.shutdown(socket.SHUT_WR)
            answer = door.recv(MOST_REQUEST_BYTES)
        except OSError:  # Cut off before all of it was sent.
            answer = b""
    assert answer[:12] in {b"", b"HTTP/1.1 400"}
    assert _ask(server, "GET", "/metrics")[0] == 200


def test_a_reader_that_drips_holds_nobody_for_long(server: MetricsServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as door:
        door.sendall(b"GET /met")
        assert _ask(server, "GET", "/metrics")[0] == 200
        assert time.monotonic() - server.last_tick < SILENT_SECONDS


def test_the_port_is_of_this_machine_only(server: MetricsServer) -> None:
    with socket.create_server(("127.0.0.2", server.port)):
        pass  # An address that is anybody's would be taken.


def test_a_port_that_is_taken_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        one, stop = MetricsServer(other.getsockname()[1], make()), threading.Event()
        with caplog.at_level(logging.ERROR):
            thread = threading.Thread(target=one.run, args=(lambda _event: None, stop))
            thread.start()
            deadline = time.monotonic() + 30
            while not caplog.records and time.monotonic() < deadline:
                threading.Event().wait(0.01)
            stop.set()
            thread.join(30)
    assert [record.args for record in caplog.records] == [(one.port, errno.EADDRINUSE)]
