"""The question of HL7 v2.6 (QBP_ZP1) to the register of insured people: whose policy is this.

Order FFOMS 79 of 2011; fields as there, and as HL7 v2.6 ch. 5 (QPD) and ch. 2A (CX, XPN) name them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kiosk.lookup import Cause
from kiosk.online.errors import ServiceError
from kiosk.online.messages import element, serialise
from kiosk.online.papers import document_type
from kiosk.online.zp1_batch import BATCH, ENCODING, NAMESPACE, checksum, stamp
from kiosk.policy.model import PolicyFormat, Sex, Source
from offline_cache.normalise import fold_patronymic

if TYPE_CHECKING:
    from datetime import date, datetime

    from kiosk.online.messages import Element
    from kiosk.policy.model import PresentedPolicy

_DELIMITER: Final = "|"
_ENCODING_CHARACTERS: Final = "^~\\&"
_REGISTER: Final = "ЦК ЕРП"
_REGISTER_CODE: Final = "00"
_FUNDS: Final = "1.2.643.2.40.3.3.1.0"
"""OID of the funds' two-digit codes."""
_PLACES: Final = "1.2.643.2.40.3.3.1"
"""OID of territories by OKATO, the first five digits."""
_QUERIES: Final = "1.2.643.2.40.1.9"
_HEADER_END: Final = b"</BHS>"
_TRAILER: Final = b"<BTS>"
_NOT_YET: Final = "00000000"
_SEXES: Final = {Sex.MALE: "1", Sex.FEMALE: "2"}


@dataclass(frozen=True, slots=True)
class Address:
    """Who asks, in the words of the batch header."""

    sender: str
    """BHS.3/HD.1: the sending application, as the gateway knows it."""
    territory: str
    """BHS.4/HD.1: two digits."""
    okato: str | None
    """Five digits of the territory; stands for that of an ENP whose insurer is not known."""


def build(
    policy: PresentedPolicy, now: datetime, asker: Address, batch_id: str, message_id: str
) -> bytes:
    """Return the batch that asks about `policy` on the day of the aware time `now`.

    windows-1251, one message. BTS.3 covers the bytes as they are here: send them so. `message_id`
    is what the answer's MSA.2 must hold.

    Raises:
        ServiceError: NOT_ASKABLE: neither a number nor a whole name with a birth date, or a
            character that XML has no way to write.
    """
    if not askable(policy):
        raise ServiceError(Cause.NOT_ASKABLE, "neither a number nor a name with a birth date")
    batch = element(None, NAMESPACE, BATCH, nsmap={None: NAMESPACE})
    header = _add(batch, "BHS")
    _address(header, asker)
    _add(header, "BHS.7", stamp(now))
    _add(header, "BHS.11", batch_id)
    message = _add(batch, "QBP_ZP1")
    _message_header(message, asker, now, message_id)
    _query(_add(message, "QPD"), policy, now.date(), asker)
    trailer = _add(batch, "BTS")
    _add(trailer, "BTS.1", "1")
    _add(trailer, "BTS.3", _NOT_YET)
    return _sealed(serialise(batch, ENCODING))


def askable(policy: PresentedPolicy) -> bool:
    """Whether a person can be searched for: by a number, or by whole name and birth date.

    A SNILS alone is no number to search by: with the birth date a misread digit finds nobody else.
    """
    numbers = (
        policy.enp,
        policy.temporary_certificate,
        policy.old_policy,
        policy.identity_document,
    )
    return any(numbers) or (
        policy.birth_date is not None and (policy.snils is not None or has_name(policy))
    )


def has_name(policy: PresentedPolicy) -> bool:
    """Whether surname and given name are known."""
    return bool(policy.surname and policy.given_name)


def _add(parent: Element, name: str, text: str | None = None) -> Element:
    return element(parent, NAMESPACE, name, text)


def _address(segment: Element, asker: Address) -> None:
    """Fields 1 to 6 of BHS and MSH, which are the same (HL7 v2.6 ch. 2)."""
    name = "BHS" if segment.tag == f"{{{NAMESPACE}}}BHS" else "MSH"
    _add(segment, f"{name}.1", _DELIMITER)
    _add(segment, f"{name}.2", _ENCODING_CHARACTERS)
    _add(_add(segment, f"{name}.3"), "HD.1", asker.sender)
    _place(_add(segment, f"{name}.4"), asker.territory, _FUNDS)
    _add(_add(segment, f"{name}.5"), "HD.1", _REGISTER)
    _place(_add(segment, f"{name}.6"), _REGISTER_CODE, _FUNDS)


def _place(parent: Element, code: str, oid: str) -> None:
    for name, text in (("HD.1", code), ("HD.2", oid), ("HD.3", "ISO")):
        _add(parent, name, text)


def _message_header(message: Element, asker: Address, now: datetime, message_id: str) -> None:
    segment = _add(message, "MSH")
    _address(segment, asker)
    _add(segment, "MSH.7", stamp(now))
    kind = _add(segment, "MSH.9")
    for name, text in (("MSG.1", "QBP"), ("MSG.2", "ZP1"), ("MSG.3", "QBP_ZP1")):
        _add(kind, name, text)
    _add(segment, "MSH.10", message_id)
    _add(_add(segment, "MSH.11"), "PT.1", "P")
    _add(_add(segment, "MSH.12"), "VID.1", "2.6")
    _add(segment, "MSH.15", "AL")
    _add(segment, "MSH.16", "AL")


def _query(query: Element, policy: PresentedPolicy, today: date, asker: Address) -> None:
    kind = _add(query, "QPD.1")
    _add(kind, "CWE.1", "СП")
    _add(kind, "CWE.3", _QUERIES)
    _add(query, "QPD.3", "У")
    _add(query, "QPD.4", today.isoformat())
    _numbers(query, policy, asker)
    _name(query, policy)
    if policy.birth_date is not None:
        _add(query, "QPD.7", policy.birth_date.isoformat())
    if policy.sex is not None:
        _add(query, "QPD.8", _SEXES[policy.sex])
    if policy.birth_place:
        _add(query, "QPD.9", policy.birth_place)
    for letter, number in (("В", policy.temporary_certificate), ("С", policy.old_policy)):
        if number:
            _add(query, "QPD.10", letter)
            _add(query, "QPD.11", number)
            break


def _numbers(query: Element, policy: PresentedPolicy, asker: Address) -> None:
    """QPD.5, once for each number of the person's."""
    if policy.enp:
        identifier = _add(query, "QPD.5")
        _add(identifier, "CX.1", policy.enp)
        known = policy.insurer.smo.okato if policy.insurer is not None else None
        okato = known or asker.okato
        if okato is not None:
            _place(_add(identifier, "CX.4"), okato, _PLACES)
        _add(identifier, "CX.5", "NI")
    if policy.snils and policy.birth_date is not None:
        identifier = _add(query, "QPD.5")
        _add(identifier, "CX.1", policy.snils)
        _add(identifier, "CX.5", "PEN")
    if policy.identity_document:
        identifier = _add(query, "QPD.5")
        _add(identifier, "CX.1", policy.identity_document)
        _add(identifier, "CX.5", document_type(policy.identity_document))
        issued = _document_issued(policy)
        if issued is not None:
            _add(identifier, "CX.7", issued.isoformat())


def _document_issued(policy: PresentedPolicy) -> date | None:
    """When the identity document was issued; a policy's own date says nothing of it."""
    own = policy.source is Source.DOCUMENT and policy.format is PolicyFormat.MRZ
    return policy.issue_date if own else None


def _name(query: Element, policy: PresentedPolicy) -> None:
    if not policy.surname and not policy.given_name:
        return
    name = _add(query, "QPD.6")
    if policy.surname:
        _add(_add(name, "XPN.1"), "FN.1", policy.surname.upper())
    if policy.given_name:
        _add(name, "XPN.2", policy.given_name.upper())
    # The ways to write that there is none ("НЕТ") are no patronymic.
    patronymic = policy.patronymic if fold_patronymic(policy.patronymic) else None
    _add(name, "XPN.3", patronymic and patronymic.upper())
    _add(name, "XPN.7", "L")


def _sealed(message: bytes) -> bytes:
    """The message with its checksum in the place that was left for it, which it does not cover."""
    covered, _, trailer = message.rpartition(_TRAILER)
    _, _, covered_part = covered.partition(_HEADER_END)
    digits = checksum(covered_part).encode()
    return covered + _TRAILER + trailer.replace(_NOT_YET.encode(), digits)
