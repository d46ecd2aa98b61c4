"""Draw operations: what a laid-out frame consists of, as frozen values in pixels.

A frame is a tuple of operations, painted first to last; the first fills the whole frame. Texts and
boxes stand on whole pixels, shapes may lie between them. Texts and pictures are personal data:
their `repr` shows sizes only.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ui.screen import Raster

Colour = tuple[int, int, int]
"""Red, green, blue, each 0 to 255."""

Point = tuple[float, float]


class Role(enum.Enum):
    """The two cuts of the type face."""

    REGULAR = enum.auto()
    BOLD = enum.auto()


class Box(NamedTuple):
    """A rectangle of whole pixels: left, top, width, height."""

    x: int
    y: int
    w: int
    h: int

    @property
    def right(self) -> int:
        """First column to the right of the box."""
        return self.x + self.w

    @property
    def bottom(self) -> int:
        """First row below the box."""
        return self.y + self.h

    def overlaps(self, other: Box) -> bool:
        """Whether the two share a pixel."""
        return (
            self.x < other.right
            and other.x < self.right
            and self.y < other.bottom
            and other.y < self.bottom
        )

    def inset(self, dx: int, dy: int) -> Box:
        """The box without `dx` columns left and right and `dy` rows above and below."""
        return Box(self.x + dx, self.y + dy, self.w - 2 * dx, self.h - 2 * dy)


@dataclass(frozen=True, slots=True)
class Rect:
    """A filled rectangle."""

    box: Box
    colour: Colour


@dataclass(frozen=True, slots=True)
class RoundRect:
    """A filled rectangle with round corners."""

    box: Box
    radius: int
    colour: Colour


@dataclass(frozen=True, slots=True)
class Disc:
    """A filled circle."""

    centre: Point
    radius: float
    colour: Colour


@dataclass(frozen=True, slots=True)
class Polygon:
    """A filled polygon, grown by `rounding` pixels on all sides, which rounds its corners."""

    points: tuple[Point, ...]
    colour: Colour
    rounding: float = 0.0


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line through the points, with round ends and joins; one point gives a dot."""

    points: tuple[Point, ...]
    width: float
    colour: Colour


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text: its advance width and its line height, in which it is centred."""

    box: Box
    text: str = field(repr=False)
    role: Role
    px: int
    colour: Colour


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo that covers the box, cropped at its sides and at its foot."""

    box: Box
    image: Raster


@dataclass(frozen=True, slots=True)
class Zone:
    """An invisible area that can be touched; `name` tells the kiosk what was meant."""

    box: Box
    name: str


Op = Rect | RoundRect | Disc | Polygon | Stroke | Text | Picture | Zone


def bounds(op: Op) -> Box:
    """All pixels that painting `op` can change."""
    match op:
        case Disc():
            return _around((op.centre,), op.radius)
        case Polygon():
            return _around(op.points, op.rounding)
        case Stroke():
            return _around(op.points, op.width / 2)
        case Text():
            # Glyphs reach a little out of their advance width and of a tight line.
            pad = op.px // 4 + 1
            return op.box.inset(-pad, -pad)
        case Rect() | RoundRect() | Picture() | Zone():
            return op.box


def _around(points: tuple[Point, ...], reach: float) -> Box:
    left = math.floor(min(x for x, _ in points) - reach) - 1
    top = math.floor(min(y for _, y in points) - reach) - 1
    right = math.ceil(max(x for x, _ in points) + reach) + 1
    bottom = math.ceil(max(y for _, y in points) + reach) + 1
    return Box(left, top, right - left, bottom - top)
