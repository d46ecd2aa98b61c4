"""The barcode of a paper policy: 130 bytes, types 0x01 and 0x02.

PDF417 (ISO/IEC 15438) in byte compaction; the layouts are those on which independent readers of
paper policies agree. Fields stand at fixed offsets, big-endian. Names reach up to the end of their
field, so nothing here guesses where a name ends. The signature is handed on as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from kiosk.policy.model import (
    FormatError,
    FormatReason,
    InsurerPeriod,
    PolicyFormat,
    PresentedPolicy,
    Sex,
    Signature,
    SignedRange,
    Smo,
    Source,
)

SIZE: Final = 130
"""Bytes of a barcode of either type."""

SIGNATURE_AT: Final = 65
"""Offset of the signature (65 bytes), which covers everything before it."""

_RESERVED: Final = "\ufffd"
# Code 3 is an apostrophe, printed as ‘ on policies. Ь stands before Ъ, unlike in the alphabet.
_ALPHABET: Final = " .-‘0123456789АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЬЪЫЭЮЯ".ljust(63, _RESERVED) + "|"
_BITS: Final = 6
_EPOCH: Final = date(1900, 1, 1)
_ENP_AT: Final = 1
_NAME_AT: Final = 9
_SEXES: Final = {1: Sex.MALE, 2: Sex.FEMALE}


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the fields of one type stand."""

    format: PolicyFormat
    sex_at: int
    """Also the end of the name field, which begins at 9."""
    birth_at: int
    expiry_at: int
    insurer_at: int | None
    backwards: bool
    """Type 0x01 reverses the string `given|surname|patronymic`, and the packed bytes again."""


_LAYOUTS: Final = {
    0x01: _Layout(PolicyFormat.BARCODE_01, 51, 52, 54, 56, backwards=True),
    0x02: _Layout(PolicyFormat.BARCODE_02, 60, 61, 63, None, backwards=False),
}


def decode_barcode(payload: bytes) -> PresentedPolicy:
    """Decode the 130 bytes of a paper policy's barcode.

    A patronymic may be missing, with its separator or without. A person with a single name has the
    other part empty, but its separator stands there.

    Raises:
        FormatError: another length or type, or a value that cannot be; with its offset.
    """
    if len(payload) != SIZE:
        raise FormatError(
            FormatReason.LENGTH, f"a policy barcode has {SIZE} bytes, not {len(payload)}"
        )
    layout = _LAYOUTS.get(payload[0])
    if layout is None:
        raise _bad(FormatReason.STRUCTURE, f"unknown barcode type {payload[0]:#04x}", 0)
    enp = _number(payload, _ENP_AT, 8, digits=16, name="ENP")
    if enp is None:
        raise _bad(FormatReason.VALUE, "ENP is zero", _ENP_AT)
    surname, given_name, patronymic = _name(payload, layout)
    birth_date = _days(payload, layout.birth_at)
    return PresentedPolicy(
        source=Source.BARCODE,
        format=layout.format,
        enp=enp,
        surname=surname,
        given_name=given_name,
        patronymic=patronymic,
        birth_date=birth_date,
        sex=_sex(payload, layout.sex_at),
        expiry_date=_expiry(payload, layout.expiry_at, birth_date),
        insurer=_insurer(payload, layout.insurer_at),
        signature=Signature(
            payload[SIGNATURE_AT:], (SignedRange("barcode", payload[:SIGNATURE_AT]),)
        ),
    )


def _bad(reason: FormatReason, message: str, offset: int) -> FormatError:
    return FormatError(reason, message, offset=offset)


def _number(payload: bytes, at: int, size: int, *, digits: int, name: str) -> str | None:
    """An unsigned integer as `digits` decimal digits, zero-padded; None for zero."""
    value = int.from_bytes(payload[at : at + size], "big")
    if value >= 10**digits:
        raise _bad(FormatReason.VALUE, f"{name} has more than {digits} digits", at)
    return f"{value:0{digits}}" if value else None


def _name(payload: bytes, layout: _Layout) -> tuple[str | None, str | None, str | None]:
    """Surname, given name, patronymic; None for an empty one."""
    text = _unpack(payload, layout)
    parts = [part.strip(" ") or None for part in text.split("|")]
    if len(parts) == 1:
        raise _bad(FormatReason.STRUCTURE, "name without separators", _NAME_AT)
    if len(parts) > 3:
        raise _bad(FormatReason.STRUCTURE, "name of more than three parts", _NAME_AT)
    first, second, patronymic = parts if len(parts) == 3 else (*parts, None)
    if first is None and second is None:
        raise _bad(FormatReason.VALUE, "neither surname nor given name", _NAME_AT)
    return (second, first, patronymic) if layout.backwards else (first, second, patronymic)


def _unpack(payload: bytes, layout: _Layout) -> str:
    """The name field as text: 6-bit characters, most significant bit first."""
    packed = payload[_NAME_AT : layout.sex_at]
    if layout.backwards:
        packed = packed[::-1]
    bits = int.from_bytes(packed, "big")
    shifts = range(len(packed) * 8 - _BITS, -1, -_BITS)
    text = "".join([_ALPHABET[bits >> shift & 0x3F] for shift in shifts])
    place = text.find(_RESERVED)
    if place >= 0:
        byte = place * _BITS // 8
        at = layout.sex_at - 1 - byte if layout.backwards else _NAME_AT + byte
        raise _bad(FormatReason.VALUE, "reserved character code in the name", at)
    return text[::-1] if layout.backwards else text


def _sex(payload: bytes, at: int) -> Sex:
    try:
        return _SEXES[payload[at]]
    except KeyError:
        raise _bad(FormatReason.VALUE, "sex is neither 1 nor 2", at) from None


def _days(payload: bytes, at: int) -> date:
    """Days since 1900-01-01, that day being 0; two bytes reach to 2079-06-06."""
    return _EPOCH + timedelta(days=int.from_bytes(payload[at : at + 2], "big"))


def _expiry(payload: bytes, at: int, birth_date: date) -> date | None:
    """The last day of validity; 0 means unlimited."""
    expiry = _days(payload, at)
    if expiry == _EPOCH:
        return None
    if expiry < birth_date:
        raise _bad(FormatReason.VALUE, "expiry before birth", at)
    return expiry


def _insurer(payload: bytes, at: int | None) -> InsurerPeriod | None:
    """OGRN (6 bytes) and OKATO (3 bytes); type 0x02 carries neither, and zero says nothing."""
    if at is None:
        return None
    ogrn = _number(payload, at, 6, digits=13, name="OGRN")
    okato = _number(payload, at + 6, 3, digits=5, name="OKATO")
    return InsurerPeriod(Smo(ogrn, okato)) if ogrn is not None else None
