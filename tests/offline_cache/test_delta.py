"""Deltas and folds: the same as row by row in memory, bounded, whole or not at all."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offline_cache.columns import rows_of
from offline_cache.errors import RowsFormatError
from offline_cache.format import Status
from offline_cache.publisher import delta
from offline_cache.wire import RowsReader
from tests.offline_cache import plain_rows
from tests.offline_cache.samples import STATUSES, write_rows

if TYPE_CHECKING:
    from pathlib import Path

_LISTS = st.lists(
    st.dictionaries(st.integers(0, 30), st.sampled_from(STATUSES), max_size=30),
    min_size=2,
    max_size=4,
)


@given(lists=_LISTS)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_deltas_and_folds_are_those_of_plain_dictionaries(
    tmp_path: Path, lists: list[dict[int, Status | None]]
) -> None:
    states = [write_rows(tmp_path / f"list-{n}", rows)[0] for n, rows in enumerate(lists)]
    deltas = []
    for n, (before, after) in enumerate(pairwise(states)):
        path = tmp_path / f"delta-{n}"
        assert delta.compare(before, after, path) == plain_rows.compare(
            before, after, tmp_path / "plain"
        )
        assert path.read_bytes() == (tmp_path / "plain").read_bytes()
        deltas.append(path)
    folded = delta.fold(deltas, tmp_path / "folded")
    assert folded == plain_rows.fold(deltas, tmp_path / "plain")
    assert (tmp_path / "folded").read_bytes() == (tmp_path / "plain").read_bytes()


def test_many_steps_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, _ = write_rows(tmp_path / "before", dict.fromkeys(range(2000), Status.CONFIRMED))
    changes = {n: Status.DEATH if n % 10 else Status.CONFIRMED for n in range(1000, 3000)}
    after, _ = write_rows(tmp_path / "after", dict(changes))
    monkeypatch.setattr(delta, "block_count", lambda rows: 4096 if rows > 1 else 1)
    state = delta.compare(before, after, tmp_path / "delta")
    monkeypatch.undo()
    assert state == plain_rows.compare(before, after, tmp_path / "plain")
    with (tmp_path / "delta").open("rb") as stream:
        keys = [row.key for block in RowsReader(stream) for row in rows_of(block)]
    assert keys == sorted(keys)
    assert len(keys) == state.rows == 1000 + 900 + 1000


def test_a_damaged_list_gives_no_delta(tmp_path: Path) -> None:
    before, _ = write_rows(tmp_path / "before", {1: Status.DEATH})
    after, _ = write_rows(tmp_path / "after", dict.fromkeys(range(100), Status.DEATH))
    content = after.read_bytes()
    after.write_bytes(content[:-1])
    with pytest.raises(RowsFormatError, match="cut short"):
        delta.compare(before, after, tmp_path / "delta")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["after", "before"]
