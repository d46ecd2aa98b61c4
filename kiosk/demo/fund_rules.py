"""Rules for numbers that the sample fund checks in questions of both protocols.

Written from the published rules, without the kiosk's checks, so that the two sides can disagree.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from kiosk.demo.fund_messages import wrong_value
from kiosk.demo.people import luhn_digit, make_snils

_PASSPORT: Final = re.compile(r"[0-9]{4} № [0-9]{6}")
_SHAPES: Final = {
    "14": _PASSPORT,
    "3": re.compile(r"[IVXLC]{1,8}-[А-Я]{2} № [0-9]{6}"),
    "9": re.compile(r"(?:[0-9A-Z]{1,8} № )?[0-9A-Z]{5,14}"),
    "11": re.compile(r"(?:[0-9]{2} № )?[0-9]{7}"),
    "23": re.compile(r"(?:[0-9A-ZА-Я-]{1,10} № )?[0-9]{3,12}"),
}
"""Documents by type (FFOMS F011) as `<series> № <number>`."""
_MONTHS_ADDED: Final = ((20, 1900, 1950), (40, 1951, 2000), (0, 2001, 2099))


def check_enp(enp: str) -> None:
    """Check digit and coded birth date of 16 digits.

    Raises:
        RefusedError: one of them is wrong.
    """
    if luhn_digit(enp[:-1]) != enp[-1]:
        raise wrong_value("ENP: check digit")
    coded = "".join(str(9 - int(digit)) for digit in enp[2:10])
    month, year, day = int(coded[:2]), int(coded[2:6][::-1]), int(coded[6:8]) % 50
    added = [add for add, first, last in _MONTHS_ADDED if first <= year <= last]
    try:
        date(year, month - added[0], day)
    except (ValueError, IndexError):
        raise wrong_value("ENP: coded birth date") from None


def check_snils(snils: str) -> None:
    """Check number of 11 digits.

    Raises:
        RefusedError: it is wrong.
    """
    if make_snils(int(snils[:9])) != snils:
        raise wrong_value("SNILS: check number")


def check_document(kind: str, document: str) -> None:
    """Shape of `<series> № <number>` for the type of document.

    Raises:
        RefusedError: another shape, or that of the passport under another type.
    """
    shape = _SHAPES[kind]
    if shape.fullmatch(document) is None or (
        shape is not _PASSPORT and _PASSPORT.fullmatch(document)
    ):
        raise wrong_value("identity document: type and shape differ")
