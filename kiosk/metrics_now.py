"""Numbers that nobody counts, but that are so when they are asked for: ages, modes, wear, power."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from kiosk.offline import ListStatus
from kiosk.online.breaker import State
from kiosk.online.fund import FundMode
from offline_cache.freshness import Freshness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client.metrics_core import Metric

    from kiosk.clock import Clock
    from kiosk.online.fund import ServiceStatus

SERVICES: Final = ("ferzl", "zp1")
PROC_IO: Final = Path("/proc/self/io")
THROTTLED: Final = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")
"""Hexadecimal flags of a Raspberry Pi's firmware, readable by everybody."""
_POWER: Final = {"undervoltage": 0, "capped": 1, "throttled": 2, "hot": 3}
"""Bits for now; the same for since boot stand 16 higher."""
_MOST_BYTES: Final = 4096


def _none() -> tuple[ServiceStatus, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Watched:
    """What is asked at each scrape; each may be called from any thread."""

    services: Callable[[], tuple[ServiceStatus, ...]] = _none
    looks_pending: Callable[[], int | None] = lambda: None
    """None: no second looks are kept."""
    journal_missed: Callable[[], int | None] = lambda: None
    """None: no receipts are kept."""
    writes_waiting: Callable[[], int] = lambda: 0
    proc_io: Path = PROC_IO
    throttled: Path = THROTTLED
    monotonic: Callable[[], float] = field(default=time.monotonic)


class Now:
    """A collector of `prometheus_client`; its two attributes are set from any thread."""

    def __init__(self, clock: Clock, watched: Watched) -> None:
        """Begin to count the uptime."""
        self.list_status = ListStatus()
        self.fund_mode = FundMode.UNKNOWN
        self._clock = clock
        self._watched = watched
        self._began = watched.monotonic()

    def collect(self) -> Iterator[Metric]:
        """All numbers, as they are now; what cannot be read is left out."""
        uptime = self._watched.monotonic() - self._began
        yield _gauge("uptime_seconds", "Since this process began.", uptime)
        yield from self._list()
        yield from self._fund()
        yield _gauge("second_looks_pending", "Questions that wait.", self._watched.looks_pending())
        yield _gauge(
            "journal_missed",
            "Checks since the last receipt that could not be written down.",
            self._watched.journal_missed(),
        )
        yield _gauge(
            "writes_waiting",
            "Receipts and questions that are to be written: many where the disk stands still.",
            self._watched.writes_waiting(),
        )
        yield from self._wear()
        yield from self._power()

    def _list(self) -> Iterator[Metric]:
        status, moment = self.list_status, self._clock.now()
        yield _gauge("clock_trusted", "Whether the clock may be right.", float(moment.trusted))
        age = None
        if status.as_of is not None:
            age = max(0.0, (moment.likely - status.as_of).total_seconds())
        yield _gauge("list_age_seconds", "Since the fund signed the list in use.", age)
        yield _gauge("list_serial", "Serial of the list in use.", status.serial)
        grade = "damaged" if status.damaged else "none"
        if status.as_of is not None:
            grade = status.freshness(moment.likely)
        yield _states("list_grade", "How far the list may be relied on.", "grade", _GRADES, grade)

    def _fund(self) -> Iterator[Metric]:
        modes = tuple(mode.name.lower() for mode in FundMode)
        mode = self.fund_mode.name.lower()
        yield _states("fund_mode", "Whether the fund can be reached.", "mode", modes, mode)
        family = GaugeMetricFamily(
            "oms_kiosk_fund_service_state",
            "Whether a service is asked: closed, as needed.",
            labels=("service", "state"),
        )
        for service in self._watched.services():
            name = service.name if service.name in SERVICES else "other"
            for state in State:
                family.add_metric((name, state), float(state is service.state))
        yield family

    def _wear(self) -> Iterator[Metric]:
        name, text = "oms_kiosk_written_bytes", "Bytes that this process had written to disks."
        family = CounterMetricFamily(name, text)
        with suppress(OSError, ValueError, KeyError):
            fields = dict(line.split(": ") for line in _read(self._watched.proc_io).splitlines())
            written = int(fields["write_bytes"]) - int(fields["cancelled_write_bytes"])
            family.add_metric((), max(0, written))
        yield family

    def _power(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(
            "oms_kiosk_power",
            "Trouble of the board with its power or heat, now and since boot.",
            labels=("trouble", "since"),
        )
        with suppress(OSError, ValueError):
            flags = int(_read(self._watched.throttled), 16)
            for trouble, bit in _POWER.items():
                family.add_metric((trouble, "now"), flags >> bit & 1)
                family.add_metric((trouble, "boot"), flags >> (bit + 16) & 1)
        yield family


_GRADES: Final = (*(grade.value for grade in Freshness), "none", "damaged")


def _gauge(name: str, text: str, value: float | None) -> Metric:
    """A gauge; None: without a sample."""
    family = GaugeMetricFamily(f"oms_kiosk_{name}", text)
    if value is not None:
        family.add_metric((), value)
    return family


def _states(name: str, text: str, label: str, states: tuple[str, ...], state: str) -> Metric:
    """A series for each state, 1 for the one that is."""
    family = GaugeMetricFamily(f"oms_kiosk_{name}", text, labels=(label,))
    for one in states:
        family.add_metric((one,), float(one == state))
    return family


def _read(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_MOST_BYTES).decode("ascii")
