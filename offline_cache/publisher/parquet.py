"""Parquet files: a partition is a row group, or a part of one that is huge."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
from pyarrow import parquet

from offline_cache.errors import BadRowsError
from offline_cache.publisher.sources import Share
from offline_cache.publisher.tables import BATCH_ROWS, as_text, check_names, feed_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from offline_cache.publisher.mapping import Collector

_PARTITION_ROWS: Final = 1 << 19


@dataclass(frozen=True, slots=True)
class _RowGroup:
    """Some rows of a row group."""

    path: Path
    group: int
    first: int
    count: int

    def feed(self, collector: Collector) -> int:
        """Give all rows to `collector`, batch by batch; how many there are."""
        done = -self.first
        with _opened(self.path) as file:
            for batch in file.iter_batches(BATCH_ROWS, row_groups=[self.group], use_threads=False):
                wanted = batch.slice(max(0, -done), max(0, self.count - max(0, done)))
                done += batch.num_rows
                if wanted.num_rows:
                    before = max(0, done - batch.num_rows)
                    feed_table(as_text(pa.Table.from_batches([wanted])), before, collector)
                if done >= self.count:
                    break
        return self.count


class ParquetSource:
    """A Parquet file."""

    unit = "row"
    first_line = 0

    def __init__(self, path: Path, *, name: str = "") -> None:
        """Read its description.

        Raises:
            BadRowsError: it is no Parquet file, or its columns are others.
            OSError: from the file system.
        """
        self.name = name
        self._path = path
        with _opened(path) as file:
            check_names(file.schema_arrow.names, str(path))
            about = file.metadata
            self._groups = [about.row_group(n).num_rows for n in range(about.num_row_groups)]
        self.total: int | None = sum(self._groups)

    def shares(self) -> Iterator[Share]:
        """Row groups in their order."""
        for group, rows in enumerate(self._groups):
            for first in range(0, rows, _PARTITION_ROWS):
                count = min(rows - first, _PARTITION_ROWS)
                yield Share(_RowGroup(self._path, group, first, count), count)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The file, whose damage ends in one line."""
    with path.open("rb") as stream:
        try:
            with parquet.ParquetFile(stream, pre_buffer=False) as file:
                yield file
        except (pa.ArrowException, OSError) as error:
            # Arrow also says OSError, without a number, where the file is damaged.
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise BadRowsError(f"{path}: not a Parquet file, or damaged") from error
