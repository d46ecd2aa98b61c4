"""What single values of a column stand for in a record; `BAD` where nothing plain can be said."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from offline_cache.columns import DAY_BIAS, POLICY_TYPE_CODES, STATUS_CODES
from offline_cache.layout import day_code
from offline_cache.normalise import fold_name, fold_patronymic
from offline_cache.row_fields import (
    MAX_FIELD_CHARACTERS,
    BadFieldError,
    clinic_of,
    date_of,
    insurer_of,
    nameless,
    policy_type_of,
    sex_ok,
    status_of,
)

if TYPE_CHECKING:
    from offline_cache.publisher.records import LocalReferences

BAD: Final = -1
_CACHED: Final = 1 << 16


def sex_code(text: str) -> int:
    """0 for a sex that may stand there."""
    return 0 if sex_ok(text) and len(text) <= MAX_FIELD_CHARACTERS else BAD


def status_code(text: str) -> int:
    """Its place in `STATUS_CODES`."""
    try:
        return STATUS_CODES.index(status_of(text)) if _short(text) else BAD
    except ValueError:
        return BAD


def policy_type_code(text: str) -> int:
    """Its place in `POLICY_TYPE_CODES`."""
    try:
        return POLICY_TYPE_CODES.index(policy_type_of(text)) if _short(text) else BAD
    except ValueError:
        return BAD


@lru_cache(maxsize=_CACHED)
def birth_code(text: str) -> int:
    """A date as it is stored."""
    try:
        return day_code(date_of(text)) + DAY_BIAS
    except ValueError:
        return BAD


def day_code_of(text: str) -> int:
    """A date, which may be absent, as it is stored."""
    return birth_code(text) if text else 0


def name_code(text: str) -> int:
    """1 for a name, 0 for none."""
    return int(not nameless(text)) if _short(text) else BAD


def clinic_code(text: str, references: LocalReferences) -> int:
    """The number of a clinic, which may be absent."""
    try:
        return references.clinic_number(clinic_of(text)) if _short(text) else BAD
    except BadFieldError:
        return BAD


def insurer_code(ogrn: str, okato: str, references: LocalReferences) -> int:
    """The number of an insurer."""
    try:
        if _short(ogrn) and _short(okato):
            return references.insurer_number(insurer_of(ogrn, okato))
    except BadFieldError:
        pass
    return BAD


def _short(text: str) -> bool:
    return len(text) <= MAX_FIELD_CHARACTERS


# The same few thousand names make up most of a country.
folded_name = lru_cache(maxsize=_CACHED)(fold_name)
folded_patronymic = lru_cache(maxsize=_CACHED)(fold_patronymic)
