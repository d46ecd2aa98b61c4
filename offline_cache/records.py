"""A number of a row between reading and writing: small, sortable as bytes, without a name."""

from __future__ import annotations

import itertools
import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

from offline_cache import layout
from offline_cache.format import KeyKind
from offline_cache.rows import Problem, Problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from offline_cache.layout import Row

_RECORD = struct.Struct(">QIIBBBIIiiI")
RECORD_BYTES = _RECORD.size

_KINDS = tuple(KeyKind)
_KEY_BYTES = 8
_KEY_BIAS = 2**63
"""Added to the signed key, so that records sort as bytes in the order of keys."""
_NO_CLINIC = 2**32 - 1
_NO_DAY = -(2**31)

_COLUMNS = {
    KeyKind.ENP: "enp",
    KeyKind.TEMPORARY_CERTIFICATE: "temporary_certificate",
    KeyKind.OLD_POLICY: "old_policy",
    KeyKind.SNILS_BIRTH_DATE: "snils",
    KeyKind.IDENTITY_DOCUMENT: "document",
}


class EntryCodes(NamedTuple):
    """What an entry says, in the codes of the file."""

    status: int
    policy_type: int
    insurer: int
    clinic: int | None
    valid_from: int | None
    valid_to: int | None
    person_tag: int


class _Record(NamedTuple):
    biased_key: int
    line: int
    value_check: int
    """CRC-32 of the number: tells a number that stands twice from two with one hash."""
    kind: int
    status: int
    policy_type: int
    insurer: int
    clinic: int
    valid_from: int
    valid_to: int
    person_tag: int


_CONTENT = slice(_Record._fields.index("status"), None)


def pack_record(key: int, line: int, kind: KeyKind, folded: str, entry: EntryCodes) -> bytes:
    """`RECORD_BYTES` bytes that sort by key, then line; `folded` is the number that was hashed."""
    return _RECORD.pack(
        key + _KEY_BIAS,
        line,
        zlib.crc32(folded.encode("utf-8", "backslashreplace")),
        _KINDS.index(kind),
        entry.status,
        entry.policy_type,
        entry.insurer,
        _NO_CLINIC if entry.clinic is None else entry.clinic,
        _NO_DAY if entry.valid_from is None else entry.valid_from,
        _NO_DAY if entry.valid_to is None else entry.valid_to,
        entry.person_tag,
    )


def settle_records(records: Iterable[bytes], problems: Problems) -> Iterator[Row]:
    """Rows of sorted records, each key once; a key met again is a problem.

    Equal entries under one key are merged. Contradicting ones are all left out: the list must not
    guess which is true.

    Raises:
        BadRowsError: `problems` is strict and full.
    """
    for _, group in itertools.groupby(records, key=lambda record: record[:_KEY_BYTES]):
        first, *others = [_Record._make(_RECORD.unpack(record)) for record in group]
        for other in others:
            problems.add(_conflict(first, other))
        if all(other[_CONTENT] == first[_CONTENT] for other in others):
            yield _row(first)


def _row(record: _Record) -> Row:
    return layout.Row(
        key=record.biased_key - _KEY_BIAS,
        status=record.status,
        policy_type=record.policy_type,
        insurer=record.insurer,
        clinic=None if record.clinic == _NO_CLINIC else record.clinic,
        valid_from=None if record.valid_from == _NO_DAY else record.valid_from,
        valid_to=None if record.valid_to == _NO_DAY else record.valid_to,
        person_check=layout.pack_person_check(record.person_tag, 0),
    )


def _conflict(first: _Record, other: _Record) -> Problem:
    if (first.kind, first.value_check) != (other.kind, other.value_check):
        reason = f"its hash is that of another number in line {first.line}; use another key"
    elif first[_CONTENT] == other[_CONTENT]:
        reason = f"the same number and entry as in line {first.line}"
    else:
        reason = f"the same number as in line {first.line}, with another entry"
    return Problem(other.line, _COLUMNS[_KINDS[other.kind]], reason)
