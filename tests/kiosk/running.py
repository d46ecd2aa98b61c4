"""Runs a worker as the supervisor does, for as long as something is played."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kiosk.supervise import Runnable

PATIENCE = 20.0


@contextmanager
def running(worker: Runnable, emit: Callable[[Any], None] = lambda _: None) -> Iterator[None]:
    """Its thread, which must end soon after."""
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(emit, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(PATIENCE)
    assert not thread.is_alive()


def until(what: Callable[[], bool]) -> None:
    """Wait for something that no event tells of."""
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end
        time.sleep(0.005)
