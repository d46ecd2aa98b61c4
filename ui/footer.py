"""The line at the foot of every frame: age of the list, network, kiosk, time.

One row in landscape, two in portrait. What does not fit gives way in this order: the network's
text, the list's words after the first comma, the kiosk's number, then letters of the list's text.
The dot and the time always stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ui.flow import Canvas, clean
from ui.ops import Box, Op, Rect, Role, Text, Zone
from ui.shapes import list_dot
from ui.theme import FOOTER, FOOTNOTE

if TYPE_CHECKING:
    from ui.screen import Footer


def footer_top(canvas: Canvas) -> int:
    """First row of the footer; frames end above it."""
    rows = 1.75 if canvas.portrait else 1.0
    return canvas.h - canvas.px(FOOTER * rows)


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
    row = _Row(canvas, box)
    row.right_to_left(status.kiosk, kiosk_zone)
    if row.room_for(status.network):
        row.words(status.network)
    return row.ops


def _row(canvas: Canvas, box: Box, footer: Footer, status: _Status) -> list[Op]:
    short = status.list_text.split(",")[0]
    attempts = (
        status,
        _Status(status.list_text, "", status.kiosk, status.time),
        _Status(short, "", status.kiosk, status.time),
        _Status(short, "", "", status.time),
    )
    rows = [_filled(canvas, box, attempt, footer.kiosk_zone) for attempt in attempts]
    row, text = next((pair for pair in rows if pair[0].room_for(pair[1])), rows[-1])
    row.left(text, footer)
    return row.ops


def _filled(canvas: Canvas, box: Box, status: _Status, kiosk_zone: str) -> tuple[_Row, str]:
    row = _Row(canvas, box)
    row.right_to_left(status.time)
    row.right_to_left(status.kiosk, kiosk_zone)
    row.right_to_left(status.network)
    return row, status.list_text


class _Row:
    """A row that is filled from the right, then from the left."""

    def __init__(self, canvas: Canvas, box: Box) -> None:
        self._canvas = canvas
        self._box = box
        self._edge = box.right
        self._px = canvas.px(FOOTNOTE)
        self._gap = canvas.px(0.05)
        self._dot = canvas.px(0.032)
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
