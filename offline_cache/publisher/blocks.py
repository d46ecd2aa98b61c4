"""Blocks of a rows file from arrays of records, and the digest over them."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from offline_cache.columns import NO_INSURER, Columns
from offline_cache.wire import encode_block

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from offline_cache.columns import References

_CONTENT: Final = np.dtype(
    [
        ("key", "<u8"),
        ("status", "u1"),
        ("policy_type", "u1"),
        ("valid_from", "<u4"),
        ("valid_to", "<u4"),
        ("person_tag", "<u4"),
        ("insurer", "V8"),
        ("clinic", "V8"),
    ]
)
"""`columns.CONTENT`, what the digest covers of a row."""

COLUMN_TYPES: Final = {
    "status": "u1",
    "policy_type": "u1",
    "insurer": "<u2",
    "clinic": "<u4",
    "valid_from": "<u4",
    "valid_to": "<u4",
    "person_tag": "<u4",
}
"""Of `columns.Columns`, in their order behind the gaps."""


def digest_of_records(records: Any, references: References) -> int:
    """`columns.digest_of` of records whose ids lead into `references`; not yet reduced."""
    content = np.empty(len(records), _CONTENT)
    for name in ("key", "status", "policy_type", "valid_from", "valid_to", "person_tag"):
        content[name] = records[name]
    content["insurer"] = _insurer_contents(references)[records["insurer"]]
    content["clinic"] = np.array(references.clinic_contents, "V8")[records["clinic"]]
    begun = blake2b(digest_size=32, person=b"register-row")

    def finish(value: bytes) -> bytes:
        hashed = begun.copy()
        hashed.update(value)
        return hashed.digest()

    pieces = content.view(f"V{_CONTENT.itemsize}").tolist()
    hashes = np.frombuffer(b"".join(map(finish, pieces)), ">u4").reshape(-1, 8)
    total = 0
    for limb in hashes.sum(axis=0, dtype=np.uint64).tolist():
        total = (total << 32) + limb
    return total


def split_blocks(records: Any, blocks: int) -> Iterator[Any]:
    """Sorted records by the blocks of a file of so many; there are no empty ones."""
    bits = blocks.bit_length() - 1
    if not bits:
        yield from (records,) if len(records) else ()
        return
    block = (records["key"] >> np.uint64(64 - bits)).astype(np.int64)
    bounds = np.concatenate([np.flatnonzero(np.diff(block, prepend=-1)), [len(records)]])
    for begin, end in zip(bounds.tolist(), bounds[1:].tolist(), strict=False):
        yield records[begin:end]


def encode_records(records: Any) -> bytes:
    """A block of sorted records whose keys are all different."""
    return encode_block(as_columns(records))


def as_columns(records: Any) -> Columns:
    """Sorted records as the columns that travel."""
    keys = np.ascontiguousarray(records["key"])
    gaps = np.diff(keys, prepend=keys[:1]).astype("<u8").tobytes()
    return Columns(
        int(keys[0]),
        gaps,
        *(records[name].astype(kind).tobytes() for name, kind in COLUMN_TYPES.items()),
    )


def _insurer_contents(references: References) -> NDArray[np.void]:
    """By id; the highest one is that of none."""
    contents = np.zeros(NO_INSURER + 1, "V8")
    for number, content in references.insurer_contents.items():
        contents[number] = np.void(content)
    return contents
