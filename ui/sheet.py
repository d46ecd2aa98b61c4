"""A contact sheet: many frames in one picture, each with its name below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pygame

from ui import png
from ui.errors import UiError
from ui.ops import Role
from ui.paint import Fonts
from ui.theme import LIGHT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_GAP: Final = 24
_CAPTION: Final = 34
_CAPTION_PX: Final = 18


def write_sheet(frames: Sequence[tuple[str, Path]], out: Path, *, columns: int, width: int) -> None:
    """Put frames (name, PNG file) side by side, `columns` in a row, each `width` pixels wide.

    The frames have one size; pygame's display need not be open.

    Raises:
        UiError: there is no frame, one cannot be read, or the sheet cannot be written.
        FontError: no type face is installed.
    """
    if not frames:
        raise UiError("a contact sheet needs frames")
    try:
        pictures = [pygame.image.load(path) for _, path in frames]
    except (pygame.error, OSError) as error:
        raise UiError(f"a frame cannot be read: {error}") from error
    wide, high = pictures[0].get_size()
    height = width * high // wide
    rows = -(-len(frames) // columns)
    size = (
        columns * width + (columns + 1) * _GAP,
        rows * (height + _CAPTION) + (rows + 1) * _GAP,
    )
    sheet = pygame.Surface(size)
    sheet.fill(LIGHT.panel)
    font = Fonts().get(Role.REGULAR, _CAPTION_PX)
    for index, ((name, _), picture) in enumerate(zip(frames, pictures, strict=True)):
        x = _GAP + index % columns * (width + _GAP)
        y = _GAP + index // columns * (height + _CAPTION + _GAP)
        sheet.blit(pygame.transform.smoothscale(picture, (width, height)), (x, y))
        caption = font.render(name, True, LIGHT.ink_soft)  # noqa: FBT003
        sheet.blit(caption, (x, y + height + (_CAPTION - caption.get_height()) // 2))
    try:
        out.write_bytes(png.encode(pygame.image.tobytes(sheet, "RGB"), size, png.SMALL))
    except OSError as error:
        raise UiError(f"cannot write the contact sheet to {out}: {error.strerror}") from error
