"""The two steps that every part of the session takes: show a verdict, ask the checker. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kiosk.policy.model import PresentedPolicy
from kiosk.states import Ask, Checking, Session, Showing, TryPin

if TYPE_CHECKING:
    from kiosk.families import Verdict
    from kiosk.intake import Document

Step = tuple[Session, tuple[Ask | TryPin, ...]]


def show(
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


def ask(session: Session, document: Document, reader: str | None, now: float) -> Step:
    """Hand a document to the checker; the newest one wins."""
    ticket = session.last_ticket + 1
    typed = isinstance(document, PresentedPolicy)
    state = Checking(ticket, reader, now + session.limits.checking, typed=typed)
    return replace(session, state=state, last_ticket=ticket), (Ask(ticket, document),)
