"""What a kiosk keeps of a check: a receipt, and a question for a second look where one is wanted.

All is made at once, on the checker's thread and sealed, and written on the disk's
(`kiosk.disk_worker`): a card that stands still for seconds holds nobody up.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from kiosk import checkpoints
from kiosk.metrics import LookOutcome, Part
from kiosk.second_look.rules import is_wanted
from kiosk.unwritten import Unwritten
from kiosk.verdict_json import reason_code

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiosk.clock import Clock
    from kiosk.disk_worker import DiskWorker
    from kiosk.families import Verdict
    from kiosk.journal.journal import Journal
    from kiosk.journal.receipt import Receipt
    from kiosk.metrics import Metrics
    from kiosk.second_look.queue import Answered, SealedQuestion, SecondLookQueue
    from kiosk.states import Checked

    Tell = Callable[[tuple[Answered, ...]], None]

_log = logging.getLogger(__name__)

TIDY_SECONDS: Final = 3600.0
"""How often a journal is looked through for what is too old; the first time at the start."""


class Keeper:
    """Makes on the thread that calls what `disk` writes; for one thread."""

    def __init__(
        self,
        clock: Clock,
        looks: SecondLookQueue | None,
        journal: Journal | None,
        disk: DiskWorker,
        count: Unwritten | None = None,
    ) -> None:
        """Keep what of the two there is; `count` knows what the kiosk before did not write."""
        self._count = count or Unwritten()
        self.metrics: Metrics | None = None
        self._clock = clock
        self._looks = looks
        self._journal = journal
        self._disk = disk
        self._receipted = 0
        """Ticket of the last receipt: a later image of the same card is the same check."""
        self._unwritten = self._count.left
        """Checks since the last receipt that the disk's worker took."""
        self._tidied_at = float("-inf")

    def keep(self, answer: Checked) -> None:
        """Have written down what is to be kept of `answer`."""
        self._second_look(answer)
        self._receipt(answer)

    def _receipt(self, answer: Checked) -> None:
        if self._journal is None or answer.ticket == self._receipted:
            return
        self._receipted = answer.ticket
        journal, moment, before = self._journal, self._clock.now(), self._unwritten
        receipt = journal.prepare(answer.verdict, answer.policy, moment)
        self._unwritten += 1
        number = self._count.check()

        def write(receipt: Receipt) -> None:
            worked = journal.write(receipt, moment, before) is not None
            if worked:
                self._count.receipt(number)
            self._stored(Part.JOURNAL, worked=worked)

        if receipt is not None and self._disk.put(lambda: write(receipt)):
            self._unwritten = 0
        else:
            self._stored(Part.JOURNAL, worked=False)

    def tidy(self) -> None:
        """Let old receipts leave and put the checkpoint out, once an hour; between checks."""
        journal, now = self._journal, time.monotonic()
        if journal is None or now - self._tidied_at < TIDY_SECONDS:
            return
        self._tidied_at = now

        def tidy() -> None:
            journal.tidy(self._clock.now())
            checkpoints.publish(journal)

        self._disk.put(tidy)

    def _second_look(self, answer: Checked) -> None:
        looks = self._looks
        if looks is None or answer.policy is None or not is_wanted(answer.verdict):
            return
        reason, now = reason_code(answer.verdict), self._clock.now().local
        question = looks.prepare(answer.policy, reason, now)

        def put(question: SealedQuestion) -> None:
            if looks.put(question):
                self._stored(Part.SECOND_LOOK, worked=True)

        if question is not None and not self._disk.put(lambda: put(question)):
            self._stored(Part.SECOND_LOOK, worked=False)

    def answered(self, entry_id: int, verdict: Verdict, tell: Tell) -> None:
        """A second look came to `verdict`; `tell` hears of it where that is something else.

        Where the disk does not take it, the entry stays, and is asked again.
        """
        looks, code, now = self._looks, reason_code(verdict), self._clock.now().local
        if looks is None:
            return

        def acknowledge() -> None:
            done = looks.acknowledge(entry_id, code, now)
            if done is None:
                return
            changed = done.before != done.after
            if self.metrics is not None:
                self.metrics.look_done(LookOutcome.CHANGED if changed else LookOutcome.SAME)
            if changed:
                _log.warning("second look %x: was %s, is %s", done.id, done.before, done.after)
                tell(looks.recent_changes(now))

        self._disk.put(acknowledge)

    def tell_changes(self, tell: Tell) -> None:
        """`tell` hears what second looks have found to be different lately."""
        looks = self._looks
        if looks is not None:
            self._disk.put(lambda: tell(looks.recent_changes(self._clock.now().local)))

    def _stored(self, part: Part, *, worked: bool) -> None:
        if self.metrics is not None:
            self.metrics.stored(part, worked=worked)
