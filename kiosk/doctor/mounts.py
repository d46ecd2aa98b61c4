"""Where a folder is mounted, and whether its disk or only the mount cannot be written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from kiosk.doctor.machine import Machine


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of /proc/self/mountinfo (proc(5))."""

    kind: str
    """File system, such as ext4."""
    source: str
    mount_read_only: bool
    """As this process sees it; a sandbox makes it so for itself alone."""
    disk_read_only: bool
    """Of the file system itself, for everybody: what the kernel does when a card fails."""


def mount_of(folder: Path, machine: Machine) -> Mount | None:
    """The mount that holds `folder`; None: it cannot be told."""
    try:
        device = os.stat(folder).st_dev  # noqa: PTH116  # the number is needed, and nothing else
    except OSError:
        return None
    place = os.path.realpath(folder)
    best: tuple[int, Mount] | None = None
    for line in (machine.text("/proc/self/mountinfo") or "").splitlines():
        before, _, behind = line.partition(" - ")
        fields, rest = before.split(), behind.split()
        if len(fields) < 6 or len(rest) < 3:
            continue
        point = _unescaped(fields[4])
        same = fields[2] == f"{os.major(device)}:{os.minor(device)}"
        if same and (place == point or place.startswith(point.rstrip("/") + "/")):
            read_only = ("ro" in fields[5].split(","), "ro" in rest[2].split(","))
            # The last of several at one place covers those before it.
            if best is None or len(point) >= best[0]:
                best = len(point), Mount(rest[0], rest[1], *read_only)
    return None if best is None else best[1]


def is_mounted(device: str, machine: Machine) -> bool:
    """Whether something of a device (major:minor) is mounted here; also where it cannot be told."""
    lines = (machine.text("/proc/self/mountinfo") or "").splitlines()
    return not device or not lines or any(line.split()[2:3] == [device] for line in lines)


def _unescaped(text: str) -> str:
    for code, sign in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, sign)
    return text
