"""Until when an answer is of use: the end of a time, or the moment when nobody waits any more."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from kiosk.lookup import Cause
from kiosk.online.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Deadline:
    """A monotonic deadline that can be brought forward to now; safe from any thread."""

    def __init__(self, seconds: float) -> None:
        """`seconds` from now."""
        self._end = time.monotonic() + seconds
        self._cancelled = threading.Event()
        self._lock = threading.Lock()
        self._acts: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled.is_set()

    def left(self) -> float:
        """Seconds until the end; 0.0 when it has passed or was cancelled."""
        return 0.0 if self.cancelled else max(0.0, self._end - time.monotonic())

    def cancel(self) -> None:
        """Nobody waits any more: what is under way (`ending`) is ended at once."""
        with self._lock:
            self._cancelled.set()
            acts, self._acts = self._acts, []
        for act in acts:
            act()

    def check(self) -> None:
        """Go on only before the end.

        Raises:
            ServiceError: TIMEOUT or CANCELLED.
        """
        if self.left() <= 0.0:
            raise self.error()

    def error(self) -> ServiceError:
        """What an exchange that this deadline ended is called."""
        if self.cancelled:
            return ServiceError(Cause.CANCELLED, "nobody waits for the answer any more")
        return ServiceError(Cause.TIMEOUT, "no whole answer in time")

    def sleep(self, seconds: float) -> None:
        """Wait, but not beyond the end."""
        self._cancelled.wait(min(seconds, self.left()))

    @contextmanager
    def ending(self, act: Callable[[], None]) -> Iterator[None]:
        """Have `act` called from another thread if the end comes while the block runs."""
        timer = threading.Timer(self.left(), act)
        timer.daemon = True
        with self._lock:
            self._acts.append(act)
        if self.cancelled:
            act()
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            with self._lock:
                if act in self._acts:
                    self._acts.remove(act)

    @contextmanager
    def part(self, share: float) -> Iterator[Self]:
        """A deadline after `share` (0 to 1) of the time left, which ends with this one, too."""
        shorter = type(self)(share * self.left())
        if self.cancelled:
            shorter.cancel()
        with self._lock:
            self._acts.append(shorter.cancel)
        try:
            yield shorter
        finally:
            with self._lock:
                if shorter.cancel in self._acts:
                    self._acts.remove(shorter.cancel)
