"""A power cut at any moment: what was taken is there, and what was told is not told again.

A real process is traced down to its system calls, and every state in which they may leave the disk
is laid out and opened. See `crash_disk` for what a disk may lose.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest

from kiosk.demo.people import generate
from kiosk.second_look.queue import SecondLookQueue
from tests.kiosk.second_look.samples import KEY, NOW, typed
from tests.offline_cache.crash_disk import Create, Sync, Write, lay, record, states

if TYPE_CHECKING:
    from pathlib import Path

    from tests.offline_cache.crash_disk import State

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]

_CHILD: Final = """
import os, sys
from datetime import timedelta
from pathlib import Path
from kiosk.demo.people import generate
from kiosk.second_look.queue import SecondLookQueue
from tests.kiosk.second_look.samples import KEY, NOW, typed

folder = Path(sys.argv[1])
report = os.open(folder / "report", os.O_WRONLY | os.O_APPEND)

def tell(words):
    # Synced, so that the report never says less than was returned.
    os.write(report, words.encode())
    os.fsync(report)

queue = SecondLookQueue(folder / "queue", KEY)
for number, one in enumerate(generate(5, seed=1)):
    assert queue.add(typed(one), "no_list", NOW + number * timedelta(microseconds=1))
    tell(f"added {number}\\n")
    if number % 2:
        assert queue.acknowledge(queue.next().id, "insured", NOW)
        tell(f"answered {number // 2}\\n")
queue.expire(NOW)
queue._store._empty_log('RESTART')
assert queue.acknowledge(queue.next().id, "insured", NOW)
tell("answered 2\\n")
queue.close()
"""


def _look(folder: Path) -> tuple[set[int], set[int]]:
    """The numbers of those that wait and of those that were answered, after a restart."""
    waiting: set[int] = set()
    seen: list[int] = []
    with closing(SecondLookQueue(folder / "queue", KEY)) as queue:
        while (entry := queue.next(seen)) is not None:
            seen.append(entry.id)
            waiting.add((entry.asked_at - NOW) // timedelta(microseconds=1))
        changes = queue.recent_changes(NOW)
        assert queue.pending() == len(waiting)
        assert queue.add(typed(next(generate(1, seed=2))), "no_list", NOW)
    return waiting, {(one.asked_at - NOW) // timedelta(microseconds=1) for one in changes}


def _digest(state: State) -> bytes:
    names, contents = state
    hashed = hashlib.blake2b(digest_size=16)
    for name, place in sorted(names.items()):
        hashed.update(f"{name}\0".encode())
        hashed.update(contents.get(place, b"") if isinstance(place, int) else b"")
    return hashed.digest()


def test_a_power_cut_loses_nothing_that_was_taken(tmp_path: Path, memory: Path) -> None:
    kiosk, laid = tmp_path / "kiosk", memory / "laid"
    kiosk.mkdir()
    (kiosk / "report").touch()
    recording, code = record(kiosk, [sys.executable, "-c", _CHILD, str(kiosk)], tmp_path / "trace")
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
        said = (laid / "report").read_text(encoding="ascii").splitlines()
        added = {int(line.split()[1]) for line in said if line.startswith("added ")}
        told = {int(line.split()[1]) for line in said if line.startswith("answered ")}
        waiting, answered = _look(laid)
        assert added <= waiting | answered
        assert told <= answered
        assert not waiting & answered
        assert not list(laid.glob("queue/*.damaged*"))
    print(f"{len(recording.operations)} operations, {len(seen)} states")
    assert len(seen) > 300


_ADDER: Final = """
import sys
from pathlib import Path
from kiosk.demo.people import generate
from kiosk.second_look.queue import SecondLookQueue
from tests.kiosk.second_look.samples import KEY, NOW, chip

queue = SecondLookQueue(Path(sys.argv[1]) / "queue", KEY)
queue.pending()
(Path(sys.argv[1]) / "begun").touch()
for one in generate(int(sys.argv[2]), seed=3):
    assert queue.add(chip(one), "no_list", NOW)
    assert not queue.add(chip(one), "no_list", NOW)
(Path(sys.argv[1]) / "over").touch()
queue.expire(NOW)
(Path(sys.argv[1]) / "tidied").touch()
queue.close()
"""


def test_a_question_costs_one_sync_and_few_bytes(tmp_path: Path) -> None:
    """The wear of the memory card, for each check; another of the same number costs nothing."""
    kiosk, count = tmp_path / "kiosk", 400
    kiosk.mkdir()
    command = [sys.executable, "-c", _ADDER, str(kiosk), str(count)]
    recording, code = record(kiosk, command, tmp_path / "trace")
    assert code == 0
    marks = [place for place, one in enumerate(recording.operations) if isinstance(one, Create)]
    begun, over, tidied = marks[-3:]
    adding = recording.operations[begun:over]
    assert sum(isinstance(one, Sync) for one in adding) == count
    size = sum(len(one.content) for one in adding if isinstance(one, Write)) / count
    tidying = recording.operations[over:tidied]
    moved = sum(len(one.content) for one in tidying if isinstance(one, Write)) / count
    print(f"{size:.0f} bytes a question, and {moved:.0f} when the log is moved into the file")
    assert size + moved < 5000
    assert sum(isinstance(one, Sync) for one in tidying) <= 4
