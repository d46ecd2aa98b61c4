"""Answers in HL7 v2.6 about invented people, written as text, and how tests read them."""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta, timezone

import pytest

from kiosk.demo.people import person
from kiosk.lookup import Absent, Cause, Found, FundService, HowKnown, KnownBy, Record
from kiosk.online.errors import ServiceError
from kiosk.online.zp1_answer import judge, open_reply
from kiosk.policy.model import PolicyFormat, PresentedPolicy, Source
from kiosk.policy.typed import typed

ONE = person("plain_man")
OTHER = person("yo_man")
ASKED = "6f1c2a52-4d0e-4a7b-9a53-0c1f5f1f7a10"
"""GUID of the message that was asked with."""
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=timezone(timedelta(hours=3)))


def card_of(slug: str) -> PresentedPolicy:
    """The card of an invented person."""
    one = person(slug)
    return PresentedPolicy(
        Source.CHIP,
        PolicyFormat.CHIP,
        one.enp,
        one.surname,
        one.given_name,
        one.patronymic,
        one.birth_date,
    )


CARD = card_of("plain_man")
BARE = typed(ONE.enp)
"""The same number without a name."""

NI = "<PID.3><CX.1>{}</CX.1><CX.5>NI</CX.5></PID.3>"
NAME = (
    "<PID.5><XPN.1><FN.1>{}</FN.1></XPN.1><XPN.2>{}</XPN.2><XPN.3>{}</XPN.3>"
    "<XPN.7>L</XPN.7></PID.5>"
)
NAMED = NAME.format(ONE.surname, ONE.given_name, ONE.patronymic)
BORN = f"<PID.7>{ONE.birth_date}</PID.7>"
EXACT = "<QRI><QRI.1>Д</QRI.1><QRI.2>Н02</QRI.2></QRI>"
INEXACT = "<QRI><QRI.1>В</QRI.1></QRI>"
AMBIGUOUS = (
    "<ERR><ERR.3><CWE.1>AMBIGUOUS</CWE.1></ERR.3><ERR.4>E</ERR.4><ERR.8>Лиц: 2</ERR.8></ERR>"
)


def in1(
    begin: str, end: str = "", letter: str = "П", ogrn: str = "1997800000010", okato: str = "40000"
) -> str:
    """One time of insurance."""
    return (
        f"<IN1><IN1.1>1</IN1.1><IN1.3><CX.1>{ogrn}</CX.1></IN1.3><IN1.12>{begin}</IN1.12>"
        f"<IN1.13>{end}</IN1.13><IN1.15>{okato}</IN1.15><IN1.35>{letter}</IN1.35>"
        f"<IN1.36>1</IN1.36></IN1>"
    )


OPEN = in1("2016-05-01")


def response(insured: str = OPEN, *, pid: str = "", qri: str = "", number: str = ONE.enp) -> str:
    """One QUERY_RESPONSE."""
    return (
        f"<RSP_ZK1.QUERY_RESPONSE><PID>{NI.format(number)}{pid}</PID>{insured}{qri}"
        "</RSP_ZK1.QUERY_RESPONSE>"
    )


def err(code: str, words: str = "", severity: str = "E") -> str:
    """One ERR."""
    return (
        f"<ERR><ERR.3><CWE.1>{code}</CWE.1></ERR.3><ERR.4>{severity}</ERR.4>"
        f"<ERR.8>{words}</ERR.8></ERR>"
    )


def batch(
    content: str = "",
    acknowledged: str = "AA",
    asked: str = ASKED,
    *,
    encoding: str = "windows-1251",
    declared: str = "",
    bts: str = "<BTS><BTS.1>1</BTS.1><BTS.3>{crc}</BTS.3></BTS>",
    message: str = "RSP_ZK1",
) -> bytes:
    """A whole answer in its envelope, with a right checksum unless `bts` says otherwise."""
    head = (
        f'<?xml version="1.0" encoding="{declared or encoding}"?>'
        '<UPRMessageBatch xmlns="urn:hl7-org:v2xml"><BHS><BHS.7>2026-11-24T12:00:01Z+03:00'
        "</BHS.7><BHS.11>another</BHS.11></BHS>"
    ).encode(encoding)
    covered = (
        f"<{message}><MSH><MSH.10>another</MSH.10></MSH><MSA><MSA.1>{acknowledged}</MSA.1>"
        f"<MSA.2>{asked}</MSA.2></MSA>{content}</{message}>"
    ).encode(encoding)
    tail = bts.format(crc=f"{zlib.crc32(covered):08X}") + "</UPRMessageBatch>"
    return head + covered + tail.encode(encoding)


OLD, NEWER, FUTURE = (
    in1("2011-05-01", "2014-12-31", "С"),
    in1("2015-01-01", "2020-06-30", "В"),
    in1("2027-01-01", "", "Ц"),
)
TODAYS = in1("2020-07-01", "2026-11-24", "Э")


def read(body: bytes, policy: PresentedPolicy = CARD, now: datetime = NOW) -> Found | Absent:
    """What an answer says."""
    return judge(open_reply(body, ASKED), policy, now)


def record(content: str, policy: PresentedPolicy = CARD, now: datetime = NOW) -> Record:
    """The record of an answer that has one."""
    found = read(batch(content), policy, now)
    assert isinstance(found, Found)
    assert found.known == HowKnown(KnownBy.ONLINE, now, service=FundService.ZP1)
    return found.record


def cause(body: bytes, policy: PresentedPolicy = CARD) -> Cause:
    """Why an answer cannot be used."""
    with pytest.raises(ServiceError) as caught:
        read(body, policy)
    return caught.value.cause
