"""One connection: what it still holds of an answer, and how it is broken."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from kiosk.clinic.problems import problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiosk.clinic.guard import Rules

_DROP_ALL: Final = struct.pack("ii", 1, 0)
"""SO_LINGER that leaves nothing to be sent behind a closed connection."""
_LOOK_SECONDS: Final = 0.02


class Connection(web.RequestHandler):
    """aiohttp's side of one connection, by which door it came, and with errors as problems."""

    def __init__(
        self, server: web.Server, rules: Rules, closed: Callable[[], None], **options: Any
    ) -> None:
        """`closed` is called once, when the connection is gone."""
        super().__init__(server, **options)
        self.rules = rules
        self.line: asyncio.Transport | None = None
        """What lies next to the socket: below TLS, whose own transport knows nothing of it."""
        self._closed: Callable[[], None] | None = closed

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a reader as soon as the kernel takes no more, not 64 KiB later."""
        if isinstance(transport, asyncio.Transport):
            # With 0, Python 3.11's TLS would pause and resume by turns at each write.
            transport.set_write_buffer_limits(high=1)
            self.line = self.line or transport
            self.line.set_write_buffer_limits(high=0)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Make room for another one."""
        self.leave()
        super().connection_lost(exc)

    async def sent(self) -> None:
        """Wait until the kernel has taken all that was written."""
        # TLS tells of its own buffer alone, and hands on all of it at once.
        while self._holds():
            await asyncio.sleep(_LOOK_SECONDS)

    def break_if_stuck(self) -> None:
        """Break a connection whose reader has not taken all: it may be of somebody who left."""
        if self._holds():
            self.drop()

    def end(self) -> None:
        """The kiosk stops: close now; what the kernel has taken already is still sent."""
        self.break_if_stuck()
        if self.line is not None:
            self.line.abort()

    def drop(self) -> None:
        """Close now; what was not taken yet is not sent any more, by the kernel neither."""
        if self.line is not None:
            with suppress(OSError):
                end = self.line.get_extra_info("socket")
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DROP_ALL)
            self.line.abort()

    def _holds(self) -> bool:
        upper, line = self.transport, self.line
        above = upper is not None and upper is not line and upper.get_write_buffer_size() > 0
        return above or (line is not None and line.get_write_buffer_size() > 0)

    def leave(self) -> None:
        """Count the connection out, once."""
        closed, self._closed = self._closed, None
        if closed is not None:
            closed()

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002  # so in all: what it says is not to be quoted
        status: int = 500,
        exc: BaseException | None = None,  # noqa: ARG002
        message: str | None = None,  # noqa: ARG002
    ) -> web.StreamResponse:
        """Answer what is no HTTP, without quoting it."""
        response = problem("internal" if status >= 500 else "bad-request")
        response.force_close()
        return response


def connection_of(request: web.BaseRequest) -> Connection:
    """The connection by which a request came in."""
    connection = request.protocol
    if not isinstance(connection, Connection):
        raise TypeError("a request that came by no door of ours")
    return connection
