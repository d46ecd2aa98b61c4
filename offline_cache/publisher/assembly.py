"""What every rows file is put together from: numbered reference tables, merged parts, a header."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from offline_cache.columns import NO_INSURER, References
from offline_cache.errors import BadRowsError
from offline_cache.publisher.merging import MergeTask
from offline_cache.publisher.records import RANGES, write_mapping
from offline_cache.wire import encode_header

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from offline_cache.format import Insurer
    from offline_cache.publisher.records import RunFile
    from offline_cache.wire import Header

_TASK_RECORDS: Final = 600_000
"""At most so many are merged at a time, in about 150 MB; whole blocks, of 65,536 at most."""
_COPY_BYTES: Final = 1024 * 1024


class ReferenceTables:
    """The reference tables of many runs, each with its own, as one pair."""

    def __init__(self) -> None:
        """Start with none."""
        self._insurers: dict[Insurer, int] = {}
        self._clinics: dict[str, int] = {}
        self._runs: list[tuple[Path, NDArray[np.uint32], NDArray[np.uint32]]] = []

    def add(self, run: Path, insurers: Iterable[Insurer], clinics: Iterable[str]) -> None:
        """Take in those of one run."""
        insurer_ids = [self._insurers.setdefault(each, len(self._insurers)) for each in insurers]
        clinic_ids = [self._clinics.setdefault(each, len(self._clinics)) for each in clinics]
        self._runs.append((run, np.array(insurer_ids, np.uint32), np.array(clinic_ids, np.uint32)))

    def number(self) -> References:
        """The tables, in the order of their content; every run is told the numbers of its own.

        Raises:
            BadRowsError: there are more insurers than a file can number.
            OSError: from the file system.
        """
        found = merge_references([References(tuple(self._insurers), tuple(self._clinics))])
        if len(found.insurers) >= NO_INSURER:
            raise BadRowsError(f"more than {NO_INSURER - 1:,} insurers; nothing was published")
        insurers = _places(found.insurers, self._insurers)
        clinics = _places(found.clinics, self._clinics)
        for run, insurer_ids, clinic_ids in self._runs:
            write_mapping(run, insurers[insurer_ids].tolist(), clinics[clinic_ids].tolist())
        return found


def merge_references(tables: Iterable[References]) -> References:
    """All that some tables hold, in the order of the content."""
    insurers: set[Insurer] = set()
    clinics: set[str] = set()
    for each in tables:
        insurers.update(each.insurers)
        clinics.update(each.clinics)
    by_number = sorted(insurers, key=lambda insurer: (insurer.ogrn, insurer.okato))
    return References(tuple(by_number), tuple(sorted(clinics)))


def _places(ordered: Sequence[Any], ids: dict[Any, int]) -> NDArray[np.uint32]:
    """By id, the place in the order."""
    places = np.zeros(len(ids), np.uint32)
    places[[ids[each] for each in ordered]] = np.arange(len(ids))
    return places


def merge_tasks(
    runs: Sequence[RunFile],
    records: int,
    references: References,
    blocks: int,
    work: Path,
) -> Iterator[MergeTask]:
    """The tasks that make a file of so many blocks, in the order of their parts."""
    step = blocks
    while step > 1 and records * step > _TASK_RECORDS * blocks:
        step //= 2
    ranges = RANGES // blocks * step
    for first in range(0, RANGES, ranges):
        yield MergeTask(
            runs=tuple(runs),
            first_range=first,
            end_range=first + ranges,
            blocks=blocks,
            references=references,
            part=work / f"part-{blocks}-{first}",
        )


def write_file(out: Path, header: Header, parts: Iterable[Path]) -> None:
    """Put a rows file together; the parts are gone as they are copied.

    Raises:
        OSError: from the file system.
    """
    with out.open("xb") as file:
        file.write(encode_header(header))
        for part in parts:
            with part.open("rb") as stream:
                shutil.copyfileobj(stream, file, _COPY_BYTES)
            part.unlink()
