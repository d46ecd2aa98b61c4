"""What a headless kiosk leaves behind: names for its frames and one JSON line a verdict."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kiosk.states import (
    Checking,
    Keying,
    PinEntry,
    Reading,
    Serving,
    Session,
    Showing,
    Span,
    Waiting,
)
from kiosk.verdict_json import reason_code, verdict_to_json

if TYPE_CHECKING:
    from pathlib import Path

    from kiosk.app import Shown
    from kiosk.clock import Clock

VERDICTS_FILE = "verdicts.jsonl"
ASKING = "asking"
"""Label of the frame that says that the fund is asked."""


class Recorder:
    """Writes each new verdict as a line before its frame is drawn; an observer of `kiosk.app`."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        """Start a new file in `folder`, which is made where it is missing.

        Raises:
            OSError: the folder cannot be made or the file not written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / VERDICTS_FILE
        self._path.write_bytes(b"")
        self._clock = clock
        self._last: tuple[int, str] = (0, "")
        self.scene: str | None = None
        """The demo's scene, written into each line and into the frames' names."""

    def begin(self) -> None:
        """Expect another run of the kiosk, which counts its tickets anew."""
        self._last = (0, "")

    def __call__(self, shown: Shown) -> str:
        """Record a frame; return its label."""
        state = shown.session.state
        if isinstance(state, Showing) and self._is_new(state):
            line = json.dumps(self._line(state), ensure_ascii=False)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        label = label_of(shown.session)
        return label if self.scene is None else f"{self.scene}-{label}"

    def _is_new(self, showing: Showing) -> bool:
        """Whether it is another verdict, or its reason changed when the signature was checked."""
        before, self._last = self._last, (showing.ticket, reason_code(showing.verdict))
        return showing.ticket > before[0] or (showing.ticket == before[0] and self._last != before)

    def _line(self, showing: Showing) -> dict[str, Any]:
        policy = showing.policy
        scene = {} if self.scene is None else {"scene": self.scene}
        return {
            **scene,
            **verdict_to_json(showing.verdict),
            "document": None
            if policy is None
            else {"source": policy.source.value, "format": policy.format.value},
            "repeated": showing.repeated,
            "at": self._clock.now().local.isoformat(timespec="milliseconds"),
        }


def label_of(session: Session) -> str:
    """Return a short name of what a session shows: `idle`, `reading`, `insured`, `misread`."""
    match session.state:
        case Waiting():
            return "out-of-service" if session.stopped_at is not None else "idle"
        case Reading():
            return "reading"
        case Checking(asking=Span()):
            return ASKING
        case Showing(verdict=verdict):
            return reason_code(verdict).replace("_", "-")
        case Keying(entry=entry):
            return "choice" if entry is None else "keypad"
        case PinEntry():
            return "pin"
        case Serving():
            return "service"
        case _:
            return "busy"
