"""The fund's side: a base file from rows, in bounded memory, published whole or not at all."""

from __future__ import annotations

import enum
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from offline_cache import layout
from offline_cache.columns import (
    DAY_BIAS,
    KEY_BIAS,
    POLICY_TYPE_CODES,
    STATUS_CODES,
    References,
    WireRow,
    blocks_of,
)
from offline_cache.errors import (
    BadRowsError,
    RegisterCorruptError,
    RegisterSpaceError,
    RegisterWriteError,
)
from offline_cache.file_writer import FileWriter
from offline_cache.format import KeyKind, fold_value
from offline_cache.layout import Meta
from offline_cache.normalise import fold_name, fold_patronymic
from offline_cache.records import RECORD_BYTES, EntryCodes, pack_record, settle_records
from offline_cache.register_file import connect
from offline_cache.rows import Problems
from offline_cache.sorted_runs import RUN_RECORDS, SortedRuns
from offline_cache.store import install, staging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from offline_cache.format import Insurer, RegisterKey
    from offline_cache.rows import RegisterRow


class Stage(enum.StrEnum):
    """What a build is at."""

    READING = "reading"
    WRITING = "writing"


@dataclass(frozen=True, slots=True)
class BuildSummary:
    """What was published."""

    path: Path
    serial: int
    as_of: datetime
    rows: int
    """Rows of the source that were usable."""
    entries: int
    """Keys in the file: one for every number of every row."""
    problems: int
    """Rows and numbers left out; 0 unless that was asked for."""
    bytes: int
    digest: str
    """64 hex digits; see `layout.Meta.digest`."""


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
    run_records: int = RUN_RECORDS,
) -> BuildSummary:
    """Publish a base of `rows` in `out_dir`; the one that was there becomes the previous.

    Times are aware UTC; `territories` are two-digit codes, none for no limit. A number that stands
    in two rows is a problem; where problems are left out (`Problems(strict=False)`), equal entries
    are merged and contradicting ones all left out. `progress` is told the rows read or entries
    written every `PROGRESS_EVERY`. Memory: about 100 bytes for each of `run_records`.

    Raises:
        BadRowsError: `problems` is strict and there were some, or nothing is left to publish.
        RegisterBusyError: another build is at work in `out_dir`.
        RegisterSpaceError, RegisterWriteError: the disk is full or failed.
    """
    problems = problems or Problems()
    with _disk_errors(out_dir), staging(out_dir) as folder:
        reader = _Reader(key, SortedRuns(folder, RECORD_BYTES, run_records=run_records))
        reader.read(rows, lambda count: progress(Stage.READING, count))
        problems.settle()
        about = Meta(
            serial=serial,
            as_of=as_of,
            next_expected=next_expected,
            rows=0,
            digest=0,
            first_key=None,
            territories=tuple(sorted(set(territories))),
            kinds=tuple(kind for kind in KeyKind if kind in reader.kinds),
        )
        staged = folder / layout.BASE_NAME
        references = References(tuple(reader.references.insurers), tuple(reader.references.clinics))
        writer = FileWriter(staged, key, references)
        settled = map(_wire_row, settle_records(reader.runs.merged(), problems))
        meta = writer.write(
            blocks_of(settled, 65_536), about, lambda count: progress(Stage.WRITING, count)
        )
        writer.check()
        problems.settle()
        if not meta.rows:
            raise BadRowsError("not one row to publish; nothing was published")
        path = install(out_dir, serial, base=staged)
        return BuildSummary(
            path=path,
            serial=serial,
            as_of=as_of,
            rows=reader.rows,
            entries=meta.rows,
            problems=problems.count,
            bytes=path.stat().st_size,
            digest=f"{meta.digest:064x}",
        )


def next_serial(directory: Path) -> int:
    """One more than the serial of the base in `directory`; 1 where there is none.

    Raises:
        RegisterCorruptError: there is a file, and it does not say.
    """
    path = directory / layout.BASE_NAME
    if not path.exists():
        return 1
    try:
        with closing(connect(path)) as connection:
            query = "SELECT value FROM meta WHERE name = 'serial'"
            return int(connection.execute(query).fetchone()[0]) + 1
    except (sqlite3.Error, ValueError, TypeError) as error:
        raise RegisterCorruptError(f"{path}: does not tell its serial; give the new one") from error


@contextmanager
def _disk_errors(out_dir: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise RegisterSpaceError(f"{out_dir}: the disk is full") from error
        raise RegisterWriteError(f"{out_dir}: writing failed, {error}") from error
    except OSError as error:
        raise RegisterWriteError(f"{error.filename or out_dir}: {error.strerror}") from error


def _wire_row(row: layout.Row) -> WireRow:
    return WireRow(
        row.key + KEY_BIAS,
        row.status or 0,
        row.policy_type or 0,
        row.insurer or 0,
        0 if row.clinic is None else row.clinic + 1,
        0 if row.valid_from is None else row.valid_from + DAY_BIAS,
        0 if row.valid_to is None else row.valid_to + DAY_BIAS,
        layout.tag_of(row.person_check),
    )


PROGRESS_EVERY = 10_000


@dataclass(slots=True)
class _Growing:
    """The reference tables of a file while it grows: an id for every insurer and clinic."""

    insurers: dict[Insurer, int] = field(default_factory=dict)
    clinics: dict[str, int] = field(default_factory=dict)

    def insurer_id(self, insurer: Insurer) -> int:
        """The insurer's id, a new one when it was not met before."""
        return self.insurers.setdefault(insurer, len(self.insurers))

    def clinic_id(self, clinic: str | None) -> int | None:
        """The clinic's id, a new one when it was not met before."""
        return None if clinic is None else self.clinics.setdefault(clinic, len(self.clinics))


class _Reader:
    """Hashes rows into records; after it, no number and no name is left."""

    def __init__(self, key: RegisterKey, runs: SortedRuns) -> None:
        self.rows = 0
        self.kinds: set[KeyKind] = set()
        self.references = _Growing()
        self.runs = runs
        self._key = key
        # The same few thousand names make up most of a country.
        self._name = lru_cache(maxsize=1 << 16)(fold_name)
        self._patronymic = lru_cache(maxsize=1 << 16)(fold_patronymic)

    def read(self, rows: Iterable[RegisterRow], progress: Callable[[int], None]) -> None:
        for row in rows:
            self._add(row)
            self.rows += 1
            if self.rows % PROGRESS_EVERY == 0:
                progress(self.rows)
        progress(self.rows)

    def _add(self, row: RegisterRow) -> None:
        entry = EntryCodes(
            status=_STATUS_CODE[row.status],
            policy_type=_POLICY_TYPE_CODE[row.policy_type],
            insurer=self.references.insurer_id(row.insurer),
            clinic=self.references.clinic_id(row.clinic),
            valid_from=layout.day_code_or_none(row.valid_from),
            valid_to=layout.day_code_or_none(row.valid_to),
            person_tag=self._key.person_tag_of_folded(
                self._name(row.surname),
                self._name(row.given_name),
                self._patronymic(row.patronymic),
                row.birth_date,
            ),
        )
        for kind, value in row.numbers:
            folded = fold_value(kind, value)
            lookup_key = self._key.lookup_key_of_folded(kind, folded)
            self.kinds.add(kind)
            self.runs.add(pack_record(lookup_key, row.line, kind, folded, entry))


_STATUS_CODE = {status: code for code, status in enumerate(STATUS_CODES)}
_POLICY_TYPE_CODE = {kind: code for code, kind in enumerate(POLICY_TYPE_CODES)}
