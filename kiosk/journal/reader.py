"""Reads a journal beside the kiosk that writes it, or a copy of one; changes nothing."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from kiosk.journal.errors import JournalFileError
from kiosk.journal.store import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BUSY_SECONDS: Final = 2.0
_LONGEST_VALUE: Final = 64 * 1024
_FAILURES: Final = (sqlite3.Error, UnicodeDecodeError, OverflowError, MemoryError)
"""What a damaged file brings about: its words stand in SQLite's own, and need not be UTF-8."""


class Reading:
    """One state of the journal: receipts that come meanwhile are not seen."""

    def __init__(self, connection: sqlite3.Connection, log: Path | None) -> None:
        """Take a connection within a transaction; `log`: what must not appear meanwhile."""
        self._connection = connection
        self._log = log

    def overtaken(self) -> bool:
        """Whether a kiosk began to write a file that nobody wrote when it was opened."""
        return self._log is not None and self._log.exists()

    def statement(self, place: str) -> tuple[int, bytes] | None:
        """Number and signed bytes of the statement at `beginning` or `head`; None: not there.

        Raises:
            JournalFileError: the file cannot be read.
        """
        rows = self._rows("SELECT number, statement FROM statements WHERE place = ?", place)
        return next(rows, None)

    def statements(self) -> int:
        """How many statements there are.

        Raises:
            JournalFileError: the file cannot be read.
        """
        return sum(1 for _ in self._rows("SELECT number, statement FROM statements"))

    def receipts(self, after: int = -(2**63)) -> Iterator[tuple[int, bytes]]:
        """Number and signed bytes of each receipt with a number above `after`, in order.

        Raises:
            JournalFileError: the file cannot be read.
        """
        return self._rows(
            "SELECT number, receipt FROM receipts WHERE number > ? ORDER BY number", after
        )

    def receipt(self, number: int) -> bytes | None:
        """The signed bytes of one receipt; None: not there.

        Raises:
            JournalFileError: the file cannot be read.
        """
        rows = self._rows("SELECT number, receipt FROM receipts WHERE number = ?", number)
        return next((raw for _, raw in rows), None)

    def last(self) -> int:
        """The highest number, 0 without receipts.

        Raises:
            JournalFileError: the file cannot be read.
        """
        rows = self._rows("SELECT number, receipt FROM receipts ORDER BY number DESC LIMIT 1")
        return next((number for number, _ in rows), 0)

    def _rows(self, statement: str, *values: object) -> Iterator[tuple[int, bytes]]:
        try:
            for number, raw in self._connection.execute(statement, values):
                if not isinstance(number, int) or not isinstance(raw, bytes):
                    raise JournalFileError("a row that no journal has")
                yield number, raw
        except _FAILURES as error:
            raise JournalFileError(f"the journal cannot be read: {error}") from error


@contextmanager
def reading(folder: Path) -> Iterator[Reading]:
    """The journal in `folder` as it is now.

    Raises:
        JournalFileError: there is none, or it cannot be read.
    """
    path = folder / FILE_NAME
    try:
        there = path.is_file()
    except OSError as error:
        raise JournalFileError(f"{path}: {error.strerror}") from error
    if not there:
        raise JournalFileError(f"{path}: there is no journal")
    log = path.with_name(f"{path.name}-wal")
    at_rest = not log.exists()
    connection = _connected(path, at_rest=at_rest)
    try:
        yield Reading(connection, log if at_rest else None)
    finally:
        connection.close()


def _connected(path: Path, *, at_rest: bool) -> sqlite3.Connection:
    """Without a log beside it nobody writes the file, and a read-only disk has no room for one."""
    error: Exception | None = None
    for mode in ("immutable=1", "mode=ro") if at_rest else ("mode=ro", "immutable=1"):
        address = f"file:{quote(str(path.absolute()))}?{mode}"
        try:
            connection = sqlite3.connect(
                address, uri=True, timeout=_BUSY_SECONDS, isolation_level=None
            )
            try:
                connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
                connection.execute("BEGIN")
                connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            except BaseException:
                connection.close()
                raise
        except _FAILURES as failure:
            error = error or failure
            continue
        return connection
    raise JournalFileError(f"{path}: {error}") from error


def head_of(folder: Path) -> bytes:
    """The signed head of the journal in `folder`: a checkpoint, for those without the key.

    Raises:
        JournalFileError: there is no journal, or it cannot be read.
    """
    with reading(folder) as read:
        head = read.statement("head")
    if head is None:
        raise JournalFileError(f"{folder / FILE_NAME}: it has no head")
    return head[1]
