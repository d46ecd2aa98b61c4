"""What the sample fund's service shares with those who answer its requests, one a connection."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiosk.demo.faulty_server import FaultOrders
from kiosk.demo.fund_faults import Fault

if TYPE_CHECKING:
    from kiosk.demo.fund_ferzl import FerzlSide
    from kiosk.demo.fund_zp1 import Zp1Side


@dataclass(frozen=True, slots=True)
class Request:
    """A request that was answered, or was ordered not to be; nothing of its content."""

    at: float
    """`time.monotonic()` when it had come."""
    path: str
    outcome: str
    """`found`, `not found`, `several`, `refused`, or a fault's value."""


class FundDesk(FaultOrders[Fault]):
    """Who answers, what was asked, which connections are open; safe from any thread."""

    def __init__(self, sides: dict[str, FerzlSide | Zp1Side], token: str) -> None:
        """`sides`: by path. `token`: what FERZL's `X-Auth-Token` must be."""
        super().__init__()
        self.sides = sides
        self.token = token
        self.slow_seconds = 5.0
        """What `Fault.SLOW` waits for."""
        self.requests: list[Request] = []
        self.complaints: list[str] = []
        """What was wrong with questions: path and fixed words, no values."""
        self._closing = threading.Event()
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()

    def count(self, at: float, path: str, outcome: str) -> None:
        """Remember a request."""
        with self._lock:
            self.requests.append(Request(at, path, outcome))

    def complain(self, path: str, words: str) -> None:
        """Remember a question that broke a rule."""
        with self._lock:
            self.complaints.append(f"{path}: {words}")

    def opened(self, connection: socket.socket) -> threading.Event:
        """Remember a connection, to cut it when the service stops; return what tells of that.

        Raises:
            ConnectionAbortedError: it has stopped already.
        """
        with self._lock:
            if self._closing.is_set():
                raise ConnectionAbortedError
            self._connections.add(connection)
            return self._closing

    def closed(self, connection: socket.socket) -> None:
        """Forget a connection."""
        with self._lock:
            self._connections.discard(connection)

    def let_in(self) -> None:
        """Take connections again."""
        with self._lock:
            self._closing = threading.Event()

    def close(self) -> None:
        """Tell those who still answer, and take no more connections."""
        with self._lock:
            self._closing.set()

    def cut(self) -> None:
        """Cut the connections that are open."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            # Past the TLS layer: its own state belongs to the thread that answers.
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
