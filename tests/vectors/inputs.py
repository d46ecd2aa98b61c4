"""The bytes and texts of the corpus: what a reader, a scanner or a keyboard delivers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from kiosk.demo.card import ATR_FOMS112, ATR_FOMSOMS
from kiosk.demo.encode_arkhangelsk import encode_arkhangelsk
from kiosk.demo.encode_barcode import encode
from kiosk.demo.encode_chip import holder_file, insurer_file, tlv
from kiosk.demo.encode_mrz import encode_foreign, encode_internal
from kiosk.demo.people import make_enp
from kiosk.policy.model import Sex

if TYPE_CHECKING:
    from kiosk.demo.people import Person
    from tests.vectors.cast import Member

_PHOTOS: Final = {
    "jpeg": b"\xff\xd8\xff\xe0" + bytes(60),
    "jp2": b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(84),
}
PHOTO_KINDS: Final = {"jpeg": ("image/jpeg", 64), "jp2": ("image/jp2", 96)}
_PARTS: Final = ("enp", "surname", "given_name", "patronymic")


@dataclass(frozen=True, slots=True)
class Presented:
    """One document: its person as printed, and what stands in `table.csv` of the way."""

    document: str
    member: Member
    person: Person
    text: str
    """The template of a text or typed number."""
    options: dict[str, str] = field(default_factory=dict)


def presented(document: str, member: Member, how: str) -> Presented:
    """Read the column `how`: `key=value` pairs between semicolons; of texts, behind a template."""
    text, _, pairs = how.rpartition("|") if _has_template(document) else ("", "", how)
    if _has_template(document) and "|" not in how:
        text, pairs = how, ""
    options = dict(pair.partition("=")[::2] for pair in pairs.split(";") if pair)
    changes: dict[str, Any] = {
        part: None if options[part] == "-" else options[part] for part in _PARTS if part in options
    }
    if "birth_date" in options:
        changes["birth_date"] = date.fromisoformat(options["birth_date"])
    if "insured_since" in options:
        changes["insured_since"] = date.fromisoformat(options["insured_since"])
    if "expiry" in options:
        changes["expiry_date"] = date.fromisoformat(options["expiry"])
    return Presented(document, member, replace(member.person, **changes), text, options)


def _has_template(document: str) -> bool:
    return document == "text" or document.startswith("typed-")


def make_input(shown: Presented) -> dict[str, Any]:
    """The vector's `input`."""
    if shown.document == "chip":
        return _chip(shown)
    if shown.document.startswith("barcode-"):
        return {"hex": _barcode(shown).hex()}
    if shown.document == "arkhangelsk":
        series, _, number = shown.member.keys["old"].partition(" № ")
        return {"hex": encode_arkhangelsk(shown.person, series=series, number=number).hex()}
    if shown.document == "mrz":
        return {"text": _mrz(shown)}
    return _text(shown)


def _chip(shown: Presented) -> dict[str, Any]:
    one, options = shown.person, shown.options
    photo = _PHOTOS.get(options.get("photo", ""))
    holder = holder_file(one, photo=photo, snils="snils" in options)
    end = date.fromisoformat(options["end"]) if "end" in options else None
    insurer: bytes | None = insurer_file(
        one, end=end, signature=b"" if "unsigned" in options else None
    )
    fault = options.get("fault", "")
    if fault.startswith("insurer-"):
        insurer = _insurer_fault(fault, one)
    else:
        holder = _holder_fault(fault, holder, one)
    atr = ATR_FOMS112 if options.get("atr") == "foms112" else ATR_FOMSOMS
    return {
        "atr": atr.hex(),
        "holder": holder.hex(),
        "insurer": insurer.hex() if insurer is not None else None,
        "complete": fault != "put-off",
    }


def _insurer_fault(fault: str, one: Person) -> bytes | None:
    good = insurer_file(one, signature=b"")
    ogrn = one.insurer.ogrn.encode()
    faults: dict[str, bytes | None] = {
        "insurer-missing": None,
        "insurer-cut": good[:-3],
        "insurer-ogrn": good.replace(ogrn, b"A" * 13),
        "insurer-root": b"\x65" + good[1:],
        "insurer-empty": b"",
    }
    return faults[fault]


def _holder_fault(fault: str, good: bytes, one: Person) -> bytes:
    born = one.birth_date
    bcd = bytes.fromhex(born.strftime("%d%m") + f"{born.year:04}")
    name = one.surname.encode()
    photo = good.find(b"\x7f\x40")
    faults = {
        "": good,
        "put-off": good[: photo + 12],
        "cut": good[:-10],
        "empty": b"",
        "root": b"\x63" + good[1:],
        "date": good.replace(bcd, bytes.fromhex("31022000")),
        "date-letters": good.replace(bcd, bytes.fromhex("0A0B1980")),
        "not-utf-8": good.replace(name, b"\xff" * len(name)),
        "control": good.replace(name, b"\x1b" * len(name)),
        "enp-letters": good.replace(one.enp.encode(), b"A" * 16),
        "sex": good.replace(b"\x5f\x25\x01\x01", b"\x5f\x25\x01\x03"),
        "bare": tlv(0x62, tlv(0x5F21, name)),
        "twice": tlv(0x62, tlv(0x5F21, name) * 2),
    }
    return faults[fault]


def _barcode(shown: Presented) -> bytes:
    one, options = shown.person, shown.options
    kind = int(shown.document[-1])
    code = encode(one, kind=kind, patronymic_separator="no_separator" not in options)
    code = _barcode_fault(options.get("fault", ""), code, kind)
    wrapped = {
        "": code,
        "cr": code + b"\r",
        "crlf": code + b"\r\n",
        "stx": b"\x02" + code,
        "aim": b"]L2" + code,
        "aim-doubled": b"]L1" + code.replace(b"\\", b"\\\\"),
        "hex": code.hex().upper().encode() + b"\r\n",
        "hex-spaced": code.hex(" ").encode(),
    }
    return wrapped[options.get("wrap", "")]


def _barcode_fault(fault: str, code: bytes, kind: int) -> bytes:
    sex_at, expiry_at = (51, 54) if kind == 1 else (60, 63)
    if fault == "":
        return code
    faults = {
        "type": b"\x03" + code[1:],
        "short": code[:-1],
        "torn": code[:70],
        "glued": code + code,
        "sex": code[:sex_at] + b"\x03" + code[sex_at + 1 :],
        "zero-enp": code[:1] + bytes(8) + code[9:],
        "reserved": code[:9] + b"\xff" * (sex_at - 9) + code[sex_at:],
        "no-separator": code[:9] + bytes(sex_at - 9) + code[sex_at:],
        "expiry": code[:expiry_at] + b"\x00\x01" + code[expiry_at + 2 :],
    }
    return faults[fault]


def _mrz(shown: Presented) -> str:
    options, paper = shown.options, shown.member.keys.get("paper", "")
    if "country" in options:
        expiry = shown.person.expiry_date or date(2031, 1, 1)
        lines = encode_foreign(
            shown.person,
            number=paper,
            country=options["country"],
            latin_name=options["latin"],
            expiry=expiry,
        )
    else:
        lines = encode_internal(shown.person, document=paper, issued=shown.person.issue_date)
    fault = options.get("fault", "")
    if fault == "digit":
        return lines[:-1] + str((int(lines[-1]) + 1) % 10)
    if fault == "short":
        return lines[:-1]
    return lines.replace("\r\n", "") if "joined" in options else lines


def numbers(shown: Presented) -> dict[str, str]:
    """What a template may name."""
    one, keys = shown.person, shown.member.keys
    enp, snils, certificate = one.enp, one.snils, keys.get("certificate", "")
    return {
        "enp": enp,
        "groups": " ".join(enp[at : at + 4] for at in range(0, 16, 4)),
        "hyphens": "-".join(enp[at : at + 4] for at in range(0, 16, 4)),
        "misread": enp[:-1] + str((int(enp[-1]) + 1) % 10),
        "snils": snils,
        "snils_printed": f"{snils[:3]}-{snils[3:6]}-{snils[6:9]} {snils[9:]}",
        "certificate": certificate,
        "certificate_groups": f"{certificate[:3]} {certificate[3:6]} {certificate[6:]}",
        "old": keys.get("old", ""),
        "paper": keys.get("paper", ""),
        "other": make_enp("77", date(1979, 11, 23), Sex.FEMALE, 70_000),
        "crlf": "\r\n",
    }


def _text(shown: Presented) -> dict[str, Any]:
    text = shown.text.format_map(numbers(shown))
    if shown.document == "text":
        return {"text": text}
    found: dict[str, Any] = {"text": text}
    if "issued" in shown.options:
        found["issue_date"] = shown.options["issued"]
    if "named" in shown.options or shown.document == "typed-snils":
        found["birth_date"] = shown.person.birth_date.isoformat()
    if "named" in shown.options:
        one = shown.person
        found |= {
            "surname": one.surname,
            "given_name": one.given_name,
            "patronymic": one.patronymic,
        }
    return found
