"""Numbers are right, and nothing of a person is among them."""

from __future__ import annotations

import re
import threading
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import pytest
from prometheus_client.parser import text_string_to_metric_families

from drivers.events import BarcodeFrame, CardGone, CardPresent, Device, DeviceLost, DeviceReady
from drivers.events import FrameKind as Kind
from kiosk.clock import Clock
from kiosk.demo.people import PEOPLE
from kiosk.families import CouldNotCheck, Insured, NotInsured
from kiosk.lookup import Absent, Cause, Found, Unavailable
from kiosk.metrics import OTHER, LookOutcome, Metrics, Part, Way
from kiosk.metrics_feed import MetricsFeed
from kiosk.metrics_now import Watched
from kiosk.offline import ListStatus
from kiosk.online.breaker import State
from kiosk.online.fund import FundMode, ServiceStatus
from kiosk.reasons import CouldNotCheckReason, NotInsuredReason
from kiosk.repair import Step
from kiosk.repair_worker import Repaired
from kiosk.session import handle, tick
from kiosk.states import Checked, DeviceState, Entered, Session, Showing, Waiting
from tests.kiosk.cases import POLICY, RECORD, REGISTER

if TYPE_CHECKING:
    from kiosk.states import SessionEvent

NOW: Final = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
INSURED: Final = Insured(RECORD, REGISTER, (), ())
FORGED: Final = CouldNotCheck(CouldNotCheckReason.FORGED)


def make(watched: Watched | None = None, *, at: datetime = NOW, version: str = "1.2.3") -> Metrics:
    """Metrics of a kiosk whose clock stands still."""
    return Metrics(Clock(at.timestamp), watched, version=version)


def samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """What a scrape brings, by name and labels."""
    text = metrics.text().decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    """One sample; None: it is not there."""
    return samples(metrics).get((f"oms_kiosk_{name}", tuple(sorted(labels.items()))))


# The format


_LINE: Final = re.compile(
    r"# (HELP|TYPE) [a-z_]+ .+"
    r'|[a-z_]+(\{[a-z_]+="[^"\\\n]*"(,[a-z_]+="[^"\\\n]*")*\})? (-?[0-9.e+-]+|\+Inf)'
)


def test_every_line_is_the_text_format() -> None:
    lines = make().text().decode("ascii").split("\n")
    assert lines.pop() == ""
    assert [line for line in lines if not _LINE.fullmatch(line)] == []
    assert not [line for line in lines if "_created" in line]
    assert len(lines) < 400


def test_series_are_there_before_anything_happens() -> None:
    metrics = make()
    assert value(metrics, "checks_total", family="could_not_check", reason="forged") == 0
    assert value(metrics, "device_faults_total", device="reader", cause="no-reader") == 0
    assert value(metrics, "answer_seconds_count", way="card") == 0
    assert value(metrics, "heavy_repairs_left") == 3
    assert value(metrics, "release_info", version="1.2.3", python=_python()) == 1


def _python() -> str:
    return next(
        dict(labels)["python"]
        for name, labels in samples(make())
        if name == "oms_kiosk_release_info"
    )


# What is counted


def test_checks_count_by_family_and_reason() -> None:
    metrics = make()
    metrics.checked(INSURED)
    for reason in NotInsuredReason:
        metrics.checked(NotInsured(reason, RECORD, REGISTER, (), ()))
    for why in CouldNotCheckReason:
        metrics.checked(CouldNotCheck(why))
    found = samples(metrics)
    checks = [count for (name, _), count in found.items() if name == "oms_kiosk_checks_total"]
    assert checks == [1.0] * (1 + len(NotInsuredReason) + len(CouldNotCheckReason))


def test_questions_to_the_fund_count_by_their_end() -> None:
    metrics = make()
    metrics.fund_asked(Found(RECORD, REGISTER), 0.2)
    metrics.fund_asked(Absent(REGISTER), 0.4)
    metrics.fund_asked(Unavailable(Cause.TIMEOUT), 3.0)
    for outcome in ("found", "absent", "timeout"):
        assert value(metrics, "fund_answers_total", outcome=outcome) == 1
    assert value(metrics, "fund_seconds_bucket", le="0.5") == 2
    assert value(metrics, "fund_seconds_count") == 3


def test_stores_repairs_and_looks() -> None:
    metrics = make(Watched(looks_pending=lambda: 12, journal_missed=lambda: 4))
    metrics.stored(Part.JOURNAL)
    metrics.stored(Part.JOURNAL, worked=False)
    metrics.look_done(LookOutcome.CHANGED)
    metrics.repaired(Device.READER, Step.RESTART_PCSCD, worked=False, heavy_left=2)
    assert value(metrics, "journal_missed") == 4
    assert value(metrics, "fsyncs_total", part="journal") == 1
    assert value(metrics, "store_failures_total", part="journal") == 1
    assert value(metrics, "second_looks_total", outcome="changed") == 1
    assert value(metrics, "second_looks_pending") == 12
    labels = {"device": "reader", "step": "restart_pcscd", "worked": "no"}
    assert value(metrics, "repairs_total", **labels) == 1
    assert value(metrics, "heavy_repairs_left") == 2


def test_the_list_is_as_old_as_it_is() -> None:
    metrics = make()
    assert value(metrics, "list_age_seconds") is None
    assert value(metrics, "list_grade", grade="none") == 1
    metrics.list_status(ListStatus(NOW - timedelta(hours=30), None, 4711))
    assert value(metrics, "list_age_seconds") == 30 * 3600
    assert value(metrics, "list_serial") == 4711
    assert value(metrics, "list_grade", grade="ageing") == 1
    assert value(metrics, "list_grade", grade="none") == 0
    metrics.list_status(ListStatus(damaged=True))
    assert value(metrics, "list_grade", grade="damaged") == 1


def test_a_clock_that_is_wrong_is_told_and_not_used() -> None:
    metrics = make(at=datetime(1970, 1, 1, 1, tzinfo=UTC))
    metrics.list_status(ListStatus(NOW, None, 1))
    assert value(metrics, "clock_trusted") == 0
    assert value(metrics, "list_age_seconds") == 0


def test_the_fund_by_mode_and_service() -> None:
    ferzl = ServiceStatus("ferzl", State.OPEN, Cause.TIMEOUT, 3, 7.0)
    metrics = make(Watched(services=lambda: (ferzl,)))
    metrics.fund_mode(FundMode.OFFLINE)
    assert value(metrics, "fund_mode", mode="offline") == 1
    assert value(metrics, "fund_mode", mode="online") == 0
    assert value(metrics, "fund_service_state", service="ferzl", state="open") == 1
    assert value(metrics, "fund_service_state", service="ferzl", state="closed") == 0


def test_wear_power_and_uptime_are_read_at_the_scrape(tmp_path: Path) -> None:
    proc_io, flags = tmp_path / "io", tmp_path / "throttled"
    proc_io.write_text("rchar: 1\nwrite_bytes: 9000\ncancelled_write_bytes: 1000\n")
    flags.write_text("50001\n")
    times = iter([10.0, 10.0, 10.0, 70.5])
    watched = Watched(proc_io=proc_io, throttled=flags, monotonic=lambda: next(times, 70.5))
    metrics = make(watched)
    assert value(metrics, "written_bytes_total") == 8000
    assert value(metrics, "power", trouble="undervoltage", since="now") == 1
    assert value(metrics, "power", trouble="throttled", since="boot") == 1
    assert value(metrics, "power", trouble="hot", since="boot") == 0
    assert value(metrics, "uptime_seconds") == 60.5


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"rubbish\n", b"write_bytes: many\n"])
def test_what_cannot_be_read_is_left_out(tmp_path: Path, content: bytes) -> None:
    odd = tmp_path / "odd"
    odd.write_bytes(content)
    for path in (odd, tmp_path / "missing", tmp_path):
        metrics = make(Watched(proc_io=path, throttled=path))
        assert value(metrics, "written_bytes_total") is None
        assert value(metrics, "power", trouble="undervoltage", since="now") is None


def test_this_machine_tells_what_was_written() -> None:
    written = value(make(), "written_bytes_total")
    assert written is not None or not Path("/proc/self/io").exists()


# Nothing personal


def test_no_label_can_hold_a_person() -> None:
    """Whatever stands in the place of a code, and whatever a verdict carries along."""
    metrics = make()
    for one in PEOPLE:
        texts = (one.surname, one.given_name, one.enp, one.snils, one.birth_date.isoformat())
        record = replace(RECORD, main_enp=one.enp, full_name=f"{one.surname} {one.given_name}")
        metrics.checked(Insured(record, REGISTER, (), ()))
        metrics.fund_asked(Found(record, REGISTER), 0.1)
        for text in texts:
            _feed_with(metrics, text)
            assert text.encode() not in make(_service(text), version=text).text()
    scraped = metrics.text()
    for one in PEOPLE:
        for field in (one.surname, one.given_name, one.enp, one.snils, one.birth_place):
            assert field.encode() not in scraped
    assert value(metrics, "device_faults_total", device="reader", cause=OTHER) == 5 * len(PEOPLE)


def _feed_with(metrics: Metrics, text: str) -> None:
    anything = cast("Any", text)
    metrics.device_lost(Device.READER, text)
    metrics.device_lost(anything, text)
    metrics.device_ready(anything)
    metrics.answered(anything, 1.0)
    metrics.look_done(anything)
    metrics.stored(anything)
    metrics.repaired(anything, anything, worked=True, heavy_left=1)
    metrics.fund_asked(Unavailable(anything), 1.0)


def _service(name: str) -> Watched:
    return Watched(services=lambda: (ServiceStatus(name, State.CLOSED, None, 0, 0.0),))


# From events and frames to numbers


class Screen:
    """A session with a hand on the clock, and numbers from it as in `kiosk.app`."""

    def __init__(self) -> None:
        """Nobody is here."""
        devices = {Device.READER: DeviceState(), Device.SCANNER: DeviceState()}
        self.session = Session(devices=devices)
        self.metrics = make()
        self.feed = MetricsFeed(self.metrics)
        self.now = 0.0

    def take(self, event: SessionEvent, seconds: float = 0.0) -> None:
        """An event comes after `seconds`, and its frame goes out."""
        self.now += seconds
        self.feed.event(event, self.now)
        self.session, _ = handle(self.session, event, self.now)
        self.feed.frame(self.session, self.now)

    def rest(self, seconds: float) -> None:
        """Nothing comes."""
        self.now += seconds
        self.session = tick(self.session, self.now)
        self.feed.frame(self.session, self.now)

    def code(self, payload: bytes, seconds: float = 0.0) -> None:
        """A code is framed after `seconds`."""
        self.take(BarcodeFrame("tty", Kind.POLICY, payload, self.now + seconds), seconds)

    def checks(self) -> dict[str, float]:
        """How many checks ended with which reason."""
        return {
            dict(labels)["reason"]: count
            for (name, labels), count in samples(self.metrics).items()
            if name == "oms_kiosk_checks_total" and count
        }


def test_a_check_counts_once_with_the_reason_it_ended_with() -> None:
    screen = Screen()
    screen.code(b"x" * 130, 1.0)
    screen.take(Checked(1, INSURED, POLICY), 0.25)
    screen.take(Checked(1, FORGED, POLICY), 0.25)
    assert screen.checks() == {}
    screen.rest(30.0)
    assert isinstance(screen.session.state, Waiting)
    assert screen.checks() == {"forged": 1}
    assert value(screen.metrics, "answer_seconds_sum", way="code") == 0.25


def test_the_same_code_again_is_the_same_check() -> None:
    screen = Screen()
    screen.code(b"x" * 130, 1.0)
    screen.take(Checked(1, INSURED, POLICY), 0.2)
    screen.code(b"x" * 130, 0.5)
    assert isinstance(screen.session.state, Showing)
    screen.code(b"y" * 130, 5.0)
    screen.take(Checked(screen.session.last_ticket, FORGED, POLICY), 0.1)
    screen.feed.flush()
    assert screen.checks() == {"insured": 1, "forged": 1}
    assert value(screen.metrics, "answer_seconds_count", way="code") == 2


def test_a_card_counts_from_its_notice_and_a_typed_number_from_its_entry() -> None:
    screen = Screen()
    screen.take(CardPresent("Reader", b"\x3b", 0.5), 0.6)
    screen.rest(2.9)
    screen.take(CardGone("Reader", 3.6), 0.1)
    screen.rest(5.0)
    assert value(screen.metrics, "answer_seconds_sum", way="card") == pytest.approx(3.0)
    screen.take(Entered(POLICY), 1.0)
    screen.take(Checked(screen.session.last_ticket, INSURED, POLICY), 0.5)
    assert value(screen.metrics, "answer_seconds_sum", way="typed") == pytest.approx(0.5)


def test_noise_is_no_check() -> None:
    screen = Screen()
    screen.take(BarcodeFrame("tty", Kind.MALFORMED, b"", 1.0, "empty"), 1.0)
    screen.rest(30.0)
    assert screen.checks() == {}


def test_devices_and_repairs_are_events_too() -> None:
    screen = Screen()
    screen.take(DeviceLost(Device.SCANNER, "unplugged"))
    assert value(screen.metrics, "device_up", device="scanner") == 0
    screen.take(DeviceReady(Device.SCANNER, "tty"))
    screen.feed.event(Repaired(Device.SCANNER, Step.POWER_CYCLE, worked=True, heavy_left=1), 1.0)
    screen.feed.event("anything else", 1.0)
    assert value(screen.metrics, "device_up", device="scanner") == 1
    assert value(screen.metrics, "device_faults_total", device="scanner", cause="unplugged") == 1
    assert value(screen.metrics, "heavy_repairs_left") == 1


def test_threads_may_count_beside_each_other() -> None:
    metrics = make()
    observe = partial(metrics.answered, Way.CARD)
    threads = [threading.Thread(target=lambda: deque(map(observe, [0.1] * 500))) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        metrics.text()
    assert value(metrics, "answer_seconds_count", way="card") == 2000
