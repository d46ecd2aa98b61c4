"""What 200 kiosks put on a service that comes back after an hour: our manners and the obvious way.

Virtual time, five days by different seeds; p50 and p95 are over the days. The obvious way tries
thrice for everybody and retries every five seconds. Both have their unanswered questions to ask
again. Once with a register, which leaves one question in fourteen to the fund; once without one.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kiosk.demo.people import person
from kiosk.policy.model import PolicyFormat, PresentedPolicy, Source
from tests.benchmarks.table import Row, compared, measured
from tests.benchmarks.virtual_kiosks import (
    KIOSKS,
    NaiveKiosk,
    Outage,
    Requests,
    VirtualKiosk,
    arrivals,
    between,
    peak,
    silence,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_DAYS: Final = 5
_OUTAGE: Final = Outage(600.0, 4200.0)
_END: Final = _OUTAGE.end + 600.0
_LONG_AFTER: Final = _OUTAGE.end + 1800.0
_POLICY: Final = PresentedPolicy(
    Source.BARCODE, PolicyFormat.BARCODE_02, enp=person("plain_woman").enp
)
_RATES: Final = {"register": 2.8, "no register": 40.0}
"""Questions to the fund a kiosk and hour: see the benchmark `morning`."""


@dataclass(slots=True)
class _Day:
    requests: Requests = field(default_factory=Requests)
    online_after: list[float] = field(default_factory=list)
    """Seconds after the outage until each kiosk is online, or has its first retry answered."""
    while_down: list[float] = field(default_factory=list)
    """Requests of each kiosk in the hour."""
    busiest: list[float] = field(default_factory=list)
    """The most requests of each kiosk within a second of the ten minutes after it."""

    def add(self, kiosk: VirtualKiosk | NaiveKiosk) -> None:
        """Count what one kiosk did."""
        times = kiosk.requests.all()
        self.requests.extend(kiosk.requests)
        self.while_down.append(len(between(times, _OUTAGE.begin, _OUTAGE.end)))
        self.busiest.append(peak(between(times, _OUTAGE.end, _END), 1.0))
        if kiosk.online_at is not None:
            self.online_after.append(kiosk.online_at - _OUTAGE.end)

    def after(self) -> list[float]:
        """All requests in the ten minutes after the outage."""
        return between(self.requests.all(), _OUTAGE.end, _END)


def run() -> list[Row]:
    """Requests in the outage and in the first ten minutes after it, and when kiosks are online."""
    rows = []
    for name, rate in _RATES.items():
        with silence():
            days = [_day(seed, rate) for seed in range(_DAYS)]
        rows += _rows(name, [one for one, _ in days], [other for _, other in days])
    return rows


def _rows(name: str, ours: list[_Day], naive: list[_Day]) -> list[Row]:
    def row(what: str, unit: str, number: Callable[[_Day], float]) -> Row:
        mine, other = [number(one) for one in ours], [number(one) for one in naive]
        return compared(f"{name}: {what}", unit, mine, "every 5 s", other)

    waits = [wait for day in ours for wait in day.online_after]
    lost = sum(KIOSKS - len(day.online_after) for day in ours)
    note = f"longest {max(waits):.0f} s; {lost} of {_DAYS * KIOSKS} never"
    return [
        row("while down, all kiosks", "req/s", lambda day: sum(day.while_down) / 3600.0),
        row("while down, the most of one kiosk", "req/h", lambda day: max(day.while_down)),
        row("back: first minute", "req", lambda day: len(_first_minute(day))),
        row("back: busiest minute", "req", lambda day: peak(day.after(), 60.0)),
        row("back: busiest second", "req", lambda day: peak(day.after(), 1.0)),
        row("back: busiest second of one kiosk", "req", lambda day: max(day.busiest)),
        row("back: busiest second without second looks", "req", _busiest_without_looks),
        row("back: ten minutes", "req", lambda day: len(day.after())),
        measured(f"{name}: back, until a kiosk says online", "s", waits, note=note),
    ]


def _first_minute(day: _Day) -> list[float]:
    return between(day.after(), _OUTAGE.end, _OUTAGE.end + 60.0)


def _busiest_without_looks(day: _Day) -> int:
    return peak(between(day.requests.questions + day.requests.probes, _OUTAGE.end, _END), 1.0)


def _day(seed: int, rate: float) -> tuple[_Day, _Day]:
    ours, naive = _Day(), _Day()
    for number in range(KIOSKS):
        rng = random.Random(f"{seed} {number}")  # noqa: S311  # repeatable, not secret
        kiosk, other = VirtualKiosk(rng.randrange(2**32), _OUTAGE), NaiveKiosk(_OUTAGE)
        for at in arrivals(rng, [rate, rate]):
            kiosk.run_until(at)
            kiosk.ask(_POLICY)
            other.ask(at)
        kiosk.run_until(_LONG_AFTER)
        other.run_until(_LONG_AFTER)
        ours.add(kiosk)
        naive.add(other)
    return ours, naive
