"""A snapshot as FHIR R4: a Bundle of Patient, Coverage, insurer, and the verdict itself. Pure.

Identifiers are named by the systems that the Russian core implementation guide publishes (HL7
Russia, https://github.com/fhir-ru/RuCoreIG, `input/fsh/Core_NamingSystems.fsh` and
`Core_Coverage.fsh`): `…/systems/oms` for the policy's number, `…/systems/snils`, `…/systems/ogrn`;
and OKATO as the code system `core-cs-nsi-okato`. Resources are made to fit its profiles where the
kiosk knows enough; they claim none of them. What we say of a verdict has codes of our own
(`urn:x-oms-kiosk:…`).

"Could not check" makes no Coverage at all: whatever its status were, it would say something about a
person of whom nothing is known. The OperationOutcome says why.
"""

from __future__ import annotations

import base64
import uuid
from typing import TYPE_CHECKING, Any, Final, assert_never

from kiosk.clinic.fields import FIELDS, Scope
from kiosk.families import CouldNotCheck, Insured, NotInsured
from kiosk.policy import enp
from kiosk.verdict_json import reason_code

if TYPE_CHECKING:
    from kiosk.clinic.snapshot import Snapshot
    from kiosk.families import Verdict
    from kiosk.lookup import Record
    from kiosk.policy.model import PresentedPolicy, Smo
    from offline_cache.reference import ReferenceData

MEDIA_TYPE: Final = "application/fhir+json"
_CORE: Final = "https://fhir.ru/ig/core"
OMS: Final = f"{_CORE}/systems/oms"
SNILS: Final = f"{_CORE}/systems/snils"
OGRN: Final = f"{_CORE}/systems/ogrn"
OKATO: Final = f"{_CORE}/CodeSystem/core-cs-nsi-okato"
_OURS: Final = "urn:x-oms-kiosk"
_HL7: Final = "http://terminology.hl7.org/CodeSystem"
_ABSENT: Final = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"

_RUN: Final = uuid.uuid4()
"""Of this process: the ids of a bundle mean nothing outside of it, and are never the same again."""

_Resource = dict[str, Any]


def bundle(snapshot: Snapshot, names: frozenset[str]) -> _Resource:
    """All that the fields `names` let a caller know; `snapshot` has a verdict."""
    verdict = snapshot.verdict
    if verdict is None:
        raise ValueError("no verdict yet")
    entries = [_entry(snapshot, "patient", _patient(snapshot, names))]
    record = verdict.record
    if record is not None and not isinstance(verdict, CouldNotCheck):
        entries.append(_entry(snapshot, "coverage", _coverage(snapshot, record, names)))
        if _opens(names, Scope.INSURER) and record.insurer is not None:
            organization = _organization(record.insurer, snapshot.reference)
            entries.append(_entry(snapshot, "insurer", organization))
    entries.append(_entry(snapshot, "outcome", _outcome(verdict)))
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": snapshot.since.isoformat(timespec="milliseconds"),
        "entry": entries,
    }


def _entry(snapshot: Snapshot, what: str, resource: _Resource) -> _Resource:
    return {"fullUrl": _url(snapshot, what), "resource": resource}


def _url(snapshot: Snapshot, what: str) -> str:
    return uuid.uuid5(_RUN, f"{snapshot.presence} {what}").urn


def _opens(names: frozenset[str], scope: Scope) -> bool:
    return not names.isdisjoint(FIELDS[scope])


def _numbers(snapshot: Snapshot, names: frozenset[str]) -> list[_Resource]:
    """The policy's numbers; the main one first, where the fund says another."""
    policy = snapshot.policy
    record = snapshot.verdict and snapshot.verdict.record
    main = record.main_enp if record and "main_enp" in names else None
    shown = policy.enp if policy and "enp" in names else None
    found = [main] if main is not None else []
    # One that fails its check was misread: it is not an identifier of anybody.
    if shown is not None and shown != main and enp.check_digit_ok(shown):
        found.append(shown)
    return [
        _identifier("official" if place == 0 else "old", "SB", OMS, number)
        for place, number in enumerate(found)
    ]


def _identifier(use: str, kind: str, system: str, value: str) -> _Resource:
    return {
        "use": use,
        "type": {"coding": [{"system": f"{_HL7}/v2-0203", "code": kind}]},
        "system": system,
        "value": value,
    }


def _patient(snapshot: Snapshot, names: frozenset[str]) -> _Resource:
    policy = snapshot.policy
    said: _Resource = {"resourceType": "Patient"}
    identifiers = _numbers(snapshot, names)
    if policy is None:
        return said | ({"identifier": identifiers} if identifiers else {})
    if policy.snils is not None and "snils" in names:
        identifiers.append(_identifier("official", "SB", SNILS, policy.snils))
    given = [
        name
        for key, name in (("given_name", policy.given_name), ("patronymic", policy.patronymic))
        if name and key in names
    ]
    name: _Resource = {"use": "official"}
    if policy.surname and "surname" in names:
        name["family"] = policy.surname
    if given:
        name["given"] = given
    if identifiers:
        said["identifier"] = identifiers
    if len(name) > 1:
        said["name"] = [name]
    if policy.sex is not None and "sex" in names:
        said["gender"] = policy.sex.value
    if policy.birth_date is not None and "birth_date" in names:
        said["birthDate"] = policy.birth_date.isoformat()
    return said | _photo(policy, names)


def _photo(policy: PresentedPolicy, names: frozenset[str]) -> _Resource:
    photo = policy.photo
    if photo is None or "photo" not in names:
        return {}
    data = base64.b64encode(photo.data).decode()
    return {"photo": [{"contentType": photo.mime, "data": data}]}


def _coverage(snapshot: Snapshot, record: Record, names: frozenset[str]) -> _Resource:
    verdict = snapshot.verdict
    said: _Resource = {
        "resourceType": "Coverage",
        "status": "active" if isinstance(verdict, Insured) else "cancelled",
        "type": {"coding": [{"system": f"{_HL7}/v3-ActCode", "code": "PUBLICPOL"}]},
        "beneficiary": {"reference": _url(snapshot, "patient"), "type": "Patient"},
        "payor": [_payor(snapshot, record, names)],
    }
    numbers = _numbers(snapshot, names)
    if numbers:
        said["identifier"] = numbers
        said["subscriberId"] = numbers[0]["value"]
    period = {
        key: day.isoformat()
        for key, name, day in (
            ("start", "valid_from", record.valid_from),
            ("end", "valid_to", record.valid_to),
        )
        if day is not None and name in names
    }
    return said | ({"period": period} if period else {})


def _payor(snapshot: Snapshot, record: Record, names: frozenset[str]) -> _Resource:
    if record.insurer is not None and _opens(names, Scope.INSURER):
        return {"reference": _url(snapshot, "insurer"), "type": "Organization"}
    why = "unknown" if record.insurer is None else "masked"
    return {"type": "Organization", "extension": [{"url": _ABSENT, "valueCode": why}]}


def _organization(smo: Smo, reference: ReferenceData) -> _Resource:
    """An insurer: OGRN and OKATO together, since branches share an OGRN."""
    said: _Resource = {
        "resourceType": "Organization",
        "identifier": [_identifier("official", "PRN", OGRN, smo.ogrn)],
    }
    if smo.okato is not None:
        coding = {"system": OKATO, "code": smo.okato}
        said["extension"] = [{"url": f"{_OURS}:okato", "valueCoding": coding}]
    found = reference.insurer(smo.ogrn, smo.okato)
    named = found or reference.insurer(smo.ogrn, None)
    if named is not None:
        said["name"] = named.short_name
    if found is not None and found.phone:
        said["telecom"] = [{"system": "phone", "value": found.phone}]
    return said


def _outcome(verdict: Verdict) -> _Resource:
    """The verdict's own words: family, reason and notes, as codes."""
    match verdict:
        case Insured():
            severity, code = "information", "informational"
        case NotInsured():
            severity, code = "warning", "business-rule"
        case CouldNotCheck():
            severity, code = "warning", "incomplete"
        case _:
            assert_never(verdict)
    issues = [_issue(severity, code, "reason", reason_code(verdict))]
    issues += [_issue("information", "informational", "note", note) for note in verdict.notes]
    return {"resourceType": "OperationOutcome", "issue": issues}


def _issue(severity: str, code: str, system: str, value: str) -> _Resource:
    coding = {"system": f"{_OURS}:{system}", "code": str(value)}
    return {"severity": severity, "code": code, "details": {"coding": [coding]}}
