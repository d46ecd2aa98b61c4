"""Machine-readable lines of passports: the table, check digits, centuries, names, refusals."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.demo.encode_mrz import digit, encode_foreign, encode_internal
from kiosk.demo.people import PEOPLE, Person, person
from kiosk.policy.digital import decode_text
from kiosk.policy.model import (
    Citizenship,
    FormatError,
    FormatReason,
    PolicyFormat,
    PresentedPolicy,
    Sex,
    Source,
)
from kiosk.policy.mrz import decode_mrz, looks_like_mrz
from offline_cache.normalise import fold_name, fold_patronymic

ALPHABET = "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ"

# By hand. Number 451100002: 4·7 + 5·3 + 1·1 + 1·7 + 2·1 = 53, so 3.
# Birth date 840305: 8·7 + 4·3 + 3·7 + 5·1 = 94, so 4.
# 2120131770001<: 2·7 + 1·3 + 2·1 + 1·3 + 3·1 + 1·7 + 7·3 + 7·1 + 1·7 = 67, so 7.
# All: 53 + 3·7 for 4511000023, 8·3 + 4·1 + 3·3 + 5·7 + 4·3 for 8403054, 7 fillers, then 67 again
# and 7·1: 232, so 2.
HAND_FIRST = "PNRUSLI<<8N<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<"
HAND_SECOND = "4511000023RUS8403054M<<<<<<<2120131770001<72"

LI_YAN = PresentedPolicy(
    source=Source.DOCUMENT,
    format=PolicyFormat.MRZ,
    surname="ЛИ",
    given_name="ЯН",
    birth_date=date(1984, 3, 5),
    sex=Sex.MALE,
    issue_date=date(2012, 1, 31),
    identity_document="4512 № 100002",
)


@pytest.fixture
def li_yan() -> str:
    """The lines of ЛИ ЯН, male, born 1984-03-05."""
    one = replace(person("two_letters"), birth_date=LI_YAN.birth_date or date.min, sex=Sex.MALE)
    return encode_internal(one, document="4512 № 100002", issued=date(2012, 1, 31))


def put(lines: str, place: int, value: str) -> str:
    """The lines with other characters at a place of the second line (0 to 43)."""
    at = 46 + place
    return lines[:at] + value + lines[at + len(value) :]


def test_lines_laid_out_by_hand(li_yan: str) -> None:
    assert li_yan == f"{HAND_FIRST}\r\n{HAND_SECOND}"
    assert decode_mrz(f"{HAND_FIRST}\n{HAND_SECOND}") == LI_YAN


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n", ""], ids=["crlf", "cr", "lf", "nothing"])
def test_line_ends(li_yan: str, end: str) -> None:
    text = li_yan.replace("\r\n", end)
    assert decode_mrz(text) == LI_YAN
    assert decode_mrz(f"\r\n {text}\r\n") == LI_YAN
    assert decode_text(text) == LI_YAN
    assert decode_text(text.encode()) == LI_YAN


def test_check_digits_of_the_standards_examples() -> None:
    # ICAO 9303 part 3, 4.9 and part 4, appendix B.
    assert digit("520727") == "3"
    assert digit("AB2134<<<") == "5"
    assert digit("L898902C3") == "6"
    assert digit("740812") == "2"


def test_the_standards_specimen_passport() -> None:
    # ICAO 9303 part 4, appendix B: a fictitious person of the fictitious Utopia.
    lines = (
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
    )
    assert decode_mrz(lines) == PresentedPolicy(
        source=Source.DOCUMENT,
        format=PolicyFormat.MRZ,
        birth_date=date(1974, 8, 12),
        sex=Sex.FEMALE,
        citizenship=Citizenship("UTO"),
        identity_document="L898902C3",
    )


def test_every_letter_has_its_code() -> None:
    for start in (0, 17):
        letters = ALPHABET[start : start + 17]
        one = replace(person("plain_man"), surname=letters, given_name=letters[::-1])
        policy = decode_mrz(encode_internal(replace(one, patronymic=None)))
        assert (policy.surname, policy.given_name) == (letters, letters[::-1])


def without_apostrophes(name: str) -> str:
    """A name as these lines write it; one reading for hyphens and spaces is left to folding."""
    return fold_name("".join(one for one in name if one not in "'‘’."))


GROWN_UP = [one for one in PEOPLE if one.birth_date <= date(2012, 1, 1)]
FITTING = [one for one in GROWN_UP if len(f"{one.surname}<<{one.given_name}<{one.patronymic}") < 37]


@pytest.mark.parametrize("one", FITTING, ids=lambda one: one.slug)
def test_everybody_is_read_back(one: Person) -> None:
    policy = decode_mrz(encode_internal(one))
    assert fold_name(policy.surname or "") == without_apostrophes(one.surname)
    assert policy.sex is one.sex
    assert policy.identity_document == "4512 № 100002"
    if one.birth_date.year > 1900:
        assert policy.birth_date == one.birth_date
    if one.slug != "short_korean":
        assert fold_name(policy.given_name or "") == without_apostrophes(one.given_name)
        assert fold_patronymic(policy.patronymic) == fold_patronymic(one.patronymic)


@pytest.mark.parametrize(
    ("given_name", "patronymic", "expected"),
    [
        pytest.param("АННА-МАРИЯ", "ОЛЕГОВНА", ("АННА МАРИЯ", "ОЛЕГОВНА"), id="double-given"),
        pytest.param("АЛИ", "ГАСАН ОГЛЫ", ("АЛИ", "ГАСАН ОГЛЫ"), id="ogly"),
        pytest.param("АЙГУЛЬ", "БАКЫТ-КЫЗЫ", ("АЙГУЛЬ", "БАКЫТ КЫЗЫ"), id="kyzy"),
        pytest.param("АЛИ", "ОГЛЫ", ("АЛИ", "ОГЛЫ"), id="ogly-alone"),
        pytest.param("ЯН", None, ("ЯН", None), id="none"),
        pytest.param("ЕН", "ИР", ("ЕН", "ИР"), id="two-words"),
    ],
)
def test_given_name_and_patronymic(
    given_name: str, patronymic: str | None, expected: tuple[str, str | None]
) -> None:
    one = replace(person("plain_man"), given_name=given_name, patronymic=patronymic)
    policy = decode_mrz(encode_internal(one))
    assert (policy.given_name, policy.patronymic) == expected


def test_one_name_only() -> None:
    one = replace(person("plain_man"), surname="", given_name="САФАР", patronymic=None)
    policy = decode_mrz(encode_internal(one))
    assert (policy.surname, policy.given_name, policy.patronymic) == (None, "САФАР", None)
    one = replace(person("plain_man"), surname="САФАР", given_name="", patronymic=None)
    policy = decode_mrz(encode_internal(one))
    assert (policy.surname, policy.given_name, policy.patronymic) == ("САФАР", None, None)


@pytest.mark.parametrize("slug", ["full_56", "full_68"])
def test_names_that_may_be_cut_are_left_out(slug: str) -> None:
    policy = decode_mrz(encode_internal(person(slug)))
    assert (policy.surname, policy.given_name, policy.patronymic) == (None, None, None)
    assert policy.birth_date == person(slug).birth_date


def test_a_name_of_60_letters_is_left_out() -> None:
    one = replace(person("plain_man"), surname="Ж" * 60)
    assert decode_mrz(encode_internal(one)).surname is None
    one = replace(one, surname="Ж" * 33, given_name="Я", patronymic=None)
    assert decode_mrz(encode_internal(one)).surname == "Ж" * 33
    assert decode_mrz(encode_internal(replace(one, surname="Ж" * 34))).surname is None


@pytest.mark.parametrize(
    ("born", "issued", "expected"),
    [
        pytest.param(date(1900, 1, 1), date(2012, 1, 1), date(1900, 1, 1), id="1900"),
        pytest.param(date(1913, 5, 5), date(2012, 1, 1), date(1913, 5, 5), id="1913"),
        pytest.param(date(1999, 12, 31), date(2014, 1, 1), date(1999, 12, 31), id="1999"),
        pytest.param(date(2000, 1, 1), date(2014, 1, 1), date(2000, 1, 1), id="14th-birthday"),
        pytest.param(date(1904, 2, 29), date(2012, 1, 1), date(1904, 2, 29), id="leap-1904"),
        pytest.param(date(1996, 2, 29), date(2012, 1, 1), date(1996, 2, 29), id="leap-1996"),
        pytest.param(date(2000, 2, 29), date(2014, 3, 1), date(2000, 2, 29), id="leap-2000"),
        pytest.param(date(2004, 2, 29), date(2024, 2, 29), date(2004, 2, 29), id="leap-twice"),
        # 14 years after this issue nobody born on the date of 2000 could hold it, in 1900 there
        # was none: the two digits mean the latest date that is possible.
        pytest.param(date(1900, 1, 1), date(2015, 1, 1), date(2000, 1, 1), id="past-one-century"),
    ],
)
def test_centuries_of_birth(born: date, issued: date, expected: date) -> None:
    one = replace(person("plain_man"), birth_date=born)
    policy = decode_mrz(encode_internal(one, issued=issued))
    assert (policy.birth_date, policy.issue_date) == (expected, issued)


@pytest.mark.parametrize(
    ("born", "expiry", "expected"),
    [
        pytest.param(date(1982, 5, 5), date(2031, 1, 1), date(1982, 5, 5), id="grown-up"),
        pytest.param(date(2024, 2, 29), date(2029, 3, 1), date(2024, 2, 29), id="child"),
        pytest.param(date(1930, 6, 6), date(2031, 1, 1), date(1930, 6, 6), id="old"),
        pytest.param(date(2025, 8, 1), date(2026, 9, 1), date(2025, 8, 1), id="baby"),
        pytest.param(date(1900, 1, 1), date(2000, 12, 31), date(1900, 1, 1), id="1900"),
        pytest.param(date(1925, 8, 1), date(2026, 9, 1), date(2025, 8, 1), id="past-100"),
    ],
)
def test_foreign_passports(born: date, expiry: date, expected: date) -> None:
    one = replace(person("no_patronymic"), birth_date=born)
    lines = encode_foreign(one, number="XDB123456", country="ESP", expiry=expiry)
    assert decode_mrz(lines) == PresentedPolicy(
        source=Source.DOCUMENT,
        format=PolicyFormat.MRZ,
        birth_date=expected,
        sex=one.sex,
        citizenship=Citizenship("ESP"),
        identity_document="XDB123456",
    )


def test_foreign_passports_with_less_in_them() -> None:
    one = person("stateless")
    policy = decode_mrz(encode_foreign(one, number="A1", country="XXA", personal_number="77X"))
    assert (policy.identity_document, policy.citizenship) == ("A1", None)
    assert decode_mrz(encode_foreign(one, country="D")).citizenship == Citizenship("D")
    lines = "P<UTODOE<<JOHN".ljust(44, "<") + "\n"
    unknown = "X1234567<" + digit("X1234567<"), "84<<<<" + digit("84<<<<")
    tail = "310101" + digit("310101") + "<" * 15
    second = f"{unknown[0]}UTO{unknown[1]}<{tail}{digit(unknown[0] + unknown[1] + tail)}"
    policy = decode_mrz(lines + second)
    assert (policy.birth_date, policy.sex) == (None, None)


@pytest.mark.parametrize(
    ("number", "country", "place"),
    [
        pytest.param("", "ESP", 0, id="no-number"),
        pytest.param("A<1", "ESP", 0, id="filler-in-the-number"),
        pytest.param("A1", "E5P", 10, id="digit-in-the-country"),
        pytest.param("A1", "E<P", 10, id="filler-in-the-country"),
    ],
)
def test_faults_of_a_foreign_passport(number: str, country: str, place: int) -> None:
    with pytest.raises(FormatError) as caught:
        decode_mrz(encode_foreign(person("no_patronymic"), number=number, country=country))
    assert (caught.value.reason, caught.value.offset) == (FormatReason.VALUE, 46 + place)


@pytest.mark.parametrize(
    ("place", "digit_at"),
    [
        pytest.param(1, 9, id="number"),
        pytest.param(14, 19, id="birth-date"),
        pytest.param(22, 27, id="expiry"),
        pytest.param(30, 42, id="personal-number"),
        pytest.param(43, 43, id="whole"),
    ],
)
def test_check_digits_of_a_foreign_passport(place: int, digit_at: int) -> None:
    lines = encode_foreign(person("no_patronymic"), number="123456789", personal_number="12345")
    other = "7" if lines[46 + place] != "7" else "8"
    with pytest.raises(FormatError) as caught:
        decode_mrz(put(lines, place, other))
    assert caught.value.reason is FormatReason.CHECK_DIGIT
    assert caught.value.offset == 46 + digit_at


def test_an_empty_personal_number_may_have_no_digit() -> None:
    lines = encode_foreign(person("no_patronymic"))
    assert lines[46 + 42] == "0"
    # Filler and 0 weigh the same in the last digit.
    assert decode_mrz(put(lines, 42, "<")) == decode_mrz(lines)
    with_number = encode_foreign(person("no_patronymic"), personal_number="12345")
    with pytest.raises(FormatError):
        decode_mrz(put(with_number, 42, "<"))


def right(lines: str) -> str:
    """The lines with the check digits of a second line of an internal passport made right."""
    first, line = lines.split("\r\n")
    line = line[:9] + digit(line[:9]) + line[10:19] + digit(line[13:19]) + line[20:]
    line = line[:42] + digit(line[28:42])
    return f"{first}\r\n{line}{digit(line[:10] + line[13:20] + line[21:43])}"


@pytest.mark.parametrize(
    ("change", "reason", "offset"),
    [
        pytest.param((0, "5"), FormatReason.CHECK_DIGIT, 46 + 9, id="number"),
        pytest.param((13, "9"), FormatReason.CHECK_DIGIT, 46 + 19, id="birth-date"),
        pytest.param((30, "3"), FormatReason.CHECK_DIGIT, 46 + 42, id="issue-date"),
        pytest.param((43, "<"), None, None, id="no-last-digit"),
        pytest.param((42, "<<"), None, None, id="neither-of-the-last-two"),
        pytest.param((20, "X"), FormatReason.VALUE, 46 + 20, id="sex"),
        pytest.param((20, "<"), None, None, id="no-sex"),
        pytest.param((20, "а"), FormatReason.VALUE, 46 + 20, id="cyrillic"),
        pytest.param((28, "A"), FormatReason.VALUE, 46 + 28, id="series"),
    ],
)
def test_faults_of_an_internal_passport(
    li_yan: str, change: tuple[int, str], reason: FormatReason | None, offset: int | None
) -> None:
    lines = put(li_yan, *change)
    if reason is None:
        assert decode_mrz(lines).identity_document == LI_YAN.identity_document
        return
    with pytest.raises(FormatError) as caught:
        decode_mrz(lines)
    assert (caught.value.reason, caught.value.offset) == (reason, offset)
    assert "4512" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "offset"),
    [
        pytest.param((13, "840230"), 13, id="30-february"),
        pytest.param((13, "010229"), 13, id="29-february-of-no-leap-year"),
        pytest.param((13, "<<0305"), 13, id="no-birth-year"),
        pytest.param((29, "121301"), 29, id="month-13"),
        pytest.param((29, "<<<<<<"), 29, id="no-issue-date"),
        pytest.param((0, "45A"), 2, id="letter-in-the-number"),
    ],
)
def test_values_that_cannot_be(li_yan: str, change: tuple[int, str], offset: int) -> None:
    with pytest.raises(FormatError) as caught:
        decode_mrz(right(put(li_yan, *change)))
    assert (caught.value.reason, caught.value.offset) == (FormatReason.VALUE, 46 + offset)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", FormatReason.STRUCTURE, id="empty"),
        pytest.param("V" + "<" * 87, FormatReason.STRUCTURE, id="visa"),
        pytest.param("P<UTO" + "<" * 82, FormatReason.LENGTH, id="87"),
        pytest.param("P<UTO" + "<" * 84, FormatReason.LENGTH, id="89"),
        pytest.param("P<UTO" + "<" * 38 + "\n" + "<" * 44, FormatReason.LENGTH, id="43-and-44"),
        pytest.param("P<UTO" + "<" * 39 + "\n\n" + "<" * 44, FormatReason.LENGTH, id="two-ends"),
        pytest.param("P<UTO" + "<" * 39, FormatReason.LENGTH, id="one-line"),
        pytest.param("PNRUS" + "<" * 39 + "0" * 44, FormatReason.VALUE, id="zeros"),
        pytest.param("P<UTO" + "<" * 39 + "0" * 44, FormatReason.VALUE, id="foreign-zeros"),
    ],
)
def test_refusals(text: str, reason: FormatReason) -> None:
    with pytest.raises(FormatError) as caught:
        decode_mrz(text)
    assert caught.value.reason is reason


def test_names_without_letters(li_yan: str) -> None:
    for name, place in (("<", 5), ("LI<<0", 9), ("L5<<8N", 6)):
        with pytest.raises(FormatError) as caught:
            decode_mrz("PNRUS" + name.ljust(39, "<") + li_yan[44:])
        assert (caught.value.reason, caught.value.offset) == (FormatReason.VALUE, place)


def test_a_damaged_zone_is_still_known_as_one(li_yan: str) -> None:
    assert looks_like_mrz(li_yan)
    for damaged in (li_yan[:-1], li_yan[:60], put(li_yan, 0, "5")):
        with pytest.raises(FormatError) as caught:
            decode_text(damaged)
        assert caught.value.reason in {FormatReason.LENGTH, FormatReason.CHECK_DIGIT}
    assert not looks_like_mrz("PRODUCT OF SWITZERLAND, LOT 4512 AND MORE OF THAT SORT")


letters = st.text(ALPHABET, min_size=1, max_size=10)


@given(
    names=st.tuples(letters, letters, letters),
    born=st.dates(date(1930, 1, 1), date(2005, 1, 1)),
    issued=st.dates(date(2019, 2, 1), date(2026, 12, 31)),
    sex=st.sampled_from(Sex),
    document=st.tuples(st.integers(0, 9999), st.integers(0, 999_999)),
)
def test_any_passport_both_ways(
    *, names: tuple[str, str, str], born: date, issued: date, sex: Sex, document: tuple[int, int]
) -> None:
    surname, given_name, patronymic = names
    one = replace(
        person("plain_man"),
        surname=surname,
        given_name=given_name,
        patronymic=patronymic,
        birth_date=born,
        sex=sex,
    )
    number = f"{document[0]:04} № {document[1]:06}"
    lines = encode_internal(one, document=number, issued=issued)
    policy = decode_mrz(lines)
    assert policy == PresentedPolicy(
        source=Source.DOCUMENT,
        format=PolicyFormat.MRZ,
        surname=surname,
        given_name=given_name,
        patronymic=patronymic,
        birth_date=born,
        sex=sex,
        issue_date=issued,
        identity_document=number,
    )
    again = replace(
        one,
        surname=policy.surname or "",
        given_name=policy.given_name or "",
        patronymic=policy.patronymic,
        birth_date=policy.birth_date or date.min,
    )
    assert encode_internal(again, document=number, issued=policy.issue_date) == lines


@given(
    number=st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=9),
    personal=st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", max_size=14),
    born=st.dates(date(1932, 1, 1), date(2021, 1, 1)),
)
def test_any_foreign_passport(number: str, personal: str, born: date) -> None:
    one = replace(person("no_patronymic"), birth_date=born)
    policy = decode_mrz(encode_foreign(one, number=number, personal_number=personal))
    assert (policy.identity_document, policy.birth_date) == (number, born)


ZONE = encode_internal(person("yo_man"))


def outcome(text: str) -> PresentedPolicy | FormatError:
    """The policy or the one error that is allowed."""
    try:
        return decode_mrz(text)
    except FormatError as error:
        return error


@given(
    st.text(max_size=120)
    | st.text("P<ABCNRUS0123456789\r\n", max_size=120)
    | st.builds(
        lambda at, new: ZONE[:at] + new + ZONE[at + len(new) :],
        st.integers(0, 89),
        st.text("<0123456789ABCXYZ\r\nЁ", min_size=1, max_size=4),
    )
    | st.text("<0123456789ABC", min_size=39 + 44, max_size=39 + 44)
    .map("PNRUS".__add__)
    .map(lambda text: right(text[:44] + "\r\n" + text[44:88]))
)
def test_any_text_is_a_policy_or_a_format_error(text: str) -> None:
    got = outcome(text)
    if isinstance(got, FormatError):
        assert got.offset is not None
        assert 0 <= got.offset <= len(text)
    else:
        assert got.identity_document


def test_one_misread_digit_is_always_noticed() -> None:
    for place in (*range(10), *range(13, 20), *range(28, 44)):
        known = ZONE[46 + place]
        for other in "0123456789":
            if other != known and known in "0123456789":
                assert isinstance(outcome(put(ZONE, place, other)), FormatError), place


def test_long_texts_take_little_time() -> None:
    started = time.process_time()
    for unit in ("P<", "<", "P", "\r\n", "PNRUS<<"):
        outcome(unit * 100_000)
        looks_like_mrz(unit * 100_000)
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    ("document", "message"),
    [pytest.param("45 № 12", "4 and 6", id="short"), pytest.param("", "4 and 6", id="empty")],
)
def test_encoder_refuses_other_numbers(document: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        encode_internal(person("plain_man"), document=document)


def test_encoder_refuses_children_and_latin_names() -> None:
    with pytest.raises(ValueError, match="14"):
        encode_internal(person("child"), issued=date(2026, 1, 1))
    with pytest.raises(ValueError, match="has no"):
        encode_internal(replace(person("plain_man"), surname="SMITH"))
    with pytest.raises(ValueError, match="up to 9"):
        encode_foreign(person("plain_man"), number="1234567890")
