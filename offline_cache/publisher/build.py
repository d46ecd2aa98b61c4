"""From sources to a rows file: a map over partitions to sorted runs, and one merge by key ranges.

Both halves run wherever the engine runs them, in bounded memory, and the bytes that come out depend
on the content alone: not on the partitions, the engine, or the order of the rows.
"""

from __future__ import annotations

from collections import deque
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from offline_cache.columns import DIGEST_MODULUS, POLICY_TYPE_CODES, STATUS_CODES, References
from offline_cache.errors import BadRowsError
from offline_cache.format import KeyKind
from offline_cache.publisher.assembly import ReferenceTables, merge_tasks, write_file
from offline_cache.publisher.engine import InlineEngine
from offline_cache.publisher.mapping import MapTask, map_partition
from offline_cache.publisher.merging import merge_range
from offline_cache.publisher.records import RunFile
from offline_cache.publisher.summary import Progress, Stage
from offline_cache.rows import Problems
from offline_cache.wire import Header, block_count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import TypeVar

    from offline_cache.format import PolicyType, Status
    from offline_cache.publisher.engine import Engine
    from offline_cache.publisher.mapping import KeySource, RunSummary
    from offline_cache.publisher.merging import PartSummary
    from offline_cache.publisher.sources import Source
    from offline_cache.rows import Problem

    Watch = Callable[[Progress], None]
    Code = TypeVar("Code")


@dataclass(frozen=True, slots=True)
class Built:
    """What a rows file holds."""

    rows: int
    """Rows of the sources that were usable."""
    entries: int
    digest: int
    kinds: tuple[KeyKind, ...]
    statuses: Mapping[Status, int]
    policy_types: Mapping[PolicyType, int]


def build_rows(
    sources: Sequence[Source],
    key: KeySource,
    out: Path,
    *,
    work: Path,
    engine: Engine | None = None,
    problems: Problems | None = None,
    watch: Watch = lambda _progress: None,
) -> Built:
    """Write the rows file `out` of all `sources`; still to be synced and put in place.

    Runs and parts lie in the folder `work`, which every worker must see. A number that stands in
    two rows is a problem; where problems are left out (`Problems(strict=False)`), equal entries are
    merged and contradicting ones all left out.

    Raises:
        BadRowsError: `problems` is strict and there were some, or nothing is left to publish.
        RegisterError: a source or the key file cannot be read, or a worker died.
        OSError: the disk is full or failed.
    """
    build = _Build(key, work, engine or InlineEngine(), problems or Problems(), watch)
    for source in sources:
        build.read(source)
    return build.write(out)


class _Build:
    """One build on its way."""

    def __init__(
        self, key: KeySource, work: Path, engine: Engine, problems: Problems, watch: Watch
    ) -> None:
        self._key = key
        self._work = work
        self._engine = engine
        self._problems = problems
        self._watch = watch
        self._rows = 0
        self._records = 0
        self._runs: list[RunFile] = []
        self._tables = ReferenceTables()
        self._kinds: set[KeyKind] = set()

    def read(self, source: Source) -> None:
        """Make runs of a source."""
        amounts: deque[int] = deque()
        done = 0
        lines = source.first_line
        tasks = self._map_tasks(source, amounts)
        with closing(self._engine.map(map_partition, tasks)) as answers:
            for answer in answers:
                self._take(answer, lines, source)
                lines += answer.lines
                done += amounts.popleft()
                self._watch(Progress(Stage.READING, self._rows, done, source.total))

    def _take(self, answer: RunSummary, lines: int, source: Source) -> None:
        """Take note of a run that has `lines` lines of its source before it."""
        self._problems.add_all(_placed(answer.problems, lines, source), answer.problem_count)
        self._runs.append(RunFile(answer.run, lines, source.name, source.unit))
        self._tables.add(answer.run, answer.insurers, answer.clinics)
        self._kinds |= answer.kinds
        self._rows += answer.rows
        self._records += answer.records

    def write(self, out: Path) -> Built:
        """Merge the runs into a rows file."""
        self._problems.settle()
        references = self._tables.number()
        # Numbers that stand twice can leave so few rows that the file has half the blocks.
        blocks = block_count(self._records)
        parts = self._merge(references, blocks, self._problems)
        entries = sum(part.rows for part in parts)
        if block_count(entries) != blocks:
            parts = self._merge(references, block_count(entries), Problems(strict=False))
        for run in self._runs:
            run.path.unlink()
        self._problems.settle()
        if not entries:
            raise BadRowsError("not one row to publish; nothing was published")
        digest = sum(part.digest for part in parts) % DIGEST_MODULUS
        write_file(out, Header(entries, digest, references), [part.part for part in parts])
        return Built(
            rows=self._rows,
            entries=entries,
            digest=digest,
            kinds=tuple(kind for kind in KeyKind if kind in self._kinds),
            statuses=_counted(STATUS_CODES, [part.statuses for part in parts]),
            policy_types=_counted(POLICY_TYPE_CODES, [part.policy_types for part in parts]),
        )

    def _map_tasks(self, source: Source, amounts: deque[int]) -> Iterator[MapTask]:
        first = len(self._runs)
        for place, share in enumerate(source.shares(), start=first):
            amounts.append(share.amount)
            yield MapTask(
                share.partition, self._work / f"run-{place}", self._key, self._problems.strict
            )

    def _merge(self, references: References, blocks: int, problems: Problems) -> list[PartSummary]:
        parts = []
        entries = 0
        tasks = merge_tasks(self._runs, self._records, references, blocks, self._work)
        with closing(self._engine.map(merge_range, tasks)) as answers:
            for part in answers:
                problems.add_all(part.problems, part.problem_count)
                parts.append(part)
                entries += part.rows
                self._watch(Progress(Stage.SORTING, entries, entries, self._records))
        return parts


def _placed(problems: Iterable[Problem], lines: int, source: Source) -> Iterator[Problem]:
    """Problems of a partition, by their lines in the source."""
    for problem in problems:
        line = problem.line + lines
        yield replace(problem, line=line, source=source.name, unit=source.unit)


def _counted(codes: Sequence[Code], counts: Sequence[Sequence[int]]) -> dict[Code, int]:
    totals = [sum(column) for column in zip(*counts, strict=True)]
    return {code: total for code, total in zip(codes, totals, strict=False) if total}
