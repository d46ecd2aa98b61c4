"""Numbers typed by hand: every way to write them, and what is refused with which reason."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.demo.people import PEOPLE, Person, make_snils
from kiosk.policy.model import FormatError, FormatReason, PolicyFormat, PresentedPolicy, Sex, Source
from kiosk.policy.typed import (
    MAX_TYPED,
    typed,
    typed_birth_certificate,
    typed_old_policy,
    typed_passport,
    typed_snils,
)
from offline_cache.normalise import fold_document, fold_old_policy

if TYPE_CHECKING:
    from collections.abc import Callable

GOOD = "7856510844000016"
WRONG_DIGIT = "7856510844000017"
BLANK = "01234567890"
BORN = date(1984, 3, 5)
SNILS = "11223344595"
TYPED = partial(PresentedPolicy, Source.TYPED, PolicyFormat.TYPED)

DECODERS: dict[str, Callable[..., PresentedPolicy]] = {
    "policy": typed,
    "old-policy": typed_old_policy,
    "snils": partial(typed_snils, birth_date=BORN),
    "passport": typed_passport,
    "birth-certificate": typed_birth_certificate,
}


def reason_of(decode: Callable[[str], PresentedPolicy], text: str) -> FormatReason:
    """Why `text` is refused; nothing of it may be in the message."""
    with pytest.raises(FormatError) as caught:
        decode(text)
    assert len(text) < 6 or text not in str(caught.value)
    return caught.value.reason


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(GOOD, id="plain"),
        pytest.param(" 7856 5108 4400 0016\n", id="groups"),
        pytest.param("7856-5108-4400-0016", id="hyphens"),
        pytest.param("7856\u00a05108\u00a04400\u00a00016", id="no-break-spaces"),
    ],
)
def test_policy(number: str) -> None:
    policy = typed(number, surname="Петров", given_name="Иван", birth_date=BORN, sex=Sex.MALE)
    assert policy == TYPED(GOOD, surname="Петров", given_name="Иван", birth_date=BORN, sex=Sex.MALE)


def test_the_check_digit_is_left_to_the_verdict() -> None:
    assert typed(WRONG_DIGIT).enp == WRONG_DIGIT


@pytest.mark.parametrize("number", ["012345678", "012 345 678", "012-345-678", " 012345678 "])
def test_temporary_certificate(number: str) -> None:
    assert typed(number) == TYPED(temporary_certificate="012345678")
    issued = date(2022, 11, 1)
    assert typed(number, issue_date=issued).issue_date == issued


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        pytest.param("", FormatReason.LENGTH, id="empty"),
        pytest.param("-", FormatReason.LENGTH, id="hyphen"),
        pytest.param("01234567", FormatReason.LENGTH, id="8-digits"),
        pytest.param("0123456789", FormatReason.LENGTH, id="10-digits"),
        pytest.param(GOOD[:15], FormatReason.LENGTH, id="15-digits"),
        pytest.param(GOOD + "0", FormatReason.LENGTH, id="17-digits"),
        pytest.param(BLANK, FormatReason.BLANK_NUMBER, id="blank"),
        pytest.param("012 345 67890", FormatReason.BLANK_NUMBER, id="blank-in-groups"),
        pytest.param(SNILS, FormatReason.SNILS, id="snils"),
        pytest.param("112-233-445 95", FormatReason.SNILS, id="snils-printed"),
        pytest.param("112 233 445 95", FormatReason.SNILS, id="snils-in-groups"),
        pytest.param("112-233-445 96", FormatReason.SNILS, id="snils-printed-and-mistyped"),
        pytest.param("11223344596", FormatReason.BLANK_NUMBER, id="no-snils"),
        pytest.param("785651084400001O", FormatReason.VALUE, id="letter-o"),
        pytest.param("７８５６５１０８４４００００１６", FormatReason.VALUE, id="full-width"),
        pytest.param("1" * (MAX_TYPED + 1), FormatReason.LENGTH, id="too-long"),
    ],
)
def test_policy_refusals(number: str, reason: FormatReason) -> None:
    assert reason_of(typed, number) is reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("АБ № 123456", "АБ № 123456", id="as-written"),
        pytest.param("АБ №123456", "АБ № 123456", id="no-space"),
        pytest.param("АБ№123456", "АБ № 123456", id="no-spaces"),
        pytest.param("аб N 123456", "АБ № 123456", id="n"),
        pytest.param("АБ No 123456", "АБ № 123456", id="no"),
        pytest.param("АБ No. 123456", "АБ № 123456", id="no-with-full-stop"),
        pytest.param("АБ Nо 123456", "АБ № 123456", id="no-with-cyrillic-o"),
        pytest.param("АБ # 123456", "АБ № 123456", id="hash"),
        pytest.param("АБ 123456", "АБ № 123456", id="space"),
        pytest.param("  АБ   123456 ", "АБ № 123456", id="spaces"),
        pytest.param("АБ123456", "АБ № 123456", id="letters-then-digits"),
        pytest.param("29 № 1234567", "29 № 1234567", id="digits"),
        pytest.param("29N1234567", "29 № 1234567", id="n-between-digits"),
        pytest.param("29 1234567", "29 № 1234567", id="digits-apart"),
        pytest.param("29-01 № 345678", "29-01 № 345678", id="series-with-hyphen"),
        pytest.param("29-01 345678", "29-01 № 345678", id="series-with-hyphen-apart"),
        pytest.param("77 АБ 123456", "77 АБ № 123456", id="series-of-two"),
        pytest.param("AN 123456", "AN № 123456", id="series-that-ends-in-n"),
        pytest.param("AN № 123456", "AN № 123456", id="series-that-ends-in-n-and-sign"),
        pytest.param("123456", "123456", id="number-alone"),
        pytest.param("№ 123456", "123456", id="sign-and-number"),
        pytest.param("N 123456", "123456", id="n-and-number"),
        pytest.param("No123456", "123456", id="no-and-number"),
        pytest.param("1 № 00012", "1 № 00012", id="leading-zeros"),
    ],
)
def test_old_policy(text: str, expected: str) -> None:
    policy = typed_old_policy(text, surname="Ли", birth_date=BORN)
    assert policy == TYPED(old_policy=expected, surname="Ли", birth_date=BORN)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", FormatReason.VALUE, id="empty"),
        pytest.param("№", FormatReason.VALUE, id="sign"),
        pytest.param("АБ", FormatReason.VALUE, id="series-alone"),
        pytest.param("АБ №", FormatReason.VALUE, id="no-number"),
        pytest.param("АБ № 12 № 34", FormatReason.VALUE, id="two-signs"),
        pytest.param("АБ № 12Б4", FormatReason.VALUE, id="letter-in-the-number"),
        pytest.param("АБ № １２３４５６", FormatReason.VALUE, id="full-width"),
        pytest.param("Б" * 17 + " № 1", FormatReason.VALUE, id="long-series"),
        pytest.param("АБ № " + "1" * 21, FormatReason.LENGTH, id="long-number"),
        pytest.param("1" * (MAX_TYPED + 1), FormatReason.LENGTH, id="too-long"),
    ],
)
def test_old_policy_refusals(text: str, reason: FormatReason) -> None:
    assert reason_of(typed_old_policy, text) is reason


def test_series_and_number_are_told_apart() -> None:
    first, second = typed_old_policy("12 № 345"), typed_old_policy("123 № 45")
    assert fold_old_policy(first.old_policy or "") != fold_old_policy(second.old_policy or "")
    latin, cyrillic = typed_old_policy("AB 123456"), typed_old_policy("АВ № 123456")
    assert fold_old_policy(latin.old_policy or "") == fold_old_policy(cyrillic.old_policy or "")


@pytest.mark.parametrize(
    "text", [SNILS, "112-233-445 95", "112 233 445 95", " 112-233-445-95 ", "112-23344595"]
)
def test_snils(text: str) -> None:
    assert typed_snils(text, BORN, surname="Ли", given_name="Ян") == TYPED(
        snils=SNILS, birth_date=BORN, surname="Ли", given_name="Ян"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", FormatReason.LENGTH, id="empty"),
        pytest.param("1122334459", FormatReason.LENGTH, id="10-digits"),
        pytest.param("112233445951", FormatReason.LENGTH, id="12-digits"),
        pytest.param(GOOD, FormatReason.LENGTH, id="policy"),
        pytest.param("1122334459O", FormatReason.VALUE, id="letter-o"),
        pytest.param("11223344596", FormatReason.CHECK_DIGIT, id="check-number"),
        pytest.param("1" * (MAX_TYPED + 1), FormatReason.LENGTH, id="too-long"),
    ],
)
def test_snils_refusals(text: str, reason: FormatReason) -> None:
    assert reason_of(partial(typed_snils, birth_date=BORN), text) is reason


@given(st.integers(1_001_999, 999_999_999), st.dates(date(1900, 1, 1), date(2026, 1, 1)))
def test_any_snils(number: int, born: date) -> None:
    policy = typed_snils(make_snils(number), born)
    assert (policy.snils, policy.birth_date) == (make_snils(number), born)


@pytest.mark.parametrize("one", PEOPLE, ids=lambda one: one.slug)
def test_everybodys_numbers(one: Person) -> None:
    assert typed(one.enp).enp == one.enp
    assert typed_snils(one.snils, one.birth_date).snils == one.snils


@pytest.mark.parametrize(
    "text",
    [
        "4512100002",
        "4512 100002",
        "45 12 100002",
        "45 12 № 100002",
        "4512 N 100002",
        "4512 No 100002",
        "4512 # 100002",
        "4512№100002",
        "45-12 100-002",
        "4 5 1 2 1 0 0 0 0 2",
        " 4512\t100002\r\n",
    ],
)
def test_passport(text: str) -> None:
    assert typed_passport(text, patronymic="Ильич") == TYPED(
        identity_document="4512 № 100002", patronymic="Ильич"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", FormatReason.LENGTH, id="empty"),
        pytest.param("4512 10000", FormatReason.LENGTH, id="9-digits"),
        pytest.param("4512 1000023", FormatReason.LENGTH, id="11-digits"),
        pytest.param("II-АК 123456", FormatReason.VALUE, id="birth-certificate"),
        pytest.param("4512 1OOOO2", FormatReason.VALUE, id="letter-o"),
        pytest.param("４５１２ １００００２", FormatReason.VALUE, id="full-width"),
        pytest.param("1" * (MAX_TYPED + 1), FormatReason.LENGTH, id="too-long"),
    ],
)
def test_passport_refusals(text: str, reason: FormatReason) -> None:
    assert reason_of(typed_passport, text) is reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("II-АК № 123456", "II-АК № 123456", id="as-written"),
        pytest.param("II-AK № 123456", "II-АК № 123456", id="latin-letters"),
        pytest.param("11-АК 123456", "II-АК № 123456", id="ones"),
        pytest.param("I1-АК 123456", "II-АК № 123456", id="one-of-each"),
        pytest.param("ІІ-АК 123456", "II-АК № 123456", id="ukrainian-i"),
        pytest.param("ii-ак n 123456", "II-АК № 123456", id="small-letters"),
        pytest.param("II АК 123456", "II-АК № 123456", id="space"),
        pytest.param("II—АК—123456", "II-АК № 123456", id="dashes"),
        pytest.param("II \u2013 АК No. 123456", "II-АК № 123456", id="spaces-and-no"),
        pytest.param("IIАК123456", "II-АК № 123456", id="in-one"),
        pytest.param("IV-АК # 123456", "IV-АК № 123456", id="four"),
        pytest.param("1У-АК 123456", "IV-АК № 123456", id="four-cyrillic"),
        pytest.param("У-МЮ 000001", "V-МЮ № 000001", id="five"),
        pytest.param("Х-АХ 123456", "X-АХ № 123456", id="ten"),
        pytest.param("ХIV-ЁЖ 123456", "XIV-ЁЖ № 123456", id="fourteen"),
    ],
)
def test_birth_certificate(text: str, expected: str) -> None:
    policy = typed_birth_certificate(text, given_name="Тимофей", birth_date=date(2026, 11, 2))
    assert policy == TYPED(
        identity_document=expected, given_name="Тимофей", birth_date=date(2026, 11, 2)
    )
    assert fold_document(policy.identity_document or "") == fold_document(expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "II-АК",
        "АК № 123456",
        "II-АК № 12345",
        "II-АК № 1234567",
        "II-А № 123456",
        "II-АКБ № 123456",
        "II-ЯS № 123456",
        "IIII-АК № 123456",
        "VX-АК № 123456",
        "4512 100002",
        "II-АК № 12345O",
        "II-АК № １２３４５６",
    ],
)
def test_birth_certificate_refusals(text: str) -> None:
    assert reason_of(typed_birth_certificate, text) is FormatReason.VALUE


@given(
    roman=st.sampled_from(["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI"]),
    letters=st.text("АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЫЭЮЯ", min_size=2, max_size=2),
    number=st.integers(0, 999_999),
    twins=st.booleans(),
)
def test_any_birth_certificate(*, roman: str, letters: str, number: int, twins: bool) -> None:
    shown = roman.translate(str.maketrans("IVX", "1УХ")) if twins else roman
    latin = letters.translate(str.maketrans("АВЕКМНОРСТУХ", "ABEKMHOPCTYX")) if twins else letters
    policy = typed_birth_certificate(f"{shown}-{latin} N {number:06}")
    assert policy.identity_document == f"{roman}-{letters} № {number:06}"


@given(series=st.integers(0, 9999), number=st.integers(0, 999_999))
def test_any_passport(series: int, number: int) -> None:
    expected = f"{series:04} № {number:06}"
    assert typed_passport(expected).identity_document == expected
    assert typed_passport(f"{series:04}{number:06}").identity_document == expected


@pytest.mark.parametrize("kind", DECODERS)
@given(
    text=st.text(max_size=120)
    | st.text("0123456789 -№N#oО.IVXІУХАКБ\t", max_size=MAX_TYPED)
    | st.binary(max_size=60).map(lambda data: data.decode("cp1251", "replace"))
)
def test_any_text_is_a_policy_or_a_format_error(kind: str, text: str) -> None:
    try:
        policy = DECODERS[kind](text)
    except FormatError:
        return
    found = (
        policy.enp,
        policy.temporary_certificate,
        policy.old_policy,
        policy.snils,
        policy.identity_document,
    )
    assert sum(one is not None for one in found) == 1


@pytest.mark.parametrize("kind", DECODERS)
def test_what_was_given_for_one_person_stays(kind: str) -> None:
    texts = {
        "policy": GOOD,
        "old-policy": "29 № 12345",
        "snils": SNILS,
        "passport": "4512100002",
        "birth-certificate": "II-АК 123456",
    }
    for name in ("ЛИ", "Ж" * 60, "РИМСКАЯ-БЕЛОВА", "Д‘АРБИНЬИ", "Cёмина"):
        decode = partial(DECODERS[kind], surname=name, given_name="Ян", patronymic=None)
        for born in (date(1900, 1, 1), date(2000, 2, 29)):
            policy = decode(texts[kind], birth_date=born)
            assert (policy.surname, policy.given_name) == (name, "Ян")
            assert (policy.patronymic, policy.birth_date) == (None, born)
