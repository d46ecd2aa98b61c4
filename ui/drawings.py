"""Drawings of what people should do, from vectors: sharp at every size, in the theme's colours."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ui.ops import Box, Colour, Disc, Op, Point, Polygon, RoundRect, Stroke
from ui.screen import Drawing
from ui.shapes import arc

if TYPE_CHECKING:
    from ui.theme import Theme


@dataclass(frozen=True, slots=True)
class Pen:
    """Maps a unit square onto the largest square in the middle of a box."""

    box: Box
    theme: Theme
    active: bool = True
    """False: everything in one muted colour."""

    @property
    def side(self) -> float:
        """Side of the square in pixels."""
        return float(min(self.box.w, self.box.h))

    @property
    def ink(self) -> Colour:
        """Colour of outlines."""
        return self.theme.ink if self.active else self.theme.muted

    @property
    def accent(self) -> Colour:
        """Colour of what moves."""
        return self.theme.accent if self.active else self.theme.muted

    @property
    def fill(self) -> Colour:
        """Colour of things."""
        return self.theme.card if self.active else self.theme.paper

    def at(self, x: float, y: float) -> Point:
        """A point of the unit square in pixels."""
        left = self.box.x + (self.box.w - self.side) / 2
        top = self.box.y + (self.box.h - self.side) / 2
        return left + x * self.side, top + y * self.side

    def plate(self, x: float, y: float, w: float, h: float, radius: float) -> list[Op]:
        """A thing with an outline."""
        line = max(2, round(0.024 * self.side))
        outer = self._box(x, y, w, h)
        r = round(radius * self.side)
        inner = RoundRect(outer.inset(line, line), max(0, r - line), self.fill)
        return [RoundRect(outer, r, self.ink), inner]

    def block(self, x: float, y: float, w: float, h: float, radius: float) -> Op:
        """A filled block."""
        return RoundRect(self._box(x, y, w, h), round(radius * self.side), self.ink)

    def line(self, colour: Colour, *points: Point, width: float = 0.026) -> Op:
        """A line through points of the unit square."""
        return Stroke(tuple(self.at(x, y) for x, y in points), width * self.side, colour)

    def _box(self, x: float, y: float, w: float, h: float) -> Box:
        left, top = self.at(x, y)
        right, bottom = self.at(x + w, y + h)
        return Box(round(left), round(top), round(right) - round(left), round(bottom) - round(top))


def draw(drawing: Drawing, box: Box, theme: Theme, *, active: bool = True) -> list[Op]:
    """A drawing in the middle of a box."""
    pen = Pen(box, theme, active)
    match drawing:
        case Drawing.CARD_INTO_SLOT:
            return _card_into_slot(pen)
        case Drawing.CODE_TO_WINDOW:
            return _code_to_window(pen)
        case Drawing.TURN_CARD:
            return _turn_card(pen)
        case Drawing.WRONG_CARD:
            return _wrong_card(pen)
        case Drawing.KEYPAD:
            return _keypad(pen)


def _card_into_slot(pen: Pen) -> list[Op]:
    """The card upright, chip at its lower end, above the slot that it goes into."""
    card = pen.plate(0.29, 0.01, 0.42, 0.62, 0.05)
    lines = [
        pen.line(pen.ink, (0.38, 0.12), (0.62, 0.12)),
        pen.line(pen.ink, (0.38, 0.20), (0.53, 0.20)),
    ]
    arrow = [
        pen.line(pen.accent, (0.5, 0.685), (0.5, 0.81), width=0.038),
        pen.line(pen.accent, (0.44, 0.755), (0.5, 0.815), (0.56, 0.755), width=0.038),
    ]
    reader = pen.plate(0.12, 0.87, 0.76, 0.12, 0.04)
    slot = pen.block(0.25, 0.912, 0.5, 0.036, 0.018)
    return [*card, *lines, *_chip(pen, 0.41, 0.415), *arrow, *reader, slot]


def _chip(pen: Pen, x: float, y: float) -> list[Op]:
    """A contact plate: an outline, crossed by the gaps between its contacts."""
    w, h, gap = 0.18, 0.145, 0.018
    left, middle, right = x + gap, x + w / 2, x + w - gap
    rows = (y + h * 0.36, y + h * 0.64)
    gaps = [
        pen.line(pen.ink, (left, rows[0]), (middle, rows[0]), width=0.014),
        pen.line(pen.ink, (left, rows[1]), (middle, rows[1]), width=0.014),
        pen.line(pen.ink, (middle, y + h / 2), (right, y + h / 2), width=0.014),
        pen.line(pen.ink, (middle, y + gap), (middle, y + h - gap), width=0.014),
    ]
    return [*pen.plate(x, y, w, h, 0.032), *gaps]


_CODE = ("1110111", "1010101", "1110111", "0001010", "1110110", "1010011", "1110101")
"""Modules of the drawn code: looks like one, says nothing."""


def _code_to_window(pen: Pen) -> list[Op]:
    """A phone or sheet with a code, facing the scanner's window."""
    sheet = pen.plate(0.04, 0.12, 0.46, 0.76, 0.06)
    module = 0.038
    left, top = 0.27 - 3.5 * module, 0.46 - 3.5 * module
    code = [
        pen.block(left + column * module, top + row * module, module, module, 0)
        for row, cells in enumerate(_CODE)
        for column, cell in enumerate(cells)
        if cell == "1"
    ]
    caption = pen.line(pen.ink, (0.18, 0.72), (0.36, 0.72))
    beams = [
        pen.line(pen.accent, (0.585, 0.36), (0.71, 0.40), width=0.034),
        pen.line(pen.accent, (0.585, 0.50), (0.71, 0.50), width=0.034),
        pen.line(pen.accent, (0.585, 0.64), (0.71, 0.60), width=0.034),
    ]
    scanner = pen.plate(0.79, 0.27, 0.17, 0.46, 0.05)
    window = pen.block(0.835, 0.36, 0.06, 0.28, 0.03)
    return [*sheet, *code, caption, *beams, *scanner, window]


def _turn_card(pen: Pen) -> list[Op]:
    """The card with its chip, and arrows around it."""
    card = pen.plate(0.19, 0.315, 0.62, 0.39, 0.05)
    lines = [
        pen.line(pen.ink, (0.53, 0.45), (0.71, 0.45)),
        pen.line(pen.ink, (0.53, 0.54), (0.65, 0.54)),
    ]
    turns: list[Op] = []
    for start, end in ((210.0, 330.0), (30.0, 150.0)):
        way = arc((0.5, 0.51), 0.455, start, end)
        turns.append(pen.line(pen.accent, *way, width=0.038))
        turns.append(_arrow_head(pen, way[-1], end + 80))
    return [*card, *_chip(pen, 0.265, 0.42), *lines, *turns]


def _arrow_head(pen: Pen, tip: Point, direction: float) -> Op:
    barbs = []
    for turn in (145, -145):
        angle = math.radians(direction + turn)
        barbs.append((tip[0] + 0.085 * math.cos(angle), tip[1] + 0.085 * math.sin(angle)))
    return pen.line(pen.accent, barbs[0], tip, barbs[1], width=0.038)


def _wrong_card(pen: Pen) -> list[Op]:
    """A bank-like card with a cross on it."""
    card = pen.plate(0.06, 0.20, 0.84, 0.54, 0.06)
    stripe = pen.block(0.06, 0.31, 0.84, 0.10, 0)
    lines = [
        pen.line(pen.ink, (0.16, 0.53), (0.46, 0.53)),
        pen.line(pen.ink, (0.16, 0.62), (0.34, 0.62)),
    ]
    badge = pen.theme.not_insured if pen.active else pen.theme.muted
    rim = Disc(pen.at(0.76, 0.70), 0.205 * pen.side, pen.theme.panel)
    disc = Disc(pen.at(0.76, 0.70), 0.175 * pen.side, badge)
    cross = [
        pen.line(pen.theme.on_verdict, (0.695, 0.635), (0.825, 0.765), width=0.05),
        pen.line(pen.theme.on_verdict, (0.695, 0.765), (0.825, 0.635), width=0.05),
    ]
    return [*card, stripe, *lines, rim, disc, *cross]


def _keypad(pen: Pen) -> list[Op]:
    """Four rows of keys below a field; the one that is pressed has the colour of what moves."""
    field = pen.plate(0.14, 0.06, 0.72, 0.20, 0.04)
    typed = [pen.line(pen.ink, (x, 0.16), (x + 0.05, 0.16)) for x in (0.24, 0.35, 0.46)]
    keys: list[Op] = []
    for row in range(3):
        for column in range(3):
            centre = pen.at(0.24 + 0.26 * column, 0.41 + 0.22 * row)
            pressed = (row, column) == (1, 1)
            keys.append(Disc(centre, 0.085 * pen.side, pen.accent if pressed else pen.ink))
            if not pressed:
                keys.append(Disc(centre, 0.061 * pen.side, pen.fill))
    return [*field, *typed, *keys]


def pause(box: Box, theme: Theme) -> list[Op]:
    """Out of service for now: two bars in a circle."""
    pen = Pen(box, theme)
    ring = Disc(pen.at(0.5, 0.5), 0.5 * pen.side, theme.ink_soft)
    hole = Disc(pen.at(0.5, 0.5), 0.46 * pen.side, theme.panel)
    bars = [pen.line(theme.ink_soft, (x, 0.34), (x, 0.66), width=0.10) for x in (0.39, 0.61)]
    return [ring, hole, *bars]


def silhouette(box: Box, theme: Theme) -> list[Op]:
    """Head and shoulders, where no photo can be shown."""
    cx, side = box.x + box.w / 2, float(box.w)
    head = Disc((cx, box.y + 0.48 * box.h), 0.185 * side, theme.silhouette)
    reach = 0.335 * side
    top = box.y + 0.685 * box.h
    shoulders = tuple(
        (cx + reach * x, max(top, min(float(box.bottom), top + reach * (1 + y))))
        for x, y in arc((0.0, 0.0), 1.0, 180, 360)
    )
    foot = ((cx + reach, float(box.bottom)), (cx - reach, float(box.bottom)))
    return [head, Polygon(shoulders + foot, theme.silhouette)]
