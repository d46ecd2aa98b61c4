"""First step of a stick's visit: `python -m kiosk.stick_copy sda1`, started by udev and systemd.

A stick is a stranger's. It is mounted read-only where nobody else sees it, the rights for that are
given away, and then only what a repository may hold is copied: known names, regular files, each of
a bounded size, opened component by component without following a link. The copy is for
`kiosk-stick-verify@.service`, which trusts nothing of it.

Needs nothing but Python's own library: what runs with rights is short and stands here.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import stat
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kiosk.stick_mount import DEVICE, RefusedError, open_stick

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CACHE: Final = Path("/var/cache/oms-stick")
STATUS: Final = Path("/run/oms-stick")
COPY_NAME: Final = "copy.json"
"""What the copying is at, for the screen: see `Report`."""
VERIFY_NAME: Final = "verify.json"
"""What `kiosk update` said of the copy; written by the second step's unit."""
SOFTWARE_NAME: Final = "software.json"
"""The same of `kiosk software update`; there only where the stick holds releases."""
FOLDER: Final = "oms-register"
"""The repository's folder on a stick, as in `offline_cache.fetch_folder`."""
CHECKPOINTS: Final = "oms-checkpoints"
"""The second step puts the journal's checkpoint there; the third leaves it on the stick."""

_CHUNK: Final = 1 << 20
_OPEN_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK the opening of a pipe would wait for a writer for ever.
_OPEN_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_HASHED: Final = r"[0-9a-f]{64}\."


@dataclass(frozen=True, slots=True)
class Known:
    """Files of one folder of a repository."""

    folder: str
    name: re.Pattern[str]
    most_bytes: int


KNOWN: Final = (
    Known(
        "metadata",
        re.compile(
            r"timestamp\.json|[0-9]{1,10}\.(root|snapshot|targets|register|reference|software)\.json"
        ),
        4 << 20,
    ),
    Known(
        "targets/register",
        re.compile(_HASHED + r"(manifest\.json|base-[0-9]{1,10}|delta-[0-9]{1,10}-[0-9]{1,10})"),
        1 << 30,
    ),
    Known(
        "targets/reference",
        re.compile(_HASHED + r"[a-z0-9][a-z0-9_-]{0,60}\.csv"),
        16 << 20,
    ),
    Known("targets/software/amd64", re.compile(_HASHED + r"[0-9.]{5,17}\.tar\.gz"), 300_000_000),
    Known("targets/software/arm64", re.compile(_HASHED + r"[0-9.]{5,17}\.tar\.gz"), 300_000_000),
)
"""Everything that is copied; other names are passed over."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one visit."""

    most_bytes: int = 2 << 30
    most_files: int = 2_000
    most_entries: int = 10_000
    """Names looked at in one folder."""
    reserve_bytes: int = 256 << 20
    """Stays free on the disk that is copied to."""
    seconds: float = 900.0


@dataclass(slots=True)
class Report:
    """What the screen is told: counts and fixed words, never a name from the stick."""

    state: str = "copying"
    """`copying`, `copied` or `refused`."""
    files: int = 0
    bytes: int = 0
    of_bytes: int = 0
    """Of what was found so far."""
    reason: str | None = None
    """`no-list`, `filesystem`, `unreadable`, `not-plain`, `too-much`, `no-room`, `too-slow`."""


@dataclass(frozen=True, slots=True)
class _Found:
    known: Known
    name: str
    size: int


def copy(source: int, target: Path, limits: Limits, tell: Callable[[Report], None]) -> Report:
    """Copy the repository of the folder open as `source` into `target`, which must not exist.

    Args:
        source: descriptor that holds the stick's top folder.
        target: gets `oms-register`; removed again where anything is refused.
        limits: bounds of this visit.
        tell: hears of the progress, at most after each MiB.

    Returns:
        How it ended; nothing is raised for what a stick holds.
    """
    report = Report()
    ends = time.monotonic() + limits.seconds
    try:
        with closing(_Folder(source, FOLDER, "no-list")) as top:
            found = list(_found(top, limits))
            _check_sizes(found, limits, target.parent)
            report.of_bytes = sum(one.size for one in found)
            tell(report)
            for one in found:
                _copy_one(top, one, target / FOLDER, report, ends, tell)
        report.state = "copied"
    except RefusedError as refused:
        report.state, report.reason = "refused", str(refused)
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        report.state, report.reason = "refused", "no-room" if full else "unreadable"
    if report.state == "refused":
        shutil.rmtree(target, ignore_errors=True)
    tell(report)
    return report


class _Folder:
    """An open folder below the stick's top, reached without following a link."""

    def __init__(self, parent: int, path: str, missing: str) -> None:
        self.descriptor = os.dup(parent)
        try:
            for part in path.split("/"):
                inner = os.open(part, _OPEN_FOLDER, dir_fd=self.descriptor)
                os.close(self.descriptor)
                self.descriptor = inner
        except OSError as error:
            os.close(self.descriptor)
            if error.errno == errno.ENOENT:
                raise RefusedError(missing) from None
            # ELOOP and ENOTDIR: a link or a file in a folder's place.
            raise RefusedError(
                "not-plain" if error.errno in {errno.ELOOP, errno.ENOTDIR} else "unreadable"
            ) from None

    def close(self) -> None:
        os.close(self.descriptor)


def _found(top: _Folder, limits: Limits) -> Iterator[_Found]:
    """Every file with a known name; a known name that is no plain file refuses the stick."""
    for known in KNOWN:
        try:
            folder = _Folder(top.descriptor, known.folder, "absent")
        except RefusedError as refused:
            if str(refused) == "absent" and known.folder != "metadata":
                continue
            raise RefusedError("no-list" if str(refused) == "absent" else str(refused)) from None
        with closing(folder), os.scandir(folder.descriptor) as entries:
            for number, entry in enumerate(entries):
                if number >= limits.most_entries:
                    raise RefusedError("too-much")
                if known.name.fullmatch(entry.name):
                    about = os.stat(entry.name, dir_fd=folder.descriptor, follow_symlinks=False)
                    if not stat.S_ISREG(about.st_mode):
                        raise RefusedError("not-plain")
                    yield _Found(known, entry.name, about.st_size)


def _check_sizes(found: list[_Found], limits: Limits, disk: Path) -> None:
    total = sum(one.size for one in found)
    if (
        total > limits.most_bytes
        or len(found) > limits.most_files
        or any(one.size > one.known.most_bytes for one in found)
    ):
        raise RefusedError("too-much")
    about = os.statvfs(disk)
    if about.f_bavail * about.f_frsize < total + limits.reserve_bytes:
        raise RefusedError("no-room")


def _copy_one(
    top: _Folder,
    one: _Found,
    target: Path,
    report: Report,
    ends: float,
    tell: Callable[[Report], None],
) -> None:
    folder = target / one.known.folder
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    with closing(_Folder(top.descriptor, one.known.folder, "unreadable")) as inner:
        descriptor = os.open(one.name, _OPEN_FILE, dir_fd=inner.descriptor)
    with os.fdopen(descriptor, "rb", buffering=0) as file, (folder / one.name).open("xb") as made:
        # Looked at again: what was found may have been replaced.
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode) or about.st_size != one.size:
            raise RefusedError("not-plain")
        left = one.size
        while left and (piece := file.read(min(left, _CHUNK))):
            made.write(piece)
            left -= len(piece)
            report.bytes += len(piece)
            tell(report)
            if time.monotonic() > ends:
                raise RefusedError("too-slow")
        if left:
            raise RefusedError("unreadable")
    report.files += 1


def teller(folder: Path) -> Callable[[Report], None]:
    """Writes reports to `folder`, whole ones only, at most five a second until the last."""
    last = float("-inf")

    def tell(report: Report) -> None:
        nonlocal last
        now = time.monotonic()
        if report.state == "copying" and now - last < 0.2:
            return
        last = now
        staged = folder / f".{COPY_NAME}"
        words = {name: getattr(report, name) for name in Report.__slots__}
        staged.write_text(json.dumps(words) + "\n", encoding="ascii")
        staged.chmod(0o644)
        staged.replace(folder / COPY_NAME)

    return tell


def main(arguments: list[str]) -> int:
    """Copy from a partition such as `sda1`; 0 also where the stick was refused.

    A second argument is a folder where it is mounted already: a machine whose kernel knows no file
    system of sticks has no other way.
    """
    if len(arguments) not in {1, 2} or not DEVICE.fullmatch(arguments[0]):
        sys.stderr.write("stick: give the name of a partition, such as sda1\n")
        return 2
    device = arguments[0]
    top, refused = open_stick(*arguments)
    tell = teller(STATUS)
    # Empty until the second step has something to say; it only fills what is there.
    for name in (VERIFY_NAME, SOFTWARE_NAME):
        (STATUS / name).unlink(missing_ok=True)
    (STATUS / VERIFY_NAME).touch()
    (STATUS / VERIFY_NAME).chmod(0o644)
    shutil.rmtree(CACHE / device, ignore_errors=True)
    if not refused:
        report = copy(top, CACHE / device, Limits(), tell)
        if report.state == "copied":
            folder = CACHE / device / CHECKPOINTS
            folder.mkdir()
            folder.chmod(0o770)
    else:
        report = Report("refused", reason=refused)
        tell(report)
    sys.stdout.write(f"stick: {report.state}, {report.files} files, {report.bytes} bytes")
    sys.stdout.write(f", {report.reason}\n" if report.reason else "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
