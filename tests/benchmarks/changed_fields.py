"""How far a delta would shrink if it held only the fields that changed.

Ours holds whole rows, so that a kiosk applies it without reading its base. The other coding has a
key and a mask for every change, and then the new values of the fields in the mask, column by
column; to apply it, the kiosk has to look the old row up for every change.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from offline_cache.publisher.blocks import COLUMN_TYPES
from offline_cache.wire import read_blocks

if TYPE_CHECKING:
    from pathlib import Path


def bytes_a_change(lists: Path, delta: Path) -> float:
    """Bytes a changed entry of the smaller coding, for a delta between two lists of `lists`."""
    before, after = (int(part) for part in delta.stem.split("-")[1:])
    keys = _columns(delta)["keys"]
    old = _at(_columns(lists / f"list-{before}.rows"), keys)
    new = _at(_columns(lists / f"list-{after}.rows"), keys)
    whole = old["there"] & new["there"]
    mask = np.where(whole, 0, np.where(new["there"], 0x7F, 0x80)).astype(np.uint8)
    size = 0
    for bit, field in enumerate(COLUMN_TYPES):
        differs = new["there"] & (~whole | (old[field] != new[field]))
        mask |= (differs << bit).astype(np.uint8)
        size += _packed(new[field][differs])
    gaps = np.diff(keys, prepend=keys[:1])
    return float(size + _packed(mask) + _packed(gaps)) / len(keys)


def _columns(path: Path) -> dict[str, Any]:
    found: dict[str, list[Any]] = {"keys": [], **{field: [] for field in COLUMN_TYPES}}
    with path.open("rb") as stream:
        for block in read_blocks(stream)[1]:
            found["keys"].append(np.array(block.keys(), np.uint64))
            for field, kind in COLUMN_TYPES.items():
                found[field].append(np.frombuffer(getattr(block, field), kind))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def _at(columns: dict[str, Any], keys: Any) -> dict[str, Any]:
    """The rows of `keys`, and whether they are there."""
    places = np.minimum(np.searchsorted(columns["keys"], keys), len(columns["keys"]) - 1)
    rows = {field: columns[field][places] for field in COLUMN_TYPES}
    return rows | {"there": columns["keys"][places] == keys}


def _packed(column: Any) -> int:
    """Bytes of a column as `offline_cache.wire` would store its planes."""
    content = column.tobytes()
    size = 0
    for place in range(column.dtype.itemsize):
        plane = content[place :: column.dtype.itemsize]
        compressor = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_RLE)
        size += min(len(plane), len(compressor.compress(plane) + compressor.flush()))
    return size
