"""The fund's export as CSV: UTF-8 or windows-1251, comma or semicolon, header, one row a line.

`enp, surname, given_name, patronymic, birth_date, sex, policy_type, status, insurer_ogrn,
insurer_okato, valid_from, valid_to, clinic, snils, temporary_certificate, old_policy, document`

Columns may stand in any order; those in `REQUIRED` must be there, no other may. This is the way
line by line, which names what is wrong; `offline_cache.publisher` reads whole columns and comes
back here for every line that is not plainly good.
"""

from __future__ import annotations

import csv
import enum
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO

from offline_cache.errors import BadRowsError
from offline_cache.row_fields import (
    COLUMNS,
    MAX_FIELD_CHARACTERS,
    REQUIRED,
    BadFieldError,
    Fields,
    arranger,
    check_columns,
    check_lengths,
    judge,
    luhn_ok,
)
from offline_cache.rows import Problem, Problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from offline_cache.rows import RegisterRow

__all__ = [
    "COLUMNS",
    "MAX_FIELD_CHARACTERS",
    "MAX_LINE_BYTES",
    "REQUIRED",
    "Encoding",
    "Layout",
    "luhn_ok",
    "read_layout",
    "read_rows",
]

MAX_LINE_BYTES = 16 * 1024
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_SAMPLE_BYTES = 1024 * 1024
"""Read ahead to find the encoding; a UTF-8 file with a broken line stays one."""
_REPLACED = "\N{REPLACEMENT CHARACTER}"
_RUSSIAN = frozenset("АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдеёжзийклмнопрстуфхцчшщъыьэюя№«»")
_RUSSIAN_SHARE = 0.8


class Encoding(enum.StrEnum):
    """How the bytes of an export are to be read."""

    UTF_8 = "utf-8"
    WINDOWS_1251 = "windows-1251"

    @property
    def shown(self) -> str:
        """Its name in a message."""
        return "UTF-8" if self is Encoding.UTF_8 else "windows-1251"


@dataclass(frozen=True)
class Layout:
    """How the lines of one CSV are to be read."""

    encoding: Encoding
    separator: str
    names: tuple[str, ...]
    """The columns of the header, in its order."""

    def fields(self, line: bytes) -> Fields:
        """The fields of one line.

        Raises:
            BadFieldError: the line cannot be read, or has more or fewer fields than the header.
        """
        return self._arrange(_split(line, self.encoding, self.separator))

    def row(self, number: int, line: bytes) -> RegisterRow | None:
        """The row of line `number`; None when the line is blank.

        Raises:
            BadFieldError: there is something wrong with it.
        """
        return judge(number, self.fields(line)) if line.strip() else None

    @cached_property
    def _arrange(self) -> Callable[[list[str]], Fields]:
        return arranger(self.names)


def read_layout(stream: BinaryIO, encoding: Encoding | None = None) -> Layout:
    """Read the header, which leaves `stream` at the first line below; `encoding` None: find out.

    Raises:
        BadRowsError: the header cannot be used.
        OSError: from the stream, which must be able to seek.
    """
    start = stream.tell()
    if encoding is None:
        encoding = _guess_encoding(stream.read(_SAMPLE_BYTES))
        stream.seek(start)
    line = next(lines_of(stream), b"").removeprefix(BYTE_ORDER_MARK)
    separator = ";" if line.count(b";") > line.count(b",") else ","
    try:
        names = tuple(name.strip() for name in _split(line, encoding, separator))
        check_columns(names)
    except BadFieldError as bad:
        raise BadRowsError(str(Problem(1, bad.column, bad.reason))) from None
    return Layout(encoding, separator, names)


def read_rows(
    stream: BinaryIO, problems: Problems, encoding: Encoding | None = None
) -> Iterator[RegisterRow]:
    """The rows of a CSV, one at a time; what is wrong goes to `problems` and is left out.

    Raises:
        BadRowsError: the header cannot be used, or `problems` is strict and full.
        OSError: from the stream, which must be able to seek.
    """
    layout = read_layout(stream, encoding)
    for number, line in enumerate(lines_of(stream), start=2):
        try:
            row = layout.row(number, line)
        except BadFieldError as bad:
            problems.add(Problem(number, bad.column, bad.reason))
        else:
            if row is not None:
                yield row


def lines_of(stream: BinaryIO) -> Iterator[bytes]:
    """Lines, each cut one byte past the limit: longer than allowed, and never held whole."""
    while line := stream.readline(MAX_LINE_BYTES + 1):
        rest = line
        while len(rest) > MAX_LINE_BYTES and not rest.endswith(b"\n"):
            rest = stream.readline(MAX_LINE_BYTES + 1)
        yield line


def _split(line: bytes, encoding: Encoding, separator: str) -> list[str]:
    if len(line) > MAX_LINE_BYTES:
        raise BadFieldError(None, f"longer than {MAX_LINE_BYTES} bytes")
    try:
        text = line.decode(encoding).rstrip("\r\n")
    except UnicodeDecodeError as error:
        reason = f"not {encoding.shown} at byte {error.start} of the line"
        raise BadFieldError(None, reason) from None
    # Without quotes, as most lines are, CSV is nothing but separators, and this is much faster.
    fields = _split_quoted(text, separator) if '"' in text else text.split(separator)
    if len(text) > MAX_FIELD_CHARACTERS:
        check_lengths(fields)
    return fields


def _split_quoted(text: str, separator: str) -> list[str]:
    # Given one line at a time, so that a stray quote spoils its line and not the rest of the file.
    try:
        return next(csv.reader((text,), strict=True, delimiter=separator))
    except (csv.Error, StopIteration):
        raise BadFieldError(None, "quotes that do not pair up on one line") from None


def _guess_encoding(sample: bytes) -> Encoding:
    """UTF-8 unless the sample has more bytes that contradict it than letters that bear it out.

    Broken lines of a UTF-8 file must be named, so that a few of them never change the answer.
    """
    # Zeros stand in UTF-16, in which no line can be read.
    if sample.isascii() or sample.startswith(BYTE_ORDER_MARK) or b"\0" in sample:
        return Encoding.UTF_8
    # Cut where a letter may be cut as well.
    text = sample.decode(Encoding.UTF_8, "replace")
    contradicting = text.count(_REPLACED)
    bearing_out = sum(letter in _RUSSIAN for letter in text)
    if bearing_out >= contradicting:
        return Encoding.UTF_8
    high = bytes(byte for byte in sample if byte >= 0x80)
    letters = high.decode(Encoding.WINDOWS_1251, "replace")
    russian = sum(letter in _RUSSIAN for letter in letters)
    if russian >= _RUSSIAN_SHARE * len(letters):
        return Encoding.WINDOWS_1251
    return Encoding.UTF_8
