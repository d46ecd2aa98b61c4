"""From the screen's thread to the server's: the latest value and its number, and never a wait.

The screen's thread calls `frame` after each turn. That is an assignment, and where something
changed one more call that wakes the server's loop: a server that is slow, hangs or was never
started costs it the same. Only the latest value is kept; what lies between two looks of the server
nobody has seen. When the person leaves, the value is replaced by one that knows nobody.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiosk.clinic.snapshot import Snapshot, Standing, follow, standing

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiosk.presenter import Surroundings
    from kiosk.states import Session


@dataclass(frozen=True, slots=True)
class Latest:
    """What the server should know now."""

    sequence: int
    """Counts the changes; two looks with the same number saw the same."""
    snapshot: Snapshot | None
    standing: Standing
    change: int = 0
    """The sequence at which `snapshot` changed last."""


class ClinicFeed:
    """See the head of this module. One thread publishes, any may read."""

    def __init__(self, kiosk: str = "") -> None:
        """Begin with nobody there; `kiosk` is its number."""
        self._kiosk = kiosk
        self._latest = Latest(0, None, Standing(kiosk))
        self._wake: Callable[[], object] | None = None
        self._last_presence = 0

    @property
    def latest(self) -> Latest:
        """The newest value: one reference, so that it can be read without a lock."""
        return self._latest

    def frame(self, session: Session, around: Surroundings) -> None:
        """The screen shows `session` now; cheap where nothing changed for the clinic."""
        snapshot = follow(self._latest.snapshot, self._last_presence, session, around)
        self._put(snapshot, standing(around, self._kiosk))

    def publish(self, snapshot: Snapshot | None) -> None:
        """Put a snapshot in the place of the last one; None: nobody is there."""
        self._put(snapshot, self._latest.standing)

    def listen(self, wake: Callable[[], object] | None) -> None:
        """Call `wake` on each change, on the publisher's thread: it must not wait. None: nobody."""
        self._wake = wake

    def _put(self, snapshot: Snapshot | None, now: Standing) -> None:
        before = self._latest
        if snapshot is before.snapshot and now == before.standing:
            return
        if snapshot is not None:
            self._last_presence = snapshot.presence
        sequence = before.sequence + 1
        change = before.change if snapshot is before.snapshot else sequence
        self._latest = Latest(sequence, snapshot, now, change)
        wake = self._wake
        if wake is not None:
            # The loop may be closed by now: nobody listens then.
            with suppress(RuntimeError):
                wake()
