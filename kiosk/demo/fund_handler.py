"""How the sample fund's services answer over HTTP: what is checked of a request, and faults."""

from __future__ import annotations

import math
import select
import socket
import struct
import time
from typing import TYPE_CHECKING, Final

from kiosk.demo.faulty_server import PlainHandler
from kiosk.demo.fund_faults import PAGES, Fault, in_other_encoding, with_entities
from kiosk.demo.fund_messages import RefusedError

if TYPE_CHECKING:
    from kiosk.demo.fund_desk import FundDesk
    from kiosk.demo.fund_ferzl import FerzlSide, Reply
    from kiosk.demo.fund_zp1 import Zp1Side

MAX_QUESTION: Final = 64 * 1024
"""Bytes; a question has 2 KB."""
_MOST_READ: Final = 1024 * 1024
_LOOK_SECONDS: Final = 0.05
_HTML: Final = "text/html; charset=utf-8"


def handler_for(owner: FundDesk) -> type[PlainHandler]:
    """The class whose objects answer the requests of one service."""

    class Handler(_Handler):
        fund = owner

    return Handler


class _Handler(PlainHandler):
    fund: FundDesk

    def setup(self) -> None:
        super().setup()
        self.closing = self.fund.opened(self.connection)

    def finish(self) -> None:
        self.fund.closed(self.connection)
        super().finish()

    def do_HEAD(self) -> None:
        self.send(self.head(405, {"Allow": "POST", "Content-Length": "0"}))

    def do_GET(self) -> None:
        self.answer(405, b"", {"Allow": "POST"})

    def do_POST(self) -> None:
        body = self._body()
        at = time.monotonic()
        if body is None:
            return
        side = self.fund.sides.get(self.path)
        if side is None:
            self.fund.complain("?", "no such path")
            self.answer(404, b"")
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
            # Closing upon bytes that were not read would reset the connection, answer and all.
            self.rfile.read(min(int(length), _MOST_READ))
            words, status = "too long", 413
        else:
            return self.rfile.read(int(length))
        self.close_connection = True
        self.fund.complain(self.path if self.path in self.fund.sides else "?", words)
        self.answer(status, b"", {"Connection": "close"})
        return None

    def _ask(self, side: FerzlSide | Zp1Side, body: bytes, fault: Fault | None, at: float) -> None:
        if self.path == "/ferzl" and self.headers.get("X-Auth-Token") != self.fund.token:
            self.fund.complain(self.path, "X-Auth-Token")
            self.fund.count(at, self.path, "refused")
            self._page(Fault.UNAUTHORISED)
            return
        if words := self._wrong_header(side):
            self.fund.complain(self.path, words)
            self.fund.count(at, self.path, "refused")
            self.answer(415, b"")
            return
        reply = self._reply(side, body, fault)
        self.fund.count(at, self.path, fault.value if fault is not None else reply.outcome)
        if fault is Fault.SLOW:
            self._wait(self.fund.slow_seconds)
        self._deliver(side, reply, fault)

    def _wrong_header(self, side: FerzlSide | Zp1Side) -> str:
        """The name of a header that is missing or wrong; empty if none is."""
        if " ".join(self.headers.get("Content-Type", "").lower().split()) != side.content_type:
            return "Content-Type"
        # SOAP 1.1 §6.1.1: a client must send it; an empty one leaves it to the address.
        if self.path == "/ferzl" and self.headers.get("SOAPAction") is None:
            return "SOAPAction"
        return ""

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
        head = self.head(reply.status, kind | {"Content-Length": str(len(body))})
        match fault:
            case Fault.DRIP_HEAD:
                self.drip(head + body)
            case Fault.DRIP:
                self.send(head)
                self.drip(body)
            case Fault.HALF:
                self.send(head + body[: len(body) // 2])
                self.close_connection = True
            case Fault.HUGE:
                self.endless(reply.status, kind, body)
            case _:
                self.send(head + body)

    # Bytes on the way

    def _page(self, fault: Fault) -> None:
        status, html = PAGES[fault]
        headers = {"Content-Type": _HTML}
        if fault is Fault.REDIRECT:
            headers["Location"] = f"https://{self.headers['Host']}/elsewhere"
        self.answer(status, html.encode(), headers)

    def _nothing(self, fault: Fault) -> None:
        self.close_connection = True
        if fault is Fault.SILENT:
            self._wait(math.inf)
            return
        # No time to linger: closing the connection sends a reset.
        at_once = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)

    def _wait(self, seconds: float) -> None:
        """Say nothing, until the client has had enough: thousands of them wait in a benchmark."""
        end = time.monotonic() + seconds
        heard = select.poll()
        heard.register(self.connection, select.POLLIN)
        while time.monotonic() < end and not self.closing.wait(_LOOK_SECONDS):
            if heard.poll(0):
                return
