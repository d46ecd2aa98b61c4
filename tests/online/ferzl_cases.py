"""Answers of FERZL about an invented person, and what becomes of them when they are read."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Final
from xml.sax.saxutils import escape

import pytest

from kiosk.demo.people import Person, person
from kiosk.lookup import Absent, Answer, Found, Record
from kiosk.online.errors import ServiceError
from kiosk.online.ferzl_messages import answer
from kiosk.policy.model import PolicyFormat, PresentedPolicy, Smo, Source

REQUEST = "0f8fad5b-d9cb-469f-a165-70867728950e"
OTHER = "0f8fad5b-d9cb-469f-a165-70867728950f"
NOW = datetime(2026, 11, 24, 11, 30, tzinfo=timezone(timedelta(hours=3)))
WHO = person("yo")
HEAD_OFFICE = Smo("1997700000010", "45000")
INSURERS = {"77001": HEAD_OFFICE, "77002": Smo("1997700000021", None), "7700": HEAD_OFFICE}
"""By code; one of four digits is none."""

ENVELOPE = """<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"\
 xmlns:mpip="http://ffoms.ru/types/mpiPersonInfoSchema"\
 xmlns:com="http://ffoms.ru/types/commonTypes">
  <soapenv:Body>%s</soapenv:Body>
</soapenv:Envelope>"""
RESPONSE = (
    ENVELOPE % "<mpip:getInsuranceStatusResponse>"
    "<com:externalRequestId>%s</com:externalRequestId>%s</mpip:getInsuranceStatusResponse>"
)
FAULT = ENVELOPE % (
    "<soapenv:Fault><faultcode>%s</faultcode><faultstring>Семёнова не найдена</faultstring>"
    "<detail><com:errorItem><com:code>X</com:code></com:errorItem></detail></soapenv:Fault>"
)

FIELDS: Final[dict[str, str | None]] = {
    "oip": "7700000000000001",
    "fio": f"{WHO.surname} {WHO.given_name} {WHO.patronymic}",
    "birthDay": WHO.birth_date.isoformat(),
    "gender": "2",
    "policyType": "П",
    "policyNumEnp": WHO.enp,
    "policyStatus": "ДПП",
    "smo": "77001",
    "terr": "45000",
    "policyValidFrom": "2015-03-02",
}


def presented(one: Person = WHO, **numbers: str) -> PresentedPolicy:
    """What a barcode says of somebody."""
    return PresentedPolicy(
        source=Source.BARCODE,
        format=PolicyFormat.BARCODE_02,
        enp=numbers.get("enp", one.enp),
        surname=one.surname,
        given_name=one.given_name,
        patronymic=one.patronymic,
        birth_date=one.birth_date,
    )


def with_status(**changed: str | None) -> str:
    """A `status` element with some fields other than usual; None leaves one out."""
    fields = FIELDS | changed
    inner = "".join(
        f"<mpip:{name}>{escape(value)}</mpip:{name}>"
        for name, value in fields.items()
        if value is not None
    )
    return f"<mpip:status>{inner}</mpip:status>"


def with_errors(*items: tuple[str, str]) -> str:
    """An `errors` element of codes and messages."""
    inner = "".join(
        f"<com:errorItem><com:code>{escape(code)}</com:code>"
        f"<com:message>{escape(message)}</com:message></com:errorItem>"
        for code, message in items
    )
    return f"<mpip:errors>{inner}</mpip:errors>"


def read(inner: str, policy: PresentedPolicy | None = None) -> Answer:
    """The answer that a response with `inner` gives."""
    return read_raw((RESPONSE % (REQUEST, inner)).encode(), policy=policy)


def read_raw(
    body: bytes, status: int = 200, policy: PresentedPolicy | None = None
) -> Found | Absent:
    """The answer that a body gives."""
    return answer(body, status, policy or presented(), REQUEST, NOW, INSURERS.get)


def record(**changed: str | None) -> Record:
    """The record that is found in `with_status(**changed)`."""
    found = read(with_status(**changed))
    assert isinstance(found, Found)
    return found.record


def error_of(body: bytes, status: int = 200) -> ServiceError:
    """The error that a body raises."""
    with pytest.raises(ServiceError) as caught:
        read_raw(body, status)
    return caught.value


def error_in(inner: str) -> ServiceError:
    """The error that a response with `inner` raises."""
    return error_of((RESPONSE % (REQUEST, inner)).encode())


PLAIN = (RESPONSE % (REQUEST, with_status())).encode()
NOT_FOUND: Final = ("PERSON_NOT_FOUND", "")
