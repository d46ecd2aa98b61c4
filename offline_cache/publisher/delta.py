"""What changed between two lists, and what deltas end in when they are folded; any size.

Rows files are sorted, so that some of them are walked through together, a range of keys at a time.
They are compared by content: the numbers of insurers and clinics differ from file to file.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from offline_cache.columns import DIGEST_MODULUS, NO_CODE, NO_INSURER, References
from offline_cache.disk import sync
from offline_cache.manifest import EndState
from offline_cache.publisher.assembly import merge_references, merge_tasks, write_file
from offline_cache.publisher.merging import merge_range
from offline_cache.publisher.records import (
    CONTENT,
    RECORD,
    RunFile,
    RunWriter,
    write_mapping,
)
from offline_cache.wire import Header, RowsReader, block_count

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from offline_cache.columns import Columns

_KEYS: Final = 1 << 64


def compare(before: Path, after: Path, out: Path) -> EndState:
    """Write to `out` the rows that lead from list `before` to list `after`.

    New and changed rows in full, deleted ones as such. `out` is there whole or not at all.

    Raises:
        RowsFormatError: one of the lists is not sound.
        OSError: one cannot be read, or the disk is full or failed.
    """
    return _combine((before, after), out, lambda rows, none: _changes(rows[0], rows[1], none))


def fold(parts: Sequence[Path], out: Path) -> EndState:
    """Write to `out` the latest row of every key in `parts`, oldest part first.

    Deletions stay as rows. `out` is there whole or not at all.

    Raises:
        RowsFormatError: one of the parts is not sound.
        OSError: one cannot be read, or the disk is full or failed.
    """
    return _combine(parts, out, lambda rows, _none: _latest(rows))


def _combine(paths: Sequence[Path], out: Path, rule: Callable[[list[Any], int], Any]) -> EndState:
    """Write what `rule` makes of the rows of all files, range by range.

    `rule` is given one array of records for each file, and the number that stands for no insurer.
    """
    with (
        tempfile.TemporaryDirectory(prefix=".delta-", dir=out.parent) as name,
        ExitStack() as open_,
    ):
        work = Path(name)
        readers = [RowsReader(open_.enter_context(path.open("rb"))) for path in paths]
        tables = merge_references([reader.header.references for reader in readers])
        streams = [_KeyStream(reader, tables) for reader in readers]
        steps = block_count(sum(reader.header.rows for reader in readers)) // 4 or 1
        used = _Used(tables)
        with RunWriter(work / "run-0") as run:
            for step in range(1, steps + 1):
                bound = _KEYS // steps * step
                records = rule([each.take(bound) for each in streams], len(tables.insurers))
                used.add(records)
                run.append(records)
        return _write(work, run.records, used, out)


def _write(work: Path, rows: int, used: _Used, out: Path) -> EndState:
    run = RunFile(work / "run-0", 0)
    references = used.number(run.path)
    tasks = merge_tasks([run], rows, references, block_count(rows), work)
    parts = [merge_range(task) for task in tasks]
    state = EndState(rows, sum(part.digest for part in parts) % DIGEST_MODULUS)
    staged = work / "rows"
    write_file(staged, Header(rows, state.digest, references), [part.part for part in parts])
    sync(staged)
    staged.replace(out)
    sync(out.parent)
    return state


class _KeyStream:
    """The rows of one file as records, in the numbers of the common reference tables."""

    def __init__(self, reader: RowsReader, tables: References) -> None:
        own = reader.header.references
        insurers = {insurer: place for place, insurer in enumerate(tables.insurers)}
        clinics = {clinic: place for place, clinic in enumerate(tables.clinics, start=1)}
        self._reader = reader
        self._insurers = np.full(NO_INSURER + 1, len(tables.insurers), np.uint32)
        self._insurers[: len(own.insurers)] = [insurers[insurer] for insurer in own.insurers]
        self._clinics = np.array([0, *(clinics[clinic] for clinic in own.clinics)], np.uint32)
        self._waiting = np.empty(0, RECORD)

    def take(self, bound: int) -> Any:
        """The next rows, up to those whose biased key is `bound` or above."""
        taken = []
        while True:
            end = len(self._waiting)
            if bound < _KEYS:
                end = int(np.searchsorted(self._waiting["key"], np.uint64(bound)))
            taken.append(self._waiting[:end])
            self._waiting = self._waiting[end:]
            block = None if len(self._waiting) else next(self._reader, None)
            if block is None:
                return np.concatenate(taken)
            self._waiting = self._records(block)

    def _records(self, block: Columns) -> Any:
        records = np.zeros(block.rows, RECORD)
        records["key"] = np.cumsum(np.frombuffer(block.gaps, "<u8")) + np.uint64(block.first)
        records["status"] = np.frombuffer(block.status, "u1")
        records["policy_type"] = np.frombuffer(block.policy_type, "u1")
        records["insurer"] = self._insurers[np.frombuffer(block.insurer, "<u2")]
        records["clinic"] = self._clinics[np.frombuffer(block.clinic, "<u4")]
        records["valid_from"] = np.frombuffer(block.valid_from, "<u4")
        records["valid_to"] = np.frombuffer(block.valid_to, "<u4")
        records["person_tag"] = np.frombuffer(block.person_tag, "<u4")
        return records


class _Used:
    """Which insurers and clinics of the common tables are named: a file holds no others."""

    def __init__(self, tables: References) -> None:
        self._tables = tables
        self._insurers = np.zeros(len(tables.insurers) + 1, bool)
        self._clinics = np.zeros(len(tables.clinics) + 1, bool)

    def add(self, records: Any) -> None:
        self._insurers[records["insurer"]] = True
        self._clinics[records["clinic"]] = True

    def number(self, run: Path) -> References:
        """The tables of those that are named; the run is told their numbers."""
        insurers, clinics = self._insurers[:-1], self._clinics[1:]
        write_mapping(run, _ranks(insurers), _ranks(clinics))
        return References(
            tuple(self._tables.insurers[place] for place in np.flatnonzero(insurers)),
            tuple(self._tables.clinics[place] for place in np.flatnonzero(clinics)),
        )


def _ranks(used: NDArray[np.bool_]) -> list[int]:
    """Each one's place among those that are used; what is not used has any."""
    ranks: list[int] = np.maximum(np.cumsum(used) - 1, 0).tolist()
    return ranks


def _changes(old: Any, new: Any, no_insurer: int) -> Any:
    places, known = _found(new["key"], old["key"])
    same = known.copy()
    for name in CONTENT:
        same[known] &= new[name][known] == old[name][places[known]]
    _, kept = _found(old["key"], new["key"])
    gone = np.zeros(int((~kept).sum()), RECORD)
    gone["key"] = old["key"][~kept]
    gone["status"] = gone["policy_type"] = NO_CODE
    gone["insurer"] = no_insurer
    changed = np.concatenate([new[~same], gone])
    return changed[np.argsort(changed["key"], kind="stable")]


def _found(
    keys: NDArray[np.uint64], among: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """For each key its place `among` sorted ones, and whether it is there."""
    if not len(among):
        return np.zeros(len(keys), np.int64), np.zeros(len(keys), bool)
    places = np.minimum(np.searchsorted(among, keys), len(among) - 1)
    return places, among[places] == keys


def _latest(parts: list[Any]) -> Any:
    records = np.concatenate(parts)
    records = records[np.argsort(records["key"], kind="stable")]
    last = np.ones(len(records), bool)
    last[:-1] = records["key"][1:] != records["key"][:-1]
    return records[last]
