"""A small SQLite file that outlives power cuts, full disks and damage: the base of what is kept.

The journal (`kiosk.journal.store`) and the second look (`kiosk.second_look.store`) say what stands
in their files; how a file is opened, written and given up is said here, once: a log that is written
ahead, an fsync for each transaction, one connection, rights for nobody else, and what is damaged is
set aside, so that a new file can begin.

`sqlite_utils` is imported at the first use: it costs a fifth of a second, which a start can do
without.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar

from offline_cache.disk import sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlite_utils import Database

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

DAMAGED: Final = "damaged"
_BESIDE: Final = ("", "-wal", "-shm")
"""What SQLite adds to a file's name for its log and the index of that."""

_BUSY_SECONDS: Final = 0.25
"""How long to wait for another process, such as a technician's, to end its transaction."""
_MAGIC: Final = b"SQLite format 3\0"
_LOG_BYTES: Final = 4 * 1024 * 1024
"""SQLite moves its log into the file by itself only here; `move_log` does it earlier."""
_LOG_COMMITS: Final = 200
_LONGEST_VALUE: Final = 64 * 1024
_EARLY_BYTES: Final = 16 * 1024 * 1024
"""Files of up to this size are looked through when they are opened."""

_SURROUNDINGS: Final = frozenset(
    {
        *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY),
        *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN),
        *(sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_NOMEM),
    }
)
"""What SQLite says of the disk and of other processes; all else it says is of the file itself."""


class DamagedError(Exception):
    """The file is not a store of ours, or not a whole one; may be raised within a transaction."""

    def __init__(self, words: str, kept_as: str = DAMAGED) -> None:
        """`kept_as` ends the name under which the file is set aside."""
        super().__init__(words)
        self.kept_as = kept_as


_FAILURES: Final = (
    *(sqlite3.Error, OSError, DamagedError),
    *(UnicodeDecodeError, OverflowError, MemoryError),
)
"""What disks and damaged files bring about: sqlite3 raises more than its own errors."""


class SmallStore:
    """The file in one folder; its one connection is used by one thread at a time, under a lock."""

    name: ClassVar[str]
    """In the log."""
    file_name: ClassVar[str]
    error: ClassVar[type[Exception]]
    """What is raised where the file cannot be used at the moment."""
    meanwhile: ClassVar[str]
    """What becomes of the kiosk's work then, for the log."""
    page_bytes: ClassVar[int]
    """The fewest that hold what one transaction touches: each page is written whole."""
    refused_rights: ClassVar[int] = 0o077
    """Bits that the folder must not have; files are always the owner's alone."""
    tables: ClassVar[frozenset[str]]
    history: ClassVar[tuple[tuple[str, Callable[[Database], None]], ...]]
    """The schema's migrations, by name and in order.

    Only what an older version can live with may be added: after a release was rolled back, it finds
    the file of the newer one.
    """

    def __init__(self, folder: Path) -> None:
        """Remember where; the file is opened, or made, with the first transaction."""
        self._folder = folder
        self._path = folder / self.file_name
        self._lock = threading.Lock()
        self._db: Database | None = None
        self._closed = False
        self._complaint = ""
        self._commits = 0
        self._set_aside_count = 0

    @contextmanager
    def transaction(self, *, write: bool = True) -> Iterator[Database]:
        """All that is done in the block is on the disk when it ends, or else nothing of it.

        Raises:
            Exception: `error`: the file cannot be used at the moment (logged once), or was damaged:
                then it is set aside, and the next transaction begins another.
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
                self._commits += 1

    def write(self, work: Callable[[Database], _T]) -> _T:
        """Do `work` in a transaction; once more in a new file, where the old one was set aside.

        Raises:
            Exception: as `transaction`.
        """
        before = self._set_aside_count
        try:
            with self.transaction() as db:
                return work(db)
        except self.error:
            if self._set_aside_count == before:
                raise
        with self.transaction() as db:
            return work(db)

    def move_log(self) -> None:
        """Move a long log into the file, so that nobody who writes has to wait for that.

        The log keeps its length and is written over: a file that grows costs the disk half as much
        again, for its metadata.
        """
        with self._lock:
            if self._commits >= _LOG_COMMITS:
                self._empty_log("RESTART")

    def complain(self, words: str) -> None:
        """Log a fault once, not each time."""
        if words != self._complaint:
            self._complaint = words
            _log.error("%s: %s; %s", self.name, words, self.meanwhile)

    def close(self) -> None:
        """Close the file for good."""
        with self._lock:
            self._closed = True
            self._drop()

    def _opened(self) -> Database:
        if self._closed:
            raise self.error(f"the {self.name} is closed")
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
        _check_header(self._path)
        connection = sqlite3.connect(
            self._path, timeout=_BUSY_SECONDS, check_same_thread=False, isolation_level=None
        )
        try:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
            connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
            db = Database(connection, execute_plugins=False)
            for pragma in (
                f"page_size = {self.page_bytes}",
                "journal_mode = WAL",
                "synchronous = FULL",
                "secure_delete = ON",
                "cell_size_check = ON",
                f"wal_autocheckpoint = {_LOG_BYTES // self.page_bytes}",
            ):
                db.execute(f"PRAGMA {pragma}").fetchall()
            _check_pages(db)
            self._make_tables(db)
        except BaseException:
            connection.close()
            raise
        return db

    def _make_private(self) -> None:
        """Nobody else may even see how much is kept."""
        if not self._folder.exists():
            self._folder.mkdir(mode=0o700, parents=True)
            sync(self._folder.parent)
        if not self._path.exists():
            # SQLite gives its log the rights and the owner of the file.
            self._path.touch(mode=0o600)
            if os.geteuid() == 0:
                # Or the kiosk could not write what a technician's command as root had begun.
                owner = self._folder.stat()
                os.chown(self._path, owner.st_uid, owner.st_gid)
            sync(self._folder)
        for path, refused in ((self._folder, self.refused_rights), (self._path, 0o177)):
            mode = path.stat().st_mode & 0o7777
            if mode & refused:
                # Another's: to keep nothing at all would be worse, and the doctor tells of rights.
                with suppress(PermissionError):
                    path.chmod(mode & ~refused)

    def _make_tables(self, db: Database) -> None:
        """Bring the schema up to date."""
        from sqlite_utils.migrations import Migrations  # noqa: PLC0415  # as above

        migrations = Migrations(self.name.replace(" ", "-"))
        for name, step in self.history:
            migrations(name=name)(step)
        try:
            migrations.apply(db)
        except _FAILURES:
            raise
        except Exception as error:
            # A column whose name a flipped bit has changed ends in a KeyError of the library's.
            raise DamagedError(f"its history cannot be read: {type(error).__name__}") from error
        if not self.tables <= set(db.table_names()):
            raise DamagedError("its tables are missing")

    def _failed(self, error: Exception) -> Exception:
        """What a failure is called; after damage the next transaction begins a new file."""
        if _is_damage(error):
            self._drop()
            with suppress(OSError):
                self._set_aside(error)
        elif not isinstance(error, OSError):
            # On a full disk the log may hold the room that the next transaction needs.
            self._empty_log("TRUNCATE")
        words = (error.strerror if isinstance(error, OSError) else None) or str(error)
        self.complain(f"{self._path}: {words}")
        return self.error(f"{self._path}: {words}")

    def _set_aside(self, error: Exception) -> None:
        """Keep what is left for a technician; a new file begins."""
        ending = error.kept_as if isinstance(error, DamagedError) else DAMAGED
        name = f"{self.file_name}.{ending}"
        for end in _BESIDE:
            path, kept = (self._path.with_name(f"{one}{end}") for one in (self.file_name, name))
            # A log of another file would be taken for this one's.
            kept.unlink(missing_ok=True)
            if path.exists():
                path.replace(kept)
        sync(self._folder)
        self._set_aside_count += 1
        _log.error("%s: %s is set aside as %s: %s", self.name, self._path, name, error)

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


def _is_damage(error: Exception) -> bool:
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
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    if pages * db.execute("PRAGMA page_size").fetchone()[0] > _EARLY_BYTES:
        return
    if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise DamagedError("its pages do not fit together")
