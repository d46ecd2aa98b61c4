"""Whether this kiosk is alive: the one place that decides what the service manager hears.

`Heart` is pure, times are handed in (monotonic seconds). Three things must hold: the main loop
turns, a frame can be presented, and every worker has ticked within its limit.

- The main loop and its frames: if they stop, nobody is left to say so, and systemd acts when
  `WatchdogSec` is over.
- Our own workers (checker, second look): nothing but a restart helps a thread that hangs in our
  code, so it is asked for at once instead of after another `WatchdogSec`.
- A device's worker hangs in a library, mostly because the service behind it hangs: the self-repair
  ladder (`kiosk.repair`) restarts that first, and the screen says what does not work. When it has
  given the device up, it is out of order, and no hang any more: restarting for ever would take the
  other way in with it. A device that is gone never was one: its worker ticks while it searches.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kiosk.supervise import SILENT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kiosk.notify import Notifier
    from kiosk.supervise import Worker

_log = logging.getLogger(__name__)

TURN_SECONDS: Final = 8.0
"""A main loop that sleeps longer than `Pulse.wait` allows does not sleep."""
DEVICE_SECONDS: Final = 75.0
"""A device's worker that has not turned for so long was not helped by the ladder either."""
READER: Final = "reader"
MAIN_LOOP: Final = "main loop"


@dataclass(slots=True)
class _Watched:
    worker: Worker
    first_tick: float

    @property
    def limit(self) -> float:
        """Seconds of silence that mean a hang."""
        return SILENT_SECONDS if self.worker.device is None else DEVICE_SECONDS


class Heart:
    """Told what happens, says whether that is a life; for the main thread alone."""

    def __init__(self, workers: Iterable[Worker], now: float) -> None:
        """Watch `workers` from `now` on, before they are started."""
        self._watched = [_Watched(worker, worker.runnable.last_tick) for worker in workers]
        self._began = now
        self._turned: float | None = None
        self._frame: float | None = None
        self._list_reported = False
        self._given_up: set[str] = set()

    def frame_presented(self, at: float) -> None:
        """The screen shows what it should: a frame was drawn, or the last one is still right."""
        self._frame = at

    def turned(self, at: float) -> None:
        """The main loop took in what had come."""
        if self._turned is not None and at - self._turned > TURN_SECONDS:
            # The whole process stood still (stopped by hand, starved): its threads are no later
            # than this one, and get their time anew.
            self._began = at
        self._turned = at

    def list_reported(self) -> None:
        """The register is open, or known to be missing."""
        self._list_reported = True

    def give_up(self, name: str) -> None:
        """The worker `name` hangs and could not be helped: its device is out of order."""
        self._given_up.add(name)

    def take_back(self, name: str) -> None:
        """The worker `name` works again, and is watched again."""
        self._given_up.discard(name)

    def hangs(self, now: float) -> tuple[str, ...]:
        """Names of what has not turned within its limit, in order; devices given up are none."""
        found = [
            watched.worker.name
            for watched in self._watched
            if now - max(watched.worker.runnable.last_tick, self._began) > watched.limit
            and watched.worker.name not in self._given_up
        ]
        return (*self._loop_hangs(now), *found)

    def _loop_hangs(self, now: float) -> tuple[str, ...]:
        seen = {MAIN_LOOP: self._turned, "frames": self._frame}
        return tuple(
            name for name, at in seen.items() if now - max(at or 0.0, self._began) > TURN_SECONDS
        )

    def beat(self, now: float) -> bool:
        """Whether the service manager may be told that all is alive."""
        return not self.hangs(now)

    def awaited(self) -> tuple[str, ...]:
        """What is still missing to be ready: the first frame, the list, the reader's first turn."""
        missing = []
        if self._frame is None:
            missing.append("first frame")
        if not self._list_reported:
            missing.append("list")
        missing += [
            f"{watched.worker.name} loop"
            for watched in self._watched
            if watched.worker.name == READER
            and watched.worker.runnable.last_tick <= watched.first_tick
        ]
        return tuple(missing)

    @property
    def is_ready(self) -> bool:
        """Whether the service does its work: see `awaited`."""
        return not self.awaited()


class Pulse:
    """Carries what `Heart` decides to the service manager; called with every turn."""

    def __init__(self, heart: Heart, notifier: Notifier) -> None:
        """Nothing is sent before the first `turn`."""
        self.heart = heart
        self._notifier = notifier
        self._told_ready = False
        self._told_hangs: tuple[str, ...] = ()
        self._told_status = ""
        self._next_at = float("-inf")

    @property
    def ready(self) -> bool:
        """Whether READY was sent, or would have been if anybody listened."""
        return self._told_ready

    def turn(self, now: float) -> None:
        """Send what is due: READY once, then WATCHDOG while all is alive, else the trigger."""
        self.heart.turned(now)
        if not self._told_ready:
            self._begin()
        hangs = self.heart.hangs(now)
        if hangs != self._told_hangs:
            self._told_hangs = hangs
            self._next_at = now
            self._tell_hangs(hangs)
        if now >= self._next_at:
            # Also while something hangs: the main loop sleeps by this, and must not spin.
            self._next_at = now + self._interval
            if not hangs:
                self._notifier.watchdog()

    def restart(self, why: str) -> None:
        """Ask for a restart of this process; `why` is a fixed code."""
        _log.error("the service manager is asked for a restart: %s", why)
        self._notifier.status(f"restarts: {why}")
        self._notifier.trigger()

    def stopping(self) -> None:
        """The program ends in order."""
        self._notifier.stopping()

    def wait(self, now: float) -> float:
        """Seconds until `turn` must be called again."""
        return max(0.0, self._next_at - now)

    @property
    def _interval(self) -> float:
        # Often: what `WatchdogSec` leaves beyond it is how long a slow disk may hold everything up.
        return min(self._notifier.interval or TURN_SECONDS, TURN_SECONDS / 4)

    def _begin(self) -> None:
        awaited = self.heart.awaited()
        if not awaited:
            self._told_ready = True
            self._notifier.ready("in service")
            return
        text = f"waiting for: {', '.join(awaited)}"
        if text != self._told_status:
            self._told_status = text
            self._notifier.status(text)

    def _tell_hangs(self, hangs: tuple[str, ...]) -> None:
        if not hangs:
            self._notifier.status("in service" if self._told_ready else "starting")
            return
        self.restart(f"{', '.join(hangs)} hangs")
