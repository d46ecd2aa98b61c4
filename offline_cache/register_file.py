"""One immutable register file, base or overlay: opened, checked and asked."""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from typing import TYPE_CHECKING, Final, NamedTuple

from offline_cache.columns import POLICY_TYPE_CODES, STATUS_CODES, References
from offline_cache.errors import (
    RegisterCorruptError,
    RegisterError,
    RegisterKeyError,
    RegisterMissingError,
    RegisterVersionError,
)
from offline_cache.format import Entry, Insurer
from offline_cache.layout import (
    APPLICATION_ID,
    FORMAT_VERSION,
    PAGE_BYTES,
    STATE_TYPES,
    Meta,
    day_from_code,
    lies_between,
    meta_seal,
    parse_meta,
    row_check,
    tag_of,
    wire_row,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from offline_cache.columns import WireRow
    from offline_cache.format import RegisterKey

_COLUMNS = "key, state, insurer, clinic, valid_from, valid_to, person_check"
_AT_OR_AFTER = f"SELECT {_COLUMNS} FROM entry WHERE key >= ? ORDER BY key LIMIT 2"  # noqa: S608
_BEFORE = f"SELECT {_COLUMNS} FROM entry WHERE key < ? ORDER BY key DESC LIMIT 1"  # noqa: S608
_LAST = f"SELECT {_COLUMNS} FROM entry ORDER BY key DESC LIMIT 1"  # noqa: S608

_TRIES = 3
_MAX_VALUE_BYTES = 64 * 1024
_MAX_META_ROWS = 64
_MAX_REFERENCES = 1_000_000

_StoredRow = tuple[int, int | None, int | None, int | None, int | None, int | None, int]

_DAMAGE: Final = (
    *(sqlite3.Error, OSError, MemoryError, OverflowError),
    *(struct.error, TypeError, ValueError, LookupError),
)
"""What damaged files bring about: sqlite3 raises more than its own errors, and a row that cannot
be packed or decoded holds values that nobody wrote."""


class _Deleted:
    """Type of `DELETED`."""


DELETED: Final = _Deleted()
"""An overlay's answer: the base has this entry, and it is no longer true."""


class Identity(NamedTuple):
    """Tells whether a path still leads to the file that is open."""

    device: int
    inode: int
    bytes: int
    modified_ns: int


class RegisterFile:
    """A register file, open for reading. Not for use by two threads at once."""

    def __init__(self, path: Path, key: RegisterKey) -> None:
        """Open and check `path`; reads the header, the description and the reference tables.

        Raises:
            RegisterMissingError: no such file, or no right to read it.
            RegisterVersionError: a format newer than this program.
            RegisterKeyError: built with another key.
            RegisterCorruptError: anything else that is wrong with it.
        """
        self._path = path
        tries = _TRIES
        while tries:
            tries -= 1
            # Taken before opening: a replacement in between is then seen as one, not overlooked.
            self.identity = identity_of(path)
            if self.identity is None:
                raise RegisterMissingError(f"{path}: no register here; build or fetch one")
            try:
                self._open(key)
            except RegisterCorruptError:
                # The name may have led to two files, when an update was put in place just now.
                if not tries or identity_of(path) == self.identity:
                    raise
            else:
                break

    def find(self, key: int) -> Entry | _Deleted | None:
        """The entry under `key`, `DELETED` (overlays only), or None when it is proved absent.

        Raises:
            RegisterCorruptError: when what was read fails its check.
        """
        if self.meta.first_key is None:
            return None
        try:
            return self._find(key, self.meta.first_key)
        except _DAMAGE as error:
            raise self._damaged("a page or a row cannot be read") from error

    @property
    def references(self) -> References:
        """The reference tables, by the ids of `rows`."""
        return References(tuple(self._insurers.values()), tuple(self._clinics.values()))

    def rows(self) -> Iterator[WireRow]:
        """All rows in the order of their keys; whoever uses them compares their digest.

        Raises:
            RegisterCorruptError: they cannot be read to the end.
        """
        try:
            for row in self._connection.execute(f"SELECT {_COLUMNS} FROM entry ORDER BY key"):  # noqa: S608
                yield wire_row(row)
        except _DAMAGE as error:
            raise self._damaged("a page or a row cannot be read") from error

    def close(self) -> None:
        """Close the file; closing twice does no harm."""
        self._connection.close()

    def _find(self, key: int, first_key: int) -> Entry | _Deleted | None:
        rows: list[_StoredRow] = self._connection.execute(_AT_OR_AFTER, (key,)).fetchall()
        if rows and rows[0][0] == key:
            self._prove(rows[0], rows[1][0] if len(rows) > 1 else first_key)
            return self._entry(rows[0])
        following = rows[0][0] if rows else first_key
        before: _StoredRow | None = self._connection.execute(_BEFORE, (key,)).fetchone()
        if before is None:
            # Smaller than every key: the ring closes from the last row to the first one.
            before = self._connection.execute(_LAST).fetchone()
        if before is None:
            raise self._damaged("its rows are gone")
        self._prove(before, following)
        # A damaged inner page leads to true neighbours of another place in the ring.
        if not lies_between(before[0], key, following):
            raise self._damaged("its order is broken")
        return None

    def _prove(self, row: _StoredRow, next_key: int) -> None:
        if row_check(row, next_key, self.meta.serial) != row[-1] & 0xFFFFFFFF:
            raise self._damaged("a row fails its check")

    def _entry(self, row: _StoredRow) -> Entry | _Deleted:
        _, state, insurer, clinic, valid_from, valid_to, person_check = row
        if state is None and self.meta.base_serial is not None:
            return DELETED
        if state is None or insurer is None:
            raise self._damaged("a row lacks a field")
        status, policy_type = divmod(state, STATE_TYPES)
        return Entry(
            status=STATUS_CODES[status],
            policy_type=POLICY_TYPE_CODES[policy_type],
            insurer=self._insurers[insurer],
            clinic=None if clinic is None else self._clinics[clinic],
            valid_from=None if valid_from is None else day_from_code(valid_from),
            valid_to=None if valid_to is None else day_from_code(valid_to),
            person_tag=tag_of(person_check),
        )

    def _open(self, key: RegisterKey) -> None:
        self._connection = connect(self._path)
        try:
            self.meta = self._load(key)
        except _DAMAGE as error:
            self._connection.close()
            raise self._damaged("it cannot be read as a register") from error
        except BaseException:
            self._connection.close()
            raise

    def _load(self, key: RegisterKey) -> Meta:
        self._check_header()
        items = self._read_meta()
        if items.get("key_check", key.check_value) != key.check_value:
            raise RegisterKeyError(
                f"{self._path}: built with another key; use the key file of its publisher"
            )
        self._insurers, self._clinics = self._read_references()
        if items.get("seal") != meta_seal(items, key, self._insurers, self._clinics):
            raise self._damaged("its description fails the seal")
        return parse_meta(items)

    def _check_header(self) -> None:
        if self._pragma("application_id") != APPLICATION_ID:
            raise self._damaged("it is not a register")
        if self._pragma("user_version") > FORMAT_VERSION:
            raise RegisterVersionError(
                f"{self._path}: its format is newer than this program; update the program"
            )
        if self._pragma("user_version") != FORMAT_VERSION:
            raise self._damaged("it has no known format")
        size = self._pragma("page_count") * self._pragma("page_size")
        if self._pragma("page_size") != PAGE_BYTES or self.identity is None:
            raise self._damaged("its pages have another size")
        # SQLite trusts the file's length over the header's count, so a cut file looks like a
        # shorter one: the length that the header promises is compared here.
        if self.identity.bytes != size or _promised_bytes(self._path) != size:
            raise self._damaged("it is cut short or has grown")

    def _read_meta(self) -> dict[str, str]:
        query = "SELECT name, value FROM meta LIMIT ?"
        return dict(self._connection.execute(query, (_MAX_META_ROWS,)).fetchall())

    def _read_references(self) -> tuple[Mapping[int, Insurer], Mapping[int, str]]:
        limit = (_MAX_REFERENCES,)
        insurers = self._connection.execute("SELECT id, ogrn, okato FROM insurer LIMIT ?", limit)
        clinics = self._connection.execute("SELECT id, code FROM clinic LIMIT ?", limit)
        return {number: Insurer(ogrn, okato) for number, ogrn, okato in insurers}, dict(clinics)

    def _pragma(self, name: str) -> int:
        row = self._connection.execute(f"PRAGMA {name}").fetchone()
        return int(row[0])

    def _damaged(self, what: str) -> RegisterCorruptError:
        return RegisterCorruptError(f"{self._path}: {what}; fetch or build the register anew")


def identity_of(path: Path) -> Identity | None:
    """Which file the path leads to now; None when there is none.

    Raises:
        RegisterMissingError: when the folder cannot be read or the path is no file.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RegisterMissingError(f"{path}: {error.strerror or 'cannot be read'}") from error
    if not path.is_file():
        raise RegisterMissingError(f"{path}: not a file")
    return Identity(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def serial_of(path: Path) -> int | None:
    """The serial that a file tells, without proof; None when there is none or it does not tell."""
    try:
        with closing(connect(path)) as connection:
            query = "SELECT value FROM meta WHERE name = 'serial'"
            return int(connection.execute(query).fetchone()[0])
    except (RegisterError, *_DAMAGE):
        return None


def connect(path: Path) -> sqlite3.Connection:
    """A read-only connection that trusts the file to stay as it is.

    Raises:
        RegisterMissingError: when it cannot be opened.
        RegisterCorruptError: when it is no SQLite file.
    """
    # as_uri escapes ?, # and % in folder names. No mmap_size: a bad sector under a memory map is
    # SIGBUS, and the process is gone; under read() it is an error that can be told.
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    try:
        # Opened by whoever composes the program, then used by the lookup thread alone.
        connection = sqlite3.connect(uri, uri=True, check_same_thread=False, isolation_level=None)
    except sqlite3.Error as error:
        raise RegisterMissingError(f"{path}: cannot be opened") from error
    try:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE_BYTES)
        for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "query_only = ON"):
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error as error:
        connection.close()
        raise RegisterCorruptError(f"{path}: not a register file") from error
    return connection


def _promised_bytes(path: Path) -> int:
    """Size by the SQLite header: page count at offset 28 (file format §1.3.7)."""
    with path.open("rb") as file:
        header = file.read(32)
    return PAGE_BYTES * int.from_bytes(header[28:32], "big")
