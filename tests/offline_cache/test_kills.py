"""kill -9 at random moments of an update: old list or new, and the next run is clean."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest

from kiosk.demo.certificates import make_certificates
from offline_cache.format import Status
from offline_cache.updater import Result
from tests.offline_cache.children import ended, forked, kill_after
from tests.offline_cache.sieges import Siege, litter, new_siege

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.timeout(180),
    # Forking beside threads that hold no lock of ours; the tests run on one thread.
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]

_KILLS: Final = 100
"""Of each kind of update."""
_MANY: Final = range(2000, 12_000)
"""Rows that make building take longer than all else."""


@pytest.fixture(name="siege")
def _siege(tmp_path: Path) -> Siege:
    return new_siege(tmp_path, make_certificates(tmp_path / "certificates"), lists=2)


def _next_list(siege: Siege, *, base: bool) -> int:
    """A list of ten thousand more rows: as a delta, or whole because the delta is not there."""
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


def _run(siege: Siege) -> int:
    return 0 if siege.update().error is None else 1


@pytest.mark.parametrize("base", [False, True], ids=["delta", "base"])
def test_a_killed_update_leaves_the_old_list_or_the_new(
    siege: Siege, tmp_path: Path, base: bool
) -> None:
    seed = int.from_bytes(os.urandom(4), "big")
    rng = random.Random(seed)  # noqa: S311  # repeatable by the printed seed
    new = _next_list(siege, base=base)
    model = siege.moved_to(tmp_path / "timed")
    began = time.monotonic()
    assert ended(forked(lambda: _run(model))) == 0
    length = time.monotonic() - began

    after: Counter[int] = Counter()
    for number in range(_KILLS):
        kiosk = siege.moved_to(tmp_path / f"kill-{number}")
        # Spread evenly over the run, with a little past its end.
        moment = length * 1.1 * (number + rng.random()) / _KILLS
        kill_after(forked(lambda kiosk=kiosk: _run(kiosk)), moment)  # type: ignore[misc]
        serial = kiosk.list_in_use()
        assert serial in {2, new}, f"seed {seed}, kill {number}"
        after[serial] += 1
        if number % 10 == 0:
            assert kiosk.update().result in {Result.UPDATED, Result.CURRENT}
            assert kiosk.list_in_use() == new
            assert litter(kiosk.settings.register) == []
    print(f"seed {seed}: {length:.3f} s a run; serials after the kill {dict(after)}")
    # Kills that all came too late or too early would show nothing.
    assert after[2] >= _KILLS // 5
