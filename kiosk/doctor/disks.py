"""Disks: room, rights, and whether what is written is really kept."""

from __future__ import annotations

import errno
import os
import tempfile
from typing import TYPE_CHECKING, Final

from kiosk.doctor.finding import Finding, absent, ok, trouble
from kiosk.doctor.machine import read_text
from kiosk.doctor.mounts import is_mounted, mount_of
from offline_cache.layout import BASE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kiosk.config import Config
    from kiosk.doctor.machine import Examination, Machine

_PROBE_BYTES: Final = 16 * 1024
_LEAST_FREE: Final = 100 * 1000 * 1000
"""Bytes below which a folder's disk gets a warning; a list needs more, see `_needed`."""
_LEAST_NODES: Final = 1000
_CODES: Final = {
    errno.EROFS: "disk-read-only",
    errno.ENOSPC: "disk-full",
    errno.EDQUOT: "disk-full",
    errno.EACCES: "disk-rights",
    errno.EPERM: "disk-rights",
}


def folders_of(config: Config) -> dict[str, Path | None]:
    """Where the kiosk writes, by section."""
    metrics = config.metrics.file
    return {
        "register": config.register.dir,
        "second_look": config.second_look.dir,
        "journal": config.journal.dir,
        "metrics": None if metrics is None else metrics.parent,
    }


def look_at_disks(examination: Examination) -> Iterator[Finding]:
    """Every folder that the kiosk writes to."""
    looked = False
    for section, folder in folders_of(examination.config).items():
        if folder is not None:
            looked = True
            needed = _needed(section, folder)
            yield _folder(f"disk of {section}", folder, needed, examination.machine)
    if not looked:
        yield absent("disk", "no folder is configured to write to")
    yield from _file_systems(examination)


def _needed(section: str, folder: Path) -> int:
    """A new list is written beside the one in use and the one before."""
    if section != "register":
        return _LEAST_FREE
    try:
        return max(_LEAST_FREE, 2 * (folder / BASE_NAME).stat().st_size)
    except OSError:
        return _LEAST_FREE


def _folder(name: str, folder: Path, needed: int, machine: Machine) -> Finding:
    kept = "what is written is kept"
    try:
        owner = folder.stat().st_uid
        mount = mount_of(folder, machine)
        if mount is not None and mount.disk_read_only:
            words = f"{folder}: its disk ({mount.source}, {mount.kind}) is read-only"
            return trouble(name, "disk-read-only", words)
        theirs = owner != os.geteuid() and not os.access(folder, os.W_OK)
        if theirs and name == "disk of register":
            kept = "only the updater writes there"
        elif mount is not None and mount.mount_read_only:
            words = f"{folder} is mounted read-only here, though its disk is not"
            return trouble(name, "disk-closed", words)
        elif theirs:
            return trouble(name, "disk-rights", f"{folder} belongs to somebody else")
        else:
            write_probe(folder)
        room = os.statvfs(folder)
    except FileNotFoundError:
        return _missing(name, folder)
    except OSError as error:
        code = _CODES.get(error.errno or 0, "disk-fault")
        return trouble(name, code, f"{folder}: {error.strerror}")
    return _room(name, folder, room, needed, kept)


def _missing(name: str, folder: Path) -> Finding:
    if name == "disk of metrics":
        return absent(name, f"{folder} is made when the kiosk starts")
    if folder.parent.is_dir() and os.access(folder.parent, os.W_OK):
        return ok(name, f"{folder} is not there yet, and is made when it is needed")
    return trouble(name, "folder-missing", f"{folder} is not there")


def _room(name: str, folder: Path, room: os.statvfs_result, needed: int, kept: str) -> Finding:
    free = room.f_bavail * room.f_frsize
    words = f"{folder}: {free / 1e6:,.0f} MB are free"
    if free < needed:
        return trouble(name, "disk-short", f"{words}, {needed / 1e6:,.0f} MB should be")
    # File systems without a fixed number of files say 0.
    if room.f_files and room.f_favail < _LEAST_NODES:
        return trouble(name, "disk-short", f"{words}, room for {room.f_favail} more files")
    return ok(name, f"{words}, and {kept}")


def write_probe(folder: Path) -> None:
    """Write a little to the disk and wait until it is there; it leaves no name behind.

    Raises:
        OSError: the disk does not take it.
    """
    with tempfile.TemporaryFile(dir=folder, prefix=".doctor-") as file:
        file.write(b"\0" * _PROBE_BYTES)
        file.flush()
        os.fsync(file.fileno())


def _file_systems(examination: Examination) -> Iterator[Finding]:
    """Faults that the kernel has counted, and the wear that a memory chip admits."""
    machine = examination.machine
    for path in sorted(machine.path("/sys/fs/ext4").glob("*/errors_count")):
        count = (read_text(path) or "").strip()
        device = (machine.text(f"/sys/class/block/{path.parent.name}/dev") or "").strip()
        # A kernel that other containers share counts the faults of their disks, too.
        if count not in {"", "0"} and is_mounted(device, machine):
            words = f"{path.parent.name}: {count} faults were found by the kernel"
            yield trouble("file system", "disk-errors", words)
    for path in sorted(machine.path("/sys/block").glob("mmcblk*/device/life_time")):
        # JEDEC eMMC: tenths of the life that are used up, for two kinds of cells; 0x0b: all of it.
        used = [int(word, 16) for word in (read_text(path) or "").split() if _is_hex(word)]
        if used and max(used) >= 9:
            words = f"{path.parts[-3]} has used up {min(max(used), 10) * 10} % of its life"
            yield trouble("memory card", "disk-worn", words)


def _is_hex(word: str) -> bool:
    return (
        word.startswith("0x") and len(word) <= 4 and all(c in "0123456789abcdef" for c in word[2:])
    )
