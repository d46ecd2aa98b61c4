"""A screen that sleeps when nobody comes: dark by schedule, awake with the first sign of a person.

The frame goes black, and the panel's backlight off where the kernel offers one (Linux
Documentation/ABI/stable/sysfs-class-backlight: `bl_power`, 0 on, 4 off).
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Never

from kiosk.states import Waiting
from kiosk.times import within

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kiosk.config_sections import ScreenSection
    from kiosk.states import Session

_log = logging.getLogger(__name__)

AWAKE_SECONDS: Final = 60.0
"""How long a dark kiosk stays awake after somebody came."""
BACKLIGHTS: Final = Path("/sys/class/backlight")
_ON: Final = b"0"
_OFF: Final = b"4"
_TURN_SECONDS: Final = 1.0


class Darkness:
    """Whether the screen sleeps now; remembers when somebody was last here."""

    def __init__(self, section: ScreenSection) -> None:
        """`section` has the hours; without them the screen never sleeps."""
        self._from, self._until = section.dark_from, section.dark_until
        self._last_seen = float("-inf")

    def touched(self, now: float) -> None:
        """Somebody touched the screen or a key, at monotonic time `now`."""
        self._last_seen = now

    def sleeps(self, session: Session, at: datetime, now: float) -> bool:
        """Whether it does, at local time `at`; `now` is the same on the monotonic clock."""
        if not isinstance(session.state, Waiting):
            self._last_seen = now
        if not within(at.time(), self._from, self._until):
            return False
        return now - self._last_seen >= AWAKE_SECONDS


class Backlight:
    """The thread that switches the panel's light: a slow bus must not hold the screen."""

    def __init__(self, folder: Path = BACKLIGHTS) -> None:
        """Touch nothing yet."""
        self.last_tick = time.monotonic()
        self._folder = folder
        self._changed = threading.Condition()
        self._off = False
        self._done: bool | None = None
        self._complained = False

    def switch(self, *, off: bool) -> None:
        """Have the light off or on; returns at once."""
        with self._changed:
            if off != self._off:
                self._off = off
                self._changed.notify()

    def run(self, emit: Callable[[Never], None], stop: threading.Event) -> None:  # noqa: ARG002
        """Switch until `stop`; then leave the light on."""
        while not stop.is_set():
            self.last_tick = time.monotonic()
            with self._changed:
                if self._off == self._done:
                    self._changed.wait(_TURN_SECONDS)
                off = self._off
            if off != self._done:
                self._write(_OFF if off else _ON)
                self._done = off
        if self._done:
            self._write(_ON)

    def _write(self, power: bytes) -> None:
        try:
            lights = sorted(self._folder.iterdir())
        except OSError:
            return  # No such panel: the black frame is what there is.
        for light in lights:
            try:
                (light / "bl_power").write_bytes(power)
            except OSError as error:
                if not self._complained:
                    self._complained = True
                    _log.warning("%s: its backlight stays on: errno %s", light.name, error.errno)
