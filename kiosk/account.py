"""Root gives its rights up for the account whose files a command writes.

A technician types `sudo kiosk update`: what root would leave in a folder of the updater's, the
updater could not write to later, and every update from then on would fail.
"""

from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def become_owner_of(folder: Path) -> None:
    """Go on as the owner and group of `folder`; without root, or where it is root's, do nothing.

    For the whole process and for good, so before any thread is started. A folder that is not there
    belongs to whoever makes it.

    Raises:
        OSError: the rights cannot be given up, or the folder not be looked at.
    """
    if os.geteuid() != 0:
        return
    try:
        found = folder.stat()
    except FileNotFoundError:
        return
    if found.st_uid == 0:
        return
    try:
        groups = os.getgrouplist(pwd.getpwuid(found.st_uid).pw_name, found.st_gid)
    except KeyError:
        groups = [found.st_gid]
    os.setgroups(groups)
    os.setresgid(found.st_gid, found.st_gid, found.st_gid)
    os.setresuid(found.st_uid, found.st_uid, found.st_uid)
