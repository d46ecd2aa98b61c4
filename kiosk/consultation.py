"""The one question that the fund is asked for a person now: begun, shown, ended in time.

For the checker's thread. The asking itself happens on a thread of its own, because a network may
take as long as it likes; what it brings goes to the checker's queue like everything else.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kiosk.online.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiosk.checker import Inquiry
    from kiosk.lookup import Answer
    from kiosk.online.fund import Fund
    from kiosk.reasons import Note

SHOWN_AFTER_SECONDS: Final = 0.15
"""A quick answer goes straight to its frame: one more in between would only flicker."""
_GRACE_SECONDS: Final = 0.3
"""The fund keeps its deadline itself; if it does not, it is not waited for longer than this."""


@dataclass(frozen=True, slots=True)
class FundAnswer:
    """What the fund said, and to which question."""

    deadline: Deadline
    """Of the question: tells one from another."""
    answer: Answer


@dataclass(slots=True)
class Question:
    """What the fund is being asked."""

    ticket: int
    inquiry: Inquiry
    notes: tuple[Note, ...]
    """What was noticed when the document was decoded."""
    deadline: Deadline
    shown_from: float
    """When the screen says that the fund is asked (monotonic)."""
    until: float
    """When it goes on without an answer (monotonic)."""
    shown: bool = False


class Consultation:
    """At most one question at a time: the next person's ends the one before."""

    def __init__(self, fund: Fund, deliver: Callable[[FundAnswer], None]) -> None:
        """`deliver` takes answers in, from any thread."""
        self._fund = fund
        self._deliver = deliver
        self._answered: tuple[int, Answer] | None = None
        self.question: Question | None = None
        """Under way now."""

    def begin(self, ticket: int, inquiry: Inquiry, notes: tuple[Note, ...]) -> None:
        """Ask; a later image of the same card joins the question that is under way."""
        if self.question is not None and self.question.ticket == ticket:
            self.question.inquiry, self.question.notes = inquiry, notes
            return
        self.stop()
        deadline = Deadline(self._fund.seconds)
        now = time.monotonic()
        shown_from, until = now + SHOWN_AFTER_SECONDS, now + self._fund.seconds + _GRACE_SECONDS
        self.question = Question(ticket, inquiry, notes, deadline, shown_from, until)
        policy, at = inquiry.policy, inquiry.moment.likely

        def ask() -> None:
            answer = self._fund.ask_within(policy, at, deadline)
            if not deadline.cancelled:
                self._deliver(FundAnswer(deadline, answer))

        # A daemon: a resolver that hangs in the system must not keep the process alive.
        threading.Thread(target=ask, name="asking the fund", daemon=True).start()

    def stop(self) -> None:
        """Nobody waits for the answer any more."""
        if self.question is not None:
            self.question.deadline.cancel()
            self.question = None

    def end(self, question: Question, answer: Answer) -> None:
        """The question is answered; `known` remembers how."""
        self.question = None
        self._answered = question.ticket, answer

    def known(self, ticket: int) -> Answer | None:
        """What the fund said of this very document: a later image of a card asks nobody again."""
        if self._answered is not None and self._answered[0] == ticket:
            return self._answered[1]
        return None

    def patience(self, most: float) -> float:
        """Seconds until the question needs attention, even if nothing comes in; `most` at most."""
        if self.question is None:
            return most
        due = self.question.until if self.question.shown else self.question.shown_from
        return max(0.0, min(most, due - time.monotonic()))
