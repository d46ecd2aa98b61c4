"""Asks the places that know and lets `kiosk.verdict` decide, for the screen and for the shell."""

from __future__ import annotations

import logging
import queue
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from kiosk import signatures
from kiosk.comparison import ANYWHERE, Desk
from kiosk.intake import Readable, Unreadable, take_in
from kiosk.reasons import CouldNotCheckReason, Note
from kiosk.states import Ask, Checked, SessionEvent
from kiosk.verdict import (
    AskOnline,
    CouldNotCheck,
    Verdict,
    decide,
    unreadable,
    weigh_signature,
)
from kiosk.working_days import certificate_end
from offline_cache.reference import ReferenceData, ReferenceFolder
from offline_cache.reference_tables import REFERENCE_FOLDER

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path

    from kiosk.clock import Clock
    from kiosk.config import Config
    from kiosk.lookup import Lookup
    from kiosk.offline import ListStatus, OfflineLookup
    from kiosk.policy.model import PresentedPolicy

_log = logging.getLogger(__name__)

LIST_LOOK_SECONDS: Final = 5.0
"""How often a kiosk at rest looks whether a new register has been put in place."""
_TICK_SECONDS: Final = 1.0
_QUESTIONS: Final = 32
"""More than two devices can ask in the time one question may take."""


@dataclass(frozen=True, slots=True)
class ListChanged:
    """Another register is in use, or none, or other tables beside it."""

    status: ListStatus
    reference: ReferenceData = field(default_factory=ReferenceData)


KioskEvent = SessionEvent | ListChanged
"""All that can reach the main thread."""


def desk_of(config: Config) -> Desk:
    """Where a configured kiosk stands."""
    return Desk(config.kiosk.okato or None, config.kiosk.clinic or None)


class Checker:
    """From a presented policy to its verdict."""

    def __init__(
        self,
        offline: OfflineLookup,
        online: Lookup,
        clock: Clock,
        register: Path | None = None,
        desk: Desk = ANYWHERE,
    ) -> None:
        """Keep the places to ask, the register first; `register` is the folder of its tables."""
        self._offline = offline
        self._online = online
        self._clock = clock
        self._desk = desk
        self._tables = ReferenceFolder(register / REFERENCE_FOLDER if register else None)
        self.reference = ReferenceData()
        """The tables beside the register, as of the last `refresh`."""

    def refresh(self) -> ListStatus:
        """Take up the newest register and tables; the clock learns which times have passed."""
        status = self._offline.refresh()
        self.reference = self._tables.refresh()
        for passed in (status.as_of, self._offline.signed_at()):
            if passed is not None:
                self._clock.raise_floor(passed)
        return status

    def check(self, policy: PresentedPolicy) -> Verdict:
        """Return the verdict on `policy`; waits for the fund only where that can help.

        A signature is part of it only where that takes no cryptography (`weigh`).
        """
        moment = self._clock.now()
        policy, notes = self._with_term(policy)
        register = self._offline.ask(policy, moment.local)
        decision = decide(policy, register, None, moment, self._desk)
        if isinstance(decision, AskOnline):
            answer = self._online.ask(policy, moment.local)
            decision = decide(policy, register, answer, moment, self._desk)
            if isinstance(decision, AskOnline):
                decision = decision.otherwise
        check = signatures.at_once(policy, self.reference, moment.local.date())
        return _with_notes(decision if check is None else weigh_signature(decision, check), notes)

    def weigh(self, policy: PresentedPolicy, verdict: Verdict) -> Verdict:
        """Join the signature's check to a verdict that came without it; may take OpenSSL's time."""
        if any(check.name == signatures.NAME for check in verdict.checks):
            return verdict
        check = signatures.in_full(policy, self.reference, self._clock.now().local.date())
        return verdict if check is None else weigh_signature(verdict, check)

    def _with_term(self, policy: PresentedPolicy) -> tuple[PresentedPolicy, tuple[Note, ...]]:
        """A temporary certificate does not carry its end: it follows from the day of issue."""
        if policy.temporary_certificate is None or policy.issue_date is None:
            return policy, ()
        term = certificate_end(policy.issue_date, self.reference)
        if term is None:
            return policy, ()
        notes = (Note.CALENDAR_ESTIMATED,) if term.estimated else ()
        return replace(policy, expiry_date=term.last_day), notes


class CheckWorker:
    """The thread that decodes documents and looks them up, so that the screen never waits."""

    def __init__(self, offline: OfflineLookup, checker: Checker) -> None:
        """Own the offline register's connection: it is used on this thread alone."""
        self.last_tick = time.monotonic()
        self._offline = offline
        self._checker = checker
        self._questions: queue.Queue[Ask] = queue.Queue(_QUESTIONS)
        self._looked_at = float("-inf")
        self._reported: ListChanged | None = None

    def ask(self, question: Ask) -> None:
        """Take a question in; its `Checked` follows, or else the session's limit ends the wait."""
        try:
            self._questions.put_nowait(question)
        except queue.Full:
            _log.error("question %d dropped: the checker is stuck", question.ticket)

    def run(self, emit: Callable[[KioskEvent], None], stop: threading.Event) -> None:
        """Answer questions until `stop`, and report each new register."""
        try:
            while not stop.is_set():
                self.last_tick = time.monotonic()
                self._look_at_list(emit)
                try:
                    question = self._questions.get(timeout=_TICK_SECONDS)
                except queue.Empty:
                    continue
                # An answer from a new list and the footer that names the list come together.
                self._report_list(emit)
                answer = self._answer(question)
                emit(answer)
                self._follow_up(answer, emit)
        finally:
            self._offline.close()

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

    def _answer(self, question: Ask) -> Checked:
        """An error of ours ends in "could not check", never in a statement about a person."""
        try:
            return self._judge(question)
        except Exception:  # noqa: BLE001  # see above
            _log.exception("question %d failed", question.ticket)
            verdict = CouldNotCheck(CouldNotCheckReason.KIOSK_FAULT)
            return Checked(question.ticket, verdict, None)

    def _follow_up(self, answer: Checked, emit: Callable[[KioskEvent], None]) -> None:
        """Check the signature now that the frame is out, unless the next person waits already."""
        if answer.policy is None or not self._questions.empty():
            return
        try:
            verdict = self._checker.weigh(answer.policy, answer.verdict)
        except Exception:  # noqa: BLE001  # the answer that is out stands without it
            _log.exception("question %d: the signature could not be checked", answer.ticket)
            return
        if verdict is not answer.verdict:
            emit(replace(answer, verdict=verdict))

    def _judge(self, question: Ask) -> Checked:
        match take_in(question.document):
            case Unreadable(reason, detail):
                _log.info("document not readable: %s: %s", reason, detail)
                return Checked(question.ticket, unreadable(reason), None)
            case Readable(policy, notes):
                verdict = _with_notes(self._checker.check(policy), notes)
                return Checked(question.ticket, verdict, policy)


def _with_notes(verdict: Verdict, notes: tuple[Note, ...]) -> Verdict:
    return replace(verdict, notes=(*notes, *verdict.notes)) if notes else verdict
