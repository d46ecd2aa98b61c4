"""What a technician's stick is at, for the screen: copied, verified, taken, or why it was not.

The steps of a visit are units of their own (`systemd/units/kiosk-stick@.service` and the next);
they leave small JSON files in a folder in memory, which this worker looks at once a second.
"""

from __future__ import annotations

import enum
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kiosk.stick_copy import COPY_NAME, STATUS, VERIFY_NAME

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path

_LOOK_SECONDS: Final = 1.0
SHOWN_SECONDS: Final = 90.0
"""After its last word: time enough to walk back to the kiosk."""
_MOST_BYTES: Final = 64 * 1024


class StickStage(enum.StrEnum):
    """What a stick is at."""

    COPYING = "copying"
    VERIFYING = "verifying"
    UPDATED = "updated"
    CURRENT = "current"
    REFUSED = "refused"
    """Not a repository, not to be trusted, or not readable; the journal says why."""


@dataclass(frozen=True, slots=True)
class StickState:
    """What the screen says of a stick."""

    stage: StickStage
    percent: int = 0
    """Of the copying; of what was found so far."""


@dataclass(frozen=True, slots=True)
class StickChanged:
    """To the main thread; None: no stick was here lately."""

    state: StickState | None


_OUTCOMES: Final = {
    "updated": StickStage.UPDATED,
    "current": StickStage.CURRENT,
    "refused": StickStage.REFUSED,
    "failed": StickStage.REFUSED,
}


class StickWatch:
    """The worker that looks."""

    def __init__(
        self,
        folder: Path = STATUS,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock` is of the kind that file times are of: the system's."""
        self.last_tick = time.monotonic()
        self._folder = folder
        self._clock = clock
        self._told: StickState | None = None

    def run(self, emit: Callable[[StickChanged], None], stop: threading.Event) -> None:
        """Tell each change until `stop`."""
        while not stop.is_set():
            self.last_tick = time.monotonic()
            self.turn(emit)
            stop.wait(_LOOK_SECONDS)

    def turn(self, emit: Callable[[StickChanged], None]) -> None:
        """Look once."""
        state = self._state()
        if state != self._told:
            self._told = state
            emit(StickChanged(state))

    def _state(self) -> StickState | None:
        copied, at = self._read(COPY_NAME)
        said, said_at = self._read(VERIFY_NAME)
        # A clock that was set meanwhile must not keep an old word on the screen.
        if not 0 <= self._clock() - max(at, said_at) <= SHOWN_SECONDS or copied is None:
            return None
        match copied.get("state"):
            case "copying":
                return StickState(StickStage.COPYING, _percent(copied))
            case "copied":
                outcome = (said or {}).get("outcome")
                return StickState(_OUTCOMES.get(str(outcome), StickStage.VERIFYING))
            case _:
                return StickState(StickStage.REFUSED)

    def _read(self, name: str) -> tuple[dict[str, Any] | None, float]:
        """A file's values and time; None: it is not there, not whole yet, or not ours."""
        path = self._folder / name
        try:
            with path.open("rb") as file:
                content = file.read(_MOST_BYTES)
            at = path.stat().st_mtime
            values = json.loads(content)
        except (OSError, ValueError, RecursionError):
            return None, float("-inf")
        return (values, at) if isinstance(values, dict) else (None, float("-inf"))


def _percent(copied: dict[str, Any]) -> int:
    done, whole = copied.get("bytes"), copied.get("of_bytes")
    if not isinstance(done, int) or not isinstance(whole, int) or whole <= 0:
        return 0
    return max(0, min(100, 100 * done // whole))
