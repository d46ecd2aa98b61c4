"""The second half of a build: a range of keys of all runs becomes a part of the rows file.

Equal entries under one key are merged. Contradicting ones are all left out: the list must not
guess which is true.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from offline_cache.format import KeyKind
from offline_cache.publisher.blocks import digest_of_records, encode_records, split_blocks
from offline_cache.publisher.records import (
    CONTENT,
    KINDS,
    RECORD,
    RunFile,
    read_mapping,
    read_run,
)
from offline_cache.rows import LISTED_PROBLEMS, Problem

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from offline_cache.columns import References

_COLUMNS: Final = {
    KeyKind.ENP: "enp",
    KeyKind.TEMPORARY_CERTIFICATE: "temporary_certificate",
    KeyKind.OLD_POLICY: "old_policy",
    KeyKind.SNILS_BIRTH_DATE: "snils",
    KeyKind.IDENTITY_DOCUMENT: "document",
}


@dataclass(frozen=True, slots=True)
class MergeTask:
    """A range of keys, and where its part of the file shall be."""

    runs: tuple[RunFile, ...]
    first_range: int
    end_range: int
    """In `records.RANGES`."""
    blocks: int
    """Of the whole file."""
    references: References
    """Of the whole."""
    part: Path


@dataclass(frozen=True, slots=True)
class PartSummary:
    """What a part holds."""

    part: Path
    rows: int
    digest: int
    """Not yet reduced."""
    statuses: tuple[int, ...]
    """Rows by status code."""
    policy_types: tuple[int, ...]
    """Rows by policy type code."""
    problems: tuple[Problem, ...]
    """The first ones, in the order of keys."""
    problem_count: int


def merge_range(task: MergeTask) -> PartSummary:
    """Write one part of a rows file.

    Raises:
        OSError: from the file system.
    """
    records, origins = _read(task)
    order = np.argsort(records["key"], kind="stable")
    settled = _Settled(records[order], origins[order], task.runs)
    records = settled.records
    digest = 0
    with task.part.open("wb") as file:  # whatever an attempt that died left there
        for block in split_blocks(records, task.blocks):
            digest += digest_of_records(block, task.references)
            file.write(encode_records(block))
    return PartSummary(
        part=task.part,
        rows=len(records),
        digest=digest,
        statuses=tuple(np.bincount(records["status"], minlength=256).tolist()),
        policy_types=tuple(np.bincount(records["policy_type"], minlength=256).tolist()),
        problems=settled.problems,
        problem_count=settled.problem_count,
    )


def _read(task: MergeTask) -> tuple[Any, NDArray[np.int64]]:
    """The records of all runs in this range, run by run, and the place of the run of each."""
    pieces = [np.empty(0, RECORD)]
    for run in task.runs:
        records = read_run(run.path, task.first_range, task.end_range)
        insurers, clinics = read_mapping(run.path)
        if len(records):
            records["insurer"] = insurers[records["insurer"]]
            records["clinic"] = clinics[records["clinic"]]
        pieces.append(records)
    counts = [len(piece) for piece in pieces[1:]]
    return np.concatenate(pieces), np.repeat(np.arange(len(counts)), counts)


class _Settled:
    """Sorted records, each key once."""

    def __init__(self, records: Any, origins: NDArray[np.int64], runs: tuple[RunFile, ...]) -> None:
        self.records = records
        self.problems: tuple[Problem, ...] = ()
        self._all = records
        self._origins = origins
        self._runs = runs
        again = np.flatnonzero(records["key"][1:] == records["key"][:-1]) + 1
        self.problem_count = len(again)
        if not len(again):
            return
        # The first record of each key, for all records.
        first = np.arange(len(records))
        first[again] = 0
        first = np.maximum.accumulate(first)
        differs = self._differs(again, first[again])
        keep = np.ones(len(records), bool)
        keep[again] = False
        keep[first[again[differs]]] = False
        self.problems = tuple(
            self._conflict(int(first[place]), int(place), contradicting=bool(contradicting))
            for place, contradicting in zip(
                again[:LISTED_PROBLEMS], differs[:LISTED_PROBLEMS], strict=True
            )
        )
        self.records = records[keep]

    def _differs(self, places: NDArray[np.int64], first: NDArray[np.int64]) -> NDArray[np.bool_]:
        differs = np.zeros(len(places), bool)
        for name in CONTENT:
            differs |= self._all[name][places] != self._all[name][first]
        return differs

    def _conflict(self, first: int, other: int, *, contradicting: bool) -> Problem:
        before, record = self._all[first], self._all[other]
        run = self._runs[self._origins[other]]
        place = self._place(first, run.source)
        if any(before[name] != record[name] for name in ("kind", "value_check")):
            reason = f"its hash is that of another number in {place}; use another key"
        elif contradicting:
            reason = f"the same number as in {place}, with another entry"
        else:
            reason = f"the same number and entry as in {place}"
        line = run.lines_before + int(record["line"])
        return Problem(line, _COLUMNS[KINDS[record["kind"]]], reason, run.source, run.unit)

    def _place(self, record: int, source: str) -> str:
        run = self._runs[self._origins[record]]
        line = f"{run.unit} {run.lines_before + int(self._all[record]['line'])}"
        if run.source == source:
            return line
        return f"{line} of {run.source or 'the export'}"
