"""How long a temporary certificate (временное свидетельство) was good for, in working days.

The rule is data, `data/temporary_certificates.csv`: issued when, good for how many. That it was 30
working days by the rules of 2011 is certain; the 45 by those of 2019 and the day of that change are
of medium to low confidence. None has been issued since 2022-12-01.

Which days are working days comes with the reference data. For a year that its production calendar
does not cover, `holidays` knows Russia's holidays and moved days, but not what a decree moved after
its release, so such an end is called estimated. Days off with pay that decrees gave out in 2020 and
2021 are working days unless the production calendar says otherwise.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from offline_cache.reference import DayKind

if TYPE_CHECKING:
    from offline_cache.reference import ReferenceData

_RULES: Final = Path(__file__).with_name("data") / "temporary_certificates.csv"
_MISSED: Final = date(2014, 3, 10)
"""A day off for Saturday the 8th (labour code, article 112) that `holidays` 0.109 does not know."""
_SATURDAY: Final = 5
_DAY: Final = timedelta(days=1)
_MOST_DAYS: Final = 366
"""A calendar without working days must not be searched for ever."""


@dataclass(frozen=True, slots=True)
class CertificateTerm:
    """Until when a temporary certificate was good."""

    last_day: date
    working_days: int
    estimated: bool
    """A year's production calendar was not at hand."""


def certificate_end(issued: date, calendar: ReferenceData) -> CertificateTerm | None:
    """The term of a certificate issued on a day; None when none was issued on it.

    The working day after the day of issue is the first that counts. None also when a calendar has
    too few working days to be one.
    """
    wanted = next((rule.working_days for rule in _rules() if rule.covers(issued)), None)
    if wanted is None:
        return None
    left, day, estimated = wanted, issued, False
    while left:
        day += _DAY
        if (day - issued).days > _MOST_DAYS:
            return None
        estimated = estimated or day.year not in calendar.calendar_years
        left -= is_working_day(day, calendar)
    return CertificateTerm(day, wanted, estimated)


def is_working_day(day: date, calendar: ReferenceData) -> bool:
    """Whether people work on that day, by the production calendar or what is known without one."""
    covered = day.year in calendar.calendar_years
    kind = (calendar.calendar_days if covered else known_days(day.year)).get(day)
    return day.weekday() < _SATURDAY if kind is None else kind is DayKind.WORKDAY


@cache
def known_days(year: int) -> dict[date, DayKind]:
    """Days of a year that differ from their day of the week, as far as `holidays` knows."""
    # It knows all countries, in 40 MB; a kiosk whose calendar covers all years does not pay them.
    from holidays import country_holidays  # noqa: PLC0415

    known = country_holidays("RU", years=year)
    days = dict.fromkeys((*known, *([_MISSED] if year == _MISSED.year else [])), DayKind.HOLIDAY)
    moved = dict.fromkeys(known.weekend_workdays, DayKind.WORKDAY)
    return dict(sorted((moved | days).items()))


@dataclass(frozen=True, slots=True)
class _Rule:
    first: date
    last: date
    working_days: int

    def covers(self, issued: date) -> bool:
        return self.first <= issued <= self.last


@cache
def _rules() -> tuple[_Rule, ...]:
    with _RULES.open(encoding="utf-8", newline="") as file:
        return tuple(
            _Rule(
                date.fromisoformat(row["issued_from"]),
                date.fromisoformat(row["issued_to"]),
                int(row["working_days"]),
            )
            for row in csv.DictReader(file)
        )
