"""The folder of register files: written beside, checked, then current in one rename.

A list is a base, or a base and the overlay that carries the base's serial in its name. A new
overlay replaces the one before in one rename. A new base that comes with an overlay takes two: the
overlay first, under a name that nobody looks for while the old base is there, then the base. So at
every moment the folder leads to the old list or to the new one, whole. A kiosk that has the old
files open keeps reading them and takes up the new ones at its next look; the pair before stays as
the previous one, for the day when the disk loses a page of the current.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from offline_cache.disk import sync
from offline_cache.errors import RegisterBusyError
from offline_cache.layout import BASE_NAME, PREVIOUS_BASE_NAME, overlay_name
from offline_cache.register_file import serial_of

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def install(
    directory: Path, base_serial: int, *, base: Path | None = None, overlay: Path | None = None
) -> Path:
    """Make staged, checked files the current list; the path of the current base.

    `base` with serial `base_serial` comes with `overlay` or alone; without `base`, `overlay` joins
    the current base, which must have that serial.

    Raises:
        OSError: from the file system; the current list is then the old or the new one, whole.
    """
    for staged in filter(None, (base, overlay)):
        sync(staged)
    current = directory / BASE_NAME
    before = serial_of(current)
    if base is not None and before != base_serial:
        _place_beside(overlay, directory, base_serial)
        overlay = None
    if base is not None:
        _keep(current, base.with_name(PREVIOUS_BASE_NAME))
        base.replace(current)
        # A rename is only certain once the folder itself is on the disk.
        sync(directory)
    if overlay is not None:
        _replace_overlay(overlay, directory, base_serial)
    _clear_overlays(directory, {base_serial, serial_of(directory / PREVIOUS_BASE_NAME)})
    return current


def _place_beside(overlay: Path | None, directory: Path, base_serial: int) -> None:
    """Put the overlay of a base that is still to come where that base will look for it.

    One that lies there already is of an attempt that failed, and goes: it may be of another list.
    """
    beside = directory / overlay_name(base_serial)
    if overlay is not None:
        overlay.replace(beside)
    elif beside.exists():
        beside.unlink()
    else:
        return
    sync(directory)


def _replace_overlay(overlay: Path, directory: Path, base_serial: int) -> None:
    current = directory / overlay_name(base_serial)
    _keep(current, overlay.with_name(overlay_name(base_serial, previous=True)))
    overlay.replace(current)
    sync(directory)


def _clear_overlays(directory: Path, bases: set[int | None]) -> None:
    kept = {overlay_name(serial) for serial in bases if serial is not None}
    kept |= {overlay_name(serial, previous=True) for serial in bases if serial is not None}
    for path in directory.glob("overlay-*.sqlite"):
        if path.name not in kept:
            path.unlink()


def _keep(current: Path, staged: Path) -> None:
    """Give the current file, if there is one, the name of its previous.

    `staged` is that name in the staging folder: a second link to the file, or a copy where the
    file system has no hard links, is made there and moved into place whole.
    """
    if not current.exists():
        return
    staged.unlink(missing_ok=True)
    try:
        staged.hardlink_to(current)
    except OSError:
        shutil.copyfile(current, staged)
        sync(staged)
    staged.replace(current.with_name(staged.name))
