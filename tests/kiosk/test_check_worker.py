"""The checker's thread with a fund that is asked: waiting, cancelling, joining, second looks."""

from __future__ import annotations

import queue
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

import pytest

from drivers.events import BarcodeFrame, FrameKind
from kiosk.check_worker import CheckWorker, KioskEvent, LooksChanged
from kiosk.checker import Checker
from kiosk.clock import Clock
from kiosk.demo.documents import barcode_of
from kiosk.disk_worker import DiskWorker
from kiosk.families import CouldNotCheck, Insured
from kiosk.journal.journal import Journal
from kiosk.journal.keys import make_key
from kiosk.journal.printed import last_receipts
from kiosk.lookup import Absent, Cause, Found, HowKnown, KnownBy
from kiosk.offline import OfflineLookup
from kiosk.online.errors import ServiceError
from kiosk.online.fund import Fund
from kiosk.reasons import CouldNotCheckReason
from kiosk.second_look.queue import SecondLookQueue
from kiosk.second_look.worker import SecondAnswer
from kiosk.states import Ask, Asking, Checked, Entered
from offline_cache.format import RegisterKey
from tests.kiosk.cases import POLICY, RECORD
from tests.kiosk.running import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kiosk.online.deadline import Deadline
    from kiosk.policy.model import PresentedPolicy

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ONLINE = HowKnown(KnownBy.ONLINE, NOW)
SECONDS = 10.0


class Service:
    """A fund that answers when it is told what; the door to the network is what it replaces."""

    name = "scripted"

    def __init__(self) -> None:
        self.asked: queue.Queue[tuple[PresentedPolicy, Deadline]] = queue.Queue()
        self.answers: queue.Queue[Found | Absent | ServiceError] = queue.Queue()

    def ask(self, policy: PresentedPolicy, now: datetime, deadline: Deadline) -> Found | Absent:
        self.asked.put((policy, deadline))
        while deadline.left() > 0:
            try:
                answer = self.answers.get(timeout=0.01)
            except queue.Empty:
                continue
            if deadline.cancelled:  # it was meant for the next question
                self.answers.put(answer)
                break
            if isinstance(answer, ServiceError):
                raise answer
            return answer
        raise deadline.error()

    def probe(self, deadline: Deadline) -> None:
        """Can always be reached."""


@contextmanager
def running(
    service: Service,
    looks: SecondLookQueue | None = None,
    seconds: float = SECONDS,
    *,
    journal: Journal | None = None,
    disk: DiskWorker | None = None,
) -> Iterator[tuple[CheckWorker, queue.Queue[KioskEvent]]]:
    """A worker without a register, so that every document is a question for the fund."""
    clock, offline = Clock(NOW.timestamp), OfflineLookup(None, None)
    fund = Fund((service,), seconds)
    disk, checker = disk or DiskWorker(), Checker(offline, fund, clock)
    worker = CheckWorker(offline, checker, clock, fund, looks, journal, disk)
    said: queue.Queue[KioskEvent] = queue.Queue()
    stop = threading.Event()
    threads = [threading.Thread(target=one.run, args=(said.put, stop)) for one in (worker, disk)]
    for thread in threads:
        thread.start()
    try:
        yield worker, said
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        disk.finish()


def written(disk: DiskWorker) -> None:
    """Wait until all is written that was to be."""
    done = threading.Event()
    while not disk.put(done.set):
        time.sleep(0.01)
    assert done.wait(SECONDS)


def scan(ticket: int, slug: str = "plain_man") -> Ask:
    frame = BarcodeFrame("/dev/scanner", FrameKind.POLICY, barcode_of(slug), 0.0)
    return Ask(ticket, frame)


def wait(said: queue.Queue[KioskEvent], is_it: Callable[[KioskEvent], bool]) -> KioskEvent:
    """The first event that is the one; those before it are passed over."""
    while True:
        event = said.get(timeout=SECONDS)
        if is_it(event):
            return event


def checked(said: queue.Queue[KioskEvent]) -> Checked:
    event = wait(said, lambda one: isinstance(one, Checked))
    assert isinstance(event, Checked)
    return event


def test_a_slow_answer_is_announced_and_then_given() -> None:
    service = Service()
    with running(service) as (worker, said):
        worker.ask(scan(1))
        announced = wait(said, lambda one: isinstance(one, Asking))
        service.answers.put(Found(RECORD, ONLINE))
        answer = checked(said)
    assert isinstance(announced, Asking)
    assert announced.ticket == 1
    assert 0 < announced.seconds <= SECONDS
    assert isinstance(answer.verdict, Insured)
    assert answer.verdict.known == ONLINE


def test_a_quick_answer_needs_no_frame_of_its_own() -> None:
    service = Service()
    service.answers.put(Found(RECORD, ONLINE))
    with running(service) as (worker, said):
        worker.ask(scan(1))
        first = wait(said, lambda one: isinstance(one, Asking | Checked))
    assert isinstance(first, Checked)


def test_the_next_person_cancels_the_question_of_the_one_before() -> None:
    service = Service()
    with running(service) as (worker, said):
        worker.ask(scan(1))
        _, deadline = service.asked.get(timeout=SECONDS)
        worker.ask(scan(2, "yo"))
        policy, _ = service.asked.get(timeout=SECONDS)
        assert deadline.cancelled
        service.answers.put(Found(RECORD, ONLINE))
        answer = checked(said)
    assert answer.ticket == 2
    assert answer.policy == policy
    assert answer.verdict.known == ONLINE


def test_the_photo_of_a_card_joins_and_asks_nobody_again() -> None:
    service = Service()
    with running(service) as (worker, said):
        worker.ask(Ask(1, POLICY))
        service.asked.get(timeout=SECONDS)
        worker.ask(Ask(1, replace(POLICY, birth_place="Г. МОСКВА")))
        wait(said, lambda one: isinstance(one, Asking))
        service.answers.put(Found(RECORD, ONLINE))
        joined = checked(said)
        worker.ask(Ask(1, replace(POLICY, birth_place="Г. САРАТОВ")))
        after = checked(said)
    assert joined.policy is not None
    assert joined.policy.birth_place == "Г. МОСКВА"
    assert after.policy is not None
    assert after.policy.birth_place == "Г. САРАТОВ"
    assert after.verdict.known == ONLINE
    assert service.asked.empty()


def test_a_fund_that_does_not_answer_leaves_what_the_kiosk_knows() -> None:
    with running(Service(), seconds=0.6) as (worker, said):
        worker.ask(scan(1))
        answer = checked(said)
    assert isinstance(answer.verdict, CouldNotCheck)
    assert answer.verdict.reason is CouldNotCheckReason.NO_LIST
    assert [(one.name, one.detail) for one in answer.verdict.checks if one.name == "online"] == [
        ("online", Cause.TIMEOUT.value)
    ]


def test_an_error_of_ours_says_nothing_about_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> NoReturn:
        raise ZeroDivisionError

    monkeypatch.setattr(Checker, "conclude", fails)
    service = Service()
    service.answers.put(Found(RECORD, ONLINE))
    with running(service) as (worker, said):
        worker.ask(scan(1))
        verdict = checked(said).verdict
    assert isinstance(verdict, CouldNotCheck)
    assert verdict.reason is CouldNotCheckReason.KIOSK_FAULT


def test_nobody_there_and_nobody_in_the_list_is_said_as_such() -> None:
    service = Service()
    service.answers.put(Absent(ONLINE))
    with running(service) as (worker, said):
        worker.ask(scan(1))
        answer = checked(said)
    assert isinstance(answer.verdict, CouldNotCheck)
    assert answer.verdict.reason is CouldNotCheckReason.NOT_FOUND


def test_a_typed_policy_is_a_document_too() -> None:
    service = Service()
    service.answers.put(Found(RECORD, ONLINE))
    with running(service) as (worker, said):
        worker.ask(Ask(1, Entered(POLICY).policy))
        assert isinstance(checked(said).verdict, Insured)


@pytest.fixture
def looks(tmp_path: Path) -> Iterator[SecondLookQueue]:
    waiting = SecondLookQueue(tmp_path / "looks", RegisterKey(bytes(32)))
    yield waiting
    waiting.close()


def test_what_the_fund_could_not_say_is_looked_at_again(looks: SecondLookQueue) -> None:
    service = Service()
    service.answers.put(ServiceError(Cause.TIMEOUT, "no answer"))
    disk = DiskWorker()
    with running(service, looks, disk=disk) as (worker, said):
        worker.ask(scan(1))
        checked(said)
        # One more question, so that the first has certainly been handed on.
        service.answers.put(Found(RECORD, ONLINE))
        worker.ask(scan(2, "yo"))
        checked(said)
        written(disk)
        entry = looks.next(())
        assert entry is not None
        assert looks.pending() == 1
        worker.deliver(SecondAnswer(entry, Found(RECORD, ONLINE)))
        changed = wait(said, lambda one: isinstance(one, LooksChanged) and bool(one.changes))
    assert isinstance(changed, LooksChanged)
    (found,) = changed.changes
    assert (found.before, found.after) == ("no_list", "insured")
    assert looks.pending() == 0


def test_a_second_look_that_finds_the_same_is_not_told(looks: SecondLookQueue) -> None:
    looks.add(POLICY, "not_found", NOW)
    entry = looks.next(())
    assert entry is not None
    with running(Service(), looks) as (worker, said):
        wait(said, lambda one: isinstance(one, LooksChanged))
        worker.deliver(SecondAnswer(entry, Absent(ONLINE)))
        worker.ask(scan(1))
        wait(said, lambda one: isinstance(one, Asking))
    assert looks.pending() == 0
    assert all(not isinstance(one, LooksChanged) for one in said.queue)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    key_file = tmp_path / "journal.pem"
    make_key(key_file)
    kept = Journal(tmp_path / "journal", key_file, RegisterKey(bytes(32)), "0412")
    yield kept
    kept.close()


def test_each_check_leaves_one_receipt(journal: Journal) -> None:
    service = Service()
    with running(service, journal=journal) as (worker, said):
        for ticket, answer in ((1, Found(RECORD, ONLINE)), (2, Absent(ONLINE))):
            service.answers.put(answer)
            worker.ask(Ask(ticket, POLICY))
            checked(said)
        # The same card's photo: no other check.
        worker.ask(Ask(2, replace(POLICY, birth_place="Г. МОСКВА")))
        checked(said)
    receipts = list(last_receipts(journal.folder, 10))
    assert [(one["verdict"], one["reason"]) for one in receipts] == [
        ("insured", "insured"),
        ("could_not_check", "not_found"),
    ]


def test_a_disk_that_stands_still_holds_up_no_verdict(
    journal: Journal, looks: SecondLookQueue
) -> None:
    """Nor does it make the checker look as if it hung; all is written once it goes on, in order."""
    service, disk = Service(), DiskWorker(most=6)
    stands_still, moves_again = threading.Event(), threading.Event()

    def stand_still() -> None:
        stands_still.set()
        moves_again.wait(2 * SECONDS)

    with running(service, looks, journal=journal, disk=disk) as (worker, said):
        written(disk)
        disk.put(stand_still)
        assert stands_still.wait(SECONDS)
        for ticket in range(1, 10):
            service.answers.put(Found(RECORD, ONLINE))
            began = time.monotonic()
            worker.ask(Ask(ticket, POLICY))
            assert isinstance(checked(said).verdict, Insured)
            until(lambda began=began: worker.last_tick > began)  # type: ignore[misc]
        assert journal.missed == 0
        # What a check leaves behind is put here after its answer.
        until(lambda: disk.waiting == 7)
        moves_again.set()
        written(disk)
        service.answers.put(Absent(ONLINE))
        worker.ask(Ask(10, POLICY))
        checked(said)
    receipts = list(last_receipts(journal.folder, 20))
    # Those for which there was room were taken while it stood still; the next one counts the rest.
    taken = len(receipts) - 1
    assert 4 <= taken <= 6
    assert [one["number"] for one in receipts] == list(range(1, taken + 2))
    assert [one["missed"] for one in receipts] == [0] * taken + [9 - taken]
    assert receipts[-1]["reason"] == "not_found"
    assert disk.waiting == 0


def test_nothing_of_a_person_waits_for_the_disk(journal: Journal, looks: SecondLookQueue) -> None:
    moment = Clock(NOW.timestamp).now()
    receipt = journal.prepare(CouldNotCheck(CouldNotCheckReason.NOT_FOUND), POLICY, moment)
    question = looks.prepare(POLICY, "not_found", NOW)
    assert receipt is not None
    assert question is not None
    waiting = repr(receipt).encode() + receipt.pseudonym + repr(question).encode()
    for value in (POLICY.enp, POLICY.surname, POLICY.given_name):
        assert value is not None
        assert value.encode() not in waiting + b"".join(question[::3])


def test_a_normal_stop_writes_what_waits(journal: Journal) -> None:
    disk, stop = DiskWorker(), threading.Event()
    moment = Clock(NOW.timestamp).now()
    receipt = journal.prepare(CouldNotCheck(CouldNotCheckReason.NOT_FOUND), None, moment)
    assert receipt is not None
    for _ in range(100):
        assert disk.put(lambda: journal.write(receipt, moment))
    disk.put(lambda: 1 // 0)
    stop.set()
    disk.run(lambda _: None, stop)
    assert disk.waiting == 0
    assert len(list(last_receipts(journal.folder, 200))) == 100
