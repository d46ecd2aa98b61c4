"""Numbers of policies and documents that were typed by hand, in the ways that people write them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypedDict, Unpack

from kiosk.policy import enp
from kiosk.policy.mistaken import number_of_11
from kiosk.policy.model import (
    FormatError,
    FormatReason,
    PolicyFormat,
    PresentedPolicy,
    Sex,
    Source,
)
from kiosk.policy.numbers import compact_snils, is_digits, joined, snils_ok
from offline_cache.normalise import fold_twins

if TYPE_CHECKING:
    from datetime import date


class Names(TypedDict, total=False):
    """A person's names, as far as they were typed."""

    surname: str | None
    given_name: str | None
    patronymic: str | None


class Person(Names, total=False):
    """Who presents a document, as far as it was typed."""

    birth_date: date | None


MAX_TYPED: Final = 100
"""Most characters of a typed number, with all its marks."""

CERTIFICATE_LENGTH: Final = 9
"""Digits of a temporary certificate."""

_PASSPORT_LENGTH: Final = 10
# "N" is a sign only where it stands apart: it may be a letter of a series, too.
_NUMBER_SIGN: Final = r"(?:\s*[№#]\s*|(?:(?<=[0-9\s])|(?<=-))N[OО]?[.º°]?\s*)"
_OLD_POLICY: Final = re.compile(
    rf"(?P<series>[0-9A-ZА-ЯЁ][0-9A-ZА-ЯЁ /.\-]{{0,15}}?)(?:{_NUMBER_SIGN}|\s+|(?<=[A-ZА-ЯЁ]))"
    "(?P<number>[0-9]+)"
)
_NUMBER_ALONE: Final = re.compile(rf"(?:{_NUMBER_SIGN}|NO?\s*)?(?P<number>[0-9]+)")
_MAX_OLD_NUMBER: Final = 20

# Roman numerals are typed on Russian keyboards with the letters that look like them.
_ROMAN_TWINS: Final = str.maketrans("1ІУХ", "IIVX")
_ROMAN: Final = re.compile(r"X{0,3}(?:IX|IV|V?I{0,3})")
_BIRTH_CERTIFICATE: Final = re.compile(
    r"(?P<roman>[I1ІVУXХ]{1,8})[\s\u2010-\u2015\u2212-]*(?P<letters>[A-ZА-ЯЁ]{2})"
    r"[\s\u2010-\u2015\u2212-]*(?:[№#]|N[OО]?[.º°]?)?\s*(?P<number>[0-9]{6})"
)
_PASSPORT_MARKS: Final = re.compile(r"[№#]|N[OО]?[.º°]?")
_CYRILLIC: Final = re.compile("[А-ЯЁ]+")


def typed(
    number: str,
    *,
    sex: Sex | None = None,
    issue_date: date | None = None,
    **person: Unpack[Person],
) -> PresentedPolicy:
    """A policy (16 digits) or temporary certificate (9); groups may be apart.

    As with a card or barcode, the check digit is left to the verdict.

    Raises:
        FormatError: SNILS or BLANK_NUMBER (11 digits), LENGTH (another count of digits), or VALUE
            (something else than digits).
    """
    _check_length(number)
    digits = joined(number)
    if digits and not is_digits(digits, len(digits)):
        raise FormatError(FormatReason.VALUE, "a policy number has digits only")
    mistake = number_of_11(number) or number_of_11(digits)
    if mistake is not None:
        raise mistake
    if len(digits) not in {enp.LENGTH, CERTIFICATE_LENGTH}:
        raise FormatError(
            FormatReason.LENGTH,
            f"a policy number has {enp.LENGTH} digits, that of a temporary certificate"
            f" {CERTIFICATE_LENGTH}, not {len(digits)}",
        )
    return PresentedPolicy(
        Source.TYPED,
        PolicyFormat.TYPED,
        digits if len(digits) == enp.LENGTH else None,
        temporary_certificate=digits if len(digits) == CERTIFICATE_LENGTH else None,
        sex=sex,
        issue_date=issue_date,
        **person,
    )


def typed_old_policy(text: str, **person: Unpack[Person]) -> PresentedPolicy:
    """A policy from before 2011-05-01: `<series> № <number>`, or its number alone.

    For № there may stand N, No, #, a space, or nothing behind a letter.

    Raises:
        FormatError: VALUE (no series and number), LENGTH (a number too long).
    """
    _check_length(text)
    plain = text.strip().upper()
    match = _NUMBER_ALONE.fullmatch(plain) or _OLD_POLICY.fullmatch(plain)
    if match is None:
        raise FormatError(
            FormatReason.VALUE, "an old policy has a series and a number: <series> № <number>"
        )
    number = match["number"]
    if len(number) > _MAX_OLD_NUMBER:
        raise FormatError(
            FormatReason.LENGTH, f"an old policy's number of {len(number)} digits is too long"
        )
    series = " ".join(match.groupdict("").get("series", "").split()).rstrip(" -./")
    return PresentedPolicy(
        Source.TYPED,
        PolicyFormat.TYPED,
        old_policy=f"{series} № {number}" if series else number,
        **person,
    )


def typed_snils(snils: str, birth_date: date, **names: Unpack[Names]) -> PresentedPolicy:
    """A person without a policy, by SNILS and birth date.

    Raises:
        FormatError: VALUE (not digits), LENGTH (not 11 digits), CHECK_DIGIT (wrong check number).
    """
    _check_length(snils)
    digits = compact_snils(snils) or joined(snils)
    if digits and not is_digits(digits, len(digits)):
        raise FormatError(FormatReason.VALUE, "a SNILS has digits only")
    if len(digits) != 11:
        raise FormatError(FormatReason.LENGTH, f"a SNILS has 11 digits, not {len(digits)}")
    if not snils_ok(digits):
        raise FormatError(FormatReason.CHECK_DIGIT, "a SNILS with a wrong check number")
    return PresentedPolicy(
        Source.TYPED,
        PolicyFormat.TYPED,
        snils=digits,
        birth_date=birth_date,
        **names,
    )


def typed_passport(text: str, **person: Unpack[Person]) -> PresentedPolicy:
    """A person without a policy, by the Russian passport: 4 digits and 6, in any grouping.

    Raises:
        FormatError: VALUE (not digits), LENGTH (not 10 digits).
    """
    _check_length(text)
    digits = joined("".join(_PASSPORT_MARKS.sub("", text.upper()).split()))
    if digits and not is_digits(digits, len(digits)):
        raise FormatError(FormatReason.VALUE, "series and number of a passport have digits only")
    if len(digits) != _PASSPORT_LENGTH:
        raise FormatError(
            FormatReason.LENGTH,
            f"series and number of a passport have {_PASSPORT_LENGTH} digits, not {len(digits)}",
        )
    return PresentedPolicy(
        Source.TYPED,
        PolicyFormat.TYPED,
        identity_document=f"{digits[:4]} № {digits[4:]}",
        **person,
    )


def typed_birth_certificate(text: str, **person: Unpack[Person]) -> PresentedPolicy:
    """A child without a policy, by the Russian birth certificate: `II-АК № 123456`.

    The Roman numeral is given with Latin letters and the two others with Cyrillic ones, however
    they were typed.

    Raises:
        FormatError: VALUE (another shape, or no Roman numeral).
    """
    _check_length(text)
    match = _BIRTH_CERTIFICATE.fullmatch(text.strip().upper())
    if match is None:
        raise FormatError(
            FormatReason.VALUE,
            "a birth certificate has a Roman numeral, two letters and six digits",
        )
    roman, letters = match["roman"].translate(_ROMAN_TWINS), fold_twins(match["letters"])
    if _ROMAN.fullmatch(roman) is None:
        raise FormatError(FormatReason.VALUE, "a birth certificate begins with a Roman numeral")
    if _CYRILLIC.fullmatch(letters) is None:
        raise FormatError(FormatReason.VALUE, "the letters of a birth certificate are Cyrillic")
    return PresentedPolicy(
        Source.TYPED,
        PolicyFormat.TYPED,
        identity_document=f"{roman}-{letters} № {match['number']}",
        **person,
    )


def _check_length(text: str) -> None:
    if len(text) > MAX_TYPED:
        raise FormatError(
            FormatReason.LENGTH, f"{len(text)} characters, at most {MAX_TYPED} are accepted"
        )
