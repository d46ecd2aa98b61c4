"""Threads that must not end: each worker is restarted when it fails, and its ticks are watched."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from drivers.events import DeviceLost, DeviceReady

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from drivers.events import Device
    from kiosk.check_worker import KioskEvent

_log = logging.getLogger(__name__)

DRIVER_FAILED: Final = "driver-failed"
NOT_RESPONDING: Final = "not-responding"
"""Causes of `DeviceLost` beside the drivers' own."""

RESTART_FIRST_SECONDS: Final = 0.2
RESTART_MOST_SECONDS: Final = 5.0
STOP_SECONDS: Final = 2.0
SILENT_SECONDS: Final = 8.0
"""A loop that has not turned for so long hangs; one command to a card may take 5 s."""


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
    """One thread: what it runs, and the device that is out of order while it fails or hangs."""

    name: str
    runnable: Runnable
    device: Device | None = None


class Supervisor:
    """Runs workers until told to stop; nothing of theirs outlives `stop`."""

    def __init__(self, workers: Iterable[Worker], emit: Callable[[KioskEvent], None]) -> None:
        """Keep the workers; `start` starts them."""
        self._emit = emit
        self._stop = threading.Event()
        self._workers = tuple(workers)
        self._silent: set[str] = set()
        self._told: dict[Device, KioskEvent] = {}
        """What each driver said of its device last: true again when its loop turns again."""
        self._threads = [
            # Daemons: a call that hangs in a driver's library must not keep the process alive.
            threading.Thread(
                target=self._keep_running, args=(worker,), name=worker.name, daemon=True
            )
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

    @property
    def hangs(self) -> bool:
        """Whether a worker hung at the last look."""
        return bool(self._silent)

    def look(self) -> list[KioskEvent]:
        """Return the devices that were lost or came back because their loop hangs or turns again.

        A call that hangs in a driver's library cannot be cancelled, but it can be told.
        """
        events: list[KioskEvent] = []
        now = time.monotonic()
        for worker in self._workers:
            silent = now - worker.runnable.last_tick > SILENT_SECONDS
            if silent == (worker.name in self._silent):
                continue
            self._silent ^= {worker.name}
            _log.error("worker %s %s", worker.name, "hangs" if silent else "turns again")
            if worker.device is not None:
                lost = DeviceLost(worker.device, NOT_RESPONDING)
                back = self._told.get(worker.device, DeviceReady(worker.device, worker.name))
                events.append(lost if silent else back)
        return events

    def _hand_on(self, event: KioskEvent) -> None:
        if isinstance(event, DeviceReady | DeviceLost):
            self._told[event.device] = event
        self._emit(event)

    def _keep_running(self, worker: Worker) -> None:
        pause = RESTART_FIRST_SECONDS
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                worker.runnable.run(self._hand_on, self._stop)
            except Exception:  # noqa: BLE001 a thread must not end in silence
                _log.exception("worker %s failed", worker.name)
            if self._stop.is_set():
                return
            if worker.device is not None:
                self._hand_on(DeviceLost(worker.device, DRIVER_FAILED))
            # A worker that ran for long is not in a crash loop.
            lasting = time.monotonic() - began > RESTART_MOST_SECONDS
            pause = RESTART_FIRST_SECONDS if lasting else pause
            self._stop.wait(pause)
            pause = min(2 * pause, RESTART_MOST_SECONDS)
