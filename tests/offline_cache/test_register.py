"""What a kiosk asks of its register."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offline_cache import layout
from offline_cache.errors import (
    RegisterCorruptError,
    RegisterError,
    RegisterKeyError,
    RegisterMissingError,
    RegisterVersionError,
)
from offline_cache.format import KeyKind
from offline_cache.freshness import Freshness, FreshnessLimits
from offline_cache.register import Register
from tests.offline_cache.samples import AS_OF, BORN, KEY, OTHER_KEY, build, enp, entry, row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("register")
    build(folder, map(row, range(2000)), serial=7, territories=("78", "47"))
    return folder


@pytest.fixture(name="register")
def _register(folder: Path) -> Iterator[Register]:
    with Register.open(folder, KEY) as register:
        yield register


def test_everything_that_was_built_is_found(register: Register) -> None:
    for n in range(2000):
        assert register.find(KeyKind.ENP, enp(n)) == entry(n)


@given(n=st.integers(2000, 10**13))
@settings(max_examples=300)
def test_what_was_not_built_is_absent(folder: Path, n: int) -> None:
    with Register.open(folder, KEY) as register:
        assert register.find(KeyKind.ENP, enp(n)) is None


def test_a_number_of_another_kind_is_absent(register: Register) -> None:
    assert register.find(KeyKind.TEMPORARY_CERTIFICATE, enp(5)) is None


@pytest.mark.parametrize("key", [-(2**63), 2**63 - 1, 0])
def test_the_ends_of_the_ring_are_absent(register: Register, key: int) -> None:
    assert register.find_key(key) is None


def test_a_register_of_one_knows_what_it_has_not(tmp_path: Path) -> None:
    build(tmp_path, [row(1)])
    with Register.open(tmp_path, KEY) as register:
        assert register.find(KeyKind.ENP, enp(1)) == entry(1)
        for n in range(2, 50):
            assert register.find(KeyKind.ENP, enp(n)) is None


def test_the_list_describes_itself(register: Register) -> None:
    assert (register.serial, register.as_of, register.rows) == (7, AS_OF, 2000)
    assert register.next_expected is None
    assert register.territories == ("47", "78")


@pytest.mark.parametrize(
    ("kind", "value", "covered"),
    [
        pytest.param(KeyKind.ENP, "7856510844001485", True, id="territory-listed"),
        pytest.param(KeyKind.ENP, "47 56510844001485", True, id="written-with-space"),
        pytest.param(KeyKind.ENP, "7756510844001485", False, id="territory-not-listed"),
        pytest.param(KeyKind.ENP, "", False, id="no-number"),
        pytest.param(KeyKind.OLD_POLICY, "1 № 2", False, id="kind-not-listed"),
    ],
)
def test_coverage(register: Register, kind: KeyKind, value: str, *, covered: bool) -> None:
    assert register.covers(kind, value) is covered


def test_a_list_without_territories_covers_all(tmp_path: Path) -> None:
    build(tmp_path, [row(1)])
    with Register.open(tmp_path, KEY) as register:
        assert register.covers(KeyKind.ENP, "9956510844001485")


@pytest.mark.parametrize(
    ("age", "grade"),
    [
        pytest.param(timedelta(hours=-5), Freshness.FRESH, id="from-the-future"),
        pytest.param(timedelta(hours=24), Freshness.FRESH, id="24-h"),
        pytest.param(timedelta(hours=24, seconds=1), Freshness.AGEING, id="over-24-h"),
        pytest.param(timedelta(hours=72), Freshness.AGEING, id="72-h"),
        pytest.param(timedelta(hours=72, seconds=1), Freshness.STALE, id="over-72-h"),
        pytest.param(timedelta(days=14), Freshness.STALE, id="14-days"),
        pytest.param(timedelta(days=14, seconds=1), Freshness.TOO_OLD, id="over-14-days"),
    ],
)
def test_freshness(register: Register, age: timedelta, grade: Freshness) -> None:
    assert register.freshness(AS_OF + age) is grade


def test_limits_may_be_others(folder: Path) -> None:
    hour = timedelta(hours=1)
    with Register.open(folder, KEY, limits=FreshnessLimits(hour, 2 * hour, 3 * hour)) as register:
        assert register.freshness(AS_OF + 2.5 * hour) is Freshness.STALE


@pytest.mark.parametrize(
    ("person", "matches"),
    [
        pytest.param(("ФАМИЛИЯ3", "ИВАН", "СЕРГЕЕВИЧ", BORN), True, id="same"),
        pytest.param(("Фамилия3", "Ивaн", "Сергеевич", BORN), True, id="latin-a"),
        pytest.param(("ФАМИЛИЯ4", "ИВАН", "СЕРГЕЕВИЧ", BORN), False, id="other-surname"),
        pytest.param(("ФАМИЛИЯ3", "ИВАН", None, BORN), False, id="no-patronymic"),
        pytest.param(("ФАМИЛИЯ3", "ИВАН", "СЕРГЕЕВИЧ", date(1985, 3, 5)), False, id="other-day"),
        pytest.param((None, "ИВАН", "СЕРГЕЕВИЧ", BORN), None, id="surname-not-said"),
        pytest.param(("ФАМИЛИЯ3", None, None, BORN), None, id="given-name-not-said"),
        pytest.param(("ФАМИЛИЯ3", "ИВАН", "СЕРГЕЕВИЧ", None), None, id="day-not-said"),
    ],
)
def test_the_person_matches_or_not_or_nobody_knows(
    register: Register,
    person: tuple[str | None, str | None, str | None, date | None],
    *,
    matches: bool | None,
) -> None:
    found = register.find(KeyKind.ENP, enp(3))
    assert found is not None
    assert register.matches(found, *person) is matches


def test_an_entry_shows_no_tag(register: Register) -> None:
    found = register.find(KeyKind.ENP, enp(3))
    assert found is not None
    assert str(found.person_tag) not in repr(found)


def test_a_new_list_is_taken_up_while_the_old_is_open(tmp_path: Path) -> None:
    build(tmp_path, [row(1)], serial=1)
    with Register.open(tmp_path, KEY) as register:
        assert register.reopen_if_replaced() is False
        build(tmp_path, [row(2)], serial=2, as_of=AS_OF + timedelta(days=1))
        assert register.find(KeyKind.ENP, enp(1)) == entry(1)
        assert register.reopen_if_replaced() is True
        assert (register.serial, register.find(KeyKind.ENP, enp(1))) == (2, None)
        assert register.find(KeyKind.ENP, enp(2)) == entry(2)
        assert register.reopen_if_replaced() is False


def test_a_bad_replacement_is_refused_once_and_the_old_list_stays(tmp_path: Path) -> None:
    build(tmp_path, [row(1)], serial=1)
    with Register.open(tmp_path, KEY) as register:
        bad = tmp_path / "bad"
        bad.write_bytes(b"not a register" * 1000)
        bad.replace(tmp_path / layout.BASE_NAME)
        with pytest.raises(RegisterCorruptError):
            register.reopen_if_replaced()
        assert register.reopen_if_replaced() is False
        assert register.find(KeyKind.ENP, enp(1)) == entry(1)
        build(tmp_path, [row(2)], serial=2)
        assert register.reopen_if_replaced() is True
        assert register.serial == 2


def test_a_base_that_vanishes_stays_in_use(tmp_path: Path) -> None:
    build(tmp_path, [row(1)])
    with Register.open(tmp_path, KEY) as register:
        (tmp_path / layout.BASE_NAME).unlink()
        assert register.reopen_if_replaced() is False
        assert register.find(KeyKind.ENP, enp(1)) == entry(1)


@pytest.mark.parametrize("name", ["registers 100% of #1?", "реестр"], ids=["signs", "cyrillic"])
def test_folders_may_have_any_name(tmp_path: Path, name: str) -> None:
    build(tmp_path / name, [row(1)])
    with Register.open(tmp_path / name, KEY) as register:
        assert register.find(KeyKind.ENP, enp(1)) == entry(1)


def test_no_register_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(RegisterMissingError, match="no register here"):
        Register.open(tmp_path, KEY)
    with pytest.raises(RegisterMissingError):
        Register.open(tmp_path / "nowhere", KEY)
    (tmp_path / layout.BASE_NAME).mkdir()
    with pytest.raises(RegisterMissingError, match="not a file"):
        Register.open(tmp_path, KEY)


def test_another_key_is_said_so(folder: Path) -> None:
    with pytest.raises(RegisterKeyError, match="another key"):
        Register.open(folder, OTHER_KEY)


def _alter(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_newer_format_is_said_so(tmp_path: Path) -> None:
    build(tmp_path, [row(1)])
    _alter(tmp_path / layout.BASE_NAME, f"PRAGMA user_version = {layout.FORMAT_VERSION + 1}")
    with pytest.raises(RegisterVersionError, match="update the program"):
        Register.open(tmp_path, KEY)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE meta SET value = '2027-01-01T00:00:00+00:00' WHERE name = 'as_of'",
        "UPDATE meta SET value = '' WHERE name = 'territories'",
        "DELETE FROM meta WHERE name = 'serial'",
        "DELETE FROM meta",
        "UPDATE insurer SET okato = '40000'",
        "DELETE FROM clinic",
        "DROP TABLE insurer",
        "PRAGMA application_id = 1",
        "PRAGMA user_version = 0",
    ],
)
def test_an_altered_description_is_refused(tmp_path: Path, statement: str) -> None:
    build(tmp_path, map(row, range(20)), territories=("78",))
    _alter(tmp_path / layout.BASE_NAME, statement)
    with pytest.raises(RegisterCorruptError):
        Register.open(tmp_path, KEY)


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("UPDATE entry SET state = (state + 16) % 208", id="status"),
        pytest.param("UPDATE entry SET valid_to = NULL WHERE valid_to IS NOT NULL", id="end"),
        pytest.param("UPDATE entry SET person_check = person_check + 4294967296", id="person"),
        pytest.param("UPDATE entry SET state = NULL", id="deleted"),
        pytest.param("UPDATE entry SET state = 999", id="no-such-status"),
        pytest.param("UPDATE entry SET valid_from = 4611686018427387904", id="no-such-day"),
        pytest.param("DELETE FROM entry WHERE key % 2 = 0", id="rows-gone"),
        pytest.param("DELETE FROM entry", id="all-rows-gone"),
        pytest.param("DROP TABLE entry", id="table-gone"),
    ],
)
def test_an_altered_row_is_an_error_and_never_an_answer(tmp_path: Path, statement: str) -> None:
    build(tmp_path, map(row, range(40)))
    _alter(tmp_path / layout.BASE_NAME, statement)
    wrong = 0
    with Register.open(tmp_path, KEY) as register:
        for n in range(40):
            try:
                assert register.find(KeyKind.ENP, enp(n)) == entry(n)
            except RegisterError:
                wrong += 1
    assert wrong
