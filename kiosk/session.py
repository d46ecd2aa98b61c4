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
| Showing | a verdict | the card's removal, the next document | Waiting |

The newest document wins: whoever comes next never waits for the one before. Two cards at once are
the exception, since nobody can know which one is meant: the frame asks for one of them to be taken,
and the other is then judged. A card that was forgotten in a slot (its answer has gone) does not
count.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

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
    RejectCause,
)
from drivers.framing import EMPTY
from kiosk.reasons import CouldNotCheckReason
from kiosk.states import (
    Ask,
    Checked,
    Checking,
    DeviceState,
    Reading,
    Receiving,
    Session,
    SessionEvent,
    Showing,
    Waiting,
)
from kiosk.verdict import CouldNotCheck, Verdict, unreadable

if TYPE_CHECKING:
    from kiosk.intake import Document

Step = tuple[Session, tuple[Ask, ...]]


def handle(session: Session, event: SessionEvent, now: float) -> Step:
    """Take one event at monotonic time `now`."""
    match event:
        case DeviceReady(device):
            return _device(session, device, DeviceState()), ()
        case DeviceLost(device, cause):
            known = session.devices.get(device)
            since = now if known is None or known.lost_at is None else known.lost_at
            session = _device(session, device, DeviceState(since, cause))
            return (_cards_out_of_sight(session, now) if device is Device.READER else session), ()
        case CardPresent(reader):
            return _card_present(session, reader, now), ()
        case CardProgress():
            return _progress(session, event, now), ()
        case CardImage() | CardRejected():
            return _card_document(session, event, now)
        case CardGone(reader):
            return _card_gone(session, reader, now)
        case BarcodeStarted():
            return _code_started(session, now), ()
        case BarcodeFrame():
            return _code(session, event, now)
        case Checked():
            return _checked(session, event, now), ()
        case _:
            assert_never(event)


def tick(session: Session, now: float) -> Session:
    """End a state whose time is over."""
    state = session.state
    if session.deadline is None or now < session.deadline:
        return session
    match state:
        case Waiting() | Showing():
            return replace(session, state=Waiting())
        case Receiving(before=before):
            return tick(replace(session, state=before), now)
        case Reading(reader=reader):
            return _show(session, unreadable(CouldNotCheckReason.UNREADABLE_CARD), reader, now)
        case Checking(reader=reader):
            return _show(session, CouldNotCheck(CouldNotCheckReason.KIOSK_FAULT), reader, now)
        case _:
            assert_never(state)


def fail(session: Session, now: float) -> Session:
    """Say that the kiosk itself failed: the end of whatever was going on."""
    return _show(session, CouldNotCheck(CouldNotCheckReason.KIOSK_FAULT), None, now)


def _device(session: Session, device: Device, state: DeviceState) -> Session:
    return replace(session, devices={**session.devices, device: state})


def _show(
    session: Session,
    verdict: Verdict,
    reader: str | None,
    now: float,
    seconds: float | None = None,
) -> Session:
    """Show a verdict that the session itself knows, for `seconds` instead of the usual time."""
    ticket = session.last_ticket + 1
    until = now + (session.limits.showing if seconds is None else seconds)
    state = Showing(ticket, reader, verdict, None, now, until)
    return replace(session, state=state, last_ticket=ticket)


def _ask(session: Session, document: Document, reader: str | None, now: float) -> Step:
    ticket = session.last_ticket + 1
    state = Checking(ticket, reader, now + session.limits.checking)
    return replace(session, state=state, last_ticket=ticket), (Ask(ticket, document),)


# Cards


def _card_present(session: Session, reader: str, now: float) -> Session:
    session = _without(session, reader)
    others = session.cards
    session = replace(session, cards=(*others, reader))
    if _holder(session) in others:
        return _show(session, unreadable(CouldNotCheckReason.TWO_CARDS), None, now)
    return replace(session, state=_reading(session, reader, now))


def _without(session: Session, reader: str) -> Session:
    """Forget a reader's card and what it said."""
    return replace(
        session,
        cards=tuple(card for card in session.cards if card != reader),
        documents={key: value for key, value in session.documents.items() if key != reader},
    )


def _reading(session: Session, reader: str, now: float) -> Reading:
    limits = session.limits
    return Reading(reader, now + limits.reading, now + limits.reading_in_all)


def _holder(session: Session) -> str | None:
    """Return the reader whose card the screen is about."""
    match session.state:
        case Reading(reader) | Checking(reader=reader) | Showing(reader=reader):
            return reader
        case Receiving(before=Showing(reader=reader)):
            return reader
        case _:
            return None


def _two_cards_shown(session: Session) -> bool:
    return (
        isinstance(session.state, Showing)
        and isinstance(session.state.verdict, CouldNotCheck)
        and session.state.verdict.reason is CouldNotCheckReason.TWO_CARDS
    )


def _progress(session: Session, event: CardProgress, now: float) -> Session:
    match session.state:
        case Reading(current, _, at_most_until) if current == event.reader:
            until = min(now + session.limits.reading, at_most_until)
            state = Reading(current, until, at_most_until, event.read, event.announced)
            return replace(session, state=state)
        case _:
            return session


def _card_document(session: Session, document: CardImage | CardRejected, now: float) -> Step:
    reader = document.reader
    first = reader not in session.documents
    if reader in session.cards:
        session = replace(session, documents={**session.documents, reader: document})
    if _two_cards_shown(session):
        return session, ()
    if isinstance(document, CardRejected) and document.cause is RejectCause.REMOVED:
        return _removed_early(session, reader, now), ()
    if first:
        return _ask(session, document, reader, now)
    # A later image adds the photo to an answer that is out already: same ticket, same countdown.
    # If the photo cannot be read, the answer stands without it.
    match session.state:
        case Checking(ticket, current) | Showing(ticket, current) if current == reader:
            return session, (Ask(ticket, document),) if isinstance(document, CardImage) else ()
        case _:
            return session, ()


def _cards_out_of_sight(session: Session, now: float) -> Session:
    """The reader is away, and whether its cards are still in cannot be known.

    An answer for a card leaves the screen, since its person may have left with it.
    """
    reader = _holder(session)
    session = replace(session, cards=(), documents={})
    if reader is None:
        return session
    match session.state:
        case Showing():
            return replace(session, state=Waiting())
        case Receiving():
            return replace(session, state=replace(session.state, before=Waiting()))
        case _:
            return _removed_early(session, reader, now)


def _removed_early(session: Session, reader: str, now: float) -> Session:
    """Say "insert again" if the person has not seen an answer yet."""
    match session.state:
        case Reading(current) | Checking(reader=current) if current == reader:
            verdict = unreadable(CouldNotCheckReason.CARD_REMOVED)
            return _show(session, verdict, None, now, session.limits.removed)
        case _:
            return session


def _card_gone(session: Session, reader: str, now: float) -> Step:
    session = _without(session, reader)
    if _two_cards_shown(session) and len(session.cards) == 1:
        left = session.cards[0]
        if left in session.documents:
            return _ask(session, session.documents[left], left, now)
        return replace(session, state=_reading(session, left, now)), ()
    match session.state:
        case Showing(reader=current) if current == reader:
            return replace(session, state=Waiting()), ()
        case Receiving(before=Showing(reader=current)) if current == reader:
            return replace(session, state=replace(session.state, before=Waiting())), ()
        case _:
            return _removed_early(session, reader, now), ()


# Codes


def _code_started(session: Session, now: float) -> Session:
    """Acknowledge a code, unless a card is being read: its frame is an acknowledgement too."""
    match session.state:
        case Waiting() | Showing():
            before = session.state
            return replace(session, state=Receiving(now + session.limits.receiving, before))
        case _:
            return session


def _code(session: Session, frame: BarcodeFrame, now: float) -> Step:
    before = session.state.before if isinstance(session.state, Receiving) else session.state
    if frame.reason == EMPTY:
        return replace(session, state=before), ()
    digest = hashlib.blake2b(frame.payload).digest() if frame.payload else b""
    recent = now - session.last_code_at < session.limits.repeat
    repeated = recent and digest != b"" and digest == session.last_code
    session = replace(session, last_code=digest, last_code_at=now)
    if repeated and isinstance(before, Showing) and before.reader is None:
        return _again(session, before, now), ()
    return _ask(session, frame, None, now)


def _again(session: Session, shown: Showing, now: float) -> Session:
    """Give the same answer once more, and say so: nobody need be asked a second time."""
    ticket = session.last_ticket + 1
    until = now + session.limits.showing
    state = replace(shown, ticket=ticket, since=now, until=until, repeated=True)
    return replace(session, state=state, last_ticket=ticket)


# Answers


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
