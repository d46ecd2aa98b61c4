"""How long the main thread may sleep: until the next change that comes without an event. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kiosk.presenter import is_asking
from kiosk.states import Keying, PinEntry, Serving, Showing

if TYPE_CHECKING:
    from kiosk.states import Session

_PUMP_SECONDS: Final = 0.07
"""How often a window is asked for input that cannot be waited for. Well under the tenth of a second
in which a touch must be answered, and 14 wake-ups a second."""
_TYPING_SECONDS: Final = 0.03
"""The same while somebody types, who sees each digit as the finger leaves it."""
_TOLD_SECONDS: Final = 0.5
"""The same where the display's line tells of input: for what was read from it while drawing."""
RETURN_SECONDS: Final = 0.5
"""How often the workers are looked at while one of them hangs."""
_ASKING_SECONDS: Final = 0.125
"""How often the bar of a question to the fund moves: its frames are three seconds long."""
_LOOK_SECONDS: Final = 5.0
"""How often the workers are looked at when nothing else happens."""


def pump_seconds(session: Session, *, told: bool) -> float:
    """How long touches may wait; `told`: only those that the display does not tell of."""
    if told:
        return _TOLD_SECONDS
    typing = isinstance(session.state, Keying | PinEntry)
    return _TYPING_SECONDS if typing else _PUMP_SECONDS


def sleep_seconds(session: Session, now: float, wall: float) -> float:
    """Until a limit, a second or a minute that a frame shows.

    Args:
        session: what is shown.
        now: monotonic time.
        wall: seconds since the epoch; the footer's clock shows minutes.
    """
    waits = [60.0 - wall % 60.0 + 0.01, _LOOK_SECONDS]
    if session.deadline is not None:
        waits.append(session.deadline - now)
    if session.typing.minutes_left(now):
        # The minutes of a pause are told.
        waits.append((session.typing.paused_until - now) % 60.0 + 0.001)
    if is_asking(session):
        waits.append(_ASKING_SECONDS)
    if isinstance(session.state, Showing | Keying | PinEntry | Serving):
        # The countdown's next whole second.
        waits.append((session.state.until - now) % 1.0 + 0.001)
    return min(waits)
