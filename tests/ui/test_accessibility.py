"""Contrast of rendered frames, colours for colour-blind people, sizes from a distance."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pygame
import pytest

from tests.ui.accessibility import (
    MACHADO,
    PANELS,
    SIZES,
    angle,
    contrasts,
    difference,
    lab,
    seen,
    simulated,
)
from tests.ui.frames import KINDS
from ui.ops import Box
from ui.paint import Fonts, Painter
from ui.screen import Family, ListState
from ui.shapes import list_dot, verdict
from ui.theme import BODY, HEADLINE, THEMES, Theme

if TYPE_CHECKING:
    from collections.abc import Iterator

_THEMES = pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)


@pytest.fixture(scope="module")
def fonts() -> Iterator[Fonts]:
    """The type face, on a display that nobody sees."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_VIDEODRIVER", "dummy")
        pygame.display.init()
        pygame.display.set_mode((1, 1))
        yield Fonts()
        pygame.display.quit()


@_THEMES
@pytest.mark.parametrize("name", KINDS)
def test_every_text_of_every_frame_can_be_read(name: str, theme: Theme, fonts: Fonts) -> None:
    for size in SIZES:
        found = list(contrasts(KINDS[name], size, theme, fonts))
        assert found
        assert not [(op.text, least) for op, least in found if least < 7.0]


@_THEMES
def test_verdicts_stay_apart_for_every_kind_of_colour_vision(theme: Theme) -> None:
    found = simulated(theme)
    assert set(found) == {"usual", *MACHADO}
    assert min(found.values()) > 10


def test_the_simulation_is_the_published_one() -> None:
    # Grey has no hue to lose; red and green come near each other for the red- and green-blind.
    for kind in MACHADO:
        assert difference(seen((128, 128, 128), kind), (128, 128, 128)) < 1
    red, green = (200, 60, 40), (110, 120, 30)
    for kind in ("protanopia", "deuteranopia"):
        assert difference(seen(red, kind), seen(green, kind)) < difference(red, green) / 2
    assert lab((255, 255, 255)) == pytest.approx((100.0, 0.0, 0.0), abs=0.02)
    assert lab((255, 0, 0)) == pytest.approx((53.2, 80.1, 67.2), abs=0.2)


def _mask(paint: Painter, surface: pygame.Surface, ops: tuple[object, ...]) -> pygame.mask.Mask:
    surface.fill((0, 0, 0))
    paint.paint(ops)  # type: ignore[arg-type]
    return pygame.mask.from_threshold(surface, (255, 255, 255), (127, 127, 127))


def _shared(one: pygame.mask.Mask, other: pygame.mask.Mask) -> float:
    common = one.overlap_area(other, (0, 0))
    return common / (one.count() + other.count() - common)


def test_verdicts_and_list_ages_differ_without_any_colour(fonts: Fonts) -> None:
    surface = pygame.Surface((200, 200))
    paint = Painter(surface, fonts)
    white, black = (255, 255, 255), (0, 0, 0)
    verdicts = [
        _mask(paint, surface, tuple(verdict(family, (100.0, 100.0), 160.0, white, black)))
        for family in Family
    ]
    ages = [
        _mask(paint, surface, tuple(list_dot(state, Box(20, 20, 160, 160), white, black)))
        for state in ListState
    ]
    for masks in (verdicts, ages):
        assert all(mask.count() for mask in masks)
        for one, other in itertools.combinations(masks, 2):
            assert _shared(one, other) < 0.9


@pytest.mark.parametrize("panel", PANELS)
def test_sizes_from_a_distance(panel: str) -> None:
    # ISO 9241-303, 5.5.4: capitals of at least 16 minutes of arc, better 20 to 22.
    assert angle(HEADLINE, PANELS[panel], 1.0) >= 20
    assert angle(BODY, PANELS[panel], 0.5) >= 16
