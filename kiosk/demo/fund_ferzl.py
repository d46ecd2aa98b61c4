"""The sample fund's FERZL: `getInsuranceStatus` of `mpiPersonInfoServiceWs`, SOAP 1.1.

Bytes in, an answer out. Questions are checked as strictly as the published structures allow.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from kiosk.demo.fund_messages import (
    SOAP,
    Element,
    RefusedError,
    child,
    local_name,
    maker,
    namespace,
    parse,
    serialise,
    text,
    validate,
    wrong_value,
)
from kiosk.demo.fund_rules import check_document, check_enp, check_snils
from kiosk.demo.fund_world import Ambiguous, By, FundPerson, smo_code

if TYPE_CHECKING:
    from kiosk.demo.fund_world import FundWorld

CONTENT_TYPE: Final = "text/xml; charset=utf-8"
ENCODING: Final = "utf-8"
TYPES: Final = "http://ffoms.ru/types/"
MPIP: Final = f"{TYPES}mpiPersonInfoSchema"
COM: Final = f"{TYPES}commonTypes"

_TEMPORARY: Final = frozenset({"В", "Е"})
_SERIES_WITH_NUMBER: Final = re.compile(r"[^№]+")


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer; `outcome` is a fixed word for the service's list of requests."""

    status: int
    body: bytes
    outcome: str


class FerzlSide:
    """Answers questions from a world; keeps nothing, so any thread may ask."""

    name: Final = "ferzl"
    content_type: Final = CONTENT_TYPE
    encoding: Final = ENCODING

    def __init__(self, world: FundWorld, version: str = "") -> None:
        """`version`: what newer installations put into the namespaces of answers (`24.1.2`)."""
        self._world = world
        folder = f"{TYPES}{version}/" if version else TYPES
        prefixes: dict[str | None, str] = {
            "soapenv": SOAP,
            "mpip": f"{folder}mpiPersonInfoSchema",
            "com": f"{folder}commonTypes",
        }
        self._soap, self._mpip, self._com = (maker(uri, prefixes) for uri in prefixes.values())

    def answer(self, body: bytes, *, wrong_id: bool = False) -> Reply:
        """Answer a question; `wrong_id`: under another id than the question's.

        Raises:
            RefusedError: the question breaks the rules; `refusal` makes the answer of it.
        """
        request = self._request(body)
        found = self._find(request)
        asked = str(uuid.uuid4()) if wrong_id else text(request, "externalRequestId")
        if isinstance(found, Ambiguous):
            item = ("SEVERAL_PERSONS_FOUND", "Найдено более одного застрахованного лица")
            return Reply(200, self._errors(asked, *item), "several")
        if found is None:
            item = ("PERSON_NOT_FOUND", "Застрахованное лицо не найдено")
            return Reply(200, self._errors(asked, *item), "not found")
        return Reply(200, self._response(asked, self._status(found)), "found")

    def refusal(self, error: RefusedError, body: bytes) -> Reply:
        """The answer to a question that breaks the rules: a SOAP fault, or an error item."""
        if error.structure:
            return Reply(500, self._fault("Client", error.words), "refused")
        asked = text(
            child(parse(body, ENCODING), "Body", "getInsuranceStatusRequest"), "externalRequestId"
        )
        return Reply(200, self._errors(asked, "WRONG_REQUEST", error.words), "refused")

    def broken(self, body: bytes, *, as_item: bool = False) -> Reply:
        """The answer of a service with a fault of its own: a SOAP fault, or an error item."""
        if not as_item:
            return Reply(500, self._fault("Server", "Внутренняя ошибка"), "fault")
        asked = text(self._request(body), "externalRequestId")
        item = self._errors(asked, "INTERNAL_SERVICE_ERROR", "Внутренняя ошибка сервиса")
        return Reply(200, item, "fault")

    # The question

    def _request(self, body: bytes) -> Element:
        envelope = parse(body, ENCODING)
        if (namespace(envelope), local_name(envelope)) != (SOAP, "Envelope"):
            raise RefusedError("not a SOAP 1.1 envelope")
        parts = [(namespace(one), local_name(one)) for one in envelope]
        if parts not in ([(SOAP, "Body")], [(SOAP, "Header"), (SOAP, "Body")]):
            raise RefusedError("an envelope has a header, if any, and a body")
        content = list(envelope[-1])
        if len(content) != 1:
            raise RefusedError("a body has one request")
        validate(content[0], "mpiPersonInfo.xsd")
        return content[0]

    def _find(self, request: Element) -> FundPerson | Ambiguous | None:
        search = child(request, "insuranceStatusSearchParams", "personSearchInfo")
        ways = list(search) if search is not None else []
        if len(ways) != 1:
            raise wrong_value("exactly one way to search")
        [way] = ways
        match local_name(way):
            case "pcy":
                return self._by_policy(way)
            case "dudl":
                series, number = text(way, "dudlSer"), text(way, "dudlNum")
                document = f"{series} № {number}" if series else number
                check_document(text(way, "dudlType"), document)
                return self._world.find(By.DOCUMENT, document)
            case "snilsDr":
                check_snils(text(way, "snils"))
                born = date.fromisoformat(text(way, "birthDay"))
                return self._world.find(By.SNILS, text(way, "snils"), born)
            case _:
                raise wrong_value("a search by oip is not served")

    def _by_policy(self, way: Element) -> FundPerson | Ambiguous | None:
        kind = text(way, "pcyType")
        if enp := text(way, "enp"):
            if kind:
                raise wrong_value("an ENP is asked about without the type of policy")
            check_enp(enp)
            return self._world.find(By.ENP, enp)
        if number := text(way, "tmpcertNum"):
            if kind not in _TEMPORARY:
                raise wrong_value("a temporary certificate is of type В")
            return self._world.find(By.TEMPORARY_CERTIFICATE, number)
        if kind != "С":
            raise wrong_value("a policy with series and number is of type С")
        series, number = text(way, "pcySer"), text(way, "pcyNum")
        if series and not _SERIES_WITH_NUMBER.fullmatch(series):
            raise wrong_value("a series with a number sign")
        return self._world.find(By.OLD_POLICY, f"{series} № {number}" if series else number)

    # The answer

    def _status(self, one: FundPerson) -> Element:
        period = one.current
        values = {
            "oip": f"9{one.enps[0][1:]}",
            "fio": one.full_name,
            "birthDay": _spelled(one.birth_date, one),
            "gender": str(one.sex),
            "policyType": str(one.policy_type),
            "policySer": one.policy_series,
            "policyNumEnp": one.policy_number,
            "policyStatus": str(one.status),
            "smo": smo_code(period.insurer),
            "terr": period.insurer.okato or "",
            "policyValidFrom": _spelled(period.begin, one),
            "policyValidTo": _spelled(period.end, one) if period.end else "",
        }
        return self._mpip(
            "status", *(self._mpip(name, value) for name, value in values.items() if value)
        )

    def _errors(self, asked: str, code: str, message: str) -> bytes:
        item = self._com("errorItem", self._com("code", code), self._com("message", message))
        return self._response(asked, self._mpip("errors", item))

    def _response(self, asked: str, content: Element) -> bytes:
        return self._envelope(
            self._mpip("getInsuranceStatusResponse", self._com("externalRequestId", asked), content)
        )

    def _fault(self, code: str, words: str) -> bytes:
        # SOAP 1.1 §4.4: the elements inside a fault have no namespace.
        plain = maker("", {})
        return self._envelope(
            self._soap("Fault", plain("faultcode", f"soapenv:{code}"), plain("faultstring", words))
        )

    def _envelope(self, content: Element) -> bytes:
        return serialise(self._soap("Envelope", self._soap("Body", content)), ENCODING)


def _spelled(day: date, one: FundPerson) -> str:
    """A date in one of the spellings that installations use, always the same for one person."""
    spellings = ("", "T00:00:00", "T00:00:00+03:00", "+03:00", "T00:00:00.000Z", "Z")
    return day.isoformat() + spellings[int(one.enps[0]) % len(spellings)]
