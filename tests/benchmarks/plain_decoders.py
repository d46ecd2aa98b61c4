"""Decoders as they are often written: what those of `kiosk.policy` are measured against.

They decode good documents rightly and check nothing. The barcode goes through a string of bits; the
chip's tags are searched for as pairs of bytes, one-byte and longer lengths understood. A photo or a
name that happens to hold such a pair misleads the search; that is part of the approach.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

_ALPHABET = " .-‘0123456789АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЬЪЫЭЮЯ"
_EPOCH = date(1900, 1, 1)
_SEXES = {1: "male", 2: "female"}


@dataclass(frozen=True, slots=True)
class Plain:
    """What a policy says; empty text and None stand for what it does not say."""

    enp: str = field(repr=False)
    surname: str = field(repr=False)
    given_name: str = field(repr=False)
    patronymic: str = field(repr=False)
    birth_date: date | None = field(repr=False)
    sex: str = field(repr=False)
    expiry_date: date | None
    ogrn: str
    okato: str
    signature: bytes = field(repr=False)
    snils: str = field(default="", repr=False)
    birth_place: str = field(default="", repr=False)
    country: str = ""
    issue_date: date | None = None
    insured_since: date | None = None
    photo: bytes = field(default=b"", repr=False)


def barcode_by_bits(payload: bytes) -> Plain:
    """A barcode of 130 bytes, type 0x01 or 0x02."""
    first = payload[0] == 1
    name_end = 51 if first else 60
    packed = payload[9:name_end]
    if first:
        packed = packed[::-1]
    bits = "".join(f"{byte:08b}" for byte in packed)
    name = ""
    for at in range(0, len(bits), 6):
        code = int(bits[at : at + 6], 2)
        name += "|" if code == 63 else _ALPHABET[code]
    if first:
        name = name[::-1]
    parts = [*(part.strip() for part in name.split("|")), ""]
    dates = (payload[name_end + 1 : name_end + 3], payload[name_end + 3 : name_end + 5])
    born, expiry = (int("".join(f"{byte:08b}" for byte in packed), 2) for packed in dates)
    return Plain(
        enp=str(int("".join(f"{byte:08b}" for byte in payload[1:9]), 2)).zfill(16),
        surname=parts[1] if first else parts[0],
        given_name=parts[0] if first else parts[1],
        patronymic=parts[2],
        birth_date=_EPOCH + timedelta(days=born),
        sex=_SEXES[payload[name_end]],
        expiry_date=_EPOCH + timedelta(days=expiry) if expiry else None,
        ogrn=str(int.from_bytes(payload[56:62], "big")) if first else "",
        okato=str(int.from_bytes(payload[62:65], "big")).zfill(5) if first else "",
        signature=payload[65:],
    )


def chip_by_byte_pairs(holder: bytes, insurer: bytes) -> Plain:
    """Both files of a card."""
    return Plain(
        enp=_find(holder, 0x5F26).decode(),
        surname=_find(holder, 0x5F21).decode(),
        given_name=_find(holder, 0x5F22).decode(),
        patronymic=_find(holder, 0x5F23).decode(),
        birth_date=_day(_find(holder, 0x5F24)),
        sex=_SEXES[_find(holder, 0x5F25)[0]],
        expiry_date=_day(_find(holder, 0x5F28)),
        ogrn=_find(insurer, 0x5F51).decode(),
        okato=_find(insurer, 0x5F52).decode(),
        signature=_find(insurer, 0x5F61),
        snils=_find(holder, 0x5F27).decode("utf-8", "replace"),
        birth_place=_find(holder, 0x5F29).decode(),
        country=_find(holder, 0x5F31).decode("utf-8", "replace"),
        issue_date=_day(_find(holder, 0x5F2A)),
        insured_since=_day(_find(insurer, 0x5F53)),
        photo=_find(holder, 0x5F42),
    )


def _day(bcd: bytes) -> date | None:
    text = bcd.hex()
    return date(int(text[4:]), int(text[2:4]), int(text[:2])) if any(bcd) else None


def _find(data: bytes, tag: int) -> bytes:
    """The value behind the first pair of bytes that looks like `tag`; empty if there is none."""
    at = data.find(tag.to_bytes(2, "big"))
    if at < 0 or at + 3 > len(data):
        return b""
    length, start = data[at + 2], at + 3
    if length & 0x80:
        size = length & 0x7F
        length = int.from_bytes(data[start : start + size], "big")
        start += size
    return data[start : start + length]
