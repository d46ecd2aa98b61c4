"""The SQLite file of the second look: its schema, its transactions, and what is done when it fails.

`sqlite_utils` is imported at the first use: it costs a fifth of a second, which a start can do
without.
"""

from __future__ import annotations

import logging
import secrets
import sqlite3
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from kiosk.second_look.seal import SecondLookError
from offline_cache.disk import sync

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations

_log = logging.getLogger(__name__)

FILE_NAME: Final = "second-look.db"
_BESIDE: Final = ("", "-wal", "-shm")
"""What SQLite adds to a file's name for its log and the index of that."""

_BUSY_SECONDS: Final = 0.25
"""How long to wait for another process, such as a technician's, to end its transaction."""
_PAGE_BYTES: Final = 512
"""Small pages: a question touches a handful, and each is written whole."""
_LOG_PAGES: Final = 8192
"""SQLite moves its log into the file by itself only here (4 MB); `shorten_log` does it earlier."""
_LOG_BYTES: Final = 512 * 1024
_LONGEST_VALUE: Final = 64 * 1024
_FIRST_IDS: Final = 1 << 30

_SURROUNDINGS: Final = frozenset(
    {
        *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY),
        *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN),
        *(sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_NOMEM),
    }
)
"""What SQLite says of the disk and of other processes; all else it says is of the file itself."""

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


class _DamagedError(Exception):
    """The file is not a queue of ours, or not a whole one."""


_FAILURES: Final = (
    *(sqlite3.Error, OSError, _DamagedError),
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

    @contextmanager
    def transaction(self, *, write: bool = True) -> Iterator[Database]:
        """All that is done in the block is on the disk when it ends, or else nothing of it.

        Raises:
            QueueError: the file cannot be used at the moment (logged once), or was damaged: then it
                is moved aside, and the next transaction begins another.
        """
        with self._lock:
            try:
                db = self._opened()
                db.execute("BEGIN IMMEDIATE" if write else "BEGIN")
                try:
                    yield db
                    db.execute("COMMIT")
                except BaseException:
                    self._roll_back(db)
                    raise
            except _FAILURES as error:
                raise self._failed(error) from error
            if write:
                self._complaint = ""

    def shorten_log(self) -> None:
        """Move a long log into the file, so that no question has to wait for that."""
        log = self._folder / f"{FILE_NAME}-wal"
        with self._lock, suppress(OSError):
            if log.stat().st_size > _LOG_BYTES:
                self._empty_log()

    def complain(self, words: str) -> None:
        """Log a fault once, not with every question."""
        if words != self._complaint:
            self._complaint = words
            _log.error("second look: %s", words)

    def close(self) -> None:
        """Close the file for good."""
        with self._lock:
            self._closed = True
            self._drop()

    def _opened(self) -> Database:
        if self._closed:
            raise QueueError("the queue is closed")
        if self._db is None:
            try:
                self._db = self._open()
            except _FAILURES as error:
                if not _is_damage(error):
                    raise
                self._set_aside(error)
                self._db = self._open()
        return self._db

    def _open(self) -> Database:
        from sqlite_utils import Database  # noqa: PLC0415  # see the module's docstring

        self._make_private()
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
        """Nobody else may even see how many questions wait."""
        if not self._folder.exists():
            self._folder.mkdir(mode=0o700, parents=True)
            sync(self._folder.parent)
        elif self._folder.stat().st_mode & 0o077:
            self._folder.chmod(0o700)
        if not self._path.exists():
            # SQLite gives its log the rights of the file.
            self._path.touch(mode=0o600)
            sync(self._folder)
        elif self._path.stat().st_mode & 0o177:
            self._path.chmod(0o600)

    def _failed(self, error: Exception) -> QueueError:
        """What a failure is called; after damage the next transaction begins a new file."""
        if _is_damage(error):
            self._drop()
            with suppress(OSError):
                self._set_aside(error)
        elif not isinstance(error, OSError):
            # On a full disk the log may hold the room that the next transaction needs.
            self._empty_log()
        words = (error.strerror if isinstance(error, OSError) else None) or str(error)
        self.complain(f"{self._path}: {words}")
        return QueueError(f"{self._path}: {words}")

    def _set_aside(self, error: Exception) -> None:
        for end in _BESIDE:
            path = self._path.with_name(f"{FILE_NAME}{end}")
            if path.exists():
                path.replace(self._path.with_name(f"{FILE_NAME}.damaged{end}"))
        sync(self._folder)
        _log.error(
            "second look: %s was damaged (%s) and is set aside; the questions in it are lost",
            self._path,
            error,
        )

    def _empty_log(self) -> None:
        with suppress(sqlite3.Error):
            if self._db is not None:
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _roll_back(self, db: Database) -> None:
        with suppress(sqlite3.Error):
            if db.conn.in_transaction:
                db.execute("ROLLBACK")

    def _drop(self) -> None:
        if self._db is not None:
            with suppress(sqlite3.Error):
                self._db.conn.close()
            self._db = None


def _is_damage(error: Exception) -> bool:
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        return code is not None and code & 0xFF not in _SURROUNDINGS
    return not isinstance(error, OSError)


def _check_pages(db: Database) -> None:
    if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise _DamagedError("its pages do not fit together")


def _make_tables(db: Database) -> None:
    """Bring the schema up to date."""
    try:
        _migrations().apply(db)
    except _FAILURES:
        raise
    except Exception as error:
        # A column whose name a flipped bit has changed ends in a KeyError of the library's.
        raise _DamagedError(f"its history cannot be read: {type(error).__name__}") from error
    if not {"questions", "answered"} <= set(db.table_names()):
        raise _DamagedError("its tables are missing")


def _migrations() -> Migrations:
    """The schema's history.

    Only what an older version can live with may be added: after a release was rolled back, it finds
    the file of the newer one.
    """
    from sqlite_utils.migrations import Migrations  # noqa: PLC0415  # see the module's docstring

    history = Migrations("second-look")

    @history(name="0001-questions-and-answered")
    def _first(db: Database) -> None:
        for statement in _SCHEMA:
            db.execute(statement)
        # Where a damaged file was replaced, an answer to one of its questions may be under way: no
        # question of the new file may have that one's id.
        first = secrets.randbelow(_FIRST_IDS)
        db.execute("INSERT INTO sqlite_sequence(name, seq) VALUES ('questions', ?)", (first,))

    return history
