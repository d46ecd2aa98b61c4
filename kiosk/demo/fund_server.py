"""A fund's web server on this machine: the static files of a folder, and every fault on order."""

from __future__ import annotations

import enum
import re
import socket
import ssl
import threading
import time
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import unquote

if TYPE_CHECKING:
    from pathlib import Path

    from kiosk.demo.certificates import Certificates

_RANGE: Final = re.compile(r"bytes=(\d+)-")
_BLOCK: Final = 64 * 1024
_DRIP_SECONDS: Final = 0.05
_HANDSHAKE_SECONDS: Final = 10.0
_HANG_UP_SECONDS: Final = 1.0


class Fault(enum.Enum):
    """What can go wrong with an answer."""

    DRIP = enum.auto()
    """The body comes byte by byte."""
    DRIP_HEAD = enum.auto()
    """Already the status line and the headers do."""
    ENDLESS = enum.auto()
    """The body never ends; no length is given."""
    CUT = enum.auto()
    """The connection breaks in the middle of the body."""
    SHORT = enum.auto()
    """A true length, and a body that is a byte shorter."""
    LONG = enum.auto()
    """The length, and the body, are 1000 bytes too long."""
    MISSING = enum.auto()
    BROKEN = enum.auto()
    """500."""
    REDIRECT = enum.auto()
    STALL = enum.auto()
    """Half of the body, then silence."""
    SILENT = enum.auto()
    """The request is taken, and nothing is answered."""
    PACKED = enum.auto()
    """Content-Encoding: gzip."""
    NO_RANGES = enum.auto()
    """A request for a part is answered with the whole."""
    WRONG_RANGE = enum.auto()
    """A request for a part is answered with another part."""
    GARBAGE = enum.auto()
    """A page for people instead of the file, as a hotel's network gives."""


class FundServer:
    """Serves `folder` on a free port of 127.0.0.1 until `stop`."""

    def __init__(self, folder: Path, certificates: Certificates | None = None) -> None:
        """Bind the port; over HTTPS when there are certificates."""
        self.folder = folder
        self.requests: list[tuple[str, str]] = []
        """Path and `Range` of every request so far."""
        self.bytes_sent = 0
        self.closing = threading.Event()
        self._faults: list[tuple[re.Pattern[str], Fault, int]] = []
        self._lock = threading.Lock()
        self._server = TlsServer(("127.0.0.1", 0), _handler(self))
        self._scheme = "http"
        if certificates is not None:
            self._scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates.server)
            self._server.tls = context
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        """Address of the folder."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> Self:
        """Serve on a thread of its own."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """End, also what is still being answered; stopping twice does no harm."""
        self.closing.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def order(self, pattern: str, fault: Fault, times: int = 10**9) -> None:
        """Answer the next `times` requests for paths that contain the regex with this fault."""
        with self._lock:
            self._faults.append((re.compile(pattern), fault, times))

    def clear_faults(self) -> None:
        """Answer rightly from now on."""
        with self._lock:
            self._faults.clear()

    def take_fault(self, path: str) -> Fault | None:
        """The fault that was ordered for a request, used up by one."""
        with self._lock:
            for place, (pattern, fault, times) in enumerate(self._faults):
                if times > 0 and pattern.search(path):
                    self._faults[place] = (pattern, fault, times - 1)
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
        while socket.socket.recv(connection, _BLOCK):
            pass


def _handler(owner: FundServer) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        fund = owner

    return Handler


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body go out as they come: else each answer waits 40 ms for the other side.
    disable_nagle_algorithm = True
    fund: FundServer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base's name
        """Say nothing."""

    def do_GET(self) -> None:
        asked = self.headers.get("Range", "")
        self.fund.requests.append((self.path, asked))
        fault = self.fund.take_fault(self.path)
        content = self._content()
        if fault is Fault.SILENT:
            self.fund.closing.wait()
            self.close_connection = True
        elif fault is Fault.REDIRECT:
            self._answer(302, b"", {"Location": f"{self.fund.url}/elsewhere"})
        elif fault is Fault.BROKEN:
            self._answer(500, b"broken")
        elif fault is Fault.GARBAGE:
            self._answer(200, "<html>Войдите в сеть</html>".encode())
        elif content is None or fault is Fault.MISSING:
            self._answer(404, b"not here")
        else:
            self._file(content, asked, fault)

    def _content(self) -> bytes | None:
        parts = unquote(self.path).strip("/").split("/")
        path = self.fund.folder.joinpath(*parts)
        if ".." in parts or not path.is_file():
            return None
        return path.read_bytes()

    def _file(self, content: bytes, asked: str, fault: Fault | None) -> None:
        found = _RANGE.fullmatch(asked)
        if found is None or fault is Fault.NO_RANGES:
            return self._body(200, content, {}, fault)
        start = int(found[1]) + (fault is Fault.WRONG_RANGE)
        if start >= len(content):
            return self._answer(416, b"")
        part = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return self._body(206, content[start:], {"Content-Range": part}, fault)

    def _body(self, status: int, body: bytes, headers: dict[str, str], fault: Fault | None) -> None:
        if fault is Fault.ENDLESS:
            return self._endless(status, headers)
        if fault is Fault.PACKED:
            headers["Content-Encoding"] = "gzip"
        if fault is Fault.LONG:
            body += bytes(1000)
        head = self._head(status, headers | {"Content-Length": str(len(body))})
        if fault is Fault.DRIP_HEAD:
            return self._drip(head + body)
        self._send(head)
        match fault:
            case Fault.DRIP:
                self._drip(body)
            case Fault.CUT | Fault.STALL:
                self._send(body[: len(body) // 2])
                if fault is Fault.STALL:
                    self.fund.closing.wait()
                self.close_connection = True
            case Fault.SHORT:
                self._send(body[:-1])
                self.close_connection = True
            case _:
                self._send(body)
        return None

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        length = {"Content-Length": str(len(body))}
        self._send(self._head(status, (headers or {}) | length) + body)

    def _head(self, status: int, headers: dict[str, str]) -> bytes:
        lines = [f"HTTP/1.1 {status} {self.responses[status][0]}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("ascii")

    def _endless(self, status: int, headers: dict[str, str]) -> None:
        self.close_connection = True
        self._send(self._head(status, headers | {"Connection": "close"}))
        while not self.fund.closing.is_set():
            self._send(bytes(_BLOCK))

    def _drip(self, content: bytes) -> None:
        self.close_connection = True
        for place in range(len(content)):
            if self.fund.closing.is_set():
                return
            self._send(content[place : place + 1])
            time.sleep(_DRIP_SECONDS)

    def _send(self, content: bytes) -> None:
        self.wfile.write(content)
        self.fund.bytes_sent += len(content)
