"""Threads that must not end: each worker is restarted when it fails, and its ticks are watched."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kiosk.checker import KioskEvent

_log = logging.getLogger(__name__)

RESTART_FIRST_SECONDS: Final = 0.2
RESTART_MOST_SECONDS: Final = 5.0
STOP_SECONDS: Final = 3.0


class Runnable(Protocol):
    """What a worker thread runs."""

    @property
    def last_tick(self) -> float:
        """Monotonic time of the last turn of its loop; the watchdog looks at it."""
        ...

    def run(self, emit: Callable[[KioskEvent], None], stop: threading.Event) -> None:
        """Work until `stop` is set; emit what happens."""
        ...


@dataclass(frozen=True, slots=True)
class Worker:
    """One thread: what it runs, and what the kiosk is told when it fails."""

    name: str
    runnable: Runnable
    on_failure: KioskEvent | None = None


class Supervisor:
    """Runs workers until told to stop; nothing of theirs outlives `stop`."""

    def __init__(self, workers: Iterable[Worker], emit: Callable[[KioskEvent], None]) -> None:
        """Keep the workers; `start` starts them."""
        self._emit = emit
        self._stop = threading.Event()
        self._workers = tuple(workers)
        self._threads = [
            threading.Thread(target=self._keep_running, args=(worker,), name=worker.name)
            for worker in self._workers
        ]

    def start(self) -> None:
        """Start every worker's thread."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> list[str]:
        """Ask all workers to end and wait for them; return the names of those that did not."""
        self._stop.set()
        deadline = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return [thread.name for thread in self._threads if thread.is_alive()]

    def silences(self) -> Mapping[str, float]:
        """Return by worker how many seconds ago it last ticked."""
        now = time.monotonic()
        return {worker.name: now - worker.runnable.last_tick for worker in self._workers}

    def _keep_running(self, worker: Worker) -> None:
        pause = RESTART_FIRST_SECONDS
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                worker.runnable.run(self._emit, self._stop)
            except Exception:  # noqa: BLE001 a thread must not end in silence
                _log.exception("worker %s failed", worker.name)
            if self._stop.is_set():
                return
            if worker.on_failure is not None:
                self._emit(worker.on_failure)
            # A worker that ran for long is not in a crash loop.
            lasting = time.monotonic() - began > RESTART_MOST_SECONDS
            pause = RESTART_FIRST_SECONDS if lasting else pause
            self._stop.wait(pause)
            pause = min(2 * pause, RESTART_MOST_SECONDS)
