"""Barcodes of paper policies for the invented people: the 130 bytes that a scanner sends.

Written from the description of the format alone, to check the decoder against: bits are laid out
as text, where the decoder shifts integers.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import TYPE_CHECKING, Final

from kiosk.policy.model import Sex

if TYPE_CHECKING:
    from kiosk.demo.people import Person

NAME_CHARACTERS: Final = {1: 56, 2: 68}
"""Length of the name field, separators included, by type."""

_CODES: Final = {
    " ": 0,
    ".": 1,
    "-": 2,
    "'": 3,
    "‘": 3,
    "’": 3,
    "|": 63,
    **{digit: code for code, digit in enumerate("0123456789", start=4)},
    **{letter: code for code, letter in enumerate("АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩ", start=14)},
    **{letter: code for code, letter in enumerate("ЬЪЫЭЮЯ", start=41)},
}


def encode(
    person: Person,
    *,
    kind: int = 1,
    signature: bytes | None = None,
    patronymic_separator: bool = True,
) -> bytes:
    """The 130 bytes of a person's barcode, type 0x01 or 0x02 (`kind`).

    The signature (65 bytes) is a made-up one unless given: nobody can verify it, as nobody can
    verify real ones. Without a patronymic its separator may be left out, as on some policies.

    Raises:
        ValueError: a name too long for the type, a character that the format lacks, or a date
            outside 1900-01-01 to 2079-06-06.
    """
    if kind not in NAME_CHARACTERS:
        raise ValueError("barcodes have type 1 or 2")
    body = (
        bytes([kind])
        + int(person.enp).to_bytes(8, "big")
        + _name(person, kind, separator=patronymic_separator)
        + (b"\x01" if person.sex is Sex.MALE else b"\x02")
        + _days(person.birth_date)
        + (_days(person.expiry_date) if person.expiry_date else b"\0\0")
    )
    if kind == 1:
        body += int(person.insurer.ogrn).to_bytes(6, "big")
        body += int(person.insurer.okato or "0").to_bytes(3, "big")
    signature = b"\x01" + hashlib.sha512(body).digest() if signature is None else signature
    if len(signature) != 65:
        raise ValueError("a barcode's signature has 65 bytes")
    return body + signature


def _name(person: Person, kind: int, *, separator: bool) -> bytes:
    first, second = person.surname, person.given_name
    if kind == 1:
        first, second = second, first
    text = f"{first}|{second}"
    if person.patronymic is not None or separator:
        text += f"|{person.patronymic or ''}"
    size = NAME_CHARACTERS[kind]
    if len(text) > size:
        raise ValueError(f"a name of {len(text)} characters, barcode {kind} holds {size}")
    text = text.ljust(size)
    return _pack(text) if kind == 2 else bytes(reversed(_pack(text[::-1])))


def _pack(text: str) -> bytes:
    """Six bits a character, most significant first."""
    try:
        bits = "".join(f"{_CODES[character]:06b}" for character in text)
    except KeyError as error:
        raise ValueError(f"the barcode's alphabet has no {error.args[0]!r}") from None
    return bytes(int(bits[start : start + 8], 2) for start in range(0, len(bits), 8))


def _days(day: date) -> bytes:
    days = (day - date(1900, 1, 1)).days
    if not 0 <= days <= 0xFFFF:
        raise ValueError("barcodes hold dates from 1900-01-01 to 2079-06-06")
    return days.to_bytes(2, "big")
