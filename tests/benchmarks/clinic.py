"""What the clinic's programs wait for: one question, and an event after its frame.

The alternative is what a program would get with the standard library alone: `ThreadingHTTPServer`
(buffered: as it comes, each answer takes 40 ms more), which has no events, so that 50 clients ask
again and again; each every 200 ms, as often as needed to keep the promise at all. Both serve the
same JSON from the same feed in this process; the clients are a process of their own.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

from kiosk.clinic.fields import Scope, allowed, to_json
from tests.benchmarks.clinic_clients import POLL_SECONDS
from tests.benchmarks.table import Row, compared, interleave, measured, percentile, scaled
from tests.clinic.serving import Served, free_port, inserted, served, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kiosk.clinic.feed import ClinicFeed

_CLIENTS: Final = 50
_PEOPLE: Final = 60
_EVERY_SECONDS: Final = 0.25
_CROWD_SECONDS: Final = 2.0
_ROUNDS: Final = 200
_ALL: Final = allowed(Scope)


def run() -> list[Row]:
    """Milliseconds; and events a second."""
    with served(port=free_port()) as clinic, _plain(clinic.feed, clinic.tokens["all"]) as port:
        clinic.feed.publish(shown())
        token = clinic.tokens["all"]
        ours, other = interleave(
            _asker(clinic.port, "/v1/policy/current", token),
            _asker(port, "/", token),
            rounds=_ROUNDS,
            calls=5,
        )
        note = f"p99 {percentile(ours, 0.99) * 1e3:.1f}"
        name = "http.server with threads"
        what = "a question about the policy, kept alive"
        rows = [compared(what, "ms", scaled(ours, 1e3), name, scaled(other, 1e3), note=note)]
        rows.append(_crowd(clinic, port))
        rows += _events(clinic, port)
        rows.append(_throughput(clinic))
        return rows


def _crowd(clinic: Served, plain_port: int) -> Row:
    """The same question by 50 clients at once, none of which ever pauses; a few seconds in turn."""
    token = clinic.tokens["all"]
    ours: list[float] = []
    other: list[float] = []
    for _ in range(3):
        ours += _asked([str(clinic.port), token, "/v1/policy/current"])
        other += _asked([str(plain_port), token, "/"])
    count = min(len(ours), len(other))
    seconds = 3 * _CROWD_SECONDS
    note = (
        f"{len(ours) / seconds:,.0f} answers a second, the alternative {len(other) / seconds:,.0f}"
    )
    what = f"the same, {_CLIENTS} clients without a pause"
    name = "http.server with threads"
    return compared(
        what, "ms", scaled(ours[:count], 1e3), name, scaled(other[:count], 1e3), note=note
    )


def _asked(words: list[str]) -> list[float]:
    """Seconds that each answer took."""
    command = [sys.executable, "-m", "tests.benchmarks.clinic_clients", str(_CLIENTS), *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as clients:
        assert clients.stdout is not None  # it is a pipe
        clients.stdout.readline()
        time.sleep(_CROWD_SECONDS)
        clients.terminate()
        return [seconds for _, seconds in json.loads(clients.stdout.readline())]


def _events(clinic: Served, plain_port: int) -> list[Row]:
    """From the frame to the 50 clients: by events, and by asking every 200 ms."""
    token = clinic.tokens["all"]
    waits, turns = _people(clinic, [str(clinic.port), token, "events"])
    polled, polled_turns = _people(clinic, [str(plain_port), token, "poll"])
    count = min(len(waits), len(polled))
    note = f"target ≤ 200; p99 {percentile(waits, 0.99):.1f}, longest {max(waits):.1f}"
    what = f"frame to event, {_CLIENTS} clients"
    name = "asking every 200 ms"
    turned = min(len(turns), len(polled_turns))
    return [
        compared(what, "ms", waits[:count], name, polled[:count], note=note),
        compared(
            f"turn of the screen's thread, {_CLIENTS} clients",
            "ms",
            turns[:turned],
            name,
            polled_turns[:turned],
            note=f"longest {max(turns):.1f}",
        ),
    ]


def _people(clinic: Served, words: list[str]) -> tuple[list[float], list[float]]:
    """Milliseconds until each client knew of each person, and of the screen's turns meanwhile."""
    shown_at: dict[int, float] = {}
    turns = []
    clinic.feed.publish(None)
    command = [sys.executable, "-m", "tests.benchmarks.clinic_clients", str(_CLIENTS), *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as clients:
        assert clients.stdout is not None  # it is a pipe
        clients.stdout.readline()  # All of them listen.
        for presence in range(1000, 1000 + _PEOPLE):
            until = time.monotonic() + _EVERY_SECONDS
            clinic.feed.publish(shown(presence))
            shown_at[presence] = time.monotonic()
            while time.monotonic() < until:
                began = time.perf_counter()
                sum(bytes(range(256)) * 256)
                turns.append((time.perf_counter() - began) * 1e3)
                time.sleep(0.01)
        clinic.feed.publish(None)
        time.sleep(2 * POLL_SECONDS)
        clients.terminate()
        told = json.loads(clients.stdout.readline())
    waits = [(at - shown_at[presence]) * 1e3 for presence, at in told if presence in shown_at]
    return waits, turns


def _throughput(clinic: Served) -> Row:
    """Events a second that 50 clients together take in, as fast as people could ever come."""
    clinic.feed.publish(None)
    command = [sys.executable, "-m", "tests.benchmarks.clinic_clients", str(_CLIENTS)]
    words = [str(clinic.port), clinic.tokens["all"], "events"]
    with subprocess.Popen([*command, *words], stdout=subprocess.PIPE, text=True) as clients:
        assert clients.stdout is not None  # it is a pipe
        clients.stdout.readline()
        began = time.monotonic()
        for presence in range(1, 301):
            clinic.feed.publish(inserted(presence))
            clinic.feed.publish(shown(presence))
            # Faster than this, the kiosk tells the newest one only.
            time.sleep(0.01)
        spent = time.monotonic() - began
        time.sleep(1)
        clients.terminate()
        told = json.loads(clients.stdout.readline())
    seconds = max(spent, max(at for _, at in told) - began)
    note = f"verdicts taken in: {len(told):,} of {300 * _CLIENTS:,}; each with two events more"
    return measured(
        f"events a second, {_CLIENTS} clients", "1/s", [3 * len(told) / seconds], note=note
    )


def _asker(port: int, path: str, token: str) -> Callable[[], object]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

    def ask() -> object:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        return connection.getresponse().read()

    return ask


@contextmanager
def _plain(feed: ClinicFeed, token: str) -> Iterator[int]:
    """The alternative: one thread for each connection."""

    class Handler(BaseHTTPRequestHandler):
        """Answers with the same fields."""

        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_GET(self) -> None:  # http.server's name
            snapshot = feed.latest.snapshot
            body = b""
            if snapshot is not None and self.headers["Authorization"] == f"Bearer {token}":
                body = json.dumps(to_json(snapshot, _ALL, time.monotonic())).encode()
            self.send_response(200 if body else 204)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its name
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Clients that are ended in the middle of a question."""

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
