"""The rows file: how a list travels, as a whole (base) or as what changed (delta).

Rows and not a database: what comes over the network or from a stick meets this parser only, and it
knows columns of numbers and nothing else.

    magic, u32 length, header (deflated JSON: counts, digest, reference tables), then blocks
    block: u32 rows, u64 first key, then the planes of each column, each u8 form, u32 length, bytes

A column is cut into planes: all first bytes, all second bytes, and so on. Hashes fill their planes
with noise, which is stored as it is; the others are mostly alike and deflate well with nothing but
run lengths and Huffman codes (`Z_RLE`): 1.7 % over the entropy of the columns, and forty times
faster than LZMA. Blocks are ranges of keys (`block_count`), so that the bytes of a file depend on
its rows alone and not on how it was made. All numbers are little-endian.
"""

from __future__ import annotations

import json
import re
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final, Self

from offline_cache.columns import (
    KEY_BIAS,
    NO_CODE,
    NO_INSURER,
    POLICY_TYPE_CODES,
    STATUS_CODES,
    WIDTHS,
    Columns,
    References,
    numbers,
)
from offline_cache.errors import RowsFormatError
from offline_cache.format import Insurer

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC: Final = b"OMSROWS\x01"
BLOCK_ROWS: Final = 65_536
"""Rows that a block is meant to hold; keys are hashes, so that ranges of them fill evenly."""
MAX_BLOCKS: Final = 4096

_MAX_BLOCK_ROWS: Final = 1 << 17
"""Twice what a block is meant to hold: 30 MB of memory while it becomes part of a register."""
_MAX_HEADER_BYTES: Final = 2 * 1024 * 1024
"""100,000 clinics; JSON made for it takes thirty times its length in memory."""
_MAX_CLINIC_CHARACTERS: Final = 500
_HEADER_LENGTH: Final = struct.Struct("<I")
_BLOCK_START: Final = struct.Struct("<IQ")
_PLANE_START: Final = struct.Struct("<BI")
_ZERO, _RAW, _DEFLATED = range(3)
_RAW_DEFLATE: Final = -15
_DIGITS: Final = re.compile(r"[0-9]{1,13}")
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_STATUSES: Final = frozenset({*range(len(STATUS_CODES)), NO_CODE})
_TYPES: Final = frozenset({*range(len(POLICY_TYPE_CODES)), NO_CODE})


@dataclass(frozen=True, slots=True)
class Header:
    """What a rows file says of itself before its first row."""

    rows: int
    digest: int
    """Sum of `columns.digest_of` over the blocks."""
    references: References


def block_count(rows: int) -> int:
    """Into how many equal ranges of keys a file of so many rows is cut: a power of two."""
    count = 1
    while count < MAX_BLOCKS and rows > count * BLOCK_ROWS:
        count *= 2
    return count


def encode_header(header: Header) -> bytes:
    """The beginning of a rows file.

    Raises:
        RowsFormatError: no kiosk would take it: its reference tables are too large.
    """
    document = {
        "rows": header.rows,
        "digest": f"{header.digest:064x}",
        "insurers": [[each.ogrn, each.okato] for each in header.references.insurers],
        "clinics": list(header.references.clinics),
    }
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    if len(text) > _MAX_HEADER_BYTES:
        raise RowsFormatError("rows file: too many insurers and clinics for one list")
    packed = zlib.compress(text, 9)
    return MAGIC + _HEADER_LENGTH.pack(len(packed)) + packed


def encode_block(columns: Columns) -> bytes:
    """One block of at least one row; `columns` holds what `decode` will give back."""
    parts = [_BLOCK_START.pack(columns.rows, columns.first)]
    for column, width in zip(columns[1:], WIDTHS.values(), strict=True):
        for place in range(width):
            parts.extend(_encode_plane(column[place::width]))
    return b"".join(parts)


def _encode_plane(plane: bytes) -> tuple[bytes, bytes]:
    if not plane.strip(b"\0"):
        return _PLANE_START.pack(_ZERO, 0), b""
    compressor = zlib.compressobj(9, zlib.DEFLATED, _RAW_DEFLATE, 9, zlib.Z_RLE)
    packed = compressor.compress(plane) + compressor.flush()
    if len(packed) < len(plane):
        return _PLANE_START.pack(_DEFLATED, len(packed)), packed
    return _PLANE_START.pack(_RAW, len(plane)), plane


class RowsReader:
    """Reads a rows file from a stream, block by block; memory is bounded by the largest block."""

    def __init__(self, stream: BinaryIO) -> None:
        """Read the header.

        Raises:
            RowsFormatError: it is not a rows file.
            OSError: from the stream.
        """
        self._stream = stream
        self._offset = 0
        self._rows = 0
        self._last_key = -1
        self.header = self._header()

    def __iter__(self) -> Self:
        """The blocks, in the order of their keys."""
        return self

    def __next__(self) -> Columns:
        """The next block.

        Raises:
            RowsFormatError: the file is cut short, damaged, or holds more than it announced.
            OSError: from the stream.
        """
        if self._rows == self.header.rows:
            if self._stream.read(1):
                raise self._damaged("it goes on behind its last row")
            raise StopIteration
        columns = self._block()
        self._check(columns)
        self._rows += columns.rows
        # Keys and tags are hashes, which nothing packs to less than eight bytes a row.
        if self._rows > self._offset:
            raise self._damaged("it holds more rows than bytes")
        return columns

    def _header(self) -> Header:
        if self._read(len(MAGIC)) != MAGIC:
            raise RowsFormatError("not a rows file")
        (length,) = _HEADER_LENGTH.unpack(self._read(_HEADER_LENGTH.size))
        if length > _MAX_HEADER_BYTES:
            raise self._damaged("its header is too large")
        try:
            inflater = zlib.decompressobj()
            text = inflater.decompress(self._read(length), _MAX_HEADER_BYTES)
            if not inflater.eof:
                raise self._damaged("its header is too large or cut short")
            return _parse_header(json.loads(text))
        except (ValueError, TypeError, LookupError, zlib.error, RecursionError) as error:
            raise self._damaged("its header cannot be read") from error

    def _block(self) -> Columns:
        rows, first = _BLOCK_START.unpack(self._read(_BLOCK_START.size))
        if not 0 < rows <= min(_MAX_BLOCK_ROWS, self.header.rows - self._rows):
            raise self._damaged(f"a block of {rows} rows")
        return Columns(first, *(self._column(rows, width) for width in WIDTHS.values()))

    def _column(self, rows: int, width: int) -> bytes:
        planes = [self._plane(rows) for _ in range(width)]
        if width == 1:
            return planes[0]
        column = bytearray(rows * width)
        for place, plane in enumerate(planes):
            column[place::width] = plane
        return bytes(column)

    def _plane(self, rows: int) -> bytes:
        form, length = _PLANE_START.unpack(self._read(_PLANE_START.size))
        if form == _ZERO and length == 0:
            return bytes(rows)
        # What deflating does not shorten is stored raw.
        if not (form == _RAW and length == rows) and not (form == _DEFLATED and length < rows):
            raise self._damaged("a column has another length")
        stored = self._read(length)
        if form == _RAW:
            return stored
        inflater = zlib.decompressobj(_RAW_DEFLATE)
        try:
            plane = inflater.decompress(stored, rows + 1)
        except zlib.error as error:
            raise self._damaged("a column cannot be unpacked") from error
        if len(plane) != rows or not inflater.eof or inflater.unused_data:
            raise self._damaged("a column has another length")
        return plane

    def _check(self, columns: Columns) -> None:
        """Keys ascend, and every code is one that a register may hold."""
        gaps = numbers("Q", columns.gaps)
        last = columns.first + sum(gaps)
        if columns.first <= self._last_key or gaps[0] != 0 or last >= 2 * KEY_BIAS:
            raise self._damaged("its keys are not in order")
        if len(gaps) > 1 and min(gaps[1:]) == 0:
            raise self._damaged("a key stands there twice")
        self._last_key = last
        references = self.header.references
        insurers = {*range(len(references.insurers)), NO_INSURER}
        if (
            not _STATUSES.issuperset(columns.status)
            or not _TYPES.issuperset(columns.policy_type)
            or not insurers.issuperset(numbers("H", columns.insurer))
            or max(numbers("I", columns.clinic)) > len(references.clinics)
        ):
            raise self._damaged("a row holds a code that there is not")

    def _read(self, size: int) -> bytes:
        found = self._stream.read(size)
        self._offset += len(found)
        if len(found) != size:
            raise self._damaged("it is cut short")
        return found

    def _damaged(self, what: str) -> RowsFormatError:
        return RowsFormatError(f"rows file, offset {self._offset}: {what}")


def read_blocks(stream: BinaryIO) -> tuple[Header, Iterator[Columns]]:
    """The header and the blocks of a rows file.

    Raises:
        RowsFormatError: here or while iterating, when the file is not sound.
    """
    reader = RowsReader(stream)
    return reader.header, reader


def _parse_header(document: dict[str, object]) -> Header:
    rows, digest = document["rows"], document["digest"]
    if type(rows) is not int or not 0 <= rows < 2**32:
        raise ValueError("rows")
    if not isinstance(digest, str) or not _HEX.fullmatch(digest):
        raise ValueError("digest")
    insurers, clinics = document["insurers"], document["clinics"]
    if not isinstance(insurers, list) or not isinstance(clinics, list):
        raise TypeError("reference tables")
    references = References(
        tuple(Insurer(_number(ogrn), _number(okato)) for ogrn, okato in insurers),
        tuple(map(_clinic, clinics)),
    )
    if len(references.insurers) >= NO_INSURER:
        raise ValueError("too many insurers")
    return Header(rows, int(digest, 16), references)


def _number(value: object) -> str:
    if not isinstance(value, str) or not _DIGITS.fullmatch(value):
        raise ValueError("not a number")
    return value


def _clinic(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_CLINIC_CHARACTERS:
        raise ValueError("not a clinic")
    return value
