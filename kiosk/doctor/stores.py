"""What the kiosk keeps beside the register: second looks, receipts, its count of repairs."""

from __future__ import annotations

import importlib
import sqlite3
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from kiosk.doctor.finding import Finding, absent, ok, trouble
from kiosk.doctor.sqlite_files import first_row
from kiosk.second_look.store import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kiosk.doctor.machine import Examination

_NEARLY: Final = 0.8
"""Share of the most questions that may wait, from which on somebody should see to it."""
_JOURNAL: Final = "journal.db"
_REPAIRS: Final = "/run/oms-kiosk/repairs"


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
        waiting, oldest = first_row(path, "SELECT count(*), min(asked_at) FROM questions")
    except sqlite3.Error as error:
        yield trouble("second looks", "queue-unusable", f"{path}: {error}")
        return
    words = f"{waiting} wait"
    if oldest is not None:
        # Microseconds since 1970.
        age = examination.machine.clock.now().likely.timestamp() - oldest / 1e6
        words += f", the oldest for {max(0.0, age) / 3600:.0f} hours"
    full = waiting >= section.most * _NEARLY
    yield trouble("second looks", "queue-full", words) if full else ok("second looks", words)


def look_at_journal(examination: Examination) -> Iterator[Finding]:
    """The receipts; whether they are true, only `kiosk journal verify` finds out."""
    section = examination.config.journal
    if section.dir is None or section.key_file is None:
        yield absent("journal", "[journal] dir is not configured")
        return
    yield from _key(section.key_file)
    try:
        sizes = {one.name: one.stat().st_size for one in section.dir.iterdir() if one.is_file()}
    except FileNotFoundError:
        sizes = {}
    except OSError as error:
        yield trouble("journal", "journal-unreadable", f"{section.dir}: {error.strerror}")
        return
    if any(name.startswith((f"{_JOURNAL}.damaged", f"{_JOURNAL}.other-key")) for name in sizes):
        yield trouble("journal", "journal-set-aside", "a file was set aside")
    megabytes = sum(sizes.values()) / 1e6
    words = f"{megabytes:.1f} of at most {section.most_megabytes} MB"
    if megabytes > section.most_megabytes * 1.1:
        yield trouble("journal", "journal-too-large", words)
    yield (
        _receipts(section.dir / _JOURNAL, words)
        if _JOURNAL in sizes
        else ok("journal", "no receipt has been written yet")
    )


def _receipts(path: Path, words: str) -> Finding:
    try:
        (count,) = first_row(path, "SELECT count(*) FROM receipts")
    except sqlite3.Error as error:
        return trouble("journal", "journal-damaged", f"{path}: {error}")
    return ok("journal", f"{count} receipts, {words}")


def _key(path: Path) -> Iterator[Finding]:
    """Whether the key signs; the journal is loaded for it here alone."""
    keys: Any = importlib.import_module("kiosk.journal.keys")
    errors: Any = importlib.import_module("kiosk.journal.errors")
    try:
        keys.load_signer(path)
    except errors.JournalKeyError as error:
        yield trouble("journal key", "journal-key", str(error))
    else:
        yield ok("journal key", "it can sign")


def look_at_repairs(examination: Examination) -> Iterator[Finding]:
    """The heavy steps of self-repair since boot: a line each (when, device, step)."""
    machine = examination.machine
    if not machine.path(_REPAIRS).parent.is_dir():
        yield absent("repairs", "the kiosk does not run as a service here")
        return
    taken = Counter(
        " ".join(words[1:3])
        for line in (machine.text(_REPAIRS) or "").splitlines()
        if len(words := line.split()) == 3
    )
    if not taken:
        yield ok("repairs", "none was needed since boot")
        return
    told = ", ".join(f"{step} {count} times" for step, count in sorted(taken.items()))
    yield trouble("repairs", "repairs-made", f"since boot: {told}")
