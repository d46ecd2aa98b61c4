"""Codes scanned by mistake, and the documents other than an ENP that a text may be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.demo.people import INSURERS, PEOPLE, Person, make_snils
from kiosk.policy.digital import decode_text
from kiosk.policy.mistaken import mistake, number_of_11
from kiosk.policy.model import FormatError, FormatReason, PolicyFormat, PresentedPolicy, Source
from kiosk.policy.numbers import is_digits

ENP = "7856510844000016"
SNILS = "11223344595"
BLANK = "01234567890"


def certificate(number: str) -> PresentedPolicy:
    """What a scanned temporary certificate decodes to."""
    return PresentedPolicy(
        Source.BARCODE, PolicyFormat.TEMPORARY_CERTIFICATE, temporary_certificate=number
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("012345678", id="plain"),
        pytest.param("012 345 678", id="groups"),
        pytest.param("012-345-678", id="hyphens"),
        pytest.param("012\u00a0345\u00a0678", id="no-break-spaces"),
        pytest.param("012345 678", id="one-space"),
        pytest.param(" 012345678\r\n", id="line-end"),
        pytest.param("\ufeff012345678", id="byte-order-mark"),
        pytest.param("012%20345%20678", id="percent"),
    ],
)
def test_a_temporary_certificate(text: str) -> None:
    assert decode_text(text) == certificate("012345678")
    assert decode_text(text.encode()) == certificate("012345678")


@given(st.integers(0, 999_999_999))
def test_any_nine_digits_are_a_temporary_certificate(number: int) -> None:
    assert decode_text(f"{number:09}") == certificate(f"{number:09}")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("112-233-445 95", FormatReason.SNILS, id="snils-printed"),
        pytest.param("112-233-445-95", FormatReason.SNILS, id="snils-hyphens"),
        pytest.param("112\u2011233\u2011445\u00a095", FormatReason.SNILS, id="snils-no-break"),
        pytest.param("112-233-445 96", FormatReason.SNILS, id="snils-printed-and-misread"),
        pytest.param("СНИЛС 112-233-445 95, Петров", FormatReason.SNILS, id="snils-in-words"),
        pytest.param(SNILS, FormatReason.SNILS, id="snils-bare"),
        pytest.param(f"СНИЛС {SNILS}", FormatReason.SNILS, id="snils-bare-in-words"),
        pytest.param("11223344596", FormatReason.BLANK_NUMBER, id="no-snils"),
        pytest.param("00100199800", FormatReason.BLANK_NUMBER, id="too-low-for-a-check"),
        pytest.param("00100199998", FormatReason.BLANK_NUMBER, id="lowest-with-another-check"),
        pytest.param(BLANK, FormatReason.BLANK_NUMBER, id="blank"),
        pytest.param("8-912-345-67-89", FormatReason.NO_NUMBER, id="telephone"),
        pytest.param("1997700000010", FormatReason.OGRN, id="ogrn"),
        pytest.param("ОГРН 1997700000010, СМО", FormatReason.OGRN, id="ogrn-in-words"),
        pytest.param("1997700000011", FormatReason.NO_NUMBER, id="ogrn-check"),
        # 4·1 + 6·3 = 22, and 8 more are 30.
        pytest.param("4600000000008", FormatReason.PRODUCT_CODE, id="ean-13"),
        pytest.param("4600000000009", FormatReason.NO_NUMBER, id="ean-13-check"),
        pytest.param("9780471117094", FormatReason.PRODUCT_CODE, id="isbn"),
        pytest.param("73513537", FormatReason.PRODUCT_CODE, id="ean-8"),
        pytest.param("73513538", FormatReason.NO_NUMBER, id="ean-8-check"),
        pytest.param("036000291452", FormatReason.PRODUCT_CODE, id="upc-a"),
        pytest.param("036000291453", FormatReason.NO_NUMBER, id="upc-a-check"),
        pytest.param(
            "010460000000000821abcDEF\x1d91ABCD", FormatReason.PRODUCT_CODE, id="marked-goods"
        ),
        pytest.param(
            "(01)04600000000008(21)abcDEF", FormatReason.PRODUCT_CODE, id="marked-goods-printed"
        ),
        pytest.param("см. 73513537", FormatReason.NO_NUMBER, id="ean-8-in-words"),
        pytest.param("А-017", FormatReason.TICKET, id="ticket"),
        pytest.param("A-017", FormatReason.TICKET, id="ticket-latin"),
        pytest.param("А017", FormatReason.TICKET, id="ticket-without-hyphen"),
        pytest.param("к 5", FormatReason.TICKET, id="ticket-with-space"),
        pytest.param("TICKET A-17", FormatReason.TICKET, id="ticket-word"),
        pytest.param("Талон 12", FormatReason.TICKET, id="talon"),
        pytest.param("ТАЛОН № 12 в кабинет 304", FormatReason.TICKET, id="talon-in-words"),
        pytest.param("Электронная очередь", FormatReason.TICKET, id="queue"),
        pytest.param("вы в очереди: 7", FormatReason.TICKET, id="queue-in-another-case"),
        pytest.param(f"Талон 12, тел. {BLANK}", FormatReason.TICKET, id="ticket-with-telephone"),
        pytest.param("эталон 12", FormatReason.NO_NUMBER, id="part-of-a-word"),
        pytest.param("А-01712", FormatReason.NO_NUMBER, id="too-many-digits"),
        pytest.param("АБВГ-017", FormatReason.NO_NUMBER, id="too-many-letters"),
        pytest.param("кабинет 017, второй этаж", FormatReason.NO_NUMBER, id="office"),
        pytest.param("талон " + "и " * 100, FormatReason.NO_NUMBER, id="a-long-text"),
        pytest.param("12345678", FormatReason.NO_NUMBER, id="eight-digits"),
        pytest.param("1234567890", FormatReason.NO_NUMBER, id="ten-digits"),
        pytest.param("0123 456 78", FormatReason.NO_NUMBER, id="nine-digits-in-other-groups"),
        pytest.param("№ 012345678", FormatReason.NO_NUMBER, id="nine-digits-in-words"),
        pytest.param("７３５１３５３７", FormatReason.NO_NUMBER, id="full-width"),
    ],
)
def test_what_was_scanned_by_mistake(text: str, reason: FormatReason) -> None:
    with pytest.raises(FormatError) as caught:
        decode_text(text)
    assert caught.value.reason is reason
    assert not any(number in str(caught.value) for number in (SNILS, BLANK, "1997700000010"))


@pytest.mark.parametrize(
    "beside",
    [
        pytest.param("СНИЛС 112-233-445 95", id="snils"),
        pytest.param("1997700000010", id="ogrn"),
        pytest.param("Талон А-017", id="ticket"),
        pytest.param("012345678", id="certificate"),
        pytest.param("P<UTO<<", id="passport"),
        pytest.param("A;;;;;;;;;;;;;;;", id="arkhangelsk"),
    ],
)
def test_a_policy_number_wins_always(beside: str) -> None:
    for text in (f"{beside}\n{ENP}", f"{ENP}\n{beside}"):
        assert decode_text(text) == PresentedPolicy(Source.DIGITAL, PolicyFormat.TEXT, ENP)


@pytest.mark.parametrize("one", PEOPLE, ids=lambda one: one.slug)
def test_everybodys_snils_and_insurer_are_known(one: Person) -> None:
    found = mistake(one.snils)
    assert found is not None
    assert found.reason is FormatReason.SNILS
    found = mistake(one.insurer.ogrn)
    assert found is not None
    assert found.reason is FormatReason.OGRN


def test_the_insurers_of_the_demo_are_companies() -> None:
    for insurers in INSURERS.values():
        for insurer in insurers:
            assert (found := mistake(insurer.ogrn)) is not None
            assert found.reason is FormatReason.OGRN


@given(st.integers(1_001_999, 999_999_999), st.integers(0, 99))
def test_any_11_digits_are_a_snils_or_a_blank(number: int, check: int) -> None:
    found = number_of_11(f"{number:09}{check:02}")
    assert found is not None
    right = f"{number:09}{check:02}" == make_snils(number)
    assert found.reason is (FormatReason.SNILS if right else FormatReason.BLANK_NUMBER)


@given(st.text(max_size=100) | st.text("0123456789-АA№ талонticket(01)\x1d", max_size=60))
def test_any_text_gives_an_error_or_nothing(text: str) -> None:
    found = mistake(text)
    assert found is None or found.reason in {
        FormatReason.SNILS,
        FormatReason.OGRN,
        FormatReason.PRODUCT_CODE,
        FormatReason.TICKET,
        FormatReason.BLANK_NUMBER,
    }


@given(
    st.text("0123456789", min_size=1, max_size=40)
    | st.text("0123456789 -+", min_size=1, max_size=40)
)
def test_any_digits_are_one_thing(text: str) -> None:
    try:
        policy = decode_text(text)
    except FormatError:
        return
    assert (policy.enp is None) is is_digits(policy.temporary_certificate or "", 9)
