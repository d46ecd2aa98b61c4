"""Rows of labelled values, and the table that compares a document with registers."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ui import shapes
from ui.flow import Canvas, Stack, Style
from ui.ops import Box, Op, Rect, Role, bounds
from ui.screen import Outcome
from ui.theme import REGISTRAR_BODY

if TYPE_CHECKING:
    from ui.screen import Comparison, RegistrarResult

_LABELS: Final = 0.22
"""Largest share of the width that labels take from three columns of values."""


@dataclass(slots=True)
class Part:
    """Operations laid out from the top of a region, and the row where they end."""

    ops: list[Op]
    bottom: int
    fits: bool = True


def above(ops: list[Op], row: int) -> list[Op]:
    """What an absurd amount of text pushes below `row` is left out, never drawn over."""
    boxes = ((op, op.box if hasattr(op, "box") else bounds(op)) for op in ops)
    return [op for op, box in boxes if box.bottom <= row]


Cell = tuple[str, Style, int, int]
"""Text, style, left edge and width in pixels."""


def add_row(canvas: Canvas, part: Part, box: Box, cells: tuple[Cell, ...], scale: float) -> None:
    """Append a row with a hairline below it."""
    pad, line = _row_metrics(canvas, cells[0][1], scale)
    height = line
    for text, style, x, width in cells:
        stack = Stack(canvas, width, scale).add(text, style)
        part.ops += stack.place(x, part.bottom + pad)
        part.fits = part.fits and stack.fits
        height = max(height, stack.height)
    part.bottom += height + 2 * pad
    hair = max(1, canvas.px(0.00125))
    part.ops.append(Rect(Box(box.x, part.bottom, box.w, hair), canvas.theme.line))
    part.bottom += hair


def _row_metrics(canvas: Canvas, style: Style, scale: float) -> tuple[int, int]:
    """Space above and below a row's text, and the height of its first line, in pixels."""
    return canvas.px(0.0125, scale), round(style.leading * canvas.text_px(style.size, scale))


def cell_styles(canvas: Canvas) -> tuple[Style, Style]:
    theme = canvas.theme
    label = Style(REGISTRAR_BODY, theme.ink_soft, leading=1.2)
    return label, Style(REGISTRAR_BODY, theme.ink, Role.BOLD, leading=1.2)


def place_table(canvas: Canvas, screen: RegistrarResult, box: Box, scale: float) -> Part:
    """Document, register and fund field by field; marks say what differs and what is equal."""
    part = Part([], box.y)
    if not screen.comparisons:
        return part
    label, _ = cell_styles(canvas)
    grid = _grid(canvas, screen, box, scale)
    titles = (screen.document_title, screen.register_title, screen.fund_title)
    heads = [(title, label, x, w) for title, (x, w) in zip(titles, grid.values, strict=False)]
    heads[0] = _indented(heads[0], grid.indent)
    add_row(canvas, part, box, tuple(heads), scale)
    for row in screen.comparisons:
        _comparison(canvas, part, grid, row, scale)
    return part


@dataclass(frozen=True, slots=True)
class _Grid:
    """The table's columns: left edge and width of each, in pixels."""

    box: Box
    label: tuple[int, int]
    values: tuple[tuple[int, int], ...]
    mark: int
    """Width of a mark."""
    indent: int
    """Where the document's values begin in their column, if marks of both kinds may stand there."""


def _grid(canvas: Canvas, screen: RegistrarResult, box: Box, scale: float) -> _Grid:
    gap = canvas.px(0.02)
    mark = canvas.text_px(0.026, scale)
    # Where no row can be called equal, only rows that differ make room for their mark.
    indent = mark + canvas.px(0.008) if any(row.same for row in screen.comparisons) else 0
    style, _ = cell_styles(canvas)
    px = canvas.text_px(style.size, scale)
    widths = [canvas.measure(row.label, style.role, px)[0] for row in screen.comparisons]
    if not screen.fund_title:
        first, second = round(0.335 * box.w), round(0.33 * box.w)
        x1 = box.x + first
        x2 = x1 + second
        two = ((x1, second - gap), (x2, box.right - x2))
        return _Grid(box, (box.x, first - gap), two, mark, indent)
    gap = canvas.px(0.02, scale)
    first = min(max(widths) + gap, round(_LABELS * box.w))
    share = (box.w - first - indent) / 3
    left = box.x + first
    edges = (left, *(left + indent + round(share * i) for i in (1, 2)), box.right + gap)
    values = tuple((x, end - gap - x) for x, end in itertools.pairwise(edges))
    return _Grid(box, (box.x, first - gap), values, mark, indent)


def _indented(cell: Cell, indent: int) -> Cell:
    text, style, x, width = cell
    return text, style, x + indent, width - indent


def _comparison(canvas: Canvas, part: Part, grid: _Grid, row: Comparison, scale: float) -> None:
    label, value = cell_styles(canvas)
    theme = canvas.theme
    marked = Style(value.size, theme.differs, value.role, value.leading)
    top = part.bottom
    indent = grid.indent or (grid.mark + canvas.px(0.008) if row.differs else 0)
    texts = (row.document, row.register, row.fund)
    cells = [(text, value, x, w) for text, (x, w) in zip(texts, grid.values, strict=False)]
    text, _, x, w = cells[0]
    cells[0] = _indented((text, marked if row.differs else value, x, w), indent)
    add_row(canvas, part, grid.box, ((row.label, label, *grid.label), *cells), scale)
    pad, line = _row_metrics(canvas, value, scale)
    if row.differs:
        centre = (x + grid.mark / 2, top + pad + line / 2)
        part.ops += shapes.diamond(centre, grid.mark / 2, theme.differs)
    elif row.same:
        place = Box(x, top + pad + (line - grid.mark) // 2, grid.mark, grid.mark)
        part.ops += shapes.outcome(Outcome.PASS, place, theme.accent, theme.paper)
