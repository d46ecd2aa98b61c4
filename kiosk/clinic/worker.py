"""The thread that serves the clinic's system: a worker for `kiosk.supervise`.

It has a loop of its own and shares nothing with the screen's thread but the feed. A door that
cannot be opened (port taken, folder missing, certificate wrong) is told once and tried again; the
others are served meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Never

from aiohttp import web

from kiosk.clinic import doors
from kiosk.clinic.api import Clinic, expecting_nothing, make_app
from kiosk.clinic.connection import Connection
from kiosk.clinic.guard import loopback_rules, tls_rules, unix_rules
from kiosk.clinic.hub import KEEP_ALIVE_SECONDS, Hub
from kiosk.clinic.pages import Pages
from kiosk.clinic.papers import Papers, complaint
from kiosk.clinic.tokens import CREDENTIAL, Tokens
from kiosk.clinic_addresses import tls_address

if TYPE_CHECKING:
    import socket
    import threading
    from collections.abc import Callable

    from kiosk.clinic.feed import ClinicFeed
    from kiosk.clinic.guard import Rules
    from kiosk.config_sections import ClinicSection

_log = logging.getLogger(__name__)

LOOPBACK: Final = "127.0.0.1"
_TURN_SECONDS: Final = 0.5
_RETRY_SECONDS: Final = 5.0
_GOODBYE_SECONDS: Final = 0.5


class ClinicWorker:
    """See the head of this module."""

    def __init__(self, section: ClinicSection, feed: ClinicFeed) -> None:
        """Nothing is opened until `run`."""
        self.last_tick = time.monotonic()
        self.ports: dict[str, int] = {}
        """By door, once it is open; the Unix socket's is 0."""
        self._section = section
        self._feed = feed

    def run(self, emit: Callable[[Never], None], stop: threading.Event) -> None:  # noqa: ARG002
        """Serve until `stop`."""
        asyncio.run(self._serve(stop))

    async def _serve(self, stop: threading.Event) -> None:
        loop = asyncio.get_running_loop()
        # asyncio's own report quotes what it was doing.
        loop.set_exception_handler(_report)
        hub = Hub(self._feed)
        tokens = Tokens(_tokens_file(self._section))
        clinic = Clinic(self._feed, hub, tokens, Pages())
        runner = web.AppRunner(
            make_app(clinic), handler_cancellation=True, shutdown_timeout=_GOODBYE_SECONDS
        )
        await runner.setup()
        if runner.server is None:
            raise RuntimeError("no server")
        runner.server.request_handler = expecting_nothing(runner.server.request_handler)
        openings = _Openings(self._section, doors.Serving(runner.server, _silent()), self.ports)
        self._feed.listen(lambda: loop.call_soon_threadsafe(hub.look))
        try:
            await self._turns(stop, hub, tokens, openings)
        finally:
            self._feed.listen(None)
            openings.close()
            hub.end()
            inside = list(runner.server.connections)
            await runner.cleanup()
            for connection in inside:
                # aiohttp only asks them to close, once their readers have taken all.
                if isinstance(connection, Connection):
                    connection.end()
            # They are closed in the loop's next turn, which is its last.
            await asyncio.sleep(0)

    async def _turns(
        self, stop: threading.Event, hub: Hub, tokens: Tokens, openings: _Openings
    ) -> None:
        alive_at = time.monotonic() + KEEP_ALIVE_SECONDS
        while not stop.is_set():
            self.last_tick = now = time.monotonic()
            openings.turn(now)
            if now >= alive_at:
                alive_at = now + KEEP_ALIVE_SECONDS
                hub.keep_alive(tokens.still_holds)
            # For an event that came while the loop was being made.
            hub.look()
            await asyncio.sleep(_TURN_SECONDS)


@dataclass(slots=True)
class _Opening:
    """One door of the configuration: how it is opened, and how that went."""

    name: str
    make: Callable[[], doors.Gate]
    gate: doors.Gate | None = None
    due_at: float = float("-inf")
    complaint: str = ""


class _Openings:
    """All doors of the configuration."""

    def __init__(
        self, section: ClinicSection, serving: doors.Serving, ports: dict[str, int]
    ) -> None:
        """Nothing is opened until `turn`."""
        self._section = section
        self._serving = serving
        self._ports = ports
        self._identity: tuple[int, int] | None = None
        self._papers: Papers | None = None
        self._look_at = float("-inf")
        self._doors = []
        if section.socket is not None:
            self._doors.append(_Opening("unix", self._open_unix))
        if section.port:
            self._doors.append(_Opening("loopback", self._open_loopback))
        if section.tls_address:
            self._doors.append(_Opening("tls", self._open_tls))

    def turn(self, now: float) -> None:
        """Open what is still closed, when it is time; and see whether certificates are new."""
        if self._papers is not None and now >= self._look_at:
            self._look_at = now + _RETRY_SECONDS
            self._papers.look()
        for door in self._doors:
            if door.gate is not None or now < door.due_at:
                continue
            door.due_at = now + _RETRY_SECONDS
            try:
                door.gate = door.make()
                door.gate.open()
                door.complaint = ""
            except OSError as error:
                said = complaint(error)
                if said != door.complaint:
                    door.complaint = said
                    _log.error("clinic: the door %s cannot be opened: %s", door.name, said)

    def close(self) -> None:
        """Close all doors."""
        if self._identity is not None and self._section.socket is not None:
            doors.unlink_if(self._section.socket, self._identity)
        for door in self._doors:
            if door.gate is not None:
                door.gate.close()
        self._ports.clear()

    def _gate(self, door: socket.socket, rules: Rules, papers: Papers | None = None) -> doors.Gate:
        return doors.Gate(self._serving, door, rules, papers)

    def _open_unix(self) -> doors.Gate:
        section = self._section
        if section.socket is None:
            raise ValueError("no socket")
        mode = int(section.socket_mode, 8)
        door = doors.listen_unix(section.socket, mode, section.socket_group)
        self._identity = doors.identity_of(section.socket)
        self._ports["unix"] = 0
        return self._gate(door, unix_rules())

    def _open_loopback(self) -> doors.Gate:
        door = doors.listen_tcp(LOOPBACK, self._section.port)
        port = self._ports["loopback"] = door.getsockname()[1]
        return self._gate(door, loopback_rules(port, self._section.origins))

    def _open_tls(self) -> doors.Gate:
        section = self._section
        if section.server_file is None or section.client_ca_file is None:
            raise ValueError("no certificates")
        self._papers = Papers(section.server_file, section.client_ca_file)
        host, port = tls_address(section.tls_address)
        door = doors.listen_tcp(host, port)
        port = self._ports["tls"] = door.getsockname()[1]
        return self._gate(door, tls_rules(port, section.hosts, section.origins), self._papers)


def _tokens_file(section: ClinicSection) -> Path | None:
    if section.tokens_file is not None:
        return section.tokens_file
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return None if folder is None else Path(folder) / CREDENTIAL


def _silent() -> logging.Logger:
    """A logger for aiohttp that says nothing: its words quote requests, and any peer makes them."""
    logger = logging.Logger("aiohttp")  # noqa: LOG001  # not one of the tree: nobody switches it on
    logger.disabled = True
    return logger


def _report(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    # Peers that leave in the middle of something are everyday life.
    if error is not None and not isinstance(error, ConnectionError | TimeoutError | ssl.SSLError):
        _log.error("clinic: the loop failed: %s", type(error).__name__)
