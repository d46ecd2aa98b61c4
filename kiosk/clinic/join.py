"""Where the kiosk and the clinic's interface meet: two calls of `kiosk.app`, and nothing else.

A kiosk whose configuration opens no door pays for nothing: aiohttp is not even imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.clinic.feed import ClinicFeed
from kiosk.supervise import Worker

if TYPE_CHECKING:
    from kiosk.config import Config
    from kiosk.presenter import Surroundings
    from kiosk.states import Session


class ClinicJoin:
    """The feed and the worker of one kiosk, or neither."""

    def __init__(self, config: Config) -> None:
        """Nothing runs yet."""
        section = config.clinic
        self._section = section
        self._feed: ClinicFeed | None = None
        if section.socket is not None or section.port or section.tls_address:
            self._feed = ClinicFeed(config.kiosk.id)

    def workers(self) -> list[Worker]:
        """What the supervisor runs. A kiosk that no program can ask is alive: not for the watchdog.

        It belongs where the outlets of the numbers are (`kiosk.upkeep`).
        """
        if self._feed is None:
            return []
        from kiosk.clinic.worker import ClinicWorker  # noqa: PLC0415  # see the head

        return [Worker("clinic", ClinicWorker(self._section, self._feed))]

    def frame(self, session: Session, around: Surroundings) -> None:
        """The screen shows `session` now; never waits. To be called after the frame went out."""
        if self._feed is not None:
            self._feed.frame(session, around)

    def end(self) -> None:
        """The kiosk ends: nobody is there any more."""
        if self._feed is not None:
            self._feed.publish(None)
