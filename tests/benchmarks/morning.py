"""A morning at 200 kiosks against one service of the fund: what it is asked, by the register's age.

8:00 to 12:00 with the rush from 8 to 10, about 120 documents a kiosk, drawn from a sample register
with the shares of `_SHARES`. Checker, decision, register and `Fund` are the real ones; the clock is
virtual and the service only counts. The alternative is a kiosk without a register, which asks for
every document. A kiosk's probes, which ask about nobody, are counted apart.
"""

from __future__ import annotations

import csv
import os
import random
import tempfile
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kiosk import RELEASED_AT
from kiosk.checker import Checker
from kiosk.clock import Clock
from kiosk.demo.people import generate
from kiosk.demo.register_sample import write_csv
from kiosk.families import Insured, NotInsured
from kiosk.offline import OfflineLookup
from kiosk.policy.model import PolicyFormat, PresentedPolicy, Sex, Source
from offline_cache.csv_rows import read_rows
from offline_cache.format import load_key_file
from offline_cache.publisher import build_base
from offline_cache.rows import Problems
from tests.benchmarks.table import Row, compared, measured
from tests.benchmarks.virtual_kiosks import (
    KIOSKS,
    Outage,
    Requests,
    VirtualKiosk,
    arrivals,
    between,
    peak,
    silence,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kiosk.demo.people import Person
    from kiosk.families import Verdict
    from kiosk.lookup import Answer

_ROWS: Final = 20_000
_PER_HOUR: Final = (42.0, 42.0, 22.0, 14.0)
"""Documents at one kiosk: 120 in the morning."""
_SHARES: Final = {"insured": 0.935, "not in list": 0.02, "state": 0.03, "differ": 0.015}
_SEED: Final = 5
_NO_OUTAGE: Final = Outage()
_OUTAGE: Final = Outage(3600.0, 7200.0)
"""From 9 to 10, in the rush."""
_NOON: Final = 4 * 3600.0
_EIGHT: Final = datetime.combine(
    RELEASED_AT.date() + timedelta(days=30), datetime.min.time(), UTC
).replace(hour=8)
_FRESH: Final = "fresh (6 h)"
_NONE: Final = "none"
_AGES: Final = {
    _FRESH: timedelta(hours=6),
    "ageing (30 h)": timedelta(hours=30),
    "stale (4 days)": timedelta(days=4),
    "too old (15 days)": timedelta(days=15),
    _NONE: None,
}

Crowd = dict[str, list[PresentedPolicy]]


class _Desk:
    """A checker with a list of a certain age, at one kiosk after the other."""

    kiosk: VirtualKiosk

    def __init__(self, folder: Path | None) -> None:
        """`folder`: with the register and its key; None: none."""
        register = folder / "register" if folder else None
        self._offline = OfflineLookup(register, folder / "key" if folder else None)
        self._now = 0.0
        clock = Clock(lambda: _EIGHT.timestamp() + self._now)
        self._checker = Checker(self._offline, self, clock)
        self._checker.refresh()

    def check(self, policy: PresentedPolicy, at: float = 0.0) -> Verdict:
        """The verdict at second `at` of the morning."""
        self._now = at
        return self._checker.check(policy)

    def ask(self, policy: PresentedPolicy, now: datetime) -> Answer:
        """The fund, as the kiosk at hand has it."""
        return self.kiosk.ask(policy, now)

    def close(self) -> None:
        """Put the register away."""
        self._offline.close()


@dataclass(slots=True)
class _Morning:
    documents: int = 0
    asked: int = 0
    """Documents for which the fund was asked, or would have been, had it not been left alone."""
    unanswered: int = 0
    requests: Requests = field(default_factory=Requests)
    left: int = 0
    """Second looks still to come at noon."""


def run() -> list[Row]:
    """Questions to the service, mean and peak, by the register's age; and with an hour's outage."""
    with tempfile.TemporaryDirectory() as name, silence():
        folder = Path(name)
        write_csv(folder / "sample.csv", _ROWS, today=_EIGHT.date())
        folders = {name: _register(folder, name, age) for name, age in _AGES.items()}
        crowd = _crowd(folder, folders[_FRESH])
        mornings = _mornings(folders, crowd, _NO_OUTAGE)
        down = _mornings({name: folders[name] for name in (_FRESH, _NONE)}, crowd, _OUTAGE)
    bare = mornings[_NONE]
    rows = [row for name, one in mornings.items() for row in _rows(f"list {name}", one, bare)]
    rows.append(
        measured(
            "knocks without a question, all kiosks",
            "req/s",
            [len(mornings[_FRESH].requests.probes) / _NOON],
        )
    )
    for name, one in down.items():
        rows += _outage_rows(f"list {name}, down 9 to 10", one, down[_NONE])
    return rows


def _rows(name: str, one: _Morning, bare: _Morning) -> list[Row]:
    mine, theirs = one.requests.questions, bare.requests.questions
    note = f"{one.asked / one.documents:.1%} of {one.documents} documents"
    return [
        _against(f"{name}: questions", "req", len(mine), len(theirs), note),
        _against(f"{name}: mean", "req/s", len(mine) / _NOON, len(theirs) / _NOON),
        _against(f"{name}: busiest second", "req", peak(mine, 1.0), peak(theirs, 1.0)),
        _against(
            f"{name}: busiest 10 s", "req/s", peak(mine, 10.0) / 10.0, peak(theirs, 10.0) / 10.0
        ),
    ]


def _outage_rows(name: str, one: _Morning, bare: _Morning) -> list[Row]:
    def after(morning: _Morning) -> list[float]:
        return between(morning.requests.all(), _OUTAGE.end, _NOON)

    def looks(morning: _Morning) -> list[float]:
        return between(morning.requests.second_looks, _OUTAGE.end, _NOON)

    answered = looks(one)
    note = f"{one.unanswered} unanswered, {one.left} still waiting at noon"
    late = f"the last {max(answered) - _OUTAGE.end:.0f} s after it was back" if answered else ""
    return [
        _against(f"{name}: second looks", "req", len(answered), len(looks(bare)), note),
        _against(
            f"{name}: busiest second from 10 on",
            "req",
            peak(after(one), 1.0),
            peak(after(bare), 1.0),
            late,
        ),
        _against(
            f"{name}: busiest 10 s from 10 on",
            "req/s",
            peak(after(one), 10.0) / 10.0,
            peak(after(bare), 10.0) / 10.0,
        ),
    ]


def _against(what: str, unit: str, mine: float, theirs: float, note: str = "") -> Row:
    return compared(what, unit, [mine], "no list", [theirs], note=note)


def _mornings(
    folders: Mapping[str, Path | None], crowd: Crowd, outage: Outage
) -> dict[str, _Morning]:
    mornings = {}
    for name, folder in folders.items():
        desk = _Desk(folder)
        mornings[name] = _morning(desk, crowd, outage)
        desk.close()
    return mornings


def _morning(desk: _Desk, crowd: Crowd, outage: Outage) -> _Morning:
    """The same people at the same kiosks and times, whatever the list."""
    morning = _Morning()
    for number in range(KIOSKS):
        rng = random.Random(f"{_SEED} {number}")  # noqa: S311  # repeatable, not secret
        kiosk = desk.kiosk = VirtualKiosk(rng.randrange(2**32), outage)
        for at in arrivals(rng, _PER_HOUR):
            kind = rng.choices(list(_SHARES), list(_SHARES.values()))[0]
            policy = rng.choice(crowd[kind])
            kiosk.run_until(at)
            waiting = len(kiosk.waiting)
            desk.check(policy, kiosk.clock.now)
            morning.documents += 1
            morning.unanswered += len(kiosk.waiting) - waiting
        kiosk.run_until(_NOON)
        morning.asked += kiosk.asked
        morning.left += len(kiosk.waiting)
        morning.requests.extend(kiosk.requests)
    return morning


def _register(folder: Path, name: str, age: timedelta | None) -> Path | None:
    """A folder with the sample as a register that the fund signed for `age` before eight."""
    if age is None:
        return None
    made = folder / name
    made.mkdir()
    (made / "key").write_bytes(os.urandom(32))
    with (folder / "sample.csv").open("rb") as stream:
        problems = Problems()
        build_base(
            read_rows(stream, problems),
            load_key_file(made / "key"),
            made / "register",
            serial=1,
            as_of=_EIGHT - age,
            next_expected=_EIGHT - age + timedelta(days=1),
            problems=problems,
        )
    return made


def _crowd(folder: Path, fresh: Path | None) -> Crowd:
    """People by what a fresh list says of them."""
    crowd: Crowd = {kind: [] for kind in _SHARES}
    desk = _Desk(fresh)
    desk.kiosk = VirtualKiosk(0, _NO_OUTAGE)
    listed = set()
    with (folder / "sample.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            policy = _presented(row)
            listed.add(policy.enp)
            verdict = desk.check(policy)
            if isinstance(verdict, Insured):
                crowd["insured"].append(policy)
            elif isinstance(verdict, NotInsured):
                crowd["state"].append(policy)
    desk.close()
    others = crowd["insured"][1:]
    crowd["differ"] = [
        replace(one, surname=f"{one.surname}-{other.surname}")
        for one, other in zip(crowd["insured"], others, strict=False)
    ]
    crowd["not in list"] = [
        _presented(_columns(one)) for one in generate(1000, seed=2) if one.enp not in listed
    ]
    return crowd


def _columns(one: Person) -> dict[str, str]:
    """The columns of a person that a document has, too."""
    return {
        "enp": one.enp,
        "surname": one.surname,
        "given_name": one.given_name,
        "patronymic": one.patronymic or "",
        "birth_date": one.birth_date.isoformat(),
        "sex": one.sex,
    }


def _presented(row: Mapping[str, str]) -> PresentedPolicy:
    """The policy as a barcode shows it."""
    return PresentedPolicy(
        Source.BARCODE,
        PolicyFormat.BARCODE_02,
        enp=row["enp"],
        surname=row["surname"],
        given_name=row["given_name"],
        patronymic=row["patronymic"] or None,
        birth_date=date.fromisoformat(row["birth_date"]),
        sex=Sex(row["sex"]),
    )
