"""Changes since the base: looked up first, and only beside the base that they belong to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from offline_cache import layout
from offline_cache.errors import RegisterCorruptError
from offline_cache.file_writer import FileWriter, References
from offline_cache.format import KeyKind, Status
from offline_cache.register import Register
from tests.offline_cache.samples import AS_OF, KEY, build, enp, entry, row

if TYPE_CHECKING:
    from pathlib import Path


def _overlay(folder: Path, base_serial: int, changed: dict[int, Status | None]) -> None:
    """An overlay with one row for every number: another status, or deleted (None)."""
    references = References()
    rows = []
    for n, status in changed.items():
        key = KEY.lookup_key(KeyKind.ENP, enp(n))
        made = layout.Row(key, None, None, None, None, None, None, 0)
        if status is not None:
            made = made._replace(
                status=layout.STATUS_CODES.index(status),
                policy_type=0,
                insurer=references.insurer_id(entry(n).insurer),
                valid_from=0,
            )
        rows.append(made)
    about = layout.Meta(
        serial=base_serial + 1,
        as_of=AS_OF + timedelta(days=1),
        next_expected=datetime(2026, 4, 2, tzinfo=UTC),
        rows=0,
        digest=0,
        first_key=None,
        territories=(),
        kinds=(KeyKind.ENP,),
        base_serial=base_serial,
    )
    writer = FileWriter(folder / layout.OVERLAY_NAME, KEY, references)
    writer.write(sorted(rows), about, lambda _count: None)
    writer.check(folder / layout.OVERLAY_NAME)


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


def test_a_damaged_overlay_is_an_error(tmp_path: Path) -> None:
    build(tmp_path, map(row, range(20)))
    (tmp_path / layout.OVERLAY_NAME).write_bytes(b"")
    with pytest.raises(RegisterCorruptError):
        Register.open(tmp_path, KEY)
