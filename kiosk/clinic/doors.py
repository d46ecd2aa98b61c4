"""Where connections come in: a Unix socket, the loopback, TLS with mutual authentication.

A gate takes connections itself instead of leaving it to asyncio's servers: it lets in so many at a
time and refuses the others at once with a few bytes, takes only a handful before everything else
gets its turn, and pauses when the kernel has no more to give. A thousand connections therefore
cost the screen's thread next to nothing, with which this one shares the interpreter.
"""

from __future__ import annotations

import asyncio
import errno
import shutil
import socket
import stat
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kiosk.clinic.connection import Connection

if TYPE_CHECKING:
    import logging
    import ssl
    from pathlib import Path

    from aiohttp import web

    from kiosk.clinic.guard import Rules
    from kiosk.clinic.papers import Papers

MOST_CONNECTIONS: Final = 128
"""At one gate: 64 streams of events and as many questions."""
IDLE_SECONDS: Final = 10.0
"""Until a connection has sent a whole request, and between two of them."""
HANDSHAKE_SECONDS: Final = 3.0
MOST_LINE_BYTES: Final = 2048
"""Of the request's first line, and of one header."""
MOST_HEADERS: Final = 48
_BATCH: Final = 16
_BREATH_SECONDS: Final = 0.02
"""Between two full batches: at most 800 connections a second are even looked at."""
_STARVED_SECONDS: Final = 1.0
_SEND_BUFFER_BYTES: Final = 32 * 1024
"""In the kernel, for one connection."""
_UNTAKEN_MS: Final = 10_000
"""How long the kernel keeps bytes that the other side of a TCP connection does not take."""
_REFUSAL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 5\r\n"
    b"Connection: close\r\n\r\n"
)


class _BeforeTls(asyncio.Protocol):
    """Leaves everything unread until the handshake begins."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait."""
        if isinstance(transport, asyncio.Transport):
            transport.pause_reading()


@dataclass(frozen=True, slots=True)
class Serving:
    """What all gates hand their connections to."""

    server: web.Server
    logger: logging.Logger
    """Gets what aiohttp has to say: it may quote requests."""


class Gate:
    """Lets connections in at one listening socket."""

    def __init__(
        self,
        serving: Serving,
        door: socket.socket,
        rules: Rules,
        papers: Papers | None = None,
        most: int = MOST_CONNECTIONS,
    ) -> None:
        """`door` listens already; `open` begins. `papers`: it speaks TLS."""
        self.rules = rules
        self.inside = 0
        """Connections that are open."""
        self.refused = 0
        """Since the start."""
        self._serving = serving
        self._door = door
        self._papers = papers
        self._most = most
        self._loop = asyncio.get_running_loop()
        self._adopting: set[asyncio.Task[None]] = set()
        self._open = False

    def open(self) -> None:
        """Take connections from now on."""
        self._door.settimeout(0)
        self._open = True
        self._resume()

    def close(self) -> None:
        """Take no more; those inside go on."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._door)
            self._door.close()

    def _resume(self) -> None:
        if self._open:
            self._loop.add_reader(self._door, self._take)

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._door)
        self._loop.call_later(seconds, self._resume)

    def _take(self) -> None:
        for _ in range(_BATCH):
            try:
                connection, _ = self._door.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno not in {errno.ECONNABORTED, errno.EINTR}:
                    # No descriptors or no memory: they come back when others leave.
                    self._pause(_STARVED_SECONDS)
                    return
                continue
            self._let_in_or_refuse(connection)
        self._pause(_BREATH_SECONDS)

    def _let_in_or_refuse(self, connection: socket.socket) -> None:
        connection.settimeout(0)
        if self.inside >= self._most:
            self.refused += 1
            with connection, suppress(OSError):
                if self._papers is None:
                    connection.send(_REFUSAL)
            return
        self.inside += 1
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
            # A Unix socket knows no such thing: what is sent lies with its reader at once.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNTAKEN_MS)
        task = self._loop.create_task(self._adopt(connection))
        self._adopting.add(task)
        task.add_done_callback(self._adopting.discard)

    async def _adopt(self, connection: socket.socket) -> None:
        protocol = Connection(
            self._serving.server,
            self.rules,
            self._left,
            loop=self._loop,
            logger=self._serving.logger,
            access_log=None,
            keepalive_timeout=IDLE_SECONDS,
            lingering_time=0,
            max_line_size=MOST_LINE_BYTES,
            max_field_size=MOST_LINE_BYTES,
            max_headers=MOST_HEADERS,
            auto_decompress=False,
        )
        try:
            if self._papers is None:
                await self._loop.connect_accepted_socket(lambda: protocol, connection)
            else:
                await self._shake_hands(protocol, connection, self._papers.context)
        except OSError:
            # A handshake that failed (ssl.SSLError is one), or a peer that is gone already.
            protocol.leave()
            connection.close()

    async def _shake_hands(
        self, protocol: Connection, connection: socket.socket, tls: ssl.SSLContext
    ) -> None:
        line, _ = await self._loop.connect_accepted_socket(_BeforeTls, connection)
        protocol.line = line
        transport = await self._loop.start_tls(
            line,
            protocol,
            tls,
            server_side=True,
            ssl_handshake_timeout=HANDSHAKE_SECONDS,
            ssl_shutdown_timeout=HANDSHAKE_SECONDS,
        )
        if transport is None:
            raise ConnectionResetError
        protocol.connection_made(transport)

    def _left(self) -> None:
        self.inside -= 1


# Sockets that listen


def listen_unix(path: Path, mode: int, group: str) -> socket.socket:
    """A Unix socket at `path` that has its mode and group before anybody can reach it.

    Raises:
        OSError: the folder or the group is missing, or something else stands there.
    """
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise FileExistsError(errno.EEXIST, "not a socket")
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        door.bind(str(beside))
        if group:
            try:
                shutil.chown(beside, group=group)
            except LookupError:
                raise FileNotFoundError(errno.ENOENT, "no such group") from None
        beside.chmod(mode)
        door.listen()
        beside.replace(path)
    except OSError:
        door.close()
        beside.unlink(missing_ok=True)
        raise
    return door


def unlink_if(path: Path, identity: tuple[int, int]) -> None:
    """Take our Unix socket away, unless another program has put its own in its place."""
    with suppress(OSError):
        if identity_of(path) == identity:
            path.unlink()


def identity_of(path: Path) -> tuple[int, int]:
    """Which file stands at `path` now.

    Raises:
        OSError: none.
    """
    found = path.lstat()
    return found.st_dev, found.st_ino


def listen_tcp(host: str, port: int) -> socket.socket:
    """A TCP socket at a numeric address.

    Raises:
        OSError: the port is taken, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((host, port))
        door.listen()
    except OSError:
        door.close()
        raise
    return door
