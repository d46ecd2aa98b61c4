"""Unpacks a release's bundle: a tar, packed with gzip, of plain files and folders and nothing else.

Two of three keys have signed it, and still it gets no chance: every header is looked at before
`tarfile` acts on it, and files are made by this module, one by one, where nothing was before.
"""

from __future__ import annotations

import gzip
import os
import re
import tarfile
import zlib
from typing import IO, TYPE_CHECKING, Final, Self, cast

from kiosk.software.errors import BundleError
from offline_cache.errors import RegisterSpaceError

if TYPE_CHECKING:
    from pathlib import Path

MAX_MEMBERS: Final = 2_000
MAX_BYTES: Final = 1_000_000_000
"""Of all files together; wheels, which are packed already, come to about 80 MB."""
_HEADERS: Final = MAX_MEMBERS * 4 * tarfile.BLOCKSIZE
_MAX_DEPTH: Final = 8
_MAX_NAME: Final = 200
_MAX_EXTENSION: Final = 8 * 1024
"""Of a header that extends the next one: a long name, a fraction of a second."""
_CHUNK: Final = 1 << 20
_PART: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+@ -]*")
_FILES: Final = frozenset({tarfile.REGTYPE, tarfile.AREGTYPE})
_EXTENSIONS: Final = frozenset({tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME})


def unpack(bundle: Path, folder: Path, top: str, *, most: int = MAX_BYTES) -> None:
    """Unpack what lies below `top` in `bundle` into `folder`, which must exist and be empty.

    Raises:
        BundleError: it holds something else than it may, too much of it, or is cut short.
        RegisterSpaceError: there is no room for what it holds.
        OSError: the disk failed.
    """
    with bundle.open("rb") as packed:
        try:
            with gzip.GzipFile(fileobj=packed) as stream:
                bounded = _Bounded(stream, most + _HEADERS)
                whole = cast("IO[bytes]", bounded)
                with tarfile.open(
                    fileobj=whole, mode="r|", tarinfo=_Header, errorlevel=2
                ) as archive:
                    _take(archive, folder, top, most)
                # To the end, where the packer's own check stands. `tarfile` takes a damaged
                # header for the end: then there is more.
                while piece := bounded.read(_CHUNK):
                    if piece.strip(b"\0"):
                        raise BundleError("the bundle is damaged: more follows its end")
        except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise BundleError(f"the bundle is damaged: {error}") from error
        except (ValueError, OverflowError, RecursionError) as error:
            raise BundleError("the bundle is no archive of ours") from error


class _Header(tarfile.TarInfo):
    """A header that is refused before `tarfile` does what it asks for."""

    # The way in that `tarfile` means for subclasses; what reads the header itself is called by
    # another name in each of Debian's updates.
    def _proc_member(self, archive: tarfile.TarFile) -> Self:
        """As the base, for plain files, folders and short extensions of their headers."""
        extends = self.type in _EXTENSIONS
        if not extends and self.type not in _FILES and self.type != tarfile.DIRTYPE:
            raise BundleError("the bundle holds something else than files and folders")
        if self.size < 0 or (extends and self.size > _MAX_EXTENSION):
            raise BundleError("the bundle holds a header with an absurd length")
        try:
            found: Self = super()._proc_member(archive)  # type: ignore[misc]
        except tarfile.HeaderError as error:
            # `tarfile` would take what an extension breaks for the end of the archive.
            raise BundleError(f"the bundle is damaged: {error}") from error
        # An extension may say another length than the header that it extends.
        if found.size < 0:
            raise BundleError("the bundle holds a header with an absurd length")
        return found


class _Bounded:
    """A stream that ends in an error where more comes than may."""

    def __init__(self, stream: gzip.GzipFile, most: int) -> None:
        self._stream = stream
        self._left = most

    def read(self, size: int) -> bytes:
        """At most `size` bytes."""
        piece = self._stream.read(min(size, _CHUNK))
        self._left -= len(piece)
        if self._left < 0:
            raise BundleError("the bundle holds more than a release may")
        return piece


def _take(archive: tarfile.TarFile, folder: Path, top: str, most: int) -> None:
    left = most
    for number, member in enumerate(archive):
        first, *parts = _parts(member)
        if first != top or not (parts or member.isdir()):
            raise BundleError(f"the bundle holds something else than {top}")
        left -= member.size
        if number >= MAX_MEMBERS or left < 0:
            raise BundleError("the bundle holds more than a release may")
        if not parts:
            continue
        if parts[0] == "venv":
            raise BundleError("the bundle holds a name that is the kiosk's to give")
        _ensure_room(folder, member.size)
        try:
            if member.isdir():
                folder.joinpath(*parts).mkdir(mode=0o755, parents=True, exist_ok=True)
            else:
                _write(archive, member, folder, parts)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise BundleError("the bundle holds two things of one name") from error


def _parts(member: tarfile.TarInfo) -> tuple[str, ...]:
    """The components of a member's name, none of which leads out of the folder."""
    name = member.name.rstrip("/")
    parts = tuple(name.split("/"))
    plain = member.isdir() or (member.isreg() and not member.issparse())
    if not plain or member.size < 0 or member.linkname:
        raise BundleError("the bundle holds something else than files and folders")
    if len(parts) > _MAX_DEPTH or len(name) > _MAX_NAME or not all(map(_PART.fullmatch, parts)):
        raise BundleError("the bundle holds a name that could lead out of its folder")
    return parts


def _ensure_room(folder: Path, size: int) -> None:
    about = os.statvfs(folder)
    if about.f_bavail * about.f_frsize < size + _CHUNK:
        raise RegisterSpaceError(f"{folder.parent}: the disk is full; make room and try again")


def _write(
    archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path, parts: list[str]
) -> None:
    path = folder.joinpath(*parts)
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    content = archive.extractfile(member)
    if content is None:
        raise BundleError("the bundle holds something else than files and folders")
    made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    with os.fdopen(made, "wb") as file:
        os.fchmod(made, 0o644)
        left = member.size
        while left and (piece := content.read(min(left, _CHUNK))):
            file.write(piece)
            left -= len(piece)
    if left:
        raise BundleError("the bundle is cut short")
