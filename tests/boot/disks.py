"""Disks of a machine that end: the pictures of its screen do not lie on them."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from tests.boot.appliance import SCREEN, ids
from tests.boot.image import call

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.boot.appliance import Appliance

STATE: Final = "/var/lib/oms-kiosk"
_DISK_MB: Final = 96


def screen_elsewhere(kiosk: Appliance, folder: Path) -> None:
    """Have a kiosk, still off, draw into `folder` of this machine: as a display, it is no disk."""
    folder.mkdir()
    os.chown(folder, *ids(kiosk.machine, "oms-kiosk"))
    kiosk.machine.binds = (*kiosk.machine.binds, f"{folder}:{SCREEN}")


class StateDisk:
    """The disk that holds all that a kiosk keeps; an ext4 as on a memory card."""

    def __init__(self, folder: Path) -> None:
        """`folder` is where it is mounted on this machine."""
        self._folder = folder

    def fail(self) -> None:
        """Have the kernel find a fault: it takes no more writes, also from who has a file open."""
        call(["mount", "-o", "remount,abort", str(self._folder)])


@contextmanager
def state_disk(kiosk: Appliance, folder: Path) -> Iterator[StateDisk]:
    """Put what a kiosk keeps, while it is off, on a disk of its own, until the power is cut."""
    folder.mkdir()
    image = folder.with_suffix(".img")
    with image.open("wb") as file:
        file.truncate(_DISK_MB << 20)
    call(["mkfs.ext4", "-q", "-E", "root_owner=0:0", str(image)])
    call(["mount", "-o", "loop,errors=remount-ro", str(image), str(folder)])
    try:
        kept = kiosk.machine.path(STATE)
        call(["cp", "--archive", f"{kept}/.", str(folder)])
        shutil.rmtree(folder / "lost+found")
        kiosk.machine.binds = (*kiosk.machine.binds, f"{folder}:{STATE}")
        yield StateDisk(folder)
    finally:
        kiosk.machine.cut_power()
        call(["umount", str(folder)])
