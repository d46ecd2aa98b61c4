"""The HL7 question: the structure that order FFOMS 79 lays down, and what a policy puts into it."""

from __future__ import annotations

import binascii
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from kiosk.demo.people import PEOPLE, Person, person
from kiosk.lookup import Cause
from kiosk.online.errors import ServiceError
from kiosk.online.papers import document_type
from kiosk.online.zp1_question import Address, askable, build
from kiosk.policy.model import (
    InsurerPeriod,
    PolicyFormat,
    PresentedPolicy,
    Sex,
    Smo,
    Source,
)
from kiosk.policy.typed import (
    typed,
    typed_birth_certificate,
    typed_old_policy,
    typed_passport,
    typed_snils,
)

STRUCTURE = etree.XMLSchema(file=str(Path(__file__).with_name("zp1_structure.xsd")))
HERE = Address("КИОСК", "78", "40000")
NOW = datetime(2026, 11, 24, 12, 0, 5, 987_654, timezone(timedelta(hours=3)))
BATCH, MESSAGE = str(UUID(int=1)), str(UUID(int=2))


def ask(policy: PresentedPolicy, asker: Address = HERE, now: datetime = NOW) -> bytes:
    """The bytes of a question, whose structure and checksum are right."""
    sent = build(policy, now, asker, BATCH, MESSAGE)
    STRUCTURE.assertValid(etree.fromstring(sent))
    start = sent.index(b"</BHS>") + len(b"</BHS>")
    end = sent.index(b"<BTS>")
    at = sent.index(b"<BTS.3>") + len(b"<BTS.3>")
    assert int(sent[at : at + 8], 16) == binascii.crc32(sent[start:end])
    return sent


def lines(sent: bytes, segment: str = "QPD") -> list[str]:
    """All texts below a segment, each behind its path."""
    root = etree.fromstring(sent)
    found = []
    for one in root.iterfind(f".//{{*}}{segment}//{{*}}*"):
        if not len(one):
            above = [etree.QName(up).localname for up in one.iterancestors()]
            path = [*reversed(above[: above.index(segment)]), etree.QName(one).localname]
            found.append(f"{'/'.join(path)}={one.text or ''}")
    return found


def card_of(one: Person, source: Source = Source.CHIP) -> PresentedPolicy:
    """The card of an invented person, with all that a chip says."""
    return PresentedPolicy(
        source,
        PolicyFormat.CHIP,
        one.enp,
        one.surname,
        one.given_name,
        one.patronymic,
        one.birth_date,
        one.sex,
        one.snils,
        one.birth_place,
        issue_date=one.issue_date,
        insurer=InsurerPeriod(one.insurer),
    )


@pytest.mark.parametrize("one", PEOPLE, ids=lambda one: one.slug)
def test_every_card_makes_a_sound_question(one: Person) -> None:
    said = lines(ask(card_of(one)))
    assert f"QPD.5/CX.1={one.enp}" in said
    assert f"QPD.5/CX.4/HD.1={one.insurer.okato}" in said
    assert f"QPD.6/XPN.3={one.patronymic or ''}" in said


def test_a_whole_question() -> None:
    one = person("plain_man")
    assert lines(ask(card_of(one))) == [
        "QPD.1/CWE.1=СП",
        "QPD.1/CWE.3=1.2.643.2.40.1.9",
        "QPD.3=У",
        "QPD.4=2026-11-24",
        f"QPD.5/CX.1={one.enp}",
        f"QPD.5/CX.4/HD.1={one.insurer.okato}",
        "QPD.5/CX.4/HD.2=1.2.643.2.40.3.3.1",
        "QPD.5/CX.4/HD.3=ISO",
        "QPD.5/CX.5=NI",
        f"QPD.5/CX.1={one.snils}",
        "QPD.5/CX.5=PEN",
        "QPD.6/XPN.1/FN.1=ПЕТРОВ",
        "QPD.6/XPN.2=ИВАН",
        "QPD.6/XPN.3=СЕРГЕЕВИЧ",
        "QPD.6/XPN.7=L",
        "QPD.7=1984-03-05",
        "QPD.8=1",
        "QPD.9=Г. САНКТ-ПЕТЕРБУРГ",
    ]


def test_headers_name_sender_time_and_message() -> None:
    sent = ask(typed(person("plain_man").enp))
    assert sent.startswith(b"<?xml version='1.0' encoding='windows-1251'?>")
    batch, message = lines(sent, "BHS"), lines(sent, "MSH")
    assert [line.replace("MSH", "BHS") for line in message[:10]] == batch[:10]
    assert "BHS.3/HD.1=КИОСК" in batch
    assert "BHS.4/HD.1=78" in batch
    assert batch[-2:] == ["BHS.7=2026-11-24T12:00:05Z+03:00", f"BHS.11={BATCH}"]
    assert f"MSH.10={MESSAGE}" in message


def test_the_day_is_that_of_the_kiosk() -> None:
    late = datetime(2026, 11, 24, 22, 30, tzinfo=UTC)
    enp = person("plain_man").enp
    assert "QPD.4=2026-11-24" in lines(ask(typed(enp), now=late))
    at_home = late.astimezone(timezone(timedelta(hours=3)))
    assert "QPD.4=2026-11-25" in lines(ask(typed(enp), now=at_home))


NUMBERS = [
    ("enp", typed(person("kyrgyz").enp), ["QPD.5/CX.5=NI"]),
    ("passport", typed_passport("45 12 100002"), ["QPD.5/CX.1=4512 № 100002", "QPD.5/CX.5=14"]),
    (
        "birth certificate",
        typed_birth_certificate("I-АК 123456"),
        ["QPD.5/CX.1=I-АК № 123456", "QPD.5/CX.5=3"],
    ),
    (
        "foreign passport",
        PresentedPolicy(Source.DOCUMENT, PolicyFormat.MRZ, identity_document="X1234567"),
        ["QPD.5/CX.1=X1234567", "QPD.5/CX.5=9"],
    ),
    (
        "snils",
        typed_snils(person("yo").snils, person("yo").birth_date),
        [f"QPD.5/CX.1={person('yo').snils}", "QPD.5/CX.5=PEN", "QPD.7=2001-01-01"],
    ),
    ("certificate", typed("900000001"), ["QPD.10=В", "QPD.11=900000001"]),
    (
        "certificate before old policy",
        replace(typed("900000001"), old_policy="75-А № 0000100"),
        ["QPD.10=В", "QPD.11=900000001"],
    ),
    ("old policy", typed_old_policy("75-А 0000100"), ["QPD.10=С", "QPD.11=75-А № 0000100"]),
    ("old number", typed_old_policy("1234567"), ["QPD.10=С", "QPD.11=1234567"]),
]


@pytest.mark.parametrize(
    ("policy", "expected"), [n[1:] for n in NUMBERS], ids=[n[0] for n in NUMBERS]
)
def test_what_is_absent_is_left_out(policy: PresentedPolicy, expected: list[str]) -> None:
    said = lines(ask(policy))
    assert set(expected) <= set(said)
    assert not [line for line in said if line.startswith(("QPD.6", "QPD.8", "QPD.9"))]


def test_a_passport_says_when_it_was_issued_and_a_policy_does_not() -> None:
    issued = date(2014, 3, 20)
    passport = PresentedPolicy(
        Source.DOCUMENT, PolicyFormat.MRZ, issue_date=issued, identity_document="4512 № 100002"
    )
    assert "QPD.5/CX.7=2014-03-20" in lines(ask(passport))
    policy = PresentedPolicy(
        Source.TYPED, PolicyFormat.TYPED, issue_date=issued, identity_document="4512 № 100002"
    )
    assert not [line for line in lines(ask(policy)) if "CX.7" in line]


@pytest.mark.parametrize(
    ("insurer", "okato", "expected"),
    [
        (Smo("1995400000011", "50000"), "40000", ["50000"]),
        (Smo("1995400000011", None), "40000", ["40000"]),
        (None, "40000", ["40000"]),
        (None, None, []),
    ],
    ids=["insurer", "insurer without okato", "kiosk", "nobody knows"],
)
def test_the_territory_of_a_number(
    insurer: Smo | None, okato: str | None, expected: list[str]
) -> None:
    policy = PresentedPolicy(
        Source.CHIP,
        PolicyFormat.CHIP,
        person("plain_man").enp,
        insurer=None if insurer is None else InsurerPeriod(insurer),
    )
    said = lines(ask(policy, Address("КИОСК", "78", okato)))
    prefix = "QPD.5/CX.4/HD.1="
    assert [line.removeprefix(prefix) for line in said if line.startswith(prefix)] == expected


def test_a_snils_is_asked_with_the_birth_date_only() -> None:
    one = person("plain_man")
    policy = PresentedPolicy(Source.CHIP, PolicyFormat.CHIP, one.enp, snils=one.snils)
    assert "QPD.5/CX.5=PEN" not in lines(ask(policy))


NAMES = [
    ("small letters", ("семёнова", "алёна", "артёмовна"), ("СЕМЁНОВА", "АЛЁНА", "АРТЁМОВНА")),
    ("apostrophe", ("Д‘АРБИНЬИ", "ПЬЕР", None), ("Д‘АРБИНЬИ", "ПЬЕР", "")),
    ("number sign", ("№ 7", "<&>", "]]>"), ("№ 7", "<&>", "]]>")),
    ("kazakh", ("Әбдіқадыров", "Өмір", "Ұланұлы"), ("ӘБДІҚАДЫРОВ", "ӨМІР", "ҰЛАНҰЛЫ")),
    ("words for none", ("ЛИ", "ЯН", "нет"), ("ЛИ", "ЯН", "")),
]


@pytest.mark.parametrize(("names", "expected"), [n[1:] for n in NAMES], ids=[n[0] for n in NAMES])
def test_names_arrive_in_upper_case(
    names: tuple[str, str, str | None], expected: tuple[str, str, str]
) -> None:
    policy = PresentedPolicy(
        Source.TYPED, PolicyFormat.TYPED, None, *names, birth_date=date(1990, 2, 2)
    )
    sent = ask(policy)
    sent.decode("windows-1251")
    said = lines(sent)
    for path, text in zip(("XPN.1/FN.1", "XPN.2", "XPN.3"), expected, strict=True):
        assert f"QPD.6/{path}={text}" in said


def test_letters_outside_the_encoding_become_references() -> None:
    policy = PresentedPolicy(
        Source.TYPED, PolicyFormat.TYPED, person("plain_man").enp, "Әбдіров", "Омар"
    )
    sent = ask(policy)
    assert b"<FN.1>&#1240;" in sent
    assert "<XPN.2>ОМАР</XPN.2>".encode("windows-1251") in sent


def test_a_single_name_has_no_empty_other() -> None:
    policy = PresentedPolicy(
        Source.BARCODE, PolicyFormat.BARCODE_01, person("plain_man").enp, given_name="ЯН"
    )
    said = lines(ask(policy))
    assert not [line for line in said if "FN.1" in line]
    assert "QPD.6/XPN.2=ЯН" in said


NOT_ASKABLE = {
    "nothing": PresentedPolicy(Source.TYPED, PolicyFormat.TYPED),
    "names alone": PresentedPolicy(
        Source.TYPED, PolicyFormat.TYPED, None, "ПЕТРОВ", "ИВАН", "СЕРГЕЕВИЧ"
    ),
    "birth date alone": PresentedPolicy(
        Source.TYPED, PolicyFormat.TYPED, birth_date=date(1984, 3, 5)
    ),
    "surname and birth date": PresentedPolicy(
        Source.TYPED, PolicyFormat.TYPED, None, "ПЕТРОВ", birth_date=date(1984, 3, 5)
    ),
    "snils without birth date": PresentedPolicy(
        Source.TYPED, PolicyFormat.TYPED, snils=person("plain_man").snils
    ),
    "unwritable": PresentedPolicy(
        Source.TYPED, PolicyFormat.TYPED, person("plain_man").enp, "ПЕТ\x00РОВ", "ИВАН"
    ),
}


@pytest.mark.parametrize("policy", NOT_ASKABLE.values(), ids=NOT_ASKABLE.keys())
def test_not_askable(policy: PresentedPolicy) -> None:
    with pytest.raises(ServiceError) as caught:
        ask(policy)
    assert caught.value.cause is Cause.NOT_ASKABLE
    assert "ПЕТ" not in str(caught.value)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("4512 № 100002", "14"),
        ("IV-АК № 123456", "3"),
        ("X1234567", "9"),
        ("45 № 123456", "9"),
        ("4512100002", "9"),
        ("AB-CD № 123456", "9"),
    ],
)
def test_the_type_of_a_document_is_told_by_its_shape(document: str, code: str) -> None:
    assert document_type(document) == code


texts = st.none() | st.text(max_size=40)
names = st.none() | st.text("АЯЁӘәяё‘№-. <&]>'\x00", min_size=1, max_size=40)
policies = st.builds(
    PresentedPolicy,
    source=st.sampled_from(Source),
    format=st.sampled_from(PolicyFormat),
    enp=st.none() | st.from_regex(r"[0-9]{16}", fullmatch=True),
    surname=names,
    given_name=names,
    patronymic=names,
    birth_date=st.none() | st.dates(),
    sex=st.none() | st.sampled_from(Sex),
    snils=st.none() | st.from_regex(r"[0-9]{11}", fullmatch=True),
    birth_place=texts,
    issue_date=st.none() | st.dates(),
    temporary_certificate=st.none() | st.from_regex(r"[0-9]{9}", fullmatch=True),
    old_policy=texts,
    identity_document=texts,
)


@given(policies)
@settings(max_examples=150, deadline=None)
def test_every_question_that_can_be_asked_is_sound(policy: PresentedPolicy) -> None:
    with suppress(ServiceError):
        ask(policy)
        assert askable(policy)
