"""Questions to FERZL: every one has the published structure, and asks for what was presented."""

from __future__ import annotations

import string
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from kiosk.demo.people import PEOPLE, Person, person
from kiosk.lookup import Cause
from kiosk.online.errors import ServiceError
from kiosk.online.ferzl_messages import question
from kiosk.policy.model import PolicyFormat, PresentedPolicy, Source
from kiosk.policy.typed import (
    Names,
    typed,
    typed_birth_certificate,
    typed_old_policy,
    typed_passport,
    typed_snils,
)

STRUCTURE = etree.RelaxNG(etree.parse(Path(__file__).with_name("ferzl_structure.rng")))
DAY = date(2026, 11, 24)
REQUEST = "0f8fad5b-d9cb-469f-a165-70867728950e"
WHO = person("yo")

WHOLE = f"""<?xml version='1.0' encoding='utf-8'?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"\
 xmlns:mpip="http://ffoms.ru/types/mpiPersonInfoSchema"\
 xmlns:com="http://ffoms.ru/types/commonTypes"><soapenv:Body><mpip:getInsuranceStatusRequest>\
<com:externalRequestId>{REQUEST}</com:externalRequestId><mpip:insuranceStatusSearchParams>\
<mpip:dt>2026-11-24</mpip:dt><mpip:personSearchInfo>%s</mpip:personSearchInfo>\
</mpip:insuranceStatusSearchParams></mpip:getInsuranceStatusRequest></soapenv:Body>\
</soapenv:Envelope>"""

ASKED = {
    "ENP": (typed(WHO.enp), f"<mpip:pcy><com:enp>{WHO.enp}</com:enp></mpip:pcy>"),
    "temporary certificate": (
        typed("900000001"),
        "<mpip:pcy><com:pcyType>В</com:pcyType><com:tmpcertNum>900000001</com:tmpcertNum></mpip:pcy>",
    ),
    "old policy": (
        typed_old_policy("75-А № 0000100"),
        (
            "<mpip:pcy><com:pcyType>С</com:pcyType>"
            "<com:pcySer>75-А</com:pcySer><com:pcyNum>0000100</com:pcyNum></mpip:pcy>"
        ),
    ),
    "old policy without a series": (
        typed_old_policy("0000100"),
        "<mpip:pcy><com:pcyType>С</com:pcyType><com:pcyNum>0000100</com:pcyNum></mpip:pcy>",
    ),
    "SNILS and birth date": (
        typed_snils(WHO.snils, WHO.birth_date),
        (
            f"<mpip:snilsDr><mpip:snils>{WHO.snils}</mpip:snils>"
            "<mpip:birthDay>2001-01-01</mpip:birthDay></mpip:snilsDr>"
        ),
    ),
    "passport": (
        typed_passport("4512 100002"),
        (
            "<mpip:dudl><com:dudlType>14</com:dudlType>"
            "<com:dudlSer>4512</com:dudlSer><com:dudlNum>100002</com:dudlNum></mpip:dudl>"
        ),
    ),
    "birth certificate": (
        typed_birth_certificate("II-АК № 123456"),
        (
            "<mpip:dudl><com:dudlType>3</com:dudlType>"
            "<com:dudlSer>II-АК</com:dudlSer><com:dudlNum>123456</com:dudlNum></mpip:dudl>"
        ),
    ),
    "foreign passport": (
        PresentedPolicy(Source.DOCUMENT, PolicyFormat.MRZ, identity_document="X1234567"),
        "<mpip:dudl><com:dudlType>9</com:dudlType><com:dudlNum>X1234567</com:dudlNum></mpip:dudl>",
    ),
    "foreign passport with a series": (
        PresentedPolicy(Source.TYPED, PolicyFormat.TYPED, identity_document="75 № 1234567"),
        (
            "<mpip:dudl><com:dudlType>9</com:dudlType>"
            "<com:dudlSer>75</com:dudlSer><com:dudlNum>1234567</com:dudlNum></mpip:dudl>"
        ),
    ),
}


@pytest.mark.parametrize(("policy", "asked"), ASKED.values(), ids=ASKED.keys())
def test_asks_by_what_was_presented(policy: PresentedPolicy, asked: str) -> None:
    sent = question(policy, DAY, REQUEST)
    assert sent.decode("utf-8") == WHOLE % asked
    STRUCTURE.assertValid(etree.fromstring(sent))


@pytest.mark.parametrize("one", PEOPLE, ids=lambda one: one.slug)
def test_asks_for_each_of_the_cast(one: Person) -> None:
    """By ENP and by SNILS, whatever they are called."""
    names: Names = {
        "surname": one.surname,
        "given_name": one.given_name,
        "patronymic": one.patronymic,
    }
    for policy in (
        typed(one.enp, birth_date=one.birth_date, **names),
        typed_snils(one.snils, one.birth_date, **names),
    ):
        sent = question(policy, DAY, str(uuid4()))
        STRUCTURE.assertValid(etree.fromstring(sent))
        # Only what is asked by leaves the kiosk.
        assert one.surname.encode() not in sent


# In the order of preference: each number stands before those below it.
NUMBERS: Final[dict[str, str]] = {
    "enp": WHO.enp,
    "temporary_certificate": "900000001",
    "old_policy": "29 № 1234567",
    "snils": WHO.snils,
    "identity_document": "4512 № 100002",
}
ASKED_BY = {
    "enp": "enp",
    "temporary_certificate": "tmpcertNum",
    "old_policy": "pcyNum",
    "snils": "snils",
    "identity_document": "dudlNum",
}


def with_numbers(*names: str) -> PresentedPolicy:
    """A policy of `WHO` that carries some of the numbers."""
    numbers: dict[str, Any] = {name: NUMBERS[name] for name in names}
    return PresentedPolicy(Source.TYPED, PolicyFormat.TYPED, birth_date=WHO.birth_date, **numbers)


@pytest.mark.parametrize("best", NUMBERS)
def test_asks_by_the_best_number(best: str) -> None:
    names = list(NUMBERS)
    policy = with_numbers(*names[names.index(best) :])
    sent = etree.fromstring(question(policy, DAY, REQUEST))
    STRUCTURE.assertValid(sent)
    found = {etree.QName(one).localname for one in sent.iter("*")}
    assert found & set(ASKED_BY.values()) == {ASKED_BY[best]}


def test_a_snils_without_a_birth_date_is_passed_over() -> None:
    policy = replace(with_numbers("snils", "identity_document"), birth_date=None)
    assert b"dudlNum" in question(policy, DAY, REQUEST)


def test_the_date_of_issue_stays_here() -> None:
    policy = replace(with_numbers("identity_document"), issue_date=date(2015, 1, 20))
    assert b"2015" not in question(policy, DAY, REQUEST)


NOT_ASKABLE = {
    "nothing": with_numbers(),
    "a SNILS without a birth date": replace(with_numbers("snils"), birth_date=None),
    "a short ENP": replace(with_numbers(), enp="123"),
    "an ENP of other digits": replace(with_numbers(), enp="٥" * 16),
    "an ENP with a line end": replace(with_numbers(), enp=f"{WHO.enp}\n"),
    "an empty ENP": replace(with_numbers(), enp=""),
    "a short temporary certificate": replace(with_numbers(), temporary_certificate="1"),
    "a short SNILS": replace(with_numbers(), snils="1"),
    "a series alone": replace(with_numbers(), old_policy="29 № "),
    "an empty old policy": replace(with_numbers(), old_policy=""),
    "an empty document": replace(with_numbers(), identity_document=" "),
    "a control character": replace(with_numbers(), old_policy="\x02 № 1"),
    "a lone surrogate": replace(with_numbers(), identity_document="\ud800 № 1"),
}


@pytest.mark.parametrize("policy", NOT_ASKABLE.values(), ids=NOT_ASKABLE.keys())
def test_says_what_cannot_be_asked(policy: PresentedPolicy) -> None:
    with pytest.raises(ServiceError) as caught:
        question(policy, DAY, REQUEST)
    assert caught.value.cause is Cause.NOT_ASKABLE
    assert not any(digit in str(caught.value) for digit in string.digits)


ANY_NUMBER = st.one_of(
    st.text(max_size=30),
    st.from_regex(r"[0-9]{9}|[0-9]{11}|[0-9]{16}"),
    st.from_regex(r"[0-9А-ЯIVX<&-]{1,9}\s?№\s?[0-9]{1,9}", fullmatch=True),
)


@given(st.sampled_from(sorted(NUMBERS)), ANY_NUMBER)
def test_any_question_has_the_structure_or_is_not_asked(name: str, number: str) -> None:
    numbers: dict[str, Any] = {name: number}
    try:
        sent = question(replace(with_numbers(), **numbers), DAY, REQUEST)
    except ServiceError as error:
        cause: Cause | None = error.cause
    else:
        cause = None
        STRUCTURE.assertValid(etree.fromstring(sent))
    assert cause in {None, Cause.NOT_ASKABLE}


SPOILED = {
    "a date as printed": (b"2026-11-24", b"24.11.2026"),
    "a day that is none": (b"2026-11-24", b"2026-02-30"),
    "a zone": (b"2026-11-24", b"2026-11-24Z"),
    "no UUID": (REQUEST.encode(), b"1"),
    "a short number": (WHO.enp.encode(), WHO.enp[:15].encode()),
    "another namespace": (b"commonTypes", b"otherTypes"),
    "nothing to ask by": (f"<com:enp>{WHO.enp}</com:enp>".encode(), b""),
    "asked twice": (
        b"</mpip:personSearchInfo>",
        b"<mpip:snilsDr><mpip:snils>1</mpip:snils></mpip:snilsDr></mpip:personSearchInfo>",
    ),
}


@pytest.mark.parametrize(("old", "new"), SPOILED.values(), ids=SPOILED.keys())
def test_the_structure_tells_wrong_questions(old: bytes, new: bytes) -> None:
    sent = question(typed(WHO.enp), DAY, REQUEST)
    assert old in sent
    assert not STRUCTURE.validate(etree.fromstring(sent.replace(old, new)))
