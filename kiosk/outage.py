"""Since when a kiosk is out of service: a few bytes that outlive a restart.

Somebody who starts a kiosk again does not repair its reader: the frame goes on to say since when
nothing works, not since when the program runs.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kiosk.last_good import STATE_VARIABLE

if TYPE_CHECKING:
    from kiosk.clock import Moment
    from kiosk.states import Session

_log = logging.getLogger(__name__)

_STATE: Final = "/var/lib/oms-kiosk"
_PLACE: Final = Path("config") / "out-of-service"
"""In the one folder of the kiosk's state that it may write and that outlives the boot."""
_MOST_BYTES: Final = 64


def place() -> Path:
    """Where an installed kiosk keeps it."""
    return Path(os.environ.get(STATE_VARIABLE, _STATE)) / _PLACE


class Outage:
    """Remembers the beginning of an outage; for the main thread.

    It writes twice an outage, when it begins and when it ends, and forces nothing to the disk: a
    power cut in that second costs a time of day.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Read what is known; without a path, or without its folder, nothing is kept."""
        self._path = path if path is not None and path.parent.is_dir() else None
        self._since = self._read()
        self._kept = self._since is not None

    def since(
        self, session: Session, moment: Moment, now: float, *, settled: bool = True
    ) -> datetime | None:
        """Since when nothing works; None: something does. `now` is monotonic, as `moment` is wall.

        `settled`: all devices have said how they are; before, an outage may go on and is kept.
        """
        if session.stopped_at is None:
            if settled and (self._since is not None or self._kept):
                self._forget()
            return None
        # Counted back from now: right even if the wall clock was set meanwhile.
        began = moment.local - timedelta(seconds=now - session.stopped_at)
        if self._since is None or self._since > moment.likely:
            self._since = began
            # A clock that is wrong is not worth keeping.
            if moment.trusted:
                self._write(began)
            return began
        return min(self._since.astimezone(moment.local.tzinfo), began)

    def _read(self) -> datetime | None:
        if self._path is None:
            return None
        try:
            with self._path.open("rb") as file:
                since = datetime.fromisoformat(file.read(_MOST_BYTES).decode("ascii").strip())
        except (OSError, ValueError):
            return None
        return since if since.tzinfo is not None else None

    def _write(self, since: datetime) -> None:
        if self._path is None:
            return
        staged = self._path.with_name(f"{self._path.name}.new")
        try:
            staged.write_text(since.isoformat(timespec="seconds"), encoding="ascii")
            staged.replace(self._path)
            self._kept = True
        except OSError as error:
            _log.warning("since when nothing works cannot be kept: errno %s", error.errno)

    def _forget(self) -> None:
        self._since, self._kept = None, False
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
