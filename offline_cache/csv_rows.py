"""The fund's export: CSV in UTF-8 (a byte order mark is fine), comma, header, one row a line.

`enp, surname, given_name, patronymic, birth_date, sex, policy_type, status, insurer_ogrn,
insurer_okato, valid_from, valid_to, clinic, snils, temporary_certificate, old_policy, document`

Columns may stand in any order; those in `REQUIRED` must be there, no other may. An empty field is
an absent value. Dates are ISO 8601 (YYYY-MM-DD). Every number that is given makes the policy
findable by it: leave `snils` or `document` empty in a list that shall not be asked by them.
"""

from __future__ import annotations

import csv
import re
from datetime import date
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from offline_cache.errors import BadRowsError
from offline_cache.format import Insurer, KeyKind, parse_policy_type, parse_status
from offline_cache.normalise import (
    fold_document,
    fold_number,
    fold_old_policy,
    snils_with_birth_date,
)
from offline_cache.rows import Problem, Problems, RegisterRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COLUMNS = (
    *("enp", "surname", "given_name", "patronymic", "birth_date", "sex", "policy_type", "status"),
    *("insurer_ogrn", "insurer_okato", "valid_from", "valid_to", "clinic"),
    *("snils", "temporary_certificate", "old_policy", "document"),
)
REQUIRED = frozenset(COLUMNS[:3] + COLUMNS[4:5] + COLUMNS[6:10])

MAX_LINE_BYTES = 16 * 1024
MAX_FIELD_CHARACTERS = 500

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SEXES = frozenset({"", "1", "2", "MALE", "FEMALE", "M", "F", "М", "Ж"})
_LUHN_DOUBLED = str.maketrans("0123456789", "0246813579")


class _Fields(NamedTuple):
    """One line's fields, by column."""

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


class _BadFieldError(Exception):
    """A field that cannot be; ends in a `Problem`."""

    def __init__(self, column: str | None, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


def read_rows(stream: BinaryIO, problems: Problems) -> Iterator[RegisterRow]:
    """The rows of a CSV, one at a time; what is wrong goes to `problems` and is left out.

    Raises:
        BadRowsError: the header cannot be used, or `problems` is strict and full.
        OSError: from the stream.
    """
    lines = _lines(stream)
    try:
        arrange = _read_header(next(lines, b""))
    except _BadFieldError as bad:
        raise BadRowsError(str(Problem(1, bad.column, bad.reason))) from None
    for number, line in enumerate(lines, start=2):
        if not line.strip():
            continue
        try:
            row = _row(number, arrange(_split(line)))
        except _BadFieldError as bad:
            problems.add(Problem(number, bad.column, bad.reason))
        else:
            yield row


def luhn_ok(digits: str) -> bool:
    """Whether an even number of ASCII digits ends in its Luhn digit (ISO/IEC 7812-1 annex B)."""
    doubled = digits[::2].translate(_LUHN_DOUBLED)
    return sum(map(int, doubled + digits[1::2])) % 10 == 0


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines, each cut one byte past the limit: longer than allowed, and never held whole."""
    while line := stream.readline(MAX_LINE_BYTES + 1):
        rest = line
        while len(rest) > MAX_LINE_BYTES and not rest.endswith(b"\n"):
            rest = stream.readline(MAX_LINE_BYTES + 1)
        yield line


def _split(line: bytes) -> list[str]:
    if len(line) > MAX_LINE_BYTES:
        raise _BadFieldError(None, f"longer than {MAX_LINE_BYTES} bytes")
    try:
        text = line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise _BadFieldError(None, f"not UTF-8 at byte {error.start} of the line") from None
    # Without quotes, as most lines are, CSV is nothing but commas, and this is much faster.
    fields = _split_quoted(text) if '"' in text else text.split(",")
    if len(text) > MAX_FIELD_CHARACTERS and max(map(len, fields)) > MAX_FIELD_CHARACTERS:
        raise _BadFieldError(None, f"a field is longer than {MAX_FIELD_CHARACTERS} characters")
    return fields


def _split_quoted(text: str) -> list[str]:
    # Given one line at a time, so that a stray quote spoils its line and not the rest of the file.
    try:
        return next(csv.reader((text,), strict=True))
    except (csv.Error, StopIteration):
        raise _BadFieldError(None, "quotes that do not pair up on one line") from None


def _read_header(line: bytes) -> Callable[[list[str]], _Fields]:
    names = [name.strip() for name in _split(line.removeprefix(b"\xef\xbb\xbf"))]
    if len(names) == 1 and ";" in names[0]:
        raise _BadFieldError(None, "separated by semicolons; commas are needed")
    if names in ([], [""]):
        raise _BadFieldError(None, "no header; the first line must name the columns")
    allowed = f"the columns are {', '.join(COLUMNS)}"
    for place, name in enumerate(names, start=1):
        if name not in COLUMNS:
            # Where the header is missing, this is a row: a name in it must not reach a log.
            plain = name.isascii() and name.isidentifier()
            shown = repr(name[:40]) if plain else f"number {place}"
            raise _BadFieldError(shown, f"unknown; {allowed}")
        if names.index(name) != place - 1:
            raise _BadFieldError(name, "stands there twice")
    missing = ", ".join(column for column in COLUMNS if column in REQUIRED.difference(names))
    if missing:
        raise _BadFieldError(missing, "missing")
    # A column that is not there reads the empty field appended behind the last one.
    pick = itemgetter(*(names.index(name) if name in names else len(names) for name in COLUMNS))

    def arrange(fields: list[str]) -> _Fields:
        if len(fields) != len(names):
            raise _BadFieldError(None, f"{len(fields)} fields where the header has {len(names)}")
        return _Fields._make(pick([*fields, ""]))

    return arrange


def _row(line: int, fields: _Fields) -> RegisterRow:
    # A dash is how some exports write "none".
    if not fields.surname.strip(" -") and not fields.given_name.strip(" -"):
        raise _BadFieldError("surname", "neither surname nor given name")
    if fields.sex.strip().upper() not in _SEXES:
        raise _BadFieldError("sex", "not one of male, female")
    birth_date = _date("birth_date", fields.birth_date)
    valid_from = _date("valid_from", fields.valid_from) if fields.valid_from else None
    valid_to = _date("valid_to", fields.valid_to) if fields.valid_to else None
    if valid_from is not None and valid_to is not None and valid_to < valid_from:
        raise _BadFieldError("valid_to", "before valid_from")
    try:
        status = _status(fields.status)
    except ValueError:
        raise _BadFieldError("status", "no such code") from None
    try:
        policy_type = _policy_type(fields.policy_type)
    except ValueError:
        raise _BadFieldError("policy_type", "no such type") from None
    return RegisterRow(
        line=line,
        numbers=_numbers(fields, birth_date),
        surname=fields.surname,
        given_name=fields.given_name,
        patronymic=fields.patronymic,
        birth_date=birth_date,
        status=status,
        policy_type=policy_type,
        insurer=_insurer(fields.insurer_ogrn, fields.insurer_okato),
        clinic=_clinic(fields.clinic),
        valid_from=valid_from,
        valid_to=valid_to,
    )


def _numbers(fields: _Fields, birth_date: date) -> tuple[tuple[KeyKind, str], ...]:
    numbers: list[tuple[KeyKind, str]] = []
    if fields.enp:
        enp = _digits("enp", fields.enp, 16)
        if not luhn_ok(enp):
            raise _BadFieldError("enp", "the check digit is wrong")
        numbers.append((KeyKind.ENP, enp))
    if fields.temporary_certificate:
        certificate = _digits("temporary_certificate", fields.temporary_certificate, 9)
        numbers.append((KeyKind.TEMPORARY_CERTIFICATE, certificate))
    if fields.old_policy:
        if not fold_old_policy(fields.old_policy):
            raise _BadFieldError("old_policy", "no number in it")
        numbers.append((KeyKind.OLD_POLICY, fields.old_policy))
    if not numbers:
        raise _BadFieldError("enp", "empty, and no temporary certificate or old policy instead")
    if fields.snils:
        snils = _digits("snils", fields.snils, 11)
        numbers.append((KeyKind.SNILS_BIRTH_DATE, snils_with_birth_date(snils, birth_date)))
    if fields.document:
        if not fold_document(fields.document):
            raise _BadFieldError("document", "no number in it")
        numbers.append((KeyKind.IDENTITY_DOCUMENT, fields.document))
    return tuple(numbers)


def _digits(column: str, value: str, length: int) -> str:
    digits = fold_number(value)
    if len(digits) != length or not (digits.isascii() and digits.isdecimal()):
        raise _BadFieldError(column, f"not {length} digits")
    return digits


def _date(column: str, value: str) -> date:
    try:
        return _iso_date(value)
    except ValueError:
        reason = "not a date (YYYY-MM-DD)" if value else "empty"
        raise _BadFieldError(column, reason) from None


@lru_cache(maxsize=1 << 16)
def _iso_date(value: str) -> date:
    # date.fromisoformat also takes week dates and dates without hyphens.
    if not _ISO_DATE.fullmatch(value):
        raise ValueError("another shape")
    return date.fromisoformat(value)


_status = lru_cache(maxsize=256)(parse_status)
_policy_type = lru_cache(maxsize=256)(parse_policy_type)


@lru_cache(maxsize=4096)
def _insurer(ogrn: str, okato: str) -> Insurer:
    return Insurer(_digits("insurer_ogrn", ogrn, 13), _digits("insurer_okato", okato, 5))


def _clinic(value: str) -> str | None:
    code = value.strip()
    if not code.isprintable():
        raise _BadFieldError("clinic", "not a code")
    return code or None
