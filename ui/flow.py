"""Text that flows: wrapping by measured width, stacks of paragraphs, shrinking until all fits.

Nothing here knows a frame. Widths come from the injected `Measure`, so every function is pure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from ui.ops import Box, Colour, Role, Text
from ui.theme import LARGEST_TEXT, enlarged

if TYPE_CHECKING:
    from ui.theme import Theme

Measure = Callable[[str, Role, int], tuple[int, int]]
"""Text, cut and size in pixels to advance width and line height in pixels."""

STEPS: Final = (1.0, 0.97, 0.94, 0.9, 0.86, 0.82, 0.78, 0.74, 0.7, 0.65, 0.6, 0.55, 0.5, 0.45, 0.4)
"""Scales that are tried in turn until a region's texts fit."""
BREAK_WORDS_FROM: Final = 0.7
"""At this size of text and below a word may be broken between letters."""
USUAL_STEP: Final = 0.7
"""The step at which enlarged text is of the usual size."""
LONGEST_TEXT: Final = 400
"""Characters of one text that are laid out; no honest text is longer, a hostile card's may be."""
SMALLEST_PX: Final = 7

_SPACES = dict.fromkeys((0x2007, 0x2009, 0x202F), "\u00a0")


@dataclass(frozen=True, slots=True)
class Canvas:
    """What a layout needs to know: frame size in pixels, colours, how wide texts are."""

    w: int
    h: int
    theme: Theme
    measure: Measure
    text: float = 1.0
    """How much larger than usual people want to read, 1.0 to 2.0."""

    @property
    def portrait(self) -> bool:
        """Whether the frame is higher than wide."""
        return self.h > self.w

    @property
    def unit(self) -> float:
        """The length that all sizes are fractions of; the full height of a 16:10 or wider frame."""
        return min(self.w, 0.7 * self.h) if self.portrait else min(self.h, 0.625 * self.w)

    def px(self, fraction: float, scale: float = 1.0) -> int:
        """A fraction of the unit in whole pixels, at least 1."""
        return max(1, round(self.unit * fraction * scale))

    def text_px(self, size: float, scale: float = 1.0) -> int:
        """The em of a text in whole pixels; `size` is a fraction of the unit."""
        text = self.text_at(scale)
        return self.px(enlarged(size, text)) if text > 1 else self.px(size, text)

    def given_way(self, least: float) -> float:
        """What is left of drawings and distances beside the largest text: from 1.0 to `least`.

        More than 1.0 is what else grows with it.
        """
        return 1 - (1 - least) * (self.text - 1) / (LARGEST_TEXT - 1)

    def text_at(self, scale: float) -> float:
        """The text scale that is left of `text` at one of the `STEPS`.

        The upper half of the steps gives back what people asked for beyond the usual size, the
        lower half goes on below it: large words never come out smaller than usual ones would.
        """
        if self.text <= 1:
            return scale
        if scale >= USUAL_STEP:
            return 1 + (self.text - 1) * (scale - USUAL_STEP) / (1 - USUAL_STEP)
        beyond = (USUAL_STEP - scale) / (USUAL_STEP - STEPS[-1])
        return 1 - (1 - STEPS[-1]) * math.pow(beyond, 1.6)


@dataclass(frozen=True, slots=True)
class Style:
    """How a paragraph looks. `size` is a fraction of the unit, `leading` of the size."""

    size: float
    colour: Colour
    role: Role = Role.REGULAR
    leading: float = 1.28
    balance: bool = False
    """Lines of about equal length, for headlines."""


@dataclass(frozen=True, slots=True)
class Wrapped:
    """Lines of a paragraph; `broken` when a word had to be split between letters."""

    lines: tuple[str, ...]
    broken: bool


def clean(text: str) -> str:
    """Text without control characters and runs of spaces, cut to the longest length."""
    kept = text[: LONGEST_TEXT + 1].translate(_SPACES)
    kept = "".join(c if c.isprintable() or c == "\u00a0" else " " for c in kept)
    kept = " ".join(word for word in kept.split(" ") if word)
    return kept if len(kept) <= LONGEST_TEXT else kept[: LONGEST_TEXT - 1] + "…"


def wrap(text: str, width: int, width_of: Callable[[str], int], *, balance: bool) -> Wrapped:
    """Lines no wider than `width`, short words kept with the next one."""
    words = _words(clean(text), width, width_of)
    wrapped = _greedy(words, width, width_of)
    if not balance or len(wrapped.lines) < 2 or wrapped.broken:
        return wrapped
    low, high = 0, width
    while high - low > max(2, width // 100):
        middle = (low + high) // 2
        tighter = _greedy(words, middle, width_of)
        if tighter.broken or len(tighter.lines) > len(wrapped.lines):
            low = middle
        else:
            high, wrapped = middle, tighter
    return wrapped


def _words(text: str, width: int, width_of: Callable[[str], int]) -> list[str]:
    """Words, a short one glued to the next and a dash to the one before, as typesetters do.

    Groups of digits are one number: they are never parted, and those of a telephone number only
    where the column is too narrow for it.
    """
    groups: list[str] = []
    before = ""
    for word in text.split(" "):
        joined = f"{groups[-1]} {word}" if groups else ""
        short = len(before) <= 2 and (before.isalpha() or before == "№")
        short = short or (_is_number(before) and _is_number(word))
        number = before.isdigit() and word.isdigit()
        if groups and (number or ((short or word in {"—", "–"}) and width_of(joined) <= width)):
            groups[-1] = joined
        else:
            groups.append(word)
        before = word
    return groups


def _is_number(word: str) -> bool:
    """Whether a word may be a part of a telephone number."""
    return word.strip("+()").replace("-", "").isdigit()


def _greedy(words: Iterable[str], width: int, width_of: Callable[[str], int]) -> Wrapped:
    lines: list[str] = []
    line = ""
    broken = False
    for word in words:
        if line and width_of(f"{line} {word}") <= width:
            line = f"{line} {word}"
            continue
        if line:
            lines.append(line)
        line = word
        while width_of(line) > width and len(line) > 1:
            head = _head(line, width, width_of)
            broken = broken or not head.endswith("-")
            lines.append(head)
            line = line[len(head) :].lstrip(" ")
    if line:
        lines.append(line)
    return Wrapped(tuple(lines), broken)


def _head(word: str, width: int, width_of: Callable[[str], int]) -> str:
    """The longest beginning that fits, up to a space or a hyphen if there is one.

    At least one letter. Spaces are in a word where groups of digits are one number.
    """
    low, high = 1, len(word) - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if width_of(word[:middle]) <= width else (low, middle - 1)
    space = word.rfind(" ", 1, low + 1)
    if space > 0:
        return word[:space]
    hyphen = word.rfind("-", 1, low)
    return word[: hyphen + 1] if hyphen > 0 else word[:low]


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    style: Style
    px: int
    y: int
    w: int
    h: int


class Stack:
    """Paragraphs below each other in a column of fixed width, at one scale."""

    def __init__(self, canvas: Canvas, width: int, scale: float) -> None:
        """An empty stack; `width` in pixels."""
        self._canvas = canvas
        self._width = max(1, width)
        self._scale = scale
        self._lines: list[_Line] = []
        self.height = 0
        self.broken = False

    @property
    def fits(self) -> bool:
        """Whether no word was broken that a smaller scale could keep whole."""
        return not self.broken or self._canvas.text_at(self._scale) <= BREAK_WORDS_FROM

    @property
    def width(self) -> int:
        """Width of the widest line, in pixels."""
        return max((line.w for line in self._lines), default=0)

    def add(self, text: str, style: Style, above: float = 0.0) -> Stack:
        """Append a paragraph, `above` (a fraction of the unit) below the last; returns self."""
        px = max(SMALLEST_PX, self._canvas.text_px(style.size, self._scale))

        def width_of(piece: str) -> int:
            return self._canvas.measure(piece, style.role, px)[0]

        wrapped = wrap(text, self._width, width_of, balance=style.balance)
        if wrapped.lines and self._lines and above:
            self.height += self._canvas.px(above, self._scale)
        step = round(px * style.leading)
        for line in wrapped.lines:
            self._lines.append(_Line(line, style, px, self.height, width_of(line), step))
            self.height += step
        self.broken = self.broken or wrapped.broken
        return self

    def place(self, x: int, y: int, room: int | None = None) -> list[Text]:
        """The stack as operations with its top at `y`; lines below `room` pixels end in "…"."""
        kept = [line for line in self._lines if room is None or line.y + line.h <= room]
        ops = [
            Text(Box(x, y + line.y, line.w, line.h), line.text, line.style.role, line.px,
                 line.style.colour)
            for line in kept
        ]  # fmt: skip
        if ops and len(kept) < len(self._lines):
            ops[-1] = self._elided(ops[-1])
        return ops

    def _elided(self, op: Text) -> Text:
        text = op.text
        while text and self._canvas.measure(text + "…", op.role, op.px)[0] > self._width:
            text = text[:-1]
        text += "…"
        width = self._canvas.measure(text, op.role, op.px)[0]
        return Text(op.box._replace(w=min(width, self._width)), text, op.role, op.px, op.colour)


_T = TypeVar("_T")


def fitted(build: Callable[[float], tuple[bool, _T]], largest: float = 1.0) -> _T:
    """The first of `build(scale)` that fits, or the smallest; none is larger than `largest`."""
    for scale in STEPS[:-1]:
        if scale > largest:
            continue
        fits, value = build(scale)
        if fits:
            return value
    return build(STEPS[-1])[1]
