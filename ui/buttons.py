"""Buttons: outlined or filled, with a word or a sign; each is a zone of its whole size."""

from __future__ import annotations

import enum
from dataclasses import replace
from typing import TYPE_CHECKING

from ui.flow import Canvas, Stack, Style, fitted
from ui.ops import Box, Colour, Op, Point, Role, RoundRect, Stroke, Zone
from ui.theme import BODY

if TYPE_CHECKING:
    from collections.abc import Sequence


class Look(enum.Enum):
    """How much a button asks to be pressed."""

    PLAIN = enum.auto()
    FILLED = enum.auto()


def plate(canvas: Canvas, box: Box, zone: str, look: Look = Look.PLAIN) -> list[Op]:
    """The body of a button; its outline has the contrast of an icon."""
    theme = canvas.theme
    line = max(1, canvas.px(0.0025))
    radius = min(canvas.px(0.02), box.h // 3)
    filled = look is Look.FILLED
    return [
        RoundRect(box, radius, theme.ink if filled else theme.muted),
        RoundRect(box.inset(line, line), radius - line, theme.ink if filled else theme.tile),
        Zone(box, zone),
    ]


def ink_of(canvas: Canvas, look: Look) -> Colour:
    """The colour of what stands on a button."""
    return canvas.theme.paper if look is Look.FILLED else canvas.theme.ink


def button(
    canvas: Canvas,
    box: Box,
    text: str,
    zone: str,
    *,
    look: Look = Look.PLAIN,
    size: float = BODY,
    role: Role = Role.REGULAR,
) -> list[Op]:
    """A button with its words in the middle, which shrink until they fit."""
    style = Style(size, ink_of(canvas, look), role, leading=1.15, balance=True)
    pad = canvas.px(0.014)

    def build(scale: float) -> tuple[bool, Stack]:
        stack = Stack(canvas, box.w - 2 * pad, scale).add(text, style)
        return stack.fits and stack.height <= box.h - canvas.px(0.01), stack

    words = fitted(build)
    lines = words.place(box.x, box.y + max(0, (box.h - words.height) // 2), box.h)
    centred = [
        replace(line, box=line.box._replace(x=box.x + (box.w - line.box.w) // 2)) for line in lines
    ]
    return [*plate(canvas, box, zone, look), *centred]


def delete_key(canvas: Canvas, box: Box, zone: str) -> list[Op]:
    """The key that takes the last digit back: an arrow to the left with a cross in it."""
    side = 0.5 * min(box.h, box.w)
    middle = (box.x + box.w / 2, box.y + box.h / 2)

    def at(*points: Point) -> tuple[Point, ...]:
        return tuple((middle[0] + side * x, middle[1] + side * y) for x, y in points)

    ink, width = canvas.theme.ink, max(2.0, 0.075 * side)
    outline = ((-0.72, 0.0), (-0.30, -0.46), (0.68, -0.46), (0.68, 0.46), (-0.30, 0.46))
    return [
        *plate(canvas, box, zone),
        Stroke(at(*outline, outline[0]), width, ink),
        Stroke(at((0.0, -0.18), (0.36, 0.18)), width, ink),
        Stroke(at((0.0, 0.18), (0.36, -0.18)), width, ink),
    ]


def grid(box: Box, columns: int, rows: int, gap: int) -> list[Box]:
    """Equal boxes row by row, so that the last ones end where the box does."""
    xs = _edges(box.x, box.w, columns, gap)
    ys = _edges(box.y, box.h, rows, gap)
    return [Box(x, y, w, h) for y, h in ys for x, w in xs]


def _edges(start: int, length: int, count: int, gap: int) -> Sequence[tuple[int, int]]:
    room = length - gap * (count - 1)
    return [
        (start + room * one // count + gap * one, room * (one + 1) // count - room * one // count)
        for one in range(count)
    ]
