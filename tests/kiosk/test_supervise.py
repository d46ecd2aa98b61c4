"""Workers that fail are told about and started again; none outlives the stop."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING

from drivers.events import Device, DeviceLost
from kiosk.supervise import Supervisor, Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from kiosk.checker import KioskEvent

FAILED = DeviceLost(Device.READER, "driver-failed")


class Fails:
    """Fails a few times, then works."""

    def __init__(self, times: int) -> None:
        """Fail so many `times`."""
        self.last_tick = time.monotonic()
        self.starts = 0
        self.works = threading.Event()
        self._times = times

    def run(self, emit: Callable[[KioskEvent], None], stop: threading.Event) -> None:
        """Fail, or wait for the end."""
        self.starts += 1
        if self.starts <= self._times:
            raise RuntimeError("ПЕТРОВ")
        self.works.set()
        stop.wait()


def test_a_failing_worker_is_told_about_and_restarted(caplog: pytest.LogCaptureFixture) -> None:
    events: queue.Queue[KioskEvent] = queue.Queue()
    runnable = Fails(2)
    supervisor = Supervisor([Worker("reader", runnable, FAILED)], events.put)
    supervisor.start()
    assert runnable.works.wait(5)
    assert supervisor.stop() == []
    assert runnable.starts == 3
    assert [events.get_nowait(), events.get_nowait()] == [FAILED, FAILED]
    assert caplog.text.count("worker reader failed") == 2


def test_a_worker_that_hangs_is_named() -> None:
    release = threading.Event()

    class Hangs(Fails):
        def run(self, emit: Callable[[KioskEvent], None], stop: threading.Event) -> None:
            release.wait(20)

    hung = Hangs(0)
    hung.last_tick -= 30
    supervisor = Supervisor([Worker("hung", hung), Worker("fine", Fails(0))], lambda _event: None)
    supervisor.start()
    assert supervisor.silences()["hung"] > 29
    assert supervisor.silences()["fine"] < 29
    assert supervisor.stop() == ["hung"]
    release.set()
