"""The sample register holds everything that the demo and the scenes rely on."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

import pytest
from stdnum.ru import ogrn

from kiosk.demo.people import PEOPLE, person
from kiosk.demo.register_sample import ABSENT, PARTS, Part, last_day, write_csv
from offline_cache.csv_rows import COLUMNS, read_rows
from offline_cache.format import KeyKind, PolicyType, Status
from offline_cache.register import Register
from offline_cache.rows import Problems
from tests.offline_cache.samples import KEY, build

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 11, 22)
_ROWS = 2000


@pytest.fixture(name="source", scope="module")
def _source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "sample.csv"
    write_csv(path, _ROWS, seed=3, today=TODAY)
    return path


@pytest.fixture(name="rows")
def _rows(source: Path) -> list[dict[str, str]]:
    with source.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_it_has_as_many_rows_as_asked_for(rows: list[dict[str, str]]) -> None:
    assert len(rows) == _ROWS
    assert tuple(rows[0]) == COLUMNS


def test_it_has_one_of_everything(rows: list[dict[str, str]]) -> None:
    assert {row["status"] for row in rows} == set(Status)
    assert {row["policy_type"] for row in rows} == set(PolicyType)
    assert len({row["enp"][:2] for row in rows}) >= 5
    for column in ("temporary_certificate", "old_policy", "snils", "document", "clinic"):
        assert sum(bool(row[column]) for row in rows) > 10, column
    today = TODAY.isoformat()
    assert any(row["valid_to"] > today for row in rows)
    assert any("" < row["valid_to"] < today for row in rows)
    assert any(row["valid_from"] > today for row in rows)
    share = Counter(row["status"] for row in rows)[Status.CONFIRMED] / _ROWS
    assert 0.8 < share < 0.97


def test_the_smallest_sample_has_everything_too(tmp_path: Path) -> None:
    write_csv(tmp_path / "small.csv", 100, seed=1, today=TODAY)
    with (tmp_path / "small.csv").open("rb") as file:
        rows = list(read_rows(file, Problems()))
    assert {row.status for row in rows} == set(Status)
    assert {row.policy_type for row in rows} == set(PolicyType)
    with pytest.raises(ValueError, match="at least 100"):
        write_csv(tmp_path / "none.csv", 99)


def test_every_ogrn_has_its_check_digit(rows: list[dict[str, str]]) -> None:
    assert all(ogrn.is_valid(number) for number in {row["insurer_ogrn"] for row in rows})


def test_the_same_arguments_give_the_same_file(source: Path, tmp_path: Path) -> None:
    write_csv(tmp_path / "again.csv", _ROWS, seed=3, today=TODAY)
    assert (tmp_path / "again.csv").read_bytes() == source.read_bytes()


def test_parts_are_played_by_people_who_exist() -> None:
    slugs = {one.slug for one in PEOPLE}
    assert set(PARTS) <= slugs
    assert slugs >= ABSENT


def test_other_parts_differ_from_what_the_policy_says() -> None:
    assert PARTS["other_insurer"].insurer != person("other_insurer").insurer
    assert PARTS["details_differ"].surname != person("details_differ").surname


def test_the_cast_plays_every_status() -> None:
    assert {PARTS.get(one.slug, Part()).status for one in PEOPLE} == set(Status)


def test_the_cast_is_found_in_its_parts(source: Path, tmp_path: Path) -> None:
    with source.open("rb") as file:
        build(tmp_path, read_rows(file, Problems()))
    with Register.open(tmp_path, KEY) as register:
        for one in PEOPLE:
            entry = register.find(KeyKind.ENP, one.enp)
            if one.slug in ABSENT:
                assert entry is None
                continue
            assert entry is not None, one.slug
            part = PARTS.get(one.slug, Part())
            assert entry.status is part.status
            matches = register.matches(
                entry, one.surname, one.given_name, one.patronymic, one.birth_date
            )
            assert matches is (part.surname is None and part.birth_date is None)
            assert entry.valid_to == last_day(one, part, TODAY)
        found = register.find(KeyKind.OLD_POLICY, "46 12 № 1234567")
        assert found == register.find(KeyKind.ENP, person("last_of_1950").enp)
        assert register.find(KeyKind.IDENTITY_DOCUMENT, "I-АК № 123456") == register.find(
            KeyKind.ENP, person("newborn").enp
        )
        certified = register.find(KeyKind.TEMPORARY_CERTIFICATE, "900000001")
        assert certified == register.find(KeyKind.ENP, person("no_patronymic").enp)
