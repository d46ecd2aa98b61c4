"""A disk that fails: every call of an update that reaches the register's folder, one by one.

The updater runs in a process of its own under strace, which lets the n-th call of a kind fail, or
all from the n-th on. Whatever fails: words for people or success, the old list or the new one, and
the next run on a sound disk brings the new one.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import re
import shutil
import subprocess
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from kiosk.demo.certificates import make_certificates
from offline_cache.updater import Result, update
from tests.offline_cache.children import ended, forked
from tests.offline_cache.sieges import Siege, litter, new_siege

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]

_AT: Final = 3
_CALLS: Final = (
    "write,pwrite64,fsync,fdatasync,ftruncate,openat,mkdir,"
    "rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink"
)
_LINE: Final = re.compile(r"^\d+ +(\w+)\(")
_GOOD, _SAID, _RAISED = 0, 7, 99
"""Exit codes of the updater: an outcome without an error, with one, and no outcome at all."""
_PR_SET_PTRACER: Final = 0x59616D61


class _Call(NamedTuple):
    """The n-th call of a kind in a process."""

    name: str
    number: int


@pytest.fixture(name="siege")
def _siege(tmp_path: Path) -> Siege:
    return new_siege(tmp_path, make_certificates(tmp_path / "certificates"), lists=_AT)


@pytest.fixture(name="words")
def _words() -> Iterator[mmap.mmap]:
    """Where an updater says why it failed: not a file, since files are what fails."""
    with mmap.mmap(-1, mmap.PAGESIZE) as words:
        yield words


def _traced(kiosk: Siege, words: mmap.mmap, options: Sequence[str] = ()) -> tuple[int, list[str]]:
    """Run the updater under strace; its exit code, and strace's lines."""
    trace = kiosk.folder / "trace"
    words[:] = bytes(len(words))
    (ready, is_ready), (wait, go) = os.pipe(), os.pipe()

    def work() -> int:
        os.close(go)
        # Where Yama guards processes, only a parent may trace them, and strace is a sibling.
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)
        os.write(is_ready, b".")
        os.read(wait, 1)
        outcome = update(kiosk.settings)
        said = f"{outcome.serial} {outcome.error or ''}".encode()
        words[: len(said)] = said
        return _GOOD if outcome.error is None else _SAID

    child = forked(work)
    os.close(is_ready)
    os.close(wait)
    os.read(ready, 1)
    os.close(ready)
    command = ["strace", "-y", "-f", "-o", str(trace), "-e", f"trace={_CALLS}", *options]
    with subprocess.Popen([*command, "-p", str(child)], stderr=subprocess.PIPE) as strace:
        assert strace.stderr is not None
        # Said once it holds the child: its first calls would else escape.
        said_first = strace.stderr.readline().decode().strip()
        if not said_first.endswith("attached"):
            os.close(go)
            ended(child)
            pytest.skip(f"strace may not look at a process here: {said_first}")
        os.close(go)
        code = ended(child)
    return code, trace.read_text(errors="replace").splitlines()


def _reaching(lines: list[str], folder: Path) -> Iterator[_Call]:
    """The calls of a run that change something in a folder."""
    seen: Counter[str] = Counter()
    for line in lines:
        found = _LINE.match(line)
        if found is None:
            continue
        name = found[1]
        seen[name] += 1
        reads = name == "openat" and "O_CREAT" not in line and "O_RDWR" not in line
        if str(folder) in line and not reads:
            yield _Call(name, seen[name])


def _publish(siege: Siege, *, base: bool) -> int:
    new = siege.publish(base=base)
    if base:
        siege.fund.bases = {new: siege.fund.bases[new]}
        siege.fund.deltas.clear()
        siege.fund.publish()
    return new


@pytest.mark.parametrize(
    ("error", "onwards"),
    [("ENOSPC", False), ("EIO", False), ("EIO", True)],
    ids=["full-once", "failing-once", "failing-from-then-on"],
)
@pytest.mark.parametrize("base", [False, True], ids=["delta", "base"])
def test_any_call_may_fail(
    siege: Siege, words: mmap.mmap, error: str, *, onwards: bool, base: bool
) -> None:
    register = siege.settings.register
    kept = siege.folder / "as-it-was"
    shutil.copytree(register, kept, symlinks=True)
    new = _publish(siege, base=base)
    code, lines = _traced(siege, words)
    assert code == _GOOD
    calls = list(_reaching(lines, register))
    assert {"fsync", "rename", "openat", "pwrite64"} <= {call.name for call in calls}
    assert len(calls) > 40

    ends: Counter[str] = Counter()
    for call in calls:
        shutil.rmtree(register)
        shutil.copytree(kept, register, symlinks=True)
        when = f"{call.number}{'+' if onwards else ''}"
        code, lines = _traced(siege, words, ["-e", f"inject={call.name}:error={error}:when={when}"])
        named, _, said = words[:].rstrip(b"\0").decode().partition(" ")
        assert any("(INJECTED)" in line for line in lines), call
        _is_one_for_people(code, said, call)
        serial = siege.list_in_use()
        assert serial in {_AT, new}, call
        assert code == _SAID or serial == new, call
        # None: it ended before it looked. A disk that stays broken does not tell what is on it.
        assert onwards or named in {str(serial), "None"}, call
        assert code == _SAID or named == str(new), call
        ends[f"{'said so' if code else 'went well'}, list {serial}"] += 1
        assert siege.update().result in {Result.UPDATED, Result.CURRENT}, call
        assert siege.list_in_use() == new
        assert litter(register) == [], call
    print(f"{len(calls)} calls: {dict(ends)}")
    assert ends[f"said so, list {_AT}"] > len(calls) // 3


def _is_one_for_people(code: int, said: str, call: _Call) -> None:
    """It ended in an outcome, whose words are one line of something."""
    assert code in {_GOOD, _SAID}, call
    assert (code == _SAID) == bool(said), call
    assert "\n" not in said
    assert "Error(" not in said
    assert "Traceback" not in said
