"""The ENP against numbers coded by hand."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.demo.people import make_enp
from kiosk.policy import enp
from kiosk.policy.model import Sex


@pytest.mark.parametrize(
    ("number", "born", "sex"),
    [
        # 03+40=43 -> 56; 1984 reversed 4891 -> 5108; 05+50=55 -> 44
        pytest.param("7856510844000016", date(1984, 3, 5), Sex.MALE, id="man-1984"),
        # 01 -> 98; 1002 -> 8997; 01 -> 98
        pytest.param("5498899798000009", date(2001, 1, 1), Sex.FEMALE, id="first-of-2001"),
        # 12+20=32 -> 67; 0591 -> 9408; 31+50=81 -> 18
        pytest.param("7767940818000007", date(1950, 12, 31), Sex.MALE, id="last-of-1950"),
        # 01+40=41 -> 58; 1591 -> 8408; 01 -> 98
        pytest.param("7558840898000005", date(1951, 1, 1), Sex.FEMALE, id="first-of-1951"),
        # 12+40=52 -> 47; 0002 -> 9997; 31 -> 68
        pytest.param("5447999768000005", date(2000, 12, 31), Sex.FEMALE, id="last-of-2000"),
        # 01+20=21 -> 78; 0091 -> 9908; 01 -> 98
        pytest.param("7578990898000004", date(1900, 1, 1), Sex.FEMALE, id="oldest"),
        # 02+40=42 -> 57; 6991 -> 3008; 29+50=79 -> 20
        pytest.param("6457300820000007", date(1996, 2, 29), Sex.MALE, id="leap-day"),
    ],
)
def test_decodes_what_was_coded_by_hand(number: str, born: date, sex: Sex) -> None:
    assert enp.decode(number) == enp.EnpCoding(born, sex)
    assert enp.matches(number, born, sex) is True


@pytest.mark.parametrize(
    "number",
    [
        pytest.param("7886510844000016", id="month-13"),
        pytest.param("7899510844000016", id="month-0"),
        pytest.param("7896510844000016", id="month-of-2001-in-1984"),
        pytest.param("7876510844000016", id="month-of-1950-in-1984"),
        pytest.param("7856899744000016", id="month-of-2000-in-2001"),
        pytest.param("7856510899000016", id="day-0"),
        pytest.param("7856510849000016", id="man-day-0"),
        pytest.param("7856510867000016", id="day-32"),
        pytest.param("7856510817000016", id="man-day-32"),
        pytest.param("7857410870000016", id="29-february-1985"),
        pytest.param("7876001844000016", id="year-before-1900"),
        pytest.param("7896998644000016", id="year-3100"),
        pytest.param("785651084400001", id="15-digits"),
        pytest.param("78565108440000166", id="17-digits"),
        pytest.param("785651084400001X", id="letter"),
        pytest.param("７８５６５１０８４４００００１６", id="full-width-digits"),
        pytest.param("", id="empty"),
    ],
)
def test_impossible_codings_are_none(number: str) -> None:
    assert enp.decode(number) is None
    assert not enp.is_enp(number)
    assert enp.matches(number, date(1984, 3, 5), Sex.MALE) is False


@pytest.mark.parametrize(
    ("born", "sex", "expected"),
    [
        pytest.param(date(1984, 3, 5), Sex.MALE, True, id="both-agree"),
        pytest.param(date(1984, 3, 5), None, True, id="date-agrees"),
        pytest.param(None, Sex.MALE, True, id="sex-agrees"),
        pytest.param(date(1984, 3, 6), Sex.MALE, False, id="other-day"),
        pytest.param(date(1984, 3, 5), Sex.FEMALE, False, id="other-sex"),
        pytest.param(None, Sex.FEMALE, False, id="only-sex-differs"),
        pytest.param(None, None, None, id="nothing-to-compare"),
    ],
)
def test_soft_comparison(born: date | None, sex: Sex | None, *, expected: bool | None) -> None:
    assert enp.matches("7856510844000016", born, sex) is expected


def test_every_single_digit_error_fails_the_check_digit() -> None:
    good = "7856510844000016"
    assert enp.check_digit_ok(good)
    for place in range(16):
        for digit in set("0123456789") - {good[place]}:
            assert not enp.check_digit_ok(good[:place] + digit + good[place + 1 :])


@pytest.mark.parametrize(
    ("number", "is_enp"),
    [
        pytest.param("7856510844000016", True, id="policy"),
        pytest.param("7800000000000007", False, id="luhn-holds-but-month-99"),
        pytest.param("7856510844000012", False, id="wrong-check-digit"),
        pytest.param("4111111111111111", False, id="bank-card"),
        pytest.param("0000000000000000", False, id="zeros"),
    ],
)
def test_belief_needs_check_digit_and_date(number: str, *, is_enp: bool) -> None:
    assert enp.is_enp(number) is is_enp


def test_ways_to_write_it() -> None:
    assert enp.grouped("7856510844000016") == "7856 5108 4400 0016"
    assert enp.masked("7856510844000016") == "•••• •••• •••• 0016"
    assert enp.masked("123") == "•••"
    assert enp.territory("7856510844000016") == "78"
    assert "1984" not in repr(enp.decode("7856510844000016"))


@given(
    st.dates(date(1900, 1, 1), date(2099, 12, 31)),
    st.sampled_from(Sex),
    st.integers(0, 99),
    st.integers(0, 99_999),
)
def test_any_coded_number_is_read_back(born: date, sex: Sex, region: int, serial: int) -> None:
    number = make_enp(f"{region:02}", born, sex, serial)
    assert enp.is_enp(number)
    assert enp.decode(number) == enp.EnpCoding(born, sex)
