"""A block of rows as columns, and what is computed over them: keys, digest, seals.

This is the form in which rows travel and are hashed; in the SQLite file they lie as
`layout.Row`. Every column is plain little-endian bytes, so that the publisher's arrays and the
kiosk's standard library mean the same. All work on whole columns is done by slicing and by C
functions of the standard library: a kiosk builds ten million rows from them in under a minute.
"""

from __future__ import annotations

import struct
import sys
import zlib
from array import array
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import accumulate, islice, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from offline_cache.format import Insurer, PolicyType, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

KEY_BIAS: Final = 2**63
"""Added to a signed lookup key, so that keys sort as unsigned numbers; a key of a row and all
keys below are biased."""
DAY_BIAS: Final = 1_000_000
"""Added to a day code, so that 0 can be "no date" and every date is positive."""
NO_CODE: Final = 0xFF
NO_INSURER: Final = 0xFFFF
DIGEST_MODULUS: Final = 2**256

STATUS_CODES: Final[tuple[Status, ...]] = (
    Status.CONFIRMED,
    Status.AWAITING_CONFIRMATION,
    Status.CONSCRIPTED,
    Status.MILITARY_SERVICE,
    Status.EXPIRED,
    Status.DEATH,
    Status.DEATH_UNCONFIRMED,
    Status.CITIZENSHIP_ENDED,
    Status.RESIDENCE_PERMIT_ANNULLED,
    Status.TEMPORARY_PERMIT_ANNULLED,
    Status.REFUGEE_STATUS_LOST,
    Status.NOT_CONFIRMED,
    Status.ANNULLED,
)
"""Stored as the place in this table: append only. SQLite keeps 0 and 1 without a byte of body."""

POLICY_TYPE_CODES: Final[tuple[PolicyType, ...]] = (
    PolicyType.PAPER,
    PolicyType.DIGITAL,
    PolicyType.CARD,
    PolicyType.OLD,
    PolicyType.REGISTERED,
    PolicyType.TEMPORARY_PAPER,
    PolicyType.TEMPORARY_ELECTRONIC,
    PolicyType.UNIVERSAL_CARD,
    PolicyType.MFC,
)
"""As `STATUS_CODES`: append only, the commonest first."""

CONTENT: Final = struct.Struct("<QBBIII8s8s")
"""What the digest covers of a row: key, status, policy type, dates, person tag, insurer, clinic."""
SEALED: Final = struct.Struct("<QQBBHIIII")
"""What a row's CRC covers: key, the next row's key, and all fields as they are stored."""

_NOTHING: Final = bytes(8)


class Columns(NamedTuple):
    """Rows in the order of their keys, one `bytes` a column, little-endian."""

    first: int
    """Biased key of the first row."""
    gaps: bytes
    """8 bytes a row: how much larger the key is than the one before; the first row has 0."""
    status: bytes
    """1 byte: place in `STATUS_CODES`; `NO_CODE`: the entry is deleted (deltas and overlays)."""
    policy_type: bytes
    """1 byte: place in `POLICY_TYPE_CODES`; `NO_CODE` when deleted."""
    insurer: bytes
    """2 bytes: place in the reference table; `NO_INSURER` when deleted."""
    clinic: bytes
    """4 bytes: place in the reference table + 1; 0: none."""
    valid_from: bytes
    """4 bytes: `layout.day_code` + `DAY_BIAS`; 0: none."""
    valid_to: bytes
    person_tag: bytes
    """4 bytes."""

    @property
    def rows(self) -> int:
        """How many rows these are."""
        return len(self.status)

    def keys(self) -> array[int]:
        """The biased keys.

        Raises:
            OverflowError: they run over 64 bits.
        """
        # The first gap is 0, so the first key comes twice.
        return array("Q", islice(accumulate(numbers("Q", self.gaps), initial=self.first), 1, None))


class WireRow(NamedTuple):
    """One row, its fields as `Columns` holds them."""

    key: int
    """Biased."""
    status: int
    policy_type: int
    insurer: int
    clinic: int
    valid_from: int
    valid_to: int
    person_tag: int


WIDTHS: Final = {
    "gaps": 8,
    "status": 1,
    "policy_type": 1,
    "insurer": 2,
    "clinic": 4,
    "valid_from": 4,
    "valid_to": 4,
    "person_tag": 4,
}
"""Bytes a row of each column, in the order of `Columns`."""


@dataclass(frozen=True)
class References:
    """The reference tables that the ids of a file lead into."""

    insurers: tuple[Insurer, ...] = ()
    clinics: tuple[str, ...] = ()

    @cached_property
    def insurer_contents(self) -> dict[int, bytes]:
        """What the digest covers of each insurer, by id: ids differ between files."""
        contents = dict(enumerate(map(insurer_content, self.insurers)))
        return contents | {NO_INSURER: insurer_content(None)}

    @cached_property
    def clinic_contents(self) -> tuple[bytes, ...]:
        """The same of "no clinic" and of each clinic, in the order of the column's numbers."""
        return tuple(map(clinic_content, (None, *self.clinics)))


def numbers(code: str, column: bytes | bytearray) -> array[int]:
    """A column's numbers; `code` as of `array`: B 1, H 2, I 4, Q 8 bytes."""
    found: array[int] = array(code)
    found.frombytes(column)
    if sys.byteorder == "big":
        found.byteswap()
    return found


def to_bytes(code: str, values: Iterable[int]) -> bytes:
    """A column from its numbers.

    Raises:
        OverflowError: a number does not fit.
    """
    column: array[int] = array(code, values)
    if sys.byteorder == "big":
        column.byteswap()
    return column.tobytes()


def gaps_of(keys: Sequence[int]) -> bytes:
    """The column of gaps of ascending biased keys."""
    return to_bytes("Q", (0, *(after - before for before, after in pairwise(keys))))


def blocks_of(rows: Iterable[WireRow], size: int) -> Iterator[Columns]:
    """Ascending rows in blocks of `size`."""
    rows = iter(rows)
    while block := list(islice(rows, size)):
        keys, status, policy_type, insurer, clinic, valid_from, valid_to, tag = zip(
            *block, strict=True
        )
        yield Columns(
            keys[0],
            gaps_of(keys),
            bytes(status),
            bytes(policy_type),
            to_bytes("H", insurer),
            *(to_bytes("I", column) for column in (clinic, valid_from, valid_to, tag)),
        )


def rows_of(columns: Columns) -> Iterator[WireRow]:
    """The rows of a block."""
    return map(
        WireRow._make,
        zip(
            columns.keys(),
            columns.status,
            columns.policy_type,
            numbers("H", columns.insurer),
            *(numbers("I", column) for column in columns[5:]),
            strict=True,
        ),
    )


def digest_of(columns: Columns, references: References) -> int:
    """Sum of the rows' hashes modulo `DIGEST_MODULUS`: it follows a change row by row.

    Raises:
        LookupError: an id leads outside the reference tables.
    """
    content = interleave(
        columns.rows,
        (
            to_bytes("Q", columns.keys()),
            columns.status,
            columns.policy_type,
            columns.valid_from,
            columns.valid_to,
            columns.person_tag,
            b"".join(map(references.insurer_contents.__getitem__, numbers("H", columns.insurer))),
            b"".join(map(references.clinic_contents.__getitem__, numbers("I", columns.clinic))),
        ),
    )
    return sum(map(hash_of_content, slices(content, CONTENT.size))) % DIGEST_MODULUS


def hash_of_content(content: bytes) -> int:
    """What one row adds to the digest; `content` is packed by `CONTENT`."""
    hashed = blake2b(content, digest_size=32, person=b"register-row").digest()
    return int.from_bytes(hashed, "big")


def person_checks(columns: Columns, keys: array[int], next_first: int, serial: int) -> list[int]:
    """The column `person_check` of the SQLite file: tag and CRC-32 in one signed 64-bit integer.

    `next_first` is the biased key that follows the block: the next block's first, and after the
    last block the file's first. See `layout.row_check`.
    """
    sealed = interleave(
        columns.rows,
        (
            to_bytes("Q", keys),
            to_bytes("Q", (*keys[1:], next_first)),
            columns.status,
            columns.policy_type,
            columns.insurer,
            columns.clinic,
            columns.valid_from,
            columns.valid_to,
            columns.person_tag,
        ),
    )
    start = serial & 0xFFFFFFFF
    crc32 = zlib.crc32
    return [
        tag << 32 | crc32(content, start)
        for tag, content in zip(
            numbers("i", columns.person_tag), slices(sealed, SEALED.size), strict=True
        )
    ]


def slices(content: bytes | bytearray, size: int) -> Iterator[bytes]:
    """`content` in pieces of `size` bytes."""
    return (piece for (piece,) in struct.iter_unpack(f"{size}s", content))


def interleave(rows: int, columns: Sequence[bytes]) -> bytearray:
    """One packed record a row, its fields taken from `columns` in order."""
    if not rows:
        return bytearray()
    size = sum(len(column) for column in columns) // rows
    records = bytearray(rows * size)
    offset = 0
    for column in columns:
        width = len(column) // rows
        for place in range(width):
            records[offset + place :: size] = column[place::width]
        offset += width
    return records


def insurer_content(insurer: Insurer | None) -> bytes:
    """What the digest covers of an insurer, 8 bytes."""
    if insurer is None:
        return _NOTHING
    text = f"{insurer.ogrn} {insurer.okato}".encode()
    return blake2b(text, digest_size=8, person=b"register-smo").digest()


def clinic_content(clinic: str | None) -> bytes:
    """What the digest covers of a clinic, 8 bytes."""
    if clinic is None:
        return _NOTHING
    return blake2b(clinic.encode(), digest_size=8, person=b"register-clinic").digest()
