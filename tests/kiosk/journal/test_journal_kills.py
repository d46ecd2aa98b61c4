"""kill -9 while receipts are written: none that was reported is lost, and the chain holds.

Each life of the kiosk is a process of its own, which reports each receipt that it was given, and is
killed at a random moment. What a process has written into a file is there after kill -9.
"""

from __future__ import annotations

import hashlib
import logging
import os
import random
import re
import shutil
import sys
import time
from contextlib import closing
from itertools import cycle
from typing import TYPE_CHECKING, Final

import pytest
import sqlite_utils.migrations  # noqa: F401  # once here, instead of in every life

from kiosk.demo.people import generate
from kiosk.journal import receipt as receipts
from kiosk.journal.keys import load_verifier
from kiosk.journal.reader import reading
from kiosk.journal.verify import verify
from tests.kiosk.journal.samples import journal_in, key_in, moment, verdicts
from tests.kiosk.second_look.samples import mixed
from tests.offline_cache.children import ended, forked, kill_after
from tests.offline_cache.crash_disk import lay, record, states

if TYPE_CHECKING:
    from pathlib import Path

    from tests.offline_cache.crash_disk import State

pytestmark = [
    pytest.mark.timeout(600),
    # Forking beside threads that hold no lock of ours; the tests run on one thread.
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]

_KILLED: Final = -9
_SHARE: Final = 60
_LINE: Final = re.compile(rb"(\d+) ([0-9a-f]{64})\n")
_DAY: Final = 86_400.0


def _live(folder: Path, life: int) -> int:
    """Tidy, as a start does, and record; every third life also retires all from before it."""
    told = os.open(folder / "report", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    logging.disable(logging.CRITICAL)
    at = moment(_DAY * life, floor=moment(_DAY * life).local)
    with closing(journal_in(folder, days=2 if life % 3 == 0 else 400)) as journal:
        journal.tidy(at)
        people = zip(mixed(generate(_SHARE, seed=life)), cycle(verdicts()), strict=False)
        for policy, verdict in people:
            raw = journal.record(verdict, policy, at)
            assert raw is not None
            number = receipts.decode(raw).number
            os.write(told, f"{number} {receipts.hash_of(raw).hex()}\n".encode())
    return 0


def _said(folder: Path) -> dict[int, str]:
    report = folder / "report"
    told = report.read_bytes() if report.exists() else b""
    # A power cut may leave a line without its end, or bytes that were never written.
    return {int(number): hashed.decode("ascii") for number, hashed in _LINE.findall(told)}


def _check(folder: Path) -> int:
    """All that was told and not retired is there, as it was told; how many receipts there are."""
    report = verify(folder / "journal", load_verifier(key_in(folder)))
    assert report.sound, report.findings
    assert report.beginning is not None
    with reading(folder / "journal") as read:
        kept = {number: receipts.hash_of(raw).hex() for number, raw in read.receipts()}
    for number, hashed in _said(folder).items():
        if number > report.beginning.number:
            assert kept[number] == hashed
    assert not list((folder / "journal").glob("*.damaged*"))
    return len(kept)


def test_no_receipt_that_was_reported_is_lost(memory: Path) -> None:
    seed = int.from_bytes(os.urandom(4), "big")
    rng = random.Random(seed)  # noqa: S311  # repeatable by the printed seed
    key_in(memory)
    began = time.monotonic()
    assert ended(forked(lambda: _live(memory, 1))) == 0
    length = time.monotonic() - began
    kills = 0
    for life in range(2, 200):
        killed = kill_after(forked(lambda: _live(memory, life)), rng.uniform(0.0, length))  # noqa: B023  # forked at once
        assert killed in {_KILLED, 0}, f"seed {seed}"
        kills += killed == _KILLED
        length *= 1.05 if killed == _KILLED else 0.8
        if kills % 10 == 0:
            _check(memory)
        if kills == 110:
            break
    kept = _check(memory)
    print(f"seed {seed}: {kills} kills, {len(_said(memory))} reported, {kept} kept after retention")
    assert kills >= 100


_CHILD: Final = """
import os, sys
from pathlib import Path
from kiosk.demo.people import generate
from kiosk.journal.receipt import decode, hash_of
from tests.kiosk.journal.samples import journal_in, moment, verdicts
from tests.kiosk.second_look.samples import typed

folder = Path(sys.argv[1])
report = os.open(folder / "report", os.O_WRONLY | os.O_APPEND)
journal = journal_in(folder, key_file=Path(sys.argv[2]), days=2)
journal.tidy(moment())
for place, one in enumerate(generate(5, seed=1)):
    at = moment(86_400.0 * place, floor=moment(86_400.0 * place).local)
    if place == 4:
        assert journal.tidy(at) == 2
        journal._store._empty_log('RESTART')
    raw = journal.record(verdicts()[place], typed(one), at)
    # Synced, so that the report never says less than was returned.
    os.write(report, f"{decode(raw).number} {hash_of(raw).hex()}\\n".encode())
    os.fsync(report)
journal.close()
"""


def _digest(state: State) -> bytes:
    names, contents = state
    hashed = hashlib.blake2b(digest_size=16)
    for name, place in sorted(names.items()):
        hashed.update(f"{name}\0".encode())
        hashed.update(contents.get(place, b"") if isinstance(place, int) else b"")
    return hashed.digest()


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_power_cut_loses_no_receipt(tmp_path: Path, memory: Path) -> None:
    """Every state in which a power cut may leave the disk is laid out and looked through."""
    kiosk, laid = tmp_path / "kiosk", memory / "laid"
    kiosk.mkdir()
    (kiosk / "report").touch()
    key = key_in(tmp_path)
    command = [sys.executable, "-c", _CHILD, str(kiosk), str(key)]
    recording, code = record(kiosk, command, tmp_path / "trace")
    assert code == 0
    seen: set[bytes] = set()
    for state in states(recording):
        digest = _digest(state)
        if digest in seen:
            continue
        seen.add(digest)
        shutil.rmtree(laid, ignore_errors=True)
        laid.mkdir()
        lay(state, laid)
        shutil.copy(key, laid / "kiosk.key")
        logging.disable(logging.CRITICAL)
        with closing(journal_in(laid)) as journal:
            assert journal.record(verdicts()[0], None, moment(10 * _DAY)) is not None
        logging.disable(logging.NOTSET)
        assert _check(laid) >= 1
    print(f"{len(recording.operations)} operations, {len(seen)} states")
    assert len(seen) > 200
