"""Forms for comparison, the same at both ends: the publisher hashes them, the kiosk hashes them.

A folded value is only ever hashed or compared, never shown. Every function is idempotent and
accepts any text. Folding removes what differs between two writings of the same thing and keeps
what it does not know, so that a misread number never turns into somebody else's.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

_LATIN_TWINS = str.maketrans("ABCEHKMOPTXY", "АВСЕНКМОРТХУ")
"""Latin capitals that look like Cyrillic ones; typists mix them inside one word."""

_DIAERESIS = "\N{COMBINING DIAERESIS}"
_APOSTROPHES = re.compile("[\u2018\u2019\u201b\u02bb\u02bc\u02b9\u2032`\u00b4]")
_SEPARATORS = re.compile(r"[\s\-\u00ad\u2010-\u2015\u2212\u2043\ufe58\ufe63\uff0d_]+")
_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")
_NO_PATRONYMIC = frozenset({"НЕТ", "ОТСУТСТВУЕТ", "БЕЗ ОТЧЕСТВА", "НЕТ ОТЧЕСТВА"})


def fold_twins(value: str) -> str:
    """Trimmed capitals with Latin look-alikes as Cyrillic letters: for codes and for names."""
    return _visible(value).strip().upper().translate(_LATIN_TWINS)


def fold_name(value: str) -> str:
    """A surname or given name for comparison.

    Capitals, Ё as Е, one apostrophe, runs of hyphens and spaces as one space, Latin look-alikes as
    Cyrillic, invisible and direction characters dropped, Unicode NFC.
    """
    letters = unicodedata.normalize("NFD", _visible(value).upper())
    # In Russian only Ё carries a diaeresis; dropped while decomposed, it cannot come back in NFC.
    letters = letters.replace(_DIAERESIS, "").translate(_LATIN_TWINS)
    letters = _SEPARATORS.sub(" ", _APOSTROPHES.sub("'", letters))
    return unicodedata.normalize("NFC", letters).strip()


def fold_patronymic(value: str | None) -> str:
    """A patronymic for comparison; the ways to write that there is none all give the empty text."""
    folded = fold_name(value or "")
    return "" if folded in _NO_PATRONYMIC else folded


def fold_number(value: str) -> str:
    """A number written with or without spaces and hyphens: ENP, SNILS, temporary certificate."""
    if value.isalnum():
        return value
    return _SEPARATORS.sub("", _visible(value))


def fold_document(value: str) -> str:
    """An identity document: letters and digits of series and number in one run, all signs away."""
    return _NOT_ALPHANUMERIC.sub("", fold_name(value))


def fold_old_policy(value: str) -> str:
    """A policy from before 2011-05-01 as `<series> № <number>`, or the number alone.

    The № stays: series and number have no fixed lengths across regions, so that without it
    12 № 345 and 123 № 45 would be one policy.
    """
    series, sign, number = value.rpartition("№")
    parts = (fold_document(series), fold_document(number))
    return " № ".join(parts) if sign and parts[0] else parts[1]


def snils_with_birth_date(snils: str, birth_date: date) -> str:
    """The value of the SNILS key: with the birth date, a misread digit finds nobody else."""
    return f"{fold_number(snils)} {birth_date.isoformat()}"


def _visible(value: str) -> str:
    """Without control, format (direction, zero width) and private characters; spaces stay."""
    if value.isprintable():
        return value
    return "".join(
        c for c in value if c.isspace() or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co"}
    )
