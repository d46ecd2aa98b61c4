"""PNG writing and the look into JPEG headers."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui import jpeg, png


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _frame(width: int, height: int, *, marker: int = 0xC0, bits: int = 8, parts: int = 3) -> bytes:
    body = struct.pack(">BHHB", bits, height, width, parts) + b"\1\x11\0" * parts
    return _segment(marker, body)


_APP0 = _segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
_SOI = b"\xff\xd8"
_SAMPLE = _SOI + _APP0 + _segment(0xDB, bytes(65)) + _frame(320, 400)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(_SAMPLE, (320, 400), id="baseline"),
        pytest.param(_SOI + _APP0 + _frame(8, 9, marker=0xC2), (8, 9), id="progressive"),
        pytest.param(_SOI + _frame(8, 9, parts=1), (8, 9), id="grey"),
        pytest.param(_SOI + b"\xff\xff" + _frame(8, 9)[1:], (8, 9), id="fill bytes"),
        pytest.param(_SOI + _frame(1024, 1280), (1024, 1280), id="largest"),
        pytest.param(_SOI + _frame(1025, 1280), None, id="too wide"),
        pytest.param(_SOI + _frame(1024, 1281), None, id="too high"),
        pytest.param(_SOI + _frame(0, 9), None, id="no width"),
        pytest.param(_SOI + _frame(9, 0), None, id="height in a later segment"),
        pytest.param(_SOI + _frame(8, 9, marker=0xC3), None, id="lossless"),
        pytest.param(_SOI + _frame(8, 9, bits=12), None, id="twelve bits"),
        pytest.param(_SOI + _frame(8, 9, parts=4), None, id="four components"),
        pytest.param(_SOI + _segment(0xDA, b"") + _frame(8, 9), None, id="scan before frame"),
        pytest.param(_SOI + b"\xff\xe0\0\1" + _frame(8, 9), None, id="length that stands still"),
        pytest.param(_SOI + b"\xff\xe0\xff\xff", None, id="length beyond the end"),
        pytest.param(_SAMPLE[:-12], None, id="cut in the frame header"),
        pytest.param(_SAMPLE + bytes(jpeg.LARGEST_BYTES), None, id="too many bytes"),
        pytest.param(b"", None, id="empty"),
        pytest.param(b"\0\0\0\x0cjP  \r\n\x87\n", None, id="JPEG 2000"),
    ],
)
def test_size_of(data: bytes, expected: tuple[int, int] | None) -> None:
    assert jpeg.size_of(data) == expected


@given(st.binary(max_size=300))
def test_size_of_survives_any_bytes(tail: bytes) -> None:
    size = jpeg.size_of(_SOI + b"\xff" + tail)
    assert size is None or (0 < size[0] <= 1024 and 0 < size[1] <= 1280)


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
