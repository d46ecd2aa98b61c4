"""PNG writing."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui import png


@given(st.integers(1, 9), st.integers(1, 9), st.data())
def test_png_holds_the_pixels(width: int, height: int, data: st.DataObject) -> None:
    length = 3 * width * height
    rgb = data.draw(st.binary(min_size=length, max_size=length))
    chunks = _chunks(png.encode(rgb, (width, height)))
    assert struct.unpack(">IIBB", chunks[b"IHDR"][:10]) == (width, height, 8, 2)
    rows = zlib.decompress(chunks[b"IDAT"])
    step = 3 * width + 1
    assert {rows[i] for i in range(0, len(rows), step)} == {0}
    assert b"".join(rows[i + 1 : i + step] for i in range(0, len(rows), step)) == rgb


def _chunks(data: bytes) -> dict[bytes, bytes]:
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        (crc,) = struct.unpack(">I", data[at + 8 + length : at + 12 + length])
        assert crc == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + length
    return chunks


@pytest.mark.parametrize(
    ("rgb", "size"),
    [
        pytest.param(b"", (0, 0), id="nothing"),
        pytest.param(bytes(5), (1, 2), id="too few bytes"),
        pytest.param(bytes(7), (1, 2), id="too many bytes"),
    ],
)
def test_png_of_the_wrong_length(rgb: bytes, size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="RGB pixels"):
        png.encode(rgb, size)
