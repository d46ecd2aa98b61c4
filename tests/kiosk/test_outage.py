"""Since when nothing works: the same after a restart, and forgotten when something does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from drivers.events import Device
from kiosk.outage import Outage, place
from kiosk.states import DeviceState, Session
from tests.kiosk.cases import IN_1970, NOON, TODAY

if TYPE_CHECKING:
    from pathlib import Path

    from kiosk.clock import Moment

WORKS = Session({Device.READER: DeviceState()})
STOPPED = Session({Device.READER: DeviceState(70.0, "unplugged")})
"""Half a minute before second 100."""
BEGAN = NOON - timedelta(seconds=30)


def later(**time: float) -> Moment:
    """A moment after noon."""
    return replace(TODAY, local=NOON + timedelta(**time))


def test_an_outage_goes_on_over_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "out-of-service"
    assert Outage(path).since(STOPPED, TODAY, 100.0) == BEGAN
    # Another process counts from its own loss, and its own monotonic clock.
    again = Outage(path)
    assert again.since(STOPPED, later(hours=3), 71.0) == BEGAN
    assert again.since(WORKS, later(hours=4), 5000.0) is None
    assert not list(tmp_path.iterdir())
    assert Outage(path).since(STOPPED, later(hours=5), 70.0) == later(hours=5).local


def test_a_kiosk_that_works_again_after_a_restart_forgets(tmp_path: Path) -> None:
    path = tmp_path / "out-of-service"
    Outage(path).since(STOPPED, TODAY, 100.0)
    assert Outage(path).since(WORKS, later(hours=1), 100.0) is None
    assert not path.exists()


def test_nothing_is_forgotten_before_all_devices_have_said_how_they_are(tmp_path: Path) -> None:
    path = tmp_path / "out-of-service"
    Outage(path).since(STOPPED, TODAY, 100.0)
    again = Outage(path)
    assert again.since(WORKS, later(hours=1), 1.0, settled=False) is None
    assert again.since(STOPPED, later(hours=1), 100.0, settled=False) == BEGAN


def test_the_beginning_stays_while_it_lasts(tmp_path: Path) -> None:
    outage = Outage(tmp_path / "out-of-service")
    for seconds in (0, 10, 5000):
        moment = later(seconds=seconds)
        assert outage.since(STOPPED, moment, 100.0 + seconds) == BEGAN


@pytest.mark.parametrize("content", [b"", b"yesterday", b"\xff" * 900, b"2026-11-22T09:00:00"])
def test_a_spoilt_file_is_none(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "out-of-service"
    path.write_bytes(content)
    assert Outage(path).since(STOPPED, TODAY, 100.0) == BEGAN


def test_a_time_that_is_yet_to_come_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "out-of-service"
    Outage(path).since(STOPPED, later(days=30), 100.0)
    assert Outage(path).since(STOPPED, TODAY, 100.0) == BEGAN


def test_a_wrong_clock_keeps_nothing(tmp_path: Path) -> None:
    Outage(tmp_path / "out-of-service").since(STOPPED, IN_1970, 100.0)
    assert not list(tmp_path.iterdir())


def test_without_a_folder_it_still_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for outage in (Outage(), Outage(tmp_path / "nowhere" / "out-of-service")):
        assert outage.since(STOPPED, TODAY, 100.0) == BEGAN
        assert outage.since(WORKS, TODAY, 100.0) is None
    monkeypatch.setenv("KIOSK_STATE", str(tmp_path))
    assert place() == tmp_path / "config" / "out-of-service"
