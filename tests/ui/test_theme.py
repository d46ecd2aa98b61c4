"""Colours: contrast of every pair that is drawn, distance between verdicts."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from ui.screen import Family
from ui.theme import THEMES, Pair, contrast, luminance, pairs

if TYPE_CHECKING:
    from ui.ops import Colour

_PAIRS = [
    pytest.param(pair, id=f"{name}: {pair.what}")
    for name, theme in THEMES.items()
    for pair in pairs(theme)
]

# Viénot, Brettel and Mollon 1999 (protan, deutan) and a common tritan matrix, on linear RGB.
_VISIONS = {
    "protanopia": ((0.11238, 0.88762, 0), (0.11238, 0.88762, 0), (0.00401, -0.00401, 1)),
    "deuteranopia": ((0.29275, 0.70725, 0), (0.29275, 0.70725, 0), (-0.02234, 0.02234, 1)),
    "tritanopia": ((1, 0.1446, -0.1446), (0, 0.8592, 0.1408), (0, 0.8592, 0.1408)),
}


@pytest.mark.parametrize("pair", _PAIRS)
def test_contrast(pair: Pair) -> None:
    assert contrast(pair.colour, pair.ground) >= pair.needed


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param((0, 0, 0), (255, 255, 255), 21.0, id="black and white"),
        pytest.param((255, 255, 255), (0, 0, 0), 21.0, id="order does not matter"),
        pytest.param((118, 118, 118), (255, 255, 255), 4.54, id="the grey that just passes AA"),
        pytest.param((9, 9, 9), (9, 9, 9), 1.0, id="equal"),
    ],
)
def test_contrast_formula(one: Colour, other: Colour, expected: float) -> None:
    assert contrast(one, other) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("vision", _VISIONS)
@pytest.mark.parametrize("theme", THEMES)
def test_verdicts_stay_apart(theme: str, vision: str) -> None:
    seen = [_seen(THEMES[theme].verdict(family), vision) for family in Family]
    for one, other in itertools.combinations(seen, 2):
        distance = sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5
        # Of 441; the shapes are what tells verdicts apart for everybody.
        assert distance >= 25


def _seen(colour: Colour, vision: str) -> tuple[float, ...]:
    linear = [(channel / 255) ** 2.2 for channel in colour]
    mixed = (sum(w * c for w, c in zip(row, linear, strict=True)) for row in _VISIONS[vision])
    return tuple(255 * max(0.0, value) ** (1 / 2.2) for value in mixed)


def test_themes_are_bright_and_dark() -> None:
    assert luminance(THEMES["light"].paper) > 0.8
    assert luminance(THEMES["dark"].paper) < 0.02
