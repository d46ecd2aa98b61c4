"""kill -9 at random moments of an update: old list or new, and the next run is clean."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest

from kiosk.demo.certificates import make_certificates
from offline_cache.errors import RegisterError
from offline_cache.format import Status
from offline_cache.register_file import RegisterFile
from offline_cache.updater import Result, update
from tests.offline_cache.children import ended, forked, kill_after
from tests.offline_cache.samples import KEY
from tests.offline_cache.sieges import Siege, litter, new_siege

if TYPE_CHECKING:
    from pathlib import Path

    from offline_cache.updater import UpdateSettings

pytestmark = [
    pytest.mark.timeout(600),
    # Forking beside threads that hold no lock of ours; the tests run on one thread.
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]

_KILLS: Final = 100
"""Of each kind of update."""
_TIMED_EVERY: Final = 25
_STRIDE: Final = 37
"""Has no factor in common with the number of kills."""
_MANY: Final = range(2000, 18_000)
"""Rows that make building take longer than all else."""
_OLD: Final = 2


@pytest.fixture(name="siege")
def _siege(tmp_path: Path) -> Siege:
    return new_siege(tmp_path, make_certificates(tmp_path / "certificates"), lists=_OLD)


def _next_list(siege: Siege, *, base: bool) -> int:
    """A list of many more rows: as a delta, or whole because the delta is not there."""
    rows = {**siege.fund.rows, **dict.fromkeys(_MANY, Status.CONFIRMED)}
    if base:
        siege.fund.deltas.clear()
        siege.fund.bases.clear()
        siege.fund.base(rows)
    else:
        siege.fund.change(dict.fromkeys(_MANY, Status.CONFIRMED))
    asked = {n: status for n, status in siege.fund.rows.items() if n not in _MANY}
    siege.published[siege.fund.serial] = asked
    return siege.fund.serial


def _run(settings: UpdateSettings) -> int:
    return int(update(settings).error is not None)


def _moment(siege: Siege) -> str:
    """What a killed updater was at, by what it has left lying around."""
    register = siege.settings.register
    built = [path for path in register.glob(".staging-*/*/*.sqlite") if not path.is_symlink()]
    for path in built:
        try:
            RegisterFile(path, KEY).close()
        except RegisterError:
            return "building"
        return "checking or switching"
    return "fetching" if any((register / "download").glob("*.part")) else "else"


@pytest.mark.parametrize("base", [False, True], ids=["delta", "base"])
def test_a_killed_update_leaves_the_old_list_or_the_new(
    siege: Siege, tmp_path: Path, base: bool
) -> None:
    seed = int.from_bytes(os.urandom(4), "big")
    rng = random.Random(seed)  # noqa: S311  # repeatable by the printed seed
    register, kept = siege.settings.register, tmp_path / "as-it-was"
    shutil.copytree(register, kept, symlinks=True)
    new = _next_list(siege, base=base)
    length = 0.0
    after: Counter[int] = Counter()
    moments: Counter[str] = Counter()
    for number in range(_KILLS):
        if number % _TIMED_EVERY == 0:
            length = min(_timed(siege, kept) for _ in range(2))
        _put_back(siege, kept)
        # Spread evenly over the run, with a little past its end; far from the one before, so that
        # a machine that gets busy, or idle, does not miss a part of the run.
        moment = length * 1.05 * ((_STRIDE * number) % _KILLS + rng.random()) / _KILLS
        kill_after(forked(lambda: _run(siege.settings)), moment)
        serial = siege.list_in_use()
        assert serial in {_OLD, new}, f"seed {seed}, kill {number}"
        after[serial] += 1
        moments[_moment(siege)] += 1
        assert siege.update().result in {Result.UPDATED, Result.CURRENT}
        assert siege.list_in_use() == new, f"seed {seed}, kill {number}"
        assert litter(register) == [], f"seed {seed}, kill {number}"
    print(
        f"seed {seed}: {length:.3f} s a run; {after[_OLD]} kills before the switch,"
        f" {after[new]} after it; killed while {dict(moments)}"
    )
    # Kills that all came too late or too early would show nothing.
    assert after[_OLD] >= _KILLS // 5
    assert moments["building"] >= _KILLS // 10


def _timed(siege: Siege, kept: Path) -> float:
    """How long a whole run takes, in seconds."""
    _put_back(siege, kept)
    began = time.monotonic()
    assert ended(forked(lambda: _run(siege.settings))) == 0
    return time.monotonic() - began


def _put_back(siege: Siege, kept: Path) -> None:
    """The kiosk as it was before the update."""
    shutil.rmtree(siege.settings.register)
    shutil.copytree(kept, siege.settings.register, symlinks=True)
