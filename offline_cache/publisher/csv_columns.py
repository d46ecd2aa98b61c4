"""CSV in pieces: cut at line ends, read as whole columns, and line by line what is odd."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from offline_cache.csv_rows import (
    MAX_LINE_BYTES,
    Encoding,
    Layout,
    lines_of,
    read_layout,
)
from offline_cache.errors import RegisterError
from offline_cache.publisher.column_rows import (
    ColumnJudge,
    FieldReader,
    as_columns,
)
from offline_cache.publisher.csv_lines import Lines
from offline_cache.publisher.sources import Share

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from offline_cache.publisher.mapping import Collector

PIECE_BYTES: Final = 8 * 1024 * 1024
LARGEST_PIECE_BYTES: Final = 16 * 1024 * 1024
"""A worker needs about 13 times as much memory, and 100 MB."""
MOST_PIECES: Final = 1000
"""Larger inputs get larger pieces first, so that a merge has not too many runs to read from."""
_SEARCH_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class CsvPiece:
    """The lines between two offsets of a file."""

    path: Path
    layout: Layout
    start: int
    stop: int
    most_bytes: int = 2 * PIECE_BYTES
    """Above it there are no lines to cut at, and it is read without being held."""

    def feed(self, collector: Collector) -> int:
        """Give all rows to `collector`; how many lines there are.

        Raises:
            RegisterError: the file was cut short meanwhile.
            OSError: from the file system.
        """
        with self.path.open("rb") as file:
            file.seek(self.start)
            if self.stop - self.start > self.most_bytes:
                return _feed_lines(file, self.stop, self.layout, collector)
            content = file.read(self.stop - self.start)
        if len(content) != self.stop - self.start:
            raise RegisterError(f"{self.path}: changed while it was read; try again")
        return feed_bytes(content, self.layout, collector)


class CsvSource:
    """A CSV file."""

    unit = "line"
    first_line = 1

    def __init__(
        self,
        path: Path,
        *,
        encoding: Encoding | None = None,
        name: str = "",
        piece_bytes: int | None = None,
    ) -> None:
        """Read the header; `encoding` None: find out.

        Raises:
            BadRowsError: the header cannot be used.
            OSError: from the file system.
        """
        self.name = name
        self._path = path
        self.layout, self._start = open_csv(path, encoding)
        self.total: int | None = path.stat().st_size - self._start
        self._piece_bytes = piece_bytes or min(
            max(PIECE_BYTES, self.total // MOST_PIECES), LARGEST_PIECE_BYTES
        )

    def shares(self) -> Iterator[Share]:
        """Pieces of whole lines.

        Raises:
            OSError: from the file system.
        """
        for piece in csv_pieces(self._path, self.layout, self._start, self._piece_bytes):
            yield Share(piece, piece.stop - piece.start)


def csv_pieces(path: Path, layout: Layout, start: int, piece_bytes: int) -> Iterator[CsvPiece]:
    """A file from offset `start` in pieces of about `piece_bytes`.

    Raises:
        OSError: from the file system.
    """
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        while start < size:
            stop = _line_end(file, min(start + piece_bytes, size), size)
            yield CsvPiece(path, layout, start, stop, 2 * piece_bytes + MAX_LINE_BYTES)
            start = stop


def open_csv(path: Path, encoding: Encoding | None) -> tuple[Layout, int]:
    """How a file is to be read, and the offset of its first row.

    Raises:
        BadRowsError: the header cannot be used.
        OSError: from the file system.
    """
    with path.open("rb") as file:
        layout = read_layout(file, encoding)
        return layout, file.tell()


def feed_bytes(content: bytes, layout: Layout, collector: Collector) -> int:
    """Give all rows of whole lines to `collector`; how many lines there are."""
    lines = Lines(content, layout)
    table, numbers = lines.table()
    columns = as_columns(table)
    judged = ColumnJudge(collector.key, columns, numbers).judge(collector.references)
    collector.add_records(judged.records, judged.rows)
    doubtful = dict(zip(numbers[judged.doubtful].tolist(), judged.doubtful.tolist(), strict=True))
    odd = set((np.flatnonzero(lines.odd) + 1).tolist())
    read = FieldReader(columns, layout.names)
    for number in sorted(doubtful.keys() | odd):
        if number in odd:
            collector.add(number, partial(layout.row, number, lines.line(number)))
        else:
            collector.add(number, partial(read.row, number, doubtful[number]))
    return lines.count


def _feed_lines(file: io.BufferedReader, stop: int, layout: Layout, collector: Collector) -> int:
    number = 0
    for number, line in enumerate(lines_of(file), start=1):
        collector.add(number, partial(layout.row, number, line))
        if file.tell() >= stop:
            break
    return number


def _line_end(file: io.BufferedReader, offset: int, size: int) -> int:
    """The first offset from `offset` on where a line begins, or the end of the file."""
    # One byte earlier: `offset` itself may be where a line begins.
    place = offset - 1
    file.seek(place)
    while chunk := file.read(_SEARCH_BYTES):
        found = chunk.find(b"\n")
        if found >= 0:
            return place + found + 1
        place += len(chunk)
    return size
