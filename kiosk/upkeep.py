"""What keeps a running kiosk running, joined for `kiosk.app`: watchdog, self-repair, numbers.

The main thread tells it of every event, frame and turn; it brings workers of its own along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivers.events import DeviceLost, DeviceReady
from kiosk.check_worker import ListChanged
from kiosk.metrics import Metrics
from kiosk.metrics_feed import MetricsFeed
from kiosk.metrics_now import Watched
from kiosk.metrics_server import MetricsFile, MetricsServer
from kiosk.notify import Notifier
from kiosk.repair import Step
from kiosk.repair_worker import RUN_FOLDER, BootCount, Repaired, RepairWorker
from kiosk.second_look.worker import FundChanged
from kiosk.supervise import Worker
from kiosk.watchdog import Heart, Pulse

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from drivers.events import Device
    from kiosk.check_worker import KioskEvent
    from kiosk.clock import Clock
    from kiosk.config_sections import MetricsSection
    from kiosk.disk_worker import DiskWorker
    from kiosk.journal.journal import Journal
    from kiosk.online.fund import Fund
    from kiosk.second_look.queue import SecondLookQueue
    from kiosk.states import Session


def watched(
    fund: Fund, looks: SecondLookQueue | None, journal: Journal | None, disk: DiskWorker
) -> Watched:
    """What is asked at each scrape, of the parts that this kiosk has."""
    return Watched(
        services=fund.status,
        looks_pending=lambda: None if looks is None else looks.pending(),
        journal_missed=lambda: None if journal is None else journal.missed,
        writes_waiting=lambda: disk.waiting,
    )


class Upkeep:
    """See the head of this module; for the main thread, but for `metrics`."""

    def __init__(
        self,
        section: MetricsSection,
        clock: Clock,
        watched: Watched,
        devices: Iterable[Device],
        *,
        notifier: Notifier | None = None,
        run_folder: Path = RUN_FOLDER,
    ) -> None:
        """Join the parts; nothing runs yet. Only a kiosk that is a service repairs its machine."""
        self.metrics = Metrics(clock, watched)
        self._feed = MetricsFeed(self.metrics)
        self._notifier = notifier or Notifier.from_environment()
        self._repair: RepairWorker | None = None
        self._outlets: list[Worker] = []
        if self._notifier.listens:
            self._repair = RepairWorker(devices, BootCount(run_folder))
        if section.file is not None:
            self._outlets.append(Worker("metrics file", MetricsFile(section.file, self.metrics)))
        if section.port:
            self._outlets.append(Worker("metrics port", MetricsServer(section.port, self.metrics)))
        self._pulse: Pulse | None = None

    def workers(self, others: Iterable[Worker], now: float) -> list[Worker]:
        """All workers of the kiosk: the `others`, which do its work, and the ones of upkeep.

        A kiosk whose numbers nobody can read is alive: the outlets are not watched.
        """
        vital = [*others]
        if self._repair is not None:
            vital.append(Worker("repair", self._repair))
        self._pulse = Pulse(Heart(vital, now), self._notifier)
        return [*vital, *self._outlets]

    def event(self, event: KioskEvent, now: float) -> None:
        """An event reached the main thread at monotonic time `now`."""
        self._feed.event(event, now)
        match event:
            case ListChanged(status):
                self.metrics.list_status(status)
                self._alive.heart.list_reported()
            case FundChanged(mode):
                self.metrics.fund_mode(mode)
            case DeviceReady(device) | DeviceLost(device):
                if isinstance(event, DeviceReady):
                    self._alive.heart.take_back(device.value)
                if self._repair is not None:
                    self._repair.take(event)
            case Repaired(device, Step.OUT_OF_ORDER):
                self._alive.heart.give_up(device.value)
            case Repaired(device, Step.RESTART_KIOSK, worked=True):
                self._alive.restart(f"{device.value} hangs")
            case _:
                pass

    def frame(self, session: Session, now: float) -> None:
        """The screen shows `session` at monotonic time `now`, by a new frame or by the last one."""
        self._feed.frame(session, now)
        self._alive.heart.frame_presented(now)

    def turn(self, now: float) -> None:
        """The main loop turns, its frame is out: tell the service manager what is due."""
        self._alive.turn(now)

    def wait(self, now: float) -> float:
        """Seconds that the main loop may sleep at most."""
        return self._alive.wait(now) if self._notifier.listens else float("inf")

    def end(self) -> None:
        """The program ends in order: the check on the screen counts, too."""
        self._feed.flush()
        self._alive.stopping()

    @property
    def _alive(self) -> Pulse:
        if self._pulse is None:
            raise RuntimeError("workers() comes first")
        return self._pulse
