"""Building a base: nothing lost, nothing doubled, nothing half-published."""

from __future__ import annotations

import errno
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from offline_cache import columns, file_writer, layout
from offline_cache.errors import (
    BadRowsError,
    RegisterCorruptError,
    RegisterError,
    RegisterSpaceError,
    RegisterWriteError,
)
from offline_cache.format import KeyKind, RegisterKey, Status
from offline_cache.publisher import Stage, build_base, merging, next_serial
from offline_cache.publisher import build as build_module
from offline_cache.register import Register
from offline_cache.rows import Problems, RegisterRow
from tests.offline_cache.samples import AS_OF, KEY, OTHER_KEY, build, enp, entry, row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def test_the_summary_tells_what_was_published(tmp_path: Path) -> None:
    summary = build(tmp_path, map(row, range(100)), serial=9)
    assert (summary.serial, summary.as_of) == (9, AS_OF)
    assert (summary.rows, summary.entries, summary.problems) == (100, 100, 0)
    assert summary.path == tmp_path / layout.BASE_NAME
    assert summary.bytes == summary.path.stat().st_size
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", layout.BASE_NAME]


@pytest.mark.parametrize("batch_rows", [1, 7, 100, 1000], ids=lambda n: f"runs-of-{n}")
def test_order_and_run_length_change_nothing(tmp_path: Path, batch_rows: int) -> None:
    rows = [row(n) for n in range(100)]
    straight = build(tmp_path / "a", rows)
    random.Random(1).shuffle(rows)  # noqa: S311  # repeatable, not secret
    shuffled = build(tmp_path / "b", rows, batch_rows=batch_rows)
    assert shuffled.digest == straight.digest
    with Register.open(tmp_path / "b", KEY) as register:
        assert all(register.find(KeyKind.ENP, enp(n)) == entry(n) for n in range(100))


def test_the_digest_follows_the_content(tmp_path: Path) -> None:
    rows = [row(n) for n in range(10)]
    whole = build(tmp_path / "a", rows).digest
    assert build(tmp_path / "b", rows[1:]).digest != whole
    assert build(tmp_path / "c", [replace(rows[0], valid_to=None), *rows[1:]]).digest != whole
    assert build(tmp_path / "d", rows, key=OTHER_KEY).digest != whole


def test_every_number_of_a_row_leads_to_it(tmp_path: Path) -> None:
    numbers = (
        (KeyKind.ENP, enp(1)),
        (KeyKind.TEMPORARY_CERTIFICATE, "900000001"),
        (KeyKind.OLD_POLICY, "46-12 № 1234567"),
        (KeyKind.SNILS_BIRTH_DATE, "95000123743 1984-03-05"),
        (KeyKind.IDENTITY_DOCUMENT, "4012 № 100001"),
    )
    summary = build(tmp_path, [replace(row(1), numbers=numbers), row(2)])
    assert (summary.rows, summary.entries) == (2, 6)
    with Register.open(tmp_path, KEY) as register:
        assert all(register.find(kind, value) == entry(1) for kind, value in numbers)
        assert register.find(KeyKind.OLD_POLICY, "4612 № 1234567") == entry(1)
        assert register.find(KeyKind.IDENTITY_DOCUMENT, "4012100001") == entry(1)
        assert all(register.covers(kind, value) for kind, value in numbers)


def test_a_double_number_names_both_lines_and_publishes_nothing(tmp_path: Path) -> None:
    build(tmp_path, [row(1)], serial=1)
    problems = Problems()
    contradicting = replace(row(3), numbers=row(5).numbers)
    with pytest.raises(BadRowsError, match="1 problems; nothing was published"):
        build(tmp_path, [*map(row, range(10)), replace(contradicting, line=99)], problems=problems)
    assert [str(problem) for problem in problems.first] == [
        "line 99, column enp: the same number as in line 7, with another entry"
    ]
    assert next_serial(tmp_path) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", layout.BASE_NAME]


def test_double_numbers_left_out_are_merged_when_equal_and_dropped_when_not(
    tmp_path: Path,
) -> None:
    problems = Problems(strict=False)
    rows = [
        *map(row, range(5)),
        replace(row(1), line=20),
        replace(row(2), line=21, status=Status.ANNULLED),
    ]
    summary = build(tmp_path, rows, problems=problems)
    assert (summary.entries, summary.problems) == (4, 2)
    with Register.open(tmp_path, KEY) as register:
        assert register.find(KeyKind.ENP, enp(1)) == entry(1)
        assert register.find(KeyKind.ENP, enp(2)) is None


def test_two_numbers_with_one_hash_are_told_from_one_number_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def colliding(_key: RegisterKey, _kind: KeyKind, folded: str) -> int:
        return int(folded[-1])

    monkeypatch.setattr(RegisterKey, "lookup_key_of_folded", colliding)
    problems = Problems()
    with pytest.raises(BadRowsError):
        build(tmp_path, [row(1), row(11)], problems=problems)
    assert "line 13, column enp: its hash is that of another number in line 3" in str(
        problems.first[0]
    )


def test_nothing_is_no_register(tmp_path: Path) -> None:
    with pytest.raises(BadRowsError, match="not one row"):
        build(tmp_path, [])
    assert not (tmp_path / layout.BASE_NAME).exists()


def test_a_source_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def failing() -> Iterator[RegisterRow]:
        yield row(1)
        raise OSError(5, "Input/output error", "export.csv")

    with pytest.raises(RegisterWriteError, match=r"export\.csv: Input/output error"):
        build(tmp_path, failing())
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_full_disk_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "run-0"))

    for place in ("mapping.write_run", "merging.encode_records", "build.write_file"):
        with monkeypatch.context() as patch:
            patch.setattr(f"offline_cache.publisher.{place}", full)
            with pytest.raises(RegisterSpaceError, match="the disk is full"):
                build(tmp_path, [row(1)])
        assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_serials_count_on(tmp_path: Path) -> None:
    assert next_serial(tmp_path) == 1
    build(tmp_path, [row(1)], serial=41, key=OTHER_KEY)
    assert next_serial(tmp_path) == 42


def test_a_file_without_a_serial_asks_for_one(tmp_path: Path) -> None:
    (tmp_path / layout.BASE_NAME).write_bytes(b"rubbish" * 1000)
    with pytest.raises(RegisterCorruptError, match="give the new one"):
        next_serial(tmp_path)


def test_progress_is_told_for_all_stages(tmp_path: Path) -> None:
    told: list[tuple[Stage, int]] = []
    build_base(
        map(row, range(10)),
        KEY,
        tmp_path,
        serial=1,
        as_of=AS_OF,
        progress=lambda stage, count: told.append((stage, count)),
    )
    assert told == [(Stage.READING, 10), (Stage.SORTING, 10), (Stage.WRITING, 10)]


def test_what_reads_back_differently_is_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path, [row(1)], serial=1)
    checks = columns.person_checks

    def forgetful(*block: Any) -> list[int]:
        return [check ^ 1 << 40 for check in checks(*block)]

    monkeypatch.setattr(file_writer, "person_checks", forgetful)
    with pytest.raises(RegisterError):
        build(tmp_path, map(row, range(10)), serial=2)
    monkeypatch.undo()
    with Register.open(tmp_path, KEY) as register:
        assert register.serial == 1


def test_numbers_and_names_are_nowhere_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = bytearray()
    merge = merging.merge_range

    def spied(task: merging.MergeTask) -> merging.PartSummary:
        for path in tmp_path.rglob("run-*"):
            written.extend(path.read_bytes())
        return merge(task)

    monkeypatch.setattr(build_module, "merge_range", spied)
    build(tmp_path, map(row, range(50)), batch_rows=10)
    assert written
    written.extend((tmp_path / layout.BASE_NAME).read_bytes())
    for value in (enp(7), "Фамилия7", "ФАМИЛИЯ7", "Иван", "ИВАН", "СЕРГЕЕВИЧ", "1984"):
        assert value.encode() not in written
    assert int(enp(7)).to_bytes(8, "big") not in written
