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
from typing import Final

LARGEST_BYTES: Final = 64 * 1024
"""What a holder file can hold (ISO/IEC 7816-4: a file's length has 16 bits)."""
LARGEST_SIDE: Final = 2048
"""Of the picture as it is announced; photos of cards have about 400 × 500 pixels."""
SHOWN: Final = (480, 600)
"""Larger ones are made smaller: no frame has more room for a face."""
HEADER: Final = struct.Struct(">HH")
REFUSED: Final = 3

_MEMORY_BYTES: Final = 512 * 1024 * 1024
"""Of addresses, of which Python and Pillow take a third."""
_CPU_SECONDS: Final = 3
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
            # A JPEG is decoded no finer than it is shown.
            image.draft("RGB", SHOWN)
            picture = image.convert("RGB")
            picture.thumbnail(SHOWN)
            return *picture.size, picture.tobytes()
    except Exception:  # noqa: BLE001  # a hostile picture may raise whatever its numbers come to
        return None


def _limit_this_process() -> None:
    """Before the first foreign byte: no files, no memory dumps, bounded memory and time."""
    for what, most in (
        (resource.RLIMIT_AS, _MEMORY_BYTES),
        (resource.RLIMIT_CPU, _CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 3),
        (resource.RLIMIT_CORE, 0),
    ):
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
