"""Opens a stranger's stick for the steps of its visit: for one user, who then has no rights.

Needs nothing but Python's own library: what runs with rights is short and stands here.
"""

from __future__ import annotations

import grp
import os
import pwd
import re
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Final

USER: Final = "oms-stick"
DEVICE: Final = re.compile(r"sd[a-z]{1,3}[0-9]{0,3}")
"""What partitions of sticks, and sticks without any, are called."""

_TYPES: Final = ("vfat", "exfat")
_MOUNT_SECONDS: Final = 30.0
_HOLD_FOLDER: Final = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC


class RefusedError(Exception):
    """This stick is not taken; its only argument is a reason (`kiosk.stick_copy.Report`)."""


def open_stick(
    device: str, mounted: str | None = None, *, writable: bool = False, group: str | None = None
) -> tuple[int, str]:
    """Hold the stick's top folder and become its user, who has no rights; or why it is refused."""
    user = pwd.getpwnam(USER)
    groups = [] if group is None else [grp.getgrnam(group).gr_gid]
    top, refused = -1, ""
    try:
        if mounted is not None:
            top = os.open(mounted, _HOLD_FOLDER)
        else:
            # Nobody else sees this folder: the unit has its own /tmp.
            at = Path("/tmp/stick")  # noqa: S108
            top = mount(device, user.pw_uid, user.pw_gid, at, writable=writable)
    except RefusedError as error:
        refused = str(error)
    except OSError:
        refused = "unreadable"
    # From here on nothing of the stick's is looked at with any right.
    os.setgroups(groups)
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    return top, refused


def mount(device: str, uid: int, gid: int, at: Path, *, writable: bool = False) -> int:
    """Mount `device` at `at`, for `uid` alone; a descriptor that holds its folder.

    Only `uid` may open what is held. The mount is taken off the tree at once, and ends with the
    descriptor.

    Raises:
        RefusedError: no file system that sticks have, or none that can be read.
    """
    at.mkdir(mode=0o700, exist_ok=True)
    mode = "rw,umask=0077" if writable else "ro,umask=0277"
    options = f"{mode},nosuid,nodev,noexec,uid={uid},gid={gid}"
    for kind in _TYPES:
        words = ["/bin/mount", "-i", "-n", "-t", kind, "-o", options, f"/dev/{device}", str(at)]
        with suppress(subprocess.TimeoutExpired):
            done = subprocess.run(
                words, timeout=_MOUNT_SECONDS, check=False, capture_output=True, env={}
            )
            if done.returncode == 0:
                top = os.open(at, _HOLD_FOLDER)
                subprocess.run(["/bin/umount", "-i", "-n", "-l", str(at)], check=False, env={})
                return top
    raise RefusedError("filesystem")
