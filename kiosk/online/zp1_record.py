"""The person of an HL7 v2.6 answer (PID, IN1, QRI) as a record.

Order FFOMS 79 of 2011. A person has one IN1 for each time of insurance, in no order: the one that
covers the day counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from kiosk.lookup import Cause, Record
from kiosk.online import person
from kiosk.online.errors import ServiceError
from kiosk.online.messages import malformed
from kiosk.online.zp1_batch import NAMESPACE, day, day_of, value
from kiosk.online.zp1_question import has_name
from kiosk.policy import enp
from kiosk.policy.model import PolicyType, Smo
from kiosk.policy.numbers import is_digits
from offline_cache.format import Status
from offline_cache.normalise import fold_twins

if TYPE_CHECKING:
    from kiosk.online.messages import Element
    from kiosk.policy.model import PresentedPolicy

_EXACT: Final = "Д"
_TYPES: Final = {one.value: one for one in PolicyType}
_OGRN_LENGTH: Final = 13
_OKATO_LENGTH: Final = 5


@dataclass(frozen=True, slots=True)
class _Period:
    """One time of insurance (IN1)."""

    begin: date
    end: date | None
    """Last day; None: open."""
    insurer: Smo | None
    policy_type: PolicyType | None

    def covers(self, today: date) -> bool:
        return self.begin <= today and (self.end is None or today <= self.end)


def record_of(response: Element, policy: PresentedPolicy, today: date) -> Record:
    """The record of a QUERY_RESPONSE on `policy` for the day `today`.

    Raises:
        ServiceError: UNCLEAR: nothing tells whether the person is insured; MALFORMED.
    """
    pid = response.find(f"{{{NAMESPACE}}}PID")
    if pid is None:
        raise malformed("a response without PID")
    segments = response.findall(f"{{{NAMESPACE}}}IN1")
    read = [_period(one) for one in segments]
    periods = [one for one in read if one is not None]
    status, period = _state(pid, periods, today, doubtful=len(periods) < len(read))
    return Record(
        status=status,
        policy_type=None if period is None else period.policy_type,
        insurer=None if period is None else period.insurer,
        clinic=None,
        valid_from=None if period is None else period.begin,
        valid_to=None if period is None else period.end,
        person_matches=_matches(response, pid, policy),
        main_enp=_main_enp(pid),
        full_name=_full_name(pid),
        # ZP1 gives periods, and no reason for the end of one.
        says_why=status is not Status.EXPIRED,
    )


def _state(
    pid: Element, periods: list[_Period], today: date, *, doubtful: bool
) -> tuple[Status, _Period | None]:
    """The status, and the period that it rests on.

    `doubtful`: there is insurance of which it is not known when it began; it may be today's.
    """
    periods = sorted(periods, key=lambda one: one.begin)
    covering = [one for one in periods if one.covers(today)]
    if value(pid, "PID.30") == "Y" or value(pid, "PID.29") is not None:
        known = covering or periods
        return Status.DEATH, known[-1] if known else None
    if covering:
        return Status.CONFIRMED, covering[-1]
    if doubtful or not periods:
        raise ServiceError(Cause.UNCLEAR, "a person without a period of insurance")
    future = [one for one in periods if one.begin > today]
    if future:
        # Its begin is later than today, from which the verdict tells that it is not in force yet.
        return Status.CONFIRMED, future[0]
    return Status.EXPIRED, max(periods, key=lambda one: one.end or date.max)


def _period(segment: Element) -> _Period | None:
    """Read an IN1; None: it does not say when, or ends before it begins."""
    begin, end = day(segment, "IN1.12"), day(segment, "IN1.13")
    if begin is None or (end is not None and end < begin):
        return None
    letter = fold_twins(value(segment, "IN1.35") or "")
    return _Period(begin, end, _insurer(segment), _TYPES.get(letter))


def _insurer(segment: Element) -> Smo | None:
    """The insurer; what has not the shape of an OGRN or OKATO is left out."""
    ogrn, okato = value(segment, "IN1.3", "CX.1"), value(segment, "IN1.15")
    if ogrn is None or not is_digits(ogrn, _OGRN_LENGTH):
        return None
    return Smo(ogrn, okato if okato is not None and is_digits(okato, _OKATO_LENGTH) else None)


def _main_enp(pid: Element) -> str | None:
    """The first number of the kind NI; more of them are those of merged duplicates."""
    for identifier in pid.findall(f"{{{NAMESPACE}}}PID.3"):
        if value(identifier, "CX.5") == "NI":
            number = value(identifier, "CX.1")
            return number if number is not None and is_digits(number, enp.LENGTH) else None
    return None


def _matches(response: Element, pid: Element, policy: PresentedPolicy) -> bool | None:
    """Whether the person is the one presented: what both say, else what the search was by.

    QRI.1 `Д`: all that we asked by agreed, names and birth date too if we knew them.
    """
    compared = person.matches(policy, _full_name(pid), _birth_date(pid))
    asked_by_person = has_name(policy) and policy.birth_date is not None
    if compared is None and asked_by_person and value(response, "QRI", "QRI.1") == _EXACT:
        return True
    return compared


def _full_name(pid: Element) -> str | None:
    """PID.5: the legal name (XPN.7 `L`, HL7 table 0200) of several, or the first."""
    names = pid.findall(f"{{{NAMESPACE}}}PID.5")
    if not names:
        return None
    name = next((one for one in names if value(one, "XPN.7") == "L"), names[0])
    parts = (value(name, "XPN.1", "FN.1"), value(name, "XPN.2"), value(name, "XPN.3"))
    return " ".join(filter(None, parts)) or None


def _birth_date(pid: Element) -> date | None:
    """PID.7; HL7 lets a date be cut to its year or month, which cannot be compared."""
    text = value(pid, "PID.7")
    return None if text is None else day_of(text)
