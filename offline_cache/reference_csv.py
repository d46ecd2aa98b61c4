"""The form of reference tables, for both ends: CSV, UTF-8, comma, a header; and their bounds.

A line is read at a time, so that one that is wrong spoils nothing but itself.
"""

from __future__ import annotations

import base64
import binascii
import csv
import re
from datetime import date
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

MAX_TABLE_BYTES: Final = 16 << 20
MAX_TABLE_ROWS: Final = 200_000
MAX_FIELD_CHARACTERS: Final = 16 * 1024
LISTED_PROBLEMS: Final = 20
"""More than these help nobody."""

_MAX_TEXT_CHARACTERS: Final = 1000
_ISO_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

_T = TypeVar("_T")


def table_lines(
    content: bytes, wrong: Callable[[int, str], None]
) -> Iterator[tuple[int, list[str]]]:
    """The lines of a table with their numbers, header first, without remarks and empty ones.

    Args:
        content: the file.
        wrong: told about each line that cannot be split into fields, which is then left out.
    """
    for line, raw in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not raw.strip() or raw.startswith(b"#"):
            continue
        try:
            fields = next(csv.reader([raw.decode().rstrip("\r")], strict=True), [])
        except UnicodeDecodeError:
            wrong(line, "not UTF-8")
        except csv.Error:
            wrong(line, "quotes that do not pair up, or a field that is too long")
        else:
            yield line, [field.strip() for field in fields]


class RowError(Exception):
    """A line that says what no such table may say; the message names the column, not the value."""


class Row:
    """A line of a table by column; each method takes one field in one shape.

    A column that the header lacks is an empty one.
    """

    def __init__(self, fields: dict[str, str]) -> None:
        """Wrap the fields of a line."""
        self._fields = fields

    def text_or_empty(self, name: str) -> str:
        """A text of one line.

        Raises:
            RowError: it is something else, or too long.
        """
        value = self._fields.get(name, "")
        if len(value) > _MAX_TEXT_CHARACTERS or not value.isprintable():
            raise RowError(f"column {name}: not a text of one line")
        return value

    def text(self, name: str) -> str:
        """A text that must be there.

        Raises:
            RowError: it is not.
        """
        value = self.text_or_empty(name)
        if not value:
            raise RowError(f"column {name}: empty")
        return value

    def digits_or_none(self, name: str, count: int) -> str | None:
        """So many digits; None for an empty field.

        Raises:
            RowError: it is something else.
        """
        value = self._fields.get(name, "")
        if not value:
            return None
        if not (len(value) == count and value.isascii() and value.isdecimal()):
            raise RowError(f"column {name}: not {count} digits")
        return value

    def digits(self, name: str, count: int) -> str:
        """So many digits.

        Raises:
            RowError: it is something else.
        """
        value = self.digits_or_none(name, count)
        if value is None:
            raise RowError(f"column {name}: empty")
        return value

    def day_or_none(self, name: str) -> date | None:
        """A date; None for an empty field.

        Raises:
            RowError: it is something else.
        """
        value = self._fields.get(name, "")
        if not value:
            return None
        # `fromisoformat` also takes week dates and dates without hyphens.
        if _ISO_DATE.fullmatch(value):
            try:
                return date.fromisoformat(value)
            except ValueError:
                pass
        raise RowError(f"column {name}: not a date (YYYY-MM-DD)")

    def day(self, name: str) -> date:
        """A date.

        Raises:
            RowError: it is something else.
        """
        value = self.day_or_none(name)
        if value is None:
            raise RowError(f"column {name}: empty")
        return value

    def one_of(self, name: str, *allowed: str) -> str:
        """One of these words.

        Raises:
            RowError: it is another.
        """
        value = self._fields.get(name, "")
        if value not in allowed:
            raise RowError(f"column {name}: not one of {', '.join(allowed)}")
        return value

    def base64(self, name: str) -> bytes:
        """Bytes, at least one.

        Raises:
            RowError: it is not base64.
        """
        value = self._fields.get(name, "")
        try:
            found = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            found = b""
        if not found or len(value) > MAX_FIELD_CHARACTERS:
            raise RowError(f"column {name}: not base64 of {MAX_FIELD_CHARACTERS:,} characters")
        return found


class Complaints:
    """What is wrong with tables: the first problems, and how many more."""

    def __init__(self) -> None:
        """Begin without any."""
        self._listed: list[str] = []
        self._count = 0

    def add(self, problem: str) -> None:
        """Add one; at most `LISTED_PROBLEMS` are kept."""
        self._count += 1
        if self._count <= LISTED_PROBLEMS:
            self._listed.append(problem)

    def listed(self) -> tuple[str, ...]:
        """All that was kept, and a last line about the others."""
        more = self._count - len(self._listed)
        return (*self._listed, *([f"and {more} more"] if more else []))


def read_rows(
    path: Path, needed: Sequence[str], make: Callable[[Row], _T], complaints: Complaints
) -> list[_T]:
    """What `make` makes of each line of a table; nothing of a table that is not there.

    Columns may come in any order, and others besides: a kiosk takes the tables of a newer office.
    A line that cannot be split, is too short or too long or is refused by `make` is left out.

    Args:
        path: the file.
        needed: columns without which the table means nothing; it is then left out.
        make: makes a value of a line, or raises `RowError`.
        complaints: told about all that is left out.
    """
    content = _load(path, complaints)
    if content is None:
        return []
    lines = table_lines(content, lambda line, why: _leave_out(complaints, path, line, why))
    _, header = next(lines, (1, []))
    lacks = [name for name in needed if name not in header]
    if lacks or len(set(header)) != len(header):
        why = f"the header lacks {', '.join(lacks)}" if lacks else "a column comes twice"
        complaints.add(f"{path.name}: {why}: the table is left out")
        return []
    found = []
    for count, (line, fields) in enumerate(lines):
        if count == MAX_TABLE_ROWS:
            complaints.add(f"{path.name}: line {line}: more than {MAX_TABLE_ROWS:,} rows")
            break
        if len(fields) != len(header):
            why = f"{len(fields)} fields where the header has {len(header)}"
            _leave_out(complaints, path, line, why)
            continue
        try:
            found.append(make(Row(dict(zip(header, fields, strict=True)))))
        except RowError as error:
            _leave_out(complaints, path, line, str(error))
    return found


def _leave_out(complaints: Complaints, path: Path, line: int, why: str) -> None:
    complaints.add(f"{path.name}: line {line}: {why}: the line is left out")


def _load(path: Path, complaints: Complaints) -> bytes | None:
    """The content of a file; None without one, or when it cannot be read or is too large."""
    try:
        if not path.exists():
            return None
        if not path.is_file():
            # A pipe would never end.
            complaints.add(f"{path}: not a file: the table is left out")
            return None
        with path.open("rb") as file:
            content = file.read(MAX_TABLE_BYTES + 1)
    except (OSError, ValueError) as error:
        why = (isinstance(error, OSError) and error.strerror) or "cannot be read"
        complaints.add(f"{path}: {why}: the table is left out")
        return None
    if len(content) > MAX_TABLE_BYTES:
        complaints.add(f"{path}: larger than {MAX_TABLE_BYTES >> 20} MiB: the table is left out")
        return None
    return content
