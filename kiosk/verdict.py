"""The decision: is this policy in force, is it not, or could it not be checked.

Three families, by type. The steps below carry the numbers of the decision table in the
architecture notes. Step 3 (signatures) is first in rank and last in time: `weigh_signature` joins
it to a verdict that is out already, since no first frame waits for cryptography. Pure: everything
that a decision depends on is an argument, so the same question always has the same answer.

Why the register answers first and the fund second: the register is here, signed and instant, and
the network is the part that fails. The fund is asked where a second opinion can change the answer:

- a negative state, because states are reversed (a suspension lifted, a death recorded for a
  namesake) and a day-old list may not know;
- details that differ, because the person may have changed their name since the list was made;
- no entry, because people move and newborns are young;
- an ageing or a missing list, and a clock that cannot be trusted, because then the register's
  answer is weak or none.

What the fund's answer does to the register's:

- found: the fund's record decides, by the same steps as one in the register, as of the moment
  when the fund answered; the register's record stays beside it for the registrar;
- absent, and the register has a record: the record stands. Services are asked by number and miss
  merged numbers, so that absence there is weaker than presence here;
- absent, and the register has none either: both have been asked, and the answer says so. It is
  still "could not check": a newborn and a namesake's number look the same;
- unavailable, whatever the cause: the register's own answer stands, with its date, and is looked
  at once more when the fund is back (`kiosk.second_look`). An error never makes an answer worse.

Of two services the first that answers is believed (`kiosk.online.fund`); they are not compared.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, assert_never

from kiosk import comparison
from kiosk.comparison import ANYWHERE, Check, Desk, Outcome
from kiosk.families import CouldNotCheck, Insured, NotInsured, Verdict
from kiosk.lookup import Absent, Answer, Cause, Found, HowKnown, KnownBy, Record, Unavailable
from kiosk.policy import enp
from kiosk.policy.model import PresentedPolicy, Source
from kiosk.reasons import CouldNotCheckReason, Note, NotInsuredReason, of_status
from offline_cache.floor import CLOCK_TOLERANCE
from offline_cache.freshness import Freshness

if TYPE_CHECKING:
    from datetime import date

    from kiosk.clock import Moment


@dataclass(frozen=True, slots=True)
class AskOnline:
    """The fund should be asked; `otherwise` is the verdict if it does not answer."""

    otherwise: Verdict


ONLINE: Final = "online"
"""Name of the check that tells whether the fund answered."""

_BARE_NUMBERS: Final = frozenset({Source.TYPED, Source.DIGITAL})


def unreadable(reason: CouldNotCheckReason) -> CouldNotCheck:
    """Step 1: a document that could not be read or decoded."""
    return CouldNotCheck(reason, checks=(Check("document", Outcome.FAIL, reason.value),))


def decide(
    policy: PresentedPolicy,
    register: Answer,
    online: Answer | None,
    moment: Moment,
    desk: Desk = ANYWHERE,
) -> Verdict | AskOnline:
    """Decide about a decoded policy that was presented at `desk`.

    `register` is the register's answer, `online` the fund's, None while it has not been asked.
    Returns `AskOnline` only while `online` is None.
    """
    document = Check("document", Outcome.PASS)
    # Step 2: the check digit comes before any look-up, since a misread number finds a stranger.
    if policy.enp is not None and not enp.check_digit_ok(policy.enp):
        misread = (
            CouldNotCheckReason.MISREAD_CARD
            if policy.source is Source.CHIP
            else CouldNotCheckReason.MISREAD
        )
        return CouldNotCheck(misread, checks=(document, Check("check_digit", Outcome.FAIL)))
    checks: tuple[Check, ...] = (document,)
    if policy.enp is not None:
        digit = Check("check_digit", Outcome.PASS)
        checks = (document, digit, comparison.enp_coding(policy))
    if policy.enp and policy.source in _BARE_NUMBERS and enp.decode(policy.enp) is None:
        # Other cards' numbers pass Luhn too; without a document around it, only a number with a
        # birth date inside is believed to be a policy's.
        return CouldNotCheck(CouldNotCheckReason.NOT_A_POLICY_NUMBER, checks=checks)

    own = _by_register(policy, register, moment, desk, checks)
    if not _wants_second_opinion(own):
        return own
    if online is None:
        return AskOnline(own)
    return _with_fund(policy, own, online, moment, desk, checks)


def _with_fund(
    policy: PresentedPolicy,
    own: Verdict,
    online: Answer,
    moment: Moment,
    desk: Desk,
    checks: tuple[Check, ...],
) -> Verdict:
    """Join the fund's answer to the register's; argued at the head of this module."""
    match online:
        case Found(record, known):
            today = _today(moment, known)
            if today is None:
                return own
            checks = (*checks, Check(ONLINE, Outcome.PASS))
            record = _with_reason(record, own.record)
            verdict = _by_record(policy, record, known, today, desk, checks)
            return _beside(verdict, own.record)
        case Absent(known):
            check = Check(ONLINE, Outcome.FAIL, "absent")
            if own.record is not None:
                return replace(own, checks=(*own.checks, check))
            reason = CouldNotCheckReason.NOT_FOUND
            return CouldNotCheck(reason, known=known, checks=(*own.checks, check))
        case Unavailable(cause):
            if cause is Cause.NOT_CONFIGURED:
                return own
            return replace(own, checks=(*own.checks, Check(ONLINE, Outcome.UNKNOWN, cause.value)))
        case _:
            assert_never(online)


def _today(moment: Moment, known: HowKnown) -> date | None:
    """The day by which the fund's record is judged; None: nobody knows it.

    Where our clock is wrong, the service's own time stands behind its answer, which heals step 10,
    unless it is before what is known to have passed: then its clock is wrong, too.
    """
    if moment.trusted:
        return moment.local.date()
    if moment.floor is not None and known.as_of < moment.floor - CLOCK_TOLERANCE:
        return None
    return known.as_of.date()


def _with_reason(record: Record, listed: Record | None) -> Record:
    """Let the register say why insurance ended, where the fund's answer only says that it did.

    "Suspended" and "expired" lead to different desks.
    """
    if record.says_why or listed is None or of_status(listed.status) is None:
        return record
    return replace(record, status=listed.status)


def _beside(verdict: Verdict, listed: Record | None) -> Verdict:
    """Keep the register's record, and say when the fund reversed its state."""
    if listed is None or verdict.record is None:
        return verdict
    before, now = of_status(listed.status), of_status(verdict.record.status)
    notes = verdict.notes
    # A person who differs is not told about states, neither the old nor the new.
    if before != now and verdict.record.person_matches is not False:
        notes = (Note.STATE_REVERSED, *notes)
    return replace(verdict, listed=listed, notes=notes)


_MISREAD: Final = frozenset({CouldNotCheckReason.MISREAD, CouldNotCheckReason.MISREAD_CARD})


def weigh_signature(verdict: Verdict, signature: Check) -> Verdict:
    """Step 3: join the check of the document's signature to a verdict.

    A forged one outranks whatever the register says of the number, which may be anybody's; a
    misread number stays misread, since what was misread cannot be signed right.
    """
    checks = (*verdict.checks, signature)
    misread = isinstance(verdict, CouldNotCheck) and verdict.reason in _MISREAD
    if signature.outcome is Outcome.FAIL and not misread:
        reason = CouldNotCheckReason.FORGED
        return CouldNotCheck(
            reason, verdict.record, verdict.known, verdict.notes, checks, verdict.listed
        )
    return replace(verdict, checks=checks)


def _wants_second_opinion(own: Verdict) -> bool:
    """Steps 6 to 10: whether the fund may know better than the register."""
    match own:
        case Insured():
            return own.known.freshness is not Freshness.FRESH  # step 8
        case NotInsured() | CouldNotCheck():
            return True
        case _:
            assert_never(own)


def _by_register(
    policy: PresentedPolicy,
    register: Answer,
    moment: Moment,
    desk: Desk,
    checks: tuple[Check, ...],
) -> Verdict:
    """Steps 4 to 10, from the register alone."""
    # Step 10 stands before the others: without a trusted "today" neither the age of the list nor
    # the end of a policy means anything.
    if not moment.trusted:
        checks = (*checks, Check("clock", Outcome.FAIL))
        return CouldNotCheck(CouldNotCheckReason.CLOCK, checks=checks)
    checks = (*checks, Check("clock", Outcome.PASS))
    match register:
        case Unavailable(cause):  # step 9: no list
            checks = (*checks, Check("register", Outcome.UNKNOWN, cause.value))
            return CouldNotCheck(CouldNotCheckReason.NO_LIST, checks=checks)
        case Found(_, known) | Absent(known) if known.freshness is Freshness.TOO_OLD:  # step 9
            checks = (*checks, Check("register", Outcome.UNKNOWN, "too_old"))
            return CouldNotCheck(CouldNotCheckReason.LIST_TOO_OLD, known=known, checks=checks)
        case Absent(known, covered):  # step 7
            detail = None if covered else "not_covered"
            checks = (*checks, Check("register", Outcome.UNKNOWN, detail))
            reason = CouldNotCheckReason.NOT_IN_LIST if covered else CouldNotCheckReason.NOT_COVERED
            return CouldNotCheck(reason, known=known, notes=_age_note(known), checks=checks)
        case Found(record, known):
            return _by_record(policy, record, known, moment.local.date(), desk, checks)
        case _:
            assert_never(register)


def _by_record(
    policy: PresentedPolicy,
    record: Record,
    known: HowKnown,
    today: date,
    desk: Desk,
    checks: tuple[Check, ...],
) -> Verdict:
    """Steps 4, 5, 6 and 11: judge one record, wherever it came from."""
    notes = (*comparison.notes(policy, record, today, desk), *_age_note(known))
    person = Check("person", comparison.outcome_of(record.person_matches))
    state, dates = of_status(record.status), _outside_dates(record, today)
    found = () if known.source is KnownBy.ONLINE else (Check("register", Outcome.PASS),)
    checks = (
        *checks,
        *found,
        person,
        Check("status", comparison.outcome_of(state is None), record.status.value),
        Check("dates", comparison.outcome_of(dates is None)),
    )
    reason = state or dates
    # Step 5 comes before step 6: a state must not be told to somebody else than its person.
    if record.person_matches is False:
        return CouldNotCheck(CouldNotCheckReason.DETAILS_DIFFER, record, known, notes, checks)
    if isinstance(reason, NotInsuredReason):  # step 6
        return NotInsured(reason, record, known, notes, checks)
    if isinstance(reason, CouldNotCheckReason):  # step 6: a death on record
        return CouldNotCheck(reason, record, known, notes, checks)
    return Insured(record, known, notes, checks)  # step 4


def _age_note(known: HowKnown) -> tuple[Note, ...]:
    """Step 8: whatever an old list says, its age is said with it."""
    old = known.source is KnownBy.REGISTER and known.freshness is not Freshness.FRESH
    return (Note.LIST_AGEING,) if old else ()


def _outside_dates(record: Record, today: date) -> NotInsuredReason | None:
    """Return what a policy whose status is in force, but not its dates, is called."""
    if record.valid_from is not None and today < record.valid_from:
        return NotInsuredReason.NOT_STARTED
    if record.valid_to is not None and record.valid_to < today:
        return NotInsuredReason.EXPIRED
    return None
