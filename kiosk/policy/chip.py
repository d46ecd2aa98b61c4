"""The chip of an electronic policy: two BER-TLV files, holder (62) and insurer (64).

Strict: a tag that comes twice, a length that lies, a date that is none or text that is not UTF-8
make the file unreadable. Unknown tags are passed over, since files may grow. Tags as in
the application of the electronic policy (`FOMS_ID`, `FOMS_INS`); their order is not relied on.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Final

from drivers.ber_tlv import Tlv, TlvError, parse, root, skip_padding
from kiosk.policy.model import (
    Citizenship,
    FormatError,
    FormatReason,
    InsurerPeriod,
    Photo,
    PolicyFormat,
    PresentedPolicy,
    Sex,
    Signature,
    Smo,
    Source,
)
from kiosk.policy.numbers import compact_snils, is_digits
from kiosk.policy.signed_range import signed_ranges

if TYPE_CHECKING:
    from collections.abc import Sequence

HOLDER_ROOT: Final = 0x62
INSURER_ROOT: Final = 0x64
PHOTO: Final = 0x7F40
"""The photo object, last in the holder file and not needed for a verdict."""
SIGNATURE: Final = 0x7F60
"""The signature object, last in the insurer file and not needed for a verdict."""

MAX_NAME: Final = 100
"""Most characters of one part of a name."""
MAX_TEXT: Final = 250
"""Most characters of any other text."""

# One byte in the cards that are known; the digit as a character costs nothing to accept.
_SEXES: Final = {b"\x01": Sex.MALE, b"\x02": Sex.FEMALE, b"1": Sex.MALE, b"2": Sex.FEMALE}

_IMAGE_KINDS: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"\xff\x4f\xff\x51", "image/jp2"),
)
"""First bytes: JPEG (ISO/IEC 10918-1 B.1.1.3), JPEG 2000 file and codestream (ISO/IEC 15444-1)."""


def decode_chip(holder: bytes, insurer: bytes | None, *, complete: bool = True) -> PresentedPolicy:
    """Decode the contents of a card's two files, each from the first byte of its TLV.

    The holder file must have the ENP, the birth date and a surname or given name; the insurer
    file, if there is one, the OGRN. With `complete=False` the files may end inside the photo (7F40)
    and the signature (7F60), which are then None.

    Raises:
        FormatError: names the file and the offset in it; the insurer file's faults, too, so that
            callers who can do without it decode again with None.
    """
    person = _File.read("holder", holder, HOLDER_ROOT, None if complete else PHOTO)
    if insurer is None:
        return _policy(person, None, None)
    period = _File.read("insurer", insurer, INSURER_ROOT, None if complete else SIGNATURE)
    return _policy(person, _insurer(period), _signature(period, insurer))


@dataclass(frozen=True, slots=True)
class _File:
    """The objects of one file by tag; every fault it finds names the file and the offset."""

    name: str
    objects: dict[int, Tlv]

    @classmethod
    def read(cls, name: str, data: bytes, tag: int, cut_at: int | None) -> _File:
        """Parse the root object; `cut_at` is the tag inside which the data may end."""
        if not data:
            raise FormatError(FormatReason.LENGTH, f"{name} file: empty", offset=0)
        try:
            found = root(data, tag, stop_at=frozenset(() if cut_at is None else (cut_at,)))
        except TlvError as error:
            raise _structure(name, error) from None
        return cls(name, _by_tag(found))

    def nested(self, tag: int) -> _File:
        """The objects inside a constructed one; none if it is absent."""
        outer = self.objects.get(tag)
        if outer is None:
            return _File(self.name, {})
        try:
            found = parse(outer.value, base=outer.value_offset, unique=True)
        except TlvError as error:
            raise _structure(self.name, error) from None
        return _File(self.name, _by_tag(found))

    def value(self, tag: int) -> bytes | None:
        """The raw bytes; None if absent or empty."""
        found = self.objects.get(tag)
        return found.value or None if found else None

    def text(self, tag: int, limit: int) -> str | None:
        """UTF-8 text without outer spaces, of at most `limit` characters; None if empty."""
        found = self.objects.get(tag)
        if found is None:
            return None
        try:
            text = found.value.decode("utf-8")
        except UnicodeDecodeError as error:
            raise self.bad(f"{tag:X} is not UTF-8", found.value_offset + error.start) from None
        if len(text) > limit:
            raise FormatError(
                FormatReason.LENGTH,
                f"{self.name} file: {tag:X} has {len(text)} characters, at most {limit} may be",
                offset=found.value_offset,
            )
        for place, character in enumerate(text):
            # Control and format characters would steer what a screen or terminal shows.
            if unicodedata.category(character) in {"Cc", "Cf", "Co", "Cn", "Zl", "Zp"}:
                before = len(text[:place].encode())
                raise self.bad(f"{tag:X} has a control character", found.value_offset + before)
        return text.strip(" ") or None

    def digits(self, tag: int, length: int) -> str | None:
        """Text of exactly `length` digits; None if absent or empty."""
        text = self.text(tag, MAX_TEXT)
        if text is None or is_digits(text, length):
            return text
        raise self.bad(f"{tag:X} is not {length} digits", self.objects[tag].value_offset)

    def date(self, tag: int, *, zero_is_none: bool = False) -> date | None:
        """A date in BCD, DDMMYYYY, 4 bytes; None if absent or empty."""
        found = self.objects.get(tag)
        if found is None or not found.value:
            return None
        if zero_is_none and not any(found.value):
            return None
        digits = found.value.hex()
        if len(digits) == 8 and digits.isdecimal():
            try:
                return date(int(digits[4:]), int(digits[2:4]), int(digits[:2]))
            except ValueError:
                pass
        raise self.bad(f"{tag:X} is not a date in BCD, DDMMYYYY", found.value_offset)

    def bad(self, message: str, offset: int) -> FormatError:
        """A value that cannot be, at `offset` of the file."""
        return FormatError(FormatReason.VALUE, f"{self.name} file: {message}", offset=offset)

    def missing(self, what: str) -> FormatError:
        """An object that must be there and is not, or is empty."""
        return FormatError(FormatReason.STRUCTURE, f"{self.name} file: no {what}")


def _by_tag(objects: Sequence[Tlv]) -> dict[int, Tlv]:
    return {found.tag: found for found in objects}


def _structure(name: str, error: TlvError) -> FormatError:
    return FormatError(FormatReason.STRUCTURE, f"{name} file: {error.reason}", offset=error.offset)


def _policy(
    person: _File, insurer: InsurerPeriod | None, signature: Signature | None
) -> PresentedPolicy:
    surname, given_name = person.text(0x5F21, MAX_NAME), person.text(0x5F22, MAX_NAME)
    if surname is None and given_name is None:
        raise person.missing("surname (5F21) and no given name (5F22)")
    enp = person.digits(0x5F26, 16)
    if enp is None:
        raise person.missing("ENP (5F26)")
    birth_date = person.date(0x5F24)
    if birth_date is None:
        raise person.missing("birth date (5F24)")
    expiry_date = person.date(0x5F28, zero_is_none=True)
    if expiry_date is not None and expiry_date < birth_date:
        raise person.bad("expiry before birth", person.objects[0x5F28].value_offset)
    return PresentedPolicy(
        source=Source.CHIP,
        format=PolicyFormat.CHIP,
        enp=enp,
        surname=surname,
        given_name=given_name,
        patronymic=person.text(0x5F23, MAX_NAME),
        birth_date=birth_date,
        sex=_sex(person),
        snils=_snils(person),
        birth_place=person.text(0x5F29, MAX_TEXT),
        citizenship=_citizenship(person.nested(0x7F30)),
        issue_date=person.date(0x5F2A),
        expiry_date=expiry_date,
        insurer=insurer,
        photo=_photo(person.nested(PHOTO)),
        signature=signature,
    )


def _sex(person: _File) -> Sex | None:
    coded = person.value(0x5F25)
    if coded is None:
        return None
    if coded not in _SEXES:
        raise person.bad("5F25 is neither 1 nor 2", person.objects[0x5F25].value_offset)
    return _SEXES[coded]


def _snils(person: _File) -> str | None:
    """The SNILS in its shape; whether its check number holds says nothing about the policy."""
    text = person.text(0x5F27, MAX_TEXT)
    if text is None:
        return None
    digits = compact_snils(text)
    if digits is None:
        raise person.bad("5F27 is not 11 digits", person.objects[0x5F27].value_offset)
    return digits


def _citizenship(country: _File) -> Citizenship | None:
    """Code of three characters (ГОСТ 7.67) and name; stateless people have neither."""
    code = country.text(0x5F31, MAX_TEXT)
    if code is None:
        return None
    if len(code) != 3:
        at = country.objects[0x5F31].value_offset
        raise country.bad("5F31 is not a country code of three characters", at)
    return Citizenship(code, country.text(0x5F32, MAX_TEXT))


def _photo(photo: _File) -> Photo | None:
    """The photo by its own first bytes: the format object (5F41) has no fixed vocabulary."""
    data = photo.value(0x5F42)
    if data is None:
        return None
    kinds = (mime for start, mime in _IMAGE_KINDS if data.startswith(start))
    return Photo(next(kinds, "application/octet-stream"), data)


def _signature(period: _File, data: bytes) -> Signature | None:
    """Signature and certificate of the insurer block; None where the file has none (yet)."""
    inside = period.nested(SIGNATURE)
    value = inside.value(0x5F61)
    if value is None:
        return None
    # Padding before the root is no part of the object, and none of what is signed.
    start, at = skip_padding(data), period.objects[SIGNATURE]
    moved = replace(at, offset=at.offset - start, value_offset=at.value_offset - start)
    return Signature(value, signed_ranges(data[start:], moved), inside.value(0x5F62))


def _insurer(period: _File) -> InsurerPeriod:
    """The insurer that the card names; an empty end means that it still was the insurer."""
    ogrn = period.digits(0x5F51, 13)
    if ogrn is None:
        raise period.missing("OGRN (5F51)")
    begin, end = period.date(0x5F53), period.date(0x5F54, zero_is_none=True)
    if begin is not None and end is not None and end < begin:
        raise period.bad("end before begin", period.objects[0x5F54].value_offset)
    return InsurerPeriod(Smo(ogrn, period.digits(0x5F52, 5)), begin, end)
