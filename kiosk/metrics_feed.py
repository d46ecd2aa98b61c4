"""What the main thread sees, as numbers: one check from its document to the end of its frame.

A check is counted when its verdict leaves the screen, since a signature that proves forged changes
the verdict while it is shown; so each check counts once, with the reason that it ended with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drivers.events import BarcodeFrame, CardPresent, DeviceLost, DeviceReady
from drivers.framing import EMPTY
from kiosk import zones
from kiosk.metrics import Way
from kiosk.repair_worker import Repaired
from kiosk.states import Entered, Receiving, Showing, Touched, Waiting

if TYPE_CHECKING:
    from kiosk.families import Verdict
    from kiosk.metrics import Metrics
    from kiosk.states import Session, State


@dataclass(slots=True)
class _Shown:
    ticket: int
    verdict: Verdict


class MetricsFeed:
    """Turns events and frames into numbers; for the main thread alone."""

    def __init__(self, metrics: Metrics) -> None:
        """Have seen nothing yet."""
        self._metrics = metrics
        self._begun: tuple[Way, float] | None = None
        self._shown: _Shown | None = None

    def event(self, event: object, now: float) -> None:
        """Take an event of the main thread's inbox at monotonic time `now`; others are ignored."""
        match event:
            case CardPresent(at=at):
                self._begun = Way.CARD, at
            case BarcodeFrame(at=at, reason=reason) if reason != EMPTY:
                self._begun = Way.CODE, at
            case Entered() | Touched(zone=zones.DONE):
                self._begun = Way.TYPED, now
            case DeviceReady(device):
                self._metrics.device_ready(device)
            case DeviceLost(device, cause):
                self._metrics.device_lost(device, cause)
            case Repaired(device, step, worked, heavy_left):
                self._metrics.repaired(device, step, worked=worked, heavy_left=heavy_left)
            case _:
                pass

    def frame(self, session: Session, now: float) -> None:
        """A frame of `session` reached the screen at monotonic time `now`."""
        state = _seen(session.state)
        if not isinstance(state, Showing):
            self.flush()
            if isinstance(state, Waiting):
                self._begun = None
            return
        shown = self._shown
        if shown is not None and (shown.ticket == state.ticket or state.repeated):
            # The same check: its verdict was weighed again, or its code was held longer.
            shown.ticket, shown.verdict = state.ticket, state.verdict
            self._begun = None
            return
        self.flush()
        self._shown = _Shown(state.ticket, state.verdict)
        if self._begun is not None:
            way, at = self._begun
            self._metrics.answered(way, now - at)
            self._begun = None

    def flush(self) -> None:
        """Count the check on the screen: its frame ends, or the program does."""
        if self._shown is not None:
            self._metrics.checked(self._shown.verdict)
            self._shown = None


def _seen(state: State) -> State:
    """While the bytes of a code come in, what was shown before may come back."""
    return state.before if isinstance(state, Receiving) else state
