"""What a list can be made of: each source cuts itself into partitions that workers can read.

Here are rows in memory; files and databases have modules of their own, which need more.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from offline_cache.publisher.mapping import Collector, Partition
    from offline_cache.rows import RegisterRow

BATCH_ROWS: Final = 50_000


@dataclass(frozen=True, slots=True)
class Share:
    """One partition, and how much of the source it is."""

    partition: Partition
    amount: int
    """In the unit of `Source.total`."""


class Source(Protocol):
    """An input."""

    name: str
    """Said in front of a line where a build has several sources; empty: the export."""
    total: int | None
    """Bytes or rows, None when unknown: what progress is measured by."""
    unit: str
    """What its lines are called."""
    first_line: int
    """Lines above the first row."""

    def shares(self) -> Iterator[Share]:
        """The partitions in the order of their lines.

        Raises:
            RegisterError, OSError: the source cannot be read.
        """


@dataclass(frozen=True, slots=True)
class _RowsPartition:
    """Rows that are in memory; their lines are those of the whole source."""

    rows: list[RegisterRow]

    def feed(self, collector: Collector) -> int:
        """Give all rows to `collector`."""
        for row in self.rows:
            collector.add_row(row, row.line)
        return 0


class RowsSource:
    """Rows made in this process; they tell their lines themselves."""

    name = ""
    unit = "line"
    first_line = 0
    total: int | None = None

    def __init__(self, rows: Iterable[RegisterRow], *, batch_rows: int = BATCH_ROWS) -> None:
        """Take `batch_rows` at a time."""
        self._rows = iter(rows)
        self._batch_rows = batch_rows

    def shares(self) -> Iterator[Share]:
        """Batches of rows."""
        while batch := list(islice(self._rows, self._batch_rows)):
            yield Share(_RowsPartition(batch), len(batch))
