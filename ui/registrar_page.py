"""The registrar's paper side: photo, person, the comparison, and who insures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ui.drawings import silhouette
from ui.flow import Canvas, Stack, Style
from ui.ops import Box, Op, Picture, Role, RoundRect
from ui.table import Part, add_row, cell_styles, place_table
from ui.theme import FOOTNOTE, REGISTRAR_BODY, REGISTRAR_NAME

if TYPE_CHECKING:
    from ui.screen import RegistrarResult

_PHOTO: Final = (0.245, 0.30)
"""Width and height of the photo, as fractions of the unit."""
_LEAST_PHOTO: Final = 0.6
"""Scale below which a photo on a crowded page does not shrink with the words."""


def place_page(
    canvas: Canvas, screen: RegistrarResult, box: Box, scale: float, *, crowded: bool = False
) -> Part:
    """Everything that is compared; on a crowded page the photo shrinks with the words."""
    smaller = max(scale, _LEAST_PHOTO) if crowded else 1.0
    photo = _photo(canvas, screen, box, scale, smaller)
    gap = canvas.px(0.045)
    narrow = box.w - (canvas.px(_PHOTO[0], smaller) + gap if photo.ops else 0)
    person = _person(canvas, screen, box._replace(w=narrow), scale)
    below = max(photo.bottom, person.bottom)
    table = place_table(canvas, screen, box._replace(y=below + canvas.px(0.03, scale)), scale)
    fits = photo.fits and person.fits and table.fits and table.bottom <= box.bottom
    return Part([*photo.ops, *person.ops, *table.ops], table.bottom, fits)


def with_insurer(
    canvas: Canvas, part: Part, lines: tuple[str, ...], box: Box, scale: float
) -> Part:
    """A page with the first lines about the insurer below its table."""
    if not lines:
        return part
    style = Style(FOOTNOTE, canvas.theme.ink_soft, leading=1.22)
    words = Stack(canvas, box.w, scale)
    for line in lines:
        words.add(line, style)
    y = part.bottom + canvas.px(0.018, scale)
    bottom = y + words.height
    fits = part.fits and words.fits and bottom <= box.bottom
    return Part([*part.ops, *words.place(box.x, y)], bottom, fits)


def _photo(canvas: Canvas, screen: RegistrarResult, box: Box, scale: float, smaller: float) -> Part:
    """The photo in the upper right corner with its caption, or a silhouette in its place."""
    if screen.photo is None and not screen.photo_caption:
        return Part([], box.y)
    photo, w = place_photo(canvas, screen, box, smaller)
    style = Style(REGISTRAR_BODY, canvas.theme.ink_soft, leading=1.2)
    caption = Stack(canvas, w, scale).add(screen.photo_caption, style)
    caption_y = photo.bottom + canvas.px(0.012)
    ops = [*photo.ops, *caption.place(box.right - w, caption_y)]
    return Part(ops, caption_y + caption.height, caption.fits)


def place_photo(
    canvas: Canvas, screen: RegistrarResult, box: Box, smaller: float
) -> tuple[Part, int]:
    """The photo in the upper right corner, or a silhouette in its place; and its width."""
    theme = canvas.theme
    w = canvas.px(_PHOTO[0], smaller)
    frame = Box(box.right - w, box.y, w, canvas.px(_PHOTO[1], smaller))
    line = max(1, canvas.px(0.0025))
    inner = frame.inset(line, line)
    radius = canvas.px(0.012)
    ops: list[Op] = [
        RoundRect(frame, radius, theme.silhouette),
        RoundRect(inner, radius - line, theme.panel),
        *silhouette(inner, theme),
    ]
    if screen.photo is not None:
        ops.append(Picture(inner, screen.photo))
    return Part(ops, frame.bottom), w


def _person(canvas: Canvas, screen: RegistrarResult, box: Box, scale: float) -> Part:
    """Name, and the facts that are read out."""
    theme = canvas.theme
    name = Style(REGISTRAR_NAME, theme.ink, Role.BOLD, leading=1.14)
    words = unbroken(canvas, box.w, (screen.surname, screen.names), name, scale)
    lift = canvas.px(0.012)
    part = Part([*words.place(box.x, box.y - lift)], box.y - lift + words.height, words.fits)
    part.bottom += canvas.px(0.016, scale)
    label, value = cell_styles(canvas)
    px = canvas.text_px(REGISTRAR_BODY, scale)
    widths = [canvas.measure(fact.label, label.role, px)[0] for fact in screen.facts]
    split = min(max(widths, default=0) + canvas.px(0.025), round(0.46 * box.w))
    for fact in screen.facts:
        cells = (
            (fact.label, label, box.x, split),
            (fact.value, value, box.x + split, box.w - split),
        )
        add_row(canvas, part, box, cells, scale)
    return part


def unbroken(
    canvas: Canvas, width: int, texts: tuple[str, ...], style: Style, scale: float
) -> Stack:
    """Paragraphs, smaller if that keeps the words of a long name whole."""
    stack = Stack(canvas, width, scale)
    for tighter in (1.0, 0.9, 0.8, 0.7, 0.6):
        stack = Stack(canvas, width, scale * tighter)
        for text in texts:
            stack.add(text, style)
        if not stack.broken:
            break
    return stack
