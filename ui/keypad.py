"""The keypad and the choice before it: what is asked, the field, what is said of it, the keys.

Landscape frames have the keys on the right. Portrait frames, which may be taller than people, keep
everything that is touched in their lower 60 %, where a hand comes from a wheelchair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from ui import shapes
from ui.buttons import Look, button, delete_key, grid, plate
from ui.column import Item, column, headline
from ui.flow import Canvas, Stack, Style, fitted
from ui.footer import footer_top
from ui.ops import Box, Op, Rect, Role, Text
from ui.screen import Outcome, Tone
from ui.theme import BODY, DETAIL, INVITATION, MARGIN, NEXT_STEP

if TYPE_CHECKING:
    from ui.screen import Choice, Choose, Countdown, Keypad

REACH: Final = 0.4
"""What is touched begins below this share of a portrait frame's height."""
_RING: Final = 0.088
_GAP: Final = 0.02
_KEYS_SHARE: Final = 0.43
"""Of a landscape frame's width."""
_BETWEEN: Final = 0.55
"""Between two groups of digits, as a share of a digit's cell."""


class _Regions(NamedTuple):
    said: Box
    """What is asked and answered."""
    touched: Box
    foot: Box
    """The row of buttons that lead away; in portrait the last row of keys does."""
    ring: Box
    """The row at whose right end the countdown stands."""


def place_keypad(canvas: Canvas, screen: Keypad) -> list[Op]:
    """The frame of a number that is being entered, without its footer."""
    regions = _regions(canvas, max(canvas.px(0.1), screen.touch_px))
    leading = [(screen.back, "key:back"), (screen.show, "key:show")]
    return [
        *_said(canvas, regions.said, screen),
        *_keys(canvas, regions, screen, [pair for pair in leading if pair[0]]),
        *_ring(canvas, regions.ring, screen.countdown),
    ]


def place_choose(canvas: Canvas, screen: Choose) -> list[Op]:
    """The frame of a question with a button for each answer, without its footer."""
    margin = canvas.px(MARGIN)
    gap = canvas.px(0.03)
    page = Box(0, 0, canvas.w, footer_top(canvas)).inset(margin, round(0.7 * margin))
    foot_h = max(canvas.px(0.1), screen.touch_px)
    top = round(REACH * canvas.h) if canvas.portrait else page.y + canvas.px(0.2)
    foot = Box(page.x, page.bottom - foot_h, page.w, foot_h)
    answers = Box(page.x, top, page.w, foot.y - gap - top)
    columns = 1 if canvas.portrait else 2
    rows = -(-len(screen.choices) // columns)
    boxes = grid(answers, columns, rows, gap)
    head = Box(page.x, page.y, page.w, top - gap - page.y)
    title = Item(screen.title, headline(canvas.theme))

    def build(scale: float) -> tuple[bool, list[Op]]:
        fits = True
        said: list[Op] = []
        for place, (box, choice) in enumerate(zip(boxes, screen.choices, strict=False), 1):
            one_fits, answer = _answer(canvas, box, choice, str(place), scale)
            fits, said = fits and one_fits, [*said, *answer]
        return fits, said

    ops: list[Op] = [*column(canvas, head, (title,)), *fitted(build)]
    width = round(0.3 * page.w) if canvas.portrait else round(0.18 * page.w)
    ops += button(canvas, foot._replace(w=width), screen.back, "key:back")
    return [*ops, *_ring(canvas, foot, screen.countdown)]


def _answer(
    canvas: Canvas, box: Box, choice: Choice, place: str, scale: float
) -> tuple[bool, list[Op]]:
    """A button with the figure that stands for it on a number keypad."""
    theme = canvas.theme
    pad = canvas.px(0.035)
    figure = Stack(canvas, canvas.px(0.1), 1.0).add(
        place, Style(INVITATION, theme.accent, Role.BOLD)
    )
    left = box.x + 2 * pad + figure.width

    words = Stack(canvas, box.right - pad - left, scale)
    words.add(choice.text, Style(INVITATION, theme.ink, Role.BOLD, 1.15))
    words.add(choice.detail, Style(BODY, theme.ink_soft, leading=1.2), 0.006)
    y = box.y + max(0, (box.h - words.height) // 2)
    return words.fits and words.height <= box.h - pad // 2, [
        *plate(canvas, box, choice.zone),
        *figure.place(box.x + pad, box.y + (box.h - figure.height) // 2),
        *words.place(left, y, box.bottom - y),
    ]


def _regions(canvas: Canvas, foot_h: int) -> _Regions:
    margin = canvas.px(MARGIN)
    edge = canvas.px(0.055)
    bottom = footer_top(canvas) - edge
    if canvas.portrait:
        top = round(REACH * canvas.h)
        width = canvas.w - 2 * margin
        keys = Box(margin, top, width, bottom - top)
        said = Box(margin, margin, width, top - 2 * margin)
        return _Regions(said, keys, keys, said._replace(h=canvas.px(_RING)))
    width = round(_KEYS_SHARE * canvas.w) - edge
    keys = Box(canvas.w - edge - width, edge, width, bottom - edge)
    left = Box(margin, edge, keys.x - round(0.7 * margin) - margin, bottom - edge)
    foot = Box(left.x, bottom - foot_h, left.w, foot_h)
    return _Regions(left._replace(h=foot.y - canvas.px(0.03) - left.y), keys, foot, foot)


# What is asked and answered


def _said(canvas: Canvas, box: Box, screen: Keypad) -> list[Op]:
    """The title, the field, and what is said of what stands in it."""
    theme = canvas.theme
    room = box.w - (canvas.px(_RING + 0.03) if canvas.portrait else 0)

    most = (0.6 if canvas.portrait else 0.45) * box.h
    _, field_h = _field(canvas, box, 0, screen.groups)

    def build(scale: float) -> tuple[bool, Stack]:
        stack = Stack(canvas, room, scale)
        stack.add(screen.title, headline(theme))
        stack.add(screen.text, Style(BODY, theme.ink_soft, leading=1.2, balance=True), 0.012)
        if canvas.text == 1:
            return stack.fits and stack.height <= most, stack
        # A large title leaves room for what is said of a mistake at the same scale.
        said = Stack(canvas, box.w - canvas.px(0.062), scale).add(
            screen.remark, Style(DETAIL, theme.ink, leading=1.2)
        )
        left = box.h - field_h - said.height - canvas.px(0.06)
        return stack.fits and said.fits and stack.height <= left, stack

    head = fitted(build)
    field, bottom = _field(canvas, box, box.y + head.height + canvas.px(0.035), screen.groups)
    below = Box(box.x, bottom, box.w, box.bottom - bottom)
    return [*head.place(box.x, box.y), *field, *_remark(canvas, below, screen)]


def _field(canvas: Canvas, box: Box, top: int, groups: tuple[str, ...]) -> tuple[list[Op], int]:
    """A cell for each digit, in groups; the one to come has the stronger line."""
    theme = canvas.theme
    cells = sum(map(len, groups)) + _BETWEEN * (len(groups) - 1)
    cell = min(canvas.px(0.062), box.w / max(1.0, cells))
    px = round(1.45 * cell)
    height = round(1.3 * px)
    thin, thick = max(2, canvas.px(0.004)), max(4, canvas.px(0.010))
    ops: list[Op] = []
    x = float(box.x)
    come = False
    for group in groups:
        for character in group:
            place = Box(round(x), top, max(1, round(x + cell) - round(x)), height)
            is_next = character == "_" and not come
            come = come or is_next
            line = thick if is_next else thin
            rule = Box(place.x + max(1, round(0.08 * cell)), place.bottom, 0, line)
            rule = rule._replace(w=max(1, place.right - max(1, round(0.08 * cell)) - rule.x))
            ops.append(Rect(rule, theme.accent if is_next else theme.muted))
            if character != "_":
                w, h = canvas.measure(character, Role.BOLD, px)
                where = Box(place.x + (place.w - w) // 2, place.y + (place.h - h) // 2, w, h)
                ops.append(Text(where, character, Role.BOLD, px, theme.ink))
            x += cell
        x += _BETWEEN * cell
    return ops, top + height + thick


def _remark(canvas: Canvas, box: Box, screen: Keypad) -> list[Op]:
    """What is said of the digits, with a mark of its own shape."""
    theme = canvas.theme
    side = canvas.px(0.042)
    gap = canvas.px(0.022)
    marked = screen.tone is not Tone.PLAIN
    left = box.x + (side + canvas.px(0.02) if marked else 0)
    colour = theme.differs if screen.tone is Tone.MISTAKE else theme.ink
    style = Style(DETAIL, colour, leading=1.2)
    room = box._replace(y=box.y + gap, h=max(0, box.h - gap))

    def build(scale: float) -> tuple[bool, Stack]:
        stack = Stack(canvas, box.right - left, scale).add(screen.remark, style)
        return stack.fits and stack.height <= room.h, stack

    words = fitted(build).place(left, room.y, room.h)
    if not marked or not words:
        return [*words]
    first = words[0].box
    mark = Box(box.x, first.y + (first.h - side) // 2, side, side)
    if screen.tone is Tone.GOOD:
        return [*shapes.outcome(Outcome.PASS, mark, theme.accent, theme.paper), *words]
    centre = (mark.x + side / 2, mark.y + side / 2)
    return [*shapes.diamond(centre, side / 2, theme.differs), *words]


# Keys


def _keys(
    canvas: Canvas, regions: _Regions, screen: Keypad, leading: list[tuple[str, str]]
) -> list[Op]:
    gap = canvas.px(_GAP)
    look = Look.FILLED if screen.ready else Look.PLAIN
    boxes = grid(regions.touched, 3, 5, gap)
    ops: list[Op] = []
    for digit, box in zip("123456789", boxes, strict=False):
        ops += _digit(canvas, box, digit)
    ops += button(canvas, boxes[9], screen.clear, "key:clear")
    ops += _digit(canvas, boxes[10], "0")
    ops += delete_key(canvas, boxes[11], "key:delete")
    last = boxes[12]._replace(w=regions.touched.w)
    places = grid(regions.foot, 3, 1, gap)
    if canvas.portrait:
        # Back, show and done share the last row; done takes what is left.
        places = grid(last._replace(w=round(0.58 * last.w)), 2, 1, gap)
        x = places[len(leading) - 1].right + gap
        last = Box(x, last.y, regions.touched.right - x, last.h)
    for (text, zone), box in zip(leading, places, strict=False):
        ops += button(canvas, box, text, zone)
    done = button(canvas, last, screen.done, "key:done", look=look, size=INVITATION, role=Role.BOLD)
    return [*ops, *done]


def _digit(canvas: Canvas, box: Box, digit: str) -> list[Op]:
    return button(canvas, box, digit, f"key:{digit}", size=NEXT_STEP, role=Role.BOLD)


def _ring(canvas: Canvas, row: Box, countdown: Countdown | None) -> list[Op]:
    """The countdown at the right end of a row."""
    if countdown is None:
        return []
    side = canvas.px(_RING)
    place = Box(row.right - side, row.y + max(0, (row.h - side) // 2), side, side)
    theme = canvas.theme
    return shapes.countdown_ring(canvas, place, countdown, (theme.ink, theme.line))
