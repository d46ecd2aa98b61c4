"""What fingers and keys do to the session: a language, a number, the technicians' page. Pure.

| where | touch | what follows |
|---|---|---|
| Waiting | a language | all frames in it, until 20 s without a touch or the end of the answer |
| Waiting | the way to the keypad, or a digit of a keypad | the choice of the kind, or the number |
| Keying | keys | the number; done: it is checked like any document |
| Keying, while typing is paused (`kiosk.typing_limit`) | back | Waiting |
| Waiting | the kiosk's number, five times in 3 s | the PIN of the technicians |
| Showing | its end | Waiting: nobody else need read it for 20 s |
| Showing | the way to the keypad | the choice of the kind: what cannot be read can be typed |
| PinEntry | keys | the page, or a wait that doubles with each wrong one |

A card or a code ends all of it: whoever has one need not type.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, assert_never

from kiosk.keypad import DOCUMENTS, Entry, Finished, Key, Kind, Left, PinTyped, press
from kiosk.session_steps import Step, ask
from kiosk.states import (
    Keying,
    PinEntry,
    PinTried,
    Serving,
    Session,
    Showing,
    Touched,
    TryPin,
    Waiting,
)
from kiosk.typing_limit import asked
from kiosk.zones import CLOSE, KEY, KIND, KIOSK, LANGUAGE, NUMBER

TAPS: Final = 5
TAPS_SECONDS: Final = 3.0
FREE_TRIES: Final = 2
"""Wrong PINs that cost no wait: fingers slip."""
LONGEST_WAIT_SECONDS: Final = 300.0
_DOUBLINGS: Final = 10
"""Beyond that, every wait is the longest."""


def touch(session: Session, event: Touched | PinTried, now: float) -> Step:
    """Take one touch, or what became of a PIN.

    A touch that means nothing still shows that somebody is there.
    """
    if isinstance(event, PinTried):
        return _tried(session, event, now), ()
    if session.language:
        session = replace(session, language_until=now + session.limits.language)
    match session.state:
        case Waiting():
            return _at_rest(session, event, now), ()
        case Keying() as keying:
            return _keyed(session, keying, event, now)
        case PinEntry() as pin:
            return _pin_keyed(session, pin, event, now)
        case Serving() if event.zone in {CLOSE, KEY + Key.BACK}:
            return replace(session, state=Waiting()), ()
        case Showing() if session.offers.numbers:
            return _answered(session, event, now), ()
        case _:
            # A check: nothing on it can be touched.
            return session, ()


def _tried(session: Session, event: PinTried, now: float) -> Session:
    """Take the answer about a PIN; right: the page. Wrong: again, later each time."""
    if not isinstance(session.state, PinEntry) or not session.state.trying:
        return session
    if event.right:
        page = Serving(now, now + session.limits.serving, event.looks_pending)
        return replace(session, state=page, wrong_pins=0)
    wrong = session.wrong_pins + 1
    # Bounded before it is a power: a wait that overflows would be none.
    doublings = min(wrong - FREE_TRIES, _DOUBLINGS)
    wait = min(LONGEST_WAIT_SECONDS, 2.0**doublings) if doublings > 0 else 0.0
    until = now + wait + session.limits.keying
    state = PinEntry(now, until, Entry(Kind.PIN), wrong=True)
    return replace(session, state=state, wrong_pins=wrong, pin_from=now + wait)


def _at_rest(session: Session, event: Touched, now: float) -> Session:
    zone = event.zone
    if zone == KIOSK and session.offers.service:
        return _tapped(session, now)
    if zone.startswith(LANGUAGE):
        return _spoken(session, zone.removeprefix(LANGUAGE), now)
    if not session.offers.numbers or session.stopped_at is not None:
        return session
    if zone == NUMBER:
        return replace(session, state=_keying(session, None, event, now))
    digit = zone.removeprefix(KEY)
    if zone.startswith(KEY) and digit.isdigit():
        # A number keypad beside the screen: whoever types there means a policy's number.
        entry = Entry(Kind.POLICY, digit)
        return replace(session, state=_keying(session, entry, event, now))
    return session


def _answered(session: Session, event: Touched, now: float) -> Session:
    """End an answer; or enter the number of what could not be read."""
    if event.zone in {CLOSE, KEY + Key.BACK}:
        return replace(session, state=Waiting(), language="")
    if event.zone == NUMBER:
        return replace(session, state=_keying(session, None, event, now))
    return session


def _spoken(session: Session, index: str, now: float) -> Session:
    languages = session.offers.languages
    if not index.isdigit() or int(index) >= len(languages):
        return session
    until = now + session.limits.language
    return replace(session, language=languages[int(index)], language_until=until)


def _tapped(session: Session, now: float) -> Session:
    taps = (*(at for at in session.taps if now - at < TAPS_SECONDS), now)
    if len(taps) < TAPS:
        return replace(session, taps=taps)
    return replace(session, taps=(), state=_pin_entry(session, Entry(Kind.PIN), now))


def _keying(session: Session, entry: Entry | None, event: Touched, now: float) -> Keying:
    return Keying(now, now + session.limits.keying, entry, event.today)


def _pin_entry(session: Session, entry: Entry, now: float) -> PinEntry:
    return PinEntry(now, now + session.limits.keying, entry)


def _keyed(session: Session, keying: Keying, event: Touched, now: float) -> Step:
    if session.typing.minutes_left(now):
        # Why nothing can be typed is on the screen.
        left = event.zone in {CLOSE, KEY + Key.BACK}
        return (replace(session, state=Waiting()) if left else session), ()
    if keying.entry is None:
        return _kind_chosen(session, event, now), ()
    outcome = press(keying.entry, event.zone.removeprefix(KEY), event.today)
    match outcome:
        case Entry():
            return replace(session, state=_keying(session, outcome, event, now)), ()
        case Left():
            return replace(session, state=_keying(session, None, event, now)), ()
        case Finished(policy):
            session = replace(session, typing=asked(session.typing, policy, now))
            return ask(session, policy, None, now)
        case PinTyped():
            return session, ()
        case _:
            assert_never(outcome)


def _kind_chosen(session: Session, event: Touched, now: float) -> Session:
    """Take a button of the choice, or on a number keypad its place in it."""
    zone = event.zone
    if zone in {CLOSE, KEY + Key.BACK}:
        return replace(session, state=Waiting())
    places = {f"{KEY}{place}": kind for place, kind in enumerate(DOCUMENTS, 1)}
    kind = places.get(zone) or next((one for one in DOCUMENTS if zone == KIND + one), None)
    entry = None if kind is None else Entry(kind)
    return replace(session, state=_keying(session, entry, event, now))


def _pin_keyed(session: Session, pin: PinEntry, event: Touched, now: float) -> Step:
    if event.zone == CLOSE:
        return replace(session, state=Waiting()), ()
    if pin.trying:
        return session, ()
    outcome = press(pin.entry, event.zone.removeprefix(KEY), event.today)
    match outcome:
        case Entry():
            return replace(session, state=_pin_entry(session, outcome, now)), ()
        case Left():
            return replace(session, state=Waiting()), ()
        case PinTyped(digits) if now >= session.pin_from:
            state = replace(_pin_entry(session, Entry(Kind.PIN), now), trying=True)
            return replace(session, state=state), (TryPin(digits),)
        case PinTyped() | Finished():
            return session, ()
        case _:
            assert_never(outcome)
