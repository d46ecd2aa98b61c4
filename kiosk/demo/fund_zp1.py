"""The sample fund's gateway for HL7 v2.6 XML: query ZP1 (order FFOMS 79 of 2011).

Bytes in, an answer out. Questions are checked as strictly as the published structures allow.
"""

from __future__ import annotations

import binascii
import re
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

from kiosk.demo.fund_ferzl import Reply
from kiosk.demo.fund_messages import (
    HL7,
    Element,
    RefusedError,
    canonical,
    child,
    children,
    local_name,
    maker,
    parse,
    serialise,
    text,
    validate,
    wrong_value,
)
from kiosk.demo.fund_rules import check_document, check_enp, check_snils
from kiosk.demo.fund_world import Ambiguous, By, FundPerson, Period

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiosk.demo.fund_world import FundWorld

CONTENT_TYPE: Final = "application/xml; charset=windows-1251"
ENCODING: Final = "windows-1251"
OID: Final = "1.2.643.2.40.3.3.1"

_CENTRE: Final = "ЦК ЕРП"
_CENTRE_CODE: Final = "00"
_DIGITS: Final = re.compile(r"[0-9]{16}")
_SNILS: Final = re.compile(r"[0-9]{11}")
_CERTIFICATE: Final = re.compile(r"[0-9]{9}")
_OLD_POLICY: Final = re.compile(r"(?:[^№]+ № )?[0-9]{1,20}")
_BETWEEN: Final = re.compile(rb"</(?:\w+:)?BHS\s*>(.*)<(?:\w+:)?BTS[\s>]", re.DOTALL)
_INTERNAL: Final = "207"
"""HL7 table 0357: application internal error."""
_NO_CRC: Final = "00000000"
_MOSCOW: Final = timezone(timedelta(hours=3))
_GUID: Final = re.compile(
    rb"<(?:\w+:)?MSH\.10>([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})<"
)
_TYPES_OF_NUMBERS: Final = {"С": By.OLD_POLICY, "В": By.TEMPORARY_CERTIFICATE}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What of a question goes into its answer's head; empty where it does not say."""

    guid: str
    application: str = ""
    facility: str = ""


def crc_of(batch: bytes) -> str:
    """BTS.3: CRC-32 (IEEE 802.3) of the bytes between BHS and BTS, eight hexadecimal digits."""
    between = _BETWEEN.search(batch)
    return f"{binascii.crc32(between[1] if between else b''):08X}"


class Zp1Side:
    """Answers questions from a world; keeps nothing, so any thread may ask."""

    name: Final = "zp1"
    content_type: Final = CONTENT_TYPE
    encoding: Final = ENCODING

    def __init__(self, world: FundWorld) -> None:
        """Answer from `world`."""
        self._world = world
        self._make = maker(HL7, {None: HL7})

    def answer(self, body: bytes, *, wrong_id: bool = False) -> Reply:
        """Answer a question; `wrong_id`: under another GUID than the question's.

        Raises:
            RefusedError: the question breaks the rules; `refusal` makes the answer of it.
        """
        query = self._query(body)
        asked = _asked(body)
        if wrong_id:
            asked = replace(asked, guid=str(uuid.uuid4()))
        parameters = child(query, "QPD")
        keys = list(self._keys(parameters)) if parameters is not None else []
        found, matched = self._find(keys)
        if isinstance(found, Ambiguous):
            error = ("AMBIGUOUS", "Лицо определено неоднозначно")
            return Reply(200, self._batch(asked, "AE", self._error(*error)), "several")
        if found is None:
            return Reply(200, self._batch(asked, "AA"), "not found")
        return Reply(200, self._batch(asked, "AA", self._insured(found, matched)), "found")

    def refusal(self, error: RefusedError, body: bytes) -> Reply:
        """The answer to a question that breaks the rules: stopped (AR), with an error."""
        code = "WRONG_STRUCTURE" if error.structure else "WRONG_VALUE"
        return Reply(
            200, self._batch(_asked(body), "AR", self._error(code, error.words)), "refused"
        )

    def broken(self, body: bytes, *, as_item: bool = False) -> Reply:  # noqa: ARG002  # one way here
        """The answer of a service with a fault of its own."""
        error = self._error(_INTERNAL, "Внутренняя ошибка")
        return Reply(200, self._batch(_asked(body), "AR", error), "fault")

    # The question

    def _query(self, body: bytes) -> Element:
        batch = parse(body, ENCODING)
        _check_used(body)
        validate(batch, "uprmessage.xsd")
        for leaf in batch.iter():
            if not len(leaf) and not leaf.text and local_name(leaf) != "XPN.3":
                raise RefusedError("an empty element")
        header, query, trailer = batch
        if text(trailer, "BTS.1") != "1":
            raise wrong_value("BTS.1 is not the number of messages")
        if text(trailer, "BTS.3").upper() != crc_of(body):
            raise wrong_value("BTS.3 is not the CRC of the messages")
        message = child(query, "MSH")
        for place in range(3, 7):
            theirs = child(message, f"MSH.{place}") if message is not None else None
            if canonical(child(header, f"BHS.{place}")) != canonical(theirs):
                raise wrong_value("MSH and BHS name others")
        receiver = (text(header, "BHS.5", "HD.1"), text(header, "BHS.6", "HD.1"))
        if receiver != (_CENTRE, _CENTRE_CODE):
            raise wrong_value("meant for another receiver")
        return query

    def _keys(self, parameters: Element) -> Iterator[tuple[str, By, str, date | None]]:
        """All ways to search that the question names: code, kind, value, birth date."""
        born = text(parameters, "QPD.7")
        birth_date = date.fromisoformat(born) if born else None
        for one in children(parameters, "QPD.5"):
            yield _identifier(one, birth_date)
        if number := text(parameters, "QPD.11"):
            kind = text(parameters, "QPD.10")
            shape = _CERTIFICATE if kind == "В" else _OLD_POLICY
            if not shape.fullmatch(number):
                raise wrong_value("QPD.11: shape of the number")
            yield kind, _TYPES_OF_NUMBERS[kind], number, None
        if (names := child(parameters, "QPD.6")) is not None:
            parts = (text(names, "XPN.1", "FN.1"), text(names, "XPN.2"), text(names, "XPN.3"))
            if any(part != part.upper() for part in parts):
                raise wrong_value("QPD.6: names in upper case")
            if birth_date is not None:
                yield "ФИО", By.NAMES, " ".join(filter(None, parts)), birth_date

    def _find(
        self, keys: list[tuple[str, By, str, date | None]]
    ) -> tuple[FundPerson | Ambiguous | None, list[str]]:
        """Who is found by the first key that finds anybody, and the codes of all that fit."""
        if not keys:
            raise wrong_value("nothing to search by")
        found = [(code, self._world.find(by, value, born)) for code, by, value, born in keys]
        first = next((one for _, one in found if one is not None), None)
        return first, [code for code, one in found if one is not None and one is first]

    # The answer

    def _insured(self, one: FundPerson, matched: list[str]) -> Element:
        make = self._make
        periods = [
            self._period(place, period, one) for place, period in enumerate(one.periods, start=1)
        ]
        exact = "ФИО" in matched
        return make(
            "RSP_ZK1.QUERY_RESPONSE",
            self._person(one),
            *periods,
            make(
                "QRI",
                make("QRI.1", "Д" if exact else "В"),
                *(make("QRI.2", one) for one in matched),
            ),
        )

    def _person(self, one: FundPerson) -> Element:
        make = self._make
        numbers = [(enp, "NI") for enp in one.enps] + [(one.snils, "PEN")]
        content = [
            make("PID.3", make("CX.1", number), make("CX.5", kind)) for number, kind in numbers
        ]
        content.append(
            make(
                "PID.5",
                make("XPN.1", make("FN.1", one.surname)),
                make("XPN.2", one.given_name),
                make("XPN.3", one.patronymic or ""),
                make("XPN.7", "L"),
            )
        )
        content += [make("PID.7", one.birth_date.isoformat()), make("PID.8", str(one.sex))]
        if one.death is not None:
            content += [make("PID.29", one.death.isoformat()), make("PID.30", "Y")]
        return make("PID", *content)

    def _period(self, place: int, period: Period, one: FundPerson) -> Element:
        make = self._make
        series, number = one.policy_series, one.policy_number
        content = [
            make("IN1.1", str(place)),
            make("IN1.3", make("CX.1", period.insurer.ogrn)),
            make("IN1.12", period.begin.isoformat()),
            make("IN1.13", period.end.isoformat() if period.end else ""),
            make("IN1.15", period.insurer.okato or ""),
            make("IN1.35", str(one.policy_type)),
            make("IN1.36", f"{series} № {number}" if series else number),
        ]
        return make("IN1", *content)

    def _error(self, code: str, words: str) -> Element:
        make = self._make
        return make(
            "ERR", make("ERR.3", make("CWE.1", code)), make("ERR.4", "E"), make("ERR.8", words)
        )

    def _batch(self, asked: _Asked, outcome: str, content: Element | None = None) -> bytes:
        make = self._make
        message = make(
            "RSP_ZK1",
            self._header("MSH", asked),
            make("MSA", make("MSA.1", outcome), make("MSA.2", asked.guid)),
        )
        if content is not None:
            message.append(content)
        trailer = make("BTS", make("BTS.1", "1"), make("BTS.3", _NO_CRC))
        batch = serialise(
            make("UPRMessageBatch", self._header("BHS", asked), message, trailer), ENCODING
        )
        return batch.replace(f"<BTS.3>{_NO_CRC}".encode(), f"<BTS.3>{crc_of(batch)}".encode())

    def _header(self, name: str, asked: _Asked) -> Element:
        """BHS or MSH: the same fields up to the seventh."""
        make = self._make
        centre = [make("HD.1", _CENTRE_CODE), make("HD.2", f"{OID}.0"), make("HD.3", "ISO")]
        asker = [make("HD.1", asked.facility), make("HD.2", f"{OID}.0"), make("HD.3", "ISO")]
        content = [
            make(f"{name}.1", "|"),
            make(f"{name}.2", "^~\\&"),
            make(f"{name}.3", make("HD.1", _CENTRE)),
            make(f"{name}.4", *centre),
            make(f"{name}.5", make("HD.1", asked.application)),
            make(f"{name}.6", *asker),
            make(f"{name}.7", _now()),
        ]
        if name == "BHS":
            return make("BHS", *content, make("BHS.11", str(uuid.uuid4()).upper()))
        return make(
            "MSH",
            *content,
            make("MSH.9", make("MSG.1", "RSP"), make("MSG.2", "ZK1"), make("MSG.3", "RSP_ZK1")),
            make("MSH.10", str(uuid.uuid4()).upper()),
            make("MSH.11", make("PT.1", "P")),
            make("MSH.12", make("VID.1", "2.6")),
        )


def _identifier(one: Element, birth_date: date | None) -> tuple[str, By, str, date | None]:
    value, kind = text(one, "CX.1"), text(one, "CX.5")
    if (kind == "NI") != (child(one, "CX.4") is not None):
        raise wrong_value("CX.4 belongs to an ENP")
    if kind == "NI":
        if not _DIGITS.fullmatch(value):
            raise wrong_value("ENP: 16 digits")
        check_enp(value)
        return kind, By.ENP, value, None
    if kind == "PEN":
        if not _SNILS.fullmatch(value):
            raise wrong_value("SNILS: 11 digits")
        check_snils(value)
        if birth_date is None:
            raise wrong_value("SNILS: without a birth date")
        return kind, By.SNILS, value, birth_date
    check_document(kind, value)
    return kind, By.DOCUMENT, value, None


def _check_used(body: bytes) -> None:
    """Cyrillic letters in UTF-8 are well-formed windows-1251, too, but nobody's names."""
    try:
        body.decode("ascii")
    except UnicodeDecodeError:
        try:
            body.decode("utf-8")
        except UnicodeDecodeError:
            return
        raise RefusedError(f"declared as {ENCODING}, and UTF-8") from None


def _asked(body: bytes) -> _Asked:
    """Who asks, by a question that may be broken."""
    guid = _GUID.search(body)
    try:
        batch = parse(body, ENCODING)
    except RefusedError:
        return _Asked(guid[1].decode() if guid else "")
    return _Asked(
        guid[1].decode() if guid else "",
        text(batch, "BHS", "BHS.3", "HD.1"),
        text(batch, "BHS", "BHS.4", "HD.1"),
    )


def _now() -> str:
    """The time as order 79 writes it: a Z, and an offset behind it."""
    return f"{datetime.now(UTC).astimezone(_MOSCOW):%Y-%m-%dT%H:%M:%S}Z+03:00"
