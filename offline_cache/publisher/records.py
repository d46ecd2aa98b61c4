"""A number of a row between reading and writing: fixed size, sortable, without a name.

A run is one partition's records in the order of their keys, on disk, behind an index that says
where each 4096th of the key space begins: a merge reads its range of keys and nothing else. Dates
and clinics are stored as in `offline_cache.columns`; insurers and clinics lead into the partition's
own reference tables until the merge.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from offline_cache.columns import NO_INSURER
from offline_cache.format import Insurer, KeyKind

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RECORD: Final = np.dtype(
    [
        ("key", "<u8"),
        ("line", "<u4"),
        ("value_check", "<u4"),
        ("kind", "u1"),
        ("status", "u1"),
        ("policy_type", "u1"),
        ("insurer", "<u4"),
        ("clinic", "<u4"),
        ("valid_from", "<u4"),
        ("valid_to", "<u4"),
        ("person_tag", "<u4"),
    ]
)
"""`line` counts from 1 inside the partition; `value_check` is the CRC-32 of the number, which tells
a number that stands twice from two with one hash."""

CONTENT: Final = (
    *("status", "policy_type", "insurer", "clinic", "valid_from", "valid_to", "person_tag"),
)
"""What an entry says."""

KINDS: Final = tuple(KeyKind)
"""A record's kind is the place in it."""
RANGES: Final = 4096
RANGE_SHIFT: Final = np.uint64(64 - 12)
_INDEX: Final = np.dtype("<u4")
_INDEX_BYTES: Final = (RANGES + 1) * _INDEX.itemsize

Records = Any
"""A numpy array of `RECORD`."""


@dataclass(slots=True)
class LocalReferences:
    """A partition's own reference tables."""

    insurers: dict[Insurer, int] = field(default_factory=dict)
    clinics: dict[str, int] = field(default_factory=dict)

    def insurer_number(self, insurer: Insurer) -> int:
        """What stands for it in a record; a new one when it was not met before."""
        return self.insurers.setdefault(insurer, len(self.insurers))

    def clinic_number(self, clinic: str | None) -> int:
        """The same of a clinic: counted from 1, and 0 is none."""
        return 0 if clinic is None else self.clinics.setdefault(clinic, len(self.clinics)) + 1


@dataclass(frozen=True, slots=True)
class RunFile:
    """A run on disk, and where its lines stand in the source."""

    path: Path
    lines_before: int
    """Lines of the source before this partition."""
    source: str = ""
    unit: str = "line"
    """As in `offline_cache.rows.Problem`."""


def range_of(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Which of `RANGES` equal ranges each biased key lies in."""
    return (keys >> RANGE_SHIFT).astype(np.int64)


def write_run(path: Path, records: Records) -> None:
    """Sort `records` by key, then line, and write them.

    Raises:
        OSError: from the file system.
    """
    # Sorted by line first (most are already), so that the second, stable sort keeps that order.
    records = records[np.argsort(records["line"], kind="stable")]
    with RunWriter(path) as run:
        run.append(records[np.argsort(records["key"], kind="stable")])


class RunWriter:
    """Writes a run piece by piece."""

    def __init__(self, path: Path) -> None:
        """Begin the file `path`, whatever an attempt that died left there.

        It is finished by leaving `with`.

        Raises:
            OSError: from the file system.
        """
        self.records = 0
        self._file = path.open("wb")
        self._counts = np.zeros(RANGES, np.int64)
        self._file.write(bytes(_INDEX_BYTES))

    def __enter__(self) -> Self:
        """The run."""
        return self

    def __exit__(self, *_: object) -> None:
        """Write the index.

        Raises:
            OSError: from the file system.
        """
        with self._file:
            self._file.seek(0)
            index = np.concatenate([np.zeros(1, np.int64), np.cumsum(self._counts)])
            self._file.write(index.astype(_INDEX).tobytes())

    def append(self, records: Records) -> None:
        """Add records that are sorted and belong behind all before.

        Raises:
            OSError: from the file system.
        """
        self._counts += np.bincount(range_of(records["key"]), minlength=RANGES)
        self._file.write(records.tobytes())
        self.records += len(records)


def read_run(path: Path, first_range: int, end_range: int) -> Records:
    """The records of a run whose keys lie in these ranges.

    Raises:
        OSError: from the file system.
    """
    with path.open("rb") as file:
        file.seek(first_range * _INDEX.itemsize)
        index = np.fromfile(file, _INDEX, end_range - first_range + 1)
        first, end = int(index[0]), int(index[-1])
        file.seek(_INDEX_BYTES + first * RECORD.itemsize)
        records = np.fromfile(file, RECORD, end - first)
    if len(records) != end - first:
        raise OSError(5, "cut short", str(path))
    return records


def mapping_path(run: Path) -> Path:
    """Where a run's ids are mapped to those of the whole."""
    return run.with_name(f"{run.name}.ids")


def write_mapping(run: Path, insurers: list[int], clinics: list[int]) -> None:
    """Write down the ids of the whole that a partition's insurers and clinics have.

    In the run, the number behind the last insurer stands for none.

    Raises:
        OSError: from the file system.
    """
    numbers = [len(insurers) + 1, *insurers, NO_INSURER, *clinics]
    mapping_path(run).write_bytes(np.array(numbers, "<u4").tobytes())


def read_mapping(run: Path) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Tables from a partition's insurer column, and from its clinic column, to the whole's.

    Raises:
        OSError: from the file system.
    """
    values = np.fromfile(mapping_path(run), "<u4")
    insurers, clinics = values[1 : 1 + values[0]], values[1 + values[0] :]
    # In the column, a clinic's id is counted from 1, and 0 is none.
    return insurers, np.concatenate([np.zeros(1, "<u4"), clinics + np.uint32(1)])
