"""The lines of a piece of CSV as columns, as far as they are plain.

A line is odd when its bytes leave any doubt that Arrow reads it as `offline_cache.csv_rows` does:
quotes in unusual places, stray carriage returns, zeros, another encoding, too many bytes or fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from offline_cache.csv_rows import BYTE_ORDER_MARK, MAX_LINE_BYTES, Encoding, Layout
from offline_cache.publisher.column_rows import REPEATING

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LINE_FEED, _CARRIAGE_RETURN, _QUOTE = b'\n\r"'
_NOT_1251: Final = 0x98
"""The only byte that windows-1251 does not use."""
_COLUMN_TYPES: Final = {True: pa.dictionary(pa.int32(), pa.string()), False: pa.string()}


class Lines:
    """The lines of a piece, and which of them are plain."""

    def __init__(self, content: bytes, layout: Layout) -> None:
        """`content`: whole lines, the last one with or without its end."""
        self._content = content
        self._layout = layout
        self._bytes = np.frombuffer(content, np.uint8)
        ends = np.flatnonzero(self._bytes == _LINE_FEED) + 1
        if not content.endswith(b"\n") and content:
            ends = np.append(ends, len(content))
        self._starts = np.concatenate([np.zeros(1, np.int64), ends])[:-1]
        self._lengths = ends - self._starts
        self.count = len(ends)
        self.odd = self._lengths > MAX_LINE_BYTES
        self._blank = (self._lengths == 1) & (self._bytes[self._starts] == _LINE_FEED)
        self._find_odd()

    def line(self, number: int) -> bytes:
        """A line by its number, from 1."""
        start = self._starts[number - 1]
        return self._content[start : start + self._lengths[number - 1]]

    def table(self) -> tuple[pa.Table, NDArray[np.int64]]:
        """What Arrow makes of the plain lines, and their numbers; the others are marked `odd`."""
        for last_try in (False, True):
            plain = np.flatnonzero(~(self.odd | self._blank))
            wrong: list[int] = []
            try:
                table = self._parse(self._text(plain), wrong)
            except (pa.ArrowInvalid, UnicodeDecodeError):
                self._mark_undecodable()
            else:
                numbers = np.delete(plain, wrong)
                self.odd[plain[wrong]] = True
                if table.num_rows == len(numbers):
                    return table, numbers + 1
            if last_try:
                break
        # Arrow sees other lines than we do: then none is plain.
        self.odd = ~self._blank
        return self._parse(b"", []), np.empty(0, np.int64)

    def _find_odd(self) -> None:
        content, found = self._content, self._bytes
        if b"\r" in content:
            places = np.flatnonzero(found == _CARRIAGE_RETURN)
            following = found[np.minimum(places + 1, len(found) - 1)]
            self._mark(places[following != _LINE_FEED])
        if b'"' in content:
            self._mark_quotes()
        if b"\0" in content:
            self._mark(np.flatnonzero(found == 0))
        if BYTE_ORDER_MARK in content:
            self._mark(np.flatnonzero(found == BYTE_ORDER_MARK[0]))
        if self._layout.encoding is Encoding.WINDOWS_1251 and bytes([_NOT_1251]) in content:
            self._mark(np.flatnonzero(found == _NOT_1251))

    def _mark(self, places: NDArray[np.int64]) -> None:
        self.odd[self._line_of(places)] = True

    def _line_of(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.searchsorted(self._starts, places, side="right") - 1

    def _mark_quotes(self) -> None:
        """Plain quotes open right behind a separator and close right before one, in turn."""
        places = np.flatnonzero(self._bytes == _QUOTE)
        lines = self._line_of(places)
        separator = ord(self._layout.separator)
        before = self._bytes[np.maximum(places - 1, 0)]
        behind = self._bytes[np.minimum(places + 1, len(self._bytes) - 1)]
        opens = (before == separator) | (places == self._starts[lines])
        closes = np.isin(behind, (separator, _LINE_FEED, _CARRIAGE_RETURN))
        closes |= places + 1 == len(self._bytes)
        of_line = np.arange(len(places)) - np.searchsorted(lines, lines)
        turn = of_line % 2 == 0
        self.odd[lines[(opens != turn) | (closes == turn)]] = True
        self.odd[np.flatnonzero(np.bincount(lines, minlength=self.count) % 2)] = True

    def _mark_undecodable(self) -> None:
        for place in np.flatnonzero(~self.odd).tolist():
            try:
                self.line(place + 1).decode(self._layout.encoding)
            except UnicodeDecodeError:
                self.odd[place] = True

    def _text(self, plain: NDArray[np.int64]) -> bytes:
        text = self._content
        if len(plain) != self.count:
            kept = np.zeros(self.count, bool)
            kept[plain] = True
            text = self._bytes[np.repeat(kept, self._lengths)].tobytes()
        if self._layout.encoding is not Encoding.UTF_8:
            text = text.decode(self._layout.encoding).encode()
        return text

    def _parse(self, text: bytes, wrong: list[int]) -> pa.Table:
        """The table; the places of lines with more or fewer fields go to `wrong`."""
        names = self._layout.names
        if not text:
            return pa.table(
                {name: pa.array([], _COLUMN_TYPES[name in REPEATING]) for name in names}
            )

        # Arrow looks at the text of a line with too many fields only when that is UTF-8 for sure.
        _check_utf8(text)

        def leave_out(row: Any) -> str:
            wrong.append(row.number - 1)
            return "skip"

        return arrow_csv.read_csv(
            pa.BufferReader(text),
            arrow_csv.ReadOptions(
                use_threads=False, block_size=len(text) + 1, column_names=list(names)
            ),
            arrow_csv.ParseOptions(
                delimiter=self._layout.separator,
                quote_char='"' if b'"' in text else False,
                invalid_row_handler=leave_out,
            ),
            arrow_csv.ConvertOptions(
                column_types={name: _COLUMN_TYPES[name in REPEATING] for name in names}
            ),
        )


def _check_utf8(text: bytes) -> None:
    offsets = np.array([0, len(text)], np.int64)
    whole = pa.LargeStringArray.from_buffers(1, pa.py_buffer(offsets), pa.py_buffer(text))
    whole.validate(full=True)
