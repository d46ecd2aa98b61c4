"""The registrar's frame for who wants larger words.

What must be read first keeps its place and grows: verdict, reason, next step, name, birth date,
photo. The rest is shown in turn, differences and failed checks first.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from ui import shapes
from ui.flow import Canvas, Stack, Style
from ui.ops import Box, Op, Rect, Role
from ui.registrar_page import place_photo, unbroken
from ui.screen import Fact, Outcome
from ui.table import Part, above, cell_styles
from ui.theme import (
    FOOTNOTE,
    REGISTRAR_BODY,
    REGISTRAR_HEADLINE,
    REGISTRAR_NAME,
    REGISTRAR_NEXT,
)
from ui.turning import Inks, Piece, place_turning

if TYPE_CHECKING:
    from ui.screen import CheckLine, Comparison, RegistrarResult

_FIRST: Final = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.PASS)
_TITLES: Final = 0.44
"""Largest share of the width that labels and titles take."""
_PAD: Final = 0.006
"""Above and below a row, as a fraction of the unit."""
_SILENT: Final = frozenset({"", "—"})
_PHOTO: Final = 0.9
"""Size of the photo beside the largest words, as a part of the usual one."""


@dataclass(frozen=True, slots=True)
class _Region:
    """Where something is laid out, at which scale."""

    canvas: Canvas
    screen: RegistrarResult
    scale: float

    def px(self, fraction: float) -> int:
        return self.canvas.px(fraction, self.scale)

    def em(self, size: float) -> int:
        return self.canvas.text_px(size, self.scale)

    def stack(self, width: int) -> Stack:
        return Stack(self.canvas, width, self.scale)


def place_large_band(canvas: Canvas, screen: RegistrarResult, box: Box, scale: float) -> Part:
    """Shape, countdown, headline, reason and next step; the other notes and checks in turn."""
    region = _Region(canvas, screen, scale)
    white, colour = canvas.theme.on_verdict, canvas.theme.verdict(screen.family)
    side = canvas.px(0.08)
    centre = (box.x + side / 2, box.y + side / 2)
    ring = Box(box.right - side, box.y, side, side)
    track = shapes.between(white, colour)
    ops = [
        *shapes.verdict(screen.family, centre, side, white, colour),
        *shapes.countdown_ring(canvas, ring, screen.countdown, (white, track)),
    ]
    bold = Style(REGISTRAR_HEADLINE, white, Role.BOLD, leading=1.14, balance=True)
    head = unbroken(canvas, box.w, (screen.headline,), bold, scale)
    y = box.y + side + canvas.px(0.01)
    ops += head.place(box.x, y)
    y += head.height + canvas.px(0.01)
    bold = Style(REGISTRAR_NEXT, white, Role.BOLD, leading=1.18)
    step = unbroken(canvas, box.w, (screen.next_step,), bold, scale)
    plain = Style(REGISTRAR_BODY, white, leading=1.18)
    room = Box(box.x, y, box.w, box.bottom - step.height - canvas.px(0.02) - y)
    first = _words(region, plain, screen.notes[0] if screen.notes else "", room)
    room = room._replace(y=first.bottom, h=room.bottom - first.bottom)
    rest = place_turning(canvas, room, _said(region, plain), screen.countdown, Inks(white, white))
    fits = head.fits and step.fits and first.fits and rest.fits and rest.bottom <= room.bottom
    ops = above([*ops, *first.ops], room.bottom)
    ops += step.place(box.x, box.bottom - step.height)
    return Part([*ops, *rest.ops], box.bottom, fits)


def _said(region: _Region, style: Style) -> list[Piece]:
    """Failed checks, further notes, the other checks, and how the verdict is known."""
    screen = region.screen
    checks = sorted(screen.checks, key=lambda check: _FIRST.index(check.outcome))
    failed = sum(check.outcome is Outcome.FAIL for check in checks)
    pieces = [Piece(partial(_check, region, style, one)) for one in checks]
    said = (*screen.notes[1:], screen.how_known)
    *notes, known = (Piece(partial(_words, region, style, text)) for text in said)
    return [*pieces[:failed], *notes, *pieces[failed:], known]


def _words(region: _Region, style: Style, text: str, box: Box) -> Part:
    if not text:
        return Part([], box.y)
    words = region.stack(box.w).add(text, style)
    bottom = box.y + words.height + region.px(0.008)
    return Part([*words.place(box.x, box.y)], bottom, words.fits)


def _check(region: _Region, style: Style, check: CheckLine, box: Box) -> Part:
    size = region.em(0.82 * style.size)
    indent = size + region.canvas.px(0.018)
    line = round(style.leading * region.em(style.size))
    part = _words(region, style, check.text, box._replace(x=box.x + indent, w=box.w - indent))
    place = Box(box.x, box.y + (line - size) // 2, size, size)
    ground = region.canvas.theme.verdict(region.screen.family)
    part.ops += shapes.outcome(check.outcome, place, style.colour, ground)
    return part


def place_large_page(canvas: Canvas, screen: RegistrarResult, box: Box, scale: float) -> Part:
    """Photo, name and birth date; what is compared, and further numbers, in turn."""
    region = _Region(canvas, screen, scale)
    theme = canvas.theme
    smaller = canvas.given_way(_PHOTO)
    photo = Part([], box.y)
    beside = box
    if screen.photo is not None or screen.photo_expected:
        photo, width = place_photo(canvas, screen, box, smaller)
        beside = box._replace(w=box.w - width - canvas.px(0.03))
    name = _name(region, beside.w)
    lift = canvas.px(0.012)
    ops = [*photo.ops, *name.place(box.x, box.y - lift)]
    y = box.y - lift + name.height + region.px(0.008)
    birth = _fact(region, screen.facts[0], beside._replace(y=y)) if screen.facts else Part([], y)
    y = max(photo.bottom + canvas.px(0.015), birth.bottom)
    rest = box._replace(y=y, h=box.bottom - y)
    inks = Inks(theme.ink, theme.muted)
    turning = place_turning(canvas, rest, _compared(region), screen.countdown, inks)
    fits = name.fits and birth.fits and turning.fits and turning.bottom <= box.bottom
    return Part([*ops, *birth.ops, *turning.ops], box.bottom, fits)


def _name(region: _Region, width: int) -> Stack:
    """Surname and names on a line each, if slightly smaller ones are."""
    canvas, screen = region.canvas, region.screen
    style = Style(REGISTRAR_NAME, canvas.theme.ink, Role.BOLD, leading=1.14)
    texts = (screen.surname, screen.names)
    for tighter in (1.0, 0.94, 0.88, 0.82):
        stack = Stack(canvas, width, region.scale * tighter)
        for text in texts:
            stack.add(text, style)
        line = style.leading * canvas.text_px(style.size, region.scale * tighter)
        if stack.height < 2.5 * line:
            return stack
    return unbroken(canvas, width, texts, style, region.scale)


def _compared(region: _Region) -> list[Piece]:
    """Rows that differ, further facts, what is said of the photo, the other rows."""
    screen, soft = region.screen, region.canvas.theme.ink_soft
    rows = [Piece(partial(_row, region, row), row.differs) for row in screen.comparisons]
    caption = Style(REGISTRAR_BODY, soft, leading=1.2)
    facts = [Piece(partial(_fact, region, fact)) for fact in screen.facts[1:]]
    return [
        *(row for row in rows if row.differs),
        *facts,
        Piece(partial(_words, region, caption, screen.photo_caption)),
        *(row for row in rows if not row.differs),
        *_insurer(region, Style(FOOTNOTE, soft, leading=1.22)),
    ]


def _insurer(region: _Region, style: Style) -> list[Piece]:
    return [Piece(partial(_words, region, style, line)) for line in region.screen.insurer_lines]


def _fact(region: _Region, fact: Fact, box: Box) -> Part:
    """A label and its value beside it, or below it where the column is narrow."""
    label, value = cell_styles(region.canvas)
    px = region.em(REGISTRAR_BODY)
    gap = region.px(0.02)
    left = region.canvas.measure(fact.label, label.role, px)[0] + gap
    right = region.canvas.measure(fact.value, value.role, px)[0]
    pad = region.px(_PAD)
    name = region.stack(box.w).add(fact.label, label)
    if left + right <= box.w:
        words = region.stack(box.w - left).add(fact.value, value)
        ops = [*name.place(box.x, box.y + pad), *words.place(box.x + left, box.y + pad)]
        bottom = box.y + 2 * pad + max(name.height, words.height)
    else:
        words = region.stack(box.w).add(fact.value, value)
        ops = [*name.place(box.x, box.y + pad), *words.place(box.x, box.y + pad + name.height)]
        bottom = box.y + 2 * pad + name.height + words.height
    return _ruled(region, Part([*ops], bottom, name.fits and words.fits), box)


def _ruled(region: _Region, part: Part, box: Box) -> Part:
    """With a hairline below it."""
    hair = max(1, region.canvas.px(0.00125))
    line: Op = Rect(Box(box.x, part.bottom, box.w, hair), region.canvas.theme.line)
    return Part([*part.ops, line], part.bottom + hair, part.fits)


def _row(region: _Region, row: Comparison, box: Box) -> Part:
    """What is compared, and below it what each source says of it.

    What all of them say alike is said once; of what is not compared, who is silent is left out.
    """
    theme = region.canvas.theme
    mark = region.em(0.028)
    indent = mark + region.px(0.01) if row.differs or row.same else 0
    inner = box._replace(x=box.x + indent, w=box.w - indent)
    said = _said_of(region.screen, row)
    alike = row.same and len({text for _, text in said}) == 1
    if alike:
        part = _fact(region, Fact(row.label, said[0][1]), inner)
    else:
        part = _sources(region, row, said, inner)
    style, _ = cell_styles(region.canvas)
    line = round(style.leading * region.em(style.size))
    top = box.y + region.px(_PAD)
    if row.differs:
        centre = (box.x + mark / 2, top + line / 2)
        part.ops += shapes.diamond(centre, mark / 2, theme.differs)
    elif row.same:
        place = Box(box.x, top + (line - mark) // 2, mark, mark)
        part.ops += shapes.outcome(Outcome.PASS, place, theme.accent, theme.paper)
    return part


def _said_of(screen: RegistrarResult, row: Comparison) -> list[tuple[str, str]]:
    """Sources of a row by their titles, and what each says."""
    said = [(screen.document_title, row.document), (screen.register_title, row.register)]
    if screen.fund_title:
        said.append((screen.fund_title, row.fund))
    spoken = [one for one in said if one[1] not in _SILENT]
    return said if row.differs or not spoken else spoken


def _sources(region: _Region, row: Comparison, said: list[tuple[str, str]], box: Box) -> Part:
    """A row's label, and below it a line for each source."""
    canvas = region.canvas
    label, value = cell_styles(canvas)
    strong = Style(label.size, canvas.theme.ink, label.role, label.leading)
    marked = Style(value.size, canvas.theme.differs, value.role, value.leading)
    top = box.y + region.px(_PAD)
    name = region.stack(box.w).add(row.label, strong)
    part = Part([*name.place(box.x, top)], top + name.height, name.fits)
    px = region.em(label.size)
    widths = [canvas.measure(title, label.role, px)[0] for title, _ in said]
    first = min(max(widths) + region.px(0.02), round(_TITLES * box.w))
    for index, (title, text) in enumerate(said):
        look = marked if row.differs and not index else value
        head = region.stack(first - region.px(0.01)).add(title, label)
        words = region.stack(box.w - first).add(text, look)
        part.ops += [*head.place(box.x, part.bottom), *words.place(box.x + first, part.bottom)]
        part.bottom += max(head.height, words.height)
        part.fits = part.fits and head.fits and words.fits
    part.bottom += region.px(_PAD)
    return _ruled(region, part, box)
