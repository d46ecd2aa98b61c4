"""A snapshot as JSON: fixed keys, chosen by the caller's scopes. Pure.

`verdict` is what a program needs to know that a policy is in force; whatever tells who it is, or
what the register says of that person, needs a scope of its own.
"""

from __future__ import annotations

import base64
import enum
from typing import TYPE_CHECKING, Any, Final

from kiosk.comparison import Agreement, compare
from kiosk.lookup import KnownBy
from kiosk.verdict_json import verdict_to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from kiosk.clinic.snapshot import Snapshot, Standing
    from kiosk.lookup import Record
    from kiosk.policy.model import PresentedPolicy, Smo
    from offline_cache.reference import ReferenceData


class Scope(enum.StrEnum):
    """What a token's holder is told; each opens the fields of its name."""

    VERDICT = "verdict"
    NUMBER = "number"
    """ENP and the other numbers of policies."""
    PERSON = "person"
    """Names, birth date, sex, SNILS, place of birth, citizenship, identity document."""
    INSURER = "insurer"
    """Insurer, attachment, term and status, and where the document says something else."""
    PHOTO = "photo"


FIELDS: Final[dict[Scope, tuple[str, ...]]] = {
    Scope.VERDICT: (
        "verdict",
        "reason",
        "notes",
        "how_known",
        "next_step",
        "checks",
        "source",
        "format",
        "repeated",
    ),
    Scope.NUMBER: ("enp", "main_enp", "temporary_certificate", "old_policy"),
    Scope.PERSON: (
        "surname",
        "given_name",
        "patronymic",
        "full_name",
        "birth_date",
        "sex",
        "snils",
        "birth_place",
        "citizenship",
        "identity_document",
    ),
    Scope.INSURER: (
        "insurer",
        "clinic",
        "policy_type",
        "status",
        "valid_from",
        "valid_to",
        "document_insurer",
        "document_expiry_date",
        "differs",
    ),
    Scope.PHOTO: ("photo",),
}
"""Every field that can be asked for, in the order in which they are told."""

ALWAYS: Final = ("presence", "stage", "card", "since", "seconds_left")
"""Told to everybody: they say nothing of a person."""

ALL_FIELDS: Final = tuple(name for names in FIELDS.values() for name in names)


def allowed(scopes: Iterable[Scope]) -> frozenset[str]:
    """Names of the fields that these scopes open."""
    return frozenset(name for scope in scopes for name in FIELDS[scope])


def to_json(
    snapshot: Snapshot, names: frozenset[str], now: float, *, with_photo: bool = True
) -> dict[str, Any]:
    """The fields `names` of `snapshot` at monotonic time `now`; absent is None.

    `with_photo` False: of the photo only its kind and size are told, as in events.
    """
    said: dict[str, Any] = {
        "presence": snapshot.presence,
        "stage": snapshot.stage.value,
        "card": snapshot.reader,
        "since": snapshot.since.isoformat(timespec="milliseconds"),
        "seconds_left": None
        if snapshot.until is None
        else round(max(0.0, snapshot.until - now), 1),
    }
    if snapshot.verdict is None:
        return said
    for scope, make in _PARTS.items():
        if not names.isdisjoint(FIELDS[scope]):
            part = make(snapshot)
            said |= {name: part.get(name) for name in FIELDS[scope] if name in names}
    if "photo" in names:
        said["photo"] = _photo(snapshot.policy, with_data=with_photo)
    return said


def standing_to_json(standing: Standing) -> dict[str, Any]:
    """The list's age and the rest that is so whoever stands there."""
    return {
        "kiosk": standing.kiosk,
        "list": {
            "as_of": _moment(standing.list_as_of),
            "next_expected": _moment(standing.list_next),
            "serial": standing.list_serial,
            "freshness": standing.list_freshness.value,
        },
        "fund": standing.fund.name.lower(),
        "clock_trusted": standing.clock_trusted,
    }


def _verdict(snapshot: Snapshot) -> dict[str, Any]:
    policy = snapshot.policy
    said = {} if snapshot.verdict is None else verdict_to_json(snapshot.verdict)
    return {
        **said,
        "source": policy and policy.source.value,
        "format": policy and policy.format.value,
        "repeated": snapshot.repeated,
    }


def _number(snapshot: Snapshot) -> dict[str, Any]:
    policy, record = snapshot.policy, _record(snapshot)
    return {
        "enp": policy and policy.enp,
        "main_enp": record and record.main_enp,
        "temporary_certificate": policy and policy.temporary_certificate,
        "old_policy": policy and policy.old_policy,
    }


def _person(snapshot: Snapshot) -> dict[str, Any]:
    policy, record = snapshot.policy, _record(snapshot)
    said: dict[str, Any] = {"full_name": record and record.full_name}
    if policy is None:
        return said
    return {
        **said,
        "surname": policy.surname,
        "given_name": policy.given_name,
        "patronymic": policy.patronymic,
        "birth_date": _day(policy.birth_date),
        "sex": policy.sex and policy.sex.value,
        "snils": policy.snils,
        "birth_place": policy.birth_place,
        "citizenship": policy.citizenship and policy.citizenship.code,
        "identity_document": policy.identity_document,
    }


def _insurer(snapshot: Snapshot) -> dict[str, Any]:
    policy, record, reference = snapshot.policy, _record(snapshot), snapshot.reference
    said: dict[str, Any] = {}
    if record is not None:
        clinic = record.clinic and reference.clinic(record.clinic)
        said |= {
            "insurer": smo_to_json(record.insurer, reference),
            "clinic": record.clinic
            and {"code": record.clinic, "name": clinic.name if clinic else None},
            "policy_type": record.policy_type and record.policy_type.value,
            "status": record.status.value,
            "valid_from": _day(record.valid_from),
            "valid_to": _day(record.valid_to),
        }
    if policy is not None:
        smo = policy.insurer.smo if policy.insurer is not None else None
        said |= {
            "document_insurer": smo_to_json(smo, reference),
            "document_expiry_date": _day(policy.expiry_date),
            "differs": _differs(snapshot, policy),
        }
    return said


def smo_to_json(smo: Smo | None, reference: ReferenceData) -> dict[str, Any] | None:
    """An insurer with its name and telephone, where the reference data know them."""
    if smo is None:
        return None
    found = reference.insurer(smo.ogrn, smo.okato)
    named = found or reference.insurer(smo.ogrn, None)
    return {
        "ogrn": smo.ogrn,
        "okato": smo.okato,
        "name": named and named.short_name,
        "phone": (found and found.phone) or None,
    }


def _differs(snapshot: Snapshot, policy: PresentedPolicy) -> list[str]:
    """Codes of the fields (`kiosk.comparison.Field`) in which document, list and fund differ."""
    verdict = snapshot.verdict
    if verdict is None:
        return []
    by_fund = verdict.known is not None and verdict.known.source is KnownBy.ONLINE
    sides = (verdict.listed, verdict.record) if by_fund else (verdict.record, None)
    found = compare(policy, *sides)
    return [name.value for name, said in found.items() if said is Agreement.DIFFERS]


def _photo(policy: PresentedPolicy | None, *, with_data: bool) -> dict[str, Any] | None:
    photo = policy and policy.photo
    if not photo:
        return None
    said: dict[str, Any] = {"mime": photo.mime, "size_bytes": len(photo.data)}
    return said | ({"base64": base64.b64encode(photo.data).decode()} if with_data else {})


def _record(snapshot: Snapshot) -> Record | None:
    return None if snapshot.verdict is None else snapshot.verdict.record


def _day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


_moment: Final = _day

_PARTS: Final[dict[Scope, Callable[[Snapshot], dict[str, Any]]]] = {
    Scope.VERDICT: _verdict,
    Scope.NUMBER: _number,
    Scope.PERSON: _person,
    Scope.INSURER: _insurer,
}
