"""The sample fund's services on this machine: FERZL and ZP1 over HTTPS, with faults on order."""

from __future__ import annotations

import re
import socket
import ssl
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, Final, Self

from kiosk.demo.fund_faults import PAGES, Fault, in_other_encoding, with_entities
from kiosk.demo.fund_ferzl import FerzlSide, Reply
from kiosk.demo.fund_messages import RefusedError
from kiosk.demo.fund_server import TlsServer
from kiosk.demo.fund_zp1 import Zp1Side

if TYPE_CHECKING:
    from kiosk.demo.certificates import Certificates
    from kiosk.demo.fund_world import FundWorld

MAX_QUESTION: Final = 64 * 1024
"""Bytes; a question has 2 KB."""
_BLOCK: Final = b" " * 64 * 1024
_DRIP_SECONDS: Final = 0.05
_HTML: Final = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """A request that was answered, or was ordered not to be; nothing of its content."""

    at: float
    """`time.monotonic()` when it had come."""
    path: str
    outcome: str
    """`found`, `not found`, `several`, `refused`, or a fault's value."""


class FundService:
    """Serves `/ferzl` and `/zp1` on a free port of 127.0.0.1; may stop and start again there."""

    def __init__(
        self,
        certificates: Certificates,
        world: FundWorld,
        token: str,
        *,
        expired: bool = False,
        client_required: bool = False,
        types_version: str = "",
    ) -> None:
        """Bind the port.

        `token`: what FERZL's `X-Auth-Token` must be. `expired`: with the certificate whose time is
        over. `client_required`: only clients with a certificate are served. `types_version`: see
        `FerzlSide`.
        """
        self.token = token
        self.slow_seconds = 5.0
        """What `Fault.SLOW` waits for."""
        self.requests: list[Request] = []
        self.complaints: list[str] = []
        """What was wrong with questions: path and fixed words, no values."""
        self.sides: dict[str, FerzlSide | Zp1Side] = {
            "/ferzl": FerzlSide(world, types_version),
            "/zp1": Zp1Side(world),
        }
        self.closing = threading.Event()
        self._connections: set[socket.socket] = set()
        self._faults: list[tuple[re.Pattern[str], Fault, int]] = []
        self._lock = threading.Lock()
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificates.expired if expired else certificates.server)
        if client_required:
            self._tls.verify_mode = ssl.CERT_REQUIRED
            self._tls.load_verify_locations(certificates.ca)
        self._port = 0
        self._server: TlsServer | None = self._bound()
        self._thread: threading.Thread | None = None

    def _bound(self) -> TlsServer:
        server = TlsServer(("127.0.0.1", self._port), _handler(self))
        server.tls = self._tls
        self._port = server.server_address[1]
        return server

    def url(self, name: str) -> str:
        """Address of the service `ferzl` or `zp1`."""
        return f"https://127.0.0.1:{self._port}/{name}"

    def start(self) -> Self:
        """Serve on a thread of its own; after `stop`, on the same port again."""
        self._server = self._server or self._bound()
        self.closing = threading.Event()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def stop(self) -> None:
        """End, also what is still being answered; stopping twice does no harm."""
        self.closing.set()
        if self._thread is not None and self._server is not None:
            self._server.shutdown()
            self._thread.join()
        if self._server is not None:
            self._server.server_close()
        self._server = self._thread = None
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            # Past the TLS layer: its own state belongs to the thread that answers.
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)

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

    def count(self, at: float, path: str, outcome: str) -> None:
        """Remember a request."""
        with self._lock:
            self.requests.append(Request(at, path, outcome))

    def complain(self, path: str, words: str) -> None:
        """Remember a question that broke a rule."""
        with self._lock:
            self.complaints.append(f"{path}: {words}")

    def opened(self, connection: socket.socket) -> None:
        """Remember a connection, to cut it when the service stops."""
        with self._lock:
            self._connections.add(connection)

    def closed(self, connection: socket.socket) -> None:
        """Forget a connection."""
        with self._lock:
            self._connections.discard(connection)


def _handler(owner: FundService) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        fund = owner

    return Handler


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body go out as they come: else each answer waits 40 ms for the other side.
    disable_nagle_algorithm = True
    fund: FundService

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base's name
        """Say nothing."""

    def setup(self) -> None:
        super().setup()
        self.closing = self.fund.closing
        self.fund.opened(self.connection)

    def finish(self) -> None:
        self.fund.closed(self.connection)
        super().finish()

    def do_HEAD(self) -> None:
        self._send(self._head(405, {"Allow": "POST", "Content-Length": "0"}))

    def do_GET(self) -> None:
        self._answer(405, b"", {"Allow": "POST"})

    def do_POST(self) -> None:
        body = self._body()
        at = time.monotonic()
        if body is None:
            return
        side = self.fund.sides.get(self.path)
        if side is None:
            self.fund.complain("?", "no such path")
            self._answer(404, b"")
            return
        fault = self.fund.take_fault(self.path)
        if fault in PAGES:
            self.fund.count(at, self.path, fault.value)
            self._page(fault)
        elif fault in {Fault.SILENT, Fault.RESET}:
            self.fund.count(at, self.path, fault.value)
            self._nothing(fault)
        else:
            self._ask(side, body, fault, at)

    def _body(self) -> bytes | None:
        """The question's bytes; None if there are none that are read, which is answered."""
        length = self.headers.get("Content-Length", "")
        if self.headers.get("Transfer-Encoding") or not length.isdecimal():
            words, status = "no length", 411
        elif int(length) > MAX_QUESTION:
            words, status = "too long", 413
        else:
            return self.rfile.read(int(length))
        self.close_connection = True
        self.fund.complain(self.path if self.path in self.fund.sides else "?", words)
        self._answer(status, b"", {"Connection": "close"})
        return None

    def _ask(self, side: FerzlSide | Zp1Side, body: bytes, fault: Fault | None, at: float) -> None:
        if self.path == "/ferzl" and self.headers.get("X-Auth-Token") != self.fund.token:
            self.fund.complain(self.path, "X-Auth-Token")
            self.fund.count(at, self.path, "refused")
            self._page(Fault.UNAUTHORISED)
            return
        if " ".join(self.headers.get("Content-Type", "").lower().split()) != side.content_type:
            self.fund.complain(self.path, "Content-Type")
            self.fund.count(at, self.path, "refused")
            self._answer(415, b"")
            return
        reply = self._reply(side, body, fault)
        self.fund.count(at, self.path, fault.value if fault is not None else reply.outcome)
        if fault is Fault.SLOW:
            self.closing.wait(self.fund.slow_seconds)
        self._deliver(side, reply, fault)

    def _reply(self, side: FerzlSide | Zp1Side, body: bytes, fault: Fault | None) -> Reply:
        try:
            right = side.answer(body, wrong_id=fault is Fault.WRONG_ID)
        except RefusedError as error:
            self.fund.complain(self.path, error.words)
            return side.refusal(error, body)
        if fault in {Fault.FAULT, Fault.INTERNAL}:
            return side.broken(body, as_item=fault is Fault.INTERNAL)
        return right

    def _deliver(self, side: FerzlSide | Zp1Side, reply: Reply, fault: Fault | None) -> None:
        body = reply.body
        match fault:
            case Fault.MALFORMED:
                body = body[: len(body) // 2]
            case Fault.WRONG_ENCODING:
                body = in_other_encoding(body, side.encoding)
            case Fault.ENTITIES:
                body = with_entities(body, side.encoding)
        kind = {"Content-Type": side.content_type}
        head = self._head(reply.status, kind | {"Content-Length": str(len(body))})
        match fault:
            case Fault.DRIP_HEAD:
                self._drip(head + body)
            case Fault.DRIP:
                self._send(head)
                self._drip(body)
            case Fault.HALF:
                self._send(head + body[: len(body) // 2])
                self.close_connection = True
            case Fault.HUGE:
                self._endless(reply.status, kind, body)
            case _:
                self._send(head + body)

    # Bytes on the way

    def _page(self, fault: Fault) -> None:
        status, html = PAGES[fault]
        headers = {"Content-Type": _HTML}
        if fault is Fault.REDIRECT:
            headers["Location"] = self.fund.url("elsewhere")
        self._answer(status, html.encode(), headers)

    def _nothing(self, fault: Fault) -> None:
        self.close_connection = True
        if fault is Fault.SILENT:
            self.closing.wait()
            return
        # No time to linger: closing the connection sends a reset.
        at_once = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        length = {"Content-Length": str(len(body))}
        self._send(self._head(status, (headers or {}) | length) + body)

    def _head(self, status: int, headers: dict[str, str]) -> bytes:
        lines = [f"HTTP/1.1 {status} {self.responses[status][0]}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("ascii")

    def _endless(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.close_connection = True
        self._send(self._head(status, headers | {"Connection": "close"}) + body)
        while not self.closing.is_set():
            self._send(_BLOCK)

    def _drip(self, content: bytes) -> None:
        self.close_connection = True
        for place in range(len(content)):
            self._send(content[place : place + 1])
            if self.closing.wait(_DRIP_SECONDS):
                return

    def _send(self, content: bytes) -> None:
        self.wfile.write(content)
