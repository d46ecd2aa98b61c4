"""The end of a temporary certificate, counted by hand from published production calendars."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kiosk
from kiosk.working_days import CertificateTerm, certificate_end, is_working_day, known_days
from offline_cache.reference import DayKind, ReferenceData

NO_CALENDAR = ReferenceData()
PUBLISHED = dict.fromkeys(range(2011, 2027), 247) | {2011: 248, 2012: 249, 2020: 248, 2024: 248}
"""Working days of whole years, as the production calendars give them."""


def calendar(*years: int) -> ReferenceData:
    """A production calendar of these years."""
    days = {day: kind for year in years for day, kind in known_days(year).items()}
    return ReferenceData(calendar_days=days)


def working_days(year: int) -> int:
    """How many a year has."""
    day, count = date(year, 1, 1), 0
    while day.year == year:
        count += is_working_day(day, NO_CALENDAR)
        day += timedelta(days=1)
    return count


@pytest.mark.parametrize("year", PUBLISHED)
def test_whole_years_have_their_published_working_days(year: int) -> None:
    assert working_days(year) == PUBLISHED[year]


def test_a_real_january() -> None:
    # 2019: off until 8 January; work on 9-11, 14-18, 21-25, 28-31.
    january = [day for day in range(1, 32) if is_working_day(date(2019, 1, day), calendar(2019))]
    assert january == [9, 10, 11, 14, 15, 16, 17, 18, 21, 22, 23, 24, 25, 28, 29, 30, 31]


@pytest.mark.parametrize(
    ("issued", "last_day"),
    [
        # 20, 21, 24-28 December and Saturday the 29th (for Monday the 31st): 8; 17 in January;
        # 1, 4, 5, 6, 7 in February: 30.
        (date(2018, 12, 19), date(2019, 2, 7)),
        # On the last of the year: nothing before 9 January counts. 17; 1, 4-8, 11-15, 18, 19.
        (date(2018, 12, 31), date(2019, 2, 19)),
        # In the holidays just the same.
        (date(2019, 1, 8), date(2019, 2, 19)),
    ],
)
def test_a_term_over_new_year(issued: date, last_day: date) -> None:
    term = certificate_end(issued, calendar(2018, 2019))
    assert term == CertificateTerm(last_day, 30, estimated=False)


def test_moved_weekends() -> None:
    known = calendar(2021)
    assert is_working_day(date(2021, 2, 20), known)  # a Saturday, for Monday the 22nd
    assert not is_working_day(date(2021, 2, 22), known)
    assert not is_working_day(date(2021, 2, 23), known)
    # 26-29 January: 4; 15 of 1-19 February; 20, 24, 25, 26 February: 4; 1-5, 9-12, 15-19 March,
    # 22-26 and 29-31 March: 22. That is 45.
    term = certificate_end(date(2021, 1, 25), known)
    assert term == CertificateTerm(date(2021, 3, 31), 45, estimated=False)


@pytest.mark.parametrize(
    ("issued", "last_day"),
    [
        # 2016: 29 February is a Monday. 1-5, 8-12, 15-19, Saturday 20, 24-26 and 29 February: 20;
        # 1-4 and 9-11 March: 27; 14-16: 30.
        (date(2016, 1, 31), date(2016, 3, 16)),
        # 2017 has none. 1-3, 6-10, 13-17, 20-22, 27-28 February: 18; 1-3, 6-7, 9-10, 13-17: 30.
        (date(2017, 1, 31), date(2017, 3, 17)),
        # Issued on one. 1-4, 9-11, 14-18, 21-25, 28-31 March: 21; 1, 4-8, 11-13 April: 30.
        (date(2016, 2, 29), date(2016, 4, 13)),
    ],
)
def test_leap_years(issued: date, last_day: date) -> None:
    term = certificate_end(issued, calendar(2016, 2017))
    assert term == CertificateTerm(last_day, 30, estimated=False)


def test_a_year_without_a_calendar_is_estimated() -> None:
    issued = date(2021, 12, 20)
    whole = certificate_end(issued, calendar(2021, 2022))
    half = certificate_end(issued, calendar(2021))
    assert whole is not None
    assert half is not None
    assert (whole.estimated, half.estimated) == (False, True)
    assert whole.last_day == half.last_day
    # A year that the term does not reach need not be there.
    inside = certificate_end(date(2021, 6, 1), calendar(2021))
    assert inside is not None
    assert not inside.estimated


def test_the_published_calendar_is_the_truth() -> None:
    # What a decree gave off since: the days of 1-7 May 2021 that `holidays` knows nothing of.
    days = dict(known_days(2021)) | {date(2021, 5, day): DayKind.HOLIDAY for day in (4, 5, 6, 7)}
    issued = date(2021, 4, 20)
    before = certificate_end(issued, calendar(2021))
    after = certificate_end(issued, ReferenceData(calendar_days=days))
    assert before is not None
    assert after is not None
    assert after.last_day == before.last_day + timedelta(days=6)  # over a weekend


@pytest.mark.parametrize(
    ("issued", "wanted"),
    [
        (date(2011, 4, 30), None),
        (date(2011, 5, 1), 30),
        (date(2019, 5, 27), 30),
        (date(2019, 5, 28), 45),
        (date(2022, 11, 30), 45),
        (date(2022, 12, 1), None),
        (date(1900, 1, 1), None),
        (date.max, None),
    ],
)
def test_the_days_of_the_rules(issued: date, wanted: int | None) -> None:
    term = certificate_end(issued, NO_CALENDAR)
    assert (term and term.working_days) == wanted


def test_the_rules_follow_one_another() -> None:
    path = Path(kiosk.__file__).with_name("data") / "temporary_certificates.csv"
    with path.open(encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)
    end = date.fromisoformat(first["issued_to"])
    assert date.fromisoformat(second["issued_from"]) == end + timedelta(days=1)


def test_a_calendar_without_working_days_ends() -> None:
    off = {date(2021, 1, 1) + timedelta(days=day): DayKind.HOLIDAY for day in range(365)}
    off |= {date(2022, 1, 1) + timedelta(days=day): DayKind.HOLIDAY for day in range(365)}
    assert certificate_end(date(2021, 1, 1), ReferenceData(calendar_days=off)) is None


@given(st.dates(date(2011, 5, 1), date(2022, 11, 30)), st.sets(st.integers(2011, 2023)))
def test_every_term_ends_on_a_working_day_within_a_season(issued: date, years: set[int]) -> None:
    known = calendar(*years)
    term = certificate_end(issued, known)
    assert term is not None
    assert is_working_day(term.last_day, known)
    passed = (issued + timedelta(days=day + 1) for day in range((term.last_day - issued).days))
    assert sum(is_working_day(day, known) for day in passed) == term.working_days
    assert 30 < (term.last_day - issued).days < 90
    assert term.estimated == bool({issued.year, term.last_day.year} - years) or (
        issued.month == 12 and issued.day == 31
    )
