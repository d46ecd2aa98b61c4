"""How far this kiosk has come, kept so that nothing leads it back: versions, list, signed time.

TUF's own memory is a cache of files that nobody syncs: after a power cut it can be empty, and an
old repository would be new again. The floor is a small synced store of its own. It is looked at
after every refresh and again before a list becomes current, and it never falls.
"""

from __future__ import annotations

import logging
import sqlite3
import zlib
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Self

from offline_cache.disk import disk_errors
from offline_cache.errors import RegisterWriteError, TrustError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

STATE_NAME: Final = "state.sqlite"

CLOCK_TOLERANCE: Final = timedelta(minutes=10)
"""A signer's clock may run ahead of ours by so much before ours counts as wrong."""

_SERIAL: Final = "serial"
_KEYS: Final = "keys"
_ISSUED: Final = "issued"
_VERSION: Final = "version "
_MAX_ROWS: Final = 128
_MAX_VALUE: Final = 2**53
_SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS floor"
    " (name TEXT PRIMARY KEY, value INTEGER NOT NULL, mark INTEGER NOT NULL) STRICT, WITHOUT ROWID"
)
_READ: Final = "SELECT name, value, mark FROM floor LIMIT ?"
_CLEAR: Final = "DELETE FROM floor"
_WRITE: Final = "INSERT INTO floor VALUES (?, ?, ?)"
_LOCK_SECONDS: Final = 1.0
"""The folder's lock keeps others out; only somebody who looks with a tool can hold this one."""
_DAMAGE: Final = frozenset({1, 11, 26})
"""SQLITE_ERROR (other tables than ours), SQLITE_CORRUPT, SQLITE_NOTADB."""

_log = logging.getLogger(__name__)


_OFFLINE: Final = ("root", "targets")
"""Roles whose keys lie in a safe; they say which keys the others have."""


@dataclass(frozen=True, slots=True)
class Heights:
    """Numbers that only grow, as long as the same keys sign for them.

    A thief of online keys can sign numbers that the fund would never reach. New keys end that: what
    was signed with the old ones, except by the offline roles, is no measure any more. The old keys
    do not come back, because the versions of the offline roles keep growing.
    """

    versions: Mapping[str, int] = field(default_factory=dict)
    """By role: root, timestamp, snapshot, targets and the delegated ones."""
    serial: int = 0
    """Of the list."""
    issued: datetime | None = None
    """The newest signed time, UTC."""
    keys: int = 0
    """Fingerprint of the online keys that signed the rest; 0: not known."""

    def ended_by(self, by: Heights) -> bool:
        """Whether `by` was signed with other online keys, in the name of the offline ones."""
        return 0 != self.keys != by.keys != 0 and all(
            by.versions.get(role, 0) >= self.versions.get(role, 0) for role in _OFFLINE
        )

    @property
    def offline(self) -> Heights:
        """Of the offline roles alone."""
        return Heights({role: self.versions.get(role, 0) for role in _OFFLINE})

    def raised(self, by: Heights) -> Heights:
        """The higher of both in everything that `by` does not end."""
        before = self.offline if self.ended_by(by) else self
        names = before.versions.keys() | by.versions.keys()
        times = [at for at in (self.issued, by.issued) if at is not None]
        return Heights(
            {name: max(before.versions.get(name, 0), by.versions.get(name, 0)) for name in names},
            max(before.serial, by.serial),
            max(times, default=None),
            by.keys or self.keys,
        )

    def refuse_below(self, floor: Heights) -> None:
        """Let nothing pass that lies below `floor`.

        Raises:
            TrustError: an older state than one that was seen; the message says of what.
        """
        versions = (floor.offline if floor.ended_by(self) else floor).versions
        for role, least in versions.items():
            found = self.versions.get(role, 0)
            if found < least:
                raise TrustError(
                    f"an older repository than this kiosk has seen: {role} is version {found},"
                    f" and {least} has been; fetch the newest"
                )
        if self.issued is not None and floor.issued is not None and self.issued < floor.issued:
            raise TrustError(
                f"an older repository than this kiosk has seen: issued {_words(self.issued)},"
                f" and one of {_words(floor.issued)} has been; fetch the newest"
            )

    def refuse_list_below(self, floor: Heights) -> None:
        """Let no list pass that is older than one that was seen.

        Raises:
            TrustError: it is.
        """
        if self.serial < floor.serial and not floor.ended_by(self):
            raise TrustError(
                f"an older list than this kiosk has seen: list {self.serial},"
                f" and list {floor.serial} has been; fetch the newest"
            )


def refuse_wrong_clock(now: datetime, passed: datetime) -> None:
    """A clock that is behind lets every expired signature pass.

    Raises:
        TrustError: `now` (aware) lies before `passed`, a time that is known to have passed.
    """
    if passed - now > CLOCK_TOLERANCE:
        raise TrustError(
            f"the clock is wrong: it shows {_words(now)}, and {_words(passed)} has passed already;"
            " set it"
        )


class FloorStore:
    """The store of one register folder; for the process that holds the folder's lock."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """Use `FloorStore.open`."""
        self._path = path
        self._connection = connection
        self.lost = _read(connection) == Heights()
        """There was none, or a damaged one: it starts from nothing."""

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the store, or begin a new one where it is missing or damaged; said in the log.

        Raises:
            RegisterSpaceError, RegisterWriteError: the disk does not take it.
        """
        path = folder / STATE_NAME
        with disk_errors(path):
            try:
                return cls(path, _opened(path))
            except (sqlite3.DatabaseError, ValueError) as error:
                if not _is_damage(error):
                    raise
            _log.warning("register: %s is damaged and begun anew", path)
            for suffix in ("", "-wal", "-shm", "-journal"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            return cls(path, _opened(path))

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self._connection.close()

    def read(self) -> Heights:
        """The floor.

        Raises:
            RegisterWriteError: the disk failed.
        """
        try:
            return _read(self._connection)
        except (sqlite3.Error, ValueError) as error:
            raise RegisterWriteError(f"{self._path}: cannot be read: {error}") from error

    def rise(self, to: Heights) -> None:
        """Raise what lies below `to`, in one synced commit, and none when nothing does.

        Raises:
            RegisterSpaceError, RegisterWriteError: the disk did not take it; the floor is as it
                was.
        """
        before = self.read()
        values = _values(before.raised(to))
        if values == _values(before):
            return
        rows = [(name, value, _mark(name, value)) for name, value in values.items()]
        with disk_errors(self._path), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(_CLEAR)
            self._connection.executemany(_WRITE, rows)


def newest_signed_time(folder: Path) -> datetime | None:
    """The newest signed time that the updater saw, for the kiosk's clock; None: none is known.

    Reads without a lock and without writing anything, so that a commit whose log was not folded in
    yet, after a crash, is seen only once the updater has run again.
    """
    uri = f"{(folder / STATE_NAME).absolute().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            return _read(connection).issued
    except (sqlite3.Error, ValueError, OSError):
        return None


def _is_damage(error: Exception) -> bool:
    """Whether the content is wrong; a full disk or a lock is no reason to forget it."""
    return not isinstance(error, sqlite3.Error) or error.sqlite_errorcode & 0xFF in _DAMAGE


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=_LOCK_SECONDS)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(_SCHEMA)
        _read(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _read(connection: sqlite3.Connection) -> Heights:
    """The stored floor.

    Raises:
        sqlite3.Error, ValueError: it is damaged.
    """
    versions: dict[str, int] = {}
    serial, keys, issued = 0, 0, None
    for name, value, mark in connection.execute(_READ, (_MAX_ROWS,)):
        # A flipped bit must neither let an old list in nor keep every new one out.
        if mark != _mark(name, value):
            raise ValueError("a number that nobody wrote")
        if name == _SERIAL:
            serial = value
        elif name == _KEYS:
            keys = value
        elif name == _ISSUED:
            issued = datetime.fromtimestamp(value, UTC)
        else:
            versions[name.removeprefix(_VERSION)] = value
    return Heights(versions, serial, issued, keys)


def _values(heights: Heights) -> dict[str, int]:
    values = {_VERSION + role: version for role, version in heights.versions.items()}
    values[_SERIAL], values[_KEYS] = heights.serial, heights.keys
    if heights.issued is not None:
        values[_ISSUED] = int(heights.issued.timestamp())
    return {name: min(value, _MAX_VALUE) for name, value in values.items()}


def _mark(name: str, value: int) -> int:
    return zlib.crc32(f"{name}={value}".encode())


def _words(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
