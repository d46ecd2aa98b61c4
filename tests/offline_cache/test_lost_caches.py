"""R2: whatever is lost of TUF's memory, no older repository is taken.

All 16 subsets of four metadata files, emptied or deleted, against three older repositories: 96
attempts. TUF alone accepts some of them; the floor does not. A second table loses the roots too, a
third what a power cut may leave of the floor's own store.
"""

from __future__ import annotations

import itertools
import shutil
from typing import TYPE_CHECKING

import pytest

from kiosk.demo.certificates import make_certificates
from offline_cache.floor import STATE_NAME, FloorStore, Heights
from offline_cache.updater import TRUST_FOLDER, Result
from tests.offline_cache.children import ended, forked
from tests.offline_cache.sieges import Siege, new_siege

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

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


class _Kiosk:
    """A kiosk on the newest list, to be put back before every attempt."""

    def __init__(self, siege: Siege) -> None:
        self._siege = siege
        self._files = siege.files()
        self._kept = siege.folder / "as-it-was"
        shutil.copytree(siege.settings.register, self._kept, symlinks=True)
        self.tried = self.accepted = 0

    def put_back(self) -> Path:
        """Its folder, as it was."""
        register = self._siege.settings.register
        shutil.rmtree(register)
        shutil.copytree(self._kept, register, symlinks=True)
        return register

    def offer(self, old: int, case: object) -> None:
        """Lead it to an older repository, then to the newest."""
        outcome = self._siege.update(self._siege.olds[old])
        self.tried += 1
        self.accepted += outcome.result is not Result.REFUSED
        assert self._siege.files() == self._files, (case, old)
        # Whatever it has in mind after that attempt, it finds back to the newest.
        assert self._siege.update().result is Result.CURRENT, (case, old)
        assert self._siege.files() == self._files, (case, old)


def _attempts(siege: Siege, files: tuple[str, ...]) -> tuple[int, int]:
    """Lose every subset of `files` in every way and offer every old repository; tries, accepted."""
    kiosk = _Kiosk(siege)
    for lost, (way, loss), old in itertools.product(_subsets(files), _LOSSES.items(), _OLD):
        register = kiosk.put_back()
        for name in lost:
            loss(register / TRUST_FOLDER / name)
        kiosk.offer(old, (lost, way))
    assert siege.list_in_use() == _NEWEST
    return kiosk.tried, kiosk.accepted


def test_no_subset_of_lost_files_lets_an_old_repository_in(siege: Siege, tmp_path: Path) -> None:
    tried, accepted = _attempts(siege.moved_to(tmp_path), _FILES)
    print(f"R2: {accepted} of {tried} accepted")
    assert (tried, accepted) == (96, 0)


def test_nor_do_lost_roots(siege: Siege, tmp_path: Path) -> None:
    tried, accepted = _attempts(siege.moved_to(tmp_path), (*_ROOTS, *_FILES))
    print(f"R2, with roots: {accepted} of {tried} accepted")
    assert (tried, accepted) == (384, 0)


def _all_in_the_log(register: Path) -> None:
    """The floor as an updater leaves it that is killed after its first commit: in the log alone."""
    with FloorStore.open(register) as store:
        floor = store.read()
    (register / STATE_NAME).unlink()

    def work() -> int:
        FloorStore.open(register).rise(floor)
        return 0

    assert ended(forked(work)) == 0
    assert _log(register).stat().st_size > 0


def _log(register: Path) -> Path:
    return register / f"{STATE_NAME}-wal"


def _log_without_store(register: Path) -> None:
    _all_in_the_log(register)
    (register / STATE_NAME).unlink()


def _log_beside_an_emptied_store(register: Path) -> None:
    _all_in_the_log(register)
    (register / STATE_NAME).write_bytes(b"")


def _cut_log(register: Path) -> None:
    _all_in_the_log(register)
    log = _log(register)
    log.write_bytes(log.read_bytes()[: log.stat().st_size // 2])


def _log_of_another_store(register: Path) -> None:
    kept = (register / STATE_NAME).read_bytes()
    _all_in_the_log(register)
    (register / STATE_NAME).write_bytes(kept)


def _nothing(register: Path) -> None:
    (register / STATE_NAME).unlink()


_STORES = (
    *(_all_in_the_log, _log_of_another_store, _cut_log),
    *(_log_without_store, _log_beside_an_emptied_store, _nothing),
)


def test_nor_does_what_is_left_of_the_floor(siege: Siege, tmp_path: Path) -> None:
    """With TUF's memory whole, and all of it lost: then the list in use is floor enough."""
    kiosk = _Kiosk(siege.moved_to(tmp_path))
    for lost, left, old in itertools.product((False, True), _STORES, _OLD):
        register = kiosk.put_back()
        if lost:
            _delete(register / TRUST_FOLDER)
        left(register)
        kiosk.offer(old, (left.__name__, lost))
    print(f"R2, with the floor's store: {kiosk.accepted} of {kiosk.tried} accepted")
    assert (kiosk.tried, kiosk.accepted) == (36, 0)


def test_a_floor_that_is_in_the_log_alone_counts(siege: Siege, tmp_path: Path) -> None:
    """Not only its list: its versions refuse what is signed lower with the same list."""
    kiosk = siege.moved_to(tmp_path)
    kept = kiosk.copy("kept")
    kiosk.fund.publish()
    assert kiosk.update().result is Result.CURRENT
    _delete(kiosk.settings.register / TRUST_FOLDER)
    _all_in_the_log(kiosk.settings.register)
    outcome = kiosk.update(kept)
    assert outcome.result is Result.REFUSED
    assert "an older repository than this kiosk has seen" in str(outcome.error)
    with FloorStore.open(kiosk.settings.register) as store:
        assert store.read() != Heights()


def test_a_stick_of_three_lists_ago_is_refused_and_the_next_list_taken(
    siege: Siege, tmp_path: Path
) -> None:
    kiosk = siege.moved_to(tmp_path)
    outcome = kiosk.update(kiosk.olds[1])
    assert outcome.result is Result.REFUSED
    assert "older than what this kiosk has seen" in str(outcome.error)
    kiosk.recovers()
