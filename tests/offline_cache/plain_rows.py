"""Compares and folds rows files row by row, in memory: what `publisher.delta` is held to."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from offline_cache.columns import (
    DIGEST_MODULUS,
    NO_CODE,
    NO_INSURER,
    References,
    WireRow,
    blocks_of,
    digest_of,
    rows_of,
)
from offline_cache.manifest import EndState
from offline_cache.wire import Header, RowsReader, block_count, encode_block, encode_header

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from offline_cache.columns import Columns
    from offline_cache.format import Insurer


class _Row(NamedTuple):
    status: int
    policy_type: int
    insurer: Insurer | None
    clinic: str | None
    valid_from: int
    valid_to: int
    person_tag: int


_DELETED = _Row(NO_CODE, NO_CODE, None, None, 0, 0, 0)


def compare(before: Path, after: Path, out: Path) -> EndState:
    """Write to `out` what changed from one list to another; deleted entries as rows."""
    old, new = _read(before), _read(after)
    changed = {key: row for key, row in new.items() if old.get(key) != row}
    changed |= dict.fromkeys(old.keys() - new.keys(), _DELETED)
    return _write(changed, out)


def fold(parts: Sequence[Path], out: Path) -> EndState:
    """Write to `out` the latest row of every key in `parts`, oldest part first."""
    rows: dict[int, _Row] = {}
    for part in parts:
        rows |= _read(part)
    return _write(rows, out)


def _read(path: Path) -> dict[int, _Row]:
    with path.open("rb") as stream:
        reader = RowsReader(stream)
        insurers, clinics = reader.header.references.insurers, reader.header.references.clinics
        return {
            key: _Row(
                status,
                policy_type,
                None if insurer == NO_INSURER else insurers[insurer],
                clinics[clinic - 1] if clinic else None,
                *rest,
            )
            for block in reader
            for key, status, policy_type, insurer, clinic, *rest in rows_of(block)
        }


def _write(rows: Mapping[int, _Row], out: Path) -> EndState:
    insurers = {row.insurer for row in rows.values() if row.insurer}
    clinics = {row.clinic for row in rows.values() if row.clinic}
    references = References(
        tuple(sorted(insurers, key=lambda insurer: (insurer.ogrn, insurer.okato))),
        tuple(sorted(clinics)),
    )
    blocks = tuple(_blocks(rows, references))
    digest = sum(digest_of(block, references) for block in blocks) % DIGEST_MODULUS
    header = encode_header(Header(len(rows), digest, references))
    out.write_bytes(header + b"".join(map(encode_block, blocks)))
    return EndState(len(rows), digest)


def _blocks(rows: Mapping[int, _Row], references: References) -> Iterator[Columns]:
    insurers = {insurer: place for place, insurer in enumerate(references.insurers)}
    clinics = {clinic: place for place, clinic in enumerate(references.clinics, start=1)}
    shift = 64 - (block_count(len(rows)).bit_length() - 1)
    for _, keys in groupby(sorted(rows), lambda key: key >> shift):
        block = [
            WireRow(
                key,
                row.status,
                row.policy_type,
                NO_INSURER if row.insurer is None else insurers[row.insurer],
                0 if row.clinic is None else clinics[row.clinic],
                row.valid_from,
                row.valid_to,
                row.person_tag,
            )
            for key in keys
            for row in (rows[key],)
        ]
        yield from blocks_of(block, len(block))
