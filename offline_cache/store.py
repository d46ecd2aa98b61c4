"""The folder of register files: written beside, checked, then current in one rename.

Whatever happens in between, `base.sqlite` is the old file or the new one, whole. A kiosk that has
the old one open keeps reading it and takes up the new one at its next look.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from offline_cache.errors import RegisterBusyError, RegisterSpaceError
from offline_cache.layout import BASE_NAME, PREVIOUS_BASE_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LOCK_NAME = ".lock"
_STAGING_PREFIX = ".staging-"


@contextmanager
def staging(directory: Path) -> Iterator[Path]:
    """A folder to write into, beside the register and on its file system; gone at the end.

    One process at a time has it; what a killed one left behind is cleared away first.

    Raises:
        RegisterBusyError: another process is at work in `directory`.
        OSError: the folder cannot be made or written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / _LOCK_NAME).open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RegisterBusyError(
                f"{directory}: another process is replacing the register; try again when it is done"
            ) from error
        for leftover in directory.glob(f"{_STAGING_PREFIX}*"):
            shutil.rmtree(leftover)
        folder = Path(tempfile.mkdtemp(prefix=_STAGING_PREFIX, dir=directory))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def make_current(staged: Path, directory: Path, check: Callable[[Path], None]) -> Path:
    """Put a finished base in place of the current one, which becomes the previous; its new path.

    `check` is given the staged file once it is on the disk and raises when it is not good.

    Raises:
        OSError: from the file system; the current base is then the old or the new one, whole.
    """
    _sync(staged)
    check(staged)
    current = directory / BASE_NAME
    if current.exists():
        _keep(current, staged.with_name(PREVIOUS_BASE_NAME))
        staged.with_name(PREVIOUS_BASE_NAME).replace(directory / PREVIOUS_BASE_NAME)
    staged.replace(current)
    # Both renames are only certain once the folder itself is on the disk.
    _sync(directory)
    return current


def ensure_space(directory: Path, needed_bytes: int) -> None:
    """Refuse early what would fill the disk.

    Raises:
        RegisterSpaceError: fewer than `needed_bytes` are free.
    """
    free = shutil.disk_usage(directory).free
    if free < needed_bytes:
        raise RegisterSpaceError(
            f"{directory}: {needed_bytes / 1e6:.0f} MB may be needed, {free / 1e6:.0f} MB are free"
        )


def _keep(current: Path, kept: Path) -> None:
    """A second name for the current file, or a copy where the file system has no hard links."""
    try:
        kept.hardlink_to(current)
    except OSError:
        shutil.copyfile(current, kept)
        _sync(kept)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
