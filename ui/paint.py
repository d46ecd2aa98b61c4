"""Paints operations onto a pygame surface, with anti-aliased shapes and hinted text."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from pathlib import Path
from typing import Final

import pygame

from ui.errors import FontError
from ui.ops import (
    Box,
    Disc,
    Op,
    Picture,
    Point,
    Polygon,
    Rect,
    Role,
    RoundRect,
    Stroke,
    Text,
    Zone,
    bounds,
)

FONT_FILES: Final = {
    Role.REGULAR: (
        Path("/usr/share/fonts/truetype/paratype/PTS55F.ttf"),
        Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
    ),
    Role.BOLD: (
        Path("/usr/share/fonts/truetype/paratype/PTS75F.ttf"),
        Path("/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"),
    ),
}
"""PT Sans (fonts-paratype), then DejaVu Sans (fonts-dejavu-core)."""

_FINE: Final = 4
"""Shapes are drawn this many times larger and averaged: 16 grey steps at an edge."""
_SHAPES_KEPT: Final = 96
_FONTS_KEPT: Final = 48


class Fonts:
    """The type faces, opened when first needed, one per cut and size."""

    def __init__(self) -> None:
        """Choose the files; pygame's font module must not be initialised yet or already be.

        Raises:
            FontError: neither PT Sans nor DejaVu Sans is installed.
        """
        self._paths = {role: _first_existing(paths) for role, paths in FONT_FILES.items()}
        self._open: OrderedDict[tuple[Role, int], pygame.font.Font] = OrderedDict()
        pygame.font.init()

    def get(self, role: Role, px: int) -> pygame.font.Font:
        """The face of a cut at an em of `px` pixels."""
        key = (role, px)
        font = self._open.get(key)
        if font is None:
            font = self._open[key] = pygame.font.Font(self._paths[role], px)
            if len(self._open) > _FONTS_KEPT:
                self._open.popitem(last=False)
        else:
            self._open.move_to_end(key)
        return font

    def measure(self, text: str, role: Role, px: int) -> tuple[int, int]:
        """Advance width and line height in pixels: the `Measure` of the layout."""
        return self.get(role, px).size(text)


def _first_existing(paths: tuple[Path, ...]) -> Path:
    for path in paths:
        if path.is_file():
            return path
    raise FontError(
        f"no font at {' or '.join(map(str, paths))}: install fonts-paratype or fonts-dejavu-core"
    )


class Painter:
    """Paints onto one surface; shapes are kept, texts and photos never outlive the call."""

    def __init__(self, surface: pygame.Surface, fonts: Fonts) -> None:
        """Paint onto `surface` with `fonts`."""
        self._surface = surface
        self._fonts = fonts
        self._shapes: OrderedDict[Op, pygame.Surface] = OrderedDict()

    def paint(self, ops: tuple[Op, ...], within: Box | None = None) -> None:
        """Paint a frame, or the part of it that `within` covers."""
        self._surface.set_clip(within)
        try:
            for op in ops:
                if within is None or bounds(op).overlaps(within):
                    self._paint(op)
        finally:
            self._surface.set_clip(None)

    def _paint(self, op: Op) -> None:
        match op:
            case Rect():
                self._surface.fill(op.colour, op.box)
            case RoundRect():
                self._round_rect(op)
            case Disc() | Polygon() | Stroke():
                self._surface.blit(self._shape(op), bounds(op)[:2])
            case Text():
                self._text(op)
            case Picture():
                self._picture(op)
            case Zone():
                pass

    def _text(self, op: Text) -> None:
        glyphs = self._fonts.get(op.role, op.px).render(op.text, True, op.colour)  # noqa: FBT003
        above = (op.box.h - glyphs.get_height()) // 2
        self._surface.blit(glyphs, (op.box.x, op.box.y + above))

    def _round_rect(self, op: RoundRect) -> None:
        """Filled middle and four quarters of a small disc: cheap at any size."""
        x, y, w, h = op.box
        r = min(op.radius, w // 2, h // 2)
        fill = self._surface.fill
        fill(op.colour, (x + r, y, w - 2 * r, h))
        fill(op.colour, (x, y + r, w, h - 2 * r))
        if r == 0:
            return
        disc = self._shape(Disc((r + 1, r + 1), r, op.colour))
        for right in (False, True):
            for low in (False, True):
                corner = (x + (w - r if right else 0), y + (h - r if low else 0))
                self._surface.blit(disc, corner, (1 + right * r, 1 + low * r, r, r))

    def _shape(self, op: Disc | Polygon | Stroke) -> pygame.Surface:
        kept = self._shapes.get(op)
        if kept is None:
            kept = self._shapes[op] = _smooth(op)
            if len(self._shapes) > _SHAPES_KEPT:
                self._shapes.popitem(last=False)
        else:
            self._shapes.move_to_end(op)
        return kept

    def _picture(self, op: Picture) -> None:
        width, height = op.image.width, op.image.height
        image = pygame.image.frombuffer(op.image.rgb, (width, height), "RGB")
        scale = max(op.box.w / width, op.box.h / height)
        # Faces are in the upper part: what overhangs is cut at the sides and at the foot.
        scaled = pygame.transform.smoothscale(
            image, (max(op.box.w, round(width * scale)), max(op.box.h, round(height * scale)))
        )
        cut = ((scaled.get_width() - op.box.w) // 2, 0, op.box.w, op.box.h)
        self._surface.blit(scaled, op.box[:2], cut)


def _smooth(op: Disc | Polygon | Stroke) -> pygame.Surface:
    """A shape on a transparent surface of the size of its bounds."""
    box = bounds(op)
    large = pygame.Surface((box.w * _FINE, box.h * _FINE), pygame.SRCALPHA)
    # Transparent pixels carry the colour too: averaging then changes the coverage only.
    large.fill((*op.colour, 0))
    colour = (*op.colour, 255)

    def fine(point: Point) -> Point:
        return (point[0] - box.x) * _FINE, (point[1] - box.y) * _FINE

    match op:
        case Disc():
            pygame.draw.circle(large, colour, fine(op.centre), op.radius * _FINE)
        case Polygon():
            points = [fine(point) for point in op.points]
            pygame.draw.polygon(large, colour, points)
            if op.rounding:
                _stroke(large, colour, [*points, points[0]], op.rounding * _FINE)
        case Stroke():
            _stroke(large, colour, [fine(point) for point in op.points], op.width * _FINE / 2)
    return pygame.transform.smoothscale(large, (box.w, box.h))


def _stroke(
    surface: pygame.Surface, colour: tuple[int, ...], points: list[Point], reach: float
) -> None:
    for point in points:
        pygame.draw.circle(surface, colour, point, reach)
    for (ax, ay), (bx, by) in itertools.pairwise(points):
        length = ((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5
        if length:
            nx, ny = (by - ay) / length * reach, (ax - bx) / length * reach
            corners = [
                (ax + nx, ay + ny),
                (bx + nx, by + ny),
                (bx - nx, by - ny),
                (ax - nx, ay - ny),
            ]
            pygame.draw.polygon(surface, colour, corners)
