"""Updaters in processes of their own, forked from one that has everything imported."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def forked(work: Callable[[], int]) -> int:
    """Begin `work` in a child, whose exit code is what it returns; the child's process id."""
    child = os.fork()
    if child:
        return child
    try:
        os._exit(work())
    except BaseException:  # noqa: BLE001  # a child must end here, whatever happens
        os._exit(99)


def ended(child: int) -> int:
    """Wait for a child: its exit code, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kill_after(child: int, seconds: float) -> int:
    """Kill a child after a while, unless it is done; as `ended`."""
    time.sleep(seconds)
    os.kill(child, 9)
    return ended(child)
