"""The decision table, row by row."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from kiosk.comparison import Outcome
from kiosk.families import CouldNotCheck, Insured, NotInsured, Verdict
from kiosk.lookup import Absent, Answer, Cause, Unavailable
from kiosk.policy.model import PolicyFormat, Source
from kiosk.reasons import NEXT_STEP, CouldNotCheckReason, Note, NotInsuredReason, of_status
from kiosk.verdict import AskOnline, decide, unreadable
from kiosk.verdict_json import verdict_to_json
from offline_cache.format import Status
from offline_cache.freshness import Freshness
from tests.kiosk.cases import (
    ENP,
    IN_1970,
    NOON,
    ONLINE,
    OTHER_SMO,
    POLICY,
    RECORD,
    REGISTER,
    TODAY,
    found,
)

if TYPE_CHECKING:
    from kiosk.clock import Moment
    from kiosk.policy.model import PresentedPolicy

YESTERDAY = date(2026, 11, 21)
NOBODY = Unavailable(Cause.NOT_CONFIGURED)
AGEING = replace(REGISTER, freshness=Freshness.AGEING)
STALE = replace(REGISTER, freshness=Freshness.STALE)
TOO_OLD = replace(REGISTER, freshness=Freshness.TOO_OLD)


def verdict_of(
    register: Answer,
    online: Answer = NOBODY,
    policy: PresentedPolicy = POLICY,
    moment: Moment = TODAY,
) -> Verdict:
    """Decide with the fund's answer at hand."""
    decision = decide(policy, register, online, moment)
    assert not isinstance(decision, AskOnline)
    return decision


def code(verdict: Verdict) -> str:
    """Family and reason in one word."""
    values = verdict_to_json(verdict)
    return f"{values['verdict']}/{values['reason']}"


BY_REGISTER = [
    pytest.param(found(), "insured/insured", id="step-4-insured"),
    pytest.param(found(status=Status.AWAITING_CONFIRMATION), "insured/insured", id="step-4-dnp"),
    pytest.param(found(valid_to=date(2026, 11, 22)), "insured/insured", id="step-4-last-day"),
    pytest.param(found(valid_from=date(2026, 11, 22)), "insured/insured", id="step-4-first-day"),
    pytest.param(found(person_matches=None), "insured/insured", id="step-4-no-name-shown"),
    pytest.param(
        found(person_matches=False), "could_not_check/details_differ", id="step-5-another-person"
    ),
    pytest.param(
        found(person_matches=False, status=Status.CONSCRIPTED),
        "could_not_check/details_differ",
        id="step-5-state-is-not-told-to-another",
    ),
    pytest.param(found(status=Status.CONSCRIPTED), "not_insured/suspended", id="step-6-nvs"),
    pytest.param(found(status=Status.EXPIRED), "not_insured/expired", id="step-6-nsd"),
    pytest.param(
        found(valid_to=date(2026, 11, 21)), "not_insured/expired", id="step-6-ended-yesterday"
    ),
    pytest.param(
        found(valid_from=date(2026, 11, 23)), "not_insured/not_started", id="step-6-tomorrow"
    ),
    pytest.param(found(status=Status.DEATH), "could_not_check/to_be_clarified", id="step-6-death"),
    pytest.param(Absent(REGISTER), "could_not_check/not_in_list", id="step-7-absent"),
    pytest.param(
        Absent(REGISTER, covered=False), "could_not_check/not_covered", id="step-7-not-covered"
    ),
    pytest.param(found(AGEING), "insured/insured", id="step-8-ageing"),
    pytest.param(found(STALE), "insured/insured", id="step-8-stale-nobody-answers"),
    pytest.param(
        found(STALE, status=Status.ANNULLED), "not_insured/annulled", id="step-8-stale-negative"
    ),
    pytest.param(found(TOO_OLD), "could_not_check/list_too_old", id="step-9-too-old"),
    pytest.param(Absent(TOO_OLD), "could_not_check/list_too_old", id="step-9-too-old-absent"),
    pytest.param(Unavailable(Cause.MISSING), "could_not_check/no_list", id="step-9-no-list"),
    pytest.param(Unavailable(Cause.DAMAGED), "could_not_check/no_list", id="step-9-damaged"),
]


@pytest.mark.parametrize(("register", "expected"), BY_REGISTER)
def test_register_alone(register: Answer, expected: str) -> None:
    assert code(verdict_of(register)) == expected


@pytest.mark.parametrize("status", Status)
def test_every_status_has_one_meaning(status: Status) -> None:
    verdict = verdict_of(found(status=status))
    in_force = status.value.startswith("Д")
    assert isinstance(verdict, Insured) == in_force
    assert (of_status(status) is None) == in_force


@pytest.mark.parametrize("status", [Status.DEATH, Status.DEATH_UNCONFIRMED])
def test_a_death_on_record_is_never_told(status: Status) -> None:
    told = str(verdict_to_json(verdict_of(found(status=status)))["reason"])
    assert told == "to_be_clarified"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(Source.CHIP, CouldNotCheckReason.MISREAD_CARD, id="chip"),
        pytest.param(Source.BARCODE, CouldNotCheckReason.MISREAD, id="barcode"),
        pytest.param(Source.TYPED, CouldNotCheckReason.MISREAD, id="typed"),
    ],
)
def test_step_2_a_misread_number_is_never_looked_up(
    source: Source, expected: CouldNotCheckReason
) -> None:
    misread = replace(POLICY, source=source, enp=ENP[:-1] + "4")
    # Even a register that has such a number says nothing about this person.
    verdict = verdict_of(found(), policy=misread)
    assert isinstance(verdict, CouldNotCheck)
    assert verdict.reason is expected
    assert verdict.record is None


@pytest.mark.parametrize("register", [found(), found(status=Status.EXPIRED), Absent(REGISTER)])
def test_step_10_without_a_clock_the_register_says_nothing(register: Answer) -> None:
    assert code(verdict_of(register, moment=IN_1970)) == "could_not_check/clock"


def test_step_10_is_healed_by_an_answer_from_the_fund() -> None:
    assert code(verdict_of(found(), found(ONLINE), moment=IN_1970)) == "insured/insured"


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        pytest.param(NOON, "insured/insured", id="its-time-is-possible"),
        pytest.param(NOON - timedelta(days=30), "could_not_check/clock", id="it-is-wrong-too"),
    ],
)
def test_an_answer_from_before_what_has_passed_heals_nothing(
    as_of: datetime, expected: str
) -> None:
    moment = replace(IN_1970, floor=NOON - timedelta(hours=1))
    known = replace(ONLINE, as_of=as_of)
    assert code(verdict_of(found(), found(known), moment=moment)) == expected


def test_a_right_clock_says_what_today_is_and_not_the_service() -> None:
    known = replace(ONLINE, as_of=NOON + timedelta(days=30))
    ends = {"valid_to": TODAY.local.date()}
    assert code(verdict_of(Absent(REGISTER), found(known, **ends))) == "insured/insured"


NEGATIVE = [
    pytest.param(found(status=Status.CONSCRIPTED), id="negative"),
    pytest.param(found(person_matches=False), id="differs"),
    pytest.param(found(status=Status.DEATH), id="death"),
    pytest.param(Absent(REGISTER), id="absent"),
    pytest.param(found(AGEING), id="ageing"),
    pytest.param(found(STALE), id="stale"),
    pytest.param(found(TOO_OLD), id="too-old"),
    pytest.param(Unavailable(Cause.MISSING), id="no-list"),
]


@pytest.mark.parametrize("register", NEGATIVE)
def test_the_fund_is_asked_where_it_may_know_better(register: Answer) -> None:
    decision = decide(POLICY, register, None, TODAY)
    assert isinstance(decision, AskOnline)
    assert decision.otherwise == verdict_of(register)
    reversed_state = verdict_of(register, found(ONLINE))
    assert isinstance(reversed_state, Insured)
    assert reversed_state.known == ONLINE


def test_the_fund_is_left_alone_where_the_register_is_sure() -> None:
    assert isinstance(decide(POLICY, found(), None, TODAY), Insured)


def test_absence_online_does_not_overrule_a_record() -> None:
    verdict = verdict_of(found(status=Status.CONSCRIPTED), Absent(ONLINE))
    assert isinstance(verdict, NotInsured)
    assert verdict.known == REGISTER


def test_absence_everywhere_is_known_from_the_fund() -> None:
    verdict = verdict_of(Absent(REGISTER), Absent(ONLINE))
    assert code(verdict) == "could_not_check/not_found"
    assert verdict.known == ONLINE


@pytest.mark.parametrize("register", [Absent(TOO_OLD), Unavailable(Cause.MISSING)])
def test_absence_online_is_told_where_the_register_says_nothing(register: Answer) -> None:
    verdict = verdict_of(register, Absent(ONLINE))
    assert (code(verdict), verdict.known) == ("could_not_check/not_found", ONLINE)


@pytest.mark.parametrize("cause", Cause)
@pytest.mark.parametrize("register", NEGATIVE)
def test_an_error_of_the_fund_never_makes_an_answer_worse(register: Answer, cause: Cause) -> None:
    own = verdict_of(register)
    verdict = verdict_of(register, Unavailable(cause))
    assert (code(verdict), verdict.record, verdict.known) == (code(own), own.record, own.known)
    said = [check for check in verdict.checks if check.name == "online"]
    if cause is Cause.NOT_CONFIGURED:
        assert said == []
    else:
        assert [(one.outcome, one.detail) for one in said] == [(Outcome.UNKNOWN, cause.value)]


def test_a_reversed_state_is_noted_and_both_records_are_kept() -> None:
    register = found(status=Status.CONSCRIPTED)
    verdict = verdict_of(register, found(ONLINE))
    assert isinstance(verdict, Insured)
    assert verdict.notes[0] is Note.STATE_REVERSED
    assert verdict.record.status is Status.CONFIRMED
    assert verdict.listed is not None
    assert verdict.listed.status is Status.CONSCRIPTED


@pytest.mark.parametrize(
    ("listed", "fund"),
    [
        pytest.param({"status": Status.DEATH}, {"status": Status.DEATH_UNCONFIRMED}, id="alike"),
        pytest.param({"person_matches": False}, {}, id="only-the-person"),
        pytest.param(
            {"status": Status.DEATH}, {"person_matches": False}, id="not-told-to-a-stranger"
        ),
    ],
)
def test_a_state_is_only_called_reversed_when_it_is(
    listed: dict[str, Any], fund: dict[str, Any]
) -> None:
    verdict = verdict_of(found(**listed), found(ONLINE, **fund))
    assert Note.STATE_REVERSED not in verdict.notes
    assert verdict.listed is not None


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        pytest.param(Status.CONSCRIPTED, "not_insured/suspended", id="the-list-knows-why"),
        pytest.param(Status.DEATH, "could_not_check/to_be_clarified", id="nor-is-a-death-told"),
        pytest.param(Status.CONFIRMED, "not_insured/expired", id="the-list-knows-nothing-of-it"),
    ],
)
def test_the_list_says_why_where_the_fund_does_not(listed: Status, expected: str) -> None:
    ended = found(ONLINE, status=Status.EXPIRED, says_why=False)
    assert code(verdict_of(found(STALE, status=listed), ended)) == expected


def test_the_fund_may_say_worse_than_an_old_list() -> None:
    verdict = verdict_of(found(STALE), found(ONLINE, status=Status.ANNULLED))
    assert code(verdict) == "not_insured/annulled"
    assert Note.STATE_REVERSED in verdict.notes
    assert Note.LIST_AGEING not in verdict.notes


NOTES = [
    pytest.param(POLICY, {}, set(), id="none"),
    pytest.param(POLICY, {"insurer": OTHER_SMO}, {Note.INSURER_CHANGED}, id="insurer-changed"),
    pytest.param(
        replace(POLICY, expiry_date=date(2026, 11, 21)), {}, {Note.DOCUMENT_EXPIRED}, id="expired"
    ),
    pytest.param(replace(POLICY, expiry_date=date(2026, 11, 22)), {}, set(), id="last-day"),
    pytest.param(POLICY, {"person_matches": None}, {Note.PERSON_NOT_COMPARED}, id="no-name"),
    pytest.param(
        replace(POLICY, birth_date=date(1984, 3, 6)), {}, {Note.ENP_CODING_DIFFERS}, id="coding"
    ),
    pytest.param(
        replace(POLICY, source=Source.BARCODE, format=PolicyFormat.BARCODE_02, insurer=None),
        {"insurer": OTHER_SMO},
        set(),
        id="no-insurer-on-document",
    ),
]


@pytest.mark.parametrize(("policy", "changes", "expected"), NOTES)
def test_step_11_the_register_is_the_truth(
    policy: PresentedPolicy, changes: dict[str, Any], expected: set[Note]
) -> None:
    verdict = verdict_of(found(**changes), policy=policy)
    assert isinstance(verdict, Insured)
    assert set(verdict.notes) == expected
    insurer = changes.get("insurer", POLICY.insurer and POLICY.insurer.smo)
    assert verdict.record.insurer == insurer


@pytest.mark.parametrize("source", [Source.TYPED, Source.DIGITAL])
def test_step_2_a_bare_number_needs_a_date_inside(source: Source) -> None:
    city_card = replace(POLICY, source=source, enp="7800000000000007")
    assert code(verdict_of(found(), policy=city_card)) == "could_not_check/not_a_policy_number"
    on_a_document = replace(city_card, source=Source.CHIP)
    verdict = verdict_of(found(), policy=on_a_document)
    assert verdict.notes == (Note.ENP_CODING_DIFFERS,)


def test_status_and_dates_are_judged_apart() -> None:
    checks = {check.name: check.outcome for check in verdict_of(found(valid_to=YESTERDAY)).checks}
    assert (checks["status"], checks["dates"]) == (Outcome.PASS, Outcome.FAIL)


def test_an_old_list_is_said_as_a_note() -> None:
    assert Note.LIST_AGEING in verdict_of(Absent(AGEING)).notes
    assert Note.LIST_AGEING in verdict_of(found(AGEING)).notes
    assert Note.LIST_AGEING not in verdict_of(found()).notes


def test_checks_stand_in_the_order_made() -> None:
    verdict = verdict_of(found(person_matches=False))
    assert [(check.name, check.outcome) for check in verdict.checks] == [
        ("document", Outcome.PASS),
        ("check_digit", Outcome.PASS),
        ("enp_coding", Outcome.PASS),
        ("clock", Outcome.PASS),
        ("register", Outcome.PASS),
        ("person", Outcome.FAIL),
        ("status", Outcome.PASS),
        ("dates", Outcome.PASS),
    ]


def test_every_reason_has_a_next_step() -> None:
    assert set(NEXT_STEP) == {*NotInsuredReason, *CouldNotCheckReason}


def test_json_has_the_keys_of_the_contract() -> None:
    assert verdict_to_json(verdict_of(found())) == {
        "verdict": "insured",
        "reason": "insured",
        "notes": [],
        "how_known": {
            "source": "register",
            "as_of": NOON.isoformat(),
            "serial": 7,
            "service": None,
        },
        "insurer": {"ogrn": "1997800000010", "okato": "40000"},
        "next_step": "go_to_desk",
        "checks": [
            {"name": "document", "outcome": "pass", "detail": None},
            {"name": "check_digit", "outcome": "pass", "detail": None},
            {"name": "enp_coding", "outcome": "pass", "detail": None},
            {"name": "clock", "outcome": "pass", "detail": None},
            {"name": "register", "outcome": "pass", "detail": None},
            {"name": "person", "outcome": "pass", "detail": None},
            {"name": "status", "outcome": "pass", "detail": "ДПП"},
            {"name": "dates", "outcome": "pass", "detail": None},
        ],
    }
    said = verdict_to_json(Insured(RECORD, ONLINE, (), ()))["how_known"]
    assert (said["source"], said["service"], said["serial"]) == ("online", "zp1", None)
    unread = verdict_to_json(unreadable(CouldNotCheckReason.MUTE_CARD))
    assert unread["how_known"] is None
    assert unread["insurer"] is None
