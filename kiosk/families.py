"""The three families of verdict, by type, so that none can be taken for another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiosk.reasons import NEXT_STEP, CouldNotCheckReason, NextStep, Note, NotInsuredReason

if TYPE_CHECKING:
    from kiosk.comparison import Check
    from kiosk.lookup import HowKnown, Record


@dataclass(frozen=True, slots=True)
class Insured:
    """In force today."""

    record: Record
    known: HowKnown
    notes: tuple[Note, ...]
    checks: tuple[Check, ...]
    listed: Record | None = None
    """The register's record where `record` is the fund's; so in all three families."""

    @property
    def next_step(self) -> NextStep:
        """What the person does now."""
        return NextStep.GO_TO_DESK


@dataclass(frozen=True, slots=True)
class NotInsured:
    """Known not to be in force."""

    reason: NotInsuredReason
    record: Record
    known: HowKnown
    notes: tuple[Note, ...]
    checks: tuple[Check, ...]
    listed: Record | None = None

    @property
    def next_step(self) -> NextStep:
        """What the person does now."""
        return NEXT_STEP[self.reason]


@dataclass(frozen=True, slots=True)
class CouldNotCheck:
    """Nothing can be said; every error ends here."""

    reason: CouldNotCheckReason
    record: Record | None = None
    known: HowKnown | None = None
    notes: tuple[Note, ...] = ()
    checks: tuple[Check, ...] = ()
    listed: Record | None = None

    @property
    def next_step(self) -> NextStep:
        """What the person does now."""
        return NEXT_STEP[self.reason]


Verdict = Insured | NotInsured | CouldNotCheck
