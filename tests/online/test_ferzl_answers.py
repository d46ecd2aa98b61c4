"""What FERZL's answers say of a policy and its holder."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.demo.people import PEOPLE, Person, person
from kiosk.lookup import Absent, Cause, Found, FundService, HowKnown, KnownBy, Record
from kiosk.policy.model import PolicyType, Smo
from offline_cache.format import Status
from tests.online.ferzl_cases import (
    HEAD_OFFICE,
    NOW,
    WHO,
    error_in,
    presented,
    read,
    record,
    with_errors,
    with_status,
)


def test_a_plain_answer_is_found() -> None:
    assert read(with_status(policyValidTo="2027-01-31")) == Found(
        Record(
            status=Status.CONFIRMED,
            policy_type=PolicyType.PAPER,
            insurer=HEAD_OFFICE,
            clinic=None,
            valid_from=date(2015, 3, 2),
            valid_to=date(2027, 1, 31),
            person_matches=True,
            main_enp=WHO.enp,
            full_name=" ".join(filter(None, (WHO.surname, WHO.given_name, WHO.patronymic))),
        ),
        HowKnown(KnownBy.ONLINE, NOW, service=FundService.FERZL),
    )


def test_an_error_not_found_is_absence() -> None:
    inner = with_errors(("PERSON_NOT_FOUND", "Застрахованное лицо не найдено"))
    assert read(inner) == Absent(HowKnown(KnownBy.ONLINE, NOW, service=FundService.FERZL))


@pytest.mark.parametrize("one", PEOPLE, ids=lambda one: one.slug)
def test_each_of_the_cast_is_recognised(one: Person) -> None:
    names = " ".join(filter(None, (one.surname, one.given_name, one.patronymic)))
    for written in (names, names.title(), names.replace("Ё", "Е"), f"  {names} "):
        inner = with_status(fio=written, birthDay=one.birth_date.isoformat())
        found = read(inner, presented(one))
        assert isinstance(found, Found)
        assert found.record.person_matches is True


NAMES = {
    "the same": ("СЕМЁНОВА АЛЁНА АРТЁМОВНА", True),
    "е for ё": ("Семенова Алена Артемовна", True),
    "somebody else": ("ПЕТРОВА АЛЁНА АРТЁМОВНА", False),
    "signs of XML": ("СЕМЁНОВА & <АЛЁНА> АРТЁМОВНА", False),
    "without a patronymic": ("СЕМЁНОВА АЛЁНА", False),
    "masked": ("С******* А**** А********", None),
    "left out": (None, None),
    "empty": ("", None),
}


@pytest.mark.parametrize(("fio", "same"), NAMES.values(), ids=NAMES.keys())
def test_names_are_compared(fio: str | None, *, same: bool | None) -> None:
    assert record(fio=fio).person_matches is same


def test_another_birth_date_is_another_person() -> None:
    assert record(birthDay="2001-01-02").person_matches is False


@pytest.mark.parametrize(
    "name", ["Д‘АРБИНЬИ ПЬЕР", "Д’Арбиньи Пьер", "Д'АРБИНЬИ ПЬЕР", "Д`АРБИНЬИ  ПЬЕР"]
)
def test_apostrophes_are_one(name: str) -> None:
    one = person("apostrophe")
    inner = with_status(fio=f"{name} ЖАНОВИЧ", birthDay=one.birth_date.isoformat())
    found = read(inner, presented(one))
    assert isinstance(found, Found)
    assert found.record.person_matches is True


@pytest.mark.parametrize("status", Status)
def test_every_status_is_known(status: Status) -> None:
    assert record(policyStatus=status.value).status is status
    assert record(policyStatus=f" {status.value.lower()}\n").status is status


TWINS: Final = str.maketrans("АВСЕНКМОРТХУ", "ABCEHKMOPTXY")


@pytest.mark.parametrize("status", Status)
def test_every_status_is_known_in_latin_letters(status: Status) -> None:
    assert record(policyStatus=status.value.translate(TWINS)).status is status


@pytest.mark.parametrize("letter", PolicyType)
def test_every_kind_of_policy_is_known(letter: PolicyType) -> None:
    assert record(policyType=letter.value).policy_type is letter
    assert record(policyType=letter.value.translate(TWINS)).policy_type is letter


@pytest.mark.parametrize("letter", ["Ы", "ПП", "1", "", None])
def test_an_unknown_kind_of_policy_is_none(letter: str | None) -> None:
    assert record(policyType=letter).policy_type is None


@pytest.mark.parametrize("code", ["ЫЫЫ", "ДППП", "АКТ", "1"])
def test_an_unknown_status_is_unclear(code: str) -> None:
    assert error_in(with_status(policyStatus=code)).cause is Cause.UNCLEAR


@pytest.mark.parametrize("code", ["", None])
def test_a_missing_status_is_malformed(code: str | None) -> None:
    assert error_in(with_status(policyStatus=code)).cause is Cause.MALFORMED


INSURER_CASES = {
    "known": ("77001", "45000", HEAD_OFFICE),
    "a branch elsewhere": ("77001", "63000", Smo("1997700000010", "63000")),
    "no territory known here": ("77002", "45000", Smo("1997700000021", "45000")),
    "no territory at all": ("77002", None, Smo("1997700000021", None)),
    "a territory that is none": ("77001", "45", HEAD_OFFICE),
    "unknown": ("99999", "45000", None),
    "no code": (None, "45000", None),
    "a code that is none": ("7700", "45000", None),
}


@pytest.mark.parametrize(
    ("code", "territory", "insurer"), INSURER_CASES.values(), ids=INSURER_CASES.keys()
)
def test_insurers(code: str | None, territory: str | None, insurer: Smo | None) -> None:
    assert record(smo=code, terr=territory).insurer == insurer


NUMBERS = {
    "the same": (WHO.enp, WHO.enp),
    "a merged one's main number": (person("plain_man").enp, person("plain_man").enp),
    "an old policy's": ("1234567", None),
    "17 digits": (f"{WHO.enp}0", None),
    "digits of another script": ("٥" * 16, None),
    "none": (None, None),
}


@pytest.mark.parametrize(("number", "main"), NUMBERS.values(), ids=NUMBERS.keys())
def test_the_main_number(number: str | None, main: str | None) -> None:
    assert record(policyNumEnp=number).main_enp == main


DATES = {
    "xs:date": ("2026-12-31", date(2026, 12, 31)),
    "xs:date, Z": ("2026-12-31Z", date(2026, 12, 31)),
    "xs:date, zone": ("2026-12-31+03:00", date(2026, 12, 31)),
    "xs:dateTime": ("2026-12-31T00:00:00", date(2026, 12, 31)),
    "xs:dateTime, zone": ("2026-12-31T00:00:00+03:00", date(2026, 12, 31)),
    "xs:dateTime, far zone": ("2026-12-31T00:00:00+12:00", date(2026, 12, 31)),
    "xs:dateTime, negative zone": ("2026-12-31T00:00:00-14:00", date(2026, 12, 31)),
    "fraction": ("2026-12-31T00:00:00.000", date(2026, 12, 31)),
    "fraction and Z": ("2026-12-31T00:00:00.0000000Z", date(2026, 12, 31)),
    "the day's end": ("2026-12-31T23:59:59.999+03:00", date(2026, 12, 31)),
    "the day's end, Z": ("2026-12-31T23:59:59Z", date(2026, 12, 31)),
    "the day's end in Moscow, Z": ("2026-12-31T20:59:59Z", date(2026, 12, 31)),
    "midnight in Moscow, Z": ("2026-12-30T21:00:00Z", date(2026, 12, 31)),
    "midnight in Moscow, +00:00": ("2026-12-30T21:00:00.000+00:00", date(2026, 12, 31)),
    "midnight of 2012, Z": ("2012-12-30T20:00:00Z", date(2012, 12, 31)),
    "midnight of 1950, Z": ("1950-12-30T21:00:00Z", date(1950, 12, 31)),
    "nine in the evening in Moscow": ("2026-12-31T21:00:00+03:00", date(2026, 12, 31)),
    "nine in the evening, no zone": ("2026-12-31T21:00:00", date(2026, 12, 31)),
    "leap day": ("2028-02-29", date(2028, 2, 29)),
    "spaces around": ("\n 2026-12-31 ", date(2026, 12, 31)),
    "no end": ("9999-12-31", None),
    "no end, time": ("9999-12-31T23:59:59.999Z", None),
    "no end in UTC": ("9999-12-30T21:00:00Z", None),
    "no end, 2999": ("2999-12-31", None),
    "nothing": ("0001-01-01", None),
    "nothing, time": ("0001-01-01T00:00:00", None),
    "empty": ("", None),
    "missing": (None, None),
}


@pytest.mark.parametrize("field", ["policyValidTo", "policyValidFrom"])
@pytest.mark.parametrize(("text", "day"), DATES.values(), ids=DATES.keys())
def test_dates(field: str, text: str | None, day: date | None) -> None:
    changed = {field: text}
    found = record(**changed)
    assert (found.valid_to if field == "policyValidTo" else found.valid_from) == day


@pytest.mark.parametrize("name", ["policyValidFrom", "policyValidTo", "birthDay"])
@pytest.mark.parametrize(
    "text",
    [
        "31.12.2026",
        "2026-02-29",
        "2026-13-01",
        "2026-12",
        "2026",
        "20261231",
        "-2026-12-31",
        "0000-01-01",
        "12026-12-31",
        "2026-12-31T",
        "2026-12-31T25:00:00",
        "2026-12-31T24:00:00",
        "2026-12-31 00:00:00",
        "2026-12-31T00:00:00+25:00",
        "2026-W01-1",
        "２０２６-12-31",
        "бессрочно",
    ],
)
def test_a_date_that_is_none_is_malformed(name: str, text: str) -> None:
    error = error_in(with_status(**{name: text}))
    assert error.cause is Cause.MALFORMED
    assert text not in str(error)


@given(st.dates(), st.sampled_from(["", "Z", "+03:00", "-11:30"]), st.times() | st.none())
def test_any_date_is_read(day: date, zone: str, time: object) -> None:
    """As the standard library writes them, except those that stand for "open"."""
    text = day.isoformat() + (f"T{time}" if time is not None else "") + zone
    if zone == "Z" and text.partition("T")[2][:5] in {"20:00", "21:00", "22:00"}:
        return
    known = 1 < day.year < 2999
    assert record(policyValidTo=text).valid_to == (day if known else None)


def test_the_answers_time_is_the_one_handed_in() -> None:
    found = read(with_status())
    assert isinstance(found, Found)
    assert found.known.as_of.astimezone(UTC) == datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
