"""The sleeping screen: by the hour, awake at once, a panel that cannot be switched."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import pytest

from drivers.events import Device
from kiosk.backlight import AWAKE_SECONDS, Backlight, Darkness
from kiosk.config import ConfigError, parse
from kiosk.config_sections import ScreenSection
from kiosk.states import DeviceState, Reading, Session
from kiosk.times import within
from tests.kiosk.running import running, until

if TYPE_CHECKING:
    from pathlib import Path

WAITING: Final = Session({Device.READER: DeviceState()})
READING: Final = replace(WAITING, state=Reading("reader", 10.0, 20.0))
NIGHT: Final = datetime(2026, 11, 24, 23, 0).astimezone()
DAY: Final = NIGHT - timedelta(hours=11)


def test_it_sleeps_by_the_hour_and_wakes_with_a_person() -> None:
    darkness = Darkness(ScreenSection(dark_from="21:00", dark_until="07:00"))
    assert not darkness.sleeps(WAITING, DAY, 0.0)
    assert darkness.sleeps(WAITING, NIGHT, 100.0)
    assert not darkness.sleeps(READING, NIGHT, 200.0)
    assert not darkness.sleeps(WAITING, NIGHT, 200.0 + AWAKE_SECONDS - 1)
    assert darkness.sleeps(WAITING, NIGHT, 200.0 + AWAKE_SECONDS)
    darkness.touched(300.0)
    assert not darkness.sleeps(WAITING, NIGHT, 300.0)


def test_without_hours_it_never_sleeps() -> None:
    assert not Darkness(ScreenSection()).sleeps(WAITING, NIGHT, 1e9)


@pytest.mark.parametrize(
    ("at", "begin", "end", "inside"),
    [
        ("22:00", "22:00", "06:00", True),
        ("05:59", "22:00", "06:00", True),
        ("06:00", "22:00", "06:00", False),
        ("12:00", "22:00", "06:00", False),
        ("13:00", "13:00", "14:00", True),
        ("14:00", "13:00", "14:00", False),
        ("13:00", "13:00", "13:00", False),
        ("13:00", "", "", False),
    ],
)
def test_hours_over_midnight(at: str, begin: str, end: str, *, inside: bool) -> None:
    assert within(datetime.fromisoformat(f"2026-11-24T{at}").time(), begin, end) is inside


@pytest.mark.parametrize(
    ("screen", "message"),
    [
        ({"dark_from": "9 pm", "dark_until": "07:00"}, "dark_from: '9 pm' is not a time of day"),
        ({"dark_from": "24:00", "dark_until": "07:00"}, "dark_from: '24:00'"),
        ({"dark_from": "21:00"}, "give both, or neither"),
    ],
)
def test_hours_that_are_none_are_named(screen: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse({"screen": screen})


def reads(file: Path, power: str) -> None:
    """Wait until it does."""
    until(lambda: file.read_text() == power)


def test_the_panels_light_follows(tmp_path: Path) -> None:
    files = [tmp_path / name / "bl_power" for name in ("10-0045", "panel")]
    for file in files:
        file.parent.mkdir()
        file.write_text("")
    backlight = Backlight(tmp_path)

    with running(backlight):
        reads(files[0], "0")
        backlight.switch(off=True)
        reads(files[1], "4")
        backlight.switch(off=False)
        reads(files[1], "0")
        backlight.switch(off=True)
        reads(files[1], "4")
    # A kiosk that ends leaves a screen that can be seen.
    assert [file.read_text() for file in files] == ["0", "0"]


def _is_done(backlight: Backlight, off: bool) -> bool:
    return backlight._done is off


def test_a_light_that_cannot_be_switched_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "panel" / "bl_power").mkdir(parents=True)
    backlight = Backlight(tmp_path)

    with running(backlight):
        for off in (True, False, True):
            backlight.switch(off=off)
            until(partial(_is_done, backlight, off))
    assert [one.getMessage() for one in caplog.records] == [
        "panel: its backlight stays on: errno 21"
    ]


def test_a_machine_without_a_panel_has_nothing_to_switch(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backlight = Backlight(tmp_path / "none")
    with running(backlight):
        backlight.switch(off=True)
        until(partial(_is_done, backlight, True))
    assert not caplog.records
    assert not list(tmp_path.iterdir())
