"""The thread that decodes documents and looks them up, so that the screen never waits.

One queue brings it everything: questions of the session, answers of the fund, and answers to
second looks. The register is asked on this thread; the fund on a thread of its own, which ends with
its deadline or when the next person comes. So a question never waits for the one before it. What is
to be kept of a check is made here and written by another thread (`kiosk.keeper`).
"""

from __future__ import annotations

import logging
import queue
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from kiosk.checker import Checker, Inquiry, with_notes
from kiosk.consultation import Consultation, FundAnswer, Question
from kiosk.disk_worker import DiskWorker
from kiosk.families import CouldNotCheck, Verdict
from kiosk.intake import Readable, Unreadable, take_in
from kiosk.keeper import Keeper
from kiosk.lookup import Answer, Cause, Unavailable
from kiosk.photo import PhotoReady
from kiosk.reasons import CouldNotCheckReason
from kiosk.repair_worker import Repaired
from kiosk.second_look.worker import FundChanged, SecondAnswer
from kiosk.states import Ask, Asking, Checked, SessionEvent
from kiosk.stick_watch import StickChanged
from kiosk.verdict import unreadable
from offline_cache.reference import ReferenceData

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from kiosk.clock import Clock
    from kiosk.journal.journal import Journal
    from kiosk.metrics import Metrics
    from kiosk.offline import ListStatus, OfflineLookup
    from kiosk.online.fund import Fund
    from kiosk.policy.model import PresentedPolicy
    from kiosk.second_look.queue import Answered, SecondLookQueue

_log = logging.getLogger(__name__)

LIST_LOOK_SECONDS: Final = 5.0
"""How often a kiosk at rest looks whether a new register has been put in place."""
_TICK_SECONDS: Final = 1.0
_QUESTIONS: Final = 64
"""More than two devices and a fund can bring in the time one question may take."""


@dataclass(frozen=True, slots=True)
class ListChanged:
    """Another register is in use, or none, or other tables beside it."""

    status: ListStatus
    reference: ReferenceData = field(default_factory=ReferenceData)


@dataclass(frozen=True, slots=True)
class LooksChanged:
    """What second looks have found to be different lately, the newest first."""

    changes: tuple[Answered, ...]


KioskEvent = (
    SessionEvent | ListChanged | FundChanged | LooksChanged | PhotoReady | Repaired | StickChanged
)
"""All that can reach the main thread."""


_Item = Ask | FundAnswer | SecondAnswer


class CheckWorker:
    """Answers questions of the session; see the head of this module."""

    def __init__(
        self,
        offline: OfflineLookup,
        checker: Checker,
        clock: Clock,
        fund: Fund,
        looks: SecondLookQueue | None = None,
        journal: Journal | None = None,
        disk: DiskWorker | None = None,
    ) -> None:
        """Own the offline register's connection: it is used on this thread alone.

        `disk` writes to `looks` and `journal`; with either of them it has to be run beside.
        """
        self.last_tick = time.monotonic()
        self.metrics: Metrics | None = None
        """Set before the thread starts; None: nobody counts."""
        self._offline = offline
        self._checker = checker
        self._clock = clock
        self._fund = fund
        self._keeper = Keeper(clock, looks, journal, disk or DiskWorker())
        self._inbox: queue.Queue[_Item] = queue.Queue(_QUESTIONS)
        self._looked_at = float("-inf")
        self._reported: ListChanged | None = None
        self._consultation = Consultation(fund, self._take)

    def ask(self, question: Ask) -> None:
        """Take a question in; its `Checked` follows, or else the session's limit ends the wait."""
        self._take(question)

    def deliver(self, answer: SecondAnswer) -> None:
        """Take in what the fund said at a second look."""
        self._take(answer)

    @property
    def asks_fund(self) -> bool:
        """Whether a person waits for the fund's answer now."""
        return self._consultation.question is not None

    def _take(self, item: _Item) -> None:
        try:
            self._inbox.put_nowait(item)
        except queue.Full:
            _log.error("%s dropped: the checker is stuck", type(item).__name__)

    def run(self, emit: Callable[[KioskEvent], None], stop: threading.Event) -> None:
        """Answer questions until `stop`, and report each new register."""
        try:
            self._look_at_list(emit)
            self._keeper.metrics = self.metrics
            self._keeper.tell_changes(_to_event(emit))
            while not stop.is_set():
                self.last_tick = time.monotonic()
                self._look_at_list(emit)
                with suppress(queue.Empty):
                    patience = self._consultation.patience(_TICK_SECONDS)
                    self._handle(self._inbox.get(timeout=patience), emit)
                self._mind_question(emit)
                if self._consultation.question is None and self._inbox.empty():
                    self._keeper.tidy()
        finally:
            self._consultation.stop()
            self._offline.close()

    def _handle(self, item: _Item, emit: Callable[[KioskEvent], None]) -> None:
        match item:
            case Ask():
                # An answer from a new list and the footer that names the list come together.
                self._report_list(emit)
                self._question(item, emit)
            case FundAnswer(deadline, answer):
                question = self._consultation.question
                if question is not None and question.deadline is deadline:
                    self._conclude(question, answer, emit)
            case SecondAnswer():
                self._look_again(item, emit)

    # The list

    def _look_at_list(self, emit: Callable[[KioskEvent], None]) -> None:
        now = time.monotonic()
        if now - self._looked_at < LIST_LOOK_SECONDS:
            return
        self._looked_at = now
        self._report_list(emit)

    def _report_list(self, emit: Callable[[KioskEvent], None]) -> None:
        status = self._checker.refresh()
        found = ListChanged(status, self._checker.reference)
        if found != self._reported:
            self._reported = found
            emit(found)

    # Questions

    def _question(self, question: Ask, emit: Callable[[KioskEvent], None]) -> None:
        """An error of ours ends in "could not check", never in a statement about a person."""
        asked = self._consultation.question
        if asked is not None and asked.ticket != question.ticket:
            self._consultation.stop()
        try:
            answer = self._judge(question)
        except Exception:  # noqa: BLE001  # see above
            _log.exception("question %d failed", question.ticket)
            verdict = CouldNotCheck(CouldNotCheckReason.KIOSK_FAULT)
            answer = Checked(question.ticket, verdict, None)
        if answer is not None:
            self._out(answer, emit)

    def _judge(self, question: Ask) -> Checked | None:
        """The answer, or None where the fund is asked first."""
        match take_in(question.document):
            case Unreadable(reason, detail):
                _log.info("document not readable: %s: %s", reason, detail)
                return Checked(question.ticket, unreadable(reason), None)
            case Readable(policy, notes):
                found = self._checker.begin(policy)
                if isinstance(found, Inquiry):
                    known = self._known_answer(question.ticket)
                    if known is None:
                        self._consultation.begin(question.ticket, found, notes)
                        return None
                    found = self._checker.conclude(found, known)
                return Checked(question.ticket, with_notes(found, notes), policy)

    def _known_answer(self, ticket: int) -> Answer | None:
        """What need not be asked: it was said already, or there is nobody to ask."""
        if not self._fund.is_configured:
            return Unavailable(Cause.NOT_CONFIGURED)
        return self._consultation.known(ticket)

    def _out(self, answer: Checked, emit: Callable[[KioskEvent], None]) -> None:
        emit(answer)
        answer = self._follow_up(answer, emit)
        self._keeper.keep(answer)

    def _follow_up(self, answer: Checked, emit: Callable[[KioskEvent], None]) -> Checked:
        """Check the signature now that the frame is out, unless the next person waits already."""
        if answer.policy is None or not self._inbox.empty():
            return answer
        try:
            verdict = self._checker.weigh(answer.policy, answer.verdict)
        except Exception:  # noqa: BLE001  # the answer that is out stands without it
            _log.exception("question %d: the signature could not be checked", answer.ticket)
            return answer
        if verdict is not answer.verdict:
            answer = replace(answer, verdict=verdict)
            emit(answer)
        return answer

    # The fund

    def _mind_question(self, emit: Callable[[KioskEvent], None]) -> None:
        """Say that the fund is asked, once that takes a while; go on when it takes too long."""
        question, now = self._consultation.question, time.monotonic()
        if question is None:
            return
        if not question.shown and now >= question.shown_from:
            question.shown = True
            emit(Asking(question.ticket, question.deadline.left()))
        if now >= question.until:
            question.deadline.cancel()
            self._conclude(question, Unavailable(Cause.TIMEOUT), emit)

    def _conclude(
        self, question: Question, answer: Answer, emit: Callable[[KioskEvent], None]
    ) -> None:
        self._consultation.end(question, answer)
        if self.metrics is not None:
            self.metrics.fund_asked(answer, self._fund.seconds - question.deadline.left())
        try:
            verdict = self._checker.conclude(question.inquiry, answer)
        except Exception:  # noqa: BLE001  # as for questions
            _log.exception("question %d failed", question.ticket)
            verdict = CouldNotCheck(CouldNotCheckReason.KIOSK_FAULT)
        verdict = with_notes(verdict, question.notes)
        self._out(Checked(question.ticket, verdict, question.inquiry.policy), emit)

    # Second looks

    def _look_again(self, answer: SecondAnswer, emit: Callable[[KioskEvent], None]) -> None:
        """Decide anew with what the fund says now, and tell where that is something else."""
        entry = answer.entry
        try:
            verdict = self._verdict_again(entry.policy, answer.answer)
        except Exception:  # noqa: BLE001  # the entry stays, and is asked again
            _log.exception("second look %x failed", entry.id)
            return
        self._keeper.answered(entry.id, verdict, _to_event(emit))

    def _verdict_again(self, policy: PresentedPolicy, answer: Answer) -> Verdict:
        found = self._checker.begin(policy)
        return self._checker.conclude(found, answer) if isinstance(found, Inquiry) else found


def _to_event(emit: Callable[[KioskEvent], None]) -> Callable[[tuple[Answered, ...]], None]:
    return lambda changes: emit(LooksChanged(changes))
