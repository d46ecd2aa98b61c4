"""The idle frame: the invitation, the ways in, a remark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ui.column import Item, column, headline
from ui.drawings import draw
from ui.flow import Canvas, Stack, Style, fitted
from ui.footer import footer_top
from ui.ops import Box, Op, Rect, Role, RoundRect
from ui.theme import BODY, DETAIL, INVITATION, MARGIN

if TYPE_CHECKING:
    from ui.screen import Idle, Invitation


def place_idle(canvas: Canvas, screen: Idle) -> list[Op]:
    """The idle frame without its footer."""
    theme = canvas.theme
    margin = canvas.px(MARGIN)
    page = Box(0, 0, canvas.w, footer_top(canvas)).inset(margin, margin)
    title = (
        Item(screen.title, headline(theme)),
        Item(screen.text, Style(DETAIL, theme.ink_soft, balance=True), 0.03),
    )
    if canvas.portrait:
        third = round(0.34 * page.h)
        head = page._replace(h=third - margin // 2)
        tip = round(0.13 * page.h)
        tiles = Box(page.x, page.y + third, page.w, page.h - third - tip - margin)
        foot = Box(page.x, page.bottom - tip, page.w, tip)
    else:
        width = round(0.415 * canvas.w)
        tiles = Box(page.right - width, page.y, width, page.h)
        left = Box(page.x, page.y, page.w - width - round(0.85 * margin), page.h)
        lift = canvas.px(0.025)
        tip = round(0.27 * page.h)
        head = Box(left.x, left.y - lift, left.w, page.h + lift - tip - margin // 2)
        foot = left._replace(y=page.bottom - tip, h=tip)
    return [
        *column(canvas, head, title),
        *_tip(canvas, foot, screen.tip),
        *_tiles(canvas, tiles, screen.invitations),
    ]


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
    ops: list[Op] = []
    for index, invitation in enumerate(invitations):
        ops += _tile(canvas, Box(box.x, box.y + index * (h + gap), box.w, h), invitation)
    return ops


def _tile(canvas: Canvas, box: Box, invitation: Invitation) -> list[Op]:
    """A drawing and its words; muted when its device is away."""
    theme = canvas.theme
    active = invitation.available
    border = max(1, canvas.px(0.0025))
    radius = canvas.px(0.025)
    pad = canvas.px(0.05)
    side = round(min(box.h - 1.7 * pad, 0.38 * box.w))
    place = Box(box.x + pad, box.y + (box.h - side) // 2, side, side)
    left = place.right + round(1.1 * pad)
    style = Style(
        INVITATION if active else DETAIL,
        theme.ink if active else theme.ink_soft,
        Role.BOLD if active else Role.REGULAR,
        leading=1.2,
        balance=True,
    )

    def build(scale: float) -> tuple[bool, Stack]:
        stack = Stack(canvas, box.right - pad - left, scale).add(invitation.text, style)
        return stack.fits and stack.height <= box.h - pad, stack

    words = fitted(build)
    return [
        RoundRect(box, radius, theme.line),
        RoundRect(
            box.inset(border, border), radius - border, theme.tile if active else theme.paper
        ),
        *draw(invitation.drawing, place, theme, active=active),
        *words.place(left, box.y + max(0, (box.h - words.height) // 2), box.h),
    ]
