"""The parts of upkeep act together: what happens to a device moves ladder, heart and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from drivers.events import BarcodeFrame, Device, DeviceLost, DeviceReady, FrameKind
from kiosk.check_worker import ListChanged
from kiosk.clock import Clock
from kiosk.config_sections import MetricsSection
from kiosk.metrics_now import Watched
from kiosk.notify import Notifier
from kiosk.offline import ListStatus
from kiosk.online.fund import FundMode
from kiosk.repair import Step
from kiosk.repair_worker import Repaired
from kiosk.second_look.worker import FundChanged
from kiosk.session import handle
from kiosk.states import Checked, DeviceState, Session
from kiosk.supervise import Worker
from kiosk.upkeep import Upkeep
from tests.kiosk.cases import POLICY
from tests.kiosk.test_metrics import INSURED, NOW, value
from tests.kiosk.test_watchdog import Manager, Ticks

if TYPE_CHECKING:
    from pathlib import Path

READER = Device.READER
IDLE = Session(devices={READER: DeviceState()})


class Kiosk:
    """Upkeep of a kiosk with one reader, and what the service manager hears."""

    def __init__(self, folder: Path, section: MetricsSection | None = None) -> None:
        """Made at 100 seconds."""
        self.manager, self.ticks = Manager(), Ticks()
        clock = Clock(NOW.timestamp)
        self.upkeep = Upkeep(
            section or MetricsSection(),
            clock,
            Watched(),
            (READER,),
            notifier=self.manager,
            run_folder=folder,
        )
        others = [Worker("reader", self.ticks, READER)]
        self.names = [worker.name for worker in self.upkeep.workers(others, 100.0)]

    def live(self, *moments: float, reader: bool = True) -> None:
        """Turn at these moments."""
        for now in moments:
            if reader:
                self.ticks.last_tick = now
            self.upkeep.frame(IDLE, now)
            self.upkeep.turn(now)


@pytest.fixture
def kiosk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kiosk:
    """A kiosk; the ladder's thread does not run, nor does its clock count."""
    # Its own worker ticks in real time, far beyond the seconds of these tests.
    one = Kiosk(tmp_path)
    assert one.upkeep._repair is not None
    monkeypatch.setattr(one.upkeep._repair, "_ticked", float("inf"))
    return one


def test_ready_comes_with_frame_list_and_reader(kiosk: Kiosk) -> None:
    kiosk.live(101.0, reader=False)
    kiosk.upkeep.event(ListChanged(ListStatus(NOW, None, 7)), 101.5)
    kiosk.live(102.0, reader=False)
    assert "READY=1" not in kiosk.manager.heard
    kiosk.live(103.0)
    assert "READY=1" in kiosk.manager.heard
    assert value(kiosk.upkeep.metrics, "list_serial") == 7
    kiosk.upkeep.end()
    assert kiosk.manager.heard[-1] == "STOPPING=1"


def test_a_reader_that_cannot_be_helped_restarts_the_kiosk_once_and_is_then_let_be(
    kiosk: Kiosk,
) -> None:
    kiosk.upkeep.event(ListChanged(ListStatus()), 100.0)
    kiosk.live(101.0)
    kiosk.upkeep.event(DeviceLost(READER, "not-responding"), 110.0)
    assert value(kiosk.upkeep.metrics, "device_up", device="reader") == 0
    kiosk.upkeep.event(Repaired(READER, Step.RESTART_KIOSK, worked=False), 140.0)
    assert "WATCHDOG=trigger" not in kiosk.manager.heard
    kiosk.upkeep.event(Repaired(READER, Step.RESTART_KIOSK, worked=True), 140.0)
    assert kiosk.manager.heard[-2:] == ["STATUS=restarts: reader hangs", "WATCHDOG=trigger"]
    kiosk.upkeep.event(Repaired(READER, Step.OUT_OF_ORDER), 141.0)
    kiosk.manager.heard.clear()
    kiosk.live(*range(102, 300, 4), reader=False)
    assert set(kiosk.manager.heard) == {"WATCHDOG=1"}
    kiosk.upkeep.event(DeviceReady(READER, "reader"), 300.0)
    kiosk.live(300.0)
    kiosk.live(*range(304, 400, 4), reader=False)
    assert kiosk.manager.heard[-1] == "WATCHDOG=trigger"


def test_the_ladder_hears_of_devices(kiosk: Kiosk) -> None:
    kiosk.upkeep.event(DeviceLost(READER, "no-reader"), 101.0)
    told: list[Repaired] = []
    assert kiosk.upkeep._repair is not None
    kiosk.upkeep._repair.turn(told.append)
    assert [one.step for one in told] == [Step.RECONNECT]
    kiosk.upkeep.event(told[0], 101.0)
    labels = {"device": "reader", "step": "reconnect", "worked": "yes"}
    assert value(kiosk.upkeep.metrics, "repairs_total", **labels) == 1


def test_numbers_follow_events_and_frames(kiosk: Kiosk) -> None:
    kiosk.upkeep.event(FundChanged(FundMode.ONLINE), 101.0)
    session, _ = handle(IDLE, BarcodeFrame("tty", FrameKind.TEXT, b"1", 101.0), 101.0)
    session, _ = handle(session, Checked(1, INSURED, POLICY), 101.5)
    kiosk.upkeep.frame(session, 101.5)
    kiosk.upkeep.end()
    metrics = kiosk.upkeep.metrics
    assert value(metrics, "fund_mode", mode="online") == 1
    assert value(metrics, "checks_total", family="insured", reason="insured") == 1


def test_outlets_are_workers_and_not_watched(tmp_path: Path) -> None:
    kiosk = Kiosk(tmp_path, MetricsSection(tmp_path / "numbers.prom", 9999))
    assert kiosk.names == ["reader", "repair", "metrics file", "metrics port"]
    watched = [one.worker.name for one in kiosk.upkeep._alive.heart._watched]
    assert watched == ["reader", "repair"]


def test_a_kiosk_that_is_no_service_repairs_nothing_and_sleeps_as_long_as_it_likes() -> None:
    clock = Clock(NOW.timestamp)
    upkeep = Upkeep(MetricsSection(), clock, Watched(), (READER,), notifier=Notifier())
    assert upkeep.workers([], 100.0) == []
    upkeep.turn(101.0)
    assert upkeep.wait(101.0) == float("inf")
