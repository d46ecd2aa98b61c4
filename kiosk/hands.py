"""From fingers and keys to the session's events, as far as this kiosk's configuration takes them.

The size of buttons follows from the density of the display, in pixels an inch.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from kiosk.states import Offers, Touched
from kiosk.typing_limit import Allowance, Typing
from kiosk.zones import zone_of_key
from ui.window import Key, Tap

if TYPE_CHECKING:
    from datetime import date

    from kiosk.config import Config
    from kiosk.config_sections import ScreenSection
    from ui.window import InputEvent

LEAST_MM: Final = 12.0
"""Side of what a finger must hit; WCAG 2.2, 2.5.5 asks for about as much."""
_MM_AN_INCH: Final = 25.4
_DPI_OF_PI: Final = 133
"""The Raspberry Pi's own display: 800×480 on 7 inches."""
_DPI_ASSUMED: Final = 170
"""7 inches with 1024×600, the densest of the usual panels: on any other one buttons are larger."""
_PI: Final = (800, 480)


def offers_of(config: Config) -> Offers:
    """What people may do by touch: nothing where the screen cannot be touched."""
    service = config.service.pin_file is not None
    if config.screen.touch == "no":
        return Offers(service=service)
    # A choice of one is none; nobody is offered a language twice.
    languages = tuple(dict.fromkeys(config.kiosk.languages))
    offered = languages if len(languages) > 1 else ()
    return Offers(offered, numbers=True, service=service)


def typing_of(config: Config) -> Typing:
    """What may be typed: anything where a registrar sits."""
    section = config.keypad
    if config.kiosk.audience != "public" or not section.most:
        return Typing()
    spans = section.minutes * 60.0, section.pause_minutes * 60.0
    return Typing(Allowance(section.most, *spans, secrets.token_bytes(16)))


def touch_px(screen: ScreenSection, size: tuple[int, int]) -> int:
    """`LEAST_MM` in pixels of an upright frame of `size`."""
    dpi = screen.dpi
    if not dpi:
        dpi = _DPI_OF_PI if sorted(size) == sorted(_PI) else _DPI_ASSUMED
    return round(LEAST_MM / _MM_AN_INCH * dpi)


def touched(action: InputEvent, today: date) -> Touched | None:
    """The session's event for what a window saw; None: it means nothing to a kiosk."""
    match action:
        case Tap(zone=zone):
            return Touched(zone or "", today)
        case Key(name):
            meant = zone_of_key(name)
            return None if meant is None else Touched(meant, today)
        case _:
            return None
