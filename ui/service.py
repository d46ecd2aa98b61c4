"""The technicians' page: a line for each thing, with a mark before it, and the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ui import shapes
from ui.buttons import button
from ui.flow import Canvas, Stack, Style, fitted
from ui.footer import footer_top
from ui.ops import Box, Op, Rect, Role
from ui.screen import Outcome
from ui.theme import BODY, NEXT_STEP

if TYPE_CHECKING:
    from ui.screen import Service, ServiceLine

_RING: Final = 0.088
_LABELS: Final = 0.38
"""Share of the width that labels take."""


def place_service(canvas: Canvas, screen: Service) -> list[Op]:
    """The page without its footer."""
    theme = canvas.theme
    margin = canvas.px(0.06)
    page = Box(0, 0, canvas.w, footer_top(canvas)).inset(margin, round(0.7 * margin))
    foot_h = max(canvas.px(0.1), screen.touch_px)
    foot = Box(page.x, page.bottom - foot_h, page.w, foot_h)
    ring = canvas.px(_RING)
    title = Stack(canvas, page.w, 1.0).add(
        screen.title, Style(NEXT_STEP, theme.ink, Role.BOLD, leading=1.15)
    )
    top = page.y + title.height + canvas.px(0.02)
    rows = Box(page.x, top, page.w, foot.y - canvas.px(0.02) - top)
    width = round((0.4 if canvas.portrait else 0.22) * page.w)
    place = Box(foot.right - ring, foot.y + (foot.h - ring) // 2, ring, ring)
    return [
        *title.place(page.x, page.y),
        *_lines(canvas, rows, screen.lines),
        *button(canvas, foot._replace(w=width), screen.close, "close"),
        *shapes.countdown_ring(canvas, place, screen.countdown, (theme.ink, theme.line)),
    ]


def _lines(canvas: Canvas, box: Box, lines: tuple[ServiceLine, ...]) -> list[Op]:
    """All lines, as large as they fit."""

    def build(scale: float) -> tuple[bool, list[Op]]:
        ops: list[Op] = []
        y, fits = box.y, True
        for line in lines:
            placed, y, whole = _line(canvas, box._replace(y=y), line, scale)
            ops += placed
            fits = fits and whole
        return fits and y <= box.bottom, ops

    return fitted(build)


def _line(canvas: Canvas, box: Box, line: ServiceLine, scale: float) -> tuple[list[Op], int, bool]:
    theme = canvas.theme
    pad, hair = canvas.px(0.009, scale), max(1, canvas.px(0.00125))
    side = canvas.px(0.034, scale)
    left = box.x + side + canvas.px(0.02)
    value_x = box.x + round(_LABELS * box.w)
    label = Stack(canvas, value_x - canvas.px(0.02) - left, scale)
    label.add(line.label, Style(BODY, theme.ink_soft, leading=1.2))
    value = Stack(canvas, box.right - value_x, scale)
    value.add(line.value, Style(BODY, theme.ink, Role.BOLD, leading=1.2))
    height = max(label.height, value.height)
    ops: list[Op] = [
        *label.place(left, box.y + pad),
        *value.place(value_x, box.y + pad),
    ]
    if line.outcome is not None:
        first = round(1.2 * canvas.text_px(BODY, scale))
        mark = Box(box.x, box.y + pad + (first - side) // 2, side, side)
        bad = line.outcome is Outcome.FAIL
        colour = theme.differs if bad else theme.accent
        ops += shapes.outcome(line.outcome, mark, colour, theme.paper)
    bottom = box.y + height + 2 * pad
    ops.append(Rect(Box(box.x, bottom, box.w, hair), theme.line))
    return ops, bottom + hair, label.fits and value.fits
