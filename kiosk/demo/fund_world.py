"""Who the sample fund knows: the fixed cast, as the fund sees them on the day it is asked.

What the fund says differs from the published list (`kiosk.demo.register_sample`) where a question
is worth its while: a person who is not in the list yet, a state that was reversed, a surname that
changed, numbers that were merged, two people on one passport. The crowd is not known.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from kiosk.demo.people import INSURERS, PEOPLE, Person, make_enp
from kiosk.demo.register_sample import PARTS, Part, last_day
from offline_cache.format import PolicyType, Status
from offline_cache.normalise import fold_document, fold_name, fold_old_policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiosk.policy.model import Smo

IN_FORCE: Final = frozenset({Status.CONFIRMED, Status.AWAITING_CONFIRMATION})
_TEMPORARY: Final = frozenset({PolicyType.TEMPORARY_PAPER, PolicyType.TEMPORARY_ELECTRONIC})

_SHARED_PASSPORT: Final = "4617 № 100099"
"""A passport that was entered for two people."""

FUND_PARTS: Final = PARTS | {
    "absent": Part(document="4014 № 100008"),
    "military_service": Part(),
    "death_not_sure": Part(),
    "details_differ": Part(document="4013 № 100009"),
    "initial_dot": Part(document=_SHARED_PASSPORT),
    "hard_sign": Part(document=_SHARED_PASSPORT),
}
"""The cast's parts at the fund: those of the register, but for these."""

MERGED: Final = {"yo": 77_777}
"""Whose ENP was found to be a second one: the serial of the main ENP."""

OLDER_PERIODS: Final = {"double_barrelled": True, "double_given": False}
"""Who changed insurers, and whether the older period comes first in a ZP1 answer."""

_ENDED_DAYS_AGO: Final = 30
"""Since when a policy that is not in force is not, unless the list says."""


class By(enum.Enum):
    """What a person is found by."""

    ENP = enum.auto()
    SNILS = enum.auto()
    """With the birth date."""
    DOCUMENT = enum.auto()
    """`<series> № <number>`; signs and spaces do not matter."""
    TEMPORARY_CERTIFICATE = enum.auto()
    OLD_POLICY = enum.auto()
    """`<series> № <number>`, or the number alone."""
    NAMES = enum.auto()
    """Surname, given name and patronymic with spaces between, with the birth date."""


@dataclass(frozen=True, slots=True)
class Period:
    """Insurance with one insurer."""

    insurer: Smo
    begin: date
    end: date | None
    """Last day; None: open-ended."""

    def covers(self, day: date) -> bool:
        """Whether a day lies in it."""
        return self.begin <= day and (self.end is None or day <= self.end)


@dataclass(frozen=True, slots=True)
class FundPerson:
    """An insured person as the fund knows them."""

    slug: str
    enps: tuple[str, ...] = field(repr=False)
    """The main one first; the others were merged into it."""
    surname: str = field(repr=False)
    given_name: str = field(repr=False)
    patronymic: str | None = field(repr=False)
    birth_date: date = field(repr=False)
    sex: int = field(repr=False)
    """1 male, 2 female."""
    birth_place: str = field(repr=False)
    snils: str = field(repr=False)
    status: Status
    policy_type: PolicyType
    periods: tuple[Period, ...]
    """In the order in which a ZP1 answer gives them."""
    current: Period
    """The one that FERZL tells of: the one that covers the day, else the newest."""
    temporary_certificate: str = field(default="", repr=False)
    old_policy: str = field(default="", repr=False)
    document: str = field(default="", repr=False)
    death: date | None = field(default=None, repr=False)

    @property
    def full_name(self) -> str:
        """Surname, given name, patronymic."""
        return " ".join(filter(None, (self.surname, self.given_name, self.patronymic)))

    @property
    def policy_series(self) -> str:
        """The series of an old policy; empty for others."""
        if self.policy_type is not PolicyType.OLD:
            return ""
        return self.old_policy.rpartition(" № ")[0]

    @property
    def policy_number(self) -> str:
        """The number of the policy itself: the ENP, or that of an old or temporary one."""
        if self.policy_type is PolicyType.OLD:
            return self.old_policy.rpartition(" № ")[2]
        if self.policy_type in _TEMPORARY:
            return self.temporary_certificate
        return self.enps[0]


class Ambiguous:
    """More than one person fits."""


def smo_code(insurer: Smo) -> str:
    """The five-digit code of an insurer (F002 `smocod`), as in the sample reference tables."""
    for territory, insurers in INSURERS.items():
        if insurer in insurers:
            return f"{territory}{insurers.index(insurer) + 1:03}"
    raise ValueError("an insurer that the sample does not have")


class FundWorld:
    """Everybody the fund knows; never changes, so any thread may ask."""

    def __init__(self, today: date) -> None:
        """As of `today`."""
        self.today = today
        self.people = tuple(_known(one, FUND_PARTS.get(one.slug, Part()), today) for one in PEOPLE)
        self._found: dict[tuple[By, str, date | None], list[FundPerson]] = {}
        for person in self.people:
            for key in _keys(person):
                self._found.setdefault(key, []).append(person)

    def person(self, slug: str) -> FundPerson:
        """The one with that slug; KeyError if there is none."""
        for one in self.people:
            if one.slug == slug:
                return one
        raise KeyError(slug)

    def find(
        self, by: By, value: str, birth_date: date | None = None
    ) -> FundPerson | Ambiguous | None:
        """Who is found; `birth_date` for `SNILS` and `NAMES` only."""
        found = self._found.get((by, _FOLDED[by](value), birth_date), [])
        if len(found) > 1:
            return Ambiguous()
        return found[0] if found else None


_FOLDED: Final[dict[By, Callable[[str], str]]] = {
    By.ENP: str,
    By.SNILS: str,
    By.DOCUMENT: fold_document,
    By.TEMPORARY_CERTIFICATE: str,
    By.OLD_POLICY: fold_old_policy,
    By.NAMES: fold_name,
}


def _keys(one: FundPerson) -> list[tuple[By, str, date | None]]:
    values: list[tuple[By, str, date | None]] = [(By.ENP, enp, None) for enp in one.enps]
    values += [
        (By.SNILS, one.snils, one.birth_date),
        (By.NAMES, one.full_name, one.birth_date),
        (By.DOCUMENT, one.document, None),
        (By.TEMPORARY_CERTIFICATE, one.temporary_certificate, None),
        (By.OLD_POLICY, one.old_policy, None),
    ]
    return [(by, _FOLDED[by](value), born) for by, value, born in values if value]


def _known(one: Person, part: Part, today: date) -> FundPerson:
    birth_date = part.birth_date or one.birth_date
    enps: tuple[str, ...] = (one.enp,)
    if one.slug in MERGED:
        enps = (make_enp(one.enp[:2], birth_date, one.sex, MERGED[one.slug]), one.enp)
    current = _current(one, part, today)
    periods: tuple[Period, ...] = (current,)
    if one.slug in OLDER_PERIODS:
        older = _older(one, current)
        periods = (older, current) if OLDER_PERIODS[one.slug] else (current, older)
    return FundPerson(
        slug=one.slug,
        enps=enps,
        surname=part.surname or one.surname,
        given_name=one.given_name,
        patronymic=one.patronymic,
        birth_date=birth_date,
        sex=1 if one.sex == "male" else 2,
        birth_place=one.birth_place,
        snils=one.snils,
        status=part.status,
        policy_type=part.policy_type,
        periods=periods,
        current=current,
        temporary_certificate=part.temporary_certificate,
        old_policy=part.old_policy,
        document=part.document,
        death=current.end if part.status is Status.DEATH else None,
    )


def _current(one: Person, part: Part, today: date) -> Period:
    end = last_day(one, part, today)
    if part.status not in IN_FORCE and (end is None or end >= today):
        end = today - timedelta(days=_ENDED_DAYS_AGO)
    return Period(part.insurer or one.insurer, part.starts or one.insured_since, end)


def _older(one: Person, current: Period) -> Period:
    """With the other insurer of the territory, until a day before the current one began."""
    others = [insurer for insurer in INSURERS[one.enp[:2]] if insurer != current.insurer]
    end = current.begin - timedelta(days=1)
    return replace(current, insurer=others[0], begin=end - timedelta(days=400), end=end)
