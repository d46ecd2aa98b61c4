"""A disk that is full at every possible moment of an update: it is said, and the old list stays.

What every single call does that fails is in `test_failing_disk`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from kiosk.demo.certificates import make_certificates
from offline_cache.errors import RegisterSpaceError
from offline_cache.updater import Result
from tests.offline_cache.sieges import Siege, litter, new_siege

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from offline_cache.updater import UpdateOutcome

pytestmark = pytest.mark.timeout(600)

_PAGE: Final = 4096
_DISK: Final = 4 * 1024 * 1024
_MOST_STEPS: Final = 400
_AT: Final = 3


@pytest.fixture(name="siege")
def _siege(tmp_path: Path) -> Siege:
    return new_siege(tmp_path, make_certificates(tmp_path / "certificates"), lists=_AT)


@pytest.fixture(name="as_root", autouse=True)
def _as_root(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Mounting needs root, or a namespace that passes for it: the test is run again there."""
    if os.geteuid() == 0:
        return
    inner = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    inner += [f"--basetemp={tmp_path / 'again'}", request.node.nodeid]
    where = request.config.rootpath
    if subprocess.run(["unshare", "-Urm", "true"], check=False, capture_output=True).returncode:
        pytest.skip("no small disk: neither root nor a namespace (unshare -Urm) to mount one in")
    done = subprocess.run(["unshare", "-Urm", *inner], check=False, cwd=where, capture_output=True)
    if done.returncode:
        pytest.fail(done.stdout.decode())
    pytest.skip("passed in a namespace of its own")


@contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={_DISK}", "kiosk-test", str(folder)]
    if subprocess.run(["mount", *options], check=False).returncode:
        pytest.skip("no small disk: a tmpfs cannot be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _leave_free(disk: Path, size: int) -> None:
    """Fill the disk until `size` bytes are free."""
    free = os.statvfs(disk).f_bavail * _PAGE
    (disk / "ballast").write_bytes(bytes(max(0, free - size)))


def _steps(siege: Siege, disk: Path, new: int) -> list[UpdateOutcome]:
    """Update with no space left, with a page, with two… until it goes well three times."""
    kiosk = replace(siege, settings=replace(siege.settings, register=disk / "register"))
    register = kiosk.settings.register
    ballast = disk / "ballast"
    outcomes: list[UpdateOutcome] = []
    while [outcome.result for outcome in outcomes[-3:]] != [Result.UPDATED] * 3:
        assert len(outcomes) < _MOST_STEPS
        shutil.rmtree(register, ignore_errors=True)
        ballast.unlink(missing_ok=True)
        shutil.copytree(siege.settings.register, register, symlinks=True)
        _leave_free(disk, len(outcomes) * _PAGE)
        outcome = kiosk.update()
        outcomes.append(outcome)
        serial = kiosk.list_in_use()
        assert serial in {_AT, new}
        assert outcome.error is not None or serial == new
        if outcome.error is not None:
            assert outcome.result is Result.FAILED, outcome.error
            assert isinstance(outcome.error, RegisterSpaceError), outcome.error
            assert "\n" not in str(outcome.error)
            ballast.unlink()
            assert kiosk.update().result in {Result.UPDATED, Result.CURRENT}
        assert kiosk.list_in_use() == new
        assert litter(register) == []
    return outcomes


def _publish(siege: Siege, *, base: bool) -> int:
    """The next list, and the only way to it."""
    new = siege.publish(base=base)
    if base:
        siege.fund.bases = {new: siege.fund.bases[new]}
        siege.fund.deltas.clear()
        siege.fund.publish()
    return new


@pytest.mark.parametrize("base", [False, True], ids=["delta", "base"])
def test_a_disk_with_any_space_left_keeps_a_whole_list(
    siege: Siege, tmp_path: Path, base: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What can be known before is said before; here it is the disk that says no.
    monkeypatch.setattr("offline_cache.download.ensure_space", lambda *_: None)
    new = _publish(siege, base=base)
    with _small_disk(tmp_path / "disk"):
        outcomes = _steps(siege, tmp_path / "disk", new)
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    late = sum(outcome.how is not None for outcome in failed)
    print(f"{len(outcomes)} steps of 4 KiB, {len(failed)} failed, {late} of them after the switch")
    assert len(failed) > 3
    assert all("the disk is full" in str(outcome.error) for outcome in failed)


@pytest.mark.parametrize("base", [False, True], ids=["delta", "base"])
def test_too_little_space_is_said_before_anything_is_built(
    siege: Siege, tmp_path: Path, base: bool
) -> None:
    """As it is on a kiosk: with a margin, so that the other programs keep some room, too."""
    new = _publish(siege, base=base)
    with _small_disk(tmp_path / "disk"):
        outcomes = _steps(siege, tmp_path / "disk", new)
    early = [outcome for outcome in outcomes if "may be needed" in str(outcome.error)]
    print(f"{len(outcomes)} steps of 4 KiB, {len(early)} times it was said before")
    assert len(early) > len(outcomes) // 2
    for outcome in early:
        needed, free = map(int, re.findall(r"(\d+) MB", str(outcome.error)))
        assert needed > free
