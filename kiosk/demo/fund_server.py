"""A fund's web server on this machine: the static files of a folder, and every fault on order."""

from __future__ import annotations

import enum
import re
import ssl
import threading
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import unquote

from kiosk.demo.faulty_server import FaultOrders, PlainHandler, TlsServer

if TYPE_CHECKING:
    from pathlib import Path

    from kiosk.demo.certificates import Certificates

_RANGE: Final = re.compile(r"bytes=(\d+)-")


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


class FundServer(FaultOrders[Fault]):
    """Serves `folder` on a free port of 127.0.0.1 until `stop`."""

    def __init__(self, folder: Path, certificates: Certificates | None = None) -> None:
        """Bind the port; over HTTPS when there are certificates."""
        super().__init__()
        self.folder = folder
        self.requests: list[tuple[str, str]] = []
        """Path and `Range` of every request so far."""
        self.bytes_sent = 0
        self.closing = threading.Event()
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


def _handler(owner: FundServer) -> type[PlainHandler]:
    class Handler(_Handler):
        fund = owner
        closing = owner.closing

    return Handler


class _Handler(PlainHandler):
    fund: FundServer

    def do_GET(self) -> None:
        asked = self.headers.get("Range", "")
        self.fund.requests.append((self.path, asked))
        fault = self.fund.take_fault(self.path)
        content = self._content()
        if fault is Fault.SILENT:
            self.closing.wait()
            self.close_connection = True
        elif fault is Fault.REDIRECT:
            self.answer(302, b"", {"Location": f"{self.fund.url}/elsewhere"})
        elif fault is Fault.BROKEN:
            self.answer(500, b"broken")
        elif fault is Fault.GARBAGE:
            self.answer(200, "<html>Войдите в сеть</html>".encode())
        elif content is None or fault is Fault.MISSING:
            self.answer(404, b"not here")
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
            return self.answer(416, b"")
        part = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return self._body(206, content[start:], {"Content-Range": part}, fault)

    def _body(self, status: int, body: bytes, headers: dict[str, str], fault: Fault | None) -> None:
        if fault is Fault.ENDLESS:
            return self.endless(status, headers)
        if fault is Fault.PACKED:
            headers["Content-Encoding"] = "gzip"
        if fault is Fault.LONG:
            body += bytes(1000)
        head = self.head(status, headers | {"Content-Length": str(len(body))})
        if fault is Fault.DRIP_HEAD:
            return self.drip(head + body)
        self.send(head)
        match fault:
            case Fault.DRIP:
                self.drip(body)
            case Fault.CUT | Fault.STALL:
                self.send(body[: len(body) // 2])
                if fault is Fault.STALL:
                    self.closing.wait()
                self.close_connection = True
            case Fault.SHORT:
                self.send(body[:-1])
                self.close_connection = True
            case _:
                self.send(body)
        return None

    def send(self, content: bytes) -> None:
        super().send(content)
        self.fund.bytes_sent += len(content)
