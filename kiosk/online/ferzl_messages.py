"""FERZL's messages: the question about a policy's state, and what the answer says.

SOAP 1.1, operation `getInsuranceStatus` of the federal register of insured people (since 2022).
Pure: a policy in, bytes out; bytes in, an answer out. Answers are read by the elements' local
names, since the version of the types stands in the namespace of newer installations, and in any
order. What an error of the service means is said in `ferzl_errors`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from kiosk.lookup import Absent, Cause, Found, FundService, HowKnown, KnownBy, Record
from kiosk.online import person
from kiosk.online.errors import ServiceError
from kiosk.online.ferzl_errors import Item, of_fault, refuse
from kiosk.online.messages import element, malformed, parse, serialise, text_of
from kiosk.online.papers import document_type
from kiosk.policy.model import PolicyType
from offline_cache.format import parse_policy_type, parse_status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from kiosk.online.messages import Element
    from kiosk.policy.model import PresentedPolicy, Smo

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
TYPES: Final = "http://ffoms.ru/types/"
MPIP: Final = f"{TYPES}mpiPersonInfoSchema"
COM: Final = f"{TYPES}commonTypes"

_PREFIXES: Final[Mapping[str | None, str]] = {"soapenv": SOAP, "mpip": MPIP, "com": COM}
_OK: Final = 200

_DAY: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:T((?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?))?"
    r"(Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])?"
)
"""xs:date or xs:dateTime (XML Schema part 2, 3.2.7 and 3.2.9), years of four digits."""
_MIDNIGHT_IN_MOSCOW: Final = re.compile(r"(?:20|21|22):00:00(?:\.0+)?")
"""As UTC; Moscow kept UTC+3, and in some years or summers +4, or +2."""
_UTC: Final = frozenset({"Z", "+00:00", "-00:00"})
_FIRST_YEAR: Final = 1
_OPEN_SINCE: Final = 2999
"""From this year on a date is "no end": 2999-12-31 and 9999-12-31 are written for it."""

_ENP: Final = re.compile(r"[0-9]{16}")
_CERTIFICATE: Final = re.compile(r"[0-9]{9}")
_SNILS: Final = re.compile(r"[0-9]{11}")
_FIVE_DIGITS: Final = re.compile(r"[0-9]{5}")


def question(policy: PresentedPolicy, on: date, request_id: str) -> bytes:
    """The request for the state of `policy` on a day; `request_id` (UUID) comes back with it.

    Asked by one number only, in the order of `kiosk.offline.number_of`: with two, a misread one
    would hide the right one. The issue date of an identity document is not sent: the number
    names it alone, and a date that the register holds otherwise would exclude its holder.

    Raises:
        ServiceError: NOT_ASKABLE: the policy carries nothing to ask by.
    """
    envelope = element(None, SOAP, "Envelope", nsmap=_PREFIXES)
    request = element(element(envelope, SOAP, "Body"), MPIP, "getInsuranceStatusRequest")
    element(request, COM, "externalRequestId", request_id)
    search = element(request, MPIP, "insuranceStatusSearchParams")
    element(search, MPIP, "dt", on.isoformat())
    _put_number(element(search, MPIP, "personSearchInfo"), policy)
    return serialise(envelope)


def _put_number(into: Element, policy: PresentedPolicy) -> None:
    if policy.enp is not None:
        # Without the type: which kind of policy it is now may differ from what was printed.
        element(element(into, MPIP, "pcy"), COM, "enp", _whole(policy.enp, _ENP))
    elif policy.temporary_certificate is not None:
        pcy = element(into, MPIP, "pcy")
        element(pcy, COM, "pcyType", PolicyType.TEMPORARY_PAPER.value)
        element(pcy, COM, "tmpcertNum", _whole(policy.temporary_certificate, _CERTIFICATE))
    elif policy.old_policy is not None:
        pcy = element(into, MPIP, "pcy")
        element(pcy, COM, "pcyType", PolicyType.OLD.value)
        _put_series_and_number(pcy, "pcy", policy.old_policy)
    elif policy.snils is not None and policy.birth_date is not None:
        by_snils = element(into, MPIP, "snilsDr")
        element(by_snils, MPIP, "snils", _whole(policy.snils, _SNILS))
        element(by_snils, MPIP, "birthDay", policy.birth_date.isoformat())
    elif policy.identity_document is not None:
        dudl = element(into, MPIP, "dudl")
        element(dudl, COM, "dudlType", document_type(policy.identity_document))
        _put_series_and_number(dudl, "dudl", policy.identity_document)
    else:
        raise ServiceError(Cause.NOT_ASKABLE, "a document without a number to ask by")


def _whole(number: str, shape: re.Pattern[str]) -> str:
    """The number, if it has its shape: half a one would only be refused."""
    if not shape.fullmatch(number):
        raise ServiceError(Cause.NOT_ASKABLE, "a number that is not a whole one")
    return number


def _put_series_and_number(into: Element, prefix: str, text: str) -> None:
    """`<series> № <number>`, or the number alone, as two elements or one."""
    series, _, number = (" ".join(part.split()) for part in text.rpartition("№"))
    if not number:
        raise ServiceError(Cause.NOT_ASKABLE, "a series without a number")
    if series:
        element(into, COM, f"{prefix}Ser", series)
    element(into, COM, f"{prefix}Num", number)


def answer(
    body: bytes,
    status: int,
    policy: PresentedPolicy,
    request_id: str,
    now: datetime,
    insurer_of: Callable[[str], Smo | None],
) -> Found | Absent:
    """What the service's reply (HTTP `status` 200 or 500) to a question about `policy` says.

    `now` is when it came, aware; `insurer_of` knows insurers by their code of five digits (F002).
    A record under another ENP than the one asked is taken: numbers are merged, and the answer's
    is the main one. Whether it is the person who was presented is said by `person_matches`.

    Raises:
        ServiceError: the service says that it failed or does not take the question, or it says
            nothing that can be used.
    """
    try:
        found = _read(_response(body), policy, request_id, insurer_of)
    except ServiceError as error:
        if status != _OK and error.cause is Cause.MALFORMED:
            raise ServiceError(Cause.BROKEN, "a server's fault without a SOAP fault") from None
        raise
    if status != _OK:
        raise ServiceError(Cause.BROKEN, "a plain answer with the HTTP status of a fault")
    known = HowKnown(KnownBy.ONLINE, now, service=FundService.FERZL)
    return Absent(known) if found is None else Found(found, known)


def _response(body: bytes) -> Element:
    """The response in its envelope, or the error that a SOAP fault (SOAP 1.1, 4.4) stands for."""
    root = parse(body)
    bodies = [one for one in root if one.tag == f"{{{SOAP}}}Body"]
    if root.tag != f"{{{SOAP}}}Envelope" or len(bodies) != 1 or len(bodies[0]) != 1:
        raise malformed("not an envelope with one message")
    message = bodies[0][0]
    if message.tag == f"{{{SOAP}}}Fault":
        raise of_fault(text_of(message.find("faultcode")))
    if _name(message) != "getInsuranceStatusResponse":
        raise malformed("another message than the one asked for")
    return message


def _read(
    response: Element,
    policy: PresentedPolicy,
    request_id: str,
    insurer_of: Callable[[str], Smo | None],
) -> Record | None:
    """The record in a response; None: there is no such person."""
    errors = tuple(
        Item(_text(one, "code"), _text(one, "message"))
        for group in _children(response, "errors")
        for one in _children(group, "errorItem")
    )
    statuses = _children(response, "status")
    if bool(errors) == bool(statuses):
        raise malformed("not one of a status and errors")
    given = _text(response, "externalRequestId")
    if given is not None and given.strip("{}").lower() != request_id.lower():
        raise malformed("the answer to another question")
    if errors:
        refuse(errors)
    if given is None:
        # An error may come from before the question was read; an answer may not.
        raise malformed("an answer that does not say to what")
    if len(statuses) > 1:
        # One person has one state: several are several people, and whose it is cannot be known.
        raise ServiceError(Cause.AMBIGUOUS, "more than one status")
    return _record(statuses[0], policy, insurer_of) if statuses else None


def _record(
    status: Element, policy: PresentedPolicy, insurer_of: Callable[[str], Smo | None]
) -> Record:
    code = _text(status, "policyStatus")
    if code is None:
        raise malformed("no policyStatus")
    try:
        state = parse_status(code)
    except ValueError:
        raise ServiceError(Cause.UNCLEAR, "a policyStatus that is not known") from None
    number = _text(status, "policyNumEnp") or ""
    full_name = _text(status, "fio")
    return Record(
        status=state,
        policy_type=_policy_type(_text(status, "policyType")),
        insurer=_insurer(_text(status, "smo"), _text(status, "terr"), insurer_of),
        clinic=None,
        valid_from=_day(status, "policyValidFrom"),
        valid_to=_day(status, "policyValidTo"),
        person_matches=person.matches(policy, full_name, _day(status, "birthDay")),
        main_enp=number if _ENP.fullmatch(number) else None,
        full_name=full_name,
    )


def _policy_type(letter: str | None) -> PolicyType | None:
    """The kind of policy; None for one that is not known: a new kind is no fault."""
    try:
        return PolicyType(parse_policy_type(letter or "").value)
    except ValueError:
        return None


def _insurer(
    code: str | None, territory: str | None, insurer_of: Callable[[str], Smo | None]
) -> Smo | None:
    """The insurer of a code; the answer's territory (OKATO) tells its branch."""
    found = insurer_of(code) if code and _FIVE_DIGITS.fullmatch(code) else None
    if found is None or territory is None or not _FIVE_DIGITS.fullmatch(territory):
        return found
    return replace(found, okato=territory)


def _day(parent: Element, name: str) -> date | None:
    """A date as it is written, whatever its zone; None: missing, or it stands for "open".

    A midnight in Moscow that was turned into UTC is the day that begins then.
    """
    text = _text(parent, name)
    if text is None:
        return None
    match = _DAY.fullmatch(text)
    try:
        found = date.fromisoformat(match[1]) if match else None
    except ValueError:
        found = None
    if match is None or found is None:
        raise malformed(f"{name}: not a date")
    if found.year <= _FIRST_YEAR or found.year >= _OPEN_SINCE:
        return None
    if match[3] in _UTC and _MIDNIGHT_IN_MOSCOW.fullmatch(match[2] or ""):
        return found + timedelta(days=1)
    return found


def _name(node: Element) -> str | None:
    """The local name of an element of the fund's types, of whatever version; None: another's."""
    namespace, _, local = str(node.tag).rpartition("}")
    return local if namespace.startswith("{" + TYPES) else None


def _children(parent: Element, name: str) -> list[Element]:
    return [child for child in parent if _name(child) == name]


def _text(parent: Element, name: str) -> str | None:
    """The trimmed text of the only child of a name; None where it is missing or empty."""
    found = _children(parent, name)
    if len(found) > 1:
        raise malformed(f"{name} more than once")
    return text_of(found[0]) if found else None
