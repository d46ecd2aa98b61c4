"""What document, register and fund say of the same thing, field by field: same, differs, unknown.

`compare` is the one place where they meet: the notes of a verdict and the registrar's frame are
made from what it finds. The register holds no name and no birth date, only a tag of the person as
a whole, so that a difference there cannot be told by field.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from kiosk.policy import enp
from kiosk.policy.model import PolicyType, Source
from kiosk.reasons import Note, of_status
from offline_cache.format import Status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from kiosk.lookup import Record
    from kiosk.policy.model import PresentedPolicy

ENDS_SOON_DAYS: Final = 30
PHOTO_AGE_YEARS: Final = 14
"""From this age on a card carries a photo."""

_STILL_TEMPORARY: Final = frozenset({PolicyType.TEMPORARY_PAPER, PolicyType.TEMPORARY_ELECTRONIC})


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


class Agreement(enum.StrEnum):
    """Whether those who speak of a field say the same."""

    SAME = "same"
    DIFFERS = "differs"
    UNKNOWN = "unknown"
    """One of them at most says anything."""


class Field(enum.StrEnum):
    """What can be compared."""

    PERSON = "person"
    """Names and birth date as a whole."""
    ENP = "enp"
    """The number on the document and the person's main one."""
    ENP_BIRTH_DATE = "enp_birth_date"
    """The birth date inside the number, and the holder's."""
    ENP_SEX = "enp_sex"
    INSURER = "insurer"
    """OGRN."""
    TERRITORY = "territory"
    """OKATO of the insurer."""
    VALID_TO = "valid_to"
    CLINIC = "clinic"
    """Attachment, in the register and in the fund's answer: documents do not carry it."""
    STATUS = "status"
    """Register and fund: documents do not carry it."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where this kiosk stands; None: the configuration does not say."""

    okato: str | None = None
    """5 digits."""
    clinic: str | None = None
    """Code of the medical organisation."""


ANYWHERE: Final = Desk()


def outcome_of(matches: bool | None) -> Outcome:  # noqa: FBT001  # three states of one answer
    """Turn "same, differs, unknown" into an outcome."""
    if matches is None:
        return Outcome.UNKNOWN
    return Outcome.PASS if matches else Outcome.FAIL


def compare(
    policy: PresentedPolicy, record: Record | None, fund: Record | None = None
) -> Mapping[Field, Agreement]:
    """Compare what the document, the register's `record` and the fund's say: every `Field`.

    `None` for a record is one that there is not.
    """
    coding = enp.decode(policy.enp) if policy.enp is not None else None
    records = [one for one in (record, fund) if one is not None]
    smo = policy.insurer.smo if policy.insurer is not None else None
    insurers = [one.insurer for one in records if one.insurer is not None]
    ends = {one.valid_to for one in records}
    if policy.expiry_date is not None:
        ends.add(policy.expiry_date)
    return {
        Field.PERSON: _judged([one.person_matches for one in records]),
        Field.ENP: _agreement(policy.enp, *(one.main_enp for one in records)),
        Field.ENP_BIRTH_DATE: _agreement(policy.birth_date, coding and coding.birth_date),
        Field.ENP_SEX: _agreement(policy.sex, coding and coding.sex),
        Field.INSURER: _agreement(smo and smo.ogrn, *(one.ogrn for one in insurers)),
        Field.TERRITORY: _agreement(smo and smo.okato, *(one.okato for one in insurers)),
        # An end that the register leaves open is an answer, too.
        Field.VALID_TO: Agreement.UNKNOWN
        if policy.expiry_date is None and len(records) < 2
        else _of_distinct(len(ends)),
        Field.CLINIC: _agreement(*(one.clinic for one in records)),
        Field.STATUS: _agreement(*(one.status for one in records)),
    }


def enp_coding(policy: PresentedPolicy) -> Check:
    """Compare the birth date and sex inside the ENP with the holder's; a soft check."""
    if policy.enp is None:
        return Check("enp_coding", Outcome.UNKNOWN)
    return Check("enp_coding", outcome_of(enp.matches(policy.enp, policy.birth_date, policy.sex)))


def notes(
    policy: PresentedPolicy, record: Record, today: date, desk: Desk = ANYWHERE
) -> tuple[Note, ...]:
    """Step 11: the register is the truth, and what differs on the document is said as a note."""
    fields = compare(policy, record)
    ends_soon = record.valid_to is not None and (
        today <= record.valid_to <= today + timedelta(days=ENDS_SOON_DAYS)
    )
    found = {
        Note.INSURER_CHANGED: Agreement.DIFFERS in (fields[Field.INSURER], fields[Field.TERRITORY]),
        Note.DOCUMENT_EXPIRED: policy.expiry_date is not None and policy.expiry_date < today,
        Note.PERSON_NOT_COMPARED: fields[Field.PERSON] is Agreement.UNKNOWN,
        Note.ENP_CODING_DIFFERS: enp_coding(policy).outcome is Outcome.FAIL,
        Note.ENP_REPLACED: fields[Field.ENP] is Agreement.DIFFERS,
        Note.AWAITING_CONFIRMATION: record.status is Status.AWAITING_CONFIRMATION,
        Note.ENDS_SOON: ends_soon,
        Note.CHILD_WITHOUT_PHOTO: _is_child_without_photo(policy, today),
        Note.OTHER_TERRITORY: record.insurer is not None
        and _elsewhere(desk.okato, record.insurer.okato),
        Note.OTHER_CLINIC: _elsewhere(desk.clinic, record.clinic),
        **_readiness(policy, record),
    }
    return tuple(note for note, is_so in found.items() if is_so)


def _agreement(*values: object) -> Agreement:
    said = [value for value in values if value is not None]
    return _of_distinct(len(set(said)) if len(said) > 1 else 0)


def _of_distinct(count: int) -> Agreement:
    if count == 0:
        return Agreement.UNKNOWN
    return Agreement.SAME if count == 1 else Agreement.DIFFERS


def _judged(matches: list[bool | None]) -> Agreement:
    if False in matches:
        return Agreement.DIFFERS
    return Agreement.SAME if True in matches else Agreement.UNKNOWN


def _elsewhere(here: str | None, there: str | None) -> bool:
    return here is not None and there is not None and here != there


def _is_child_without_photo(policy: PresentedPolicy, today: date) -> bool:
    if policy.source is not Source.CHIP or policy.photo is not None or policy.birth_date is None:
        return False
    born = policy.birth_date
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return years < PHOTO_AGE_YEARS


def _readiness(policy: PresentedPolicy, record: Record) -> dict[Note, bool]:
    """Whether the policy that a temporary certificate promised has been made."""
    in_force = of_status(record.status) is None
    if policy.temporary_certificate is None or record.policy_type is None or not in_force:
        return {}
    waiting = record.policy_type in _STILL_TEMPORARY and record.main_enp is None
    return {Note.POLICY_READY: not waiting, Note.POLICY_IN_PREPARATION: waiting}
