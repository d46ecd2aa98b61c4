"""The next list of an office: its rows file, read back, and the description beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offline_cache.columns import KEY_BIAS, STATUS_CODES
from offline_cache.csv_rows import read_rows
from offline_cache.disk import disk_errors, sync
from offline_cache.errors import BadRowsError, GoldenPolicyError, OfficeError
from offline_cache.format import KeyKind
from offline_cache.manifest import GoldenPolicy
from offline_cache.publisher.build import build_rows
from offline_cache.publisher.csv_columns import CsvSource
from offline_cache.publisher.lists import ListDescription, OfficeLists
from offline_cache.publisher.mapping import key_of
from offline_cache.publisher.summary import BuildSummary
from offline_cache.rows import Problems
from offline_cache.store import staging
from offline_cache.wire import RowsReader, block_count

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from offline_cache.format import RegisterKey, Status
    from offline_cache.publisher.engine import Engine
    from offline_cache.publisher.sources import Source
    from offline_cache.publisher.summary import Progress

_MOST_GOLDEN = 100
"""They travel in every manifest."""


def build_list(
    office: Path,
    sources: Sequence[Source],
    key_file: Path,
    *,
    as_of: datetime,
    serial: int | None = None,
    territories: Sequence[str] = (),
    next_expected: datetime | None = None,
    golden: Path | None = None,
    problems: Problems | None = None,
    engine: Engine | None = None,
    watch: Callable[[Progress], None] = lambda _progress: None,
) -> BuildSummary:
    """Make the next list in the office's folder; it is published by another step.

    `golden` is a CSV of invented policies, which join the list. `serial` None: one more than the
    last. What counts as a problem is said at `build_rows`.

    Raises:
        BadRowsError: `problems` is strict and there were some, or nothing is left to publish.
        GoldenPolicyError: a golden policy is not in the finished list.
        OfficeError: there is a list with this serial or a later one.
        RegisterBusyError: another build is at work in the office.
        RegisterSpaceError, RegisterWriteError: the disk is full or failed.
        RegisterError: a source or the key cannot be read, or a worker died.
    """
    problems = problems or Problems()
    lists = OfficeLists(office)
    key = key_of(key_file)
    with disk_errors(lists.folder), staging(lists.folder) as work:
        serial = _serial(lists, serial)
        policies = _read_golden(golden) if golden else ()
        if golden:
            sources = [*sources, CsvSource(golden, name=golden.name)]
        staged = work / "list.rows"
        built = build_rows(
            sources, key_file, staged, work=work, engine=engine, problems=problems, watch=watch
        )
        _read_back(staged, policies, key)
        sync(staged)
        path = lists.rows_path(serial)
        staged.replace(path)
        sync(lists.folder)
        about = ListDescription(
            serial=serial,
            as_of=as_of,
            next_expected=next_expected,
            territories=tuple(sorted(set(territories))),
            kinds=built.kinds,
            rows=built.rows,
            entries=built.entries,
            digest=built.digest,
            problems=problems.count,
            statuses=built.statuses,
            policy_types=built.policy_types,
            golden=policies,
            key_check=key.check_value,
        )
        about.save(lists.description_path(serial))
    return _summary(about, path)


def next_list_serial(office: Path) -> int:
    """One more than the serial of the office's newest list; 1 where there is none."""
    return max(OfficeLists(office).serials(), default=0) + 1


def _summary(about: ListDescription, path: Path) -> BuildSummary:
    return BuildSummary(
        path=path,
        serial=about.serial,
        as_of=about.as_of,
        rows=about.rows,
        entries=about.entries,
        problems=about.problems,
        bytes=path.stat().st_size,
        digest=f"{about.digest:064x}",
    )


def _serial(lists: OfficeLists, wanted: int | None) -> int:
    newest = max(lists.serials(), default=0)
    if wanted is not None and wanted <= newest:
        raise OfficeError(f"{lists.folder}: the next serial is {newest + 1}")
    return wanted or newest + 1


def _read_golden(path: Path) -> tuple[GoldenPolicy, ...]:
    problems = Problems(strict=False)
    with path.open("rb") as stream:
        rows = list(read_rows(stream, problems))
    if problems.count:
        raise BadRowsError(f"{path}: {problems.first[0]}; nothing was published")
    if not 0 < len(rows) <= _MOST_GOLDEN:
        raise BadRowsError(f"{path}: 1 to {_MOST_GOLDEN} golden policies are needed")
    policies = []
    for row in rows:
        enp = dict(row.numbers).get(KeyKind.ENP)
        if enp is None:
            raise BadRowsError(f"{path}: line {row.line}, column enp: a golden policy needs one")
        names = (row.surname, row.given_name, row.patronymic)
        policies.append(GoldenPolicy(enp, *names, row.birth_date, row.status))
    return tuple(policies)


def _read_back(path: Path, golden: Sequence[GoldenPolicy], key: RegisterKey) -> None:
    """Read the finished file as a kiosk does, and find the golden policies in it.

    Raises:
        GoldenPolicyError: one is not there, or says something else.
        RowsFormatError: the file reads back damaged.
    """
    wanted: dict[int, Status] = {
        key.lookup_key(KeyKind.ENP, policy.enp) + KEY_BIAS: policy.status for policy in golden
    }
    found = 0
    with path.open("rb") as stream:
        reader = RowsReader(stream)
        bits = block_count(reader.header.rows).bit_length() - 1
        for block in reader:
            same_range = [key for key in wanted if key >> 64 - bits == block.first >> 64 - bits]
            keys = block.keys() if same_range else ()
            for each in same_range:
                if each in keys:
                    status = STATUS_CODES[block.status[keys.index(each)]]
                    found += status is wanted[each]
    if found != len(golden):
        raise GoldenPolicyError(
            "a golden policy is contradicted by a row of the export; take its number out of there"
        )
