"""The presented policy as the JSON object that the command line prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date

    from kiosk.policy.model import InsurerPeriod, Photo, PresentedPolicy


def policy_to_json(policy: PresentedPolicy) -> dict[str, Any]:
    """All keys of the contract in its order; dates ISO 8601, None for what is absent.

    The photo's bytes stay out: only kind and size are told.
    """
    return {
        "source": policy.source.value,
        "format": policy.format.value,
        "enp": policy.enp,
        "surname": policy.surname,
        "given_name": policy.given_name,
        "patronymic": policy.patronymic,
        "birth_date": _date(policy.birth_date),
        "sex": policy.sex.value if policy.sex else None,
        "snils": policy.snils,
        "birth_place": policy.birth_place,
        "citizenship": policy.citizenship.code if policy.citizenship else None,
        "issue_date": _date(policy.issue_date),
        "expiry_date": _date(policy.expiry_date),
        "insurer": _insurer(policy.insurer) if policy.insurer else None,
        "photo": _photo(policy.photo) if policy.photo else None,
        "signature_hex": policy.signature.value.hex() if policy.signature else None,
        "temporary_certificate": policy.temporary_certificate,
        "old_policy": policy.old_policy,
        "identity_document": policy.identity_document,
    }


def _date(value: date | None) -> str | None:
    return value.isoformat() if value else None


def _insurer(insurer: InsurerPeriod) -> dict[str, str | None]:
    return {
        "ogrn": insurer.smo.ogrn,
        "okato": insurer.smo.okato,
        "begin": _date(insurer.begin),
        "end": _date(insurer.end),
    }


def _photo(photo: Photo) -> dict[str, str | int]:
    return {"mime": photo.mime, "size_bytes": len(photo.data)}
