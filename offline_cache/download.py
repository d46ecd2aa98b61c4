"""Signed files on their way to this disk: kept when the line breaks, gone on with, proved whole.

A file grows as `<sha256>.part`. Nothing in it counts before its length and hash are the signed
ones; until then it is only what need not be fetched again.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, BinaryIO, Final

from offline_cache.disk import disk_errors, ensure_space
from offline_cache.errors import FetchError, TrustError
from offline_cache.fetch import (
    CHUNK_BYTES,
    CutShortError,
    MissingFileError,
    TooLongError,
    read_small,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from offline_cache.fetch import Deadline, Source
    from offline_cache.trust import Target

_SUFFIX: Final = ".part"
_PAUSE_SECONDS: Final = 0.5


class Downloads:
    """The folder of files that are fetched; for the process that holds the register's lock."""

    def __init__(
        self,
        source: Source,
        folder: Path,
        deadline: Deadline,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> None:
        """`progress` is told bytes done and bytes in all."""
        self._source = source
        self._folder = folder
        self._deadline = deadline
        self._progress = progress
        self.bytes_fetched = 0
        """What came over the line, also in vain."""

    def fetch(self, targets: Sequence[Target], *, beside: int = 0) -> list[Path]:
        """All files, proved, in the order of `targets`; `beside` bytes must stay free beside them.

        Raises:
            FetchError: one cannot be had; what came of it is kept for the next time.
            TrustError: one is not what was signed; it is deleted.
            RegisterSpaceError, RegisterWriteError: the disk is full or failed.
        """
        total = sum(target.length for target in targets)
        with disk_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            here = sum(min(_size(self._path(each)), each.length) for each in targets)
            ensure_space(self._folder, total - here + beside)
        paths, before = [], 0
        for target in targets:
            paths.append(self._whole(target, before, total))
            before += target.length
        return paths

    def keep_only(self, targets: Iterable[Target]) -> None:
        """Clear away every other file.

        Raises:
            RegisterWriteError: the disk failed.
        """
        kept = {self._path(target) for target in targets}
        with disk_errors(self._folder):
            for path in self._folder.glob("*"):
                if path not in kept and not path.is_dir():
                    path.unlink()

    def _path(self, target: Target) -> Path:
        return self._folder / f"{target.sha256}{_SUFFIX}"

    def _whole(self, target: Target, before: int, total: int) -> Path:
        path = self._path(target)
        for resumed in (_size(path) > 0, False):
            with disk_errors(path), _opened(path) as file:
                part = _Part(file, target.length)
                self._fill(target, part, before, total)
            self._progress(before + target.length, total)
            if part.digest.hexdigest() == target.sha256:
                return path
            with disk_errors(path):
                path.unlink()
            if not resumed:
                break
            # What lay here may be what is wrong, after a power cut: once more from the start.
        raise TrustError(
            f"{self._source.label}: {target.name} is not the file that was signed; it was deleted"
        )

    def _fill(self, target: Target, part: _Part, before: int, total: int) -> None:
        """Fetch the rest, over as many connections as bring something before the deadline."""
        while part.have < target.length:
            had = part.have
            try:
                for size in self._rest(target, part):
                    self.bytes_fetched += size
                    self._progress(before + part.have, total)
            except (MissingFileError, TooLongError):
                raise
            except FetchError:
                if part.have <= had or self._deadline.left() < _PAUSE_SECONDS:
                    raise
                time.sleep(_PAUSE_SECONDS)

    def _rest(self, target: Target, part: _Part) -> Iterator[int]:
        """The sizes of what comes, once it is written."""
        source, most = self._source, target.length
        try:
            with source.fetch(target.path, self._deadline, most=most, offset=part.have) as fetched:
                if fetched.start != part.have:
                    part.restart()
                for chunk in fetched.chunks:
                    part.add(chunk)
                    yield len(chunk)
        except TooLongError as error:
            raise TrustError(f"{error}: {target.length} bytes were signed") from error
        if part.have < target.length:
            raise CutShortError(f"{source.label}/{target.path}: ended before its signed length")


class _Part:
    """A file that grows, with the hash of what it holds."""

    def __init__(self, file: BinaryIO, length: int) -> None:
        """Take over what is there, unless it is too long to be a beginning."""
        self._file = file
        self.have = 0
        self.digest = hashlib.sha256()
        while self.have <= length and (chunk := file.read(CHUNK_BYTES)):
            self.digest.update(chunk)
            self.have += len(chunk)
        if self.have > length:
            self.restart()

    def restart(self) -> None:
        """Begin anew."""
        self._file.seek(0)
        self._file.truncate()
        self.have = 0
        self.digest = hashlib.sha256()

    def add(self, chunk: bytes) -> None:
        """Take in what follows."""
        self._file.write(chunk)
        self.digest.update(chunk)
        self.have += len(chunk)


def read_target(source: Source, target: Target, deadline: Deadline, *, most: int) -> bytes:
    """A small signed file in memory.

    Raises:
        FetchError: it cannot be had.
        TrustError: it is not what was signed, or longer than `most`.
    """
    if target.length > most:
        raise TrustError(f"{source.label}: {target.name} is signed with an absurd length")
    try:
        content = read_small(source, target.path, deadline, most=target.length)
    except TooLongError as error:
        raise TrustError(f"{error}: {target.length} bytes were signed") from error
    if len(content) != target.length or hashlib.sha256(content).hexdigest() != target.sha256:
        raise TrustError(f"{source.label}: {target.name} is not the file that was signed")
    return content


def _opened(path: Path) -> BinaryIO:
    """Open for going on, also when there is nothing yet."""
    if path.is_dir():
        path.rmdir()
    path.touch()
    return path.open("r+b")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
