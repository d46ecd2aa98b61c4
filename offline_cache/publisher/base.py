"""A base that a kiosk can use at once, without an office, signatures or a repository between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offline_cache import layout
from offline_cache.disk import disk_errors
from offline_cache.file_writer import base_from_rows
from offline_cache.layout import Meta
from offline_cache.publisher.build import build_rows
from offline_cache.publisher.mapping import key_of
from offline_cache.publisher.sources import BATCH_ROWS, RowsSource
from offline_cache.publisher.summary import BuildSummary, Progress, Stage
from offline_cache.rows import Problems
from offline_cache.store import install, staging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from offline_cache.format import RegisterKey
    from offline_cache.publisher.engine import Engine
    from offline_cache.publisher.mapping import KeySource
    from offline_cache.publisher.sources import Source
    from offline_cache.rows import RegisterRow


def build_base(
    rows: Iterable[RegisterRow],
    key: RegisterKey,
    out_dir: Path,
    *,
    serial: int,
    as_of: datetime,
    territories: Sequence[str] = (),
    next_expected: datetime | None = None,
    problems: Problems | None = None,
    progress: Callable[[Stage, int], None] = lambda _stage, _count: None,
    batch_rows: int = BATCH_ROWS,
) -> BuildSummary:
    """Publish a base of `rows` in `out_dir`: `publish_base` of rows made in this process.

    `progress` is told the rows read or entries written. Memory: about 1 kB for each of
    `batch_rows`.

    Raises:
        As `publish_base`.
    """
    return publish_base(
        [RowsSource(rows, batch_rows=batch_rows)],
        key,
        out_dir,
        serial=serial,
        as_of=as_of,
        territories=territories,
        next_expected=next_expected,
        problems=problems,
        watch=lambda now: progress(now.stage, now.count),
    )


def publish_base(
    sources: Sequence[Source],
    key: KeySource,
    out_dir: Path,
    *,
    serial: int,
    as_of: datetime,
    territories: Sequence[str] = (),
    next_expected: datetime | None = None,
    problems: Problems | None = None,
    engine: Engine | None = None,
    watch: Callable[[Progress], None] = lambda _progress: None,
) -> BuildSummary:
    """Publish a base in `out_dir`; the one that was there becomes the previous.

    Times are aware UTC; `territories` are two-digit codes, none for no limit. What counts as a
    problem is said at `build_rows`.

    Raises:
        BadRowsError: `problems` is strict and there were some, or nothing is left to publish.
        RegisterBusyError: another build is at work in `out_dir`.
        RegisterSpaceError, RegisterWriteError: the disk is full or failed.
        RegisterError: a source cannot be read, or a worker died.
    """
    problems = problems or Problems()
    with disk_errors(out_dir), staging(out_dir) as folder:
        rows_file = folder / "list.rows"
        built = build_rows(
            sources, key, rows_file, work=folder, engine=engine, problems=problems, watch=watch
        )
        about = Meta(
            serial=serial,
            as_of=as_of,
            next_expected=next_expected,
            rows=0,
            digest=0,
            first_key=None,
            territories=tuple(sorted(set(territories))),
            kinds=built.kinds,
        )

        def written(entries: int) -> None:
            watch(Progress(Stage.WRITING, entries, entries, built.entries))

        staged = folder / layout.BASE_NAME
        base_from_rows(rows_file, staged, key_of(key), about, progress=written)
        path = install(out_dir, serial, base=staged)
        return BuildSummary(
            path=path,
            serial=serial,
            as_of=as_of,
            rows=built.rows,
            entries=built.entries,
            problems=problems.count,
            bytes=path.stat().st_size,
            digest=f"{built.digest:064x}",
        )
