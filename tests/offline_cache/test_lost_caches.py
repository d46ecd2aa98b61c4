"""R2: whatever is lost of TUF's memory, no older repository is taken.

All 16 subsets of four metadata files, emptied or deleted, against three older repositories: 96
attempts. TUF alone accepts some of them; the floor does not. A second table loses the roots too.
"""

from __future__ import annotations

import itertools
import shutil
from typing import TYPE_CHECKING

import pytest

from kiosk.demo.certificates import make_certificates
from offline_cache.updater import TRUST_FOLDER, Result
from tests.offline_cache.sieges import Siege, new_siege

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_FILES = ("timestamp.json", "snapshot.json", "targets.json", "register.json")
_ROOTS = ("root.json", "root_history")
_OLD = (1, 2, 3)
_NEWEST = 4


@pytest.fixture(name="siege", scope="module")
def _siege(tmp_path_factory: pytest.TempPathFactory) -> Siege:
    folder = tmp_path_factory.mktemp("siege")
    return new_siege(folder, make_certificates(folder / "certificates"), lists=_NEWEST)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _empty(path: Path) -> None:
    for file in path.iterdir() if path.is_dir() and not path.is_symlink() else [path]:
        file.write_bytes(b"")


_LOSSES: dict[str, Callable[[Path], None]] = {"deleted": _delete, "emptied": _empty}


def _subsets(files: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for size in range(len(files) + 1):
        yield from itertools.combinations(files, size)


def _attempts(siege: Siege, files: tuple[str, ...]) -> tuple[int, int]:
    """Lose every subset of `files` in every way and offer every old repository; tries, accepted."""
    tried = accepted = 0
    trust = siege.settings.register / TRUST_FOLDER
    kept = siege.folder / "trust-as-it-was"
    shutil.copytree(trust, kept, symlinks=True)
    before = siege.files()
    for lost, loss, old in itertools.product(_subsets(files), _LOSSES.values(), _OLD):
        shutil.rmtree(trust)
        shutil.copytree(kept, trust, symlinks=True)
        for name in lost:
            loss(trust / name)
        outcome = siege.update(siege.olds[old])
        tried += 1
        accepted += outcome.result is not Result.REFUSED
        assert siege.files() == before, (lost, old)
    shutil.rmtree(kept)
    assert siege.list_in_use() == _NEWEST
    # With its memory of the last of those attempts, the kiosk finds back to the newest.
    assert siege.update().result is Result.CURRENT
    return tried, accepted


def test_no_subset_of_lost_files_lets_an_old_repository_in(siege: Siege) -> None:
    tried, accepted = _attempts(siege, _FILES)
    print(f"R2: {accepted} of {tried} accepted")
    assert (tried, accepted) == (96, 0)


def test_nor_do_lost_roots(siege: Siege) -> None:
    tried, accepted = _attempts(siege, (*_ROOTS, *_FILES[:2]))
    assert (tried, accepted) == (96, 0)


def test_a_stick_of_three_lists_ago_is_refused_and_the_next_list_taken(siege: Siege) -> None:
    outcome = siege.update(siege.olds[1])
    assert outcome.result is Result.REFUSED
    assert "older than what this kiosk has seen" in str(outcome.error)
    siege.recovers()
