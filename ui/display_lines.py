"""The connections of this process to a display, so that a touch can be waited for.

SDL has no file descriptor to wait on and wants to be asked again and again; a compositor and an X
server speak over a Unix socket, which is readable when there is something to be asked for.
"""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path
from typing import Final

_OWN: Final = Path("/proc/self/fd")
_DISPLAYS: Final = ("wayland-", ".X11-unix/")
"""Parts of the names that displays listen at."""


def display_lines() -> frozenset[int]:
    """File descriptors that are connected to a display; none where that cannot be told."""
    try:
        numbers = [int(entry.name) for entry in _OWN.iterdir()]
    except OSError:
        return frozenset()
    return frozenset(number for number in numbers if _leads_to_a_display(number))


def _leads_to_a_display(number: int) -> bool:
    try:
        if not stat.S_ISSOCK(os.fstat(number).st_mode):
            return False
        line = socket.socket(fileno=number)
    except OSError:
        return False  # Closed meanwhile.
    try:
        peer = line.getpeername() if line.family == socket.AF_UNIX else ""
    except OSError:
        return False  # Not connected.
    finally:
        line.detach()
    # An abstract name is bytes and begins with a zero.
    name = peer.decode("utf-8", "replace") if isinstance(peer, bytes) else str(peer)
    return any(part in name for part in _DISPLAYS)
