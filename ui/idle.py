"""The idle frame: the invitation, the ways in, a remark, the languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ui.buttons import Look, button
from ui.column import Item, column, headline
from ui.drawings import draw
from ui.flow import Canvas, Stack, Style, fitted
from ui.footer import footer_top
from ui.ops import Box, Op, Rect, Role, RoundRect, Zone
from ui.theme import BODY, DETAIL, INVITATION, MARGIN

if TYPE_CHECKING:
    from ui.screen import Idle, Invitation


def place_idle(canvas: Canvas, screen: Idle) -> list[Op]:
    """The idle frame without its footer."""
    theme = canvas.theme
    margin = round(canvas.px(MARGIN) * canvas.given_way(0.65))
    page = Box(0, 0, canvas.w, footer_top(canvas)).inset(margin, margin)
    title = (
        Item(screen.title, headline(theme)),
        Item(screen.text, Style(DETAIL, theme.ink_soft, balance=True), 0.03),
    )
    row = _language_row(canvas, page, screen)
    # The buttons stand in the margin, too, and the words above them keep their distance.
    lifted = max(0, page.bottom - row.y + canvas.px(0.035)) if screen.languages else 0
    if canvas.portrait:
        page = page._replace(h=page.h - lifted)
        third = round(0.34 * canvas.given_way(1.1) * page.h)
        head = page._replace(h=third - margin // 2)
        tip = round(0.13 * canvas.given_way(1.2) * page.h)
        tiles = Box(page.x, page.y + third, page.w, page.h - third - tip - margin)
        foot = Box(page.x, page.bottom - tip, page.w, tip)
    else:
        width = _tiles_width(canvas)
        tiles = Box(page.right - width, page.y, width, page.h)
        if len(screen.invitations) > 2:
            tiles = tiles._replace(y=page.y - margin // 3, h=page.h + 2 * (margin // 3))
        left = Box(page.x, page.y, page.w - width - round(0.85 * margin), page.h - lifted)
        lift = canvas.px(0.025)
        tip = round((0.235 if screen.languages else 0.27) * canvas.given_way(1.25) * page.h)
        head = Box(left.x, left.y - lift, left.w, left.h + lift - tip - margin // 2)
        foot = left._replace(y=left.bottom - tip, h=tip)
    return [
        *column(canvas, head, title),
        *_tip(canvas, foot, screen.tip),
        *_tiles(canvas, tiles, screen.invitations),
        *_languages(canvas, row, screen),
    ]


def _tiles_width(canvas: Canvas) -> int:
    """Of the tiles in a landscape frame; where words are larger, their drawings are smaller."""
    return round(0.415 * canvas.given_way(0.85) * canvas.w)


def _language_row(canvas: Canvas, page: Box, screen: Idle) -> Box:
    """Where the language buttons stand: at the bottom, in a landscape frame on the left."""
    h = max(canvas.px(0.085), screen.touch_px)
    bottom = footer_top(canvas) - canvas.px(0.03)
    w = page.w if canvas.portrait else page.w - _tiles_width(canvas) - canvas.px(0.07)
    return Box(page.x, bottom - h, w, h)


def _languages(canvas: Canvas, row: Box, screen: Idle) -> list[Op]:
    """A button for each language; the one that is shown is filled."""
    count = len(screen.languages)
    gap = canvas.px(0.02)
    width = min(canvas.px(0.27), (row.w - gap * (count - 1)) // max(1, count))
    ops: list[Op] = []
    for index, name in enumerate(screen.languages):
        box = row._replace(x=row.x + index * (width + gap), w=width)
        look = Look.FILLED if index == screen.language else Look.PLAIN
        ops += button(canvas, box, name, f"language:{index}", look=look)
    return ops


def _tip(canvas: Canvas, box: Box, text: str) -> list[Op]:
    """A remark with a bar at its side, at the bottom of the box."""
    theme = canvas.theme
    bar = max(3, canvas.px(0.009))
    words = Box(box.x + bar + canvas.px(0.03), box.y, box.w - bar - canvas.px(0.03), box.h)
    ops = column(canvas, words, (), (Item(text, Style(BODY, theme.ink, balance=True)),))
    if not ops:
        return []
    top = ops[0].box.y
    return [Rect(Box(box.x, top, bar, box.bottom - top), theme.notice), *ops]


def _tiles(canvas: Canvas, box: Box, invitations: tuple[Invitation, ...]) -> list[Op]:
    """The ways in, one tile each, below each other."""
    if not invitations:
        return []
    gap = canvas.px(0.04)
    h = (box.h - gap * (len(invitations) - 1)) // len(invitations)

    def build(scale: float) -> tuple[bool, list[Op]]:
        # One size for all: none of the ways in is the smaller one.
        fits = True
        ops: list[Op] = []
        for index, invitation in enumerate(invitations):
            place = Box(box.x, box.y + index * (h + gap), box.w, h)
            one_fits, tile = _tile(canvas, place, invitation, scale)
            fits, ops = fits and one_fits, [*ops, *tile]
        return fits, ops

    return fitted(build)


def _tile(canvas: Canvas, box: Box, invitation: Invitation, scale: float) -> tuple[bool, list[Op]]:
    """A drawing and its words; muted when its device is away, the edge of a button if it is one."""
    theme = canvas.theme
    active = invitation.available
    edge = theme.muted if invitation.zone else theme.line
    border = max(1, canvas.px(0.0025))
    radius = canvas.px(0.025)
    pad = round(canvas.px(0.05) * canvas.given_way(0.6))
    side = round(min(box.h - 1.7 * pad, 0.38 * box.w) * canvas.given_way(0.7))
    place = Box(box.x + pad, box.y + (box.h - side) // 2, side, side)
    left = place.right + round(1.1 * pad)
    style = Style(
        INVITATION if active else DETAIL,
        theme.ink if active else theme.ink_soft,
        Role.BOLD if active else Role.REGULAR,
        leading=1.2,
        balance=True,
    )

    words = Stack(canvas, box.right - pad - left, scale).add(invitation.text, style)
    return words.fits and words.height <= box.h - pad, [
        RoundRect(box, radius, edge),
        RoundRect(
            box.inset(border, border), radius - border, theme.tile if active else theme.paper
        ),
        *draw(invitation.drawing, place, theme, active=active),
        *words.place(left, box.y + max(0, (box.h - words.height) // 2), box.h),
        *([Zone(box, invitation.zone)] if invitation.zone else []),
    ]
