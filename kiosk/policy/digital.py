"""Policies in the text of a code: the digital policy, and whatever else a scanner reads as text.

By law the digital policy is "a unique sequence of symbols in machine-readable form"; what its code
contains is not published. So any text will do that holds one ENP, and only one: alone, in a URL, in
a sentence. A 16-digit number is believed only if it passes Luhn and the date coding, since bank
cards pass the first and the St Petersburg ЕКП the first two digits as well.

A text without an ENP is looked at as a whole: a temporary certificate, a passport's
machine-readable lines, a barcode from before 2011, or something scanned by mistake.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from kiosk.policy import enp
from kiosk.policy.arkhangelsk import decode_arkhangelsk, looks_like_arkhangelsk
from kiosk.policy.mistaken import mistake
from kiosk.policy.model import (
    FormatError,
    FormatReason,
    PolicyFormat,
    PresentedPolicy,
    Source,
)
from kiosk.policy.mrz import decode_mrz, looks_like_mrz
from kiosk.policy.numbers import SEPARATORS

MAX_TEXT: Final = 4096
"""Most bytes (or characters) of a text: more than any code holds."""

_DIGITS: Final = re.compile("[0-9]+")
_CODED_BYTE: Final = re.compile("%[0-9A-Fa-f]{2}")
# A year of a date (01.02.2024) is no group of a number, though it has four digits.
_DATE_MARKS: Final = "./:,"
_CERTIFICATE: Final = re.compile(
    "([0-9]{3})[SEPARATORS]?([0-9]{3})[SEPARATORS]?([0-9]{3})".replace("SEPARATORS", SEPARATORS)
)


def decode_text(data: bytes | str) -> PresentedPolicy:
    """Find the one ENP in a scanned text, or else know the text as another document.

    Bytes are UTF-8 or else windows-1251. The same number twice is one number. Numbers of 16 digits
    that are no ENP do not disturb.

    Raises:
        FormatError: LENGTH (more than `MAX_TEXT`), SEVERAL_NUMBERS, or why there is none: ENP_DATE
            (Luhn holds, the date coding does not), CHECK_DIGIT, NO_NUMBER, what was scanned by
            mistake (see `kiosk.policy.mistaken`), or what is wrong with the other document.
    """
    if len(data) > MAX_TEXT:
        raise FormatError(
            FormatReason.LENGTH, f"text of {len(data)}, at most {MAX_TEXT} are accepted"
        )
    text = _as_text(data)
    candidates = _numbers_of_16(text)
    believed = [number for number in candidates if enp.is_enp(number)]
    if len(believed) == 1:
        return PresentedPolicy(Source.DIGITAL, PolicyFormat.TEXT, believed[0])
    if believed:
        raise FormatError(
            FormatReason.SEVERAL_NUMBERS, f"{len(believed)} policy numbers, one is needed"
        )
    return _other_document(text, candidates)


def _other_document(text: str, candidates: list[str]) -> PresentedPolicy:
    """What a text without an ENP is."""
    plain = text.strip().strip("\ufeff").strip()
    certificate = _CERTIFICATE.fullmatch(plain)
    if certificate is not None:
        return PresentedPolicy(
            Source.BARCODE,
            PolicyFormat.TEMPORARY_CERTIFICATE,
            temporary_certificate="".join(certificate.groups()),
        )
    if looks_like_mrz(plain):
        return decode_mrz(plain)
    if looks_like_arkhangelsk(plain):
        return decode_arkhangelsk(plain)
    raise _why_none(text, candidates)


def _as_text(data: bytes | str) -> str:
    """Decoded, with the percent-coding of URLs undone once: %20 before a number is no digit."""
    text = data if isinstance(data, str) else _decoded(data)
    return unquote(text, errors="replace") if _CODED_BYTE.search(text) else text


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        # Digits are the same in every 8-bit code, so a stray byte costs nothing.
        return data.decode("cp1251", errors="replace")


def _numbers_of_16(text: str) -> list[str]:
    """The distinct 16-digit numbers: written in one, or as exactly four groups of four.

    Longer runs of digits, and chains of more groups, are other numbers and are not cut up.
    """
    found: dict[str, None] = {}
    chain: list[str] = []
    chain_end = -1
    for run in _DIGITS.finditer(text):
        digits, start = run.group(), run.start()
        joined = start == chain_end + 1 and text[chain_end] in SEPARATORS
        grouped = len(digits) == 4 and not _ends_a_date(text, start)
        if not (joined and grouped):
            _keep_chain(chain, found)
            chain = []
        if grouped:
            chain.append(digits)
            chain_end = run.end()
        if len(digits) == enp.LENGTH:
            found[digits] = None
    _keep_chain(chain, found)
    return list(found)


def _keep_chain(chain: list[str], found: dict[str, None]) -> None:
    if len(chain) == 4:
        found["".join(chain)] = None


def _ends_a_date(text: str, start: int) -> bool:
    """Whether the run at `start` follows a digit and a mark, as the year of a date does."""
    return start >= 2 and text[start - 1] in _DATE_MARKS and text[start - 2] in "0123456789"


def _why_none(text: str, candidates: list[str]) -> FormatError:
    """The most telling reason, for the remedy on the screen."""
    if any(enp.check_digit_ok(number) for number in candidates):
        return FormatError(
            FormatReason.ENP_DATE, "a 16-digit number that is not a policy's: no date inside it"
        )
    if candidates:
        return FormatError(FormatReason.CHECK_DIGIT, "a 16-digit number with a wrong check digit")
    return mistake(text) or FormatError(
        FormatReason.NO_NUMBER, "no 16-digit policy number in the text"
    )
