"""Check digits and shapes of the other numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.demo.people import INSURERS, make_snils
from kiosk.policy import numbers


@pytest.mark.parametrize(
    ("digits", "valid"),
    [
        # The worked example of the pension fund: the sum is 95.
        pytest.param("11223344595", True, id="published-example"),
        pytest.param("11223344596", False, id="wrong-check"),
        pytest.param("00100199800", True, id="last-number-without-check"),
        pytest.param("00100199900", False, id="first-number-with-check"),
        pytest.param("90000301499", True, id="sum-99"),
        pytest.param("90000123300", True, id="sum-100"),
        pytest.param("90012001200", True, id="sum-101"),
        pytest.param("90000411001", True, id="sum-102"),
        pytest.param("90009699600", True, id="sum-201"),
        pytest.param("90018878600", True, id="sum-202"),
        pytest.param("90009987301", True, id="sum-203"),
        pytest.param("1122334459", False, id="10-digits"),
        pytest.param("112233445951", False, id="12-digits"),
        pytest.param("1122334459x", False, id="letter"),
    ],
)
def test_snils(digits: str, *, valid: bool) -> None:
    assert numbers.snils_ok(digits) is valid


@given(st.integers(1_001_999, 999_999_999))
def test_any_made_snils_holds(number: int) -> None:
    assert numbers.snils_ok(make_snils(number))


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        pytest.param("11223344595", "11223344595", id="plain"),
        pytest.param("112-233-445 95", "11223344595", id="printed"),
        pytest.param(" 112-233-445-95 ", "11223344595", id="hyphens"),
        pytest.param("1122334459", None, id="short"),
        pytest.param("112233445 9 5", None, id="broken-apart"),
        pytest.param("", None, id="empty"),
    ],
)
def test_compact_snils(text: str, digits: str | None) -> None:
    assert numbers.compact_snils(text) == digits


@pytest.mark.parametrize(
    ("digits", "valid"),
    [
        # 199 770 000 001 modulo 11 is 10, modulo 10 is 0.
        pytest.param("1997700000010", True, id="remainder-10-is-0"),
        pytest.param("1997700000011", False, id="wrong-check"),
        pytest.param("199770000001", False, id="12-digits"),
        pytest.param("199770000001234", False, id="15-digits-are-a-person's"),
        pytest.param("199770000001x", False, id="letter"),
    ],
)
def test_ogrn(digits: str, *, valid: bool) -> None:
    assert numbers.ogrn_ok(digits) is valid


def test_invented_insurers_have_valid_numbers() -> None:
    known = [smo for group in INSURERS.values() for smo in group]
    assert len(known) == len(set(known)) == 9
    assert all(numbers.ogrn_ok(smo.ogrn) for smo in known)
    assert all(numbers.is_digits(smo.okato or "", 5) for smo in known)


@pytest.mark.parametrize(
    ("text", "is_blank"),
    [
        pytest.param("01234567890", True, id="11-digits"),
        pytest.param("0123456789", False, id="10-digits"),
        pytest.param("012345678901", False, id="12-digits"),
        pytest.param("01234567890\n", False, id="newline-behind"),
        pytest.param("٠١٢٣٤٥٦٧٨٩٠", False, id="arabic-digits"),
    ],
)
def test_blank_number(text: str, *, is_blank: bool) -> None:
    assert numbers.is_blank_number(text) is is_blank
