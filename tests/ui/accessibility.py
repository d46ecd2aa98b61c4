"""What people with other eyes see of a frame; `python -m tests.ui.accessibility` prints figures.

Contrast is WCAG 2.2's. Colour vision is simulated after Machado, Oliveira and Fernandes, "A
Physiologically-based Model for Simulation of Color Vision Deficiency" (2009), at full severity, on
linear RGB. Differences of colours are CIE76 in L*a*b* (D65). Sizes are angles at the eye.
"""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Final

import pygame

from tests.ui.frames import KINDS
from ui.flow import Canvas
from ui.layout import lay_out
from ui.ops import Picture, Text
from ui.paint import Fonts, Painter
from ui.screen import Family
from ui.theme import (
    BODY,
    FOOTNOTE,
    HEADLINE,
    NEXT_STEP,
    THEMES,
    Theme,
    contrast,
    luminance,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ui.ops import Colour
    from ui.screen import Screen

SIZES: Final = ((800, 480), (1280, 800), (1080, 1920))

MACHADO: Final = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
"""Rows of the matrices for severity 1.0."""

PANELS: Final = {
    '7" 800×480': (800, 480, 86.0),
    '10.1" 1280×800': (1280, 800, 136.0),
    '21.5" 1920×1080': (1920, 1080, 268.0),
}
"""Displays: pixels and the height of the picture in millimetres."""
CAPITAL: Final = 0.7
"""Height of PT Sans's capitals as a share of the size of type."""


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _encoded(channel: float) -> float:
    channel = min(1.0, max(0.0, channel))
    return 12.92 * channel if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055


def seen(colour: Colour, kind: str) -> Colour:
    """A colour as somebody with that kind of colour vision sees it."""
    linear = [_linear(channel / 255) for channel in colour]
    red, green, blue = (
        round(255 * _encoded(sum(a * b for a, b in zip(row, linear, strict=True))))
        for row in MACHADO[kind]
    )
    return red, green, blue


def lab(colour: Colour) -> tuple[float, float, float]:
    """L*, a*, b* of an sRGB colour (CIE 1976, white D65)."""
    red, green, blue = (_linear(channel / 255) for channel in colour)
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = luminance(colour)
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883

    def curve(value: float) -> float:
        return value ** (1 / 3) if value > 216 / 24389 else (24389 / 27 * value + 16) / 116

    return 116 * curve(y) - 16, 500 * (curve(x) - curve(y)), 200 * (curve(y) - curve(z))


def difference(one: Colour, other: Colour) -> float:
    """Distance of two colours in L*a*b*; 2.3 is just noticeable, 10 is seen at a glance."""
    return math.dist(lab(one), lab(other))


def simulated(theme: Theme) -> dict[str, float]:
    """For each kind of colour vision the least difference of two verdicts' colours."""
    colours = [theme.verdict(family) for family in Family]
    pairs = [(a, b) for at, a in enumerate(colours) for b in colours[at + 1 :]]
    found = {"usual": min(difference(a, b) for a, b in pairs)}
    for kind in MACHADO:
        found[kind] = min(difference(seen(a, kind), seen(b, kind)) for a, b in pairs)
    return found


def grounds(surface: pygame.Surface, op: Text) -> set[Colour]:
    """The colours behind a text, of a frame that was painted without texts."""
    box = op.box
    columns = range(max(0, box.x), min(surface.get_width(), box.right), 3)
    rows = range(max(0, box.y), min(surface.get_height(), box.bottom), 3)
    found = (surface.get_at((x, y)) for x in columns for y in rows)
    return {(colour.r, colour.g, colour.b) for colour in found}


def contrasts(
    screen: Screen, size: tuple[int, int], theme: Theme, fonts: Fonts
) -> Iterator[tuple[Text, float]]:
    """Each text of a rendered frame with its least contrast to what is behind it."""
    ops = lay_out(screen, size, theme, fonts.measure)
    surface = pygame.Surface(size)
    Painter(surface, fonts).paint(tuple(op for op in ops if not isinstance(op, Text | Picture)))
    for op in ops:
        if isinstance(op, Text):
            yield op, min(contrast(op.colour, ground) for ground in grounds(surface, op))


def least_contrasts(theme: Theme, fonts: Fonts) -> dict[str, tuple[float, str]]:
    """For each kind of frame the least contrast of a text at any size, and that text."""
    found = {}
    for name, screen in KINDS.items():
        every = [pair for size in SIZES for pair in contrasts(screen, size, theme, fonts)]
        op, least = min(every, key=lambda pair: pair[1])
        found[name] = (least, op.text)
    return found


def angle(fraction: float, panel: tuple[int, int, float], metres: float) -> float:
    """Height of capitals of a size of type at the eye, in minutes of arc."""
    width, height, high = panel
    unit = Canvas(width, height, next(iter(THEMES.values())), lambda *_: (0, 0)).unit
    millimetres = CAPITAL * fraction * unit * high / height
    return math.degrees(math.atan(millimetres / (1000 * metres))) * 60


def main() -> None:
    """Print all figures."""
    os.environ["SDL_VIDEODRIVER"] = "dummy"
    pygame.display.init()
    pygame.display.set_mode((1, 1))
    fonts = Fonts()
    for theme in THEMES.values():
        print(f"theme {theme.name}: least contrast of a text")
        for name, (least, text) in least_contrasts(theme, fonts).items():
            print(f"  {name:28} {least:5.1f}  {text}")
        print("  least difference of two verdicts' colours")
        for kind, apart in simulated(theme).items():
            print(f"  {kind:28} {apart:5.1f}")
    print("height of capitals, minutes of arc, at 0.5, 1 and 2 m")
    for name, panel in PANELS.items():
        for what, size in (
            ("headline", HEADLINE),
            ("next step", NEXT_STEP),
            ("body", BODY),
            ("footer", FOOTNOTE),
        ):
            angles = "  ".join(f"{angle(size, panel, far):5.1f}" for far in (0.5, 1.0, 2.0))
            print(f"  {name:18} {what:10} {angles}")


if __name__ == "__main__":
    main()
