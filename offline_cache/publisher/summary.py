"""What a build tells of itself, while it runs and at its end; free of what only a build needs."""

from __future__ import annotations

import enum
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from offline_cache import layout
from offline_cache.errors import RegisterCorruptError
from offline_cache.register_file import connect

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


class Stage(enum.StrEnum):
    """What a build is at."""

    READING = "reading"
    SORTING = "sorting"
    WRITING = "writing"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stage is."""

    stage: Stage
    count: int
    """Rows read, or entries written."""
    done: int
    total: int | None
    """`done` of `total`, in bytes or rows; None: nobody knows."""


@dataclass(frozen=True, slots=True)
class BuildSummary:
    """What was published."""

    path: Path
    serial: int
    as_of: datetime
    rows: int
    """Rows of the source that were usable."""
    entries: int
    """Keys in the file: one for every number of every row."""
    problems: int
    """Rows and numbers left out; 0 unless that was asked for."""
    bytes: int
    digest: str
    """64 hex digits; see `layout.Meta.digest`."""


def next_serial(directory: Path) -> int:
    """One more than the serial of the base in `directory`; 1 where there is none.

    Raises:
        RegisterCorruptError: there is a file, and it does not say.
    """
    path = directory / layout.BASE_NAME
    if not path.exists():
        return 1
    try:
        with closing(connect(path)) as connection:
            query = "SELECT value FROM meta WHERE name = 'serial'"
            return int(connection.execute(query).fetchone()[0]) + 1
    except (sqlite3.Error, ValueError, TypeError) as error:
        raise RegisterCorruptError(f"{path}: does not tell its serial; give the new one") from error
