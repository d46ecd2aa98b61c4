"""The questions that wait for the fund, on disk: none lost, none doubled, none readable.

One SQLite file in write-ahead mode. A question is in it when `add` has returned True, whatever
happens to the process or the power then; it leaves in the one transaction that writes down what
became of it, and in no other way. Nothing of a person stands in it but sealed
(`kiosk.second_look.seal`); what can be read is times, codes and keyed hashes.
"""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from kiosk.second_look.seal import Sealer, SealError, last_digits
from kiosk.second_look.store import QueueError, Store

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from sqlite_utils import Database

    from kiosk.policy.model import PresentedPolicy
    from offline_cache.format import RegisterKey

_log = logging.getLogger(__name__)

EXPIRED: Final = "expired"
UNREADABLE: Final = "unreadable"
"""Why a question was given up, beside the causes of the services."""

_MOST_CHANGES: Final = 20
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_LAST: Final = (datetime(9999, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND


@dataclass(frozen=True, slots=True)
class Entry:
    """A question that waits."""

    id: int
    """Never given twice, not even after the file had to be begun anew."""
    asked_at: datetime
    """UTC."""
    before: str
    """The code of the verdict that was given then."""
    policy: PresentedPolicy
    """As `kiosk.second_look.seal.reduced` leaves it."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A question that was answered, for the registrar's list; times are UTC."""

    id: int
    asked_at: datetime
    answered_at: datetime
    before: str
    after: str
    """The codes of the verdicts that were given then and would be given now."""
    last_digits: str = field(default="", repr=False)
    """The last four digits of the number, or ""."""


class SealedQuestion(NamedTuple):
    """A question as it stands in its row: nothing of a person can be read in it."""

    key: bytes
    asked_at: int
    before: str
    sealed: bytes


class SecondLookQueue:
    """The queue in one folder; to be used from any thread."""

    def __init__(
        self,
        folder: Path,
        key: RegisterKey,
        *,
        most: int = 10_000,
        most_age: timedelta = timedelta(days=3),
        keep_answered: timedelta = timedelta(hours=12),
    ) -> None:
        """Remember where; the file is opened, or made, with the first use.

        `most`: questions that may wait at a time; `most_age`: after this they are of no use to
        anybody; `keep_answered`: how long what became of them is kept for the registrar.
        """
        self._folder = folder
        self._store = Store(folder)
        self._told_full = False
        self._sealer = Sealer(key)
        self._most = most
        self._most_age = most_age
        self._keep = keep_answered

    def __repr__(self) -> str:
        """Where it is, nothing of what is in it."""
        return f"SecondLookQueue({str(self._folder)!r})"

    def add(self, policy: PresentedPolicy, before: str, asked_at: datetime) -> bool:
        """Keep a question that was answered with the code `before` at the aware time `asked_at`.

        `prepare` and `put` in one; never raises.
        """
        question = self.prepare(policy, before, asked_at)
        return question is not None and self.put(question)

    def prepare(
        self, policy: PresentedPolicy, before: str, asked_at: datetime
    ) -> SealedQuestion | None:
        """A question for `put`, sealed; None: it cannot be (logged). Touches no disk."""
        try:
            row_key = self._sealer.row_key(policy)
            sealed = self._sealer.seal(policy, row_key)
        except (SealError, ValueError) as error:
            # A ValueError is a policy without a number: its words hold none of its values.
            _log.error("second look: a question was not taken: %s", error)
            return None
        return SealedQuestion(row_key, _stored(asked_at), str(before), sealed)

    def put(self, question: SealedQuestion) -> bool:
        """Keep a question.

        False: it waits already (the one that waits stays as it is), the queue is full, or the disk
        did not take it; that is logged. Never raises.
        """
        try:
            return self._store.write(lambda db: self._insert(db, question))
        except QueueError:
            return False

    def next(self, skip: Collection[int] = ()) -> Entry | None:
        """The question that came first, but for those with an id in `skip`; None: there is none.

        What cannot be opened (the register's key was changed, or a byte on the disk) is given up.

        Raises:
            QueueError: the file cannot be used at the moment.
        """
        passed = json.dumps(list(skip))
        unreadable = 0
        # Not a writer's transaction: to write is the exception.
        with self._store.transaction(write=False) as db:
            while True:
                row = _one(
                    db,
                    "SELECT id, key, asked_at, before, sealed FROM questions WHERE id NOT IN"
                    " (SELECT value FROM json_each(?)) ORDER BY id LIMIT 1",
                    passed,
                )
                if row is None:
                    break
                with suppress(SealError):
                    policy = self._sealer.open_sealed(row[4], row[1])
                    break
                # When is not known here; the time of asking lets the trace leave with its kind.
                self._move(db, row[0], None, UNREADABLE, row[2])
                unreadable += 1
        if unreadable:
            _log.error("second look: %d questions cannot be opened, and are given up", unreadable)
        return None if row is None else Entry(row[0], _time(row[2]), row[3], policy)

    def acknowledge(self, entry_id: int, after: str, at: datetime) -> Answered | None:
        """Let an answered question go, with the code `after` of its new verdict; aware `at`.

        None: nothing is to be told: it is gone already, so that nobody hears of one question twice,
        or the disk did not take it; that is logged, the question stays and is asked again.
        Never raises.
        """
        try:
            with self._store.transaction() as db:
                moved = self._move(db, entry_id, str(after), None, _stored(at))
                self._forget_old(db, _stored(at))
        except QueueError:
            return None
        return moved

    def give_up(self, entry_id: int, why: str, at: datetime) -> None:
        """Let a question go that cannot be answered; `why` is a fixed code.

        Raises:
            QueueError: the file cannot be written at the moment; the question stays.
        """
        with self._store.transaction() as db:
            moved = self._move(db, entry_id, None, str(why), _stored(at))
        if moved is not None:
            # In hexadecimal: the log masks long runs of digits.
            _log.warning("second look: question %x is given up: %s", entry_id, why)

    def expire(self, now: datetime) -> int:
        """Give up what has waited too long at the aware time `now`; their number. Also tidies up.

        A question from further in the future than any may wait was asked by a clock that was wrong,
        and goes, too: so none waits longer than twice `most_age`, whatever the clock did.

        Raises:
            QueueError: the file cannot be written at the moment.
        """
        moment = _stored(now)
        with self._store.transaction() as db:
            old = db.execute(
                "SELECT id FROM questions WHERE asked_at NOT BETWEEN ? AND ?",
                _around(moment, self._most_age),
            ).fetchall()
            for (entry_id,) in old:
                self._move(db, entry_id, None, EXPIRED, moment)
            self._forget_old(db, moment)
        if old:
            _log.warning("second look: %d questions waited too long, and are given up", len(old))
        self._store.move_log()
        return len(old)

    def pending(self) -> int:
        """How many questions wait; 0 where the file cannot be used (that is logged)."""
        with suppress(QueueError), self._store.transaction(write=False) as db:
            return _count(db)
        return 0

    def recent_changes(self, now: datetime) -> tuple[Answered, ...]:
        """Whose verdict changed of those answered lately, the last first, at most 20.

        Nothing where the file cannot be used (that is logged). `now` is aware.
        """
        with suppress(QueueError), self._store.transaction(write=False) as db:
            rows = db.execute(
                "SELECT id, asked_at, answered_at, before, after, sealed FROM answered"
                " WHERE after <> before AND answered_at BETWEEN ? AND ?"
                " ORDER BY answered_at DESC, id DESC LIMIT ?",
                (*_around(_stored(now), self._keep), _MOST_CHANGES),
            ).fetchall()
            return tuple(self._answered(row) for row in rows)
        return ()

    def close(self) -> None:
        """Close the file for good."""
        self._store.close()

    def _insert(self, db: Database, question: SealedQuestion) -> bool:
        if _one(db, "SELECT 1 FROM questions WHERE key = ?", question.key) or self._is_full(db):
            return False
        db.execute(
            "INSERT INTO questions(key, asked_at, before, sealed) VALUES (?, ?, ?, ?)", question
        )
        return True

    def _is_full(self, db: Database) -> bool:
        """Whether no more may wait; told once, until there is room again."""
        full = _count(db) >= self._most
        if full and not self._told_full:
            _log.error("second look: %d questions wait; new ones are not taken", self._most)
        self._told_full = full
        return full

    def _move(
        self, db: Database, entry_id: int, after: str | None, given_up: str | None, at: int
    ) -> Answered | None:
        """Write down what became of a question, and take it out; None: it is not there."""
        row = _one(db, "SELECT key, asked_at, before, sealed FROM questions WHERE id = ?", entry_id)
        if row is None:
            return None
        key, asked_at, before, sealed = row
        label = ""
        with suppress(SealError):
            label = last_digits(self._sealer.open_sealed(sealed, key))
        values = (entry_id, asked_at, at, before, after, given_up)
        db.execute(
            "INSERT INTO answered(id, asked_at, answered_at, before, after, given_up, sealed)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*values, self._sealer.seal_label(label, entry_id)),
        )
        db.execute("DELETE FROM questions WHERE id = ?", (entry_id,))
        return Answered(entry_id, _time(asked_at), _time(at), before, after or "", label)

    def _forget_old(self, db: Database, moment: int) -> None:
        db.execute(
            "DELETE FROM answered WHERE answered_at NOT BETWEEN ? AND ?",
            _around(moment, self._keep),
        )

    def _answered(self, row: tuple[Any, ...]) -> Answered:
        entry_id, asked_at, answered_at, before, after, sealed = row
        label = ""
        with suppress(SealError):
            label = self._sealer.open_label(sealed, entry_id)
        return Answered(entry_id, _time(asked_at), _time(answered_at), before, after, label)


def _one(db: Database, statement: str, value: object) -> tuple[Any, ...] | None:
    row: tuple[Any, ...] | None = db.execute(statement, (value,)).fetchone()
    return row


def _count(db: Database) -> int:
    return int(db.execute("SELECT count(*) FROM questions").fetchone()[0])


def _stored(at: datetime) -> int:
    """Microseconds since 1970: unlike text, whole numbers have one order and one length."""
    return (at - _EPOCH) // _MICROSECOND


def _time(stored: int) -> datetime:
    # A damaged page may hold any number.
    return _EPOCH + timedelta(microseconds=min(max(stored, 0), _LAST))


def _around(moment: int, span: timedelta) -> tuple[int, int]:
    size = span // _MICROSECOND
    return moment - size, moment + size
