"""Every kind of hang is told from every kind of life; ready means what the design says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from drivers.events import Device
from kiosk.notify import Notifier
from kiosk.supervise import SILENT_SECONDS, Worker
from kiosk.watchdog import DEVICE_SECONDS, TURN_SECONDS, Heart, Pulse

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from kiosk.check_worker import KioskEvent


class Ticks:
    """A worker whose ticks are set by hand."""

    def __init__(self) -> None:
        """Was made at 100."""
        self.last_tick = 100.0

    def run(self, emit: Callable[[KioskEvent], None], stop: threading.Event) -> None:
        """Does nothing."""


class Kiosk:
    """A kiosk in which everything turns, but for what a test stops."""

    def __init__(self) -> None:
        """Made at 100 seconds."""
        self.ticks = {name: Ticks() for name in ("checker", "second look", "reader", "scanner")}
        devices = {"reader": Device.READER, "scanner": Device.SCANNER}
        workers = [Worker(name, ticks, devices.get(name)) for name, ticks in self.ticks.items()]
        self.heart = Heart(workers, 100.0)

    def live(self, now: float, *, without: str = "") -> None:
        """Let everything turn at `now`."""
        for name, ticks in self.ticks.items():
            if name != without:
                ticks.last_tick = now
        if without != "main loop":
            self.heart.turned(now)
        if without != "frames":
            self.heart.frame_presented(now)
        self.heart.list_reported()


def test_a_kiosk_that_turns_lives_for_ever() -> None:
    kiosk = Kiosk()
    for now in range(100, 10_000, 5):
        kiosk.live(float(now))
        assert kiosk.heart.beat(float(now))


@pytest.mark.parametrize(
    ("part", "limit"),
    [
        ("main loop", TURN_SECONDS),
        ("frames", TURN_SECONDS),
        ("checker", SILENT_SECONDS),
        ("second look", SILENT_SECONDS),
        ("reader", DEVICE_SECONDS),
        ("scanner", DEVICE_SECONDS),
    ],
)
def test_each_part_that_stops_ends_the_life(part: str, limit: float) -> None:
    kiosk = Kiosk()
    kiosk.live(200.0)
    for now in range(201, 201 + int(limit)):
        kiosk.live(float(now), without=part)
        assert kiosk.heart.beat(float(now))
    kiosk.live(200.1 + limit, without=part)
    assert kiosk.heart.hangs(200.1 + limit) == (part,)
    assert not kiosk.heart.beat(200.1 + limit)
    kiosk.live(201.0 + limit)
    assert kiosk.heart.beat(201.0 + limit)


def test_a_device_that_was_given_up_is_no_hang() -> None:
    kiosk = Kiosk()
    kiosk.live(200.0)
    kiosk.heart.give_up("reader")
    for now in range(201, 300):
        kiosk.live(float(now), without="reader")
        assert kiosk.heart.beat(float(now))
    kiosk.heart.take_back("reader")
    assert kiosk.heart.hangs(299.0) == ("reader",)


def test_time_before_the_start_does_not_count() -> None:
    # Opening a window may take a while, and workers are made before it.
    ticks = Ticks()
    heart = Heart([Worker("checker", ticks)], 150.0)
    assert heart.beat(150.0 + SILENT_SECONDS)


def test_a_process_that_was_stopped_as_a_whole_is_not_blamed() -> None:
    kiosk, manager = Kiosk(), Manager()
    pulse = Pulse(kiosk.heart, manager)
    kiosk.live(101.0)
    pulse.turn(101.0)
    manager.heard.clear()
    pulse.turn(600.0)
    assert manager.heard == ["WATCHDOG=1"]
    kiosk.live(605.0, without="checker")
    pulse.turn(605.0)
    kiosk.live(608.1, without="checker")
    pulse.turn(608.1)
    assert manager.heard[-1] == "WATCHDOG=trigger"


def test_ready_is_frame_and_list_and_reader() -> None:
    kiosk = Kiosk()
    assert kiosk.heart.awaited() == ("first frame", "list", "reader loop")
    kiosk.heart.frame_presented(101.0)
    kiosk.heart.list_reported()
    assert not kiosk.heart.is_ready
    # A scanner is not waited for: many kiosks have none plugged in.
    kiosk.ticks["reader"].last_tick = 100.1
    assert kiosk.heart.is_ready


class Manager(Notifier):
    """Keeps what it is told."""

    def __init__(self, interval: float | None = 5.0) -> None:
        """Have heard nothing."""
        super().__init__("@unused", interval)
        self.heard: list[str] = []

    def _send(self, *lines: str) -> bool:
        self.heard += [line for line in lines if line]
        return True


def test_the_manager_hears_ready_once_and_then_a_beat_an_interval() -> None:
    kiosk, manager = Kiosk(), Manager()
    pulse = Pulse(kiosk.heart, manager)
    pulse.turn(100.0)
    assert manager.heard == ["STATUS=waiting for: first frame, list, reader loop", "WATCHDOG=1"]
    manager.heard.clear()
    for tenth in range(101 * 10, 121 * 10):
        kiosk.live(tenth / 10)
        pulse.turn(tenth / 10)
    assert manager.heard == ["READY=1", "STATUS=in service", *["WATCHDOG=1"] * 10]
    assert pulse.ready
    assert 0.0 < pulse.wait(120.9) <= TURN_SECONDS / 4


def test_a_hang_of_ours_asks_for_a_restart_at_once_and_once() -> None:
    kiosk, manager = Kiosk(), Manager()
    pulse = Pulse(kiosk.heart, manager)
    kiosk.live(101.0)
    pulse.turn(101.0)
    manager.heard.clear()
    for now in (103.0, 106.0, 109.0, 110.0, 111.0, 112.0):
        kiosk.live(now, without="checker")
        pulse.turn(now)
        assert pulse.wait(now) >= 1.0
    beats = ["WATCHDOG=1"] * 3
    assert manager.heard == [*beats, "STATUS=restarts: checker hangs", "WATCHDOG=trigger"]
    kiosk.live(113.0)
    pulse.turn(113.0)
    assert manager.heard[5:] == ["STATUS=in service", "WATCHDOG=1"]


@pytest.mark.parametrize("interval", [None, 60.0])
def test_the_main_loop_is_woken_seldom_and_often_enough(interval: float | None) -> None:
    kiosk, manager = Kiosk(), Manager(interval)
    pulse = Pulse(kiosk.heart, manager)
    kiosk.live(100.0)
    pulse.turn(100.0)
    assert pulse.wait(100.0) == TURN_SECONDS / 4
