"""Files that are there whole or not at all: written beside, fsynced, renamed, the folder fsynced.

Everything that the publisher writes for others goes through here, so that a crash between any two
steps leaves old files and finished new ones, and a full disk is said in words.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from offline_cache.disk import disk_errors, sync

if TYPE_CHECKING:
    from pathlib import Path

_COPY_BYTES = 1 << 20
_READABLE = 0o644
_PASSABLE = 0o755


@dataclass(frozen=True, slots=True)
class Measured:
    """Length and SHA-256 of a file."""

    length: int
    sha256: str
    """64 hex digits."""


def write(path: Path, content: bytes, *, mode: int = _READABLE) -> None:
    """Put `content` in place of `path`.

    Raises:
        RegisterSpaceError: the disk is full.
        RegisterWriteError: the disk did not take it.
    """
    staged = _staged(path)
    with disk_errors(path):
        descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "wb") as file:
            _allow(staged, mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        put(staged, path)


def copy(source: Path, folder: Path, name: str) -> Measured:
    """Copy `source` into `folder` under the name `<SHA-256>.<name>`; what was copied.

    Raises:
        RegisterSpaceError: the disk is full.
        RegisterWriteError: the source cannot be read, or the disk did not take it.
    """
    staged = _staged(folder / name)
    digest = hashlib.sha256()
    length = 0
    with disk_errors(folder / name):
        with source.open("rb") as original, staged.open("wb") as made:
            while piece := original.read(_COPY_BYTES):
                digest.update(piece)
                length += len(piece)
                made.write(piece)
            made.flush()
            os.fsync(made.fileno())
        _allow(staged, _READABLE)
        put(staged, folder / f"{digest.hexdigest()}.{name}")
    return Measured(length, digest.hexdigest())


def make_folder(folder: Path) -> None:
    """Make a folder and what lies above it, for good.

    Raises:
        RegisterSpaceError, RegisterWriteError: the disk did not take it.
    """
    with disk_errors(folder):
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            _allow(folder, _PASSABLE)
            sync(folder.parent)


def measure(path: Path) -> Measured:
    """Length and SHA-256 of a file.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return Measured(file.tell(), digest.hexdigest())


def put(staged: Path, path: Path) -> None:
    """Rename a finished file or folder into place, for good.

    Raises:
        OSError: from the file system.
    """
    staged.replace(path)
    sync(path.parent)


def remove(path: Path) -> None:
    """Remove a file that nobody needs any more; one that is gone already is no matter.

    Raises:
        RegisterWriteError: it cannot be removed.
    """
    with disk_errors(path):
        path.unlink(missing_ok=True)


def _allow(path: Path, mode: int) -> None:
    """Set rights whatever the umask: a web server under another name reads the repository."""
    # FAT has no rights to set.
    with suppress(OSError):
        path.chmod(mode)


def _staged(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")
