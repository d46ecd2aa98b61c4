"""What the disk did not take, in words; and the calls that make sure of what it did."""

from __future__ import annotations

import errno
import math
import os
import shutil
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from offline_cache.errors import RegisterSpaceError, RegisterWriteError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_NOTHING_LEFT: Final = 256 * 1024
"""SQLite calls it an I/O error when its log finds no room; with so little free, it is that."""


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what the system and SQLite say while `path` is written into one line.

    Raises:
        RegisterSpaceError: the disk is full.
        RegisterWriteError: it failed otherwise.
    """
    try:
        yield
    except sqlite3.Error as error:
        if _is_full(path, error):
            raise _full(path) from error
        raise RegisterWriteError(f"{path}: cannot be written: {error}") from error
    except OSError as error:
        if error.errno in _FULL:
            raise _full(path) from error
        words = error.strerror or "cannot be written"
        raise RegisterWriteError(f"{error.filename or path}: {words}") from error


def _full(path: Path) -> RegisterSpaceError:
    return RegisterSpaceError(f"{path}: the disk is full; make room and try again")


def _is_full(path: Path, error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
    if code != sqlite3.SQLITE_IOERR:
        return code == sqlite3.SQLITE_FULL
    try:
        return shutil.disk_usage(path if path.is_dir() else path.parent).free < _NOTHING_LEFT
    except OSError:
        return False


def ensure_space(directory: Path, needed_bytes: int) -> None:
    """Refuse early what would fill the disk.

    Raises:
        RegisterSpaceError: fewer than `needed_bytes` are free.
    """
    free = shutil.disk_usage(directory).free
    if free < needed_bytes:
        # Rounded apart, so that nobody reads that 1 MB is needed and 1 MB is free.
        needed_mb, free_mb = math.ceil(needed_bytes / 1e6), math.floor(free / 1e6)
        raise RegisterSpaceError(
            f"{directory}: {needed_mb} MB may be needed, {free_mb} MB are free; make room"
        )


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk.

    Raises:
        OSError: the disk does not take them.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
