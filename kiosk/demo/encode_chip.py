"""Files of electronic policies for the invented people: what a virtual card holds.

Written from the description of the format alone, without the decoder or its TLV reader, so that
they can be checked against each other. Signatures and certificates are made up: no key for them
exists.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from kiosk.policy.model import Sex

if TYPE_CHECKING:
    from datetime import date

    from kiosk.demo.people import Person

FAKE_CERTIFICATE: Final = b"\x30\x82\x02\x54" + hashlib.shake_256(b"certificate").digest(0x254)
"""The size and first bytes of a DER certificate, and nothing of it inside."""


def tlv(tag: int, value: bytes, *, length_bytes: int | None = None) -> bytes:
    """One BER-TLV object with a definite length (ISO/IEC 7816-4 §5.2.2).

    The length takes the fewest bytes, or `length_bytes` behind an 8x byte (0: the short form), as
    some cards pad it. ValueError if it does not fit.
    """
    size = len(value)
    if length_bytes is None:
        length_bytes = 0 if size < 0x80 else (size.bit_length() + 7) // 8
    if length_bytes == 0:
        if size >= 0x80:
            raise ValueError("the short form holds lengths up to 127")
        length = bytes([size])
    else:
        length = bytes([0x80 | length_bytes]) + _big_endian(size, length_bytes)
    return _big_endian(tag, (tag.bit_length() + 7) // 8) + length + value


def bcd(day: date) -> bytes:
    """A date as the chip holds it: DDMMYYYY, two digits a byte."""
    return bytes.fromhex(day.strftime("%d%m") + f"{day.year:04}")


def holder_file(person: Person, *, photo: bytes | None = None, snils: bool = False) -> bytes:
    """The holder file (0201) of a person, in the order of real cards; photo and SNILS on request.

    An unlimited policy has its expiry written as zero, an absent patronymic has no object.
    """
    parts = [
        tlv(0x5F21, person.surname.encode()),
        tlv(0x5F22, person.given_name.encode()),
        tlv(0x5F23, person.patronymic.encode()) if person.patronymic is not None else b"",
        tlv(0x5F24, bcd(person.birth_date)),
        tlv(0x5F25, b"\x01" if person.sex is Sex.MALE else b"\x02"),
        tlv(0x5F26, person.enp.encode()),
        tlv(0x5F27, person.snils.encode()) if snils else b"",
        tlv(0x5F28, bcd(person.expiry_date) if person.expiry_date else bytes(4)),
        tlv(0x5F29, person.birth_place.encode()),
        tlv(0x5F2A, bcd(person.issue_date)),
        _citizenship(person),
    ]
    if photo is not None:
        kind = b"JPEG" if photo.startswith(b"\xff\xd8") else b"JP2"
        parts.append(tlv(0x7F40, tlv(0x5F41, kind) + tlv(0x5F42, photo)))
    return tlv(0x62, b"".join(parts))


def insurer_file(
    person: Person,
    *,
    end: date | None = None,
    signature: bytes | None = None,
    certificate: bytes = FAKE_CERTIFICATE,
) -> bytes:
    """The insurer file of a person; `end` once another insurer has followed.

    The made-up signature has the 64 bytes of GOST R 34.10; `signature=b""` leaves the signature
    object out.
    """
    signed = insurer_content(person, end=end)
    if signature is None:
        signature = hashlib.sha512(signed).digest()
    if signature:
        signed += tlv(0x7F60, tlv(0x5F61, signature) + tlv(0x5F62, certificate))
    return tlv(0x64, signed)


def insurer_content(person: Person, *, end: date | None = None) -> bytes:
    """What a signature covers of the insurer file: its objects, without the signature's own."""
    return (
        tlv(0x5F51, person.insurer.ogrn.encode())
        + (tlv(0x5F52, person.insurer.okato.encode()) if person.insurer.okato else b"")
        + tlv(0x5F53, bcd(person.insured_since))
        + tlv(0x5F54, bcd(end) if end else b"")
    )


def _citizenship(person: Person) -> bytes:
    country = person.citizenship
    if country is None:
        return b""
    name = tlv(0x5F32, country.name.encode()) if country.name is not None else b""
    return tlv(0x7F30, tlv(0x5F31, country.code.encode()) + name)


def _big_endian(value: int, size: int) -> bytes:
    try:
        return value.to_bytes(size, "big")
    except OverflowError:
        raise ValueError(f"{value} does not fit {size} bytes") from None
