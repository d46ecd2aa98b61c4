"""The person of an HL7 answer: which insurance counts, whose it is, what is left out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from kiosk.demo.people import person
from kiosk.lookup import Cause, Found, Record
from kiosk.policy.model import PolicyFormat, PolicyType, PresentedPolicy, Smo, Source
from offline_cache.format import Status
from tests.online.zp1_answers import (
    BARE,
    BORN,
    CARD,
    EXACT,
    FUTURE,
    INEXACT,
    NAME,
    NAMED,
    NEWER,
    NI,
    OLD,
    ONE,
    OPEN,
    OTHER,
    TODAYS,
    batch,
    card_of,
    cause,
    in1,
    read,
    record,
    response,
)


def test_a_whole_record() -> None:
    found = record(response(pid=NAMED + BORN, qri=EXACT))
    assert found == Record(
        status=Status.CONFIRMED,
        policy_type=PolicyType.PAPER,
        insurer=Smo("1997800000010", "40000"),
        clinic=None,
        valid_from=date(2016, 5, 1),
        valid_to=None,
        person_matches=True,
        main_enp=ONE.enp,
        full_name="ПЕТРОВ ИВАН СЕРГЕЕВИЧ",
    )


PERIODS = [
    ("today's is the last", OLD + NEWER + TODAYS, Status.CONFIRMED, "2020-07-01", "2026-11-24"),
    ("today's is the first", TODAYS + NEWER + OLD, Status.CONFIRMED, "2020-07-01", "2026-11-24"),
    ("begins today", in1("2026-11-24"), Status.CONFIRMED, "2026-11-24", None),
    ("two cover", OPEN + TODAYS + OLD, Status.CONFIRMED, "2020-07-01", "2026-11-24"),
    ("open, and a future one", FUTURE + OPEN, Status.CONFIRMED, "2016-05-01", None),
    ("all ended", NEWER + OLD, Status.EXPIRED, "2015-01-01", "2020-06-30"),
    (
        "ended yesterday",
        in1("2020-07-01", "2026-11-23"),
        Status.EXPIRED,
        "2020-07-01",
        "2026-11-23",
    ),
    (
        "ended, the longer one first",
        in1("2015-01-01", "2016-01-01") + in1("2011-05-01", "2020-06-30"),
        Status.EXPIRED,
        "2011-05-01",
        "2020-06-30",
    ),
    ("today alone", in1("2026-11-24", "2026-11-24"), Status.CONFIRMED, "2026-11-24", "2026-11-24"),
    ("future", FUTURE, Status.CONFIRMED, "2027-01-01", None),
    ("ended and future", OLD + FUTURE, Status.CONFIRMED, "2027-01-01", None),
    ("two future", FUTURE + in1("2026-12-01"), Status.CONFIRMED, "2026-12-01", None),
    ("null of HL7", in1("20160501", '""'), Status.CONFIRMED, "2016-05-01", None),
    ("times", in1("2016-05-01T00:00:00Z+03:00"), Status.CONFIRMED, "2016-05-01", None),
    ("one without begin", in1("") + OPEN, Status.CONFIRMED, "2016-05-01", None),
]


@pytest.mark.parametrize(
    ("insured", "status", "begin", "end"), [p[1:] for p in PERIODS], ids=[p[0] for p in PERIODS]
)
def test_the_period_that_covers_today_counts(
    insured: str, status: Status, begin: str, end: str | None
) -> None:
    found = record(response(insured))
    assert found.status is status
    assert str(found.valid_from) == begin
    assert found.valid_to == (None if end is None else date.fromisoformat(end))
    # An end comes without its reason.
    assert found.says_why == (status is not Status.EXPIRED)


@pytest.mark.parametrize(
    "insured",
    ["", in1(""), OLD + in1(""), in1("2026-12-31", "2026-01-01"), in1("", "2020-01-01")],
    ids=["none", "no begin", "one ended, one without begin", "ends before it begins", "end only"],
)
def test_without_a_known_period_nothing_is_clear(insured: str) -> None:
    assert cause(batch(response(insured))) is Cause.UNCLEAR


@pytest.mark.parametrize(
    ("begin", "end"),
    [("yesterday", ""), ("2016-02-30", ""), ("2016", ""), ("2016-05-01", "31.12.2026")],
)
def test_a_period_with_no_date_is_malformed(begin: str, end: str) -> None:
    assert cause(batch(response(in1(begin, end)))) is Cause.MALFORMED


@pytest.mark.parametrize("sign", ["<PID.30>Y</PID.30>", "<PID.29>2026-01-05</PID.29>"])
@pytest.mark.parametrize("insured", [OPEN, "", OLD, FUTURE], ids=["open", "no", "ended", "future"])
def test_the_dead_are_dead_whatever_their_insurance(sign: str, insured: str) -> None:
    assert record(response(insured, pid=sign)).status is Status.DEATH


def test_the_dead_had_their_newest_insurer() -> None:
    found = record(response(TODAYS + OLD + OPEN, pid="<PID.30>Y</PID.30>"))
    assert found.valid_from == date(2020, 7, 1)


@pytest.mark.parametrize("sign", ["<PID.30>N</PID.30>", "<PID.29/>", '<PID.29>""</PID.29>'])
def test_the_living_are_not(sign: str) -> None:
    assert record(response(pid=sign)).status is Status.CONFIRMED


def test_the_first_number_is_the_main_one() -> None:
    merged = NI.format(OTHER.enp)
    pid = f"<PID.3><CX.1>{ONE.snils}</CX.1><CX.5>PEN</CX.5></PID.3>{NI.format(ONE.enp)}{merged}"
    content = response(pid="@").replace(f"{NI.format(ONE.enp)}@", pid)
    assert record(content).main_enp == ONE.enp
    assert record(response(number=OTHER.enp, pid=NI.format(ONE.enp))).main_enp == OTHER.enp
    assert record(response(number="123")).main_enp is None


LETTERS = [(one.value, one) for one in PolicyType]
LETTERS += [
    ("C", PolicyType.OLD),
    ("B", PolicyType.TEMPORARY_PAPER),
    ("E", PolicyType.TEMPORARY_ELECTRONIC),
]
LETTERS += [("K", PolicyType.UNIVERSAL_CARD), ("X", PolicyType.REGISTERED), ("M", PolicyType.MFC)]


@pytest.mark.parametrize(("letter", "expected"), [*LETTERS, ("3", None), ("", None), ("ПЭ", None)])
def test_the_type_is_a_letter(letter: str, expected: PolicyType | None) -> None:
    assert record(response(in1("2016-05-01", letter=letter))).policy_type is expected


@pytest.mark.parametrize(
    ("ogrn", "okato", "expected"),
    [
        ("1997800000010", "40000", Smo("1997800000010", "40000")),
        ("1997800000010", "", Smo("1997800000010", None)),
        ("1997800000010", "4000", Smo("1997800000010", None)),
        ("1997800000010", "40000000000", Smo("1997800000010", None)),
        ("", "40000", None),
        ("199780000001", "40000", None),
    ],
)
def test_an_insurer_of_another_shape_is_left_out(
    ogrn: str, okato: str, expected: Smo | None
) -> None:
    assert (
        record(response(in1("2016-05-01", ogrn=ogrn, okato=okato))).insurer == expected
        if (ogrn.isascii())
        else True
    )


WOMAN = NAME.format("ИВАНОВА", "МАРИЯ", "ПЕТРОВНА")
BORN_OTHER = "<PID.7>1984-03-06</PID.7>"
MATCHES = [
    ("exact, nothing to compare", CARD, EXACT, "", True),
    ("exact and the same", CARD, EXACT, NAMED + BORN, True),
    ("exact, name alone", CARD, EXACT, NAMED, True),
    ("exact, another name", CARD, EXACT, WOMAN + BORN, False),
    ("exact, another birth date", CARD, EXACT, NAMED + BORN_OTHER, False),
    ("exact, date cut to its year", CARD, EXACT, NAMED + "<PID.7>1984</PID.7>", True),
    ("inexact, nothing to compare", CARD, INEXACT, "", None),
    ("inexact and the same", CARD, INEXACT, NAMED + BORN, True),
    ("inexact, another birth date", CARD, INEXACT, BORN_OTHER, False),
    ("no QRI", CARD, "", NAMED + BORN, True),
    ("no QRI, nothing", CARD, "", "", None),
    ("by number, exact", BARE, EXACT, NAMED + BORN, None),
    ("by a name without a birth date", replace(CARD, birth_date=None), EXACT, "", None),
    ("by number, nothing", BARE, EXACT, "", None),
    ("a former name first", CARD, "", WOMAN.replace(">L<", ">M<") + NAMED + BORN, True),
]


@pytest.mark.parametrize(
    ("policy", "qri", "pid", "expected"), [m[1:] for m in MATCHES], ids=[m[0] for m in MATCHES]
)
def test_whose_record_it_is(
    policy: PresentedPolicy, qri: str, pid: str, expected: bool | None
) -> None:
    assert record(response(pid=pid, qri=qri), policy).person_matches is expected


@pytest.mark.parametrize("slug", ["yo", "apostrophe", "compound_patr", "no_patronymic"])
@pytest.mark.parametrize("encoding", ["windows-1251", "utf-8"])
def test_names_in_either_encoding(slug: str, encoding: str) -> None:
    one, policy = person(slug), card_of(slug)
    pid = NAME.format(one.surname, one.given_name, one.patronymic or "")
    content = response(pid=f"{pid}<PID.7>{one.birth_date:%Y%m%d}</PID.7>", number=one.enp)
    found = read(batch(content, encoding=encoding), policy)
    assert isinstance(found, Found)
    assert found.record.person_matches is True


def test_letters_outside_the_encoding_come_as_references() -> None:
    policy = PresentedPolicy(
        Source.CHIP, PolicyFormat.CHIP, ONE.enp, "ӘБДІРОВ", "ОМАР", None, ONE.birth_date
    )
    pid = NAME.format("&#1240;БДIРОВ".replace("I", "&#x406;"), "ОМАР", "") + BORN
    assert record(response(pid=pid), policy).person_matches is True
