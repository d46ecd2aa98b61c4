"""Options of the commands that build lists: times, territories, and where the rows come from."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import click

_TERRITORY = re.compile(r"[0-9]{2}")


class Moment(click.ParamType[datetime]):
    """An ISO 8601 time; without an offset it is UTC."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """An aware UTC `datetime`."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail("not an ISO 8601 date or time, such as 2026-03-31T06:00", param, ctx)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC).replace(microsecond=0)


def territories(
    _context: click.Context, _parameter: click.Parameter, codes: tuple[str, ...]
) -> tuple[str, ...]:
    """Two-digit codes, or a usage error."""
    for code in codes:
        if not _TERRITORY.fullmatch(code):
            raise click.BadParameter("a territory code has two digits, such as 78")
    return codes


def past(
    _context: click.Context, _parameter: click.Parameter, moment: datetime | None
) -> datetime | None:
    """A time that is over, or a usage error."""
    # A list from the future would make every kiosk distrust its own clock.
    if moment is not None and moment > now() + timedelta(minutes=10):
        raise click.BadParameter("lies in the future")
    return moment


def now() -> datetime:
    """The time, UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)
