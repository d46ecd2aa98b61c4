"""What a receipt costs: the checker's time, and the life of the memory card (promise R12).

The alternative is a row of the same size in a file with the same settings, without chain, without
signatures and without a head: what is paid for a journal that can be verified.
"""

from __future__ import annotations

import shutil
import sqlite3
import statistics
import sys
import time
from contextlib import closing
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from kiosk.demo.people import generate
from kiosk.journal import receipt as receipts
from kiosk.journal.keys import load_verifier
from kiosk.journal.verify import verify
from tests.benchmarks.table import (
    Row,
    UnavailableError,
    compared,
    interleave,
    measured,
    percentile,
    scaled,
    seconds_per_call,
)
from tests.kiosk.journal.samples import journal_in, key_in, moment, verdicts
from tests.kiosk.journal.test_wear import RECORDER
from tests.kiosk.second_look.samples import mixed
from tests.offline_cache.crash_disk import Create, Sync, Write, record

if TYPE_CHECKING:
    from collections.abc import Callable

_ROUNDS: Final = 1000
_TRACED: Final = 400
_PLAIN: Final = "one row, unsigned"


def run() -> list[Row]:
    """Measure; raises `UnavailableError` without strace."""
    if shutil.which("strace") is None:
        raise UnavailableError("strace is not installed: apt-get install strace")
    with TemporaryDirectory(prefix="journal-wear-") as name:
        folder = Path(name)
        return [*_time(folder), *_wear(folder)]


def _time(folder: Path) -> list[Row]:
    """Of a receipt on this machine's disk, and of reading them all again."""
    cases = cycle(zip(mixed(generate(200, seed=1)), cycle(verdicts()), strict=False))
    sizes = []
    with closing(journal_in(folder)) as journal, closing(_plain(folder / "plain.db")) as plain:
        journal.tidy(moment())

        def ours() -> None:
            policy, verdict = next(cases)
            raw = journal.record(verdict, policy, moment())
            sizes.append(len(raw or b""))

        mine, other = interleave(ours, _adder(plain), rounds=_ROUNDS)
    verifier = load_verifier(key_in(folder))
    looks = [seconds_per_call(lambda: verify(folder / "journal", verifier)) for _ in range(5)]
    p99 = 1e3 * percentile(mine, 0.99)
    spent = _computing(folder)
    note = f"p99 {p99:.2f} ms; {1e3 * spent:.2f} ms of it without the disk"
    each = scaled(looks, 1e6 / len(sizes))
    return [
        compared("a receipt", "ms", scaled(mine, 1e3), _PLAIN, scaled(other, 1e3), note=note),
        measured("size of a receipt", "bytes", [float(size) for size in sizes]),
        measured("verify, a receipt", "µs", each, note=f"{len(sizes)} receipts a look"),
    ]


def _computing(folder: Path) -> float:
    """Seconds of a processor that a receipt takes, median of blocks of fifty."""
    policy = next(iter(mixed(generate(1, seed=2))))
    spent = []
    with closing(journal_in(folder)) as journal:
        for _ in range(10):
            began = time.thread_time()
            for _ in range(50):
                journal.record(verdicts()[0], policy, moment())
            spent.append((time.thread_time() - began) / 50)
    return statistics.median(spent)


def _plain(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in ("page_size = 1024", "journal_mode = WAL", "synchronous = FULL"):
        db.execute(f"PRAGMA {pragma}")
    db.execute("CREATE TABLE receipts(number INTEGER PRIMARY KEY, receipt BLOB NOT NULL) STRICT")
    return db


def _adder(db: sqlite3.Connection) -> Callable[[], object]:
    content = bytes(receipts.MAX_BYTES)
    return lambda: db.execute("INSERT INTO receipts(receipt) VALUES (?)", (content,))


def _wear(folder: Path) -> list[Row]:
    """Fsyncs and bytes of a receipt, from the system calls of a process that writes them."""
    kiosk = folder / "kiosk"
    kiosk.mkdir()
    command = [sys.executable, "-c", RECORDER, str(kiosk), str(_TRACED)]
    recording, code = record(kiosk, command, folder / "trace")
    if code:
        raise UnavailableError("the traced process failed: may this user trace processes?")
    marks = [place for place, one in enumerate(recording.operations) if isinstance(one, Create)]
    begun, over, tidied = marks[-3:]
    writing, moving = recording.operations[begun:over], recording.operations[over:tidied]
    syncs = sum(isinstance(one, Sync) for one in writing) / _TRACED
    written, moved = (
        sum(len(one.content) for one in part if isinstance(one, Write)) / _TRACED
        for part in (writing, moving)
    )
    note = f"target 5,000 (R12); {moved:.0f} of it when the log is moved into the file"
    return [
        measured("fsyncs of a receipt", "calls", [syncs], note="target 1 (R12)"),
        measured("bytes of a receipt", "bytes", [written + moved], note=note),
    ]
