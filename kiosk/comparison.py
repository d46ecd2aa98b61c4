"""What document and register say of the same thing, field by field: same, differs, unknown."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiosk.policy import enp
from kiosk.reasons import Note

if TYPE_CHECKING:
    from datetime import date

    from kiosk.lookup import Record
    from kiosk.policy.model import PresentedPolicy


class Outcome(enum.StrEnum):
    """Outcome of one check; unknown is neither good nor bad."""

    PASS = "pass"  # noqa: S105  # a check's outcome, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a verdict, in the order made."""

    name: str
    outcome: Outcome
    detail: str | None = None
    """A fixed code, never a person's value."""


def outcome_of(matches: bool | None) -> Outcome:  # noqa: FBT001  # three states of one answer
    """Turn "same, differs, unknown" into an outcome."""
    if matches is None:
        return Outcome.UNKNOWN
    return Outcome.PASS if matches else Outcome.FAIL


def enp_coding(policy: PresentedPolicy) -> Check:
    """Compare the birth date and sex inside the ENP with the holder's; a soft check."""
    return Check("enp_coding", outcome_of(enp.matches(policy.enp, policy.birth_date, policy.sex)))


def ogrn_differs(policy: PresentedPolicy, record: Record) -> bool:
    """Whether both name an insurer, and not the same company."""
    if policy.insurer is None or record.insurer is None:
        return False
    return policy.insurer.smo.ogrn != record.insurer.ogrn


def okato_differs(policy: PresentedPolicy, record: Record) -> bool:
    """Whether both name an insurer's territory, and not the same; not every document names it."""
    if policy.insurer is None or policy.insurer.smo.okato is None or record.insurer is None:
        return False
    return policy.insurer.smo.okato != record.insurer.okato


def notes(policy: PresentedPolicy, record: Record, today: date) -> tuple[Note, ...]:
    """Step 11: the register is the truth, and what differs on the document is said as a note."""
    found = []
    if ogrn_differs(policy, record) or okato_differs(policy, record):
        found.append(Note.INSURER_CHANGED)
    if policy.expiry_date is not None and policy.expiry_date < today:
        found.append(Note.DOCUMENT_EXPIRED)
    if record.person_matches is None:
        found.append(Note.PERSON_NOT_COMPARED)
    if enp.matches(policy.enp, policy.birth_date, policy.sex) is False:
        found.append(Note.ENP_CODING_DIFFERS)
    return tuple(found)
