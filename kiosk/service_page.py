"""What the technicians' page needs beside the screen: the PIN, compared, and figures, gathered.

The PIN is kept as scrypt's answer to it (RFC 7914), with a salt of its own: who reads the file
does not have the PIN. Comparing takes a tenth of a second on a small board, on purpose, so that it
is done by a thread of its own.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import logging
import os
import queue
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kiosk.states import PinTried

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path

    from kiosk.config import Config

_log = logging.getLogger(__name__)

LENGTHS: Final = range(6, 13)
"""How many digits a PIN may have."""
_SALT_BYTES: Final = 16
_KEY_BYTES: Final = 32
_COST, _BLOCK, _PARALLEL = 1 << 14, 8, 1
_MOST_COST: Final = 1 << 17
"""128 MB at the usual block size: a file that asks for more is none of ours."""
_MOST_BYTES: Final = 1024
_TURN_SECONDS: Final = 1.0


class PinError(Exception):
    """A PIN, or a file with one, that cannot be used; the message says why, never which digits."""


@dataclass(frozen=True, slots=True)
class PinHash:
    """What is kept of a PIN."""

    cost: int
    block: int
    parallel: int
    salt: bytes = field(repr=False)
    key: bytes = field(repr=False)

    def is_of(self, digits: str) -> bool:
        """Whether it was made of these digits; takes its time."""
        made = _scrypt(digits, self.salt, self.cost, self.block, self.parallel)
        return hmac.compare_digest(made, self.key)

    def to_line(self) -> str:
        """As it stands in a file."""
        numbers = f"{self.cost} {self.block} {self.parallel}"
        return f"scrypt {numbers} {self.salt.hex()} {self.key.hex()}\n"


def hash_of(digits: str) -> PinHash:
    """Make what is kept of a new PIN.

    Raises:
        PinError: too short, too long, not digits, or one that everybody would try.
    """
    if not (digits.isascii() and digits.isdigit() and len(digits) in LENGTHS):
        raise PinError(f"a PIN has {LENGTHS.start} to {LENGTHS.stop - 1} digits")
    steps = {(int(b) - int(a)) % 10 for a, b in itertools.pairwise(digits)}
    if steps in ({0}, {1}, {9}):
        raise PinError("a row of equal or following digits is what everybody would try")
    salt = os.urandom(_SALT_BYTES)
    key = _scrypt(digits, salt, _COST, _BLOCK, _PARALLEL)
    return PinHash(_COST, _BLOCK, _PARALLEL, salt, key)


def read_pin_file(path: Path) -> PinHash:
    """Read what `kiosk pin` has written.

    Raises:
        PinError: it cannot be read, or is no such file.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES)
        name, cost, block, parallel, salt, key = content.decode("ascii").split()
        found = PinHash(
            int(cost), int(block), int(parallel), bytes.fromhex(salt), bytes.fromhex(key)
        )
    except OSError as error:
        raise PinError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError:
        raise PinError(f"{path}: not a file of kiosk pin") from None
    usable = 2 <= found.cost <= _MOST_COST and found.cost & (found.cost - 1) == 0
    usable = usable and found.block == _BLOCK and 1 <= found.parallel <= 4
    if name != "scrypt" or not usable or len(found.key) != _KEY_BYTES:
        raise PinError(f"{path}: not a file of kiosk pin")
    return found


def _scrypt(digits: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    # What the algorithm itself needs, and some room.
    memory = 128 * cost * block + (1 << 22)
    return hashlib.scrypt(
        digits.encode("ascii"),
        salt=salt,
        n=cost,
        r=block,
        p=parallel,
        maxmem=memory,
        dklen=_KEY_BYTES,
    )


class ServiceDesk:
    """The worker that compares PINs, and counts what waits for the fund when one was right."""

    def __init__(self, pin_file: Path, looks_pending: Callable[[], int | None]) -> None:
        """Read nothing yet: a PIN that is changed is used at once."""
        self.last_tick = time.monotonic()
        self._pin_file = pin_file
        self._looks_pending = looks_pending
        self._tries: queue.Queue[str] = queue.Queue(1)

    def try_pin(self, digits: str) -> None:
        """Have a PIN compared; from the main thread. The session tries one at a time."""
        try:
            self._tries.put_nowait(digits)
        except queue.Full:
            _log.error("a PIN is being compared already")

    def run(self, emit: Callable[[PinTried], None], stop: threading.Event) -> None:
        """Compare until `stop`."""
        while not stop.is_set():
            self.last_tick = time.monotonic()
            try:
                digits = self._tries.get(timeout=_TURN_SECONDS)
            except queue.Empty:
                continue
            emit(self._judged(digits))

    def _judged(self, digits: str) -> PinTried:
        try:
            right = read_pin_file(self._pin_file).is_of(digits)
        except PinError as error:
            _log.error("service page: %s", error)
            return PinTried(right=False)
        _log.warning("service page: a PIN was %s", "right" if right else "wrong")
        return PinTried(right, self._looks_pending() if right else None)


def desk_of(config: Config, looks_pending: Callable[[], int | None]) -> ServiceDesk | None:
    """The desk of a kiosk that has such a page; else None."""
    pin_file = config.service.pin_file
    return None if pin_file is None else ServiceDesk(pin_file, looks_pending)
