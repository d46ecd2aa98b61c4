"""The first half of a build: one partition of the input becomes one sorted run on disk.

A worker does this without knowing of the others. What it gives back is small and names nobody.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from offline_cache.columns import DAY_BIAS, KEY_BIAS, POLICY_TYPE_CODES, STATUS_CODES
from offline_cache.format import Insurer, KeyKind, RegisterKey, fold_value, load_key_file
from offline_cache.layout import day_code
from offline_cache.publisher.column_codes import folded_name, folded_patronymic
from offline_cache.publisher.records import KINDS, RECORD, LocalReferences, write_run
from offline_cache.row_fields import BadFieldError
from offline_cache.rows import LISTED_PROBLEMS, Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from offline_cache.rows import RegisterRow

KeySource = RegisterKey | Path
"""The key itself, which never leaves its process, or the file that every worker reads it from."""

_STATUS_CODE = {status: code for code, status in enumerate(STATUS_CODES)}
_POLICY_TYPE_CODE = {kind: code for code, kind in enumerate(POLICY_TYPE_CODES)}


class Partition(Protocol):
    """A piece of the input that one worker can read; picklable for engines with processes."""

    def feed(self, collector: Collector) -> int:
        """Give all rows and problems to `collector`; how many lines the piece has."""


@dataclass(frozen=True, slots=True)
class MapTask:
    """One partition, and where its run shall be."""

    partition: Partition
    run: Path
    key: KeySource
    strict: bool
    """The build ends at a problem: nothing is gained by finding all of them."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run holds."""

    run: Path
    lines: int
    rows: int
    """Rows that were good."""
    records: int
    kinds: frozenset[KeyKind]
    insurers: tuple[Insurer, ...]
    clinics: tuple[str, ...]
    problems: tuple[Problem, ...]
    """The first ones; their lines count from 1 in this partition."""
    problem_count: int


class EnoughProblemsError(Exception):
    """A strict build has found what it can list."""


def map_partition(task: MapTask) -> RunSummary:
    """Read a partition and write its run.

    Raises:
        RegisterError: the input cannot be read at all.
        OSError: from the file system.
    """
    collector = Collector(key_of(task.key), strict=task.strict)
    try:
        lines = task.partition.feed(collector)
    except EnoughProblemsError:
        lines = 0
    return collector.finish(task.run, lines)


def key_of(source: KeySource) -> RegisterKey:
    """The key.

    Raises:
        KeyFileError: its file is missing, unreadable or holds something else.
    """
    # Read anew for every task: a worker of a cluster outlives a build, and a key may be replaced.
    return source if isinstance(source, RegisterKey) else load_key_file(source)


class Collector:
    """Takes in a partition's rows and problems; after it, no number and no name is left."""

    def __init__(self, key: RegisterKey, *, strict: bool) -> None:
        """Start with none."""
        self.key = key
        self.references = LocalReferences()
        self._strict = strict
        self._tables: list[Any] = []
        self._singly: list[tuple[int, ...]] = []
        self._rows = 0
        self._problems: list[Problem] = []
        self._problem_count = 0

    def add_records(self, records: Any, rows: int) -> None:
        """Take in records of `rows` rows whose references lead into `references`."""
        self._tables.append(records)
        self._rows += rows

    def add(self, line: int, judge: Callable[[], RegisterRow | None]) -> None:
        """Take in the row that `judge` gives, if any, or the problem with it.

        Raises:
            EnoughProblemsError: strict, and as many problems as can be listed.
        """
        try:
            row = judge()
        except BadFieldError as bad:
            self._problem(Problem(line, bad.column, bad.reason))
        else:
            if row is not None:
                self.add_row(row, line)

    def add_row(self, row: RegisterRow, line: int) -> None:
        """Take in one row, which stands in `line` of the partition."""
        tag = self.key.person_tag_of_folded(
            folded_name(row.surname),
            folded_name(row.given_name),
            folded_patronymic(row.patronymic),
            row.birth_date,
        )
        content = (
            _STATUS_CODE[row.status],
            _POLICY_TYPE_CODE[row.policy_type],
            self.references.insurer_number(row.insurer),
            self.references.clinic_number(row.clinic),
            _day(row.valid_from),
            _day(row.valid_to),
            tag,
        )
        for kind, value in row.numbers:
            folded = fold_value(kind, value)
            key = self.key.lookup_key_of_folded(kind, folded) + KEY_BIAS
            check = zlib.crc32(folded.encode("utf-8", "backslashreplace"))
            self._singly.append((key, line, check, KINDS.index(kind), *content))
        self._rows += 1

    def finish(self, run: Path, lines: int) -> RunSummary:
        """Write the run.

        Raises:
            OSError: from the file system.
        """
        records = np.concatenate([*self._tables, np.array(self._singly, RECORD)])
        insurers = _keep_used(records, "insurer", list(self.references.insurers), first=0)
        clinics = _keep_used(records, "clinic", list(self.references.clinics), first=1)
        write_run(run, records)
        return RunSummary(
            run=run,
            lines=lines,
            rows=self._rows,
            records=len(records),
            kinds=frozenset(KINDS[kind] for kind in np.unique(records["kind"])),
            insurers=tuple(insurers),
            clinics=tuple(clinics),
            problems=tuple(self._problems),
            problem_count=self._problem_count,
        )

    def _problem(self, problem: Problem) -> None:
        self._problem_count += 1
        if len(self._problems) < LISTED_PROBLEMS:
            self._problems.append(problem)
        elif self._strict:
            raise EnoughProblemsError


def _keep_used(records: Any, column: str, table: list[Any], *, first: int) -> list[Any]:
    """Leave out of a reference table what no record names, and number the rest anew.

    In the column, places in the table are counted from `first`; what lies below stays.
    """
    used = np.unique(records[column])
    used = used[used >= first]
    numbers = np.zeros(len(table) + first, np.uint32)
    numbers[used] = np.arange(len(used)) + first
    records[column] = numbers[records[column]]
    return [table[number - first] for number in used.tolist()]


def _day(day: date | None) -> int:
    return 0 if day is None else day_code(day) + DAY_BIAS
