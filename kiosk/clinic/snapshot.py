"""What the screen is about now, as one frozen value for the clinic's system. Pure.

A *presence* is one person in front of the kiosk: from the first sign of a card or code until its
answer leaves the screen. Each has a number of its own, counted from the kiosk's start.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kiosk.online.fund import FundMode
from kiosk.states import Checking, Reading, Receiving, Session, Showing
from offline_cache.freshness import Freshness
from offline_cache.reference import ReferenceData

if TYPE_CHECKING:
    from datetime import datetime

    from kiosk.families import Verdict
    from kiosk.policy.model import PresentedPolicy
    from kiosk.presenter import Surroundings


class Stage(enum.StrEnum):
    """How far a presence has come."""

    INSERTED = "inserted"
    """A card or code has been noticed; there is no answer yet."""
    VERDICT = "verdict"


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Snapshot:
    """One presence, at one moment; `repr` shows nothing personal."""

    presence: int
    stage: Stage
    reader: bool
    """Whether it came by a card in a reader; a code or typed number otherwise."""
    since: datetime
    """Aware; when it came to this stage."""
    ticket: int | None = None
    """Of the answer; None while there is none."""
    until: float | None = None
    """Monotonic time at which the answer leaves the screen at the latest."""
    verdict: Verdict | None = field(default=None, repr=False)
    policy: PresentedPolicy | None = field(default=None, repr=False)
    """None also with a verdict: the document could not be read."""
    repeated: bool = False
    reference: ReferenceData = field(default_factory=ReferenceData, repr=False)
    """Names of insurers and clinics."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is so whoever stands there: the list's age, the network; nothing personal."""

    kiosk: str = ""
    list_as_of: datetime | None = None
    list_next: datetime | None = None
    list_serial: int | None = None
    list_freshness: Freshness = Freshness.TOO_OLD
    fund: FundMode = FundMode.NONE
    clock_trusted: bool = True


def follow(
    before: Snapshot | None, last: int, session: Session, around: Surroundings
) -> Snapshot | None:
    """The snapshot of `session`, after the one `before`; None: nobody is there.

    It is `before` itself where nothing changed that a program could be told. `last` is the number
    of the last presence there was.
    """
    match session.state:
        case Reading():
            return _inserted(before, last, around, reader=True)
        case Receiving():
            return _inserted(before, last, around, reader=False)
        case Checking(reader=reader):
            return _inserted(before, last, around, reader=reader is not None)
        case Showing() as showing:
            return _shown(before, last, showing, around)
        case _:
            return None


def _inserted(
    before: Snapshot | None, last: int, around: Surroundings, *, reader: bool
) -> Snapshot:
    if before is not None and before.stage is Stage.INSERTED and before.reader == reader:
        return before
    return Snapshot(last + 1, Stage.INSERTED, reader, around.moment.local)


def _shown(before: Snapshot | None, last: int, showing: Showing, around: Surroundings) -> Snapshot:
    goes_on = before is not None and before.ticket in {None, showing.ticket}
    if goes_on and before is not None and _says_the_same(before, showing):
        return before
    return Snapshot(
        last if goes_on else last + 1,
        Stage.VERDICT,
        showing.reader is not None,
        around.moment.local,
        showing.ticket,
        showing.until,
        showing.verdict,
        showing.policy,
        showing.repeated,
        around.reference,
    )


def _says_the_same(before: Snapshot, showing: Showing) -> bool:
    # By identity: the session keeps the same objects while an answer stands.
    return before.verdict is showing.verdict and before.policy is showing.policy


def standing(around: Surroundings, kiosk: str) -> Standing:
    """What every frame shows beside the session."""
    status, moment = around.list_status, around.moment
    return Standing(
        kiosk,
        status.as_of,
        status.next_expected,
        status.serial,
        status.freshness(moment.local),
        around.fund,
        moment.trusted,
    )
