"""The size of a JPEG from its frame header, so that a decoder only sees pictures of a sane size.

ITU-T T.81 (ISO/IEC 10918-1), B.1.1 (markers) and B.2.2 (frame header).
"""

from __future__ import annotations

from typing import Final

LARGEST_BYTES: Final = 64 * 1024
LARGEST_WIDTH: Final = 1024
LARGEST_HEIGHT: Final = 1280

_FRAME_HEADERS: Final = frozenset({0xC0, 0xC1, 0xC2})
"""SOF0 to SOF2: the sequential and progressive Huffman processes that decoders know."""
_OTHER_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - _FRAME_HEADERS - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH: Final = frozenset({0x01, *range(0xD0, 0xDA)})
"""TEM, RSTn, SOI and EOI stand alone; none belongs before the frame header."""
_START_OF_SCAN: Final = 0xDA


def size_of(data: bytes) -> tuple[int, int] | None:
    """Width and height of a JPEG within the limits; None for anything else."""
    if len(data) > LARGEST_BYTES or data[:3] != b"\xff\xd8\xff":
        return None
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in _FRAME_HEADERS:
            return _dimensions(data[at + 4 : at + 10])
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if marker in _OTHER_FRAMES | _WITHOUT_LENGTH | {_START_OF_SCAN, 0x00} or length < 2:
            return None
        at += 2 + length
    return None


def _dimensions(header: bytes) -> tuple[int, int] | None:
    """P, Y, X and Nf of a frame header: 8-bit samples, one or three components."""
    if len(header) < 6 or header[0] != 8 or header[5] not in {1, 3}:
        return None
    height = int.from_bytes(header[1:3], "big")
    width = int.from_bytes(header[3:5], "big")
    if not (0 < width <= LARGEST_WIDTH and 0 < height <= LARGEST_HEIGHT):
        return None
    return width, height
