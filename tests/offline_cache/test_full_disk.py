"""A disk that is full at every possible moment of an update, and one that fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from kiosk.demo.certificates import make_certificates
from offline_cache.updater import Result
from tests.offline_cache.sieges import Siege, litter, new_siege

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.timeout(180)

_PAGE: Final = 4096
_DISK: Final = 4 * 1024 * 1024
_AT: Final = 3

_CLIENT: Final = """
import os, sys
from pathlib import Path
from offline_cache.updater import UpdateSettings, update
register, key, root, place = map(Path, sys.argv[1:])
outcome = update(UpdateSettings(register=register, key_file=key, root_file=root, place=place))
os._exit(0 if outcome.error is None else 7)
"""
_SAID: Final = 7
"""Its exit code when the run ended in an outcome with an error; an exception ends in 1."""

_WRITING: Final = (
    "write,pwrite64,fsync,fdatasync,rename,renameat,link,linkat,unlink,mkdir,ftruncate"
)


@pytest.fixture(name="siege")
def _siege(tmp_path: Path) -> Siege:
    return new_siege(tmp_path, make_certificates(tmp_path / "certificates"), lists=_AT)


@contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={_DISK}", "kiosk-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(["mount", *options], check=False).returncode:
        pytest.skip("no small disk: mounting a tmpfs needs root")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _leave_free(disk: Path, size: int) -> None:
    """Fill the disk until `size` bytes are free."""
    ballast = disk / "ballast"
    ballast.unlink(missing_ok=True)
    free = os.statvfs(disk).f_bavail * _PAGE
    with ballast.open("wb") as file:
        file.write(bytes(max(0, free - size)))


@pytest.mark.parametrize("base", [False, True], ids=["delta", "base"])
def test_a_disk_with_any_space_left_keeps_a_whole_list(
    siege: Siege, tmp_path: Path, base: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What can be known before is said before; here it is the disk that says no.
    monkeypatch.setattr("offline_cache.download.ensure_space", lambda *_: None)
    new = siege.publish(base=base)
    if base:
        siege.fund.deltas.clear()
        siege.fund.publish()
    disk = tmp_path / "disk"
    with _small_disk(disk):
        kiosk = replace(siege, settings=replace(siege.settings, register=disk / "register"))
        results = []
        for pages in range(400):
            shutil.rmtree(kiosk.settings.register, ignore_errors=True)
            (disk / "ballast").unlink(missing_ok=True)
            shutil.copytree(siege.settings.register, kiosk.settings.register, symlinks=True)
            _leave_free(disk, pages * _PAGE)
            outcome = kiosk.update()
            results.append(outcome.result)
            assert kiosk.list_in_use() in {_AT, new}
            if outcome.error is not None:
                assert outcome.result is Result.FAILED, outcome.error
                assert "disk is full" in str(outcome.error)
                assert "\n" not in str(outcome.error)
            if pages % 8 == 0:
                (disk / "ballast").unlink()
                assert kiosk.update().result in {Result.UPDATED, Result.CURRENT}
                assert kiosk.list_in_use() == new
                assert litter(kiosk.settings.register) == []
            if results[-3:] == [Result.UPDATED] * 3:
                break
    print(f"{len(results)} steps of 4 KiB, {results.count(Result.FAILED)} failed")
    assert results[0] is Result.FAILED
    assert results[-1] is Result.UPDATED
    assert results.count(Result.FAILED) > 3


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_any_call_may_fail(siege: Siege, error: str, tmp_path: Path) -> None:
    """A call of the run that writes, and all of its kind after it."""
    new = siege.publish()
    ended, calls = _traced(siege.moved_to(tmp_path / "counted"), [])
    assert ended == 0
    # strace counts the calls of each kind apart.
    places = [(call, calls[: place + 1].count(call)) for place, call in enumerate(calls)]
    assert len(places) > 40
    codes = []
    for number, (call, place) in enumerate(places[::3]):
        kiosk = siege.moved_to(tmp_path / f"{number}")
        inject = ["-e", f"inject={call}:error={error}:when={place}+"]
        codes.append(_traced(kiosk, inject)[0])
        assert codes[-1] in {0, _SAID}, (call, place)
        assert kiosk.list_in_use() in {_AT, new}, (call, place)
        assert kiosk.update().result in {Result.UPDATED, Result.CURRENT}
        assert kiosk.list_in_use() == new
    print(f"{error}: {len(places)} calls, {codes.count(_SAID)} of the {len(codes)} runs said so")
    assert codes.count(_SAID) > len(codes) // 2


def _traced(kiosk: Siege, options: list[str]) -> tuple[int, list[str]]:
    """Run the updater under strace; its exit code, and the calls it made that write."""
    settings, trace = kiosk.settings, kiosk.folder / "trace"
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", str(trace), "-e", f"trace={_WRITING}", *options,
         sys.executable, "-B", "-c", _CLIENT, str(settings.register), str(settings.key_file),
         str(settings.root_file), str(settings.place)],
        capture_output=True, check=False,
    )  # fmt: skip
    lines = trace.read_text(encoding="ascii", errors="replace").splitlines()
    return done.returncode, [line.split()[1].partition("(")[0] for line in lines]
