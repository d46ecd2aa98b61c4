"""What goes along with the screen without being it: photos, sound, the panel's light, the clinic.

The main thread shows each turn's session to all of them; none of them may hold it up, and the
kiosk answers without any of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.announce import Announcer
from kiosk.backlight import Backlight, Darkness
from kiosk.clinic.feed import ClinicFeed
from kiosk.photo import PhotoWorker
from kiosk.supervise import Runnable, Worker

if TYPE_CHECKING:
    from kiosk.clock import Moment
    from kiosk.config import Config
    from kiosk.config_sections import Audience, ClinicSection
    from kiosk.presenter import Surroundings
    from kiosk.states import Session
    from ui.screen import Screen


class Companions:
    """Those that a configuration asks for; see the head of this module."""

    def __init__(self, config: Config) -> None:
        """Make them; nothing runs yet."""
        self.audiences = _audiences(config)
        """For whom there is a display, the first one's first."""
        # The public sees no photo: none is decoded for them.
        self._photos = PhotoWorker() if "registrar" in self.audiences else None
        heard = config.sound.cue != "off" or config.sound.speech == "yes"
        self._announcer = Announcer(config.sound) if heard else None
        self._backlight = Backlight() if config.screen.dark_from else None
        self._darkness = Darkness(config.screen)
        self._feed = ClinicFeed(config.kiosk.id)
        self._clinic = _clinic_worker(config.clinic, self._feed)

    def workers(self) -> list[Worker]:
        """Their threads."""
        named = {
            "photos": self._photos,
            "sound": self._announcer,
            "light": self._backlight,
            "clinic": self._clinic,
        }
        return [Worker(name, one) for name, one in named.items() if one is not None]

    def touched(self, now: float) -> None:
        """Somebody touched the screen or a key, at monotonic time `now`."""
        self._darkness.touched(now)

    def sleeps(self, session: Session, moment: Moment, now: float) -> bool:
        """Whether the screen is dark now; switches the panel's light to it."""
        sleeps = self._darkness.sleeps(session, moment.local, now)
        if self._backlight is not None:
            self._backlight.switch(off=sleeps)
        return sleeps

    def follow(self, session: Session, screen: Screen, language: str, around: Surroundings) -> None:
        """Tell them what is shown now, in which language; `screen` is what may be read out."""
        if self._photos is not None:
            self._photos.look(session)
        if self._announcer is not None:
            self._announcer.look(session, screen, language, around.moment.local)
        if self._clinic is not None:
            self._feed.frame(session, around)


def _audiences(config: Config) -> tuple[Audience, ...]:
    """The first display's, and the second one's where that is for others."""
    first, second = config.kiosk.audience, config.screen.second
    return (first,) if second == "none" or second == first else (first, second)  # noqa: PLR1714


def _clinic_worker(section: ClinicSection, feed: ClinicFeed) -> Runnable | None:
    """The server for the clinic's system; None where it has no door to listen at."""
    if section.socket is None and not section.port and not section.tls_address:
        return None
    # Loaded where it is wanted: a web server is a third of the kiosk's own memory.
    from kiosk.clinic.worker import ClinicWorker  # noqa: PLC0415

    return ClinicWorker(section, feed)
