"""Disks of a machine that end: the pictures of its screen do not lie on them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.boot.appliance import SCREEN, ids

if TYPE_CHECKING:
    from pathlib import Path

    from tests.boot.appliance import Appliance


def screen_elsewhere(kiosk: Appliance, folder: Path) -> None:
    """Have a kiosk, still off, draw into `folder` of this machine: as a display, it is no disk."""
    folder.mkdir()
    os.chown(folder, *ids(kiosk.machine, "oms-kiosk"))
    kiosk.machine.binds = (*kiosk.machine.binds, f"{folder}:{SCREEN}")
