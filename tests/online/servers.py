"""A server that does exactly what a test says with each connection, over TLS or plain."""

from __future__ import annotations

import itertools
import socket
import ssl
import struct
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kiosk.demo.certificates import Certificates

_DRIP_SECONDS: Final = 0.02


def answer(status: int, body: bytes, *headers: str) -> bytes:
    """A whole HTTP answer."""
    lines = [f"HTTP/1.1 {status} Words", *headers]
    if not any(line.startswith("Content-Length") for line in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


@dataclass
class Peer:
    """The server's end of one connection, after the request has come."""

    socket: socket.socket
    over: threading.Event
    """The test is over: whoever waits or sends without end may go."""
    request: bytes = field(default=b"", repr=False)

    def send(self, content: bytes) -> None:
        """Send at once."""
        self.socket.sendall(content)

    def drip(self, content: bytes, *, first: bytes = b"") -> None:
        """Send `first` at once, and `content` byte by byte, again and again."""
        self.socket.sendall(first)
        for byte in itertools.cycle(content):
            self.socket.sendall(bytes([byte]))
            if self.over.wait(_DRIP_SECONDS):
                return

    def reset(self) -> None:
        """Break the connection off with a RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def hang(self) -> None:
        """Say nothing more."""
        self.over.wait()

    def take_request(self) -> None:
        """Read a request with its body."""
        while b"\r\n\r\n" not in self.request:
            self._more()
        head, _, _ = self.request.partition(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        while len(self.request) - len(head) - 4 < length:
            self._more()

    def _more(self) -> None:
        received = self.socket.recv(65536)
        if not received:
            raise ConnectionResetError
        self.request += received


class RawServer:
    """Serves connections at `place`, each on a thread, with `act`."""

    def __init__(
        self,
        act: Callable[[Peer], object],
        certificates: Certificates | None = None,
        *,
        context: ssl.SSLContext | None = None,
        early: bool = False,
        place: tuple[str, int] = ("127.0.0.1", 0),
    ) -> None:
        """`context` instead of the server's usual one; `early`: act before TLS and request."""
        self._act = act
        self._early = early
        self.over = threading.Event()
        self.peers: list[Peer] = []
        self._context = context
        if context is None and certificates is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificates.server)
        self._scheme = "http" if certificates is None else "https"
        self._listening = socket.create_server(place)
        self.port = self._listening.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]

    @property
    def url(self) -> str:
        """Its address."""
        return f"{self._scheme}://127.0.0.1:{self.port}/ask"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        for peer in self.peers:
            with suppress(OSError):
                socket.socket.shutdown(peer.socket, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listening.close()

    def _accept(self) -> None:
        while not self.over.is_set():
            try:
                accepted, _ = self._listening.accept()
            except OSError:
                return
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(target=self._serve, args=(accepted,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, accepted: socket.socket) -> None:
        peer = Peer(accepted, self.over)
        self.peers.append(peer)
        with suppress(OSError):
            if not self._early:
                if self._context is not None:
                    peer.socket = self._context.wrap_socket(accepted, server_side=True)
                peer.take_request()
            self._act(peer)
        peer.socket.close()


@contextmanager
def full_server() -> Iterator[int]:
    """The port of a server that takes no more connections: it drops the first packets of new ones.

    Linux does so when as many are waiting to be accepted as `listen` allowed, and one.
    """
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        port = listening.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            yield port
