"""The ENP (единый номер полиса): check digit, birth date and sex inside it, ways to write it.

`SS MM YYYY DD NNNNN K`. SS: territory of first issue (F010 KOD_TF), which never changes when a
person moves. MM, YYYY, DD: month (+20 if born up to 1950, +40 if 1951 to 2000), digits of the year
reversed, day (+50 for men); each of the eight digits is then replaced by 9 minus itself. K: Luhn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from kiosk.policy.model import Sex
from kiosk.policy.numbers import is_digits, luhn_ok

LENGTH: Final = 16
"""Digits of an ENP."""

_COMPLEMENT: Final = str.maketrans("0123456789", "9876543210")
_MALE_DAYS: Final = 50
# What is added to the month, for births from the first to the last of these years. Nobody with a
# policy was born before 1900; the upper end only keeps absurd years out.
_MONTH_OFFSETS: Final = ((20, 1900, 1950), (40, 1951, 2000), (0, 2001, 2099))


@dataclass(frozen=True, slots=True)
class EnpCoding:
    """What an ENP says of its holder. Real ENPs outlive corrections of both: a hint, no proof."""

    birth_date: date = field(repr=False)
    sex: Sex = field(repr=False)


def check_digit_ok(number: str) -> bool:
    """Whether `number` is 16 digits with a right Luhn digit; if not, it was misread."""
    return is_digits(number, LENGTH) and luhn_ok(number)


def decode(number: str) -> EnpCoding | None:
    """The birth date and sex inside a 16-digit number; None if it codes no possible date."""
    if not is_digits(number, LENGTH):
        return None
    plain = number[2:10].translate(_COMPLEMENT)
    month, year, day = int(plain[:2]), int(plain[5:1:-1]), int(plain[6:])
    sex = Sex.MALE if day > _MALE_DAYS else Sex.FEMALE
    if sex is Sex.MALE:
        day -= _MALE_DAYS
    for offset, first, last in _MONTH_OFFSETS:
        if first <= year <= last:
            try:
                return EnpCoding(date(year, month - offset, day), sex)
            except ValueError:
                return None
    return None


def is_enp(number: str) -> bool:
    """Whether `number` passes Luhn and codes a possible date.

    Both, because other cards carry 16 digits with Luhn, too (bank cards; the St Petersburg ЕКП
    even begins with 78 like the ENPs of that city).
    """
    return check_digit_ok(number) and decode(number) is not None


def matches(number: str, birth_date: date | None, sex: Sex | None) -> bool | None:
    """Whether the number's coding agrees with the holder; None if nothing is there to compare.

    A soft comparison: an ENP stays as it is when a birth date or sex is corrected. A coding that
    is impossible agrees with nobody.
    """
    if birth_date is None and sex is None:
        return None
    coding = decode(number)
    if coding is None:
        return False
    return birth_date in (None, coding.birth_date) and sex in (None, coding.sex)


def territory(number: str) -> str:
    """The territory of first issue (F010 KOD_TF, 2 digits): neither OKATO nor today's place."""
    return number[:2]


def grouped(number: str) -> str:
    """The number for people: groups of four."""
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


def masked(number: str) -> str:
    """The number for screens that others see: its last four digits only."""
    return grouped("•" * (len(number) - 4) + number[-4:]) if len(number) > 4 else "•" * len(number)
