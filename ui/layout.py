"""Screen, size and theme to draw operations: pure, one layout that flows over all sizes.

Landscape frames put a band of colour on the left and words on the right, portrait frames the band
on top. It stays there from "reading" to the verdict, so that the eye need not travel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, assert_never

from ui import drawings, shapes
from ui.buttons import button
from ui.column import Item, column, column_at, headline, next_step, split
from ui.flow import Canvas, Measure, Stack, Style, fitted
from ui.footer import place_footer
from ui.idle import place_idle
from ui.keypad import place_choose, place_keypad
from ui.ops import Box, Op, Rect, RoundRect
from ui.registrar import place_registrar
from ui.screen import (
    Busy,
    Choose,
    Drawing,
    Guide,
    Idle,
    Keypad,
    OutOfService,
    RegistrarResult,
    Result,
    Screen,
    Service,
)
from ui.service import place_service
from ui.theme import (
    BODY,
    DETAIL,
    GUIDE_BAND,
    VERDICT_BAND,
    Theme,
)

LEAST_SIDE: Final = 240
"""Pixels; frames below this size are no screens."""
_BAND_GIVES: Final = (1.0, 0.9, 0.8)
"""Parts of a verdict's band: where there is much to say it gives way before the words do."""
_RING: Final = 0.088
"""Diameter of the countdown, as a fraction of the unit."""


def lay_out(
    screen: Screen, size: tuple[int, int], theme: Theme, measure: Measure, text: float = 1.0
) -> tuple[Op, ...]:
    """The frame that shows `screen` at `size` (width and height in pixels).

    `text` is how much larger than usual people want to read, 1.0 to 2.0.

    The result depends on the arguments only: equal views give equal frames.

    Raises:
        ValueError: a side is shorter than `LEAST_SIDE`.
    """
    if min(size) < LEAST_SIDE:
        raise ValueError(f"a frame of {size[0]}×{size[1]} pixels is too small to read")
    canvas = Canvas(*size, theme, measure, text)
    paper = Rect(Box(0, 0, *size), theme.paper)
    return (paper, *_body(canvas, screen), *place_footer(canvas, screen.footer))


def _body(canvas: Canvas, screen: Screen) -> list[Op]:
    match screen:
        case Idle():
            return place_idle(canvas, screen)
        case Busy():
            return _busy(canvas, screen)
        case Result():
            return _result(canvas, screen)
        case RegistrarResult():
            return place_registrar(canvas, screen)
        case Guide():
            return _guide(canvas, screen)
        case OutOfService():
            return _out_of_service(canvas, screen)
        case Choose():
            return place_choose(canvas, screen)
        case Keypad():
            return place_keypad(canvas, screen)
        case Service():
            return place_service(canvas, screen)
        case _:
            assert_never(screen)


def _result(canvas: Canvas, screen: Result) -> list[Op]:
    theme = canvas.theme
    groups = (
        (
            Item(screen.headline, headline(theme)),
            Item(screen.detail, Style(DETAIL, theme.ink_soft, balance=True), 0.022),
        ),
        (
            Item(screen.next_step, next_step(theme)),
            Item(screen.hint, Style(BODY, theme.ink_soft, balance=True), 0.012),
            Item(screen.contact, Style(BODY, theme.ink_soft), 0.012),
        ),
    )

    def build(scale: float) -> tuple[bool, list[Op]]:
        ops: list[Op] = []
        for part in _BAND_GIVES:
            band, words = split(canvas, part * VERDICT_BAND)
            known = _known_row(canvas, words, screen, scale)
            words = words._replace(h=known.box.y - canvas.px(0.05) - words.y)
            fits, said = column_at(canvas, words, groups, scale)
            ops = [*_verdict_band(canvas, band, screen), *said, *known.ops]
            if fits:
                return True, ops
        return False, ops

    return fitted(build)


def _verdict_band(canvas: Canvas, band: Box, screen: Result) -> list[Op]:
    theme = canvas.theme
    colour = theme.verdict(screen.family)
    size = min(canvas.px(0.32), 0.62 * band.w, 0.62 * band.h)
    centre = (band.x + band.w / 2, band.y + band.h / 2)
    return [
        Rect(band, colour),
        *shapes.verdict(screen.family, centre, size, theme.on_verdict, colour),
    ]


@dataclass(frozen=True, slots=True)
class _Placed:
    box: Box
    ops: list[Op]


def _known_row(canvas: Canvas, words: Box, screen: Result, largest: float) -> _Placed:
    """The countdown and how the verdict is known, at the bottom of the column."""
    theme = canvas.theme
    ring = canvas.px(_RING)
    left = words.x + ring + canvas.px(0.03)
    style = Style(BODY, theme.ink_soft if screen.known_lately else theme.ageing, leading=1.2)
    side = max(ring, screen.touch_px)
    wide = round(2.3 * side)
    close = Box(words.right - wide, words.bottom - side, wide, side)
    right = close.x - canvas.px(0.03) if screen.close else words.right

    def build(scale: float) -> tuple[bool, Stack]:
        stack = Stack(canvas, right - left, scale).add(screen.how_known, style)
        return stack.fits and stack.height <= 1.5 * ring, stack

    stack = fitted(build, largest)
    h = max(side if screen.close else ring, min(stack.height, 2 * ring))
    row = Box(words.x, words.bottom - h, words.w, h)
    place = Box(row.x, row.y + (h - ring) // 2, ring, ring)
    text_y = row.y + max(0, (h - stack.height) // 2)
    return _Placed(
        row,
        [
            *shapes.countdown_ring(canvas, place, screen.countdown, (theme.ink, theme.line)),
            *stack.place(left, text_y, h),
            *(button(canvas, close, screen.close, "close") if screen.close else []),
        ],
    )


def _busy(canvas: Canvas, screen: Busy) -> list[Op]:
    theme = canvas.theme
    band, words = split(canvas, VERDICT_BAND)
    ops = _drawing_band(canvas, band, screen.drawing)
    height = canvas.px(0.026)
    bar = Box(words.x, words.bottom - (canvas.px(_RING) + height) // 2, words.w, height)
    if screen.progress is not None:
        done = round(bar.w * min(1.0, max(0.0, screen.progress)))
        ops += [
            RoundRect(bar, height // 2, theme.line),
            RoundRect(bar._replace(w=max(height, done)), height // 2, theme.accent),
        ]
    return [
        *ops,
        *column(
            canvas,
            words._replace(h=bar.y - canvas.px(0.04) - words.y),
            (
                Item(screen.title, headline(theme)),
                Item(screen.text, Style(DETAIL, theme.ink_soft, balance=True), 0.022),
            ),
        ),
    ]


def _drawing_band(canvas: Canvas, band: Box, drawing: Drawing) -> list[Op]:
    side = round(min(0.76 * band.w, 0.76 * band.h))
    place = Box(band.x + (band.w - side) // 2, band.y + (band.h - side) // 2, side, side)
    return [Rect(band, canvas.theme.panel), *drawings.draw(drawing, place, canvas.theme)]


def _guide(canvas: Canvas, screen: Guide) -> list[Op]:
    theme = canvas.theme
    band, words = split(canvas, GUIDE_BAND)
    # The next step stands where a verdict's stands; what is below it has the same place, too.
    ring = canvas.px(_RING)
    side = max(ring, screen.touch_px) if screen.button else ring
    foot = words._replace(y=words.bottom - side, h=side)
    words = words._replace(h=foot.y - canvas.px(0.05) - words.y)
    below: list[Op] = []
    if screen.countdown is not None:
        place = Box(foot.x, foot.y + (side - ring) // 2, ring, ring)
        colours = (theme.ink, theme.line)
        below += shapes.countdown_ring(canvas, place, screen.countdown, colours)
    if screen.button:
        left = foot.x + ring + canvas.px(0.05)
        box = Box(left, foot.y, min(foot.right - left, canvas.px(0.5)), side)
        below += button(canvas, box, screen.button, screen.zone)
    return [
        *_drawing_band(canvas, band, screen.drawing),
        *column(
            canvas,
            words,
            (
                Item(screen.headline, headline(theme)),
                Item(screen.detail, Style(DETAIL, theme.ink_soft, balance=True), 0.022),
            ),
            (
                Item(screen.next_step, next_step(theme)),
                Item(screen.hint, Style(BODY, theme.ink_soft, balance=True), 0.012),
            ),
        ),
        *below,
    ]


def _out_of_service(canvas: Canvas, screen: OutOfService) -> list[Op]:
    theme = canvas.theme
    band, words = split(canvas, VERDICT_BAND)
    side = round(min(canvas.px(0.28), 0.76 * band.w, 0.76 * band.h))
    place = Box(band.x + (band.w - side) // 2, band.y + (band.h - side) // 2, side, side)
    soft = Style(BODY, theme.ink_soft)
    return [
        Rect(band, theme.panel),
        *drawings.pause(place, theme),
        *column(
            canvas,
            words,
            (
                Item(screen.headline, headline(theme)),
                Item(screen.next_step, next_step(theme), 0.04),
            ),
            (
                Item(screen.since, soft),
                Item(screen.code, soft, 0.006),
                Item(screen.contact, Style(BODY, theme.ink), 0.006),
            ),
        ),
    ]
