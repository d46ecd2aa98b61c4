"""Texts that hold a policy number, and texts that do not."""

from __future__ import annotations

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.demo.people import PEOPLE, Person, make_enp
from kiosk.policy import enp
from kiosk.policy.digital import MAX_TEXT, decode_text
from kiosk.policy.model import FormatError, FormatReason, PolicyFormat, PresentedPolicy, Sex, Source

GOOD = "7856510844000016"
OTHER = "5498899798000009"
# Luhn holds, month 99.
NOT_ENP = "7800000000000007"
WRONG_DIGIT = "7856510844000017"
BLANK = "01234567890"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(GOOD, id="alone"),
        pytest.param(f"\r\n\t{GOOD}\r\n", id="line-ends"),
        pytest.param(f"\ufeff{GOOD}", id="byte-order-mark"),
        pytest.param("7856 5108 4400 0016", id="spaces"),
        pytest.param("7856-5108-4400-0016", id="hyphens"),
        pytest.param("7856\u00a05108\u00a04400\u00a00016", id="no-break-spaces"),
        pytest.param("7856\u20115108\u20114400\u20110016", id="no-break-hyphens"),
        pytest.param(f"Полис ОМС № {GOOD}, действует.", id="sentence"),
        pytest.param(f"ЕНП{GOOD}", id="letters-before"),
        pytest.param(f"https://example.org/policy/{GOOD}?lang=ru", id="url-path"),
        pytest.param(f"https://example.org/p?enp={GOOD}&v=1", id="url-query"),
        pytest.param("https://example.org/p?enp=7856+5108+4400+0016", id="url-plus"),
        pytest.param("https://example.org/p?enp=7856%205108%204400%200016", id="url-percent"),
        pytest.param(f"https://example.org/p?t=%D0%9E%D0%9C%D0%A1%20{GOOD}", id="url-coded-space"),
        pytest.param(f'{{"enp":"{GOOD}"}}', id="json"),
        pytest.param(f"{GOOD} {GOOD} 7856 5108 4400 0016", id="same-number-thrice"),
        pytest.param(f"{GOOD} blank {BLANK}", id="blank-number-beside"),
        pytest.param(f"{GOOD} СНИЛС 112-233-445 95, тел. +7 999 123-45-67", id="other-numbers"),
        pytest.param(f"card {NOT_ENP} policy {GOOD}", id="other-card-beside"),
        pytest.param(f"{WRONG_DIGIT} or {GOOD}", id="wrong-number-beside"),
        pytest.param("01.02.2024 7856 5108 4400 0016", id="date-before-groups"),
        pytest.param("12 7856 5108 4400 0016 77", id="short-numbers-around-groups"),
        pytest.param("7856 5108 4400 0016. 2024", id="full-stop-then-year"),
        pytest.param(f"{GOOD} 2024", id="year-behind"),
    ],
)
def test_one_number_is_found(text: str) -> None:
    expected = PresentedPolicy(Source.DIGITAL, PolicyFormat.TEXT, GOOD)
    assert decode_text(text) == expected
    assert decode_text(text.encode()) == expected


def test_windows_1251_is_read() -> None:
    assert decode_text(f"Полис {GOOD} №\xa0".encode("cp1251")).enp == GOOD
    assert decode_text(b"\x98\xff" + GOOD.encode()).enp == GOOD


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", FormatReason.NO_NUMBER, id="empty"),
        pytest.param("Здравствуйте!", FormatReason.NO_NUMBER, id="words"),
        pytest.param("https://example.org/", FormatReason.NO_NUMBER, id="url"),
        pytest.param(GOOD[:15], FormatReason.NO_NUMBER, id="15-digits"),
        pytest.param(GOOD + "0", FormatReason.NO_NUMBER, id="17-digits"),
        pytest.param("1" + GOOD, FormatReason.NO_NUMBER, id="digit-before"),
        pytest.param(GOOD + GOOD, FormatReason.NO_NUMBER, id="32-digits"),
        pytest.param("7856 5108 4400 0016 2024", FormatReason.NO_NUMBER, id="five-groups"),
        pytest.param("2024 7856 5108 4400 0016", FormatReason.NO_NUMBER, id="group-before"),
        pytest.param("7856 5108 4400", FormatReason.NO_NUMBER, id="three-groups"),
        pytest.param("7856  5108 4400 0016", FormatReason.NO_NUMBER, id="torn-groups"),
        pytest.param("7856 5108 4400 00165", FormatReason.NO_NUMBER, id="five-in-a-group"),
        pytest.param("78565108.44000016", FormatReason.NO_NUMBER, id="cut-by-a-point"),
        pytest.param("٧٨٥٦٥١٠٨٤٤٠٠٠٠١٦", FormatReason.NO_NUMBER, id="arabic-digits"),
        pytest.param(f"{GOOD} {OTHER}", FormatReason.SEVERAL_NUMBERS, id="two"),
        pytest.param(
            "7856 5108 4400 0016, 5498 8997 9800 0009",
            FormatReason.SEVERAL_NUMBERS,
            id="two-groups",
        ),
        pytest.param(f"{GOOD}%20{OTHER}", FormatReason.SEVERAL_NUMBERS, id="two-coded"),
        pytest.param(BLANK, FormatReason.BLANK_NUMBER, id="blank"),
        pytest.param(f"бланк № {BLANK}", FormatReason.BLANK_NUMBER, id="blank-in-words"),
        pytest.param(WRONG_DIGIT, FormatReason.CHECK_DIGIT, id="check-digit"),
        pytest.param("7856 5108 4400 0017", FormatReason.CHECK_DIGIT, id="check-digit-grouped"),
        pytest.param(f"{WRONG_DIGIT} {BLANK}", FormatReason.CHECK_DIGIT, id="check-before-blank"),
        pytest.param(NOT_ENP, FormatReason.ENP_DATE, id="date-coding"),
        pytest.param(f"{NOT_ENP} {WRONG_DIGIT}", FormatReason.ENP_DATE, id="date-before-check"),
        pytest.param("0" * (MAX_TEXT + 1), FormatReason.LENGTH, id="too-long"),
        pytest.param(" " * MAX_TEXT + GOOD, FormatReason.LENGTH, id="number-behind-the-limit"),
    ],
)
def test_refusals(text: str, reason: FormatReason) -> None:
    with pytest.raises(FormatError) as caught:
        decode_text(text)
    assert caught.value.reason is reason
    assert not any(number in str(caught.value) for number in (GOOD, OTHER, NOT_ENP, BLANK))


def test_the_limit_itself_is_accepted() -> None:
    assert decode_text(GOOD.ljust(MAX_TEXT)).enp == GOOD
    assert decode_text(GOOD.encode().rjust(MAX_TEXT)).enp == GOOD


@pytest.mark.parametrize("one", PEOPLE, ids=lambda one: one.slug)
def test_everybodys_number_is_found(one: Person) -> None:
    assert decode_text(one.enp).enp == one.enp


@given(
    before=st.text(st.characters(exclude_categories=["Nd", "Cs"], exclude_characters="%")),
    after=st.text(st.characters(exclude_categories=["Nd", "Cs"], exclude_characters="%")),
    born=st.dates(date(1900, 1, 1), date(2026, 1, 1)),
    serial=st.integers(0, 99_999),
    grouped=st.booleans(),
)
def test_any_number_in_any_words(
    *, before: str, after: str, born: date, serial: int, grouped: bool
) -> None:
    number = make_enp("78", born, Sex.MALE, serial)
    shown = enp.grouped(number) if grouped else number
    assert decode_text(f"{before} {shown} {after}").enp == number
    assert decode_text(f"{before} {shown} {after}".encode()).enp == number


def outcome(data: bytes | str) -> PresentedPolicy | FormatError:
    """The policy or the one error that is allowed."""
    try:
        return decode_text(data)
    except FormatError as error:
        return error


@given(
    st.binary(max_size=300)
    | st.text(max_size=300)
    | st.text("0123456789 -%+./\u00a0", max_size=300)
    | st.lists(st.sampled_from([GOOD, OTHER, NOT_ENP, BLANK, " ", "-", "%20", "x"])).map("".join)
)
def test_anything_is_a_policy_or_a_format_error(data: bytes | str) -> None:
    got = outcome(data)
    assert isinstance(got, FormatError) or enp.is_enp(got.enp or "")


@pytest.mark.parametrize(
    "unit",
    ["0", "7856 ", "7856", "%", "%37", "1 ", GOOD + " ", "a", "\u00a0", "4.1234 ", "%e0%80"],
)
def test_the_longest_texts_take_little_time(unit: str) -> None:
    text = (unit * MAX_TEXT)[:MAX_TEXT]
    started = time.process_time()
    outcome(text)
    assert time.process_time() - started < 0.5
