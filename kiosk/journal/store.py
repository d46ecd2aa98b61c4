"""The SQLite file of the journal: its schema; how it is kept, `kiosk.small_store` says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kiosk.journal.errors import JournalFileError
from kiosk.small_store import DAMAGED, SmallStore

if TYPE_CHECKING:
    from sqlite_utils import Database

FILE_NAME: Final = "journal.db"
OTHER_KEY: Final = "other-key"

# What is signed is stored as it was signed, and nothing twice: a column beside it could say
# something else. The number alone stands apart; it is compared.
_SCHEMA: Final = (
    """
CREATE TABLE receipts(
    number INTEGER PRIMARY KEY,
    receipt BLOB NOT NULL
) STRICT
""",
    """
CREATE TABLE statements(
    place TEXT PRIMARY KEY CHECK (place IN ('beginning', 'head')),
    number INTEGER NOT NULL,
    statement BLOB NOT NULL
) STRICT, WITHOUT ROWID
""",
    """
CREATE TRIGGER receipts_are_not_changed BEFORE UPDATE ON receipts
BEGIN SELECT RAISE(ABORT, 'receipts are never changed'); END
""",
    """
CREATE TRIGGER receipts_leave_with_a_statement BEFORE DELETE ON receipts
WHEN OLD.number > coalesce((SELECT number FROM statements WHERE place = 'beginning'), 0)
BEGIN SELECT RAISE(ABORT, 'receipts leave by a signed retention alone'); END
""",
    """
CREATE TRIGGER statements_go_on BEFORE UPDATE ON statements
WHEN NEW.place <> OLD.place OR NEW.number < OLD.number
BEGIN SELECT RAISE(ABORT, 'a statement is replaced by a later one alone'); END
""",
    """
CREATE TRIGGER statements_stay BEFORE DELETE ON statements
BEGIN SELECT RAISE(ABORT, 'statements are replaced, never removed'); END
""",
)


def _receipts_and_statements(db: Database) -> None:
    for statement in _SCHEMA:
        db.execute(statement)


class Store(SmallStore):
    """The journal's file; a file that another kiosk's key has signed is set aside, too."""

    name = "journal"
    file_name = FILE_NAME
    error = JournalFileError
    meanwhile = "checks go on without receipts"
    page_bytes = 1024
    """A receipt touches two; measured in the tests."""
    # The updater reads the checkpoint beside the file, by its group.
    refused_rights = 0o027
    tables = frozenset({"receipts", "statements"})
    history = (("0001-receipts-and-statements", _receipts_and_statements),)

    def was_set_aside(self) -> str:
        """Under which name a file was set aside, or "": `DAMAGED` before `OTHER_KEY`."""
        for end in (DAMAGED, OTHER_KEY):
            if self._path.with_name(f"{FILE_NAME}.{end}").exists():
                return end
        return ""
