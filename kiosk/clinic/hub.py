"""Those who listen to events, and what goes to them. Belongs to the server's loop.

Nobody waits for a listener: each has a short queue of its own, and one that does not empty it is
let go. Nothing is kept for later: who comes anew is told what is so now, and when the person
leaves, whatever has not been sent yet is dropped, and connections that still hold it are broken.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from kiosk.clinic.fields import standing_to_json, to_json
from kiosk.clinic.snapshot import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiosk.clinic.feed import ClinicFeed, Latest
    from kiosk.clinic.tokens import Caller

MOST_LISTENERS: Final = 64
MOST_WAITING: Final = 16
"""Events that may wait for one listener: those of five people."""
KEEP_ALIVE_SECONDS: Final = 10.0
_KEEP_ALIVE: Final = b": still here\n\n"
_NOBODYS: Final = (b":", b"event: standing", b"event: closing", b"event: removed")
"""How events begin that say nothing of a person."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """How much of the feed has been told; holds nothing of a person."""

    change: int = 0
    presence: int | None = None
    standing: object = None


class Breakable(Protocol):
    """What carries bytes to a reader (`kiosk.clinic.connection.Connection`)."""

    def break_if_stuck(self) -> None:
        """Break it if it still holds some; they may be of somebody who left."""


class Listener:
    """One open stream of events."""

    def __init__(self, caller: Caller, names: frozenset[str], connection: Breakable | None) -> None:
        """`names`: of the fields that it is told."""
        self.caller = caller
        self.names = names
        self.ends = False
        """No event comes after those that wait."""
        self._connection = connection
        self._waiting: deque[bytes] = deque()
        self._more = asyncio.Event()

    async def next(self) -> bytes | None:
        """The next event, once there is one; None: the stream ends."""
        while not self._waiting:
            if self.ends:
                return None
            self._more.clear()
            await self._more.wait()
        return self._waiting.popleft()

    def put(self, event: bytes) -> None:
        """Send an event next; whoever is behind for too long is let go instead."""
        if self.ends:
            return
        if len(self._waiting) >= MOST_WAITING:
            self.end("slow")
            return
        self._waiting.append(event)
        self._more.set()

    def end(self, cause: str) -> None:
        """Say why, and close; a connection that is stuck is broken."""
        if self.ends:
            return
        self.ends = True
        self._waiting.clear()
        self._waiting.append(_event("closing", {"cause": cause}))
        self._more.set()
        self.break_if_stuck()

    def forget(self) -> None:
        """Drop what waits and is of a person who has left."""
        kept = [event for event in self._waiting if event.startswith(_NOBODYS)]
        self._waiting = deque(kept)
        self.break_if_stuck()

    def break_if_stuck(self) -> None:
        """Break a connection that holds bytes nobody takes."""
        if self._connection is not None:
            self._connection.break_if_stuck()


class Hub:
    """See the head of this module."""

    def __init__(self, feed: ClinicFeed, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Nobody listens yet; `look` must be called when the feed changes."""
        self.sending: set[Breakable] = set()
        """Connections on which an answer about somebody is on its way."""
        self._feed = feed
        self._monotonic = monotonic
        self._listeners: set[Listener] = set()
        self._seen = _Seen()

    def __len__(self) -> int:
        return len(self._listeners)

    def join(self, listener: Listener) -> bool:
        """Take a listener in and tell it what is so now; False: there are too many."""
        if len(self._listeners) >= MOST_LISTENERS:
            return False
        self.look()
        self._listeners.add(listener)
        latest = self._feed.latest
        listener.put(_event("standing", standing_to_json(latest.standing)))
        if latest.snapshot is not None:
            listener.put(_event("inserted", self._inserted(latest)))
            if latest.snapshot.stage is Stage.VERDICT:
                listener.put(self._verdict(latest, listener.names))
        return True

    def leave(self, listener: Listener) -> None:
        """Forget a listener."""
        self._listeners.discard(listener)

    def look(self) -> None:
        """Tell what has changed since the last look."""
        latest, seen = self._feed.latest, self._seen
        snapshot = latest.snapshot
        presence = None if snapshot is None else snapshot.presence
        self._seen = _Seen(latest.change, presence, latest.standing)
        if seen.presence is not None and presence != seen.presence:
            self._forget()
            self._tell("removed", {"presence": seen.presence})
        if seen.standing != latest.standing:
            self._tell("standing", standing_to_json(latest.standing))
        if latest.change == seen.change:
            return
        if snapshot is None:
            return
        if presence != seen.presence:
            self._tell("inserted", self._inserted(latest))
        if snapshot.stage is Stage.VERDICT:
            self._tell_verdict(latest)

    def keep_alive(self, holds: Callable[[Caller], bool]) -> None:
        """Let everybody know that the line stands; part from whoever's token is no longer good."""
        for listener in [*self._listeners]:
            if holds(listener.caller):
                listener.put(_KEEP_ALIVE)
            else:
                listener.end("token")

    def end(self) -> None:
        """The kiosk stops: close all streams."""
        for listener in [*self._listeners]:
            listener.end("stopping")

    def _forget(self) -> None:
        for listener in self._listeners:
            listener.forget()
        for connection in self.sending:
            connection.break_if_stuck()

    def _tell(self, name: str, said: dict[str, Any]) -> None:
        event = _event(name, said)
        for listener in self._listeners:
            listener.put(event)

    def _tell_verdict(self, latest: Latest) -> None:
        """Once for all who are told the same fields."""
        made: dict[frozenset[str], bytes] = {}
        for listener in self._listeners:
            if listener.names not in made:
                made[listener.names] = self._verdict(latest, listener.names)
            listener.put(made[listener.names])

    def _inserted(self, latest: Latest) -> dict[str, Any]:
        if latest.snapshot is None:
            return {}
        return {
            "presence": latest.snapshot.presence,
            "card": latest.snapshot.reader,
            "since": latest.snapshot.since.isoformat(timespec="milliseconds"),
        }

    def _verdict(self, latest: Latest, names: frozenset[str]) -> bytes:
        if latest.snapshot is None:
            return b""
        said = to_json(latest.snapshot, names, self._monotonic(), with_photo=False)
        return _event("verdict", said)


def _event(name: str, said: dict[str, Any]) -> bytes:
    data = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    # Half a character, as a chip may hold, must not keep the rest back.
    return f"event: {name}\ndata: {data}\n\n".encode("utf-8", "replace")
