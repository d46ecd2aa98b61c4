"""Receipts that wait when a kiosk is killed: the next one knows how many they were."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from kiosk.clock import Clock
from kiosk.disk_worker import DiskWorker
from kiosk.families import CouldNotCheck
from kiosk.journal.journal import Journal
from kiosk.journal.keys import make_key
from kiosk.journal.printed import last_receipts
from kiosk.keeper import Keeper
from kiosk.reasons import CouldNotCheckReason
from kiosk.states import Checked
from kiosk.unwritten import Unwritten

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    make_key(tmp_path / "journal.pem")
    kept = Journal(tmp_path / "journal", tmp_path / "journal.pem", None, "0412")
    yield kept
    kept.close()


def checks(keeper: Keeper, *tickets: int) -> None:
    for ticket in tickets:
        keeper.keep(Checked(ticket, CouldNotCheck(CouldNotCheckReason.MUTE_CARD), None))


def test_what_a_killed_kiosk_did_not_write_is_told(tmp_path: Path, journal: Journal) -> None:
    place, clock = tmp_path / "unwritten", Clock(NOW.timestamp)
    disk = DiskWorker()
    keeper = Keeper(clock, None, journal, disk, Unwritten(place))
    checks(keeper, 1)
    disk.finish()
    assert Unwritten(place).left == 0
    checks(keeper, 2, 3, 4)
    # Here it is killed: nobody calls `finish`. The next one is, too, before its disk wakes up.
    checks(Keeper(clock, None, journal, DiskWorker(), Unwritten(place)), 1)
    disk = DiskWorker()
    checks(Keeper(clock, None, journal, disk, Unwritten(place)), 1, 2)
    disk.finish()
    assert [one["missed"] for one in last_receipts(journal.folder, 10)] == [0, 4, 0]
    assert Unwritten(place).left == 0


@pytest.mark.parametrize("content", [b"", b"-1", b"1 ", b"9" * 30, b"\xff\0"])
def test_what_is_no_number_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "unwritten").write_bytes(content)
    assert Unwritten(tmp_path / "unwritten").left == 0


def test_a_folder_that_takes_nothing_holds_nobody_up(tmp_path: Path) -> None:
    (tmp_path / "unwritten").mkdir()
    count = Unwritten(tmp_path / "unwritten")
    count.receipt(count.check())
    assert count.left == 0
    assert Unwritten(tmp_path / "none" / "unwritten").check() == 1
