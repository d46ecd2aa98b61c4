"""What the screen says of a technician's stick."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from kiosk.stick_copy import COPY_NAME, VERIFY_NAME, Report, teller
from kiosk.stick_watch import SHOWN_SECONDS, StickChanged, StickStage, StickState, StickWatch

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_790_000_000.0


def write(folder: Path, name: str, content: str, at: float = NOW - 1) -> None:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    os.utime(path, (at, at))


def seen(folder: Path) -> list[StickChanged]:
    told: list[StickChanged] = []
    StickWatch(folder, clock=lambda: NOW).turn(told.append)
    return told


CASES: list[Any] = [
    ({"state": "copying", "bytes": 40, "of_bytes": 100}, "", StickState(StickStage.COPYING, 40)),
    ({"state": "copying", "bytes": 0, "of_bytes": 0}, "", StickState(StickStage.COPYING, 0)),
    ({"state": "copied"}, "", StickState(StickStage.VERIFYING)),
    ({"state": "copied"}, '{"outcome": "updated"}', StickState(StickStage.UPDATED)),
    ({"state": "copied"}, '{"outcome": "current"}', StickState(StickStage.CURRENT)),
    ({"state": "copied"}, '{"outcome": "refused"}', StickState(StickStage.REFUSED)),
    ({"state": "copied"}, '{"outcome": "failed"}', StickState(StickStage.REFUSED)),
    ({"state": "copied"}, '{"outco', StickState(StickStage.VERIFYING)),
    ({"state": "refused", "reason": "no-list"}, "", StickState(StickStage.REFUSED)),
]


@pytest.mark.parametrize(("copied", "said", "expected"), CASES)
def test_each_step_has_its_word(
    tmp_path: Path, copied: dict[str, Any], said: str, expected: StickState
) -> None:
    write(tmp_path, COPY_NAME, json.dumps(copied))
    write(tmp_path, VERIFY_NAME, said)
    assert seen(tmp_path) == [StickChanged(expected)]


def test_what_the_copying_writes_is_understood(tmp_path: Path) -> None:
    teller(tmp_path)(Report("copying", files=1, bytes=1, of_bytes=4))
    os.utime(tmp_path / COPY_NAME, (NOW, NOW))
    assert seen(tmp_path) == [StickChanged(StickState(StickStage.COPYING, 25))]


@pytest.mark.parametrize("content", ["", "[]", "rubbish", "[" * 50_000])
def test_nothing_is_said_of_rubbish(tmp_path: Path, content: str) -> None:
    write(tmp_path, COPY_NAME, content)
    assert seen(tmp_path) == []


@pytest.mark.parametrize("at", [NOW - SHOWN_SECONDS - 1, NOW + 1])
def test_a_stick_of_another_time_is_forgotten(tmp_path: Path, at: float) -> None:
    write(tmp_path, COPY_NAME, '{"state": "copied"}', at)
    assert seen(tmp_path) == []


def test_only_changes_are_told_and_the_end_is_one(tmp_path: Path) -> None:
    told: list[StickChanged] = []
    watch = StickWatch(tmp_path, clock=lambda: NOW)
    watch.turn(told.append)
    write(tmp_path, COPY_NAME, '{"state": "copied"}')
    watch.turn(told.append)
    watch.turn(told.append)
    (tmp_path / COPY_NAME).unlink()
    watch.turn(told.append)
    assert told == [StickChanged(StickState(StickStage.VERIFYING)), StickChanged(None)]
