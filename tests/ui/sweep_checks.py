"""What must hold for the words of every frame, whatever the language, size and text scale."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import pygame

from kiosk.catalogue import LANGUAGES
from tests.ui.frames import texts, words
from tests.ui.sweep_views import views
from ui.flow import Canvas
from ui.footer import footer_top
from ui.layout import lay_out
from ui.ops import Box, Disc, Op, Picture, Polygon, Rect, RoundRect, Stroke, Text, bounds
from ui.paint import FONT_FILES, Fonts
from ui.screen import (
    Busy,
    Countdown,
    Guide,
    Keypad,
    OutOfService,
    RegistrarResult,
    Result,
    Screen,
    Service,
)
from ui.theme import LIGHT
from ui.turning import TURN_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ui.flow import Measure

SIZES: Final = ((800, 480), (1024, 600), (1280, 800), (1920, 1080), (1080, 1920))
SCALES: Final = (1.0, 1.5, 2.0)
_LARGE: Final = (Busy, Guide, OutOfService, Result)
"""Frames with one message, read from two metres: nothing on them may be small."""


class Fault(NamedTuple):
    """What is wrong, and where: words of the frame."""

    kind: str
    where: str


class Part(NamedTuple):
    """A part of the sweep."""

    language: str
    size: tuple[int, int]
    text: float

    def __str__(self) -> str:
        return f"{self.language} {self.size[0]}×{self.size[1]} {self.text:.0%}"


class Sizes(NamedTuple):
    """Of a frame's words, in pixels."""

    least: int
    largest: int


class Swept(NamedTuple):
    """What a part came to: faults and sizes, each with the frame's name."""

    faults: list[tuple[str, Fault]]
    sizes: dict[str, Sizes]


@cache
def measure_of() -> Measure:
    """Real font metrics; each text is measured once a size."""
    return cache(Fonts().measure)


def sweep(part: Part, only: tuple[str, ...] = ()) -> Swept:
    """Lay out all frames of a part, equal ones once; `only` those with such a word in the name."""
    faults, sizes, done = [], {}, set()
    for name, screen in views(part.language).items():
        if screen in done or (only and not any(word in name for word in only)):
            continue
        done.add(screen)
        found, sizes[name] = sweep_one(screen, part.size, part.text)
        faults += [(name, fault) for fault in found]
    return Swept(faults, sizes)


def sweep_one(screen: Screen, size: tuple[int, int], text: float) -> tuple[list[Fault], Sizes]:
    """Lay a frame out, all its pages: its faults, and how large its words are."""
    canvas = Canvas(*size, LIGHT, measure_of(), text)
    pages = [lay_out(page, size, LIGHT, canvas.measure, text) for page in turns(screen, text)]
    shown = [op.px for ops in pages for op in _above(canvas, ops)]
    # What pages have in common is said once.
    together = tuple(dict.fromkeys(op for ops in pages for op in texts(ops)))
    found = [
        *(fault for ops in pages for fault in (*_inside(canvas, ops), *_apart(ops))),
        *(fault for ops in pages for fault in _on_its_ground(ops)),
        *_whole(canvas, screen, together),
        *(_large_enough(canvas, screen, pages[0]) if text == 1.0 else ()),
    ]
    return list(dict.fromkeys(found)), Sizes(min(shown), max(shown))


def turns(screen: Screen, text: float) -> list[Screen]:
    """A view at the moments at which larger words may have turned a page."""
    if text == 1.0 or not isinstance(screen, RegistrarResult | Service):
        return [screen]
    total = screen.countdown.seconds_total
    moments = range(total, max(-1, total - 6 * TURN_SECONDS), 1 - TURN_SECONDS)
    return [replace(screen, countdown=Countdown(left, total)) for left in moments if left >= 0]


def shrunk(usual: Swept, larger: Swept) -> list[str]:
    """Frames whose smallest words are smaller where people want larger ones.

    A pixel and a step of size are forgiven, and to a headline what its place at a shape may cost.
    """
    lines = []
    for name, now in larger.sizes.items():
        was = usual.sizes[name]
        if now.least < 0.95 * was.least - 1 or now.largest < 0.85 * was.largest:
            lines.append(f"{name}: words shrink: {was} to {now}")
    return lines


def _above(canvas: Canvas, ops: tuple[Op, ...]) -> list[Text]:
    """Texts of the frame without its footer and without a countdown's digits."""
    top = footer_top(canvas)
    return [op for op in texts(ops) if op.box.y < top and not op.text.isdigit()]


def _inside(canvas: Canvas, ops: tuple[Op, ...]) -> Iterator[Fault]:
    margin, top = canvas.px(0.03), footer_top(canvas)
    for op in texts(ops):
        box = op.box
        if box.x < margin or box.right > canvas.w - margin or box.y < 0 or box.bottom > canvas.h:
            yield Fault("outside the frame", op.text)
        elif box.y < top < box.bottom:
            yield Fault("across the footer's line", op.text)


def _apart(ops: tuple[Op, ...]) -> Iterator[Fault]:
    for one, other in itertools.combinations(texts(ops), 2):
        if one.box.overlaps(other.box):
            yield Fault("two texts overlap", f"{one.text} | {other.text}")


def _on_its_ground(ops: tuple[Op, ...]) -> Iterator[Fault]:
    """A text lies wholly on a plate or beside it, and on no drawing but a countdown's ring."""
    for op in texts(ops):
        # Digits stand in a countdown's ring.
        for other in ops if not op.text.isdigit() else ():
            match other:
                case Rect() | RoundRect() | Picture() | Disc() | Polygon() | Stroke():
                    ground = bounds(other)
                case _:
                    continue
            if op.box.overlaps(ground) and not _within(op.box, ground):
                yield Fault(f"across a {type(other).__name__}", op.text)


def _within(box: Box, ground: Box) -> bool:
    return (
        box.x >= ground.x
        and box.y >= ground.y
        and box.right <= ground.right
        and box.bottom <= ground.bottom
    )


def _whole(canvas: Canvas, screen: Screen, ops: tuple[Op, ...]) -> Iterator[Fault]:
    """No word is lost, cut or broken between letters."""
    shown = [op.text for op in _above(canvas, ops)]
    said = words(screen) - words(screen.footer)
    if isinstance(screen, RegistrarResult):
        # The lines about the insurer give way.
        said -= words(screen.insurer_lines)
        # Large words leave out who says nothing.
        said -= {"—"} if canvas.text > 1 else set()
    joined = re.sub(r"\s", "", "".join(op.text for op in texts(ops)))
    for word in sorted(said):
        if word not in joined:
            yield Fault("a word is lost", word)
    known = words(screen) | {part for word in words(screen) for part in _parts(word)}
    for line in shown:
        for word in line.replace("\u00a0", " ").split():
            if word not in known and not isinstance(screen, Keypad):
                yield Fault("a word is broken", f"{word} in {line}")
    for op in texts(ops):
        if op.text.endswith("…"):
            yield Fault("a text is cut", op.text)
    listed = screen.footer.list_text.split(",")[0]
    footer = {op.text for op in texts(ops) if op.box.y >= footer_top(canvas)}
    if not any(text.startswith(listed) for text in footer) or screen.footer.time_text not in footer:
        yield Fault("the footer lacks list or time", " | ".join(sorted(footer)))


def _parts(word: str) -> set[str]:
    """What remains of a compound that is parted at its hyphens."""
    pieces = word.split("-")
    spans = itertools.combinations(range(len(pieces) + 1), 2)
    return {"-".join(pieces[a:b]) + ("-" if b < len(pieces) else "") for a, b in spans}


def _large_enough(canvas: Canvas, screen: Screen, ops: tuple[Op, ...]) -> Iterator[Fault]:
    if not isinstance(screen, _LARGE):
        return
    shown = _above(canvas, ops)
    largest, least = max(op.px for op in shown), min(op.px for op in shown)
    if largest < canvas.unit / 11:
        yield Fault("the headline is small", f"{largest} px of {canvas.unit / 11:.1f}")
    if least < int(canvas.unit / 24):
        yield Fault("words are small", f"{least} px of {canvas.unit / 24:.1f}")


def letters() -> set[str]:
    """All characters that any frame shows, and the whole alphabets."""
    shown = {
        word
        for language in LANGUAGES
        for screen in views(language).values()
        for word in words(screen)
    }
    alphabets = "абвгдежзийклмнопрстуфхцчшщъыьэюяёәөүҗңһabcdefghijklmnopqrstuvwxyz0123456789"
    return {letter for word in shown for letter in word} | set(alphabets + alphabets.upper())


def without_glyph(characters: set[str]) -> dict[str, set[str]]:
    """Characters that a type face lacks, by the face's file."""
    pygame.font.init()
    lacking = {}
    for path in {path for paths in FONT_FILES.values() for path in paths if path.is_file()}:
        font = pygame.font.Font(path, 20)
        missing = {one for one in characters if font.metrics(one)[0] is None}
        if missing:
            lacking[path.name] = missing
    return lacking
