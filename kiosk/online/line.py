"""The connection of one exchange: from a host's name to a socket, within a deadline."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from kiosk.online.resolve import Resolver

if TYPE_CHECKING:
    from kiosk.online.deadline import Deadline
    from kiosk.online.resolve import Place

CONNECT_SECONDS: Final = 1.5
"""The longest wait for a connection: a lost first packet is sent again after 1 s."""
_MOST_PLACES: Final = 4
_BUFFER_BYTES: Final = 64 * 1024
"""What has come before the line is cut is still read, so there must not be megabytes of it."""
_RESOLVER: Final = Resolver()


class Line:
    """The connection of one exchange, which can be cut from any thread at any moment.

    What is cut is a duplicate of the socket, made before the TLS handshake and owned here: the
    socket itself changes hands in the handshake, and its descriptor's number may be another's by
    the time. Nor is SSLSocket's `shutdown` called, which takes the TLS state from under the reader.
    """

    def __init__(self, host: str, deadline: Deadline) -> None:
        """Nothing is connected yet."""
        self.host = host
        self.deadline = deadline
        self._lock = threading.Lock()
        self._handle: socket.socket | None = None

    def connect(self, port: int) -> socket.socket:
        """Return a connected socket; its timeout is what is left until the end.

        Raises:
            ServiceError: see `Resolver.places`; TIMEOUT, CANCELLED.
            OSError: no address takes the connection.
        """
        places = _RESOLVER.places(self.host, port, self.deadline)[:_MOST_PLACES]
        # Each has its share, so that one which does not answer leaves time for the next.
        seconds = min(CONNECT_SECONDS, self.deadline.left()) / max(1, len(places))
        trouble: OSError = OSError()
        for place in places:
            self.deadline.check()
            try:
                connected = self._connect(place, seconds)
            except OSError as error:
                trouble = error
                continue
            connected.settimeout(max(self.deadline.left(), 0.001))
            return connected
        raise trouble

    def _connect(self, place: Place, seconds: float) -> socket.socket:
        family, address = place
        connecting = socket.socket(family, socket.SOCK_STREAM)
        try:
            connecting.settimeout(max(seconds, 0.001))
            connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connecting.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
            self._hold(connecting.dup())
            connecting.connect(address)
            self.deadline.check()
        except BaseException:
            connecting.close()
            raise
        return connecting

    def _hold(self, handle: socket.socket | None) -> None:
        with self._lock:
            if self._handle is not None:
                self._handle.close()
            self._handle = handle

    def cut(self) -> None:
        """End whatever the connection's user is waiting for; nothing where there is none."""
        with self._lock, suppress(OSError):
            if self._handle is not None:
                self._handle.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the connection, which goes when its user closes it, too."""
        self._hold(None)
