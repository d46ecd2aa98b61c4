"""Reference tables: what kiosks look up besides policies. CSV, UTF-8, comma, fixed columns.

A line that begins with `#` is a remark. What is published is the table in one form, without
remarks, and only when every line of every table is right.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from offline_cache.errors import BadRowsError, OfficeError
from offline_cache.reference_csv import (
    LISTED_PROBLEMS,
    MAX_FIELD_CHARACTERS,
    MAX_TABLE_BYTES,
    MAX_TABLE_ROWS,
    table_lines,
)
from offline_cache.reference_rows import ALGORITHMS, ANY_ISSUER, PURPOSES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_ISO_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CODE: Final = re.compile(r"[0-9A-Za-zА-Яа-яЁё.:_/-]{1,100}")


class TablesError(BadRowsError):
    """Reference tables that are wrong; nothing of them was published."""

    def __init__(self, problems: list[str]) -> None:
        """Keep every problem, one line each."""
        self.problems = tuple(problems)
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(f"{problems[0]}{more}; no reference table was published")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    check: Callable[[str], str | None]
    """What is wrong with a value that is not empty; None: nothing."""
    required: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """A reference table: `<name>.csv`."""

    name: str
    about: str
    columns: tuple[Column, ...]
    keys: tuple[tuple[str, ...], ...]
    """Sets of columns that no two rows may have in common."""
    example: str

    @property
    def header(self) -> str:
        """The first line."""
        return ",".join(column.name for column in self.columns)


def _text(value: str) -> str | None:
    return None if value.isprintable() and len(value) <= 1000 else "not a text of one line"


def _code(value: str) -> str | None:
    return None if _CODE.fullmatch(value) else "not a code"


def _digits(count: int) -> Callable[[str], str | None]:
    def check(value: str) -> str | None:
        sound = len(value) == count and value.isascii() and value.isdecimal()
        return None if sound else f"not {count} digits"

    return check


def _date(value: str) -> str | None:
    wrong = "not a date (YYYY-MM-DD)"
    try:
        date.fromisoformat(value)
    except ValueError:
        return wrong
    # `fromisoformat` also takes week dates and dates without hyphens.
    return None if _ISO_DATE.fullmatch(value) else wrong


def _issuer(value: str) -> str | None:
    return None if value == ANY_ISSUER or _OGRN(value) is None else "not an OGRN (13 digits), nor *"


def _one_of(*codes: str) -> Callable[[str], str | None]:
    return lambda value: None if value in codes else f"not one of {', '.join(codes)}"


def _base64(value: str) -> str | None:
    try:
        return None if base64.b64decode(value, validate=True) else "empty"
    except (binascii.Error, ValueError):
        return "not base64"


_OGRN, _OKATO, _TERRITORY = _digits(13), _digits(5), _digits(2)

TABLES: Final = (
    Table(
        "insurers",
        "insurers (F002); a policy names them by OGRN and OKATO",
        (
            Column("smocod", _digits(5)),
            Column("short_name", _text),
            Column("full_name", _text),
            Column("ogrn", _OGRN),
            Column("okato", _OKATO),
            Column("kpp", _digits(9), required=False),
            *(
                Column(name, _text, required=False)
                for name in ("address", "phone", "email", "site", "head", "licence")
            ),
            Column("valid_from", _date, required=False),
            Column("valid_to", _date, required=False),
        ),
        (("smocod", "valid_from"), ("ogrn", "okato", "valid_from")),
        "78001,СМО Пример,ООО «СМО Пример»,1997800000010,40000,,,8 800 000-00-00,,,,,2011-01-01,",
    ),
    Table(
        "territories",
        "territories of insurance (F010): KOD_TF, KOD_OKATO, SUBNAME, OKRUG",
        (
            Column("territory_code", _TERRITORY),
            Column("okato", _OKATO),
            Column("name", _text),
            Column("district", _text, required=False),
        ),
        (("territory_code",), ("okato",)),
        "78,40000,г. Санкт-Петербург,3",
    ),
    Table(
        "calendar",
        "production calendar: days that differ from their day of the week",
        (Column("date", _date), Column("kind", _one_of("holiday", "workday"))),
        (("date",),),
        "2026-01-01,holiday",
    ),
    Table(
        "hotlines",
        "whom to call; without territory and OGRN: everybody",
        (
            Column("territory_code", _TERRITORY, required=False),
            Column("ogrn", _OGRN, required=False),
            Column("name", _text),
            Column("phone", _text),
            Column("hours", _text, required=False),
        ),
        (("territory_code", "ogrn", "phone"),),
        "78,,Контакт-центр ТФОМС,8 800 000-00-00,круглосуточно",
    ),
    Table(
        "trust",
        "keys and certificates that sign chips and barcodes; issuer: an OGRN, or * for all",
        (
            Column("issuer", _issuer),
            Column("key_id", _code),
            Column("algorithm", _one_of(*ALGORITHMS)),
            Column("not_before", _date),
            Column("not_after", _date),
            Column("key", _base64),
            Column("purpose", _one_of(*PURPOSES)),
        ),
        (("issuer", "key_id"),),
        "1997800000010,01,x509,2026-01-01,2027-01-01,AAAA,chip",
    ),
    Table(
        "clinics",
        "medical organisations (MO codes) of attachment",
        (
            Column("code", _code),
            Column("name", _text),
            Column("address", _text, required=False),
            Column("phone", _text, required=False),
        ),
        (("code",),),
        "780001,Поликлиника № 1,,",
    ),
)


def reference_target(name: str) -> str:
    """Path of a table in the repository."""
    return f"reference/{name}.csv"


def examples() -> dict[str, bytes]:
    """Empty tables by file name, each with a remark that shows a row."""
    return {
        f"{table.name}.csv": "\n".join(
            (f"# {table.about}; such as:", f"# {table.example}", table.header, "")
        ).encode()
        for table in TABLES
    }


def read_tables(folder: Path) -> dict[str, bytes]:
    """The tables in a folder, by name, in the form in which they are published.

    A table that the folder does not hold is left as it is.

    Raises:
        TablesError: a line is wrong; every problem is named with file, line and column.
        OfficeError: the folder holds no table, or one cannot be read.
    """
    found: dict[str, bytes] = {}
    problems: list[str] = []
    for table in TABLES:
        path = folder / f"{table.name}.csv"
        if path.exists():
            reader = _Reader(table, problems)
            found[table.name] = reader.read(_load(path))
    if problems:
        raise TablesError(problems)
    if not found:
        names = ", ".join(f"{table.name}.csv" for table in TABLES)
        raise OfficeError(f"{folder}: none of {names}")
    return found


class _Reader:
    """Reads one table."""

    def __init__(self, table: Table, problems: list[str]) -> None:
        self._table = table
        self._problems = problems
        self._seen: list[dict[tuple[str, ...], int]] = [{} for _ in table.keys]
        self._columns = {column.name: column for column in table.columns}

    def read(self, content: bytes) -> bytes:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self._columns)
        lines = table_lines(content, lambda line, why: self._problem(line, None, why))
        header = next(lines, (1, []))
        if header[1] != list(self._columns):
            self._problem(header[0], None, f"the header must be {self._table.header}")
            return b""
        for count, (line, fields) in enumerate(lines):
            if count == MAX_TABLE_ROWS:
                self._problem(line, None, f"more than {MAX_TABLE_ROWS:,} rows")
                break
            if len(fields) == len(self._columns):
                self._check(line, dict(zip(self._columns, fields, strict=True)))
                writer.writerow(fields)
            else:
                reason = f"{len(fields)} fields where the header has {len(self._columns)}"
                self._problem(line, None, reason)
        return out.getvalue().encode()

    def _check(self, line: int, row: Mapping[str, str]) -> None:
        for name, value in row.items():
            column = self._columns[name]
            if len(value) > MAX_FIELD_CHARACTERS:
                self._problem(line, name, f"longer than {MAX_FIELD_CHARACTERS:,} characters")
            elif value:
                reason = column.check(value)
                if reason is not None:
                    self._problem(line, name, reason)
            elif column.required:
                self._problem(line, name, "empty")
        for names, seen in zip(self._table.keys, self._seen, strict=True):
            first = seen.setdefault(tuple(row[name] for name in names), line)
            if first != line:
                self._problem(line, " and ".join(names), f"the same as in line {first}")

    def _problem(self, line: int, column: str | None, reason: str) -> None:
        place = f"line {line}" + (f", column {column}" if column else "")
        problem = f"{self._table.name}.csv: {place}: {reason}"
        if len(self._problems) < LISTED_PROBLEMS:
            self._problems.append(problem)


def _load(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_TABLE_BYTES + 1)
    except OSError as error:
        raise OfficeError(f"{path}: {error.strerror or 'cannot be read'}") from error
    if len(content) > MAX_TABLE_BYTES:
        raise OfficeError(f"{path}: larger than {MAX_TABLE_BYTES >> 20} MiB")
    return content
