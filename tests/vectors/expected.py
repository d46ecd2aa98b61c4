"""The presented policies that a decoder must make of the corpus, told from the people themselves.

Nothing here decodes: what a document says follows from what was put into it.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from kiosk.demo.encode_barcode import encode
from kiosk.demo.encode_chip import insurer_content
from tests.vectors.inputs import PHOTO_KINDS, numbers

if TYPE_CHECKING:
    from tests.vectors.inputs import Presented

_KEYS: Final = (
    "source",
    "format",
    "enp",
    "surname",
    "given_name",
    "patronymic",
    "birth_date",
    "sex",
    "snils",
    "birth_place",
    "citizenship",
    "issue_date",
    "expiry_date",
    "insurer",
    "photo",
    "signature_hex",
    "temporary_certificate",
    "old_policy",
    "identity_document",
)


def policy_of(shown: Presented, given: dict[str, Any]) -> dict[str, Any]:
    """The policy as JSON, all keys; `given` is the vector's input."""
    said = _SAYERS[shown.document](shown, given)
    return {key: said.get(key) for key in _KEYS}


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _names(shown: Presented) -> dict[str, Any]:
    one = shown.person
    return {
        "surname": one.surname,
        "given_name": one.given_name,
        "patronymic": one.patronymic,
        "birth_date": _day(one.birth_date),
    }


def _chip(shown: Presented, _: dict[str, Any]) -> dict[str, Any]:
    one, options = shown.person, shown.options
    fault = options.get("fault", "")
    mime, size = PHOTO_KINDS.get(options.get("photo", ""), ("", 0))
    said = _names(shown) | {
        "source": "chip",
        "format": "chip",
        "enp": one.enp,
        "sex": one.sex.value,
        "snils": one.snils if "snils" in options else None,
        "birth_place": one.birth_place,
        "citizenship": one.citizenship.code if one.citizenship else None,
        "issue_date": _day(one.issue_date),
        "expiry_date": _day(one.expiry_date),
        "photo": {"mime": mime, "size_bytes": size} if size and fault != "put-off" else None,
    }
    if fault.startswith("insurer-"):
        return said
    said["insurer"] = {
        "ogrn": one.insurer.ogrn,
        "okato": one.insurer.okato,
        "begin": _day(one.insured_since),
        "end": options.get("end"),
    }
    if "unsigned" not in options:
        end = date.fromisoformat(options["end"]) if "end" in options else None
        said["signature_hex"] = hashlib.sha512(insurer_content(one, end=end)).hexdigest()
    return said


def _barcode_signature(shown: Presented) -> str:
    """The made-up one of the encoder: key 1, and a hash of what stands before it."""
    code = encode(
        shown.person,
        kind=int(shown.document[-1]),
        patronymic_separator="no_separator" not in shown.options,
    )
    return code[65:].hex()


def _barcode(shown: Presented, _: dict[str, Any]) -> dict[str, Any]:
    one = shown.person
    said = _names(shown) | {
        "source": "barcode",
        "format": shown.document,
        "enp": one.enp,
        "sex": one.sex.value,
        "expiry_date": _day(one.expiry_date),
        "signature_hex": _barcode_signature(shown),
    }
    if shown.document == "barcode-01":
        insurer = {"ogrn": one.insurer.ogrn, "okato": one.insurer.okato}
        said["insurer"] = insurer | {"begin": None, "end": None}
    return said


def _text(shown: Presented, _: dict[str, Any]) -> dict[str, Any]:
    if "{certificate" in shown.text:
        return {
            "source": "barcode",
            "format": "temporary-certificate",
            "temporary_certificate": shown.member.keys["certificate"],
        }
    return {"source": "digital", "format": "text", "enp": shown.person.enp}


def _typed(shown: Presented, given: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {"source": "typed", "format": "typed"}
    said |= {key: given.get(key) for key in ("birth_date", "issue_date")}
    if "named" in shown.options:
        said |= _names(shown)
    keys, one = shown.member.keys, shown.person
    number = {
        "typed-enp": ("enp", one.enp),
        "typed-certificate": ("temporary_certificate", keys.get("certificate")),
        "typed-old-policy": ("old_policy", keys.get("old")),
        "typed-snils": ("snils", one.snils),
        "typed-passport": ("identity_document", keys.get("paper")),
        "typed-birth-certificate": ("identity_document", keys.get("paper")),
    }[shown.document]
    value = numbers(shown)["misread"] if "{misread}" in shown.text else number[1]
    return said | {number[0]: value}


def _arkhangelsk(shown: Presented, _: dict[str, Any]) -> dict[str, Any]:
    old = shown.member.keys["old"]
    return _names(shown) | {"source": "barcode", "format": "arkhangelsk", "old_policy": old}


def _mrz(shown: Presented, _: dict[str, Any]) -> dict[str, Any]:
    one = shown.person
    said = {
        "source": "document",
        "format": "mrz",
        "birth_date": _day(one.birth_date),
        "sex": one.sex.value,
        "identity_document": shown.member.keys["paper"],
    }
    if "country" in shown.options:
        return said | {"citizenship": shown.options["country"]}
    return said | _names(shown) | {"issue_date": _day(one.issue_date)}


_SAYERS: Final = {
    "chip": _chip,
    "barcode-01": _barcode,
    "barcode-02": _barcode,
    "text": _text,
    "arkhangelsk": _arkhangelsk,
    "mrz": _mrz,
    "typed-enp": _typed,
    "typed-certificate": _typed,
    "typed-old-policy": _typed,
    "typed-snils": _typed,
    "typed-passport": _typed,
    "typed-birth-certificate": _typed,
}
