"""What the service manager is told: sd_notify(3) over its datagram socket, in a few lines.

The protocol is one datagram of `KEY=value` lines. PyPI's bindings either bring a compiled library
or log and raise where no socket is; here nothing may raise, since a screen must not go dark because
nobody listens.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

_SEND_SECONDS: Final = 0.5
"""systemd reads at once; whoever holds this socket and does not must not hold the screen."""
_LONGEST_STATUS: Final = 200


class Notifier:
    """Tells the service manager how the service is; silent where there is none. Never raises."""

    def __init__(self, address: str = "", interval: float | None = None) -> None:
        """`address`: path of a socket, or an abstract one after `@`; empty: nobody listens."""
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.interval = interval
        """Seconds between two calls of `watchdog`: half of what is allowed; None: not wanted."""

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str] = os.environ, *, pid: int | None = None
    ) -> Self:
        """Take `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` (ours, or absent)."""
        address = environ.get("NOTIFY_SOCKET", "")
        if not address.startswith(("/", "@")) or len(address) < 2:
            return cls()
        return cls(address, _interval(environ, os.getpid() if pid is None else pid))

    @property
    def listens(self) -> bool:
        """Whether anybody is there to be told."""
        return bool(self._address)

    def ready(self, status: str = "") -> bool:
        """The service does its work from now on; False: nobody took the message (so in all)."""
        return self._send("READY=1", _status(status))

    def watchdog(self) -> bool:
        """Still alive."""
        return self._send("WATCHDOG=1")

    def trigger(self) -> bool:
        """Something hangs that only a restart helps: act as if the watchdog's time had run out."""
        return self._send("WATCHDOG=trigger")

    def status(self, text: str) -> bool:
        """One line for `systemctl status`: fixed codes only, nothing personal."""
        return self._send(_status(text))

    def stopping(self) -> bool:
        """The service is about to end."""
        return self._send("STOPPING=1")

    def extend(self, seconds: float) -> bool:
        """Starting or stopping takes up to `seconds` more from now."""
        return self._send(f"EXTEND_TIMEOUT_USEC={max(0, int(seconds * 1e6))}")

    def _send(self, *lines: str) -> bool:
        message = "\n".join(line for line in lines if line)
        if not self._address or not message:
            return False
        # A ValueError is a null byte in the path, an overlong path is an OSError.
        with (
            suppress(OSError, ValueError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as door,
        ):
            door.settimeout(_SEND_SECONDS)
            door.connect(self._address)
            door.sendall(message.encode())
            return True
        return False


def _status(text: str) -> str:
    line = " ".join(text.split())[:_LONGEST_STATUS]
    return f"STATUS={line}" if line else ""


def _interval(environ: Mapping[str, str], pid: int) -> float | None:
    for_whom = environ.get("WATCHDOG_PID", "")
    if for_whom and for_whom != str(pid):
        return None
    try:
        microseconds = int(environ.get("WATCHDOG_USEC", ""))
    except ValueError:
        return None
    return microseconds / 2e6 if microseconds > 0 else None
