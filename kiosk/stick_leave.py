"""Last step of a stick's visit: the journal's checkpoint goes with it, `… stick_leave sda1`.

A kiosk without a network has no other way to say what its journal held and when, so that a tail
that is rewritten later is found. The second step, which may read it, has put it into the copy; here
it is written to the stick, which is mounted anew for that, by the same rules as for reading.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Final

from kiosk.stick_copy import CACHE, CHECKPOINTS
from kiosk.stick_mount import DEVICE, open_stick

if TYPE_CHECKING:
    from pathlib import Path

GROUP: Final = "oms-kiosk"
MOST_FILES: Final = 4
MOST_BYTES: Final = 64 * 1024

_NAME: Final = re.compile(r"[0-9A-Za-z-]{1,40}-[0-9]{12}\.json")
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def leave(source: Path, stick: int) -> int:
    """Copy checkpoints from the folder `source` to the stick held by `stick`; how many.

    Raises:
        OSError: the stick takes nothing: full, read-only, damaged, gone, or with something else in
            the folder's place.
    """
    found = [
        (entry.name, content)
        for entry in sorted(source.iterdir())[:MOST_FILES]
        if _NAME.fullmatch(entry.name) and (content := _content(entry)) is not None
    ]
    if not found:
        return 0
    with suppress(FileExistsError):
        os.mkdir(CHECKPOINTS, 0o700, dir_fd=stick)
    with closing(_Descriptor(os.open(CHECKPOINTS, _FOLDER, dir_fd=stick))) as folder:
        for name, content in found:
            _write(folder.number, name, content)
        os.fsync(folder.number)
    return len(found)


class _Descriptor:
    def __init__(self, number: int) -> None:
        self.number = number

    def close(self) -> None:
        os.close(self.number)


def _content(path: Path) -> bytes | None:
    """A small regular file's content."""
    with os.fdopen(os.open(path, _READ), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return None
        content = file.read(MOST_BYTES + 1)
    return content if len(content) <= MOST_BYTES else None


def _write(folder: int, name: str, content: bytes) -> None:
    """A file on the stick: whole or not at all, also where it is pulled."""
    beside = f"{name}.new"
    with suppress(FileNotFoundError):
        os.unlink(beside, dir_fd=folder)
    with os.fdopen(os.open(beside, _WRITE, 0o600, dir_fd=folder), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.rename(beside, name, src_dir_fd=folder, dst_dir_fd=folder)


def main(arguments: list[str]) -> int:
    """Leave checkpoints on a partition such as `sda1`; 0 also where the stick takes none.

    A second argument is a folder where it is mounted already.
    """
    if len(arguments) not in {1, 2} or not DEVICE.fullmatch(arguments[0]):
        sys.stderr.write("stick: give the name of a partition, such as sda1\n")
        return 2
    top, refused = open_stick(*arguments, writable=True, group=GROUP)
    try:
        left = 0 if refused else leave(CACHE / arguments[0] / CHECKPOINTS, top)
        words = refused or f"{left} checkpoints left"
    except OSError as error:
        words = f"no checkpoint left: {error.strerror}"
    sys.stdout.write(f"stick: {words}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
