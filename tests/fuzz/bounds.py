"""What one input may cost, and the timer and the bound of memory that hold a run to it."""

from __future__ import annotations

import contextlib
import resource
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What one input may cost."""

    cpu_seconds: float = 0.25
    wall_seconds: float = 5.0
    """Ends what hangs; wide, since other programs run on the machine."""
    peak_bytes: int = 2 * MIB
    """Allocated by Python at once."""
    address_space: int = 512 * MIB
    """Above what the process has when the run begins; also binds what is not Python."""


class HungError(BaseException):
    """An input took too long; no `except Exception` of what is tested may swallow it."""


@contextlib.contextmanager
def watched(limits: Limits) -> Iterator[None]:
    """Where inputs are tried: with the timer and the bound of memory in force."""
    with _alarm(), _address_space(limits.address_space):
        yield


@contextlib.contextmanager
def _alarm() -> Iterator[None]:
    """A timer that ends what hangs; whoever had one before gets the rest of it back."""

    def ring(_number: int, _frame: object) -> None:
        raise HungError

    before = signal.signal(signal.SIGALRM, ring)
    remaining, interval = signal.setitimer(signal.ITIMER_REAL, 0)
    start = time.monotonic()
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, before)
        if remaining:
            left = max(0.001, remaining - (time.monotonic() - start))
            signal.setitimer(signal.ITIMER_REAL, left, interval)


@contextlib.contextmanager
def _address_space(more: int) -> Iterator[None]:
    """The process may grow by so many bytes; beyond that there is a MemoryError."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = pages * resource.getpagesize() + more
    known = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min([wanted, *known]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
