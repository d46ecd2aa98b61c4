"""From a document to its verdict on the checker's thread: tables, terms, signatures, faults."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from drivers.events import BarcodeFrame, FrameKind
from kiosk import signatures
from kiosk.check_worker import CheckWorker, KioskEvent, ListChanged
from kiosk.checker import Checker, desk_of
from kiosk.clock import Clock
from kiosk.comparison import Check, Desk, Outcome
from kiosk.config import Config
from kiosk.config_sections import KioskSection
from kiosk.demo.documents import barcode_of
from kiosk.families import CouldNotCheck, Insured
from kiosk.offline import OfflineLookup
from kiosk.online.fund import Fund
from kiosk.policy.model import PolicyFormat, PresentedPolicy, Source
from kiosk.reasons import CouldNotCheckReason, Note
from kiosk.states import Ask, Checked
from kiosk.verdict import weigh_signature
from tests.kiosk.cases import RECORD, REGISTER

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_mock import MockerFixture

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FORGED = Check(signatures.NAME, Outcome.FAIL)
GENUINE = Check(signatures.NAME, Outcome.PASS, "content")


def checker(register: Path | None = None) -> Checker:
    clock = Clock(NOW.timestamp)
    return Checker(OfflineLookup(None, None), Fund(()), clock, register)


def answers(worker: CheckWorker, *payloads: bytes) -> list[KioskEvent]:
    """What the worker says to policy barcodes, until it has nothing more to say."""
    for ticket, payload in enumerate(payloads, start=1):
        worker.ask(Ask(ticket, BarcodeFrame("/dev/scanner", FrameKind.POLICY, payload, 0.0)))
    said: list[KioskEvent] = []
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(said.append, stop))
    thread.start()
    stop_after_silence(said, stop)
    thread.join()
    return said


def stop_after_silence(said: list[KioskEvent], stop: threading.Event) -> None:
    """End the worker once it has been silent for a while."""
    count = -1
    while count != len(said):
        count = len(said)
        stop.wait(0.3)
    stop.set()


def worker() -> CheckWorker:
    offline = OfflineLookup(None, None)
    clock, fund = Clock(NOW.timestamp), Fund(())
    return CheckWorker(offline, Checker(offline, fund, clock), clock, fund)


def test_a_document_without_a_trusted_key_is_settled_in_the_first_answer() -> None:
    _, answer = answers(worker(), barcode_of("plain_man"))
    assert isinstance(answer, Checked)
    assert answer.verdict.checks[-1] == Check(signatures.NAME, Outcome.UNKNOWN, "no_key")


@pytest.mark.parametrize("check", [FORGED, GENUINE])
def test_a_signature_that_takes_time_follows_the_first_answer(
    check: Check, mocker: MockerFixture
) -> None:
    mocker.patch("kiosk.signatures.at_once", return_value=None)
    mocker.patch("kiosk.signatures.in_full", return_value=check)
    listed, first, second = answers(worker(), barcode_of("plain_man"))
    assert isinstance(listed, ListChanged)
    assert isinstance(first, Checked)
    assert isinstance(second, Checked)
    assert first.ticket == second.ticket
    assert signatures.NAME not in {one.name for one in first.verdict.checks}
    assert second.verdict.checks[-1] == check
    forged = isinstance(second.verdict, CouldNotCheck) and (
        second.verdict.reason is CouldNotCheckReason.FORGED
    )
    assert forged is (check is FORGED)


def test_nobody_waits_for_the_signature_of_the_one_before(mocker: MockerFixture) -> None:
    mocker.patch("kiosk.signatures.at_once", return_value=None)
    in_full = mocker.patch("kiosk.signatures.in_full", return_value=GENUINE)
    said = answers(worker(), barcode_of("plain_man"), barcode_of("yo"))
    assert [one.ticket for one in said if isinstance(one, Checked)] == [1, 2, 2]
    assert in_full.call_count == 1


def test_a_fault_of_the_signature_check_leaves_the_answer(mocker: MockerFixture) -> None:
    mocker.patch("kiosk.signatures.at_once", return_value=None)
    mocker.patch("kiosk.signatures.in_full", side_effect=RuntimeError("fault"))
    said = answers(worker(), barcode_of("plain_man"), barcode_of("yo"))
    assert [one.ticket for one in said if isinstance(one, Checked)] == [1, 2]


def test_a_forged_signature_outranks_the_register_and_a_misread_number_does_not() -> None:
    insured = Insured(RECORD, REGISTER, (), ())
    verdict = weigh_signature(insured, FORGED)
    assert isinstance(verdict, CouldNotCheck)
    assert verdict.reason is CouldNotCheckReason.FORGED
    misread = CouldNotCheck(CouldNotCheckReason.MISREAD)
    assert weigh_signature(misread, FORGED) == replace(misread, checks=(FORGED,))
    assert weigh_signature(insured, GENUINE) == replace(insured, checks=(GENUINE,))


def certificate(issued: date | None) -> PresentedPolicy:
    return PresentedPolicy(
        Source.TYPED,
        PolicyFormat.TYPED,
        temporary_certificate="900000001",
        issue_date=issued,
    )


def test_a_term_without_a_production_calendar_says_so() -> None:
    asked = checker()
    asked.refresh()
    verdict = asked.check(certificate(date(2021, 3, 1)))
    assert Note.CALENDAR_ESTIMATED in verdict.notes
    assert Note.CALENDAR_ESTIMATED not in asked.check(certificate(None)).notes
    assert Note.CALENDAR_ESTIMATED not in asked.check(certificate(date(2024, 3, 1))).notes


def test_a_term_by_the_production_calendar_is_not_estimated(tmp_path: Path) -> None:
    folder = tmp_path / "reference"
    folder.mkdir()
    (folder / "calendar.csv").write_text("date,kind\n2021-03-08,holiday\n", encoding="utf-8")
    asked = checker(tmp_path)
    asked.refresh()
    assert Note.CALENDAR_ESTIMATED not in asked.check(certificate(date(2021, 3, 1))).notes


def test_the_desk_comes_from_the_configuration() -> None:
    assert desk_of(Config()) == Desk()
    config = Config(kiosk=KioskSection(okato="40000", clinic="780003"))
    assert desk_of(config) == Desk("40000", "780003")
