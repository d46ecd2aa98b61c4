"""What the demo's web servers share: TLS, faults on order, answers written by hand.

By hand, because the standard library's server would not send a wrong length, nor drip one.
"""

from __future__ import annotations

import re
import socket
import threading
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

if TYPE_CHECKING:
    import ssl

_BLOCK: Final = b" " * 64 * 1024
_DRIP_SECONDS: Final = 0.05
_HANDSHAKE_SECONDS: Final = 10.0
_HANG_UP_SECONDS: Final = 1.0

_FaultT = TypeVar("_FaultT")


class FaultOrders(Generic[_FaultT]):
    """Which requests are to be answered with which fault; safe from any thread."""

    def __init__(self) -> None:
        """No fault is ordered."""
        self._orders: list[tuple[re.Pattern[str], _FaultT, int]] = []
        self._orders_lock = threading.Lock()

    def order(self, pattern: str, fault: _FaultT, times: int = 10**9) -> None:
        """Answer the next `times` requests for paths that contain the regex with this fault."""
        with self._orders_lock:
            self._orders.append((re.compile(pattern), fault, times))

    def clear_faults(self) -> None:
        """Answer rightly from now on."""
        with self._orders_lock:
            self._orders.clear()

    def take_fault(self, path: str) -> _FaultT | None:
        """The fault that was ordered for a request, used up by one."""
        with self._orders_lock:
            for place, (pattern, fault, times) in enumerate(self._orders):
                if times > 0 and pattern.search(path):
                    self._orders[place] = (pattern, fault, times - 1)
                    return fault
        return None


class TlsServer(ThreadingHTTPServer):
    """A thread a connection; over TLS once it has a context."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    """Connections that wait to be taken; one more than there is room for waits for a second."""
    tls: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands and answer."""
        # On the connection's own thread: a client that stalls in the handshake holds only itself.
        if self.tls is not None:
            request.settimeout(_HANDSHAKE_SECONDS)
            try:
                request = self.tls.wrap_socket(
                    request, server_side=True, do_handshake_on_connect=False
                )
                request.do_handshake()
            except OSError:
                _hang_up(request)
                return
        try:
            super().finish_request(request, client_address)
        finally:
            # `wrap_socket` took the file descriptor over, so that the caller cannot close it.
            request.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away in the middle are this server's daily bread."""


def _hang_up(connection: socket.socket) -> None:
    """Close once the other side has: a client may have sent its request with its certificate.

    Closing upon bytes that were not read sends a reset, which would swallow the TLS alert.
    """
    # Past the TLS layer: there is no session.
    with suppress(OSError), closing(connection):
        socket.socket.shutdown(connection, socket.SHUT_WR)
        connection.settimeout(_HANG_UP_SECONDS)
        while socket.socket.recv(connection, len(_BLOCK)):
            pass


class PlainHandler(BaseHTTPRequestHandler):
    """Writes answers byte by byte as it is told; what is asked, its heirs know."""

    protocol_version = "HTTP/1.1"
    # Head and body go out as they come: else each answer waits 40 ms for the other side.
    disable_nagle_algorithm = True
    closing: threading.Event
    """The server is about to end."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base's name
        """Say nothing."""

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        """A whole answer."""
        length = {"Content-Length": str(len(body))}
        self.send(self.head(status, (headers or {}) | length) + body)

    def head(self, status: int, headers: dict[str, str]) -> bytes:
        """Status line and headers."""
        lines = [f"HTTP/1.1 {status} {self.responses[status][0]}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("ascii")

    def endless(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        """A body that begins with `body` and never ends; no length is given."""
        self.close_connection = True
        self.send(self.head(status, headers | {"Connection": "close"}) + body)
        while not self.closing.is_set():
            self.send(_BLOCK)

    def drip(self, content: bytes) -> None:
        """Byte by byte."""
        self.close_connection = True
        for place in range(len(content)):
            self.send(content[place : place + 1])
            if self.closing.wait(_DRIP_SECONDS):
                return

    def send(self, content: bytes) -> None:
        """Bytes as they are."""
        self.wfile.write(content)
