"""Contact sheets: every frame in its place, and a tour that lacks one is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pygame
import pytest

from kiosk.demo.contact import SHEETS, write_sheets
from kiosk.demo.scenes import TOUR
from ui.errors import UiError
from ui.sheet import write_sheet

if TYPE_CHECKING:
    from pathlib import Path


def _frame(path: Path, colour: tuple[int, int, int]) -> Path:
    surface = pygame.Surface((160, 100))
    surface.fill(colour)
    pygame.image.save(surface, path)
    return path


def test_frames_stand_in_rows(tmp_path: Path) -> None:
    colours = [(200, 0, 0), (0, 200, 0), (0, 0, 200)]
    frames = [(f"f{n}", _frame(tmp_path / f"{n}.png", one)) for n, one in enumerate(colours)]
    write_sheet(frames, tmp_path / "sheet.png", columns=2, width=80)
    sheet = pygame.image.load(tmp_path / "sheet.png")
    assert sheet.get_size() == (2 * 80 + 3 * 24, 2 * (50 + 34) + 3 * 24)
    places = [(24 + 40, 24 + 25), (24 + 80 + 24 + 40, 24 + 25), (24 + 40, 24 + 84 + 24 + 25)]
    assert [tuple(sheet.get_at(place))[:3] for place in places] == colours


def test_what_cannot_be_put_together_is_told(tmp_path: Path) -> None:
    with pytest.raises(UiError, match="needs frames"):
        write_sheet([], tmp_path / "sheet.png", columns=2, width=80)
    with pytest.raises(UiError, match="cannot be read"):
        write_sheet([("a", tmp_path / "a.png")], tmp_path / "sheet.png", columns=2, width=80)
    frame = _frame(tmp_path / "a.png", (1, 2, 3))
    with pytest.raises(UiError, match="cannot write"):
        write_sheet([("a", frame)], tmp_path / "none" / "sheet.png", columns=2, width=80)


def test_a_tour_that_lacks_a_frame_is_told(tmp_path: Path) -> None:
    with pytest.raises(UiError, match="the tour has no frame insured-chip-idle, "):
        write_sheets(tmp_path)


def test_the_sheets_are_of_scenes_that_there_are() -> None:
    scenes = {scene.name for _, part in TOUR for scene in part}
    for names in SHEETS.values():
        assert len(set(names)) == len(names)
        for name in names:
            assert any(name.startswith(f"{scene}-") for scene in scenes), name
