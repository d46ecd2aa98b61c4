"""A sample register: the fixed cast with the parts they play, and a crowd that has everything.

Every status, every policy type, ends of validity, a start in the future, changed insurers, several
territories, every kind of number. `kiosk register build` takes the file as it takes a fund's.
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from kiosk.demo.people import INSURERS, PEOPLE, Person, generate
from offline_cache.csv_rows import COLUMNS
from offline_cache.format import PolicyType, Status

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from kiosk.policy.model import Smo

SAMPLE_ROWS: Final = 50_000
SMALLEST_SAMPLE: Final = 100
"""Below it there would not be one of everything."""


@dataclass(frozen=True, slots=True)
class Part:
    """How the register sees one of the cast, where it differs from what the policy says."""

    status: Status = Status.CONFIRMED
    policy_type: PolicyType = PolicyType.PAPER
    insurer: Smo | None = None
    """None: the one on the policy."""
    surname: str | None = None
    """None: the one on the policy."""
    birth_date: date | None = None
    """None: the one on the policy, which is in its number, too."""
    temporary_certificate: str = ""
    old_policy: str = ""
    document: str = ""
    starts: date | None = None
    """First day of validity; None: the one on the policy."""
    ends_in_days: int | None = None
    """Last day of validity, counted from the sample's day; None: the one on the policy."""
    clinic: str = ""
    """Attachment; empty: the clinic of the ENP's territory where the demo stands."""


ABSENT: Final = frozenset({"absent"})
"""People that the list does not hold."""

PARTS: Final = {
    "other_insurer": Part(insurer=INSURERS["54"][0]),
    "suspended": Part(Status.CONSCRIPTED),
    "ended": Part(Status.CITIZENSHIP_ENDED),
    "expired": Part(Status.EXPIRED),
    "to_clarify": Part(Status.DEATH),
    "not_confirmed": Part(Status.NOT_CONFIRMED),
    "annulled": Part(Status.ANNULLED),
    "not_started": Part(starts=date(2099, 1, 1)),
    "details_differ": Part(surname="СТРЕЛЬНИКОВА"),
    "newborn": Part(Status.AWAITING_CONFIRMATION, PolicyType.DIGITAL, document="I-АК № 123456"),
    "plain_woman": Part(policy_type=PolicyType.CARD, document="4512 № 100002"),
    "plain_man": Part(policy_type=PolicyType.DIGITAL, document="4012 № 100001"),
    "oldest": Part(policy_type=PolicyType.OLD, old_policy="75-А № 0000100"),
    "last_of_1950": Part(policy_type=PolicyType.OLD, old_policy="46-12 № 1234567"),
    "no_patronymic": Part(
        policy_type=PolicyType.TEMPORARY_PAPER, temporary_certificate="900000001"
    ),
    "military_service": Part(Status.MILITARY_SERVICE),
    "death_not_sure": Part(Status.DEATH_UNCONFIRMED),
    "residence_ended": Part(Status.RESIDENCE_PERMIT_ANNULLED),
    "permit_ended": Part(Status.TEMPORARY_PERMIT_ANNULLED),
    "refugee_ended": Part(Status.REFUGEE_STATUS_LOST),
    "ends_soon": Part(ends_in_days=21),
    "other_clinic": Part(clinic="780017"),
    "temporary_ready": Part(temporary_certificate="900000002"),
    "temporary_still": Part(
        policy_type=PolicyType.TEMPORARY_ELECTRONIC, temporary_certificate="900000003"
    ),
    "old_policy": Part(policy_type=PolicyType.OLD, old_policy="29 № 1234567"),
    "foreign_passport": Part(policy_type=PolicyType.DIGITAL, document="X1234567"),
    "birth_corrected": Part(birth_date=date(1969, 2, 18)),
}
"""The cast's parts by slug; who is not named is plainly insured."""

# Shares of the crowd, roughly those of a fund's list; the rarest still stand there by the dozen.
_STATUS_WEIGHTS: Final = dict.fromkeys(Status, 3) | {
    Status.CONFIRMED: 900,
    Status.AWAITING_CONFIRMATION: 60,
    Status.DEATH: 12,
}
_TYPE_WEIGHTS: Final = {
    PolicyType.PAPER: 520,
    PolicyType.DIGITAL: 300,
    PolicyType.CARD: 90,
    PolicyType.OLD: 40,
    PolicyType.REGISTERED: 20,
    PolicyType.TEMPORARY_PAPER: 10,
    PolicyType.TEMPORARY_ELECTRONIC: 10,
    PolicyType.UNIVERSAL_CARD: 5,
    PolicyType.MFC: 5,
}
_EXPIRED: Final = frozenset({Status.EXPIRED, Status.TEMPORARY_PERMIT_ANNULLED})
_CLINICS_PER_TERRITORY: Final = 40


def write_csv(
    path: Path,
    n: int = SAMPLE_ROWS,
    seed: int = 1,
    today: date | None = None,
    *,
    absent: Collection[str] = ABSENT,
) -> None:
    """Write a sample of `n` rows (UTF-8, header) to `path`; the same for the same arguments.

    `today` is what "expired" and "in the future" refer to; the default is today. `absent` are the
    slugs of those of the cast who are left out.

    Raises:
        ValueError: `n` is below `SMALLEST_SAMPLE`.
        OSError: from the file system.
    """
    if n < SMALLEST_SAMPLE:
        raise ValueError(f"a sample has at least {SMALLEST_SAMPLE} rows")
    cast = [one for one in PEOPLE if one.slug not in absent]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        # `date.today` has no time zone, and a sample needs none.
        today = today or date.today()  # noqa: DTZ011
        writer.writerows(_cast_row(one, PARTS.get(one.slug, Part()), today) for one in cast)
        writer.writerows(_crowd(n - len(cast), seed, today))


def last_day(one: Person, part: Part, today: date) -> date | None:
    """The last day of validity in the list; None: open-ended."""
    if part.ends_in_days is None:
        return one.expiry_date
    return today + timedelta(days=part.ends_in_days)


def _cast_row(one: Person, part: Part, today: date) -> dict[str, str]:
    end = last_day(one, part, today)
    return _person(one, part.insurer or one.insurer) | {
        "surname": part.surname or one.surname,
        "birth_date": (part.birth_date or one.birth_date).isoformat(),
        "status": part.status,
        "policy_type": part.policy_type,
        "valid_from": (part.starts or one.insured_since).isoformat(),
        "valid_to": end.isoformat() if end else "",
        "clinic": part.clinic or f"{one.enp[:2]}0003",
        "snils": one.snils,
        "temporary_certificate": part.temporary_certificate,
        "old_policy": part.old_policy,
        "document": part.document,
    }


def _crowd(n: int, seed: int, today: date) -> Iterator[dict[str, str]]:
    rng = random.Random(seed)
    statuses = _drawn(rng, n, _STATUS_WEIGHTS)
    types = _drawn(rng, n, _TYPE_WEIGHTS)
    for index, one in enumerate(generate(n, seed)):
        status = Status(statuses[index])
        policy_type = PolicyType(types[index])
        begin, end = _validity(rng, one, status, today)
        insurer = one.insurer
        if rng.random() < 0.1:
            insurer = rng.choice(INSURERS[rng.choice(sorted(INSURERS))])
        yield _person(one, insurer) | {
            "status": status,
            "policy_type": policy_type,
            "valid_from": begin.isoformat(),
            "valid_to": end.isoformat() if end else "",
            "clinic": f"{one.enp[:2]}{rng.randrange(_CLINICS_PER_TERRITORY):04}",
            "snils": one.snils if rng.random() < 0.1 else "",
            "document": f"{one.enp[:2]}{index % 20:02} № {200_000 + index:06}"
            if rng.random() < 0.05
            else "",
            **_older_numbers(one, policy_type, index),
        }


def _drawn(
    rng: random.Random, n: int, weights: dict[Status, int] | dict[PolicyType, int]
) -> list[str]:
    """`n` draws by weight, each value at least once."""
    values = [str(value) for value in weights]
    drawn = values + rng.choices(values, list(weights.values()), k=n)
    drawn = drawn[:n]
    rng.shuffle(drawn)
    return drawn


def _person(one: Person, insurer: Smo) -> dict[str, str]:
    return {
        "enp": one.enp,
        "surname": one.surname,
        "given_name": one.given_name,
        "patronymic": one.patronymic or "",
        "birth_date": one.birth_date.isoformat(),
        "sex": one.sex,
        "insurer_ogrn": insurer.ogrn,
        "insurer_okato": insurer.okato or "",
    }


def _validity(
    rng: random.Random, one: Person, status: Status, today: date
) -> tuple[date, date | None]:
    """First and last day: an end in the past for the expired, now and then one in the future."""
    begin = one.insured_since
    if status in _EXPIRED:
        end = today - timedelta(days=rng.randrange(1, 1000))
        return min(begin, end - timedelta(days=365)), end
    chance = rng.random()
    if chance < 0.04:
        return min(begin, today), today + timedelta(days=rng.randrange(1, 1500))
    if chance < 0.05:
        return today + timedelta(days=rng.randrange(1, 60)), None
    return begin, None


def _older_numbers(one: Person, policy_type: PolicyType, index: int) -> dict[str, str]:
    if policy_type in {PolicyType.TEMPORARY_PAPER, PolicyType.TEMPORARY_ELECTRONIC}:
        return {"temporary_certificate": f"{910_000_000 + index}"}
    if policy_type is PolicyType.OLD:
        return {"old_policy": f"{one.enp[:2]}-{index % 30:02} № {1_000_000 + index}"}
    return {}
