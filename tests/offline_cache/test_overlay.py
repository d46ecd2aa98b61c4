"""Changes since the base: folded, looked up first, and only beside the base they belong to."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from offline_cache import layout
from offline_cache.errors import EndStateError, RegisterError, RowsFormatError
from offline_cache.format import KeyKind, Status
from offline_cache.manifest import EndState
from offline_cache.overlay import build_overlay
from offline_cache.register import Register
from offline_cache.store import install
from tests.offline_cache.samples import AS_OF, KEY, build, enp, entry, row, write_rows

if TYPE_CHECKING:
    from pathlib import Path

    from tests.offline_cache.samples import Changes


def _about(base_serial: int, serial: int) -> layout.Meta:
    return layout.Meta(
        serial=serial,
        as_of=AS_OF + timedelta(days=serial - base_serial),
        next_expected=datetime(2026, 4, 2, tzinfo=UTC),
        rows=0,
        digest=0,
        first_key=None,
        territories=(),
        kinds=(KeyKind.ENP,),
        base_serial=base_serial,
    )


def _overlay(folder: Path, base_serial: int, *changes: Changes) -> None:
    """Install the overlay that folding one delta for each of `changes` gives."""
    work = folder / "work"
    work.mkdir()
    deltas = [
        write_rows(work / f"delta-{place}", changed)[0] for place, changed in enumerate(changes)
    ]
    folded: Changes = {}
    for changed in changes:
        folded |= changed
    expected = write_rows(work / "folded", folded)[1]
    staged = work / "overlay"
    about = _about(base_serial, base_serial + len(changes))
    build_overlay(staged, KEY, None, deltas, about, expected)
    install(folder, base_serial, overlay=staged)
    shutil.rmtree(work)


def test_an_overlay_is_asked_first(tmp_path: Path) -> None:
    build(tmp_path, map(row, range(20)), serial=3)
    with Register.open(tmp_path, KEY) as register:
        _overlay(tmp_path, 3, {1: Status.ANNULLED, 2: None, 50: Status.CONFIRMED})
        assert register.serial == 3
        assert register.reopen_if_replaced() is True
        assert (register.serial, register.as_of) == (4, AS_OF + timedelta(days=1))
        changed = register.find(KeyKind.ENP, enp(1))
        added = register.find(KeyKind.ENP, enp(50))
        assert changed is not None
        assert added is not None
        assert (changed.status, added.status) == (Status.ANNULLED, Status.CONFIRMED)
        assert register.find(KeyKind.ENP, enp(2)) is None
        assert register.find(KeyKind.ENP, enp(3)) == entry(3)


def test_the_newest_change_wins(tmp_path: Path) -> None:
    build(tmp_path, map(row, range(20)), serial=3)
    _overlay(
        tmp_path,
        3,
        {1: Status.ANNULLED, 2: None, 4: None, 60: Status.EXPIRED},
        {1: Status.DEATH, 2: Status.CONFIRMED, 60: None},
        {1: Status.AWAITING_CONFIRMATION},
    )
    with Register.open(tmp_path, KEY) as register:
        assert register.serial == 6
        found = {n: register.find(KeyKind.ENP, enp(n)) for n in (1, 2, 4, 60)}
        assert found[1] is not None
        assert found[2] is not None
        assert found[1].status is Status.AWAITING_CONFIRMATION
        assert found[2].status is Status.CONFIRMED
        assert found[4] is found[60] is None


def test_an_overlay_grows_from_the_one_before(tmp_path: Path) -> None:
    first: Changes = dict.fromkeys(range(0, 200, 2), Status.ANNULLED)
    second: Changes = {n: Status.EXPIRED if n % 3 else None for n in range(100, 300)}
    one, at_one = write_rows(tmp_path / "one", first)
    two, _ = write_rows(tmp_path / "two", second)
    _, both = write_rows(tmp_path / "both", first | second)
    build_overlay(tmp_path / "a", KEY, None, [one], _about(3, 4), at_one)
    grown = build_overlay(tmp_path / "b", KEY, tmp_path / "a", [two], _about(3, 5), both)
    at_once = build_overlay(tmp_path / "c", KEY, None, [one, two], _about(3, 5), both)
    assert (grown.rows, grown.digest) == (at_once.rows, at_once.digest)
    # Applying what is in already changes nothing.
    again = build_overlay(tmp_path / "d", KEY, tmp_path / "b", [two], _about(3, 5), both)
    assert again.digest == grown.digest


@pytest.mark.parametrize("taken", [(), (0,), (1,), (1, 0)], ids=["none", "one", "two", "reversed"])
def test_deltas_that_do_not_lead_there_are_dropped(tmp_path: Path, taken: tuple[int, ...]) -> None:
    changes: list[Changes] = [{1: Status.ANNULLED, 2: None}, {2: Status.EXPIRED}]
    deltas = [write_rows(tmp_path / str(n), one)[0] for n, one in enumerate(changes)]
    _, expected = write_rows(tmp_path / "both", changes[0] | changes[1])
    chosen = [deltas[n] for n in taken]
    with pytest.raises(EndStateError):
        build_overlay(tmp_path / "made", KEY, None, chosen, _about(3, 5), expected)


def test_a_delta_cut_anywhere_is_refused(tmp_path: Path) -> None:
    delta, expected = write_rows(tmp_path / "delta", dict.fromkeys(range(30), Status.EXPIRED))
    whole = delta.read_bytes()
    for length in range(len(whole)):
        delta.write_bytes(whole[:length])
        with pytest.raises(RowsFormatError):
            build_overlay(tmp_path / f"{length}", KEY, None, [delta], _about(3, 4), expected)
    delta.write_bytes(whole)
    made = build_overlay(tmp_path / "made", KEY, None, [delta], _about(3, 4), expected)
    assert EndState(made.rows, made.digest) == expected


def test_an_overlay_without_changes_is_newer_all_the_same(tmp_path: Path) -> None:
    build(tmp_path, map(row, range(20)), serial=3)
    _overlay(tmp_path, 3, {})
    with Register.open(tmp_path, KEY) as register:
        assert register.serial == 4
        assert register.find(KeyKind.ENP, enp(3)) == entry(3)


def test_an_overlay_of_another_base_is_left_alone(tmp_path: Path) -> None:
    build(tmp_path, map(row, range(20)), serial=5)
    _overlay(tmp_path, 3, {1: None})
    with Register.open(tmp_path, KEY) as register:
        assert (register.serial, register.find(KeyKind.ENP, enp(1))) == (5, entry(1))


def test_a_damaged_overlay_leaves_the_one_before_or_the_base(tmp_path: Path) -> None:
    build(tmp_path, map(row, range(20)), serial=3)
    _overlay(tmp_path, 3, {1: None})
    _overlay(tmp_path, 3, {1: None}, {2: None})
    (tmp_path / layout.overlay_name(3)).write_bytes(b"")
    with Register.open(tmp_path, KEY) as register:
        assert (register.serial, register.find(KeyKind.ENP, enp(1))) == (4, None)
    (tmp_path / layout.overlay_name(3, previous=True)).write_bytes(b"")
    with Register.open(tmp_path, KEY) as register:
        assert (register.serial, register.find(KeyKind.ENP, enp(1))) == (3, entry(1))


def test_a_damaged_base_leaves_the_pair_before(tmp_path: Path) -> None:
    build(tmp_path, map(row, range(20)), serial=3)
    _overlay(tmp_path, 3, {1: None})
    build(tmp_path, map(row, range(30)), serial=5)
    (tmp_path / layout.BASE_NAME).write_bytes(b"")
    with Register.open(tmp_path, KEY) as register:
        assert (register.serial, register.find(KeyKind.ENP, enp(1))) == (4, None)
        build(tmp_path, map(row, range(30)), serial=6)
        assert register.reopen_if_replaced() is True
        assert register.serial == 6


def test_a_new_overlay_that_is_damaged_is_not_taken_up(tmp_path: Path) -> None:
    build(tmp_path, map(row, range(20)), serial=3)
    _overlay(tmp_path, 3, {1: None})
    with Register.open(tmp_path, KEY) as register:
        (tmp_path / "new").write_bytes(b"")
        (tmp_path / "new").replace(tmp_path / layout.overlay_name(3))
        with pytest.raises(RegisterError):
            register.reopen_if_replaced()
        assert register.reopen_if_replaced() is False
        assert (register.serial, register.find(KeyKind.ENP, enp(2))) == (4, entry(2))
