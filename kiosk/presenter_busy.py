"""The views of what takes its time: a card that is read, a code that comes in, a check, a pause.

Pure; all words from the catalogue.
"""

from __future__ import annotations

from dataclasses import replace
from math import floor
from typing import TYPE_CHECKING, Final, assert_never

from drivers.events import Device
from kiosk.states import Checking, Reading, Receiving, Span
from kiosk.zones import CLOSE
from ui import screen as view

if TYPE_CHECKING:
    from kiosk.catalogue import Catalogue
    from kiosk.states import Session

_ASKING_STEPS: Final = 24
"""Of the bar that runs while the fund is asked: finer ones cost frames and nobody sees them."""


def present(
    state: Reading | Receiving | Checking, now: float, foot: view.Footer, catalogue: Catalogue
) -> view.Busy:
    """Return the view of `state` at monotonic time `now`."""
    say = catalogue.text
    match state:
        case Reading(read=read, announced=announced):
            return view.Busy(
                foot,
                say("busy.card.title"),
                say("busy.card.text"),
                view.Drawing.CARD_INTO_SLOT,
                min(1.0, read / announced) if announced else None,
            )
        case Receiving():
            return _busy("busy.code", view.Drawing.CODE_TO_WINDOW, foot, catalogue)
        case Checking(asking=Span() as span):
            return _asking(state, span.passed(now), foot, catalogue)
        case Checking(typed=True):
            return _busy("busy.check", view.Drawing.KEYPAD, foot, catalogue)
        case Checking(reader=None):
            return _busy("busy.code", view.Drawing.CODE_TO_WINDOW, foot, catalogue)
        case Checking():
            # The card's frame goes on for the instant of the check: two frames would only flicker.
            full = _busy("busy.card", view.Drawing.CARD_INTO_SLOT, foot, catalogue)
            return replace(full, progress=1.0)
        case _:
            assert_never(state)


def typing_paused(
    session: Session, now: float, foot: view.Footer, catalogue: Catalogue, touch_px: int
) -> view.Guide:
    """Why no number can be typed now, when it goes on, and what to do meanwhile."""
    say = catalogue.text
    working = [device for device in Device if session.works(device)]
    ways = "both" if len(working) > 1 else working[0].value if working else "none"
    code = working == [Device.SCANNER]
    return view.Guide(
        foot,
        view.Drawing.CODE_TO_WINDOW if code else view.Drawing.CARD_INTO_SLOT,
        say("paused.headline"),
        catalogue.plural("paused.detail", session.typing.minutes_left(now)),
        say(f"paused.next.{ways}"),
        say("paused.hint") if working else "",
        button=say("keypad.back"),
        zone=CLOSE,
        touch_px=touch_px,
    )


def _busy(key: str, drawing: view.Drawing, foot: view.Footer, catalogue: Catalogue) -> view.Busy:
    return view.Busy(foot, catalogue.text(f"{key}.title"), catalogue.text(f"{key}.text"), drawing)


def _asking(state: Checking, passed: float, foot: view.Footer, catalogue: Catalogue) -> view.Busy:
    """The fund is asked; the bar is the time that it has left."""
    say = catalogue.text
    by_card = state.reader is not None
    drawing = view.Drawing.CARD_INTO_SLOT if by_card else view.Drawing.CODE_TO_WINDOW
    return view.Busy(
        foot,
        say("busy.asking.title"),
        say("busy.asking.card.text" if by_card else "busy.asking.text"),
        view.Drawing.KEYPAD if state.typed else drawing,
        floor(passed * _ASKING_STEPS) / _ASKING_STEPS,
    )
