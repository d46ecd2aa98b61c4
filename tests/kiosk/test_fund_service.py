"""The sample fund's services: questions written by hand, every rule, every fault."""

from __future__ import annotations

import csv
import http.client
import random
import re
import socket
import ssl
import time
import zlib
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from lxml import etree

from kiosk.demo.certificates import Certificates, make_certificates
from kiosk.demo.fund_faults import Fault
from kiosk.demo.fund_ferzl import FerzlSide
from kiosk.demo.fund_messages import RefusedError
from kiosk.demo.fund_service import FundService
from kiosk.demo.fund_world import FUND_PARTS, Ambiguous, By, FundWorld, smo_code
from kiosk.demo.fund_zp1 import Zp1Side
from kiosk.demo.people import INSURERS, PEOPLE, luhn_digit, person
from kiosk.demo.reference_sample import write_reference
from kiosk.demo.register_sample import PARTS
from offline_cache.format import Status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TODAY = date(2026, 11, 24)
TOKEN = "0123-token"
GUID = "7f0c9a52-54c5-4c7e-9d0a-2f1f6f0f3d11"
WORLD = FundWorld(TODAY)
SHARED_PASSPORT = ("4617", "100099")

FERZL = """<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
    xmlns:mpip="http://ffoms.ru/types/mpiPersonInfoSchema"
    xmlns:com="http://ffoms.ru/types/commonTypes">
<soapenv:Body><mpip:getInsuranceStatusRequest>
<com:externalRequestId>{guid}</com:externalRequestId>
<mpip:insuranceStatusSearchParams><mpip:dt>2026-11-24</mpip:dt>
<mpip:personSearchInfo>{way}</mpip:personSearchInfo></mpip:insuranceStatusSearchParams>
</mpip:getInsuranceStatusRequest></soapenv:Body></soapenv:Envelope>"""

_FACILITY = "<HD.1>{}</HD.1><HD.2>1.2.643.2.40.3.3.1.0</HD.2><HD.3>ISO</HD.3>"
_HEAD = (
    r"<{0}.1>|</{0}.1><{0}.2>^~\&amp;</{0}.2><{0}.3><HD.1>KIOSK</HD.1></{0}.3>"
    f"<{{0}}.4>{_FACILITY.format('78')}</{{0}}.4><{{0}}.5><HD.1>ЦК ЕРП</HD.1></{{0}}.5>"
    f"<{{0}}.6>{_FACILITY.format('00')}</{{0}}.6><{{0}}.7>2026-11-24T10:00:00Z+03:00</{{0}}.7>"
)
ZP1 = (
    '<?xml version="1.0" encoding="windows-1251"?>\n<UPRMessageBatch xmlns="urn:hl7-org:v2xml">'
    f"<BHS>{_HEAD.format('BHS')}<BHS.11>{GUID}</BHS.11></BHS><QBP_ZP1><MSH>{_HEAD.format('MSH')}"
    "<MSH.9><MSG.1>QBP</MSG.1><MSG.2>ZP1</MSG.2><MSG.3>QBP_ZP1</MSG.3></MSH.9>"
    "<MSH.10>{guid}</MSH.10><MSH.11><PT.1>P</PT.1></MSH.11><MSH.12><VID.1>2.6</VID.1></MSH.12>"
    "<MSH.15>AL</MSH.15><MSH.16>AL</MSH.16></MSH><QPD><QPD.1><CWE.1>СП</CWE.1>"
    "<CWE.3>1.2.643.2.40.1.9</CWE.3></QPD.1><QPD.3>У</QPD.3><QPD.4>2026-11-24</QPD.4>{way}"
    "</QPD></QBP_ZP1><BTS><BTS.1>1</BTS.1><BTS.3>{crc}</BTS.3></BTS></UPRMessageBatch>"
)


@pytest.fixture(scope="module", name="certificates")
def _certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module", name="running")
def _running(certificates: Certificates) -> Iterator[FundService]:
    with FundService(certificates, WORLD, TOKEN) as service:
        service.slow_seconds = 0.3
        yield service


@pytest.fixture(name="service")
def _service(running: FundService) -> FundService:
    running.clear_faults()
    running.requests.clear()
    running.complaints.clear()
    return running


@dataclass
class Client:
    """Asks as a program does that knows nothing of ours."""

    certificates: Certificates
    timeout: float = 20.0
    own: bool = False

    def connect(self, service: FundService) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(cafile=str(self.certificates.ca))
        if self.own:
            context.load_cert_chain(self.certificates.client)
        port = urlsplit(service.url("ferzl")).port
        return http.client.HTTPSConnection("127.0.0.1", port, timeout=self.timeout, context=context)

    def post(
        self, service: FundService, name: str, body: bytes, **changed: str | None
    ) -> tuple[int, bytes]:
        headers: dict[str, str | None] = {"Content-Type": "application/xml; charset=windows-1251"}
        if name == "ferzl":
            headers = {"Content-Type": "text/xml; charset=utf-8", "X-Auth-Token": TOKEN}
            headers["SOAPAction"] = '""'
        headers |= {key.replace("_", "-"): value for key, value in changed.items()}
        connection = self.connect(service)
        try:
            sent = {key: value for key, value in headers.items() if value is not None}
            connection.request("POST", f"/{name}", body, sent)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@pytest.fixture(name="client")
def _client(certificates: Certificates) -> Client:
    return Client(certificates)


def ferzl(way: str) -> bytes:
    """A question for FERZL."""
    return FERZL.format(guid=GUID, way=way).encode()


def zp1(way: str) -> bytes:
    """A question for ZP1 with its CRC."""
    return sealed(ZP1.format(guid=GUID, way=way, crc="{crc}"))


def sealed(message: str, encoding: str = "windows-1251") -> bytes:
    """A batch as bytes, with the CRC where `{crc}` stands."""
    body = message.encode(encoding)
    between = body[body.index(b"</BHS>") + 6 : body.index(b"<BTS>")]
    return body.replace(b"{crc}", b"%08x" % zlib.crc32(between))


def values(answer: bytes) -> dict[str, list[str]]:
    """All texts of an answer by local name of their element."""
    found: dict[str, list[str]] = {}
    for element in etree.fromstring(answer).iter():
        found.setdefault(etree.QName(element).localname, []).append(element.text or "")
    return found


def _pcy(content: str) -> str:
    return f"<mpip:pcy>{content}</mpip:pcy>"


def _enp(slug: str) -> str:
    return _pcy(f"<com:enp>{person(slug).enp}</com:enp>")


def _dudl(kind: str, series: str, number: str) -> str:
    ser = f"<com:dudlSer>{series}</com:dudlSer>" if series else ""
    return (
        f"<mpip:dudl><com:dudlType>{kind}</com:dudlType>{ser}"
        f"<com:dudlNum>{number}</com:dudlNum></mpip:dudl>"
    )


def _snils_dr(slug: str) -> str:
    one = person(slug)
    return (
        f"<mpip:snilsDr><mpip:snils>{one.snils}</mpip:snils>"
        f"<mpip:birthDay>{one.birth_date}</mpip:birthDay></mpip:snilsDr>"
    )


def _qpd5(value: str, kind: str) -> str:
    place = (
        "<CX.4><HD.1>40000</HD.1><HD.2>1.2.643.2.40.3.3.1</HD.2><HD.3>ISO</HD.3></CX.4>"
        if kind == "NI"
        else ""
    )
    return f"<QPD.5><CX.1>{value}</CX.1>{place}<CX.5>{kind}</CX.5></QPD.5>"


def _names(slug: str) -> str:
    one = person(slug)
    return (
        f"<QPD.6><XPN.1><FN.1>{one.surname}</FN.1></XPN.1><XPN.2>{one.given_name}</XPN.2>"
        f"<XPN.3>{one.patronymic or ''}</XPN.3><XPN.7>L</XPN.7></QPD.6>"
    )


def _born(slug: str) -> str:
    return f"<QPD.7>{person(slug).birth_date}</QPD.7>"


def _older(kind: str, number: str) -> str:
    return f"<QPD.10>{kind}</QPD.10><QPD.11>{number}</QPD.11>"


CERTIFICATE = PARTS["temporary_still"].temporary_certificate

FERZL_WAYS = {
    "ENP": ("plain_man", _enp("plain_man")),
    "merged ENP": ("yo", _enp("yo")),
    "main ENP": ("yo", _pcy(f"<com:enp>{WORLD.person('yo').enps[0]}</com:enp>")),
    "passport": ("plain_man", _dudl("14", "4012", "100001")),
    "birth certificate": ("newborn", _dudl("3", "I-АК", "123456")),
    "foreign passport": ("foreign_passport", _dudl("9", "", "X1234567")),
    "SNILS": ("kyrgyz", _snils_dr("kyrgyz")),
    "temporary certificate": (
        "temporary_still",
        _pcy(f"<com:pcyType>В</com:pcyType><com:tmpcertNum>{CERTIFICATE}</com:tmpcertNum>"),
    ),
    "old policy": (
        "oldest",
        _pcy(
            "<com:pcyType>С</com:pcyType><com:pcySer>75-А</com:pcySer><com:pcyNum>0000100</com:pcyNum>"
        ),
    ),
}

ZP1_WAYS = {
    "ENP": ("plain_man", _qpd5(person("plain_man").enp, "NI")),
    "merged ENP": ("yo", _qpd5(person("yo").enp, "NI")),
    "passport": ("plain_man", _qpd5("4012 № 100001", "14")),
    "birth certificate": ("newborn", _qpd5("I-АК № 123456", "3")),
    "foreign passport": ("foreign_passport", _qpd5("X1234567", "9")),
    "SNILS": ("kyrgyz", _qpd5(person("kyrgyz").snils, "PEN") + _born("kyrgyz")),
    "names": ("apostrophe", _names("apostrophe") + _born("apostrophe")),
    "names without patronymic": ("stateless", _names("stateless") + _born("stateless")),
    "temporary certificate": ("temporary_still", _older("В", CERTIFICATE)),
    "old policy": ("oldest", _older("С", "75-А № 0000100")),
}


@pytest.mark.parametrize("way", FERZL_WAYS)
def test_ferzl_finds(way: str, service: FundService, client: Client) -> None:
    slug, question = FERZL_WAYS[way]
    one = WORLD.person(slug)
    status, body = client.post(service, "ferzl", ferzl(question))
    said = values(body)
    assert status == 200
    assert said["externalRequestId"] == [GUID]
    assert said["fio"] == [one.full_name]
    assert said["birthDay"][0].startswith(one.birth_date.isoformat())
    assert said["policyStatus"] == [one.status]
    assert said["policyType"] == [one.policy_type]
    assert said["policyNumEnp"] == [one.policy_number]
    assert said["smo"] == [smo_code(one.current.insurer)]
    assert service.complaints == []
    assert [(made.path, made.outcome) for made in service.requests] == [("/ferzl", "found")]


@pytest.mark.parametrize("way", ZP1_WAYS)
def test_zp1_finds(way: str, service: FundService, client: Client) -> None:
    slug, question = ZP1_WAYS[way]
    one = WORLD.person(slug)
    status, body = client.post(service, "zp1", zp1(question))
    said = values(body)
    assert status == 200
    assert (said["MSA.1"], said["MSA.2"]) == (["AA"], [GUID])
    assert said["FN.1"] == [one.surname]
    assert said["PID.7"] == [one.birth_date.isoformat()]
    numbers = [*one.enps, one.snils, *(period.insurer.ogrn for period in one.periods)]
    assert said["CX.1"] == numbers
    assert said["IN1.12"] == [period.begin.isoformat() for period in one.periods]
    assert said["BTS.3"] == [f"{crc_between(body):08X}"]
    assert service.complaints == []


def crc_between(batch: bytes) -> int:
    """What BTS.3 of an answer has to be."""
    return zlib.crc32(batch[batch.index(b"</BHS>") + 6 : batch.index(b"<BTS>")])


def test_nobody_and_several(service: FundService, client: Client) -> None:
    _, body = client.post(service, "ferzl", ferzl(_dudl("14", "4012", "999999")))
    assert values(body)["code"] == ["PERSON_NOT_FOUND"]
    _, body = client.post(service, "ferzl", ferzl(_dudl("14", *SHARED_PASSPORT)))
    assert values(body)["code"] == ["SEVERAL_PERSONS_FOUND"]
    _, body = client.post(service, "zp1", zp1(_qpd5("4012 № 999999", "14")))
    assert values(body)["MSA.1"] == ["AA"]
    assert "RSP_ZK1.QUERY_RESPONSE" not in values(body)
    _, body = client.post(service, "zp1", zp1(_qpd5(" № ".join(SHARED_PASSPORT), "14")))
    assert (values(body)["MSA.1"], values(body)["CWE.1"]) == (["AE"], ["AMBIGUOUS"])
    assert "RSP_ZK1.QUERY_RESPONSE" not in values(body)
    assert [made.outcome for made in service.requests] == ["not found", "several"] * 2


def test_the_dead_the_merged_and_the_periods(service: FundService, client: Client) -> None:
    def asked(slug: str) -> dict[str, list[str]]:
        return values(client.post(service, "zp1", zp1(_qpd5(person(slug).enp, "NI")))[1])

    assert asked("to_clarify")["PID.30"] == ["Y"]
    assert asked("yo")["CX.1"][:2] == list(WORLD.person("yo").enps)
    older_first, older_last = asked("double_barrelled"), asked("double_given")
    assert [bool(end) for end in older_first["IN1.13"]] == [True, False]
    assert [bool(end) for end in older_last["IN1.13"]] == [False, True]


def test_newer_installations_have_other_namespaces(
    certificates: Certificates, client: Client
) -> None:
    with FundService(certificates, WORLD, TOKEN, types_version="24.1.2") as service:
        _, body = client.post(service, "ferzl", ferzl(_enp("plain_man")))
    assert b'"http://ffoms.ru/types/24.1.2/mpiPersonInfoSchema"' in body


# Wrong questions

_MAN = person("plain_man")
_WRONG_ENP = _MAN.enp[:-1] + str((int(_MAN.enp[-1]) + 1) % 10)
_WRONG_SNILS = _MAN.snils[:-2] + f"{(int(_MAN.snils[-2:]) + 1) % 100:02}"
_NO_DATE = "780000000000000" + luhn_digit("780000000000000")
_WRAPPED = f"<mpip:personSearchInfo>{_enp('plain_man')}"

# Name: (what stands in a right question by ENP, what is put there, what is complained of).
FERZL_WRONG = {
    "no SOAP envelope": ("soapenv:Envelope", "soapenv:Letter", "not a SOAP 1.1 envelope"),
    "SOAP 1.2": (
        "http://schemas.xmlsoap.org/soap/envelope/",
        "http://www.w3.org/2003/05/soap-envelope",
        "not a SOAP 1.1 envelope",
    ),
    "no body": ("soapenv:Body", "soapenv:Header", "an envelope has"),
    "two requests": (
        "</soapenv:Body>",
        "<mpip:getInsuranceStatusRequest/></soapenv:Body>",
        "a body has one request",
    ),
    "another operation": ("getInsuranceStatusRequest", "getPersonRequest", "schema"),
    "another namespace": ("types/mpiPersonInfoSchema", "types/mpi", "schema"),
    "no id": (f"<com:externalRequestId>{GUID}</com:externalRequestId>", "", "schema"),
    "id not a UUID": (GUID, GUID[1:], "schema"),
    "no date": ("<mpip:dt>2026-11-24</mpip:dt>", "", "schema"),
    "date with a time": ("2026-11-24<", "2026-11-24T00:00:00<", "schema"),
    "date with a zone": ("2026-11-24<", "2026-11-24Z<", "schema"),
    "no such date": ("2026-11-24<", "2026-02-29<", "schema"),
    "an unknown element": ("<com:enp>", "<com:uek>1</com:uek><com:enp>", "schema"),
    "ENP of 15 digits": (_MAN.enp, _MAN.enp[1:], "schema"),
    "ENP in groups": (_MAN.enp, f" {_MAN.enp}", "schema"),
    "an unknown type": ("<com:enp>", "<com:pcyType>Я</com:pcyType><com:enp>", "schema"),
    "type behind the number": (
        "</com:enp>",
        "</com:enp><com:pcyType>П</com:pcyType>",
        "schema",
    ),
    "a document type": (
        "<soapenv:Envelope",
        "<!DOCTYPE a><soapenv:Envelope",
        "a document type",
    ),
    "declared as windows-1251": ('"UTF-8"', '"windows-1251"', "not declared as utf-8"),
    "cut off": ("</soapenv:Envelope>", "", "not well-formed"),
    "ENP: check digit": (_MAN.enp, _WRONG_ENP, "ENP: check digit"),
    "ENP: coding": (_MAN.enp, _NO_DATE, "ENP: coded birth date"),
    "ENP with a type": (
        "<com:enp>",
        "<com:pcyType>П</com:pcyType><com:enp>",
        "an ENP is asked about without the type",
    ),
    "two ways": (_WRAPPED, _WRAPPED + _snils_dr("plain_man"), "exactly one way"),
    "no way": (_enp("plain_man"), "", "exactly one way"),
    "SNILS: check number": (
        _enp("plain_man"),
        _snils_dr("plain_man").replace(_MAN.snils, _WRONG_SNILS),
        "SNILS: check number",
    ),
    "SNILS with hyphens": (
        _enp("plain_man"),
        _snils_dr("plain_man").replace(_MAN.snils, "950-001-237 00"),
        "schema",
    ),
    "certificate as a paper policy": (
        _enp("plain_man"),
        _pcy("<com:pcyType>П</com:pcyType><com:tmpcertNum>900000001</com:tmpcertNum>"),
        "a temporary certificate is of type",
    ),
    "certificate of 10 digits": (
        _enp("plain_man"),
        _pcy("<com:pcyType>В</com:pcyType><com:tmpcertNum>9000000010</com:tmpcertNum>"),
        "schema",
    ),
    "old policy without a type": (
        _enp("plain_man"),
        _pcy("<com:pcyNum>0000100</com:pcyNum>"),
        "a policy with series and number",
    ),
    "passport as a birth certificate": (
        _enp("plain_man"),
        _dudl("3", "4012", "100001"),
        "identity document",
    ),
    "passport as a foreign one": (
        _enp("plain_man"),
        _dudl("9", "4012", "100001"),
        "identity document",
    ),
    "passport in one number": (
        _enp("plain_man"),
        _dudl("14", "", "4012100001"),
        "identity document",
    ),
    "an unknown document": (_enp("plain_man"), _dudl("99", "", "100001"), "schema"),
}


@pytest.mark.parametrize("name", FERZL_WRONG)
def test_ferzl_refuses(name: str, service: FundService, client: Client) -> None:
    old, new, words = FERZL_WRONG[name]
    question = ferzl(_enp("plain_man")).decode()
    assert old in question
    status, body = client.post(service, "ferzl", question.replace(old, new).encode())
    said = values(body)
    refused_value = said.get("code") == ["WRONG_REQUEST"] and said["externalRequestId"] == [GUID]
    assert refused_value or said["faultcode"] == ["soapenv:Client"]
    assert status == (200 if refused_value else 500)
    assert "policyStatus" not in said
    assert len(service.complaints) == 1
    assert service.complaints[0].startswith(f"/ferzl: {words}")
    assert [made.outcome for made in service.requests] == ["refused"]


HEADERS_WRONG: dict[str, tuple[str, dict[str, str | None], int, str]] = {
    "no token": ("ferzl", {"X_Auth_Token": None}, 401, "X-Auth-Token"),
    "another token": ("ferzl", {"X_Auth_Token": "x"}, 401, "X-Auth-Token"),
    "no type": ("ferzl", {"Content_Type": None}, 415, "Content-Type"),
    "SOAP 1.2's type": ("ferzl", {"Content_Type": "application/soap+xml"}, 415, "Content-Type"),
    "no SOAPAction": ("ferzl", {"SOAPAction": None}, 415, "SOAPAction"),
    "no charset": ("zp1", {"Content_Type": "application/xml"}, 415, "Content-Type"),
    "UTF-8": ("zp1", {"Content_Type": "application/xml; charset=utf-8"}, 415, "Content-Type"),
    "no such service": ("elsewhere", {}, 404, "no such path"),
}


@pytest.mark.parametrize("name", HEADERS_WRONG)
def test_headers_are_checked(name: str, service: FundService, client: Client) -> None:
    path, changed, expected, words = HEADERS_WRONG[name]
    body = zp1(_qpd5(_MAN.enp, "NI")) if path == "zp1" else ferzl(_enp("plain_man"))
    status, _ = client.post(service, path, body, **changed)
    assert status == expected
    assert [one.partition(": ")[2] for one in service.complaints] == [words]


_ENP_ASKED = _qpd5(_MAN.enp, "NI")

ZP1_WRONG = {
    "another root": ("UPRMessageBatch", "UPRBatch", "schema"),
    "another namespace": ("urn:hl7-org:v2xml", "urn:hl7-org:v3", "schema"),
    "two queries": ("<BTS>", "<QBP_ZP1/><BTS>", "schema"),
    "batch GUID": (f"<BHS.11>{GUID}", "<BHS.11>1", "schema"),
    "no message GUID": (f"<MSH.10>{GUID}</MSH.10>", "", "schema"),
    "message GUID": (f"<MSH.10>{GUID}", f"<MSH.10>{{{GUID}}}", "schema"),
    "fields in another order": (
        "<MSH.15>AL</MSH.15><MSH.16>AL</MSH.16>",
        "<MSH.16>AL</MSH.16><MSH.15>AL</MSH.15>",
        "schema",
    ),
    "time without a zone": ("10:00:00Z+03:00", "10:00:00", "schema"),
    "another version": ("<VID.1>2.6", "<VID.1>2.5", "schema"),
    "another query": ("<MSG.2>ZP1", "<MSG.2>ZP2", "schema"),
    "QPD.1": ("<CWE.1>СП", "<CWE.1>РС", "schema"),
    "QPD.3 empty": ("<QPD.3>У</QPD.3>", "<QPD.3/>", "an empty element"),
    "date": ("<QPD.4>2026-11-24", "<QPD.4>24.11.2026", "schema"),
    "an unknown identifier": ("<CX.5>NI", "<CX.5>XX", "schema"),
    "ENP without its authority": (
        _ENP_ASKED,
        _qpd5(_MAN.enp, "NI").replace("CX.4", "CX.3"),
        "schema",
    ),
    "sex": ("</QPD>", "<QPD.8>М</QPD.8></QPD>", "schema"),
    "type without a number": ("</QPD>", "<QPD.10>С</QPD.10></QPD>", "schema"),
    "BTS.1": ("<BTS.1>1", "<BTS.1>2", "BTS.1"),
    "BTS.3": ("{crc}", "00000000", "BTS.3"),
    "BTS.3 of 7 digits": ("{crc}", "0000000", "schema"),
    "MSH names another sender": ("<MSH.3><HD.1>K", "<MSH.3><HD.1>k", "MSH and BHS"),
    "another receiver": ("ЦК ЕРП", "ТФОМС", "meant for another receiver"),
    "ENP: check digit": (_MAN.enp, _WRONG_ENP, "ENP: check digit"),
    "ENP: coding": (_MAN.enp, _NO_DATE, "ENP: coded birth date"),
    "ENP: 15 digits": (_MAN.enp, _MAN.enp[1:], "ENP: 16 digits"),
    "ENP by CX.5 of a SNILS": ("<CX.5>NI", "<CX.5>PEN", "CX.4 belongs to an ENP"),
    "SNILS: check number": (
        _ENP_ASKED,
        _qpd5(_WRONG_SNILS, "PEN") + _born("plain_man"),
        "SNILS: check number",
    ),
    "SNILS: shape": (_ENP_ASKED, _qpd5("950-001-237 00", "PEN"), "SNILS: 11 digits"),
    "SNILS alone": (_ENP_ASKED, _qpd5(_MAN.snils, "PEN"), "SNILS: without a birth date"),
    "document: shape": (_ENP_ASKED, _qpd5("4012 100001", "14"), "identity document"),
    "document: type": (_ENP_ASKED, _qpd5("4012 № 100001", "3"), "identity document"),
    "names in lower case": (
        _ENP_ASKED,
        _names("plain_man").replace("ИВАН", "Иван") + _born("plain_man"),
        "QPD.6: names in upper case",
    ),
    "no patronymic's field": (
        _ENP_ASKED,
        _names("stateless").replace("<XPN.3></XPN.3>", ""),
        "schema",
    ),
    "certificate: shape": (_ENP_ASKED, _older("В", "12345"), "QPD.11"),
    "old policy: shape": (_ENP_ASKED, _older("С", "75-А 0000100"), "QPD.11"),
    "nothing to search by": (_ENP_ASKED, "", "nothing to search by"),
    "names without a birth date": (_ENP_ASKED, _names("plain_man"), "nothing to search by"),
    "declared as UTF-8": ('"windows-1251"', '"utf-8"', "not"),
    "a document type": ("<UPRMessageBatch", "<!DOCTYPE a><UPRMessageBatch", "a document type"),
    "cut off": ("</UPRMessageBatch>", "", "not well-formed"),
}


@pytest.mark.parametrize("name", ZP1_WRONG)
def test_zp1_refuses(name: str, service: FundService, client: Client) -> None:
    old, new, words = ZP1_WRONG[name]
    question = ZP1.format(guid=GUID, way=_ENP_ASKED, crc="{crc}")
    assert old in question
    status, body = client.post(service, "zp1", sealed(question.replace(old, new)))
    said = values(body)
    assert status == 200
    assert said["MSA.1"] == ["AR"]
    assert said["CWE.1"] in (["WRONG_STRUCTURE"], ["WRONG_VALUE"])
    assert said["MSA.2"] == ["" if "GUID" in name and "batch" not in name else GUID]
    assert "RSP_ZK1.QUERY_RESPONSE" not in said
    assert len(service.complaints) == 1
    assert service.complaints[0].startswith(f"/zp1: {words}")


def test_utf_8_that_is_declared_as_windows_1251(service: FundService, client: Client) -> None:
    question = ZP1.format(guid=GUID, way=_ENP_ASKED, crc="{crc}")
    # Of the letters here, none has a byte in UTF-8 that windows-1251 lacks.
    body = sealed(question.replace("{crc}", "{crc}"), "utf-8")
    _, answer = client.post(service, "zp1", body)
    assert values(answer)["MSA.1"] == ["AR"]
    assert len(service.complaints) == 1


@pytest.mark.parametrize("side", [FerzlSide(WORLD), Zp1Side(WORLD)], ids=lambda side: side.name)
def test_damaged_questions_are_answered(side: FerzlSide | Zp1Side) -> None:
    """Bytes lost, doubled, changed and swapped: always an answer that is well-formed."""
    rng = random.Random(5)  # noqa: S311  # makes the same damage each time
    ways = FERZL_WAYS if side.name == "ferzl" else ZP1_WAYS
    right = [(ferzl if side.name == "ferzl" else zp1)(way) for _, way in ways.values()]
    outcomes = set()
    for _ in range(1500):
        damaged = bytearray(rng.choice(right))
        for _ in range(rng.randrange(1, 4)):
            place, length = rng.randrange(len(damaged)), rng.randrange(1, 9)
            piece = rng.choice(
                (b"", b"\0", b"<!--a-->", b"9", "Ё".encode(), damaged[place:][:length])
            )
            damaged[place : place + rng.randrange(length)] = piece
        body = bytes(damaged)
        try:
            reply = side.answer(body)
        except RefusedError as error:
            reply = side.refusal(error, body)
        values(reply.body)
        outcomes.add(reply.outcome)
    assert "refused" in outcomes


def test_comments_do_no_harm(service: FundService, client: Client) -> None:
    comment = "<!-- from a program that explains itself -->"
    question = ferzl(comment + _enp("plain_man")).replace(
        b"<soapenv:Body>", b"<soapenv:Body><!---->"
    )
    assert b"policyStatus" in client.post(service, "ferzl", question)[1]
    batch = ZP1.format(guid=GUID, way=_ENP_ASKED, crc="{crc}").replace("<BTS>", f"{comment}<BTS>")
    assert values(client.post(service, "zp1", sealed(batch))[1])["MSA.1"] == ["AA"]
    assert service.complaints == []


def test_what_is_kept_holds_no_values(service: FundService, client: Client) -> None:
    client.post(service, "ferzl", ferzl(_enp("plain_man")))
    client.post(service, "ferzl", ferzl(_enp("plain_man")).replace(b"dt>2026", b"dt>" + b"ABC"))
    client.post(service, "zp1", zp1(_qpd5(_WRONG_ENP, "NI")))
    kept = repr((service.requests, service.complaints, WORLD.person("plain_man")))
    for value in (_MAN.enp, _WRONG_ENP, _MAN.surname, _MAN.snils, "ABC"):
        assert value not in kept


# Faults

SEEN = {
    Fault.BROKEN: (500, rb"<html>"),
    Fault.UNAVAILABLE: (503, rb"<html>"),
    Fault.UNAUTHORISED: (401, rb"<html>"),
    Fault.REDIRECT: (302, rb""),
    Fault.GARBAGE: (200, rb"<html>"),
    Fault.ENTITIES: (200, rb"<!DOCTYPE x \[<!ENTITY e0 .*&e12;"),
}


@pytest.mark.parametrize("fault", SEEN)
@pytest.mark.parametrize("name", ["ferzl", "zp1"])
def test_faults_that_are_an_answer(
    fault: Fault, name: str, service: FundService, client: Client
) -> None:
    expected, pattern = SEEN[fault]
    service.order(name, fault, 1)
    assert ask(client, service, name)[0] == expected
    service.order(name, fault, 1)
    assert re.search(pattern, ask(client, service, name)[1], re.DOTALL)
    assert {made.outcome for made in service.requests} == {fault.value}
    assert b"found" not in ask(client, service, name)[1]
    assert service.requests[-1].outcome == "found"


def ask(client: Client, service: FundService, name: str) -> tuple[int, bytes]:
    """A right question to either service."""
    body = ferzl(_enp("plain_man")) if name == "ferzl" else zp1(_ENP_ASKED)
    return client.post(service, name, body)


@pytest.mark.parametrize("name", ["ferzl", "zp1"])
def test_faults_of_the_protocol(name: str, service: FundService, client: Client) -> None:
    def answer(fault: Fault) -> bytes:
        service.clear_faults()
        service.order(name, fault)
        return ask(client, service, name)[1]

    if name == "ferzl":
        assert values(answer(Fault.FAULT))["faultcode"] == ["soapenv:Server"]
        assert values(answer(Fault.INTERNAL))["code"] == ["INTERNAL_SERVICE_ERROR"]
        assert values(answer(Fault.WRONG_ID))["externalRequestId"] != [GUID]
    else:
        said = values(answer(Fault.FAULT))
        assert (said["MSA.1"], said["CWE.1"]) == (["AR"], ["207"])
        assert values(answer(Fault.WRONG_ID))["MSA.2"] != [GUID]
    with pytest.raises(etree.XMLSyntaxError):
        values(answer(Fault.MALFORMED))
    encodings = ("utf-8", "windows-1251") if name == "ferzl" else ("windows-1251", "utf-8")
    garbled = answer(Fault.WRONG_ENCODING)
    assert f"encoding='{encodings[0]}'".encode() in garbled
    assert _MAN.surname in garbled.decode(encodings[1])
    assert service.complaints == []


@pytest.mark.parametrize("name", ["ferzl", "zp1"])
def test_faults_of_the_line(name: str, service: FundService, client: Client) -> None:
    service.order(name, Fault.HALF, 1)
    with pytest.raises(http.client.IncompleteRead) as half:
        ask(client, service, name)
    assert half.value.partial
    service.order(name, Fault.RESET, 1)
    with pytest.raises(ConnectionResetError):
        ask(client, service, name)
    service.order(name, Fault.SLOW, 1)
    begin = time.monotonic()
    assert ask(client, service, name)[0] == 200
    assert time.monotonic() - begin >= service.slow_seconds
    service.order(name, Fault.SILENT, 1)
    with pytest.raises(TimeoutError):
        ask(Client(client.certificates, timeout=0.5), service, name)
    assert [made.outcome for made in service.requests] == ["half", "reset", "slow", "silent"]


@pytest.mark.parametrize("fault", [Fault.DRIP, Fault.DRIP_HEAD])
def test_answers_in_drops(fault: Fault, service: FundService, client: Client) -> None:
    service.order("ferzl", fault, 1)
    with pytest.raises(TimeoutError):
        read_for(client, service, 0.5)
    assert service.requests[0].outcome == fault.value


def read_for(client: Client, service: FundService, seconds: float) -> int:
    """Read an answer's bytes until its end; TimeoutError after that time. Returns how many."""
    end = time.monotonic() + seconds
    connection = client.connect(service)
    connection.request(
        "POST",
        "/ferzl",
        ferzl(_enp("plain_man")),
        {
            "Content-Type": "text/xml; charset=utf-8",
            "X-Auth-Token": TOKEN,
            "SOAPAction": '""',
        },
    )
    read = 0
    with connection.sock as line:
        while piece := line.recv(65536):
            read += len(piece)
            if time.monotonic() > end:
                raise TimeoutError
            if read > 2_000_000:
                return read
    return read


def test_an_endless_answer(service: FundService, client: Client) -> None:
    service.order("ferzl", Fault.HUGE, 1)
    assert read_for(client, service, 10.0) > 2_000_000


def test_an_ordered_fault_is_used_up(service: FundService, client: Client) -> None:
    service.order("zp1", Fault.UNAVAILABLE, 2)
    assert [ask(client, service, "zp1")[0] for _ in range(3)] == [503, 503, 200]
    assert ask(client, service, "ferzl")[0] == 200


# The server


def test_an_outage_and_its_end(certificates: Certificates, client: Client) -> None:
    service = FundService(certificates, WORLD, TOKEN).start()
    url = service.url("zp1")
    open_line = client.connect(service)
    open_line.connect()
    service.stop()
    service.stop()
    with pytest.raises(ConnectionRefusedError):
        ask(client, service, "zp1")
    with pytest.raises((http.client.HTTPException, OSError)):
        head(open_line)
    open_line.close()
    with service.start():
        assert service.url("zp1") == url
        assert ask(client, service, "zp1")[0] == 200


def head(connection: http.client.HTTPSConnection) -> int:
    """The status of the answer to a HEAD."""
    connection.request("HEAD", "/zp1")
    return connection.getresponse().status


def test_what_is_not_a_post(service: FundService, client: Client) -> None:
    for method in ("HEAD", "GET"):
        connection = client.connect(service)
        connection.request(method, "/ferzl")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (405, b"")
        connection.close()
    assert (service.requests, service.complaints) == ([], [])


def test_a_connection_may_be_kept(service: FundService, client: Client) -> None:
    connection = client.connect(service)
    headers = {"Content-Type": "application/xml; charset=windows-1251"}
    for _ in range(2):
        connection.request("POST", "/zp1", zp1(_ENP_ASKED), headers)
        answer = connection.getresponse()
        assert values(answer.read())["MSA.1"] == ["AA"]
    connection.close()


def test_clients_may_need_a_certificate(certificates: Certificates, client: Client) -> None:
    with FundService(certificates, WORLD, TOKEN, client_required=True) as service:
        # TLS 1.3: the client learns of it when it reads.
        with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
            ask(client, service, "zp1")
        assert ask(Client(certificates, own=True), service, "zp1")[0] == 200


def test_an_expired_certificate(certificates: Certificates, client: Client) -> None:
    with (
        FundService(certificates, WORLD, TOKEN, expired=True) as service,
        pytest.raises(ssl.SSLCertVerificationError, match="expired"),
    ):
        ask(client, service, "zp1")


def test_questions_of_any_length_are_not_read(service: FundService, client: Client) -> None:
    assert client.post(service, "zp1", b" " * 100_000)[0] == 413
    assert service.complaints == ["/zp1: too long"]


def test_a_client_that_only_connects_holds_nobody(service: FundService, client: Client) -> None:
    port = urlsplit(service.url("zp1")).port or 0
    with socket.create_connection(("127.0.0.1", port)):
        assert ask(client, service, "zp1")[0] == 200


# The world


def test_insurers_have_their_codes_of_the_reference_tables(tmp_path: Path) -> None:
    write_reference(tmp_path)
    with (tmp_path / "insurers.csv").open(encoding="utf-8", newline="") as file:
        codes = {(row["ogrn"], row["okato"]): row["smocod"] for row in csv.DictReader(file)}
    insurers = [one for several in INSURERS.values() for one in several]
    assert {(one.ogrn, one.okato): smo_code(one) for one in insurers} == codes


def test_the_fund_differs_from_the_list_where_it_should() -> None:
    def status(slug: str) -> Status:
        return WORLD.person(slug).status

    assert {slug for slug, part in FUND_PARTS.items() if PARTS.get(slug) != part} == {
        "absent",
        "military_service",
        "death_not_sure",
        "details_differ",
        "initial_dot",
        "hard_sign",
    }
    assert status("absent") is status("military_service") is Status.CONFIRMED
    assert status("death_not_sure") is Status.CONFIRMED
    assert WORLD.person("details_differ").surname == person("details_differ").surname
    assert WORLD.person("to_clarify").death is not None
    assert isinstance(WORLD.find(By.DOCUMENT, " № ".join(SHARED_PASSPORT)), Ambiguous)
    assert {one.slug for one in WORLD.people} == {one.slug for one in PEOPLE}


def test_the_current_period_is_the_one_that_covers_the_day() -> None:
    for one in WORLD.people:
        covering = [period for period in one.periods if period.covers(TODAY)]
        in_force = one.status in {Status.CONFIRMED, Status.AWAITING_CONFIRMATION}
        assert covering == ([one.current] if in_force and one.slug != "not_started" else [])
