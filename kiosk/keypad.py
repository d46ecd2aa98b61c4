"""Numbers that are entered by hand: keys in, the entry as it stands out. Pure.

A number is judged while it is typed, and nothing is ever refused: whoever makes a mistake is told
which, beside the field, and goes on typing. What is complete and can be right becomes a presented
policy, as a card or a code does.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Final, assert_never

from kiosk.policy import enp
from kiosk.policy.mistaken import number_of_11
from kiosk.policy.model import FormatReason
from kiosk.policy.numbers import snils_ok
from kiosk.policy.typed import typed, typed_passport, typed_snils

if TYPE_CHECKING:
    from kiosk.policy.model import PresentedPolicy


class Kind(enum.StrEnum):
    """What is being entered."""

    POLICY = "policy"
    CERTIFICATE = "certificate"
    SNILS = "snils"
    """A SNILS, and then the birth date."""
    PASSPORT = "passport"
    PIN = "pin"
    """The technicians' own."""


DOCUMENTS: Final = (Kind.POLICY, Kind.CERTIFICATE, Kind.SNILS, Kind.PASSPORT)
"""What people may choose from, in the order of the choice."""


class Key(enum.StrEnum):
    """The keys beside the ten digits."""

    DELETE = "delete"
    CLEAR = "clear"
    SHOW = "show"
    """All digits in the clear until the next key; without it only the group that is typed is."""
    BACK = "back"
    DONE = "done"


class Remark(enum.StrEnum):
    """What can be said about the digits as they stand."""

    NOTHING = "nothing"
    MORE = "more"
    """Right so far."""
    GOOD = "good"
    """Complete, and can be right."""
    CHECK_DIGIT = "check_digit"
    NO_START = "no_start"
    """Its first ten digits hold no birth date: no policy's number begins like that."""
    BLANK = "blank"
    """11 digits: the number of the blank."""
    SNILS = "snils"
    """A SNILS where a policy's number is asked for."""
    NO_DAY = "no_day"
    """There is no such day, or it is yet to come."""


MISTAKES: Final = frozenset(
    {Remark.CHECK_DIGIT, Remark.NO_START, Remark.BLANK, Remark.SNILS, Remark.NO_DAY}
)

_GROUPS: Final = {
    Kind.POLICY: (4, 4, 4, 4),
    Kind.CERTIFICATE: (3, 3, 3),
    Kind.SNILS: (3, 3, 3, 2),
    Kind.PASSPORT: (2, 2, 3, 3),
    Kind.PIN: (12,),
}
"""Digits of each group, as they are printed."""
_DAY_GROUPS: Final = (2, 2, 4)
_START: Final = 10
"""Digits of a policy's number that hold territory and birth date."""
_FIRST_YEAR: Final = 1900
MASK: Final = "•"
GAP: Final = "_"
"""Stands for a digit that is not typed yet."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What has been typed so far. Its digits are a person's: no `repr` shows them."""

    kind: Kind
    digits: str = field(default="", repr=False)
    snils: str = field(default="", repr=False)
    """The SNILS, while its birth date is typed; else empty."""
    shown: bool = False
    """All digits in the clear: somebody asked for it."""
    insisted: bool = False
    """Done was pressed too early: what is missing is said in full."""

    @property
    def is_day(self) -> bool:
        """Whether a birth date is typed."""
        return self.snils != ""

    @property
    def groups(self) -> tuple[int, ...]:
        """Digits of each group."""
        return _DAY_GROUPS if self.is_day else _GROUPS[self.kind]

    @property
    def length(self) -> int:
        """Digits at most."""
        return sum(self.groups)

    @property
    def missing(self) -> int:
        """How many digits are missing."""
        return self.length - len(self.digits)


@dataclass(frozen=True, slots=True)
class Left:
    """Nothing was entered: whoever typed went back."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The document to be checked."""

    policy: PresentedPolicy


@dataclass(frozen=True, slots=True)
class PinTyped:
    """A PIN to be tried."""

    digits: str = field(repr=False)


Outcome = Entry | Left | Finished | PinTyped


def press(entry: Entry, key: str, today: date) -> Outcome:
    """Take one key: a digit or a `Key`; anything else changes nothing. `today` bounds birth dates.

    A digit too many is not taken: the field is full.
    """
    if len(key) == 1 and key.isascii() and key.isdigit():
        digits = entry.digits + key if entry.missing else entry.digits
        return replace(entry, digits=digits, shown=False, insisted=False)
    if key not in {*Key}:
        return entry
    match Key(key):
        case Key.DELETE:
            return _deleted(entry)
        case Key.CLEAR:
            return replace(entry, digits="", shown=False, insisted=False)
        case Key.SHOW:
            return replace(entry, shown=not entry.shown and entry.kind is not Kind.PIN)
        case Key.BACK:
            return Entry(entry.kind, entry.snils) if entry.is_day else Left()
        case Key.DONE:
            return _done(entry, today)
        case other:
            assert_never(other)


def _deleted(entry: Entry) -> Entry:
    """Without its last digit; an empty birth date gives way to the SNILS before it."""
    if not entry.digits and entry.is_day:
        return Entry(entry.kind, entry.snils)
    return replace(entry, digits=entry.digits[:-1], shown=False, insisted=False)


def _done(entry: Entry, today: date) -> Outcome:
    if judge(entry, today) is not Remark.GOOD:
        return replace(entry, insisted=True)
    match entry.kind:
        case Kind.POLICY | Kind.CERTIFICATE:
            return Finished(typed(entry.digits))
        case Kind.PASSPORT:
            return Finished(typed_passport(entry.digits))
        case Kind.PIN:
            return PinTyped(entry.digits)
        case Kind.SNILS:
            born = _day(entry.digits) if entry.is_day else None
            if born is None:
                return Entry(Kind.SNILS, snils=entry.digits)
            return Finished(typed_snils(entry.snils, born))
        case _:
            assert_never(entry.kind)


def judge(entry: Entry, today: date) -> Remark:
    """Say what the digits are, as far as they go."""
    if not entry.digits:
        return Remark.NOTHING
    if entry.is_day:
        return _judged_day(entry.digits, today)
    match entry.kind:
        case Kind.POLICY:
            return _judged_policy(entry.digits, insisted=entry.insisted)
        case Kind.SNILS if entry.missing == 0:
            return Remark.GOOD if snils_ok(entry.digits) else Remark.CHECK_DIGIT
        case Kind.PIN:
            return Remark.GOOD
        case _:
            # The other numbers have no check digit.
            return Remark.MORE if entry.missing else Remark.GOOD


def _judged_policy(digits: str, *, insisted: bool) -> Remark:
    """A mistake is told as soon as it is certain; 11 digits that could go on, when they do not."""
    possible = len(digits) < _START or enp.decode(digits[:_START].ljust(enp.LENGTH, "0"))
    if possible and len(digits) == enp.LENGTH:
        return Remark.GOOD if enp.check_digit_ok(digits) else Remark.CHECK_DIGIT
    if possible and not insisted:
        return Remark.MORE
    mistake = number_of_11(digits)
    if mistake is not None:
        return Remark.SNILS if mistake.reason is FormatReason.SNILS else Remark.BLANK
    return Remark.MORE if possible else Remark.NO_START


def _judged_day(digits: str, today: date) -> Remark:
    """A birth date, DDMMYYYY; wrong as soon as its day or its month is."""
    if len(digits) < sum(_DAY_GROUPS):
        # 2000 had a 29th of February.
        begun = digits[:4] + "01012000"[len(digits[:4]) : 4] + "2000"
        if digits in {"0", "1", "2", "3"} or (len(digits) == 3 and digits[2] in "01"):
            return Remark.MORE
        return Remark.MORE if _day(begun) else Remark.NO_DAY
    born = _day(digits)
    return Remark.GOOD if born is not None and born <= today else Remark.NO_DAY


def _day(digits: str) -> date | None:
    day, month, year = int(digits[:2]), int(digits[2:4]), int(digits[4:])
    try:
        return date(year, month, day) if year >= _FIRST_YEAR else None
    except ValueError:
        return None


def shown_groups(entry: Entry, *, private: bool) -> tuple[str, ...]:
    """The field as it is drawn: digits, `MASK` for one that is hidden, `GAP` for one to come.

    `private`: others may look on, so that only the group that is being typed can be read, unless
    its person asks for all of them. A PIN is never shown.
    """
    last = max(0, len(entry.digits) - 1)
    groups: list[str] = []
    start = 0
    for length in entry.groups:
        end = start + length
        part = entry.digits[start:end]
        hidden = entry.kind is Kind.PIN or (private and not entry.shown and not start <= last < end)
        groups.append((MASK * len(part) if hidden else part).ljust(length, GAP))
        start = end
    return tuple(groups)
