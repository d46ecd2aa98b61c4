"""Writes a register file from rows in key order, and reads it back before anybody relies on it."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from offline_cache import layout
from offline_cache.errors import RegisterWriteError
from offline_cache.format import Entry
from offline_cache.register_file import RegisterFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from offline_cache.format import Insurer, RegisterKey
    from offline_cache.layout import Meta, Row

PROGRESS_EVERY = 10_000
_SPOT_CHECKS = 64
_INSERT = "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(slots=True)
class References:
    """The reference tables of a file while it grows: an id for every insurer and clinic."""

    insurers: dict[Insurer, int] = field(default_factory=dict)
    clinics: dict[str, int] = field(default_factory=dict)

    def insurer_id(self, insurer: Insurer) -> int:
        """The insurer's id, a new one when it was not met before."""
        return self.insurers.setdefault(insurer, len(self.insurers))

    def clinic_id(self, clinic: str | None) -> int | None:
        """The clinic's id, a new one when it was not met before."""
        return None if clinic is None else self.clinics.setdefault(clinic, len(self.clinics))


class FileWriter:
    """Writes one register file, then checks it."""

    def __init__(self, path: Path, key: RegisterKey, references: References) -> None:
        """Write to `path`, which must not exist; `references` must hold every id of the rows."""
        self._path = path
        self._key = key
        self._references = references
        self._insurers = list(references.insurers)
        self._clinics = list(references.clinics)
        self._rows = 0
        self._digest = 0
        self._first_key: int | None = None
        self._spot_checks: list[tuple[int, int]] = []

    def write(self, rows: Iterable[Row], about: Meta, progress: Callable[[int], None]) -> Meta:
        """Write `rows`, whose `person_check` holds the tag alone; still to be synced to the disk.

        `about` says everything but what is counted here: rows, digest and first key, which the
        answer has. `progress` is told the rows written every `PROGRESS_EVERY`.

        Raises:
            sqlite3.Error: the disk is full or failed.
        """
        with closing(_create(self._path)) as connection:
            connection.execute("BEGIN")
            connection.executemany(_INSERT, _sealed(self._counted(rows, progress), about.serial))
            meta = replace(
                about,
                rows=self._rows,
                digest=self._digest % layout.DIGEST_MODULUS,
                first_key=self._first_key,
            )
            self._write_description(connection, meta)
            connection.execute("COMMIT")
        return meta

    def check(self, path: Path) -> None:
        """Read the finished file as a kiosk would.

        Raises:
            RegisterError: it is not what was written.
        """
        with closing(RegisterFile(path, self._key)) as file:
            for key, tag in self._spot_checks:
                entry = file.find(key)
                if entry is None or (isinstance(entry, Entry) and entry.person_tag != tag):
                    raise RegisterWriteError(
                        f"{path}: reads back differently from what was written"
                    )

    def _counted(self, rows: Iterable[Row], progress: Callable[[int], None]) -> Iterator[Row]:
        for row in rows:
            if self._first_key is None:
                self._first_key = row.key
            insurer = None if row.insurer is None else self._insurers[row.insurer]
            clinic = None if row.clinic is None else self._clinics[row.clinic]
            self._digest += layout.row_hash(row, insurer, clinic)
            self._rows += 1
            self._sample(row)
            if self._rows % PROGRESS_EVERY == 0:
                progress(self._rows)
            yield row
        progress(self._rows)

    def _sample(self, row: Row) -> None:
        """Keep a fair sample for `check` (reservoir sampling, algorithm R)."""
        place = self._rows - 1
        if place >= _SPOT_CHECKS:
            place = int(random.random() * self._rows)  # noqa: S311  # not a secret
            if place >= _SPOT_CHECKS:
                return
        self._spot_checks[place : place + 1] = [(row.key, layout.tag_of(row.person_check))]

    def _write_description(self, connection: sqlite3.Connection, meta: Meta) -> None:
        insurers = {number: insurer for insurer, number in self._references.insurers.items()}
        clinics = {number: code for code, number in self._references.clinics.items()}
        connection.executemany(
            "INSERT INTO insurer VALUES (?, ?, ?)",
            ((number, each.ogrn, each.okato) for number, each in insurers.items()),
        )
        connection.executemany("INSERT INTO clinic VALUES (?, ?)", clinics.items())
        items = layout.meta_items(meta, self._key, insurers, clinics)
        connection.executemany("INSERT INTO meta VALUES (?, ?)", items.items())


def _sealed(rows: Iterable[Row], serial: int) -> Iterator[Row]:
    """Each row checked together with its follower's key, the last with the first's."""
    first = waiting = None
    for row in rows:
        if waiting is None:
            first = row
        else:
            yield layout.seal_row(waiting, row.key, serial)
        waiting = row
    if first is not None and waiting is not None:
        yield layout.seal_row(waiting, first.key, serial)


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
