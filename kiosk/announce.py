"""What a kiosk lets be heard: a cue with each answer, and the answer read out where that is wanted.

By default every answer has the same cue, "look at the screen": a queue hears nothing of it. Spoken
is what the public screen shows and nothing else, for headphones or a room of one's own; it ends
when the answer leaves the screen. Sound is an extra: without a device, or with one that hangs,
the kiosk goes on.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Never

from kiosk.speech import find_engine, speak
from kiosk.states import Showing
from kiosk.times import within
from ui.screen import Family, Guide, Result, Screen
from ui.sound import Note, SoundError, Speaker, tones

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kiosk.config_sections import SoundSection
    from kiosk.states import Session

_log = logging.getLogger(__name__)

_TURN_SECONDS: Final = 1.0
_POLL_SECONDS: Final = 0.05
"""While something is heard: how soon it ends after its answer."""

NEUTRAL: Final = (Note(659.3, 0.11), Note(0.0, 0.02), Note(880.0, 0.16))
"""E5, A5: two short steps up, as in a lift."""
OUTCOMES: Final = {
    Family.INSURED: (Note(659.3, 0.11), Note(0.0, 0.02), Note(880.0, 0.11), Note(1108.7, 0.18)),
    Family.NOT_INSURED: (Note(587.3, 0.14), Note(0.0, 0.05), Note(587.3, 0.2)),
    Family.COULD_NOT_CHECK: (Note(587.3, 0.14), Note(0.0, 0.05), Note(698.5, 0.2)),
}
"""Told apart by rhythm and step, none of them a buzzer."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is heard with one answer."""

    ticket: int
    notes: tuple[Note, ...]
    volume: float
    """0.0 to 1.0."""
    words: str = field(default="", repr=False)
    language: str = "ru"


def announcement(
    session: Session, screen: Screen, language: str, at: datetime, section: SoundSection
) -> Announcement | None:
    """What is to be heard while `screen` shows the session; None: nothing. Pure."""
    state = session.state
    if not isinstance(state, Showing):
        return None
    notes: tuple[Note, ...] = ()
    if section.cue == "neutral":
        notes = NEUTRAL
    elif section.cue == "outcome":
        family = getattr(screen, "family", Family.COULD_NOT_CHECK)
        notes = OUTCOMES[family]
    words = spoken(screen) if section.speech == "yes" else ""
    if not notes and not words:
        return None
    percent = section.volume
    if within(at.time(), section.quiet_from, section.quiet_until):
        percent = section.quiet_volume
    if percent == 0:
        return None
    return Announcement(state.ticket, notes, percent / 100, words, language)


def spoken(screen: Screen) -> str:
    """What is read out of a frame: the verdict and the next step, no number, nobody's name."""
    match screen:
        case Result(headline=headline, next_step=next_step, hint=hint):
            parts = (headline, next_step, hint)
        case Guide(headline=headline, next_step=next_step):
            parts = (headline, next_step, "")
        case _:
            return ""
    return " ".join(f"{part.rstrip('.')}." for part in parts if part)


class Announcer:
    """The thread that plays announcements, the newest first; see the head of this module."""

    def __init__(self, section: SoundSection, speaker: Speaker | None = None) -> None:
        """Nothing is opened yet."""
        self.last_tick = time.monotonic()
        self._section = section
        self._speaker = speaker or Speaker(section.device)
        self._engine = find_engine() if section.speech == "yes" else None
        self._changed = threading.Condition()
        self._wanted: Announcement | None = None
        self._told = 0
        self._silent_since: str | None = None

    def look(self, session: Session, screen: Screen, language: str, at: datetime) -> None:
        """Take up what is to be heard now; from the main thread, and never waits for long."""
        wanted = announcement(session, screen, language, at, self._section)
        known = None if wanted is None else wanted.ticket
        with self._changed:
            if known == (None if self._wanted is None else self._wanted.ticket):
                return
            self._wanted = wanted
            self._changed.notify()

    def run(self, emit: Callable[[Never], None], stop: threading.Event) -> None:  # noqa: ARG002
        """Play until `stop`."""
        try:
            while not stop.is_set():
                self.last_tick = time.monotonic()
                wanted = self._next()
                if wanted is not None:
                    self._play(wanted, stop)
        finally:
            self._speaker.close()

    def _next(self) -> Announcement | None:
        """An answer that nobody has heard yet."""
        with self._changed:
            if self._wanted is None or self._wanted.ticket == self._told:
                self._changed.wait(_TURN_SECONDS)
            if self._wanted is None or self._wanted.ticket == self._told:
                return None
            self._told = self._wanted.ticket
            return self._wanted

    def _play(self, wanted: Announcement, stop: threading.Event) -> None:
        try:
            if wanted.notes:
                self._speaker.play_tones(tones(wanted.notes), wanted.volume)
                # The speech is made while the cue is heard.
            speech = b""
            if self._engine is not None:
                speech = speak(self._engine, wanted.words, wanted.language)
            self._hear(wanted, stop)
            if speech and self._is_wanted(wanted):
                self._speaker.play_wav(speech, wanted.volume)
                self._hear(wanted, stop)
            self._silent_since = None
        except SoundError as error:
            # Told once: many kiosks have no loudspeaker.
            if self._silent_since != str(error):
                self._silent_since = str(error)
                _log.info("%s", error)
        finally:
            self._speaker.close()

    def _hear(self, wanted: Announcement, stop: threading.Event) -> None:
        """Until the sound is over, or its answer has left the screen."""
        while self._speaker.busy and self._is_wanted(wanted) and not stop.wait(_POLL_SECONDS):
            self.last_tick = time.monotonic()

    def _is_wanted(self, wanted: Announcement) -> bool:
        with self._changed:
            return self._wanted is not None and self._wanted.ticket == wanted.ticket
