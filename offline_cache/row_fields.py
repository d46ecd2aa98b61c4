"""What a row of the fund's export must hold, field by field, whatever the file was.

An empty field is an absent value. Dates are ISO 8601 (YYYY-MM-DD). Every number that is given makes
the policy findable by it: leave `snils` or `document` empty in a list that shall not be asked by
them. The functions here judge one value each; the fast way over whole columns uses the same ones.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from offline_cache.format import Insurer, KeyKind, parse_policy_type, parse_status
from offline_cache.normalise import (
    fold_document,
    fold_number,
    fold_old_policy,
    snils_with_birth_date,
)
from offline_cache.rows import RegisterRow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

COLUMNS = (
    *("enp", "surname", "given_name", "patronymic", "birth_date", "sex", "policy_type", "status"),
    *("insurer_ogrn", "insurer_okato", "valid_from", "valid_to", "clinic"),
    *("snils", "temporary_certificate", "old_policy", "document"),
)
REQUIRED = frozenset(COLUMNS[:3] + COLUMNS[4:5] + COLUMNS[6:10])

MAX_FIELD_CHARACTERS = 500
ENP_DIGITS = 16
CERTIFICATE_DIGITS = 9
SNILS_DIGITS = 11

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SEXES = frozenset({"", "1", "2", "MALE", "FEMALE", "M", "F", "М", "Ж"})
_LUHN_DOUBLED = str.maketrans("0123456789", "0246813579")


class Fields(NamedTuple):
    """One row's fields, by column, in the order of `COLUMNS`."""

    enp: str
    surname: str
    given_name: str
    patronymic: str
    birth_date: str
    sex: str
    policy_type: str
    status: str
    insurer_ogrn: str
    insurer_okato: str
    valid_from: str
    valid_to: str
    clinic: str
    snils: str
    temporary_certificate: str
    old_policy: str
    document: str


class BadFieldError(Exception):
    """A field that cannot be; ends in a `Problem`."""

    def __init__(self, column: str | None, reason: str) -> None:
        """Say which column (None: the whole row) and why."""
        super().__init__(reason)
        self.column = column
        self.reason = reason


def check_columns(names: Sequence[str]) -> None:
    """Whether these are the columns of an export.

    Raises:
        BadFieldError: one is unknown, stands there twice, or is missing.
    """
    if not any(names):
        raise BadFieldError(None, "no header; the first line must name the columns")
    allowed = f"the columns are {', '.join(COLUMNS)}"
    for place, name in enumerate(names, start=1):
        if name not in COLUMNS:
            # Where the header is missing, this is a row: a name in it must not reach a log.
            plain = name.isascii() and name.isidentifier()
            shown = repr(name[:40]) if plain else f"number {place}"
            raise BadFieldError(shown, f"unknown; {allowed}")
        if names.index(name) != place - 1:
            raise BadFieldError(name, "stands there twice")
    missing = ", ".join(column for column in COLUMNS if column in REQUIRED.difference(names))
    if missing:
        raise BadFieldError(missing, "missing")


def arranger(names: Sequence[str]) -> Callable[[list[str]], Fields]:
    """Puts the fields of columns `names` in the order of `COLUMNS`, absent ones empty."""
    # A column that is not there reads the empty field appended behind the last one.
    pick = itemgetter(*(names.index(name) if name in names else len(names) for name in COLUMNS))

    def arrange(fields: list[str]) -> Fields:
        if len(fields) != len(names):
            raise BadFieldError(None, f"{len(fields)} fields where the header has {len(names)}")
        return Fields._make(pick([*fields, ""]))

    return arrange


def check_lengths(fields: Sequence[str]) -> None:
    """Whether every field is at most `MAX_FIELD_CHARACTERS` long.

    Raises:
        BadFieldError: one is longer.
    """
    if max(map(len, fields)) > MAX_FIELD_CHARACTERS:
        raise BadFieldError(None, f"a field is longer than {MAX_FIELD_CHARACTERS} characters")


def judge(line: int, fields: Fields) -> RegisterRow:
    """The row that the fields make.

    Raises:
        BadFieldError: one of them cannot be.
    """
    if nameless(fields.surname) and nameless(fields.given_name):
        raise BadFieldError("surname", "neither surname nor given name")
    if not sex_ok(fields.sex):
        raise BadFieldError("sex", "not one of male, female")
    birth_date = _date("birth_date", fields.birth_date)
    valid_from = _date("valid_from", fields.valid_from) if fields.valid_from else None
    valid_to = _date("valid_to", fields.valid_to) if fields.valid_to else None
    if valid_from is not None and valid_to is not None and valid_to < valid_from:
        raise BadFieldError("valid_to", "before valid_from")
    try:
        status = status_of(fields.status)
    except ValueError:
        raise BadFieldError("status", "no such code") from None
    try:
        policy_type = policy_type_of(fields.policy_type)
    except ValueError:
        raise BadFieldError("policy_type", "no such type") from None
    return RegisterRow(
        line=line,
        numbers=_numbers(fields, birth_date),
        surname=fields.surname,
        given_name=fields.given_name,
        patronymic=fields.patronymic,
        birth_date=birth_date,
        status=status,
        policy_type=policy_type,
        insurer=insurer_of(fields.insurer_ogrn, fields.insurer_okato),
        clinic=clinic_of(fields.clinic),
        valid_from=valid_from,
        valid_to=valid_to,
    )


def nameless(name: str) -> bool:
    """Whether a name is none; a dash is how some exports write that."""
    return not name.strip(" -")


def sex_ok(value: str) -> bool:
    """Whether this says a sex, or nothing."""
    return value.strip().upper() in _SEXES


@lru_cache(maxsize=1 << 16)
def date_of(value: str) -> date:
    """The date in YYYY-MM-DD.

    Raises:
        ValueError: it is none, or written another way.
    """
    # date.fromisoformat also takes week dates and dates without hyphens.
    if not _ISO_DATE.fullmatch(value):
        raise ValueError("another shape")
    return date.fromisoformat(value)


status_of = lru_cache(maxsize=256)(parse_status)
policy_type_of = lru_cache(maxsize=256)(parse_policy_type)


@lru_cache(maxsize=4096)
def insurer_of(ogrn: str, okato: str) -> Insurer:
    """The insurer of two numbers.

    Raises:
        BadFieldError: one of them is none.
    """
    return Insurer(digits_of("insurer_ogrn", ogrn, 13), digits_of("insurer_okato", okato, 5))


def clinic_of(value: str) -> str | None:
    """The code of a clinic, or none.

    Raises:
        BadFieldError: it holds control characters.
    """
    code = value.strip()
    if not code.isprintable():
        raise BadFieldError("clinic", "not a code")
    return code or None


def digits_of(column: str, value: str, length: int) -> str:
    """The `length` digits of a number, in whatever groups it is written.

    Raises:
        BadFieldError: they are more, fewer, or not digits.
    """
    digits = fold_number(value)
    if len(digits) != length or not (digits.isascii() and digits.isdecimal()):
        raise BadFieldError(column, f"not {length} digits")
    return digits


def luhn_ok(digits: str) -> bool:
    """Whether an even number of ASCII digits ends in its Luhn digit (ISO/IEC 7812-1 annex B)."""
    doubled = digits[::2].translate(_LUHN_DOUBLED)
    return sum(map(int, doubled + digits[1::2])) % 10 == 0


def _numbers(fields: Fields, birth_date: date) -> tuple[tuple[KeyKind, str], ...]:
    numbers: list[tuple[KeyKind, str]] = []
    if fields.enp:
        enp = digits_of("enp", fields.enp, ENP_DIGITS)
        if not luhn_ok(enp):
            raise BadFieldError("enp", "the check digit is wrong")
        numbers.append((KeyKind.ENP, enp))
    if fields.temporary_certificate:
        certificate = digits_of(
            "temporary_certificate", fields.temporary_certificate, CERTIFICATE_DIGITS
        )
        numbers.append((KeyKind.TEMPORARY_CERTIFICATE, certificate))
    if fields.old_policy:
        if not fold_old_policy(fields.old_policy):
            raise BadFieldError("old_policy", "no number in it")
        numbers.append((KeyKind.OLD_POLICY, fields.old_policy))
    if not numbers:
        raise BadFieldError("enp", "empty, and no temporary certificate or old policy instead")
    if fields.snils:
        snils = digits_of("snils", fields.snils, SNILS_DIGITS)
        numbers.append((KeyKind.SNILS_BIRTH_DATE, snils_with_birth_date(snils, birth_date)))
    if fields.document:
        if not fold_document(fields.document):
            raise BadFieldError("document", "no number in it")
        numbers.append((KeyKind.IDENTITY_DOCUMENT, fields.document))
    return tuple(numbers)


def _date(column: str, value: str) -> date:
    try:
        return date_of(value)
    except ValueError:
        reason = "not a date (YYYY-MM-DD)" if value else "empty"
        raise BadFieldError(column, reason) from None
