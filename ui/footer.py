"""The line at the foot of every frame: age of the list, network, kiosk, time.

One row in landscape, two in portrait. What does not fit gives way in this order: the network's
text, the list's words after the first comma, the kiosk's number, then letters of the list's text.
The dot and the time always stay. Of larger text first the words after the comma give way, then a
part of what it is larger by.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ui.flow import STEPS, USUAL_STEP, Canvas, clean
from ui.ops import Box, Op, Rect, Role, Text, Zone
from ui.shapes import list_dot
from ui.theme import FOOTER, FOOTNOTE

if TYPE_CHECKING:
    from ui.screen import Footer


_HIGHER: Final = 1.35
"""How much higher the footer is where people want the largest words."""
_LARGE_STEPS: Final = tuple(step for step in STEPS if step >= 0.82)
"""Scales at which text is larger than usual."""


def footer_top(canvas: Canvas) -> int:
    """First row of the footer; frames end above it."""
    rows = 1.75 if canvas.portrait else 1.0
    return canvas.h - canvas.px(FOOTER * rows * canvas.given_way(_HIGHER))


def place_footer(canvas: Canvas, footer: Footer) -> list[Op]:
    """The footer; the kiosk's number may be a zone, though it does not look like one."""
    theme = canvas.theme
    top = footer_top(canvas)
    line = max(1, canvas.px(0.0025))
    rule = Rect(Box(0, top, canvas.w, line), theme.line)
    body = Box(0, top + line, canvas.w, canvas.h - top - line).inset(canvas.px(0.05), 0)
    status = _Status(footer.list_text, footer.network_text, footer.kiosk_text, footer.time_text)
    if not canvas.portrait:
        return [rule, *_row(canvas, body, footer, status)]
    half = body.h // 2
    above, below = body._replace(h=half), body._replace(y=body.y + half, h=body.h - half)
    first = _row(canvas, above, footer, _Status(status.list_text, "", "", status.time))
    return [rule, *first, *_second_row(canvas, below, status, footer.kiosk_zone)]


@dataclass(frozen=True, slots=True)
class _Status:
    list_text: str
    network: str
    kiosk: str
    time: str


def _second_row(canvas: Canvas, box: Box, status: _Status, kiosk_zone: str) -> list[Op]:
    row = _Row(canvas, box, 1.0)
    for scale in _LARGE_STEPS if canvas.text > 1 else (1.0,):
        row = _Row(canvas, box, scale)
        row.right_to_left(status.kiosk, kiosk_zone)
        if row.room_for(status.network):
            row.words(status.network)
            break
    return row.ops


def _row(canvas: Canvas, box: Box, footer: Footer, status: _Status) -> list[Op]:
    rows = [
        _filled(canvas, box, attempt, footer.kiosk_zone, scale)
        for attempt, scale in _attempts(canvas, status)
    ]
    row, text = next((pair for pair in rows if pair[0].room_for(pair[1])), rows[-1])
    row.left(text, footer)
    return row.ops


def _attempts(canvas: Canvas, status: _Status) -> tuple[tuple[_Status, float], ...]:
    """What is tried in turn: what the row says, and at which scale."""
    short = replace(status, list_text=status.list_text.split(",")[0])
    if canvas.text == 1:
        kinds = (status, replace(status, network=""), replace(short, network=""))
        return tuple((kind, 1.0) for kind in (*kinds, replace(short, network="", kiosk="")))
    kinds = (short, replace(short, network=""), replace(short, network="", kiosk=""))
    rest = tuple((kinds[-1], step) for step in STEPS if USUAL_STEP <= step < _LARGE_STEPS[-1])
    return ((status, 1.0), *itertools.product(kinds, _LARGE_STEPS), *rest)


def _filled(
    canvas: Canvas, box: Box, status: _Status, kiosk_zone: str, scale: float
) -> tuple[_Row, str]:
    row = _Row(canvas, box, scale)
    row.right_to_left(status.time)
    row.right_to_left(status.kiosk, kiosk_zone)
    row.right_to_left(status.network)
    return row, status.list_text


class _Row:
    """A row that is filled from the right, then from the left."""

    def __init__(self, canvas: Canvas, box: Box, scale: float) -> None:
        self._canvas = canvas
        self._box = box
        self._edge = box.right
        self._px = canvas.text_px(FOOTNOTE, scale)
        self._gap = canvas.px(0.05)
        self._dot = canvas.text_px(0.032, scale)
        self.ops: list[Op] = []

    def right_to_left(self, text: str, zone: str = "") -> None:
        """A text at the right, left of the ones before; `zone` makes a zone of it."""
        text = clean(text)
        if not text:
            return
        colour = self._canvas.theme.ink_soft
        w = self._width(text)
        self._edge -= w
        self.ops.append(Text(self._slot(self._edge, w), text, Role.REGULAR, self._px, colour))
        if zone:
            side = self._gap // 2
            self.ops.append(Zone(self._box._replace(x=self._edge - side, w=w + 2 * side), zone))
        self._edge -= self._gap

    def room_for(self, text: str) -> bool:
        return self._text_left + self._width(clean(text)) <= self._edge

    def left(self, text: str, footer: Footer) -> None:
        theme = self._canvas.theme
        y = self._box.y + (self._box.h - self._dot) // 2
        dot = Box(self._box.x, y, self._dot, self._dot)
        self.ops += list_dot(
            footer.list_state, dot, theme.list_state(footer.list_state), theme.paper
        )
        text = clean(text)
        if not self.room_for(text):
            while text and not self.room_for(text + "…"):
                text = text[:-1]
            text = f"{text}…" if text else ""
        self.words(text)

    def words(self, text: str) -> None:
        """A text at the left, where there is room for it."""
        text = clean(text)
        if text:
            slot = self._slot(self._text_left, self._width(text))
            colour = self._canvas.theme.ink_soft
            self.ops.append(Text(slot, text, Role.REGULAR, self._px, colour))

    @property
    def _text_left(self) -> int:
        return self._box.x + self._dot + self._canvas.px(0.014)

    def _width(self, text: str) -> int:
        return self._canvas.measure(text, Role.REGULAR, self._px)[0]

    def _slot(self, x: int, w: int) -> Box:
        h = round(1.28 * self._px)
        return Box(x, self._box.y + (self._box.h - h) // 2, w, h)
