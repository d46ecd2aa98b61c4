"""Draws a receipt's text as a QR code (ISO/IEC 18004), for a screen or a terminal."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import segno

from kiosk.journal.errors import JournalError

if TYPE_CHECKING:
    from pathlib import Path

_SCALE: Final = 6
"""Pixels a module: large enough for a phone at arm's length."""


class QrError(JournalError):
    """A QR code cannot be drawn or written."""


def png(text: str) -> bytes:
    """The QR code of a receipt's text, PNG.

    Raises:
        QrError: the text is too long.
    """
    out = io.BytesIO()
    _made(text).save(out, kind="png", scale=_SCALE)
    return out.getvalue()


def for_terminal(text: str) -> str:
    """The QR code of a receipt's text in half blocks; ends with a line break.

    Raises:
        QrError: the text is too long.
    """
    out = io.StringIO()
    _made(text).terminal(out, compact=True)
    return out.getvalue()


def write_png(text: str, file: Path) -> None:
    """Write the QR code of a receipt's text into a file.

    Raises:
        QrError: the text is too long, or the disk does not take it.
    """
    content = png(text)
    try:
        file.write_bytes(content)
    except OSError as error:
        raise QrError(f"{file}: {error.strerror or 'cannot be written'}") from error


def _made(text: str) -> segno.QRCode:
    try:
        return segno.make_qr(text, error="m", boost_error=False)
    except ValueError as error:
        raise QrError(f"no QR code holds {len(text)} characters") from error
