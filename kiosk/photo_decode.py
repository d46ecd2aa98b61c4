"""Decodes one photo in a process of its own: whatever a card holds, it can only end that process.

JPEG (ITU-T T.81) and JPEG 2000 (ITU-T T.800, with or without the JP2 boxes) come in on standard
input, pixels go out on standard output: width and height as two big-endian 16-bit numbers, then
three bytes a pixel, red, green, blue, row by row. Exit code 3: this is no such picture. The door
to Pillow; `kiosk.photo` is the other end.
"""

from __future__ import annotations

import io
import resource
import struct
import sys
import warnings
from contextlib import suppress
from typing import Final

LARGEST_BYTES: Final = 64 * 1024
"""What a holder file can hold (ISO/IEC 7816-4: a file's length has 16 bits)."""
LARGEST_SIDE: Final = 1280
"""Of the picture as it is announced; photos of cards have about 400 × 500 pixels."""
MOST_TILES: Final = 64
"""Of a JPEG 2000 picture: its decoder sets kilobytes aside for each before it looks at any."""
SHOWN: Final = (480, 600)
"""Larger ones are made smaller: no frame has more room for a face."""
HEADER: Final = struct.Struct(">HH")
REFUSED: Final = 3

_MEMORY_BYTES: Final = 512 * 1024 * 1024
"""Of addresses, of which Python and Pillow take a third."""
_CPU_SECONDS: Final = 3
_SIZ: Final = b"\xff\x4f\xff\x51"
"""Start of a codestream and the marker of its measures (ITU-T T.800, A.4.1 and A.5.1)."""
_MEASURES: Final = struct.Struct(">8I")
"""Xsiz, Ysiz, XOsiz, YOsiz, XTsiz, YTsiz, XTOsiz, YTOsiz, after Lsiz and Rsiz."""
_FORMATS: Final = ("JPEG", "JPEG2000")


def decode(data: bytes) -> tuple[int, int, bytes] | None:
    """Width, height and pixels of a picture, made no larger than `SHOWN`; None: it is none."""
    # Here alone: the kiosk, which takes this module's measures, never loads a decoder.
    from PIL import Image  # noqa: PLC0415

    if not 0 < len(data) <= LARGEST_BYTES:
        return None
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            warnings.simplefilter("error")
            if max(image.size) > LARGEST_SIDE or min(image.size) < 1:
                return None
            if image.format == "JPEG2000" and not _has_few_tiles(data):
                return None
            # A JPEG is decoded no finer than it is shown.
            image.draft("RGB", SHOWN)
            picture = image.convert("RGB")
            picture.thumbnail(SHOWN)
            return *picture.size, picture.tobytes()
    except Exception:  # noqa: BLE001  # a hostile picture may raise whatever its numbers come to
        return None


def _has_few_tiles(data: bytes) -> bool:
    """Whether the first codestream in a JPEG 2000 picture is cut into no more than `MOST_TILES`."""
    at = data.find(_SIZ)
    if at < 0 or len(data) < at + 8 + _MEASURES.size:
        return False
    width, height, _, _, tile_width, tile_height, left, top = _MEASURES.unpack_from(data, at + 8)
    if not tile_width or not tile_height:
        return False
    across = -(-(width - left) // tile_width)
    down = -(-(height - top) // tile_height)
    return bool(across * down <= MOST_TILES)


def _limit_this_process() -> None:
    """Before the first foreign byte: no files, no memory dumps, bounded memory and time.

    The kiosk's unit forbids to set limits at all, and sets its own: no capabilities, no devices,
    512 MB together. What the picture announces is held to its measures everywhere.
    """
    for what, most in (
        (resource.RLIMIT_AS, _MEMORY_BYTES),
        (resource.RLIMIT_CPU, _CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 3),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(PermissionError, ValueError):
            resource.setrlimit(what, (most, most))


def main() -> int:
    """Decode standard input; the exit code."""
    from PIL import Image  # noqa: PLC0415

    Image.init()  # Reads its own modules, which the limits forbid.
    _limit_this_process()
    found = decode(sys.stdin.buffer.read(LARGEST_BYTES + 1))
    if found is None:
        return REFUSED
    width, height, pixels = found
    sys.stdout.buffer.write(HEADER.pack(width, height) + pixels)
    return 0


if __name__ == "__main__":
    sys.exit(main())
