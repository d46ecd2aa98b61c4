"""What every rows file is put together from: numbered reference tables, merged parts, a header."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from offline_cache.columns import NO_INSURER, References
from offline_cache.errors import BadRowsError
from offline_cache.publisher.merging import MergeTask
from offline_cache.publisher.records import RANGES, write_mapping
from offline_cache.wire import encode_header

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from offline_cache.format import Insurer
    from offline_cache.publisher.records import RunFile
    from offline_cache.wire import Header

_TASK_RECORDS: Final = 600_000
"""At most so many are merged at a time, in about 150 MB; whole blocks, of 65,536 at most."""
_COPY_BYTES: Final = 1024 * 1024


def number_references(
    runs: Iterable[tuple[Path, Sequence[Insurer], Sequence[str]]],
) -> References:
    """One pair of reference tables for all runs, in the order of their content.

    Each run comes with its own tables, and is told which numbers of the whole they have.

    Raises:
        BadRowsError: there are more insurers than a file can number.
        OSError: from the file system.
    """
    runs = list(runs)
    found = merge_references(
        References(tuple(insurers), tuple(clinics)) for _, insurers, clinics in runs
    )
    if len(found.insurers) >= NO_INSURER:
        raise BadRowsError(f"more than {NO_INSURER - 1:,} insurers; nothing was published")
    insurer_numbers = {insurer: place for place, insurer in enumerate(found.insurers)}
    clinic_numbers = {clinic: place for place, clinic in enumerate(found.clinics)}
    for run, insurers, clinics in runs:
        write_mapping(
            run,
            [insurer_numbers[insurer] for insurer in insurers],
            [clinic_numbers[clinic] for clinic in clinics],
        )
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
