"""Puts several files into a folder together, whatever happens: all of them, or none.

They are written into a folder beside, made sure of, and looked at; then that folder is renamed to
`.enrolment.ready`, which is the one moment that counts: before it nothing has changed, after it
everything that is needed lies there, and `finish` moves it into place, again if it has to.
"""

from __future__ import annotations

import fcntl
import grp
import os
import pwd
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from offline_cache.disk import disk_errors, sync
from offline_cache.errors import RegisterBusyError, RegisterSpaceError, RegisterWriteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

OWNER: Final = "oms-kiosk"
"""User and group that the kiosk runs as."""

_STAGED: Final = ".enrolment.new"
_READY: Final = ".enrolment.ready"
_ORDER: Final = "order"
"""In the ready folder: the names, one a line, in the order in which they are moved."""
_FOLDER_MODE: Final = 0o750


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file as it shall be."""

    name: str
    content: bytes = field(repr=False)
    mode: int = 0o640
    of_kiosk: bool = False
    """Belongs to the kiosk's user instead of root, whose group may read it."""

    def is_in(self, folder: Path) -> bool:
        """Whether it stands there already: content, mode and owner."""
        path = folder / self.name
        try:
            found = path.lstat()
            same = path.is_file() and not path.is_symlink()
            same = same and found.st_size == len(self.content)
            if not same or path.read_bytes() != self.content:
                return False
        except OSError:
            return False
        owner = self.owner()
        owned = owner is None or owner == (found.st_uid, found.st_gid)
        return owned and found.st_mode & 0o7777 == self.mode

    def owner(self) -> tuple[int, int] | None:
        """User and group by number; None: not root's to say."""
        if os.geteuid() != 0:
            return None
        user, group = numbers_of_kiosk()
        return (user if self.of_kiosk else 0), group


def numbers_of_kiosk() -> tuple[int, int]:
    """User and group of the kiosk; root's, where it has none."""
    user = group = 0
    with suppress(KeyError):
        user = pwd.getpwnam(OWNER).pw_uid
    with suppress(KeyError):
        group = grp.getgrnam(OWNER).gr_gid
    return user, group


@contextmanager
def locked(folder: Path) -> Iterator[bool]:
    """Keep others out of `folder`, which is made if need be; whether an interrupted run was ended.

    Raises:
        RegisterBusyError: another one is at work.
        RegisterSpaceError, RegisterWriteError: the disk is full or failed.
    """
    with disk_errors(folder):
        made = not folder.exists()
        if made:
            folder.mkdir(mode=_FOLDER_MODE)
            folder.chmod(_FOLDER_MODE)
            if os.geteuid() == 0:
                os.chown(folder, 0, numbers_of_kiosk()[1])
            sync(folder.parent)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RegisterBusyError(f"{folder}: another enrolment is at work") from error
        yield finish(folder)
    finally:
        os.close(descriptor)
        if made:
            # Only a folder that is still empty goes.
            with suppress(OSError):
                folder.rmdir()


def put_all(folder: Path, files: Sequence[NewFile], check: Callable[[Path], None]) -> None:
    """Put `files` into the locked `folder`, the last one last; `check` looks at them before.

    Raises:
        RegisterSpaceError, RegisterWriteError: the disk is full or failed; nothing has changed, or
            (the message says so) the rest is done by the next `finish`.
        Exception: what `check` raises; nothing has changed.
    """
    for file in files:
        path = folder / file.name
        if path.is_dir() and not path.is_symlink():
            raise RegisterWriteError(f"{path}: a folder is in the way; move it away")
    staged = folder / _STAGED
    try:
        with disk_errors(folder):
            _discard(staged)
            staged.mkdir(mode=0o700)
            for file in files:
                _write(staged, file)
            order = "".join(f"{file.name}\n" for file in files).encode()
            _write(staged, NewFile(_ORDER, order, 0o600))
            sync(staged)
        check(staged)
        with disk_errors(folder):
            staged.rename(folder / _READY)
            sync(folder)
    finally:
        with suppress(OSError):
            _discard(staged)
    finish(folder)


def finish(folder: Path) -> bool:
    """Move what a run has made ready into place; whether there was anything.

    Raises:
        RegisterSpaceError, RegisterWriteError: it cannot be moved; it stays ready.
    """
    ready = folder / _READY
    try:
        with disk_errors(folder):
            try:
                names = (ready / _ORDER).read_text("ascii").splitlines()
            except FileNotFoundError:
                # Gone last of all but the folder: nothing is left to be moved.
                was = ready.is_dir()
                _discard(ready)
                return was
            for name in names:
                if name == names[-1]:
                    # Others take the last one for the sign that all are there.
                    sync(folder)
                # What was moved already, before a power cut, is not here any more.
                if "/" not in name and (ready / name).exists():
                    (ready / name).replace(folder / name)
            sync(folder)
            _discard(ready)
            sync(folder)
    except (RegisterSpaceError, RegisterWriteError) as error:
        raise type(error)(
            f"{error}; the rest lies ready: when that is mended, kiosk enrol --finish"
        ) from error
    return True


def remove(folder: Path, names: Sequence[str]) -> None:
    """Remove files that an enrolment does not have any more.

    Raises:
        RegisterWriteError: one cannot be removed.
    """
    with disk_errors(folder):
        for name in names:
            (folder / name).unlink(missing_ok=True)
        sync(folder)


def _write(folder: Path, file: NewFile) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(folder / file.name, flags, 0o600), "wb") as made:
        owner = file.owner()
        if owner is not None:
            os.fchown(made.fileno(), *owner)
        os.fchmod(made.fileno(), file.mode)
        made.write(file.content)
        made.flush()
        os.fsync(made.fileno())


def _discard(folder: Path) -> None:
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)
