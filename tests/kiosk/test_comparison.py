"""What document, register and fund say, field by field; and the note that each case gives."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from kiosk.comparison import ANYWHERE, Agreement, Desk, Field, compare, notes
from kiosk.policy.model import (
    InsurerPeriod,
    Photo,
    PolicyFormat,
    PolicyType,
    PresentedPolicy,
    Sex,
    Smo,
    Source,
)
from kiosk.reasons import NOTE_STEP, Note, StaffStep
from offline_cache.format import Status
from tests.kiosk.cases import OTHER_SMO, POLICY, RECORD, SMO

TODAY = date(2026, 11, 22)
HERE = Desk("40000", "780003")
CERTIFICATE = PresentedPolicy(
    Source.BARCODE, PolicyFormat.TEMPORARY_CERTIFICATE, temporary_certificate="900000001"
)
CHILD = replace(POLICY, birth_date=date(2016, 6, 1), photo=None)


def noted(
    policy: PresentedPolicy = POLICY, desk: Desk = ANYWHERE, **changes: Any
) -> tuple[Note, ...]:
    return notes(policy, replace(RECORD, **changes), TODAY, desk)


SAME, DIFFERS, UNKNOWN = Agreement.SAME, Agreement.DIFFERS, Agreement.UNKNOWN

FIELDS: dict[str, tuple[PresentedPolicy, dict[str, Any], Field, Agreement]] = {
    "person, the tag fits": (POLICY, {}, Field.PERSON, SAME),
    "person, the tag differs": (POLICY, {"person_matches": False}, Field.PERSON, DIFFERS),
    "person, nothing to compare": (POLICY, {"person_matches": None}, Field.PERSON, UNKNOWN),
    "birth date in the number": (POLICY, {}, Field.ENP_BIRTH_DATE, SAME),
    "another birth date": (
        replace(POLICY, birth_date=date(1984, 3, 6)),
        {},
        Field.ENP_BIRTH_DATE,
        DIFFERS,
    ),
    "no birth date": (replace(POLICY, birth_date=None), {}, Field.ENP_BIRTH_DATE, UNKNOWN),
    "sex in the number": (POLICY, {}, Field.ENP_SEX, SAME),
    "another sex": (replace(POLICY, sex=Sex.FEMALE), {}, Field.ENP_SEX, DIFFERS),
    "no number": (CERTIFICATE, {}, Field.ENP_SEX, UNKNOWN),
    "insurer": (POLICY, {}, Field.INSURER, SAME),
    "another insurer": (POLICY, {"insurer": OTHER_SMO}, Field.INSURER, DIFFERS),
    "insurer in the register alone": (replace(POLICY, insurer=None), {}, Field.INSURER, UNKNOWN),
    "branch of another territory": (
        POLICY,
        {"insurer": Smo(SMO.ogrn, "45000")},
        Field.TERRITORY,
        DIFFERS,
    ),
    "document without a territory": (
        replace(POLICY, insurer=InsurerPeriod(Smo(SMO.ogrn, None))),
        {},
        Field.TERRITORY,
        UNKNOWN,
    ),
    "end on the document alone": (
        replace(POLICY, expiry_date=date(2027, 1, 1)),
        {},
        Field.VALID_TO,
        DIFFERS,
    ),
    "the same end": (
        replace(POLICY, expiry_date=date(2027, 1, 1)),
        {"valid_to": date(2027, 1, 1)},
        Field.VALID_TO,
        SAME,
    ),
    "main number": (POLICY, {"main_enp": POLICY.enp}, Field.ENP, SAME),
    "another main number": (POLICY, {"main_enp": "7856510844000131"}, Field.ENP, DIFFERS),
    "clinic in the register alone": (POLICY, {}, Field.CLINIC, UNKNOWN),
}


@pytest.mark.parametrize("case", FIELDS)
def test_each_field_is_the_same_differs_or_is_unknown(case: str) -> None:
    policy, changes, field, expected = FIELDS[case]
    assert compare(policy, replace(RECORD, **changes))[field] is expected


def test_without_a_record_only_the_number_can_be_compared() -> None:
    found = compare(POLICY, None)
    assert set(found) == set(Field)
    known = {field for field, agreement in found.items() if agreement is not UNKNOWN}
    assert known == {Field.ENP_BIRTH_DATE, Field.ENP_SEX}


def test_register_and_fund_are_compared_where_the_document_is_silent() -> None:
    fund = replace(RECORD, clinic="780004", status=Status.EXPIRED, valid_to=date(2026, 1, 1))
    found = compare(CERTIFICATE, RECORD, fund)
    assert found[Field.CLINIC] is found[Field.STATUS] is found[Field.VALID_TO] is DIFFERS
    assert found[Field.INSURER] is SAME


NOTES: dict[Note, tuple[tuple[Note, ...], tuple[Note, ...]]] = {
    # the note: as it comes, and as close as can be without it
    Note.INSURER_CHANGED: (noted(insurer=OTHER_SMO), noted()),
    Note.DOCUMENT_EXPIRED: (
        noted(replace(POLICY, expiry_date=date(2026, 11, 21))),
        noted(replace(POLICY, expiry_date=TODAY)),
    ),
    Note.PERSON_NOT_COMPARED: (noted(person_matches=None), noted(person_matches=False)),
    Note.ENP_CODING_DIFFERS: (noted(replace(POLICY, sex=Sex.FEMALE)), noted(CERTIFICATE)),
    Note.AWAITING_CONFIRMATION: (
        noted(status=Status.AWAITING_CONFIRMATION),
        noted(status=Status.CONFIRMED),
    ),
    Note.ENDS_SOON: (noted(valid_to=date(2026, 12, 22)), noted(valid_to=date(2026, 12, 23))),
    Note.CHILD_WITHOUT_PHOTO: (
        noted(CHILD),
        noted(replace(CHILD, birth_date=date(2012, 11, 22))),
    ),
    Note.OTHER_TERRITORY: (noted(desk=HERE, insurer=OTHER_SMO), noted(desk=HERE)),
    Note.OTHER_CLINIC: (noted(desk=HERE, clinic="780004"), noted(desk=HERE, clinic=None)),
    Note.ENP_REPLACED: (noted(main_enp="7856510844000131"), noted(main_enp=POLICY.enp)),
    Note.POLICY_READY: (noted(CERTIFICATE), noted(policy_type=PolicyType.TEMPORARY_PAPER)),
    Note.POLICY_IN_PREPARATION: (
        noted(CERTIFICATE, policy_type=PolicyType.TEMPORARY_ELECTRONIC),
        noted(CERTIFICATE, policy_type=PolicyType.TEMPORARY_PAPER, main_enp=POLICY.enp),
    ),
}
FROM_ELSEWHERE = {
    Note.INSURER_UNREADABLE,  # tests/kiosk/test_intake.py
    Note.LIST_AGEING,  # tests/kiosk/test_verdict.py
    Note.STATE_REVERSED,  # tests/kiosk/test_verdict.py
    Note.CALENDAR_ESTIMATED,  # tests/kiosk/test_checker.py
}


@pytest.mark.parametrize("note", NOTES)
def test_each_note_comes_when_it_should_and_only_then(note: Note) -> None:
    with_it, without = NOTES[note]
    assert note in with_it
    assert note not in without


def test_every_note_has_its_test_and_its_step() -> None:
    assert set(NOTES) | FROM_ELSEWHERE == set(Note) == set(NOTE_STEP)
    assert set(NOTE_STEP.values()) == set(StaffStep)


@pytest.mark.parametrize("status", [Status.ANNULLED, Status.EXPIRED, Status.DEATH])
def test_nobody_is_told_that_an_ended_policy_is_being_made(status: Status) -> None:
    temporary = PolicyType.TEMPORARY_PAPER
    assert noted(CERTIFICATE, policy_type=temporary, status=status) == ()


def test_a_photo_that_is_there_needs_no_note() -> None:
    photo = Photo("image/jpeg", b"\xff\xd8\xff")
    assert Note.CHILD_WITHOUT_PHOTO not in noted(replace(CHILD, photo=photo))
    assert Note.CHILD_WITHOUT_PHOTO not in noted(replace(CHILD, source=Source.BARCODE))


def test_nothing_is_said_of_a_plain_policy() -> None:
    assert noted(desk=HERE) == ()
