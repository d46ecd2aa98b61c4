"""Addresses of a host's name, with an end to the waiting.

The system's resolver (getaddrinfo) cannot be interrupted and takes 10 s and more where its servers
are dead. It is therefore called on a thread that is left behind when the time is over. Whoever asks
for the same name meanwhile waits for the same call, so that threads do not pile up.
"""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING, Final

from kiosk.lookup import Cause
from kiosk.online.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiosk.online.deadline import Deadline

Place = tuple[int, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]
"""Family and address, as `socket.socket` and `connect` take them."""

LOOKUP_SECONDS: Final = 1.5
"""The longest wait for a name. What comes later is kept for the next one who asks."""
MOST_LOOKUPS: Final = 4
"""Calls that may be under way, or hang, at once: a kiosk asks two services."""
_KEEP_SECONDS: Final = 60.0
"""For how long an answer that came too late is as good as a new one."""


class Resolver:
    """Looks names up; safe from any thread."""

    def __init__(self, look_up: Callable[[str, int], list[Place]] | None = None) -> None:
        """`look_up` stands for the system's resolver."""
        self._look_up = look_up or _system
        self._lock = threading.Lock()
        self._lookups: dict[tuple[str, int], _Lookup] = {}

    def places(self, host: str, port: int, deadline: Deadline) -> list[Place]:
        """Where `host` is, best first; an address in digits is its own answer.

        Raises:
            ServiceError: NO_NETWORK: the name is not known, or calls hang already; TIMEOUT,
                CANCELLED.
        """
        try:
            return _places(host, port, socket.AI_NUMERICHOST)
        except (OSError, UnicodeError):
            pass
        lookup = self._lookup(host, port)
        with deadline.ending(lookup.wake):
            lookup.wait(min(LOOKUP_SECONDS, deadline.left()), deadline)
        deadline.check()
        if lookup.result is None:
            raise ServiceError(
                Cause.TIMEOUT, f"{host}: nobody says where it is; is there a network, and its DNS?"
            )
        with self._lock:
            if self._lookups.get((host, port)) is lookup:
                del self._lookups[host, port]
        if not lookup.result:
            raise ServiceError(
                Cause.NO_NETWORK, f"{host}: the name is not known; is there a network?"
            )
        return lookup.result

    def _lookup(self, host: str, port: int) -> _Lookup:
        with self._lock:
            lookup = self._lookups.get((host, port))
            if lookup is not None and lookup.is_of_use:
                return lookup
            if sum(one.result is None for one in self._lookups.values()) >= MOST_LOOKUPS:
                raise ServiceError(
                    Cause.NO_NETWORK, f"{host}: earlier look-ups of names still hang"
                )
            lookup = self._lookups[host, port] = _Lookup()
        threading.Thread(
            target=lookup.run, args=(self._look_up, host, port), name="resolver", daemon=True
        ).start()
        return lookup


class _Lookup:
    """One call of the resolver's."""

    def __init__(self) -> None:
        self.result: list[Place] | None = None
        """None while the call runs; empty when the name is not known."""
        self._ended = 0.0
        self._changed = threading.Condition()

    @property
    def is_of_use(self) -> bool:
        """Whether it still runs, or has an answer that is not too old."""
        if self.result is None:
            return True
        return bool(self.result) and time.monotonic() - self._ended < _KEEP_SECONDS

    def run(self, look_up: Callable[[str, int], list[Place]], host: str, port: int) -> None:
        try:
            result = look_up(host, port)
        except (OSError, UnicodeError):
            result = []
        with self._changed:
            self._ended = time.monotonic()
            self.result = result
            self._changed.notify_all()

    def wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def wait(self, seconds: float, deadline: Deadline) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self.result is not None or deadline.cancelled, seconds)


def _system(host: str, port: int) -> list[Place]:
    # Without AI_ADDRCONFIG a machine that has no IPv6 would ask, and wait, for such addresses, too.
    return _places(host, port, socket.AI_ADDRCONFIG)


def _places(host: str, port: int, flags: int) -> list[Place]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [(family, address) for family, _, _, _, address in found]
