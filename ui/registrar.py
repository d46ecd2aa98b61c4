"""The registrar's frame: the verdict with its checks, and beside it everything to be compared."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ui import shapes
from ui.flow import STEPS, Canvas, Stack, Style
from ui.footer import footer_top
from ui.ops import Box, Op, Rect, Role
from ui.registrar_large import place_large_band, place_large_page
from ui.registrar_page import place_page, with_insurer
from ui.table import Part, above
from ui.theme import (
    REGISTRAR_BAND,
    REGISTRAR_BODY,
    REGISTRAR_HEADLINE,
    REGISTRAR_NEXT,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ui.screen import RegistrarResult

_PORTRAIT_BAND: Final = 0.42
_ROOMY: Final = tuple(step for step in STEPS if step >= 0.8)
"""Scales of the usual frame; below them it is laid out more tightly."""
_NARROWER: Final = (0.92,)
_WIDER: Final = (1.12, 1.24)
"""Shares of the band on a crowded frame that are tried in turn, as parts of the usual one."""
_LARGE_PARTS: Final = (1.0, 1.12, 1.24, 1.36)
"""The same for larger words."""
_HEADLINE_CROWDED: Final = 0.85
"""Scale of the headline beside its shape, below that of the notes."""
_INSURER_COSTS: Final = 0.82
"""What lines about the insurer may cost of the scale that the page has without them."""
_INSURER_PX: Final = 14
"""Body size in pixels below which those lines are left out."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """How the frame is divided, and what came of it."""

    share: float
    band: tuple[float, Part]
    """Scale, and what was laid out at it."""
    page: tuple[float, Part]
    crowded: bool

    @property
    def scale(self) -> float:
        return min(self.band[0], self.page[0])


def place_registrar(canvas: Canvas, screen: RegistrarResult) -> list[Op]:
    """The registrar's frame without its footer."""
    share = _PORTRAIT_BAND if canvas.portrait else REGISTRAR_BAND
    if canvas.text > 1:
        plan = max((_large(canvas, screen, share * part) for part in _LARGE_PARTS), key=_weight)
    else:
        plan = _roomy(canvas, screen, share) or _tight(canvas, screen, share)
    band, page = _regions(canvas, plan.share)
    part = plan.page[1]
    if canvas.text == 1:
        part = _insurer(canvas, screen, plan, _inner(canvas, page))
    bottom = footer_top(canvas)
    return [
        Rect(band, canvas.theme.verdict(screen.family)),
        *above(plan.band[1].ops, bottom),
        *above(part.ops, bottom),
    ]


def _roomy(canvas: Canvas, screen: RegistrarResult, share: float) -> _Plan | None:
    """The usual frame; None if its words would be too small."""
    band, page = (_inner(canvas, box) for box in _regions(canvas, share))

    def head(scale: float) -> Part:
        return _band(canvas, screen, band, scale, crowded=False)

    def body(scale: float) -> Part:
        return place_page(canvas, screen, page, scale)

    above = _largest(head, _ROOMY)
    if not above[1].fits:
        return None
    beside = _largest(body, _ROOMY)
    return _Plan(share, above, beside, crowded=False) if beside[1].fits else None


def _tight(canvas: Canvas, screen: RegistrarResult, usual: float) -> _Plan:
    """A crowded frame, divided so that the smaller of its words are as large as can be."""
    best = _crowded(canvas, screen, usual)
    parts = _WIDER if best.band[0] < best.page[0] else _NARROWER
    others = [_crowded(canvas, screen, usual * part) for part in parts]
    return max(best, *others, key=_weight)


def _large(canvas: Canvas, screen: RegistrarResult, share: float) -> _Plan:
    """A frame of larger words."""
    band, page = (_inner(canvas, box) for box in _regions(canvas, share))
    return _Plan(
        share,
        _largest(lambda scale: place_large_band(canvas, screen, band, scale), STEPS),
        _largest(lambda scale: place_large_page(canvas, screen, page, scale), STEPS),
        crowded=False,
    )


def _weight(plan: _Plan) -> tuple[float, float]:
    return plan.scale, plan.band[0] + plan.page[0]


def _regions(canvas: Canvas, share: float) -> tuple[Box, Box]:
    """Band and page, without margins."""
    bottom = footer_top(canvas)
    if canvas.portrait:
        band = Box(0, 0, canvas.w, round(share * bottom))
        return band, Box(0, band.h, canvas.w, bottom - band.h)
    band = Box(0, 0, round(canvas.w * share), bottom)
    return band, Box(band.w, 0, canvas.w - band.w, bottom)


def _inner(canvas: Canvas, box: Box) -> Box:
    margin = canvas.px(0.045)
    return box.inset(margin, margin)


def _crowded(canvas: Canvas, screen: RegistrarResult, share: float) -> _Plan:
    band, page = (_inner(canvas, box) for box in _regions(canvas, share))
    return _Plan(
        share,
        _largest(lambda scale: _band(canvas, screen, band, scale, crowded=True), STEPS),
        _largest(lambda scale: place_page(canvas, screen, page, scale, crowded=True), STEPS),
        crowded=True,
    )


def _largest(build: Callable[[float], Part], steps: tuple[float, ...]) -> tuple[float, Part]:
    """The largest scale at which a part fits, or the smallest, and the part.

    Halves the steps after the first, which builds a crowded frame five times and not fifteen.
    """
    built = {0: build(steps[0])}
    low, high = (0, 0) if built[0].fits else (1, len(steps) - 1)
    while low < high:
        middle = (low + high) // 2
        built[middle] = build(steps[middle])
        low, high = (low, middle) if built[middle].fits else (middle + 1, high)
    return steps[low], built.get(low) or build(steps[low])


def _insurer(canvas: Canvas, screen: RegistrarResult, plan: _Plan, box: Box) -> Part:
    """The page with as many lines about the insurer as cost little or nothing."""
    scale, page = plan.page
    least = max(_INSURER_COSTS * scale, _INSURER_PX / canvas.text_px(REGISTRAR_BODY))
    steps = tuple(step for step in STEPS if least <= step < scale)
    if not screen.insurer_lines:
        return page
    pages = functools.cache(
        lambda step: place_page(canvas, screen, box, step, crowded=plan.crowded)
    )
    for count in range(len(screen.insurer_lines), 0, -1):
        lines = screen.insurer_lines[:count]
        for step in (scale, *steps):
            part = with_insurer(canvas, pages(step), lines, box, step)
            if part.fits:
                return part
    return page


def _band(
    canvas: Canvas, screen: RegistrarResult, box: Box, scale: float, *, crowded: bool
) -> Part:
    head = _head(canvas, screen, box, scale, crowded=crowded)
    below = head.bottom + canvas.px(0.03, scale)
    checks = _checks(canvas, screen, box._replace(y=below), scale)
    foot = (_tight_foot if crowded else _band_foot)(canvas, screen, box, scale)
    fits = head.fits and checks.fits and foot.fits
    return Part(
        [*above([*head.ops, *checks.ops], foot.bottom), *foot.ops],
        box.bottom,
        fits and checks.bottom + canvas.px(0.025, scale) <= foot.bottom,
    )


def _head(
    canvas: Canvas, screen: RegistrarResult, box: Box, scale: float, *, crowded: bool
) -> Part:
    """Shape, headline and notes; on a crowded band the headline is smaller, beside the shape."""
    theme = canvas.theme
    icon = canvas.px(0.08 if crowded else 0.105)
    centre = (box.x + icon / 2, box.y + icon / 2)
    colour = theme.verdict(screen.family)
    mark = shapes.verdict(screen.family, centre, icon, theme.on_verdict, colour)
    bold = Style(REGISTRAR_HEADLINE, theme.on_verdict, Role.BOLD, leading=1.14, balance=True)
    plain = Style(REGISTRAR_BODY, theme.on_verdict, leading=1.2)
    if not crowded:
        words = Stack(canvas, box.w, scale).add(screen.headline, bold)
        for note in screen.notes:
            words.add(note, plain, 0.008)
        y = box.y + icon + canvas.px(0.02)
        return Part([*mark, *words.place(box.x, y)], y + words.height, words.fits)
    left = box.x + icon + canvas.px(0.025)
    title = Stack(canvas, box.right - left, scale * _HEADLINE_CROWDED).add(screen.headline, bold)
    title_y = box.y + max(0, (icon - title.height) // 2)
    y = max(box.y + icon, title_y + title.height) + canvas.px(0.012)
    notes = Stack(canvas, box.w, scale)
    for note in screen.notes:
        notes.add(note, plain, 0.012)
    ops = [*mark, *title.place(left, title_y), *notes.place(box.x, y)]
    return Part(ops, y + notes.height, title.fits and notes.fits)


def _checks(canvas: Canvas, screen: RegistrarResult, box: Box, scale: float) -> Part:
    theme = canvas.theme
    style = Style(REGISTRAR_BODY, theme.on_verdict, leading=1.18)
    size = canvas.text_px(0.82 * REGISTRAR_BODY, scale)
    indent = size + canvas.px(0.018)
    line = round(style.leading * canvas.text_px(style.size, scale))
    part = Part([], box.y)
    for check in screen.checks:
        words = Stack(canvas, box.w - indent, scale).add(check.text, style)
        place = Box(box.x, part.bottom + (line - size) // 2, size, size)
        colour = theme.verdict(screen.family)
        part.ops += shapes.outcome(check.outcome, place, theme.on_verdict, colour)
        part.ops += words.place(box.x + indent, part.bottom)
        part.bottom += max(words.height, line) + canvas.px(0.009, scale)
        part.fits = part.fits and words.fits
    return part


def _band_foot(canvas: Canvas, screen: RegistrarResult, box: Box, scale: float) -> Part:
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
    inks = white, shapes.between(white, colour)
    ops: list[Op] = [
        *step.place(box.x, step_y),
        *shapes.countdown_ring(canvas, place, screen.countdown, inks),
        *known.place(left, row_y + (row - known.height) // 2),
    ]
    return Part(ops, step_y, known.fits and step.fits)


def _tight_foot(canvas: Canvas, screen: RegistrarResult, box: Box, scale: float) -> Part:
    """The same as `_band_foot`, with all of its words beside the countdown."""
    theme = canvas.theme
    white, colour = theme.on_verdict, theme.verdict(screen.family)
    ring = canvas.px(0.075)
    left = box.x + ring + canvas.px(0.02)
    bold = Style(REGISTRAR_NEXT, white, Role.BOLD, leading=1.18)
    step = _one_line(canvas, box.right - left, screen.next_step, bold, scale)
    known = Stack(canvas, box.right - left, scale).add(
        screen.how_known, Style(REGISTRAR_BODY, white, leading=1.2)
    )
    height = step.height + known.height
    row = max(ring, height)
    top = box.bottom - row
    text_y = top + (row - height) // 2
    place = Box(box.x, top + (row - ring) // 2, ring, ring)
    inks = white, shapes.between(white, colour)
    ops: list[Op] = [
        *shapes.countdown_ring(canvas, place, screen.countdown, inks),
        *step.place(left, text_y),
        *known.place(left, text_y + step.height),
    ]
    return Part(ops, top, known.fits and step.fits)


def _one_line(canvas: Canvas, width: int, text: str, style: Style, scale: float) -> Stack:
    """A stack of one line if a slightly smaller size makes it one."""
    for tighter in (1.0, 0.94, 0.88, 0.82):
        stack = Stack(canvas, width, scale * tighter).add(text, style)
        if stack.height < 2 * style.leading * canvas.text_px(style.size, scale * tighter):
            return stack
    return Stack(canvas, width, scale).add(text, style)
