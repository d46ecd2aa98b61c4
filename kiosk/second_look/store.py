"""The SQLite file of the second look: its schema; how it is kept, `kiosk.small_store` says."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from kiosk.second_look.seal import SecondLookError
from kiosk.small_store import SmallStore

if TYPE_CHECKING:
    from sqlite_utils import Database

FILE_NAME: Final = "second-look.db"
_FIRST_IDS: Final = 1 << 30

# AUTOINCREMENT: an id is never given twice, though the question with the highest has left. A
# question is added and removed, never changed. Of after and given_up, one is there.
_SCHEMA: Final = (
    """
CREATE TABLE questions(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key BLOB NOT NULL UNIQUE,
    asked_at INTEGER NOT NULL,
    before TEXT NOT NULL,
    sealed BLOB NOT NULL
) STRICT
""",
    """
CREATE TRIGGER questions_are_not_changed BEFORE UPDATE ON questions
BEGIN SELECT RAISE(ABORT, 'questions are added and removed, never changed'); END
""",
    """
CREATE TABLE answered(
    id INTEGER PRIMARY KEY,
    asked_at INTEGER NOT NULL,
    answered_at INTEGER NOT NULL,
    before TEXT NOT NULL,
    after TEXT,
    given_up TEXT,
    sealed BLOB NOT NULL,
    CHECK ((after IS NULL) <> (given_up IS NULL))
) STRICT
""",
)


class QueueError(SecondLookError):
    """The file of the queue cannot be read or written at the moment; nothing has changed in it."""


def _questions_and_answered(db: Database) -> None:
    for statement in _SCHEMA:
        db.execute(statement)
    # Where a damaged file was replaced, an answer to one of its questions may be under way: no
    # question of the new file may have that one's id.
    first = secrets.randbelow(_FIRST_IDS)
    db.execute("INSERT INTO sqlite_sequence(name, seq) VALUES ('questions', ?)", (first,))


class Store(SmallStore):
    """The queue's file."""

    name = "second look"
    file_name = FILE_NAME
    error = QueueError
    meanwhile = "questions are not kept, or wait"
    page_bytes = 512
    """A question touches a handful."""
    tables = frozenset({"questions", "answered"})
    history = (("0001-questions-and-answered", _questions_and_answered),)
