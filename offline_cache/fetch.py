"""What a repository is fetched through: a web server or a folder, both by names below its root.

A name is `metadata/timestamp.json` or `targets/register/<sha256>.base-12`. Who fetches says how
many bytes it takes at most and until when; a place that gives more, or later, is not listened to.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from offline_cache.errors import FetchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

CHUNK_BYTES: Final = 64 * 1024
_MAX_NAME: Final = 512
_MAX_PARTS: Final = 8


class MissingFileError(FetchError):
    """The place answers, and has no such file."""


class CutShortError(MissingFileError):
    """The place answers, and has only the beginning of the file."""


class UnreadableFileError(FetchError):
    """Something of this name is there and cannot be read; other files of the place may be."""


class TooLongError(FetchError):
    """The place gives more than was asked for at most."""


class Deadline:
    """A moment after which nothing is waited for any more."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`seconds` from now."""
        self._clock = clock
        self._seconds = seconds
        self._end = clock() + seconds

    def left(self) -> float:
        """Seconds until then; negative when it has passed."""
        return self._end - self._clock()

    def check(self, what: str) -> None:
        """Go on only before the moment.

        Raises:
            FetchError: it has passed.
        """
        if self.left() <= 0:
            raise FetchError(f"{what}: not done within {self._seconds:.0f} s; try again later")

    def within(self, seconds: float) -> Deadline:
        """The earlier of this moment and `seconds` from now."""
        return self if self.left() <= seconds else Deadline(seconds, self._clock)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that is being fetched."""

    start: int
    """Offset of the first byte that comes: what was asked for, or 0 where that cannot be had."""
    chunks: Iterator[bytes]
    """Raises `FetchError` in the middle when the rest does not come."""


class Source(Protocol):
    """A place with a repository."""

    @property
    def label(self) -> str:
        """How people know it: its address or folder."""

    def fetch(
        self, name: str, deadline: Deadline, *, most: int, offset: int = 0
    ) -> AbstractContextManager[Fetched]:
        """Fetch a file of at most `most` bytes in all, from `offset` on where possible.

        Raises:
            MissingFileError: there is none.
            TooLongError: it is longer than `most`.
            FetchError: it cannot be had: the message says what failed.
        """

    def close(self) -> None:
        """Let go of connections and folders."""


def read_small(source: Source, name: str, deadline: Deadline, *, most: int) -> bytes:
    """A whole file in memory.

    Raises:
        FetchError: as `Source.fetch`.
    """
    with source.fetch(name, deadline, most=most) as fetched:
        return b"".join(fetched.chunks)


def parts_of(name: str) -> tuple[str, ...]:
    """The components of a name, none of which leads out of the repository.

    Raises:
        FetchError: one of them could.
    """
    parts = tuple(name.split("/"))
    bad = any(part in {"", ".", ".."} or "\0" in part or "\\" in part for part in parts)
    if bad or len(parts) > _MAX_PARTS or len(name) > _MAX_NAME:
        raise FetchError("a name that leads out of the repository; it was not followed")
    return parts


def bounded(chunks: Iterator[bytes], most: int, what: str, deadline: Deadline) -> Iterator[bytes]:
    """Pass `chunks` on while they keep to `most` bytes and to the deadline.

    Raises:
        TooLongError: there are more.
        FetchError: time is over.
    """
    taken = 0
    for chunk in chunks:
        deadline.check(what)
        taken += len(chunk)
        if taken > most:
            raise TooLongError(f"{what}: longer than it may be; the rest was not taken")
        yield chunk
