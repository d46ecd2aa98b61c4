"""Codes that are scanned or typed by mistake, named so that people learn what to do instead."""

from __future__ import annotations

import re
from typing import Final

from kiosk.policy.model import FormatError, FormatReason
from kiosk.policy.numbers import (
    carries_snils_check,
    is_blank_number,
    ogrn_ok,
    product_code_ok,
)

MAX_TICKET: Final = 200
"""Most characters of a text that its words can make a ticket."""

_RUN: Final = re.compile("[0-9]+")
_HYPHENS: Final = "\u2010\u2011\u2012\u2013\u2212-"
_SNILS_AS_PRINTED: Final = re.compile(
    rf"(?<![0-9{_HYPHENS}])[0-9]{{3}}[{_HYPHENS}][0-9]{{3}}[{_HYPHENS}][0-9]{{3}}"
    rf"[\s{_HYPHENS}]?[0-9]{{2}}(?![0-9{_HYPHENS}])"
)
_OGRN_STARTS: Final = ("1", "5")
# Marked goods, medicines among them: GTIN behind its application identifier (GS1).
_MARKED_GOODS: Final = re.compile(r"\x1d?(?:\(01\)|01)0([0-9]{13})")
_TICKET_WORDS: Final = re.compile(r"\b(?:талон|ticket|очеред)", re.IGNORECASE)
_TICKET: Final = re.compile(rf"(?:№\s*)?[A-ZА-ЯЁ]{{1,3}}[\s{_HYPHENS}]?[0-9]{{1,4}}", re.IGNORECASE)


def mistake(text: str) -> FormatError | None:
    """The error that names what `text` is instead of a policy; None if it is nothing known."""
    plain = text.strip().strip("\ufeff").strip()
    if len(plain) <= MAX_TICKET and _TICKET_WORDS.search(plain):
        return FormatError(FormatReason.TICKET, "the ticket of a queue")
    found = number_of_11(plain)
    if found is not None:
        return found
    if any(run.startswith(_OGRN_STARTS) and ogrn_ok(run) for run in _RUN.findall(plain)):
        return FormatError(FormatReason.OGRN, "13 digits: the OGRN of a company")
    if _is_product(plain):
        return FormatError(FormatReason.PRODUCT_CODE, "the code of goods (EAN or UPC)")
    if _TICKET.fullmatch(plain):
        return FormatError(FormatReason.TICKET, "a letter and a number: the ticket of a queue")
    return None


def number_of_11(text: str) -> FormatError | None:
    """The error for a SNILS or the number of a blank in `text`; None if it holds neither.

    Bare 11 digits are a SNILS if the check number holds: of the numbers of blanks one in a hundred
    is taken for one, and the remedy is the same, the policy's 16 digits.
    """
    runs = [run for run in _RUN.findall(text) if is_blank_number(run)]
    if _SNILS_AS_PRINTED.search(text) or any(carries_snils_check(run) for run in runs):
        return FormatError(
            FormatReason.SNILS, "11 digits: a SNILS, which needs the birth date beside it"
        )
    if runs:
        return FormatError(
            FormatReason.BLANK_NUMBER,
            "11 digits: the number of the blank, not of the policy (16)",
        )
    return None


def _is_product(plain: str) -> bool:
    marked = _MARKED_GOODS.match(plain)
    return product_code_ok(plain) or (marked is not None and product_code_ok(marked[1]))
