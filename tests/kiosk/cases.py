"""Values that the tests of the core share: an invented policy, a record, moments."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from kiosk.clock import Moment
from kiosk.lookup import Found, FundService, HowKnown, KnownBy, Record
from kiosk.policy.model import (
    InsurerPeriod,
    PolicyFormat,
    PolicyType,
    PresentedPolicy,
    Sex,
    Smo,
    Source,
)
from offline_cache.format import Status

SMO = Smo("1997800000010", "40000")
OTHER_SMO = Smo("1997700000010", "45000")
ENP = "7856510844000123"
"""Born 1984-03-05, male, first issued in territory 78; the check digit is right."""

NOON = datetime(2026, 11, 22, 12, 0).astimezone()
"""The machine's, whose day it is what people are shown."""
TODAY = Moment(local=NOON, trusted=True)
IN_1970 = Moment(local=datetime(1970, 1, 1, tzinfo=UTC), trusted=False)

POLICY = PresentedPolicy(
    Source.CHIP,
    PolicyFormat.CHIP,
    ENP,
    surname="ПЕТРОВ",
    given_name="ИВАН",
    patronymic="СЕРГЕЕВИЧ",
    birth_date=date(1984, 3, 5),
    sex=Sex.MALE,
    insurer=InsurerPeriod(SMO, date(2015, 1, 1)),
)

RECORD = Record(
    status=Status.CONFIRMED,
    policy_type=PolicyType.CARD,
    insurer=SMO,
    clinic="780003",
    valid_from=date(2015, 1, 1),
    valid_to=None,
    person_matches=True,
)

REGISTER = HowKnown(KnownBy.REGISTER, NOON, serial=7)
ONLINE = HowKnown(KnownBy.ONLINE, NOON, service=FundService.ZP1)


def found(known: HowKnown = REGISTER, **changes: Any) -> Found:
    """The standard record with changes, found."""
    return Found(replace(RECORD, **changes), known)
