"""What this kiosk counts, for Prometheus; nothing personal by construction.

Numbers go out under fixed names with labels that are members of our enums; any other label value
becomes `other`, so that no text of a document, a server or an exception can slip in. All methods
may be called from any thread and never raise. The registry is its own: nothing that a library
counts by itself comes along, and importing this opens nothing.
"""

from __future__ import annotations

import enum
import platform
import re
from typing import TYPE_CHECKING, Final, assert_never

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from drivers.events import Device
from kiosk import __version__
from kiosk.families import CouldNotCheck, Insured, NotInsured
from kiosk.lookup import Absent, Cause, Found, Unavailable
from kiosk.metrics_now import Now, Watched
from kiosk.reasons import CouldNotCheckReason, NotInsuredReason
from kiosk.repair import MOST_HEAVY, PLANS, Step
from kiosk.verdict_json import reason_code

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client.metrics_core import Metric

    from kiosk.clock import Clock
    from kiosk.families import Verdict
    from kiosk.lookup import Answer
    from kiosk.offline import ListStatus
    from kiosk.online.fund import FundMode

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
PREFIX: Final = "oms_kiosk"
OTHER: Final = "other"

_ANSWER_SECONDS: Final = (0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
_FUND_SECONDS: Final = (0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0)
_VERSION: Final = re.compile(r"[0-9]{1,5}(\.[0-9]{1,5}){1,3}([-+.]?[a-z]{1,5}[0-9]{0,5})?")


class Way(enum.StrEnum):
    """How a document came in."""

    CARD = "card"
    CODE = "code"
    TYPED = "typed"


class LookOutcome(enum.StrEnum):
    """What became of a second look."""

    SAME = "same"
    CHANGED = "changed"
    GIVEN_UP = "given_up"


class Part(enum.StrEnum):
    """Who writes to the disk."""

    JOURNAL = "journal"
    SECOND_LOOK = "second_look"


_REASONS: Final = {
    "insured": ("insured",),
    "not_insured": tuple(NotInsuredReason),
    "could_not_check": tuple(CouldNotCheckReason),
}
_FAMILIES: Final = {
    Insured: "insured",
    NotInsured: "not_insured",
    CouldNotCheck: "could_not_check",
}
_OUTCOMES: Final = ("found", "absent", *Cause)


class Metrics:
    """The counters of one kiosk; see the head of this module."""

    def __init__(
        self, clock: Clock, watched: Watched | None = None, *, version: str = __version__
    ) -> None:
        """Begin at zero.

        Args:
            clock: gives the list's age.
            watched: what is asked at each scrape.
            version: of this release; in any other form than `1.2.3` and the like it is `other`.
        """
        # For OpenMetrics; in this format they would be two gauges more for each counter.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._now = Now(clock, watched or Watched())
        self.registry.register(self._now)
        self.registry.register(_Process())
        release = Info(f"{PREFIX}_release", "What runs.", registry=self.registry)
        known = version if _VERSION.fullmatch(version) else OTHER
        release.info({"version": known, "python": platform.python_version()})
        self.tally = dict.fromkeys(_FAMILIES.values(), 0)
        """Checks by family, for the main thread; the same as the counters say."""
        self._make_checks()
        self._make_devices()
        self._make_stores()

    def _make_checks(self) -> None:
        self._checks = self._counter(
            "checks", "Checks by the verdict they ended with.", "family", "reason"
        )
        for family, reasons in _REASONS.items():
            self._begin(self._checks, (family,), reasons)
        self._answers = Histogram(
            f"{PREFIX}_answer_seconds",
            "From the card noticed, the code framed or the number typed to the verdict's frame.",
            ("way",),
            buckets=_ANSWER_SECONDS,
            registry=self.registry,
        )
        for way in Way:
            self._answers.labels(way)
        self._fund = Histogram(
            f"{PREFIX}_fund_seconds",
            "Questions to the fund while somebody waits.",
            registry=self.registry,
            buckets=_FUND_SECONDS,
        )
        self._fund_answers = self._counter(
            "fund_answers", "What questions to the fund ended with.", "outcome"
        )
        self._begin(self._fund_answers, (), _OUTCOMES)

    def _make_devices(self) -> None:
        self._up = self._gauge("device_up", "Whether a device works.", "device")
        self._faults = self._counter("device_faults", "Losses of a device.", "device", "cause")
        self._repairs = self._counter(
            "repairs", "Steps of the self-repair ladder.", "device", "step", "worked"
        )
        self._heavy_left = self._gauge(
            "heavy_repairs_left", "Heavy repairs that this boot still has."
        )
        self._heavy_left.set(MOST_HEAVY)
        for device in Device:
            self._begin(self._faults, (device,), PLANS[device])

    def _make_stores(self) -> None:
        self._looks = self._counter("second_looks", "Second looks by what came of them.", "outcome")
        self._begin(self._looks, (), LookOutcome)
        self._fsyncs = self._counter("fsyncs", "Commits that were forced to the disk.", "part")
        self._begin(self._fsyncs, (), Part)
        self._failures = self._counter("store_failures", "Writes of a store that failed.", "part")
        self._begin(self._failures, (), Part)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"{PREFIX}_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", text, labels, registry=self.registry)

    @staticmethod
    def _begin(counter: Counter, first: tuple[str, ...], values: Iterable[str]) -> None:
        """Show all its series from the start: a rate over one that appears late misses a step."""
        for value in values:
            counter.labels(*first, value)

    # What happens

    def checked(self, verdict: Verdict) -> None:
        """A check ended with `verdict`."""
        family = _FAMILIES[type(verdict)]
        self.tally[family] += 1
        self._checks.labels(family, _code(reason_code(verdict), _REASONS[family])).inc()

    def answered(self, way: Way, seconds: float) -> None:
        """A verdict reached the screen `seconds` after its document came."""
        self._answers.labels(_code(way, Way)).observe(max(0.0, seconds))

    def fund_asked(self, answer: Answer, seconds: float) -> None:
        """The fund was asked for somebody who waits."""
        match answer:
            case Found():
                outcome = "found"
            case Absent():
                outcome = "absent"
            case Unavailable(cause):
                outcome = cause
            case _:
                assert_never(answer)
        self._fund.observe(max(0.0, seconds))
        self._fund_answers.labels(_code(outcome, _OUTCOMES)).inc()

    def list_status(self, status: ListStatus) -> None:
        """This list is in use."""
        self._now.list_status = status

    def fund_mode(self, mode: FundMode) -> None:
        """The fund can be reached, or no longer."""
        self._now.fund_mode = mode

    def device_ready(self, device: Device) -> None:
        """A device works."""
        self._up.labels(_code(device, Device)).set(1)

    def device_lost(self, device: Device, cause: str) -> None:
        """A device is lost."""
        self._up.labels(_code(device, Device)).set(0)
        self._faults.labels(_code(device, Device), _code(cause, PLANS.get(device, ()))).inc()

    def repaired(self, device: Device, step: Step, *, worked: bool, heavy_left: int) -> None:
        """A step of the ladder was taken."""
        labels = _code(device, Device), _code(step, Step), "yes" if worked else "no"
        self._repairs.labels(*labels).inc()
        self._heavy_left.set(heavy_left)

    def look_done(self, outcome: LookOutcome) -> None:
        """A second look left the queue."""
        self._looks.labels(_code(outcome, LookOutcome)).inc()

    def stored(self, part: Part, *, worked: bool = True) -> None:
        """A store wrote and forced one commit to the disk, or could not."""
        (self._fsyncs if worked else self._failures).labels(_code(part, Part)).inc()

    # What is read

    def text(self) -> bytes:
        """All numbers in Prometheus' text format 0.0.4 (UTF-8)."""
        return generate_latest(self.registry)

    def names(self) -> frozenset[str]:
        """Every name under which a series can appear, for those who write alerts."""
        found = set()
        for family in self.registry.collect():
            match family.type:
                case "counter":
                    found.add(f"{family.name}_total")
                case "histogram":
                    found |= {f"{family.name}_{part}" for part in ("bucket", "count", "sum")}
                case "info":
                    found.add(f"{family.name}_info")
                case _:
                    found.add(family.name)
        return frozenset(found)


class _Process(ProcessCollector):
    """Memory, processor time and open files, without the time of the start.

    That is counted from the boot's, which a service that sees its own processes alone cannot read.
    """

    def __init__(self) -> None:
        super().__init__(namespace=PREFIX, registry=None)

    def collect(self) -> Iterable[Metric]:
        return [one for one in super().collect() if not one.name.endswith("start_time_seconds")]


def _code(value: str, known: Iterable[str]) -> str:
    """A label's value: one of those that are known, by its code, or `other`."""
    return next((str(one) for one in known if one == value), OTHER)
