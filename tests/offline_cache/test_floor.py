"""The floor: it only rises, survives what a disk does to it, and refuses what lies below."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from offline_cache.errors import RegisterWriteError, TrustError
from offline_cache.floor import (
    CLOCK_TOLERANCE,
    STATE_NAME,
    FloorStore,
    Heights,
    newest_signed_time,
    refuse_wrong_clock,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ISSUED = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
HIGH = Heights({"root": 2, "timestamp": 40, "register": 7}, serial=12, issued=ISSUED)


def stored(folder: Path) -> Heights:
    with FloorStore.open(folder) as store:
        return store.read()


def test_a_floor_is_kept(tmp_path: Path) -> None:
    with FloorStore.open(tmp_path) as store:
        assert store.lost
        assert store.read() == Heights()
        store.rise(HIGH)
        assert store.read() == HIGH
    with FloorStore.open(tmp_path) as store:
        assert not store.lost
        assert store.read() == HIGH
    assert [path.name for path in tmp_path.iterdir()] == [STATE_NAME]


def test_it_only_rises(tmp_path: Path) -> None:
    with FloorStore.open(tmp_path) as store:
        store.rise(HIGH)
        store.rise(Heights({"root": 1, "timestamp": 41}, serial=3, issued=ISSUED - timedelta(1)))
        assert store.read() == replace(HIGH, versions={"root": 2, "timestamp": 41, "register": 7})


def test_nothing_is_written_when_nothing_rose(tmp_path: Path) -> None:
    with FloorStore.open(tmp_path) as store:
        store.rise(HIGH)
        log = tmp_path / f"{STATE_NAME}-wal"
        size = log.stat().st_size
        store.rise(HIGH)
        store.rise(Heights())
        assert log.stat().st_size == size
        store.rise(replace(HIGH, serial=13))
        assert size < log.stat().st_size <= size + 4500


def test_a_commit_survives_the_end_of_its_process(tmp_path: Path) -> None:
    if os.fork() == 0:  # a child that dies between its commit and the closing of its store
        FloorStore.open(tmp_path).rise(HIGH)
        os._exit(0)
    os.wait()
    assert (tmp_path / f"{STATE_NAME}-wal").stat().st_size > 0
    assert stored(tmp_path) == HIGH


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda _: b"", id="emptied"),
        pytest.param(lambda content: content[:5000], id="cut"),
        pytest.param(lambda content: os.urandom(len(content)), id="garbage"),
        pytest.param(lambda _: b"SQLite format 3\0" + bytes(8176), id="zeros"),
        pytest.param(lambda content: content.replace(b"serial", b"sirial"), id="a-flipped-bit"),
    ],
)
def test_a_damaged_floor_is_begun_anew(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    with FloorStore.open(tmp_path) as store:
        store.rise(HIGH)
    path = tmp_path / STATE_NAME
    path.write_bytes(damage(path.read_bytes()))
    assert newest_signed_time(tmp_path) is None
    with FloorStore.open(tmp_path) as store:
        assert store.lost
        assert store.read() == Heights()
        store.rise(HIGH)
    assert path.stat().st_size > 0
    assert stored(tmp_path) == HIGH


def test_every_flipped_bit_of_a_number_is_seen(tmp_path: Path) -> None:
    with FloorStore.open(tmp_path) as store:
        store.rise(HIGH)
    with closing(sqlite3.connect(tmp_path / STATE_NAME)) as connection:
        connection.execute("UPDATE floor SET value = value + 4 WHERE name = 'serial'")
        connection.commit()
    with FloorStore.open(tmp_path) as store:
        assert store.lost
        assert store.read() == Heights()


def test_a_store_that_is_locked_is_not_forgotten(tmp_path: Path) -> None:
    with FloorStore.open(tmp_path) as store:
        store.rise(HIGH)
    (tmp_path / STATE_NAME).chmod(0)
    with closing(sqlite3.connect(f"file:{tmp_path / STATE_NAME}", uri=True)) as holder:
        if os.geteuid() == 0:
            holder.execute("PRAGMA locking_mode = EXCLUSIVE")
            holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(RegisterWriteError, match="cannot be written"):
            FloorStore.open(tmp_path)
    (tmp_path / STATE_NAME).chmod(0o600)
    assert stored(tmp_path) == HIGH


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(RegisterWriteError, match=STATE_NAME):
        FloorStore.open(tmp_path / "none")


def test_the_kiosk_reads_the_newest_signed_time_without_writing(tmp_path: Path) -> None:
    assert newest_signed_time(tmp_path) is None
    with FloorStore.open(tmp_path) as store:
        store.rise(HIGH)
    before = sorted(tmp_path.iterdir())
    assert newest_signed_time(tmp_path) == ISSUED
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("role", ["root", "timestamp", "register"])
def test_a_role_below_the_floor_is_refused_by_name(role: str) -> None:
    HIGH.refuse_below(HIGH)
    lower = replace(HIGH, versions={**HIGH.versions, role: HIGH.versions[role] - 1})
    with pytest.raises(TrustError, match=f"an older repository.* {role} is version"):
        lower.refuse_below(HIGH)
    lacking = replace(HIGH, versions={r: v for r, v in HIGH.versions.items() if r != role})
    with pytest.raises(TrustError, match=f"{role} is version 0"):
        lacking.refuse_below(HIGH)


def test_an_older_signed_time_or_list_is_refused() -> None:
    with pytest.raises(TrustError, match="issued 2026-11-20 05:59 UTC"):
        replace(HIGH, issued=ISSUED - timedelta(seconds=1)).refuse_below(HIGH)
    with pytest.raises(TrustError, match="list 11, and list 12 has been"):
        replace(HIGH, serial=11).refuse_list_below(HIGH)
    HIGH.refuse_list_below(HIGH)


def test_a_clock_before_a_time_that_has_passed_is_wrong() -> None:
    refuse_wrong_clock(ISSUED - CLOCK_TOLERANCE, ISSUED)
    with pytest.raises(TrustError, match=r"the clock is wrong: it shows 2026-11-20 05:49 UTC"):
        refuse_wrong_clock(ISSUED - CLOCK_TOLERANCE - timedelta(seconds=1), ISSUED)


def test_new_keys_begin_the_floor_anew_above_the_offline_roles(tmp_path: Path) -> None:
    stolen = Heights({"root": 3, "targets": 2, "timestamp": 2**40}, 2**31, ISSUED, keys=1)
    fresh = Heights({"root": 4, "targets": 2, "timestamp": 9}, 12, ISSUED, keys=2)
    fresh.refuse_below(stolen)
    fresh.refuse_list_below(stolen)
    for lower in ({"root": 2, "targets": 2}, {"root": 4, "targets": 1}):
        with pytest.raises(TrustError, match="an older repository"):
            Heights(lower, keys=2).refuse_below(stolen)
    # Whose keys are not known is held to everything.
    with pytest.raises(TrustError, match="an older list"):
        Heights(fresh.versions, 12, ISSUED).refuse_list_below(stolen)
    with FloorStore.open(tmp_path) as store:
        store.rise(stolen)
        store.rise(stolen.offline)
        assert store.read() == stolen
        store.rise(fresh)
        assert store.read() == fresh
    with FloorStore.open(tmp_path) as store:
        assert store.read() == fresh
        with pytest.raises(TrustError):
            stolen.refuse_below(store.read())
