"""The SQLite file of the journal: its schema, its transactions, and what is done when it fails.

`sqlite_utils` is imported at the first use: it costs a fifth of a second, which a start can do
without.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from kiosk.journal.errors import JournalFileError
from offline_cache.disk import sync

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations

_log = logging.getLogger(__name__)

FILE_NAME: Final = "journal.db"
DAMAGED: Final = "damaged"
OTHER_KEY: Final = "other-key"
_BESIDE: Final = ("", "-wal", "-shm")
"""What SQLite adds to a file's name for its log and the index of that."""

_BUSY_SECONDS: Final = 0.25
"""How long to wait for another process, such as a technician's, to end its transaction."""
_MAGIC: Final = b"SQLite format 3\0"
_PAGE_BYTES: Final = 1024
"""Small pages: a receipt touches two, and each is written whole; measured in the tests."""
_LOG_PAGES: Final = 4096
"""SQLite moves its log into the file by itself only here (4 MB); `move_log` does it earlier."""
_LOG_COMMITS: Final = 200
_LONGEST_VALUE: Final = 64 * 1024
_EARLY_PAGES: Final = 16 * 1024
"""Files of up to 16 MB are looked through when they are opened."""

_SURROUNDINGS: Final = frozenset(
    {
        *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY),
        *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN),
        *(sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_NOMEM),
    }
)
"""What SQLite says of the disk and of other processes; all else it says is of the file itself."""

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


class DamagedError(Exception):
    """The file is not a journal of ours, or not a whole one; raised within a transaction."""

    def __init__(self, words: str, kept_as: str = DAMAGED) -> None:
        """`kept_as` ends the name under which the file is set aside."""
        super().__init__(words)
        self.kept_as = kept_as


FAILURES: Final = (
    *(sqlite3.Error, OSError, DamagedError),
    *(UnicodeDecodeError, OverflowError, MemoryError),
)
"""What disks and damaged files bring about: sqlite3 raises more than its own errors."""


class Store:
    """The file in one folder; its one connection is used by one thread at a time, under a lock."""

    def __init__(self, folder: Path) -> None:
        """Remember where; the file is opened, or made, with the first transaction."""
        self._folder = folder
        self._path = folder / FILE_NAME
        self._lock = threading.Lock()
        self._db: Database | None = None
        self._closed = False
        self._complaint = ""
        self._commits = 0
        self.set_aside = 0
        """How often a file was set aside."""

    @contextmanager
    def transaction(self) -> Iterator[Database]:
        """All that is done in the block is on the disk when it ends, or else nothing of it.

        Raises:
            JournalFileError: the file cannot be used at the moment (logged once), or was damaged:
                then it is set aside, and the next transaction begins another.
        """
        with self._lock:
            try:
                db = self._opened()
                db.execute("BEGIN IMMEDIATE")
                try:
                    yield db
                    db.execute("COMMIT")
                except BaseException:
                    self._roll_back(db)
                    raise
            except FAILURES as error:
                raise self._failed(error) from error
            self._complaint = ""
            self._commits += 1

    def move_log(self) -> None:
        """Move a long log into the file, so that no check has to wait for that.

        The log keeps its length and is written over: a file that grows costs the disk half as much
        again, for its metadata.
        """
        with self._lock:
            if self._commits >= _LOG_COMMITS:
                self._empty_log("RESTART")

    def complain(self, words: str) -> None:
        """Log a fault once, not with every check."""
        if words != self._complaint:
            self._complaint = words
            _log.error("journal: %s; checks go on without receipts", words)

    def was_set_aside(self) -> str:
        """Under which name a file was set aside, or "": `DAMAGED` before `OTHER_KEY`."""
        for end in (DAMAGED, OTHER_KEY):
            if self._path.with_name(f"{FILE_NAME}.{end}").exists():
                return end
        return ""

    def close(self) -> None:
        """Close the file for good."""
        with self._lock:
            self._closed = True
            self._drop()

    def _opened(self) -> Database:
        if self._closed:
            raise JournalFileError("the journal is closed")
        if self._db is None:
            try:
                self._db = self._open()
            except FAILURES as error:
                if not is_damage(error):
                    raise
                self._set_aside(error)
                self._db = self._open()
        return self._db

    def _open(self) -> Database:
        from sqlite_utils import Database  # noqa: PLC0415  # see the module's docstring

        self._make_private()
        _check_header(self._path)
        connection = sqlite3.connect(
            self._path, timeout=_BUSY_SECONDS, check_same_thread=False, isolation_level=None
        )
        try:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
            connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
            db = Database(connection, execute_plugins=False)
            for pragma in (
                f"page_size = {_PAGE_BYTES}",
                "journal_mode = WAL",
                "synchronous = FULL",
                "secure_delete = ON",
                "cell_size_check = ON",
                f"wal_autocheckpoint = {_LOG_PAGES}",
            ):
                db.execute(f"PRAGMA {pragma}").fetchall()
            _check_pages(db)
            _make_tables(db)
        except BaseException:
            connection.close()
            raise
        return db

    def _make_private(self) -> None:
        if not self._folder.exists():
            self._folder.mkdir(mode=0o700, parents=True)
            sync(self._folder.parent)
        if not self._path.exists():
            # SQLite gives its log the rights of the file.
            self._path.touch(mode=0o600)
            sync(self._folder)

    def _failed(self, error: Exception) -> JournalFileError:
        """What a failure is called; after damage the next transaction begins a new file."""
        if is_damage(error):
            self._drop()
            with suppress(OSError):
                self._set_aside(error)
        elif not isinstance(error, OSError):
            # On a full disk the log may hold the room that the next transaction needs.
            self._empty_log("TRUNCATE")
        words = (error.strerror if isinstance(error, OSError) else None) or str(error)
        self.complain(f"{self._path}: {words}")
        return JournalFileError(f"{self._path}: {words}")

    def _set_aside(self, error: Exception) -> None:
        """Keep what is left for a technician; a new file begins, and says so."""
        name = f"{FILE_NAME}.{error.kept_as if isinstance(error, DamagedError) else DAMAGED}"
        for end in _BESIDE:
            path, kept = (self._path.with_name(f"{one}{end}") for one in (FILE_NAME, name))
            # A log of another file would be taken for this one's.
            kept.unlink(missing_ok=True)
            if path.exists():
                path.replace(kept)
        sync(self._folder)
        self.set_aside += 1
        _log.error("journal: %s is set aside as %s: %s", self._path, name, error)

    def _empty_log(self, how: str) -> None:
        self._commits = 0
        with suppress(sqlite3.Error):
            if self._db is not None:
                self._db.execute(f"PRAGMA wal_checkpoint({how})").fetchall()

    def _roll_back(self, db: Database) -> None:
        with suppress(sqlite3.Error):
            if db.conn.in_transaction:
                db.execute("ROLLBACK")

    def _drop(self) -> None:
        if self._db is not None:
            with suppress(sqlite3.Error):
                self._db.conn.close()
            self._db = None


def is_damage(error: Exception) -> bool:
    """Whether a failure is of the file itself, not of the disk or of another process."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        return code is not None and code & 0xFF not in _SURROUNDINGS
    return not isinstance(error, OSError)


def _check_header(path: Path) -> None:
    """A flipped bit in its version would make the file read-only for ever, with a sound disk.

    See "File format version numbers" in SQLite's file format. A page that a power cut left half
    written is SQLite's to mend, from the log that it keeps beside the file until the page is whole.
    """
    with path.open("rb") as file:
        header = file.read(20)
    mended_by_log = path.with_name(f"{path.name}-journal").exists()
    if header[:16] == _MAGIC and header[18:19] not in {b"\x01", b"\x02"} and not mended_by_log:
        raise DamagedError("its header is of no SQLite that is known")


def _check_pages(db: Database) -> None:
    """Look through a small file; a large one would keep the first check waiting for seconds."""
    if db.execute("PRAGMA page_count").fetchone()[0] > _EARLY_PAGES:
        return
    if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise DamagedError("its pages do not fit together")


def _make_tables(db: Database) -> None:
    """Bring the schema up to date."""
    try:
        _migrations().apply(db)
    except FAILURES:
        raise
    except Exception as error:
        # A column whose name a flipped bit has changed ends in a KeyError of the library's.
        raise DamagedError(f"its history cannot be read: {type(error).__name__}") from error
    if not {"receipts", "statements"} <= set(db.table_names()):
        raise DamagedError("its tables are missing")


def _migrations() -> Migrations:
    """The schema's history.

    Only what an older version can live with may be added: after a release was rolled back, it finds
    the file of the newer one.
    """
    from sqlite_utils.migrations import Migrations  # noqa: PLC0415  # see the module's docstring

    history = Migrations("journal")

    @history(name="0001-receipts-and-statements")
    def _first(db: Database) -> None:
        for statement in _SCHEMA:
            db.execute(statement)

    return history
