"""The technicians' page: a line for each thing, with a mark before it, and the way out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from ui import shapes
from ui.buttons import button
from ui.flow import Canvas, Stack, Style, fitted
from ui.footer import footer_top
from ui.ops import Box, Op, Rect, Role
from ui.screen import Outcome
from ui.table import Part
from ui.theme import BODY, NEXT_STEP
from ui.turning import Inks, Piece, place_turning

if TYPE_CHECKING:
    from ui.screen import Service, ServiceLine

_RING: Final = 0.088
_LABELS: Final = 0.38
"""Share of the width that labels take."""
_LARGE_LABELS: Final = 0.44
_TITLE: Final = 0.85
"""Scale of the title above larger words, which need the room more."""


def place_service(canvas: Canvas, screen: Service) -> list[Op]:
    """The page without its footer."""
    theme = canvas.theme
    margin = canvas.px(0.06)
    page = Box(0, 0, canvas.w, footer_top(canvas)).inset(margin, round(0.7 * margin))
    foot_h = max(canvas.px(0.1), screen.touch_px)
    foot = Box(page.x, page.bottom - foot_h, page.w, foot_h)
    ring = canvas.px(_RING)
    title = Stack(canvas, page.w, _TITLE if canvas.text > 1 else 1.0).add(
        screen.title, Style(NEXT_STEP, theme.ink, Role.BOLD, leading=1.15)
    )
    top = page.y + title.height + canvas.px(0.02)
    rows = Box(page.x, top, page.w, foot.y - canvas.px(0.02) - top)
    width = round((0.4 if canvas.portrait else 0.22) * page.w)
    place = Box(foot.right - ring, foot.y + (foot.h - ring) // 2, ring, ring)
    marks = foot._replace(w=place.x - canvas.px(0.03) - foot.x, h=(foot.h + canvas.px(0.026)) // 2)
    return [
        *title.place(page.x, page.y),
        *_lines(canvas, rows, screen, marks),
        *button(canvas, foot._replace(w=width), screen.close, "close"),
        *shapes.countdown_ring(canvas, place, screen.countdown, (theme.ink, theme.line)),
    ]


def _lines(canvas: Canvas, box: Box, screen: Service, marks: Box) -> list[Op]:
    """All lines, as large as they fit; large ones in turn, what is bad first."""
    bad = [line.outcome is Outcome.FAIL for line in screen.lines]
    lines = list(zip(screen.lines, bad, strict=True))
    if canvas.text > 1:
        lines.sort(key=lambda pair: not pair[1])
    inks = Inks(canvas.theme.ink, canvas.theme.muted)

    def build(scale: float) -> tuple[bool, list[Op]]:
        pieces = [Piece(partial(_line, canvas, line, scale), is_bad) for line, is_bad in lines]
        part = place_turning(canvas, box, pieces, screen.countdown, inks, marks)
        return part.fits, part.ops

    return fitted(build)


def _line(canvas: Canvas, line: ServiceLine, scale: float, box: Box) -> Part:
    theme = canvas.theme
    pad, hair = canvas.px(0.009, scale), max(1, canvas.px(0.00125))
    side = canvas.px(0.034, scale * canvas.text)
    indent = side + canvas.px(0.02)
    part = _words(canvas, line, scale, box._replace(y=box.y + pad), indent)
    if line.outcome is not None:
        first = round(1.2 * canvas.text_px(BODY, scale))
        mark = Box(box.x, box.y + pad + (first - side) // 2, side, side)
        bad = line.outcome is Outcome.FAIL
        colour = theme.differs if bad else theme.accent
        part.ops += shapes.outcome(line.outcome, mark, colour, theme.paper)
    part.bottom += pad
    part.ops.append(Rect(Box(box.x, part.bottom, box.w, hair), theme.line))
    part.bottom += hair
    return part


def _words(canvas: Canvas, line: ServiceLine, scale: float, page: Box, indent: int) -> Part:
    """Label and value in their columns; of larger words some behind or below each other.

    That takes fewer lines than a label in a narrow column.
    """
    share = _LABELS if canvas.text == 1 else _LARGE_LABELS
    gap = canvas.px(0.02)
    box = page._replace(x=page.x + indent, w=page.w - indent)
    soft = Style(BODY, canvas.theme.ink_soft, leading=1.2)
    strong = Style(BODY, canvas.theme.ink, Role.BOLD, leading=1.2)
    x, y = page.x + round(share * page.w), box.y
    label = Stack(canvas, x - gap - box.x, scale).add(line.label, soft)
    if canvas.text > 1 and label.height > round(1.2 * canvas.text_px(BODY, scale)):
        label = Stack(canvas, box.w, scale).add(line.label, soft)
        x = box.x + label.width + gap
        if Stack(canvas, box.w, scale).add(line.value, strong).width > box.right - x:
            x, y = box.x, y + label.height
    value = Stack(canvas, box.right - x, scale).add(line.value, strong)
    ops: list[Op] = [*label.place(box.x, box.y), *value.place(x, y)]
    bottom = max(box.y + label.height, y + value.height)
    return Part(ops, bottom, label.fits and value.fits)
