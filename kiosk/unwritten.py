"""How many checks have no receipt on the disk yet: a number in memory, which outlives the kiosk.

A kiosk that is killed while its disk stands still, or is full, loses the receipts that wait. How
many, the next one to start finds here, below `/run`, and says so in its first receipt. A power cut
takes the number away, too.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Final

_log = logging.getLogger(__name__)

PLACE: Final = Path("/run/oms-kiosk/unwritten")
_MOST_BYTES: Final = 9


class Unwritten:
    """The number; from any thread."""

    def __init__(self, path: Path = PLACE) -> None:
        """Read what was left; without the folder, as on no appliance, nothing is kept."""
        self._path = path if path.parent.is_dir() else None
        self._lock = threading.Lock()
        self.left = self._read()
        """Checks of the kiosk before, of which nothing is written."""
        self._made = self.left
        self._written = 0
        if self.left:
            _log.error("journal: %d checks before this start left no receipt", self.left)

    def check(self) -> int:
        """Count one more; its number, for `receipt`."""
        with self._lock:
            self._made += 1
            self._keep()
            return self._made

    def receipt(self, number: int) -> None:
        """The receipt of check `number` is on the disk; it tells of all before it that are not."""
        with self._lock:
            self._written = number
            self._keep()

    def _read(self) -> int:
        if self._path is None:
            return 0
        try:
            with self._path.open("rb") as file:
                found = file.read(_MOST_BYTES + 1)
        except OSError:
            return 0
        return int(found) if found.isdigit() and len(found) <= _MOST_BYTES else 0

    def _keep(self) -> None:
        if self._path is None:
            return
        staged = self._path.with_name(f".{self._path.name}")
        try:
            staged.write_bytes(b"%d" % (self._made - self._written))
            staged.replace(self._path)
        except OSError as error:
            # Nothing is lost but a number that is wanted after the next fault.
            _log.warning("%s: %s", self._path, error.strerror)
            self._path = None
