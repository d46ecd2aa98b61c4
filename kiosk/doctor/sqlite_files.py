"""SQLite files of a running kiosk, looked at from beside: nothing is written, nobody waits long."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

_BUSY_SECONDS: Final = 1.0
_LARGE: Final = 64 * 1000 * 1000
"""Bytes from which on a look at every page would take too long on a memory card."""


def first_row(path: Path, question: str) -> tuple[Any, ...]:
    """The first row of what `question` (SQL without values) finds, in a file that is whole.

    Raises:
        sqlite3.Error: the file is damaged, is another's, or cannot be read.
    """
    where = f"{path.absolute().as_uri()}?mode=ro"
    try:
        whole = path.stat().st_size < _LARGE
    except OSError as error:
        raise sqlite3.OperationalError(error.strerror or "cannot be read") from None
    # Without a log beside it nobody has the file open, and it is all there is. With `immutable`
    # SQLite makes no files of its own.
    if path.with_name(f"{path.name}-wal").exists():
        try:
            return _asked(where, question, whole=whole)
        except sqlite3.OperationalError:
            # A read-only disk and another user's folder refuse what it has to make then.
            whole = False
    return _asked(f"{where}&immutable=1", question, whole=whole)


def _asked(uri: str, question: str, *, whole: bool) -> tuple[Any, ...]:
    with closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS)) as connection:
        if whole and connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("its pages do not fit together")
        found: tuple[Any, ...] = connection.execute(question).fetchone() or ()
        return found
