"""A power cut at any moment of an enrolment: the former kiosk or the new one, once it was ended.

A real process is traced down to its system calls, and every state in which they may leave the disk
is laid out and looked at. See `crash_disk` for what a disk may lose.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from kiosk import enrol_files
from kiosk.config import load
from kiosk.enrol import Wanted, enrol, present_config
from kiosk.enrol_config import CONFIG
from offline_cache.enrolment import REGISTER_KEY, ROOT, Enrolment
from tests.offline_cache.crash_disk import Rename, Sync, lay, record, states

if TYPE_CHECKING:
    from tests.offline_cache.crash_disk import Operation

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]

OLD: Final = Enrolment({"kiosk": {"contact": "old"}}, {REGISTER_KEY: b"0" * 64, ROOT: b"{}"})
NEW: Final = Enrolment({"kiosk": {"contact": "new"}}, {REGISTER_KEY: b"1" * 64, ROOT: b"{ }"})
_CHILD: Final = """
import sys
from pathlib import Path
from kiosk.enrol import Wanted, enrol
from tests.kiosk.test_enrol_power import NEW
enrol(NEW, Wanted("0412", Path(sys.argv[1]) / "etc", Path("/state"), replace=True))
"""


@pytest.mark.parametrize("enrolled", [False, True])
def test_a_power_cut_leaves_one_kiosk_or_the_other(tmp_path: Path, *, enrolled: bool) -> None:
    kiosk, laid = tmp_path / "kiosk", tmp_path / "laid"
    kiosk.mkdir()
    if enrolled:
        enrol(OLD, Wanted("0412", kiosk / "etc", Path("/state")))
    before = _files(kiosk / "etc")
    recording, code = record(kiosk, [sys.executable, "-c", _CHILD, str(kiosk)], tmp_path / "trace")
    assert code == 0
    after = _files(kiosk / "etc")
    seen: set[frozenset[tuple[str, bytes]]] = set()
    ends = set()
    for names, contents in states(recording):
        state = frozenset(
            (name, contents.get(place, b"") if isinstance(place, int) else b"/")
            for name, place in names.items()
        )
        if state in seen:
            continue
        seen.add(state)
        shutil.rmtree(laid, ignore_errors=True)
        laid.mkdir()
        lay((names, contents), laid)
        ends.add(_look(laid / "etc", before, after, enrolled=enrolled))
    _check_order(recording.operations)
    print(f"{len(recording.operations)} operations, {len(seen)} states")
    assert ends == {False, True}
    assert len(seen) > 30


def _check_order(operations: tuple[Operation, ...]) -> None:
    """A file system that keeps no order among names keeps it where folders are synced."""
    folder = Sync(None)
    ready = operations.index(Rename("etc/.enrolment.new", "etc/.enrolment.ready"))
    last = operations.index(Rename(f"etc/.enrolment.ready/{CONFIG}", f"etc/{CONFIG}"))
    for place in (ready, last):
        assert operations[place - 1] == operations[place + 1] == folder
    assert operations[-1] == folder


def _look(etc: Path, before: dict[str, bytes], after: dict[str, bytes], *, enrolled: bool) -> bool:
    """Whether the new kiosk came of it; a fresh one is none until it is a whole one."""
    if not enrolled and etc.exists() and present_config(etc) is not None:
        assert {name: _files(etc)[name] for name in after} == after
    if etc.exists():
        with enrol_files.locked(etc):
            pass
    found = {name: content for name, content in _files(etc).items() if name in before | after}
    assert found in (before, after)
    enrol(NEW, Wanted("0412", etc, Path("/state"), replace=True))
    assert load(etc / CONFIG).kiosk.contact == "new"
    assert not list(etc.glob(".*"))
    return found == after


def _files(etc: Path) -> dict[str, bytes]:
    if not etc.exists():
        return {}
    return {path.name: path.read_bytes() for path in etc.iterdir() if path.is_file()}
