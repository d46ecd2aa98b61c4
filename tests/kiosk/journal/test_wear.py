"""What a receipt costs the memory card: one fsync and few bytes, for each check."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Final

import pytest

from tests.offline_cache.crash_disk import Create, Sync, Write, record

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]

RECORDER: Final = """
import sys
from itertools import cycle
from pathlib import Path
from kiosk.demo.people import generate
from tests.kiosk.journal.samples import journal_in, moment, verdicts
from tests.kiosk.second_look.samples import mixed

folder = Path(sys.argv[1])
journal = journal_in(folder)
journal.tidy(moment())
(folder / "begun").touch()
for place, (policy, verdict) in enumerate(
    zip(mixed(generate(int(sys.argv[2]), seed=3)), cycle(verdicts()))
):
    assert journal.record(verdict, policy, moment(place))
(folder / "over").touch()
journal._store._empty_log('RESTART')
(folder / "tidied").touch()
journal.close()
"""


def test_a_check_costs_one_sync_and_few_bytes(tmp_path: Path) -> None:
    kiosk, count = tmp_path / "kiosk", 400
    kiosk.mkdir()
    command = [sys.executable, "-c", RECORDER, str(kiosk), str(count)]
    recording, code = record(kiosk, command, tmp_path / "trace")
    assert code == 0
    marks = [place for place, one in enumerate(recording.operations) if isinstance(one, Create)]
    begun, over, tidied = marks[-3:]
    recording_receipts = recording.operations[begun:over]
    assert sum(isinstance(one, Sync) for one in recording_receipts) == count
    size = sum(len(one.content) for one in recording_receipts if isinstance(one, Write)) / count
    tidying = recording.operations[over:tidied]
    moved = sum(len(one.content) for one in tidying if isinstance(one, Write)) / count
    print(f"{size:.0f} bytes a receipt, and {moved:.0f} when the log is moved into the file")
    assert size + moved < 5000
    assert sum(isinstance(one, Sync) for one in tidying) <= 4
