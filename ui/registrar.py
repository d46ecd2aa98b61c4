"""The registrar's frame: the verdict with its checks, and beside it everything to be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ui import shapes
from ui.drawings import silhouette
from ui.flow import Canvas, Stack, Style, fitted
from ui.footer import footer_top
from ui.ops import Box, Colour, Op, Picture, Rect, Role, RoundRect
from ui.theme import (
    REGISTRAR_BAND,
    REGISTRAR_BODY,
    REGISTRAR_HEADLINE,
    REGISTRAR_NAME,
    REGISTRAR_NEXT,
)

if TYPE_CHECKING:
    from ui.screen import Comparison, RegistrarResult


@dataclass(slots=True)
class _Part:
    """Operations laid out from the top of a region, and the row where they end."""

    ops: list[Op]
    bottom: int
    fits: bool = True


def place_registrar(canvas: Canvas, screen: RegistrarResult) -> list[Op]:
    """The registrar's frame without its footer."""
    bottom = footer_top(canvas)
    margin = canvas.px(0.045)
    if canvas.portrait:
        band = Box(0, 0, canvas.w, round(0.42 * bottom))
        page = Box(0, band.h, canvas.w, bottom - band.h)
    else:
        band = Box(0, 0, round(canvas.w * REGISTRAR_BAND), bottom)
        page = Box(band.w, 0, canvas.w - band.w, bottom)
    band_ops = fitted(
        lambda scale: _whole(_band(canvas, screen, band.inset(margin, margin), scale))
    )
    page_ops = fitted(
        lambda scale: _whole(_page(canvas, screen, page.inset(margin, margin), scale))
    )
    return [
        Rect(band, canvas.theme.verdict(screen.family)),
        *_within(band_ops, bottom),
        *_within(page_ops, bottom),
    ]


def _whole(part: _Part) -> tuple[bool, list[Op]]:
    return part.fits, part.ops


def _within(ops: list[Op], bottom: int) -> list[Op]:
    """What an absurd amount of text pushes below the region is left out, never drawn over."""
    return [op for op in ops if not hasattr(op, "box") or op.box.bottom <= bottom]


def _band(canvas: Canvas, screen: RegistrarResult, box: Box, scale: float) -> _Part:
    theme = canvas.theme
    colour = theme.verdict(screen.family)
    icon = canvas.px(0.105)
    centre = (box.x + icon / 2, box.y + icon / 2)
    mark = shapes.verdict(screen.family, centre, icon, theme.on_verdict, colour)
    words = Stack(canvas, box.w, scale).add(
        screen.headline,
        Style(REGISTRAR_HEADLINE, theme.on_verdict, Role.BOLD, leading=1.14, balance=True),
    )
    for note in screen.notes:
        words.add(note, Style(REGISTRAR_BODY, theme.on_verdict, leading=1.2), 0.008)
    y = box.y + icon + canvas.px(0.02)
    below = y + words.height + canvas.px(0.03, scale)
    checks = _checks(canvas, screen, box._replace(y=below), scale)
    foot = _band_foot(canvas, screen, box, scale)
    fits = words.fits and checks.fits and foot.fits
    return _Part(
        [*mark, *words.place(box.x, y), *checks.ops, *foot.ops],
        box.bottom,
        fits and checks.bottom + canvas.px(0.025, scale) <= foot.bottom,
    )


def _checks(canvas: Canvas, screen: RegistrarResult, box: Box, scale: float) -> _Part:
    theme = canvas.theme
    style = Style(REGISTRAR_BODY, theme.on_verdict, leading=1.18)
    size = canvas.px(0.82 * REGISTRAR_BODY, scale)
    indent = size + canvas.px(0.018)
    line = round(style.leading * canvas.px(style.size, scale))
    part = _Part([], box.y)
    for check in screen.checks:
        words = Stack(canvas, box.w - indent, scale).add(check.text, style)
        place = Box(box.x, part.bottom + (line - size) // 2, size, size)
        colour = theme.verdict(screen.family)
        part.ops += shapes.outcome(check.outcome, place, theme.on_verdict, colour)
        part.ops += words.place(box.x + indent, part.bottom)
        part.bottom += max(words.height, line) + canvas.px(0.009, scale)
        part.fits = part.fits and words.fits
    return part


def _band_foot(canvas: Canvas, screen: RegistrarResult, box: Box, scale: float) -> _Part:
    """Next step, and below it the countdown and how the verdict is known; ends at the bottom.

    `bottom` of the part is the row where it begins: what stands above must end there.
    """
    theme = canvas.theme
    white, colour = theme.on_verdict, theme.verdict(screen.family)
    ring = canvas.px(0.075)
    left = box.x + ring + canvas.px(0.02)
    known = Stack(canvas, box.right - left, scale).add(
        screen.how_known, Style(REGISTRAR_BODY, white, leading=1.2)
    )
    bold = Style(REGISTRAR_NEXT, white, Role.BOLD, leading=1.18)
    step = _one_line(canvas, box.w, screen.next_step, bold, scale)
    row = max(ring, known.height)
    row_y = box.bottom - row
    step_y = row_y - canvas.px(0.02) - step.height
    place = Box(box.x, row_y + (row - ring) // 2, ring, ring)
    ops: list[Op] = [
        *step.place(box.x, step_y),
        *shapes.countdown_ring(canvas, place, screen.countdown, (white, _between(white, colour))),
        *known.place(left, row_y + (row - known.height) // 2),
    ]
    return _Part(ops, step_y, known.fits and step.fits)


def _one_line(canvas: Canvas, width: int, text: str, style: Style, scale: float) -> Stack:
    """A stack of one line if a slightly smaller size makes it one."""
    for tighter in (1.0, 0.94, 0.88, 0.82):
        stack = Stack(canvas, width, scale * tighter).add(text, style)
        if stack.height < 2 * canvas.px(style.size * style.leading, scale * tighter):
            return stack
    return Stack(canvas, width, scale).add(text, style)


def _between(one: Colour, other: Colour) -> Colour:
    """A quarter of one colour over the other."""
    red, green, blue = ((a + 3 * b) // 4 for a, b in zip(one, other, strict=True))
    return red, green, blue


def _page(canvas: Canvas, screen: RegistrarResult, box: Box, scale: float) -> _Part:
    photo = _photo(canvas, screen, box, scale)
    gap = canvas.px(0.045)
    narrow = box.w - (canvas.px(0.245) + gap if photo.ops else 0)
    person = _person(canvas, screen, box._replace(w=narrow), scale)
    below = max(photo.bottom, person.bottom)
    table = _table(canvas, screen, box._replace(y=below + canvas.px(0.03, scale)), scale)
    fits = photo.fits and person.fits and table.fits and table.bottom <= box.bottom
    return _Part([*photo.ops, *person.ops, *table.ops], table.bottom, fits)


def _photo(canvas: Canvas, screen: RegistrarResult, box: Box, scale: float) -> _Part:
    """The photo in the upper right corner with its caption, or a silhouette in its place."""
    if screen.photo is None and not screen.photo_caption:
        return _Part([], box.y)
    theme = canvas.theme
    w = canvas.px(0.245)
    frame = Box(box.right - w, box.y, w, canvas.px(0.30))
    line = max(1, canvas.px(0.0025))
    inner = frame.inset(line, line)
    radius = canvas.px(0.012)
    caption = Stack(canvas, w, scale).add(
        screen.photo_caption, Style(REGISTRAR_BODY, theme.ink_soft, leading=1.2)
    )
    caption_y = frame.bottom + canvas.px(0.012)
    ops: list[Op] = [
        RoundRect(frame, radius, theme.silhouette),
        RoundRect(inner, radius - line, theme.panel),
        *silhouette(inner, theme),
    ]
    if screen.photo is not None:
        ops.append(Picture(inner, screen.photo))
    ops += caption.place(frame.x, caption_y)
    return _Part(ops, caption_y + caption.height, caption.fits)


def _person(canvas: Canvas, screen: RegistrarResult, box: Box, scale: float) -> _Part:
    """Name, and the facts that are read out."""
    theme = canvas.theme
    name = Style(REGISTRAR_NAME, theme.ink, Role.BOLD, leading=1.14)
    words = _unbroken(canvas, box.w, (screen.surname, screen.names), name, scale)
    lift = canvas.px(0.012)
    part = _Part([*words.place(box.x, box.y - lift)], box.y - lift + words.height, words.fits)
    part.bottom += canvas.px(0.016, scale)
    label, value = _cell_styles(canvas)
    px = canvas.px(REGISTRAR_BODY, scale)
    widths = [canvas.measure(fact.label, label.role, px)[0] for fact in screen.facts]
    split = min(max(widths, default=0) + canvas.px(0.025), round(0.46 * box.w))
    for fact in screen.facts:
        cells = (
            (fact.label, label, box.x, split),
            (fact.value, value, box.x + split, box.w - split),
        )
        _row(canvas, part, box, cells, scale)
    return part


def _unbroken(
    canvas: Canvas, width: int, texts: tuple[str, ...], style: Style, scale: float
) -> Stack:
    """Paragraphs, smaller if that keeps the words of a long name whole."""
    stack = Stack(canvas, width, scale)
    for tighter in (1.0, 0.9, 0.8, 0.7, 0.6):
        stack = Stack(canvas, width, scale * tighter)
        for text in texts:
            stack.add(text, style)
        if not stack.broken:
            break
    return stack


def _table(canvas: Canvas, screen: RegistrarResult, box: Box, scale: float) -> _Part:
    """Document and register field by field; a diamond marks what differs."""
    part = _Part([], box.y)
    if not screen.comparisons:
        return part
    label, _ = _cell_styles(canvas)
    (_, _), (x1, w1), (x2, w2) = _columns(canvas, box)
    heads = ((screen.document_title, label, x1, w1), (screen.register_title, label, x2, w2))
    _row(canvas, part, box, heads, scale)
    for row in screen.comparisons:
        _comparison(canvas, part, box, row, scale)
    return part


def _columns(canvas: Canvas, box: Box) -> tuple[tuple[int, int], ...]:
    """Left edge and width of the table's three columns, in pixels."""
    gap = canvas.px(0.02)
    first, second = round(0.335 * box.w), round(0.33 * box.w)
    x1 = box.x + first
    x2 = x1 + second
    return (box.x, first - gap), (x1, second - gap), (x2, box.right - x2)


def _comparison(canvas: Canvas, part: _Part, box: Box, row: Comparison, scale: float) -> None:
    label, value = _cell_styles(canvas)
    (x0, w0), (x1, w1), (x2, w2) = _columns(canvas, box)
    mark = canvas.px(0.026, scale)
    indent = mark + canvas.px(0.008) if row.differs else 0
    marked = Style(value.size, canvas.theme.differs, value.role, value.leading)
    top = part.bottom
    cells = (
        (row.label, label, x0, w0),
        (row.document, marked if row.differs else value, x1 + indent, w1 - indent),
        (row.register, value, x2, w2),
    )
    _row(canvas, part, box, cells, scale)
    if row.differs:
        pad, line = _row_metrics(canvas, value, scale)
        centre = (x1 + mark / 2, top + pad + line / 2)
        part.ops += shapes.diamond(centre, mark / 2, canvas.theme.differs)


_Cell = tuple[str, Style, int, int]
"""Text, style, left edge and width in pixels."""


def _row(canvas: Canvas, part: _Part, box: Box, cells: tuple[_Cell, ...], scale: float) -> None:
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
    return canvas.px(0.0125, scale), round(style.leading * canvas.px(style.size, scale))


def _cell_styles(canvas: Canvas) -> tuple[Style, Style]:
    theme = canvas.theme
    label = Style(REGISTRAR_BODY, theme.ink_soft, leading=1.2)
    return label, Style(REGISTRAR_BODY, theme.ink, Role.BOLD, leading=1.2)
