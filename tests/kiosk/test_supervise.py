"""Workers that fail are told about and started again; none outlives the stop."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING

from drivers.events import Device, DeviceLost, DeviceReady
from kiosk.supervise import SILENT_SECONDS, Supervisor, Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from kiosk.check_worker import KioskEvent

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
    supervisor = Supervisor([Worker("reader", runnable, Device.READER)], events.put)
    supervisor.start()
    assert runnable.works.wait(30)
    assert supervisor.stop() == []
    assert runnable.starts == 3
    assert [events.get_nowait(), events.get_nowait()] == [FAILED, FAILED]
    assert caplog.text.count("worker reader failed") == 2


class Hangs(Fails):
    """Does not heed the stop until it is let go."""

    def __init__(self) -> None:
        """Hang from the start."""
        super().__init__(0)
        self.let_go = threading.Event()

    def run(self, emit: Callable[[KioskEvent], None], stop: threading.Event) -> None:
        """Wait to be let go."""
        self.let_go.wait(20)


def test_a_worker_that_hangs_is_told_about_once_and_so_is_its_return() -> None:
    hung, fine = Hangs(), Fails(0)
    workers = [Worker("reader", hung, Device.READER), Worker("fine", fine)]
    supervisor = Supervisor(workers, lambda _event: None)
    assert supervisor.look() == []
    hung.last_tick -= SILENT_SECONDS + 1
    assert supervisor.look() == [DeviceLost(Device.READER, "not-responding")]
    assert supervisor.look() == []
    hung.last_tick = time.monotonic()
    assert supervisor.look() == [DeviceReady(Device.READER, "reader")]
    assert supervisor.look() == []


class Loses(Fails):
    """Says that its service is away, and hangs."""

    def run(self, emit: Callable[[KioskEvent], None], stop: threading.Event) -> None:
        """Tell it and wait for the end."""
        emit(DeviceLost(Device.READER, "no-service"))
        self.works.set()
        stop.wait()


def test_a_loop_that_turns_again_brings_back_what_its_driver_said_last() -> None:
    runnable = Loses(0)
    supervisor = Supervisor([Worker("reader", runnable, Device.READER)], lambda _event: None)
    supervisor.start()
    assert runnable.works.wait(30)
    runnable.last_tick -= SILENT_SECONDS + 1
    assert supervisor.look() == [DeviceLost(Device.READER, "not-responding")]
    runnable.last_tick = time.monotonic()
    assert supervisor.look() == [DeviceLost(Device.READER, "no-service")]
    assert supervisor.stop() == []


def test_a_worker_that_does_not_stop_is_named() -> None:
    hung = Hangs()
    supervisor = Supervisor([Worker("hung", hung), Worker("fine", Fails(0))], lambda _event: None)
    supervisor.start()
    assert supervisor.stop() == ["hung"]
    hung.let_go.set()
