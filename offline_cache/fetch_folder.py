"""A repository in a folder, such as a USB stick that a stranger may have prepared.

Only regular files below the folder are read, each opened component by component without following
links, so that neither `..` nor a link nor a device file leads anywhere else.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from offline_cache.errors import FetchError
from offline_cache.fetch import (
    CHUNK_BYTES,
    Fetched,
    MissingFileError,
    TooLongError,
    UnreadableFileError,
    bounded,
    parts_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from offline_cache.fetch import Deadline

STICK_FOLDER: Final = "oms-register"
"""The repository's folder on a stick."""

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# Without O_NONBLOCK the opening of a pipe would wait for a writer for ever.
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class FolderSource:
    """Fetches from a folder. The deadline is looked at between reads of 64 KiB.

    A single read from a dying medium lasts as long as the kernel tries; then it fails here.
    """

    def __init__(self, folder: Path) -> None:
        """Use `folder` itself, or the `oms-register` in it when there is one.

        Raises:
            FetchError: it cannot be opened, or holds no repository.
        """
        try:
            self._root = os.open(folder, _FOLDER)
        except OSError as error:
            raise FetchError(f"{_shown(folder)}: {_words(error)}; is the stick in?") from error
        try:
            inner = os.open(STICK_FOLDER, _FOLDER | os.O_NOFOLLOW, dir_fd=self._root)
        except OSError:
            self.label = _shown(folder)
        else:
            os.close(self._root)
            self._root = inner
            self.label = _shown(folder / STICK_FOLDER)

    def close(self) -> None:
        """Let go of the folder, so that it can be unmounted."""
        if self._root >= 0:
            os.close(self._root)
            self._root = -1

    @contextmanager
    def fetch(
        self, name: str, deadline: Deadline, *, most: int, offset: int = 0
    ) -> Iterator[Fetched]:
        """A file below the folder; see `offline_cache.fetch.Source`."""
        what = f"{self.label}/{name}"
        deadline.check(what)
        descriptor = self._open(name, what)
        try:
            size = _regular(descriptor, what)
            if size > most:
                raise TooLongError(f"{what}: {size} bytes, longer than it may be")
            start = offset if offset <= size else 0
            chunks = _read(descriptor, start, what)
            # The file may grow while it is read.
            yield Fetched(start, bounded(chunks, most - start, what, deadline))
        finally:
            os.close(descriptor)

    def _open(self, name: str, what: str) -> int:
        *folders, last = parts_of(name)
        folder = os.dup(self._root)
        try:
            for part in folders:
                inner = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
                os.close(folder)
                folder = inner
            # Looked at first: to open a device file can do things.
            found = os.stat(last, dir_fd=folder, follow_symlinks=False)
            if not stat.S_ISREG(found.st_mode):
                raise UnreadableFileError(f"{what}: not a regular file; it was not read")
            return os.open(last, _FILE, dir_fd=folder)
        except FileNotFoundError as error:
            raise MissingFileError(f"{what}: not there") from error
        except OSError as error:
            raise UnreadableFileError(f"{what}: {_words(error)}") from error
        finally:
            os.close(folder)


def _regular(descriptor: int, what: str) -> int:
    """Size of the open file, which is a file."""
    try:
        found = os.fstat(descriptor)
    except OSError as error:
        raise UnreadableFileError(f"{what}: {_words(error)}") from error
    if not stat.S_ISREG(found.st_mode):
        raise UnreadableFileError(f"{what}: not a regular file; it was not read")
    return found.st_size


def _read(descriptor: int, start: int, what: str) -> Iterator[bytes]:
    try:
        while chunk := os.pread(descriptor, CHUNK_BYTES, start):
            start += len(chunk)
            yield chunk
    except OSError as error:
        raise UnreadableFileError(
            f"{what}: {_words(error)}; the stick may be damaged or gone"
        ) from error


def _shown(folder: Path) -> str:
    """A stick may be called anything, also what would break a line or move a terminal's cursor."""
    return "".join(
        each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in str(folder)
    )


def _words(error: OSError) -> str:
    return error.strerror or "cannot be read"
