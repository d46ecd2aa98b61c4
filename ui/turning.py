"""Pages that turn by themselves: what large words leave no room for is shown in turn.

Which page it is follows from the countdown alone, so that equal views still give equal frames. A
row of marks says how many pages there are; a page with a difference has a diamond for its mark.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ui import shapes
from ui.ops import Box, Colour, Disc, Op
from ui.table import Part, above

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ui.flow import Canvas
    from ui.screen import Countdown

MOST_PAGES: Final = 4
"""At the largest text; more than these nobody waits for: words become smaller instead."""
_FEWEST: Final = 2
TURN_SECONDS: Final = 4
_MARK: Final = 0.026
"""Height of the marks' row, as a fraction of the unit."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that stays together on a page."""

    build: Callable[[Box], Part]
    """Lays it out from the top of a box; its width counts, its height does not."""
    differs: bool = False


@dataclass(frozen=True, slots=True)
class Inks:
    """Colours of the marks: of the page that is shown, and of the others."""

    now: Colour
    others: Colour


def place_turning(
    canvas: Canvas,
    box: Box,
    pieces: Sequence[Piece],
    countdown: Countdown,
    inks: Inks,
    marks: Box | None = None,
) -> Part:
    """The page whose turn it is, and marks in the lower right corner, of the box or of `marks`.

    It fits if there are no more pages than people wait for, none of them higher than the box.
    """
    built = [piece.build(box) for piece in pieces]
    heights = [part.bottom - box.y for part in built]
    pages, foot = _shared_out(heights, box.h), 0
    if len(pages) > 1 and marks is None:
        foot = canvas.px(2 * _MARK)
        pages = _shared_out(heights, box.h - foot)
    differing = [any(pieces[index].differs for index in page) for page in pages]
    shown = page_at(countdown, differing)
    most = round(canvas.given_way(MOST_PAGES / _FEWEST) * _FEWEST) if canvas.text > 1 else 1
    part = Part([], box.y, fits=len(pages) <= most and all(one.fits for one in built))
    part.fits = part.fits and max(heights, default=0) <= box.h - foot
    for index in pages[shown] if pages else ():
        placed = pieces[index].build(box._replace(y=part.bottom))
        part.ops += placed.ops
        part.bottom = placed.bottom
    part.ops = above(part.ops, box.bottom - foot)
    if len(pages) > 1:
        part.ops += _marks(canvas, marks or box, differing, shown, inks)
    return part


def page_at(countdown: Countdown, differing: Sequence[bool]) -> int:
    """Which page is shown, from 0; each has its turn before the time is over.

    `differing` says of each page whether there is a difference on it. A first page that alone has
    one comes back after each of the others.
    """
    turns = list(range(len(differing)))
    if len(turns) > 2 and differing[0] and not any(differing[1:]):
        turns = [page for other in turns[1:] for page in (0, other)]
    seconds = min(TURN_SECONDS, max(1, countdown.seconds_total // max(1, len(turns))))
    gone = max(0, countdown.seconds_total - countdown.seconds_left) // seconds
    return turns[gone % len(turns)] if turns else 0


def _shared_out(heights: Sequence[int], room: int) -> list[list[int]]:
    """Places of the pieces by page, in their order."""
    pages: list[list[int]] = []
    left = -1
    for index, height in enumerate(heights):
        if not pages or height > left:
            pages.append([])
            left = room
        pages[-1].append(index)
        left -= height
    return pages


def _marks(canvas: Canvas, box: Box, differing: Sequence[bool], shown: int, inks: Inks) -> list[Op]:
    """A row of marks at the lower right, the shown page's larger."""
    side = canvas.px(_MARK)
    y = box.bottom - side / 2
    ops: list[Op] = []
    for index, differs in enumerate(differing):
        x = box.right - side / 2 - 1.5 * side * (len(differing) - 1 - index)
        radius = side * (0.5 if index == shown else 0.3)
        colour = inks.now if index == shown else inks.others
        ops += shapes.diamond((x, y), radius, colour) if differs else [Disc((x, y), radius, colour)]
    return ops
