"""Writes a register file from blocks of rows, and reads it back before anybody relies on it."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from offline_cache import layout
from offline_cache.columns import (
    DAY_BIAS,
    DIGEST_MODULUS,
    KEY_BIAS,
    NO_CODE,
    NO_INSURER,
    digest_of,
    numbers,
    person_checks,
)
from offline_cache.errors import EndStateError, RegisterWriteError
from offline_cache.format import Entry
from offline_cache.manifest import EndState
from offline_cache.register_file import RegisterFile
from offline_cache.wire import read_blocks

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from offline_cache.columns import Columns, References
    from offline_cache.format import RegisterKey
    from offline_cache.layout import Meta

_SPOT_CHECKS: Final = 64
_INSERT: Final = "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)"


def base_from_rows(
    rows_file: Path,
    path: Path,
    key: RegisterKey,
    about: Meta,
    expected: EndState | None = None,
    progress: Callable[[int], None] = lambda _rows: None,
) -> Meta:
    """Make a base at `path`, which must not exist, of a rows file; still to be synced.

    `about` says everything but rows, digest and first key, which the answer has. `expected` is what
    was signed; without it the rows file's own header is held to its word.

    Raises:
        RowsFormatError: the rows file is not sound.
        EndStateError: it is sound and another list.
        RegisterWriteError: the base reads back differently.
        sqlite3.Error, OSError: the disk is full or failed.
    """
    with rows_file.open("rb") as stream:
        header, blocks = read_blocks(stream)
        writer = FileWriter(path, key, header.references)
        wanted = expected or EndState(header.rows, header.digest)
        meta = writer.write(blocks, about, progress, most=wanted.rows)
    if EndState(meta.rows, meta.digest) != wanted:
        raise EndStateError(f"{rows_file.name}: its rows are not those that were signed")
    writer.check()
    return meta


class FileWriter:
    """Writes one register file, then checks it."""

    def __init__(self, path: Path, key: RegisterKey, references: References) -> None:
        """Write to `path`, which must not exist; `references` must hold every id of the rows."""
        self._path = path
        self._key = key
        self._references = references
        self._rows = 0
        self._digest = 0
        self._first: int | None = None
        self._spot_checks: list[tuple[int, int]] = []

    def write(
        self,
        blocks: Iterable[Columns],
        about: Meta,
        progress: Callable[[int], None] = lambda _rows: None,
        *,
        most: int | None = None,
    ) -> Meta:
        """Write `blocks`, ascending in their keys; still to be synced to the disk.

        `about` says everything but what is counted here: rows, digest and first key, which the
        answer has. `progress` is told the rows written after every block. `most` rows are signed.

        Raises:
            EndStateError: there are more; what a disk can hold is not asked first.
            sqlite3.Error: the disk is full or failed.
        """
        with closing(_create(self._path)) as connection:
            connection.execute("BEGIN")
            for block, next_first in self._with_next_keys(blocks):
                keys = block.keys()
                self._count(block, keys)
                if most is not None and self._rows > most:
                    raise EndStateError(f"{self._path.name}: more rows than were signed")
                connection.executemany(_INSERT, _stored(block, keys, next_first, about.serial))
                progress(self._rows)
            first = None if self._first is None else self._first - KEY_BIAS
            digest = self._digest % DIGEST_MODULUS
            meta = replace(about, rows=self._rows, digest=digest, first_key=first)
            self._write_description(connection, meta)
            connection.execute("COMMIT")
        return meta

    def check(self) -> None:
        """Read a sample of the finished file as a kiosk would.

        Raises:
            RegisterError: it is not what was written.
        """
        with closing(RegisterFile(self._path, self._key)) as file:
            for key, tag in self._spot_checks:
                entry = file.find(key)
                if entry is None or (isinstance(entry, Entry) and entry.person_tag != tag):
                    raise RegisterWriteError(
                        f"{self._path}: reads back differently from what was written"
                    )

    def _with_next_keys(self, blocks: Iterable[Columns]) -> Iterator[tuple[Columns, int]]:
        """Each block with the key that follows it: the next block's first, at the end our own."""
        waiting: Columns | None = None
        for block in blocks:
            if waiting is None:
                self._first = block.first
            else:
                yield waiting, block.first
            waiting = block
        if waiting is not None and self._first is not None:
            yield waiting, self._first

    def _count(self, block: Columns, keys: array[int]) -> None:
        self._digest += digest_of(block, self._references)
        self._rows += block.rows
        # One row of every block at first, then a fair share of them.
        place = random.randrange(block.rows)  # noqa: S311  # not a secret
        sample = (keys[place] - KEY_BIAS, numbers("I", block.person_tag)[place])
        if len(self._spot_checks) < _SPOT_CHECKS:
            self._spot_checks.append(sample)
        else:
            self._spot_checks[random.randrange(_SPOT_CHECKS)] = sample  # noqa: S311

    def _write_description(self, connection: sqlite3.Connection, meta: Meta) -> None:
        insurers = dict(enumerate(self._references.insurers))
        clinics = dict(enumerate(self._references.clinics))
        connection.executemany(
            "INSERT INTO insurer VALUES (?, ?, ?)",
            ((number, each.ogrn, each.okato) for number, each in insurers.items()),
        )
        connection.executemany("INSERT INTO clinic VALUES (?, ?)", clinics.items())
        items = layout.meta_items(meta, self._key, insurers, clinics)
        connection.executemany("INSERT INTO meta VALUES (?, ?)", items.items())


def _stored(
    block: Columns, keys: array[int], next_first: int, serial: int
) -> Iterator[tuple[int | None, ...]]:
    """The rows of a block as SQLite takes them: `layout.Row`, as plain tuples for speed."""
    return zip(
        [key - KEY_BIAS for key in keys],
        [
            None if status == NO_CODE else status * layout.STATE_TYPES + policy_type
            for status, policy_type in zip(block.status, block.policy_type, strict=True)
        ],
        [None if each == NO_INSURER else each for each in numbers("H", block.insurer)],
        [clinic - 1 if clinic else None for clinic in numbers("I", block.clinic)],
        [day - DAY_BIAS if day else None for day in numbers("I", block.valid_from)],
        [day - DAY_BIAS if day else None for day in numbers("I", block.valid_to)],
        person_checks(block, keys, next_first, serial),
        strict=True,
    )


def _create(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    # Nobody reads this file until it is whole and synced, so that a journal protects nothing.
    for pragma in (
        f"page_size = {layout.PAGE_BYTES}",
        "journal_mode = OFF",
        "synchronous = OFF",
        "locking_mode = EXCLUSIVE",
        f"application_id = {layout.APPLICATION_ID}",
        f"user_version = {layout.FORMAT_VERSION}",
    ):
        connection.execute(f"PRAGMA {pragma}")
    for statement in layout.SCHEMA:
        connection.execute(statement)
    return connection
