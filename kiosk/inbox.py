"""The one queue from all threads to the main one, with a pipe to wake it."""

from __future__ import annotations

import logging
import os
import queue
import select
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from drivers.events import CardProgress

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kiosk.check_worker import KioskEvent

_log = logging.getLogger(__name__)

_QUEUE: Final = 256
_PUT_SECONDS: Final = 1.0


class Inbox:
    """Bounded; only the main thread waits on it."""

    def __init__(self) -> None:
        """Open the pipe."""
        self._events: queue.Queue[KioskEvent] = queue.Queue(_QUEUE)
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._closed = False

    def put(self, event: KioskEvent) -> None:
        """Hand in an event from any thread; progress is dropped where there is no room for it."""
        try:
            if isinstance(event, CardProgress):
                self._events.put_nowait(event)
            else:
                self._events.put(event, timeout=_PUT_SECONDS)
        except queue.Full:
            _log.error("event %s dropped: the main thread is stuck", type(event).__name__)
        self.wake()

    def wake(self) -> None:
        """Wake the main thread without an event; a closed inbox has nobody to wake."""
        # A full pipe has woken it already.
        with suppress(BlockingIOError):
            if not self._closed:
                os.write(self._wake_write, b"\0")

    def wait(self, seconds: float, lines: Iterable[int] = ()) -> list[KioskEvent]:
        """Sleep until something comes or time is over; return all that has come.

        Bytes on one of `lines`, which are file descriptors of others, end the sleep, too.
        """
        if self._wake_read in select.select([self._wake_read, *lines], [], [], seconds)[0]:
            os.read(self._wake_read, 4096)
        events = []
        with suppress(queue.Empty):
            while True:
                events.append(self._events.get_nowait())
        return events

    def close(self) -> None:
        """Close the pipe; all other threads must have ended."""
        self._closed = True
        os.close(self._wake_read)
        os.close(self._wake_write)
