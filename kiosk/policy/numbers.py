"""Check digits and shapes of numbers: Luhn, SNILS, OGRN, goods, the blank's number.

The door to python-stdnum.
"""

from __future__ import annotations

import re
from typing import Final

from stdnum import ean, luhn
from stdnum.ru import ogrn

SEPARATORS: Final = " \u00a0\u2009\u202f\u2007+\u2010\u2011\u2012\u2013\u2212-"
"""What people and programs write between groups of digits.

Spaces (no-break, thin and narrow ones, too), hyphens, and + for a space in a URL's query.
"""

_SNILS_SHAPES: Final = re.compile(r"([0-9]{3})-?([0-9]{3})-?([0-9]{3})[ -]?([0-9]{2})")
_LAST_UNCHECKED_SNILS: Final = 1_001_998
_PRODUCT_LENGTHS: Final = frozenset({8, 12, 13})
"""EAN-8, UPC-A, EAN-13."""
_WITHOUT_SEPARATORS: Final = {ord(mark): None for mark in SEPARATORS}
_BLANK_NUMBER: Final = re.compile(r"[0-9]{11}")


def is_digits(text: str, length: int) -> bool:
    """Whether `text` is exactly `length` ASCII digits; `str.isdigit` takes other scripts' too."""
    return len(text) == length and text.isascii() and text.isdigit()


def joined(text: str) -> str:
    """A number as it is typed, in one run: no spaces around it, no separators of groups."""
    return text.strip().translate(_WITHOUT_SEPARATORS)


def luhn_ok(digits: str) -> bool:
    """Whether ASCII digits end in their Luhn check digit (ISO/IEC 7812-1 annex B)."""
    return bool(luhn.is_valid(digits))


def compact_snils(text: str) -> str | None:
    """The 11 digits of a SNILS written plainly or as `NNN-NNN-NNN CC`; None for other shapes."""
    match = _SNILS_SHAPES.fullmatch(text.strip())
    return "".join(match.groups()) if match else None


def snils_ok(digits: str) -> bool:
    """Whether 11 digits can be a SNILS: check number right, or too low a number to carry one.

    The pension fund's rule: sum of the nine digits weighted 9 to 1, modulo 101, 100 written as 00.
    Numbers up to 001-001-998 were given before the check existed.
    """
    if not is_digits(digits, 11):
        return False
    if int(digits[:9]) <= _LAST_UNCHECKED_SNILS:
        return True
    weighted = sum(int(digit) * (9 - place) for place, digit in enumerate(digits[:9]))
    return weighted % 101 % 100 == int(digits[9:])


def carries_snils_check(digits: str) -> bool:
    """Whether 11 digits hold a right check number, and are no SNILS from before it existed.

    Of any 11 digits about one in a hundred does, so this tells a SNILS from other numbers.
    """
    return snils_ok(digits) and int(digits[:9]) > _LAST_UNCHECKED_SNILS


def ogrn_ok(digits: str) -> bool:
    """Whether 13 digits are an OGRN: its first 12, modulo 11, modulo 10, give the last."""
    return is_digits(digits, 13) and bool(ogrn.is_valid(digits))


def product_code_ok(digits: str) -> bool:
    """Whether `digits` are an EAN-8, UPC-A or EAN-13 with a right check digit (GS1)."""
    length = len(digits)
    return length in _PRODUCT_LENGTHS and is_digits(digits, length) and bool(ean.is_valid(digits))


def is_blank_number(text: str) -> bool:
    """Whether `text` has the shape of the number of a policy blank (11 digits), which is no ENP."""
    return _BLANK_NUMBER.fullmatch(text) is not None
