"""What the options of `kiosk register build` choose: the source of the rows, and the engine."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from offline_cache.csv_rows import Encoding
from offline_cache.disk import ensure_space

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from offline_cache.publisher.engine import Engine
    from offline_cache.publisher.sources import Source

AUTO = "auto"
_SPACE_PER_CSV_BYTE = 1.5
"""Sorted runs and rows, later rows and base, of a row with every number take about 1.1 times its
line."""
_SPACE_PER_ROW = 250
"""The same for a row of a table, with four numbers."""
_SMALL_BYTES = 16_000_000
"""Up to here a process takes longer to start than to do the work."""


def source_of(wanted: dict[str, Any], folder: Path) -> Source:
    """Where the rows come from; `folder` is where they are going.

    Raises:
        RegisterError: it cannot be read, or `folder` has too little room.
        OSError: from the file system.
    """
    from offline_cache.publisher.csv_columns import CsvSource

    path: Path | None = wanted["source"]
    if path is None:
        from offline_cache.publisher.postgres import PostgresSource

        return PostgresSource(wanted["postgres"], wanted["query"])
    if path.suffix == ".parquet":
        from offline_cache.publisher.parquet import ParquetSource

        table = ParquetSource(path)
        ensure_space(folder, (table.total or 0) * _SPACE_PER_ROW)
        return table
    ensure_space(folder, int(path.stat().st_size * _SPACE_PER_CSV_BYTE))
    encoding = None if wanted["encoding"] == AUTO else Encoding(wanted["encoding"])
    return CsvSource(path, encoding=encoding)


def golden_of(path: Path | None) -> tuple[Source, ...]:
    """The invented policies as one more source."""
    from offline_cache.publisher.csv_columns import CsvSource

    return () if path is None else (CsvSource(path, name=path.name),)


@contextmanager
def engine_of(wanted: dict[str, Any]) -> Iterator[Engine]:
    """Where the work is done.

    Raises:
        RegisterError: no cluster answers.
    """
    from offline_cache.publisher.engine import cores, process_engine

    if wanted["dask"]:
        from offline_cache.publisher.cluster import dask_engine

        with dask_engine(wanted["dask"]) as engine:
            yield engine
        return
    path: Path | None = wanted["source"]
    small = path is not None and path.stat().st_size < _SMALL_BYTES
    with process_engine(wanted["workers"] or (1 if small else cores())) as engine:
        yield engine
