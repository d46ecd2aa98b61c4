"""What cards do to the session: noticed, read, judged, doubled, pulled too early, gone. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from drivers.events import (
    CardGone,
    CardImage,
    CardPresent,
    CardProgress,
    CardRejected,
    RejectCause,
)
from kiosk.families import CouldNotCheck
from kiosk.reasons import CouldNotCheckReason
from kiosk.session_steps import Step, ask, show
from kiosk.states import Ask, Checking, Reading, Session, Showing, Waiting
from kiosk.verdict import unreadable


def card(
    session: Session,
    event: CardPresent | CardProgress | CardImage | CardRejected | CardGone,
    now: float,
) -> Step:
    """Take what a reader says about its card."""
    match event:
        case CardPresent(reader):
            return _card_present(session, reader, now), ()
        case CardProgress():
            return _progress(session, event, now), ()
        case CardImage() | CardRejected():
            return _card_document(session, event, now)
        case CardGone(reader):
            return _card_gone(session, reader, now)
        case _:
            assert_never(event)


def _card_present(session: Session, reader: str, now: float) -> Session:
    session = _without(session, reader)
    others = session.cards
    session = replace(session, cards=(*others, reader))
    if _holder(session) in others:
        return show(session, unreadable(CouldNotCheckReason.TWO_CARDS), None, now)
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
        return ask(session, document, reader, now)
    # A later image adds the photo to an answer that is out already: same ticket, same countdown.
    # If the photo cannot be read, the answer stands without it.
    match session.state:
        case Checking(ticket, current) | Showing(ticket, current) if current == reader:
            return session, (Ask(ticket, document),) if isinstance(document, CardImage) else ()
        case _:
            return session, ()


def cards_out_of_sight(session: Session, now: float) -> Session:
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
        case _:
            return _removed_early(session, reader, now)


def _removed_early(session: Session, reader: str, now: float) -> Session:
    """Say "insert again" if the person has not seen an answer yet."""
    match session.state:
        case Reading(current) | Checking(reader=current) if current == reader:
            verdict = unreadable(CouldNotCheckReason.CARD_REMOVED)
            return show(session, verdict, None, now, session.limits.removed)
        case _:
            return session


def _card_gone(session: Session, reader: str, now: float) -> Step:
    session = _without(session, reader)
    if _two_cards_shown(session) and len(session.cards) == 1:
        left = session.cards[0]
        if left in session.documents:
            return ask(session, session.documents[left], left, now)
        return replace(session, state=_reading(session, left, now)), ()
    match session.state:
        case Showing(reader=current) if current == reader:
            return replace(session, state=Waiting()), ()
        case _:
            return _removed_early(session, reader, now), ()
