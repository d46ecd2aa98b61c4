"""Asks the places that know and lets `kiosk.verdict` decide, for the screen and for the shell."""

from __future__ import annotations

import logging
import queue
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from kiosk.intake import Readable, Unreadable, take_in
from kiosk.reasons import CouldNotCheckReason, Note
from kiosk.states import Ask, Checked, SessionEvent
from kiosk.verdict import AskOnline, CouldNotCheck, Verdict, decide, unreadable

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from kiosk.clock import Clock
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
    """Another register is in use, or none."""

    status: ListStatus


KioskEvent = SessionEvent | ListChanged
"""All that can reach the main thread."""


class Checker:
    """From a presented policy to its verdict."""

    def __init__(self, offline: OfflineLookup, online: Lookup, clock: Clock) -> None:
        """Keep the places to ask, the register first."""
        self._offline = offline
        self._online = online
        self._clock = clock

    def refresh(self) -> ListStatus:
        """Take up the newest register; the clock learns which times have passed."""
        status = self._offline.refresh()
        for passed in (status.as_of, self._offline.signed_at()):
            if passed is not None:
                self._clock.raise_floor(passed)
        return status

    def check(self, policy: PresentedPolicy) -> Verdict:
        """Return the verdict on `policy`; waits for the fund only where that can help."""
        moment = self._clock.now()
        register = self._offline.ask(policy, moment.local)
        decision = decide(policy, register, None, moment)
        if isinstance(decision, AskOnline):
            answer = self._online.ask(policy, moment.local)
            decision = decide(policy, register, answer, moment)
            if isinstance(decision, AskOnline):
                return decision.otherwise
        return decision


class CheckWorker:
    """The thread that decodes documents and looks them up, so that the screen never waits."""

    def __init__(self, offline: OfflineLookup, online: Lookup, clock: Clock) -> None:
        """Own the offline register's connection: it is used on this thread alone."""
        self.last_tick = time.monotonic()
        self._offline = offline
        self._checker = Checker(offline, online, clock)
        self._questions: queue.Queue[Ask] = queue.Queue(_QUESTIONS)
        self._looked_at = float("-inf")
        self._status: ListStatus | None = None

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
                emit(self._answer(question))
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
        if status != self._status:
            self._status = status
            emit(ListChanged(status))

    def _answer(self, question: Ask) -> Checked:
        """An error of ours ends in "could not check", never in a statement about a person."""
        try:
            return self._judge(question)
        except Exception:  # noqa: BLE001  # see above
            _log.exception("question %d failed", question.ticket)
            verdict = CouldNotCheck(CouldNotCheckReason.KIOSK_FAULT)
            return Checked(question.ticket, verdict, None)

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
