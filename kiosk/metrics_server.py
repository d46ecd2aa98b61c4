"""Two ways out for the numbers: a file that is replaced whole, and a port of this machine.

Both are workers for `kiosk.supervise`. Neither may be held up by whoever reads: the watchdog would
take that for a hang of the kiosk.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Never

from kiosk.metrics import CONTENT_TYPE

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path

    from kiosk.metrics import Metrics

_log = logging.getLogger(__name__)

FILE_SECONDS: Final = 15.0
REQUEST_SECONDS: Final = 1.0
"""For a whole request and its answer: readers are on this machine."""
MOST_REQUEST_BYTES: Final = 4096
LOOPBACK: Final = "127.0.0.1"

_TURN_SECONDS: Final = 3.0
_ACCEPT_SECONDS: Final = 1.0
_RETRY_SECONDS: Final = 5.0


class MetricsFile:
    """Writes the numbers to a file for a node exporter, at most every 15 s."""

    def __init__(
        self, path: Path, metrics: Metrics, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """`path` should be in a folder that is in memory: it changes all day, and is not synced."""
        self.last_tick = time.monotonic()
        self._path = path
        self._metrics = metrics
        self._monotonic = monotonic
        self._due_at = float("-inf")
        self._complaint: int | None = 0

    def run(self, emit: Callable[[Never], None], stop: threading.Event) -> None:  # noqa: ARG002
        """Write until `stop`."""
        while not stop.is_set():
            self.last_tick = time.monotonic()
            self.turn()
            stop.wait(_TURN_SECONDS)

    def turn(self) -> bool:
        """Write if it is time; whether the file was written. A fault is logged once."""
        now = self._monotonic()
        if now < self._due_at:
            return False
        self._due_at = now + FILE_SECONDS
        try:
            self._replace(self._metrics.text())
        except OSError as error:
            if error.errno != self._complaint:
                self._complaint = error.errno
                _log.error("metrics: the file cannot be written: errno %s", error.errno)
            return False
        self._complaint = 0
        return True

    def _replace(self, text: bytes) -> None:
        # Not *.prom: an exporter must not see it half written.
        beside = self._path.with_name(f".{self._path.name}.new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(beside, flags, 0o600), "wb") as file:
                # For other accounts, whatever the service's umask: nothing in it is secret.
                os.fchmod(file.fileno(), 0o644)
                file.write(text)
            beside.replace(self._path)
        except OSError:
            with suppress(OSError):
                beside.unlink()
            raise


class MetricsServer:
    """Answers `GET /metrics` on the loopback, one reader at a time, and nothing else.

    Less than a web server on purpose: `http.server` and the server of `prometheus_client` wait for
    slow readers for as long as they drip.
    """

    def __init__(self, port: int, metrics: Metrics) -> None:
        """`port` 0: any that is free. The port is opened by `run`."""
        self.last_tick = time.monotonic()
        self.port = port
        """The one in use, once it is."""
        self._metrics = metrics
        self._complaint: int | None = 0

    def run(self, emit: Callable[[Never], None], stop: threading.Event) -> None:  # noqa: ARG002
        """Serve until `stop`; a port that is taken is tried again for ever."""
        while not stop.is_set():
            self.last_tick = time.monotonic()
            try:
                with socket.create_server((LOOPBACK, self.port), backlog=4) as door:
                    self.port = door.getsockname()[1]
                    self._complaint = 0
                    self._serve(door, stop)
            except OSError as error:
                if error.errno != self._complaint:
                    self._complaint = error.errno
                    _log.error("metrics: port %d: errno %s", self.port, error.errno)
                stop.wait(_RETRY_SECONDS)

    def _serve(self, door: socket.socket, stop: threading.Event) -> None:
        door.settimeout(_ACCEPT_SECONDS)
        while not stop.is_set():
            self.last_tick = time.monotonic()
            try:
                reader, _ = door.accept()
            except TimeoutError:
                continue
            except OSError as error:
                if error.errno in {errno.ECONNABORTED, errno.EINTR}:
                    continue
                raise
            # Whatever a reader does wrong ends with its own connection.
            with reader, suppress(OSError):
                self._answer(reader, time.monotonic() + REQUEST_SECONDS)

    def _answer(self, reader: socket.socket, until: float) -> None:
        head = _head(reader, until)
        words = head.split(b"\r\n", 1)[0].split(b" ")
        if len(words) != 3 or not words[2].startswith(b"HTTP/1.") or not head.endswith(b"\r\n\r\n"):
            _send(reader, until, "400 Bad Request", b"")
        elif words[0] != b"GET":
            _send(reader, until, "405 Method Not Allowed", b"")
        elif words[1] != b"/metrics":
            _send(reader, until, "404 Not Found", b"")
        else:
            _send(reader, until, "200 OK", self._metrics.text())


def _head(reader: socket.socket, until: float) -> bytes:
    """The request without what may follow it; cut at the limits of size and time."""
    head = b""
    while b"\r\n\r\n" not in head and len(head) < MOST_REQUEST_BYTES:
        left = until - time.monotonic()
        if left <= 0:
            break
        reader.settimeout(left)
        try:
            part = reader.recv(MOST_REQUEST_BYTES - len(head))
        except TimeoutError:
            break
        if not part:
            break
        head += part
    before, end, _ = head.partition(b"\r\n\r\n")
    return before + end


def _send(reader: socket.socket, until: float, status: str, body: bytes) -> None:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    # One timeout for all of it: `sendall` counts from its beginning.
    reader.settimeout(max(0.05, until - time.monotonic()))
    reader.sendall(head.encode() + body)
