"""The state machine of one screen: what is shown now, what ends it, and when at the latest.

Pure: events and monotonic times in, the next `Session` and the questions for the checker out. Every
state but Waiting has a time limit (`Limits`), so nothing that a device does or leaves undone can
hold the screen:

| state | begins with | ends early with | at its limit |
|---|---|---|---|
| Waiting | start; the end of any other state | a card, a code | – |
| Reading | a card noticed | its image or rejection, its removal | "unreadable card" |
| Receiving | the first byte of a code | the framed code | what was shown before |
| Checking | a complete document | its verdict, the card's removal | "kiosk fault" |
| – asking the fund | its beginning | the same | the same, a second after the deadline |
| Showing | a verdict | the card's removal, the next document | Waiting |
| Keying | a touch (`kiosk.session_touch`) | its last key, a card, a code | Waiting |
| PinEntry, Serving | five touches; the PIN | a card, a code, a touch | Waiting |

The newest document wins: whoever comes next never waits for the one before. Two cards at once are
the exception, since nobody can know which one is meant: the frame asks for one of them to be taken,
and the other is then judged. A card that was forgotten in a slot (its answer has gone) does not
count.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import assert_never

from drivers.events import (
    BarcodeFrame,
    BarcodeStarted,
    CardGone,
    CardImage,
    CardPresent,
    CardProgress,
    CardRejected,
    Device,
    DeviceLost,
    DeviceReady,
)
from drivers.framing import EMPTY
from kiosk.families import CouldNotCheck
from kiosk.reasons import CouldNotCheckReason
from kiosk.session_cards import card, cards_out_of_sight
from kiosk.session_steps import Step, ask, show
from kiosk.session_touch import touch
from kiosk.states import (
    Asking,
    Checked,
    Checking,
    DeviceState,
    Entered,
    Keying,
    PinEntry,
    PinTried,
    Reading,
    Receiving,
    Serving,
    Session,
    SessionEvent,
    Showing,
    Span,
    Touched,
    Waiting,
)
from kiosk.typing_limit import forgotten
from kiosk.verdict import unreadable


def handle(session: Session, event: SessionEvent, now: float) -> Step:
    """Take one event at monotonic time `now`."""
    if isinstance(session.state, Receiving) and not isinstance(
        event, BarcodeStarted | BarcodeFrame | Touched
    ):
        return _meanwhile(session, session.state, event, now)
    after, questions = _handled(session, event, now)
    if isinstance(event, Touched):
        return after, questions
    return _language_forgotten(session, after), questions


def _meanwhile(session: Session, receiving: Receiving, event: SessionEvent, now: float) -> Step:
    """While a code comes in, the rest happens to what was shown before, and may be shown again."""
    after, questions = handle(replace(session, state=receiving.before), event, now)
    if isinstance(after.state, Waiting | Showing | Keying) and not questions:
        after = replace(after, state=replace(receiving, before=after.state))
    return after, questions


def _language_forgotten(before: Session, after: Session) -> Session:
    """The idle frame that follows an answer is the next person's, in the configured language."""
    left = isinstance(after.state, Waiting) and isinstance(
        before.state, Reading | Checking | Showing | Keying
    )
    return replace(after, language="") if left else after


def _handled(session: Session, event: SessionEvent, now: float) -> Step:
    match event:
        case DeviceReady(device):
            return _device(session, device, DeviceState()), ()
        case DeviceLost():
            return _lost(session, event, now), ()
        case CardPresent() | CardProgress() | CardImage() | CardRejected() | CardGone():
            return card(session, event, now)
        case BarcodeStarted():
            return _code_started(session, now), ()
        case BarcodeFrame():
            return _code(session, event, now)
        case Entered(policy):
            return ask(session, policy, None, now)
        case Asking():
            return _asking(session, event, now), ()
        case Checked():
            return _checked(session, event, now), ()
        case Touched() | PinTried():
            return touch(session, event, now)
        case _:
            assert_never(event)


def tick(session: Session, now: float) -> Session:
    """End a state whose time is over, and forget what was typed too long ago to count."""
    typing = forgotten(session.typing, now)
    if typing is not session.typing:
        session = replace(session, typing=typing)
    state = session.state
    if session.deadline is None or now < session.deadline:
        return session
    match state:
        case Waiting() | Showing() | Keying() | PinEntry() | Serving():
            # Whoever was here has left, and the chosen language with them.
            return replace(session, state=Waiting(), language="")
        case Receiving(before=before):
            return tick(replace(session, state=before), now)
        case Reading(reader=reader):
            return show(session, unreadable(CouldNotCheckReason.UNREADABLE_CARD), reader, now)
        case Checking(reader=reader):
            return show(session, CouldNotCheck(CouldNotCheckReason.KIOSK_FAULT), reader, now)
        case _:
            assert_never(state)


def fail(session: Session, now: float) -> Session:
    """Say that the kiosk itself failed: the end of whatever was going on."""
    return show(session, CouldNotCheck(CouldNotCheckReason.KIOSK_FAULT), None, now)


def _lost(session: Session, event: DeviceLost, now: float) -> Session:
    known = session.devices.get(event.device)
    since = now if known is None or known.lost_at is None else known.lost_at
    session = _device(session, event.device, DeviceState(since, event.cause))
    return cards_out_of_sight(session, now) if event.device is Device.READER else session


def _device(session: Session, device: Device, state: DeviceState) -> Session:
    return replace(session, devices={**session.devices, device: state})


# Codes


def _code_started(session: Session, now: float) -> Session:
    """Acknowledge a code, unless a card is being read: its frame is an acknowledgement too."""
    match session.state:
        case Waiting() | Showing() | Keying() as before:
            pass
        case PinEntry() | Serving():
            before = Waiting()
        case _:
            return session
    return replace(session, state=Receiving(now + session.limits.receiving, before))


def _code(session: Session, frame: BarcodeFrame, now: float) -> Step:
    before = session.state.before if isinstance(session.state, Receiving) else session.state
    if frame.reason == EMPTY:
        return replace(session, state=before), ()
    digest = hashlib.blake2b(frame.payload).digest() if frame.payload else b""
    recent = now - session.last_code_at < session.limits.repeat
    repeated = recent and digest != b"" and digest == session.last_code
    session = replace(session, last_code=digest, last_code_at=now)
    match before:
        # Its own answer alone: another one may have come between two sights of a code held on.
        case Showing(ticket) if repeated and ticket == session.code_ticket:
            return _again(session, before, now), ()
        case Checking(ticket) if repeated and ticket == session.code_ticket:
            # The fund is being asked about it already.
            return session, ()
        case _:
            session, questions = ask(session, frame, None, now)
            return replace(session, code_ticket=session.last_ticket), questions


def _again(session: Session, shown: Showing, now: float) -> Session:
    """Give the same answer once more, and say so: nobody need be asked a second time."""
    ticket = session.last_ticket + 1
    until = now + session.limits.showing
    state = replace(shown, ticket=ticket, since=now, until=until, repeated=True)
    return replace(session, state=state, last_ticket=ticket, code_ticket=ticket)


# Answers


def _asking(session: Session, event: Asking, now: float) -> Session:
    match session.state:
        case Checking(ticket) if ticket == event.ticket:
            span = Span(now, now + event.seconds)
            until = span.until + session.limits.asking_grace
            return replace(session, state=replace(session.state, asking=span, until=until))
        case _:
            return session


def _checked(session: Session, answer: Checked, now: float) -> Session:
    match session.state:
        case Checking(ticket, reader) if ticket == answer.ticket:
            until = now + session.limits.showing
            state = Showing(ticket, reader, answer.verdict, answer.policy, now, until)
            return replace(session, state=state)
        case Showing(ticket) if ticket == answer.ticket and answer.policy is not None:
            state = replace(session.state, verdict=answer.verdict, policy=answer.policy)
            return replace(session, state=state)
        case _:
            return session
