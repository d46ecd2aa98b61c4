"""The thread that writes down what checks leave behind, so that no check waits for the disk.

A memory card that tidies itself up stands still for seconds. Receipts and questions for a second
look wait here meanwhile, in order and without anything of a person: they come sealed. The watchdog
does not watch this thread: a restart makes no card faster, and would lose what waits.
"""

from __future__ import annotations

import logging
import queue
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Never

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

_log = logging.getLogger(__name__)

MOST: Final = 256
"""Writes that may wait: half an hour of checks without a pause, in 200 KB."""
_TICK_SECONDS: Final = 1.0


class DiskWorker:
    """Does small writes one after the other; see the head of this module."""

    def __init__(self, most: int = MOST) -> None:
        """Nothing waits yet."""
        self.last_tick = time.monotonic()
        self._jobs: queue.Queue[Callable[[], object]] = queue.Queue(most)
        self._told_full = False

    @property
    def waiting(self) -> int:
        """Writes that are not done, the one under way among them; from any thread."""
        return self._jobs.unfinished_tasks

    def put(self, job: Callable[[], object]) -> bool:
        """Have `job` done soon, on the worker's thread. False: too many wait; that is logged once.

        What `job` raises is logged and ends it alone.
        """
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            if not self._told_full:
                self._told_full = True
                _log.error("disk: %d writes wait; new ones are not taken", self.waiting)
            return False
        self._told_full = False
        return True

    def run(self, emit: Callable[[Never], None], stop: threading.Event) -> None:  # noqa: ARG002
        """Work until `stop`, and then until nothing waits."""
        while not stop.is_set():
            self.last_tick = time.monotonic()
            with suppress(queue.Empty):
                self._do(self._jobs.get(timeout=_TICK_SECONDS))
        self.finish()

    def finish(self) -> None:
        """Do here what still waits: for the end, when nobody else puts or works any more."""
        with suppress(queue.Empty):
            while True:
                self._do(self._jobs.get_nowait())

    def _do(self, job: Callable[[], object]) -> None:
        try:
            job()
        except Exception:  # noqa: BLE001  # the next write is another's
            _log.exception("a write failed")
        finally:
            self._jobs.task_done()
