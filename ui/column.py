"""The column of words that most frames have: one group at its top, one at its bottom."""

from __future__ import annotations

from dataclasses import dataclass

from ui.flow import Canvas, Stack, Style, fitted
from ui.footer import footer_top
from ui.ops import Box, Role, Text
from ui.theme import HEADLINE, MARGIN, NEXT_STEP, Theme


@dataclass(frozen=True, slots=True)
class Item:
    """A paragraph and the gap above it, as a fraction of the unit."""

    text: str
    style: Style
    above: float = 0.0


def headline(theme: Theme) -> Style:
    """The largest words of a frame."""
    return Style(HEADLINE, theme.ink, Role.BOLD, leading=1.14, balance=True)


def next_step(theme: Theme) -> Style:
    """The largest words after the headline."""
    return Style(NEXT_STEP, theme.ink, Role.BOLD, leading=1.18, balance=True)


def split(canvas: Canvas, share: float) -> tuple[Box, Box]:
    """The band and the column of words beside or below it; `share` is the band's part.

    Where people want larger words, the band and the margins give way to them.
    """
    bottom = footer_top(canvas)
    share *= canvas.given_way(0.5)
    margin = round(canvas.px(MARGIN) * canvas.given_way(0.7))
    if canvas.portrait:
        band = Box(0, 0, canvas.w, round(bottom * share))
        words = Box(0, band.h, canvas.w, bottom - band.h)
    else:
        band = Box(0, 0, round(canvas.w * share), bottom)
        words = Box(band.w, 0, canvas.w - band.w, bottom)
    return band, words.inset(margin, round(0.8 * margin))


def column(
    canvas: Canvas, box: Box, top: tuple[Item, ...], bottom: tuple[Item, ...] = ()
) -> list[Text]:
    """One group of words from the top of the box, another one that ends at its bottom."""
    return fitted(lambda scale: column_at(canvas, box, (top, bottom), scale))


def column_at(
    canvas: Canvas, box: Box, groups: tuple[tuple[Item, ...], tuple[Item, ...]], scale: float
) -> tuple[bool, list[Text]]:
    """The same at one scale: the upper and the lower group, and whether all of it fits."""
    head, foot = (_stack(canvas, box.w, items, scale) for items in groups)
    gap = canvas.px(0.035) if head.height and foot.height else 0
    room = box.h - foot.height - gap
    foot_y = max(box.y, box.bottom - foot.height)
    ops = [
        *head.place(box.x, box.y, max(0, room)),
        *foot.place(box.x, foot_y, box.bottom - foot_y),
    ]
    return head.height <= room and head.fits and foot.fits, ops


def _stack(canvas: Canvas, width: int, items: tuple[Item, ...], scale: float) -> Stack:
    stack = Stack(canvas, width, scale)
    for item in items:
        stack.add(item.text, item.style, item.above)
    return stack
