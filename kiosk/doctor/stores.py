"""What the kiosk keeps beside the register: second looks, receipts."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final

from kiosk.doctor.finding import Finding, absent, ok, trouble
from kiosk.second_look.store import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kiosk.doctor.machine import Examination

_BUSY_SECONDS: Final = 1.0
_NEARLY: Final = 0.8
"""Share of the most questions that may wait, from which on somebody should see to it."""


def look_at_queue(examination: Examination) -> Iterator[Finding]:
    """Questions to the fund that wait for a second look; counted without opening one."""
    section = examination.config.second_look
    if section.dir is None:
        yield absent("second looks", "[second_look] dir is not configured")
        return
    path = section.dir / FILE_NAME
    if path.with_name(f"{FILE_NAME}.damaged").exists():
        yield trouble("second looks", "queue-damaged", "a damaged file was set aside")
    if not path.exists():
        yield ok("second looks", "none has been kept yet")
        return
    try:
        waiting, oldest = _waiting(path)
    except sqlite3.Error as error:
        yield trouble("second looks", "queue-unusable", f"{path}: {error}")
        return
    words = f"{waiting} wait"
    if oldest is not None:
        now = examination.machine.clock.now().likely.timestamp()
        words += f", the oldest for {max(0.0, now - oldest) / 3600:.0f} hours"
    full = waiting >= section.most * _NEARLY
    yield trouble("second looks", "queue-full", words) if full else ok("second looks", words)


def _waiting(path: Path) -> tuple[int, float | None]:
    """How many questions wait, and when the oldest was asked (seconds since 1970).

    Raises:
        sqlite3.Error: the file is no queue, or cannot be read.
    """
    where = path.absolute().as_uri()
    try:
        return _counted(f"{where}?mode=ro")
    except sqlite3.OperationalError:
        # Beside a file of SQLite's log mode another must be made, which a read-only disk refuses.
        return _counted(f"{where}?mode=ro&immutable=1")


def _counted(uri: str) -> tuple[int, float | None]:
    with closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS)) as connection:
        if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("its pages do not fit together")
        count, oldest = connection.execute(
            "SELECT count(*), min(asked_at) FROM questions"
        ).fetchone()
    return int(count), None if oldest is None else oldest / 1e6


def look_at_journal(examination: Examination) -> Iterator[Finding]:
    """The receipts' folder; its disk and its key are looked at with the others."""
    section = examination.config.journal
    if section.dir is None:
        yield absent("journal", "[journal] dir is not configured")
        return
    try:
        sizes = [one.stat().st_size for one in section.dir.iterdir() if one.is_file()]
    except OSError as error:
        yield trouble("journal", "journal-unreadable", f"{section.dir}: {error.strerror}")
        return
    megabytes = sum(sizes) / 1e6
    words = f"{megabytes:.1f} of at most {section.most_megabytes} MB"
    if megabytes > section.most_megabytes * 1.1:
        yield trouble("journal", "journal-too-large", words)
    else:
        yield ok("journal", words)
