"""kill -9 while questions come in and are answered: none is lost, none is told twice.

Each life of the kiosk is a process of its own, which adds and drains at once, reports what it has
been told, and is killed at a random moment. What a process has written into a file is there after
kill -9, so that the report holds all that was returned before.
"""

from __future__ import annotations

import logging
import os
import random
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import pytest
import sqlite_utils.migrations  # noqa: F401  # once here, instead of in every life

from kiosk.clock import Clock
from kiosk.demo.people import generate
from kiosk.lookup import Absent, Answer, Cause, HowKnown, KnownBy, Unavailable
from kiosk.online.fund import FundMode
from kiosk.second_look.queue import SecondLookQueue
from kiosk.second_look.store import FILE_NAME
from kiosk.second_look.worker import FundChanged, SecondAnswer, SecondLookWorker
from tests.kiosk.second_look.samples import KEY, NOW, typed
from tests.offline_cache.children import ended, forked, kill_after

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from kiosk.online.deadline import Deadline
    from kiosk.policy.model import PresentedPolicy

pytestmark = [
    pytest.mark.timeout(600),
    # Forking beside threads that hold no lock of ours; the tests run on one thread.
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]

_STORED_NOW: Final = int(NOW.timestamp()) * 1_000_000 + NOW.microsecond
_MICROSECOND: Final = timedelta(microseconds=1)
_EVER: Final = timedelta(days=36_500)
_KILLED: Final = -9
_LONGER: Final = 1.05
_SHORTER: Final = 0.8
"""How the time to the next kill follows a machine that is now busy with something else, now not."""


class _Fund:
    """Answers all but every fiftieth, which it does not take."""

    mode = FundMode.ONLINE

    def ask_within(
        self, policy: PresentedPolicy, now: datetime, deadline: Deadline, *, second_look: bool
    ) -> Answer:
        refused = int((policy.enp or "0")[-6:]) % 50 == 0
        known = HowKnown(KnownBy.ONLINE, now)
        return Unavailable(Cause.REFUSED) if refused else Absent(known)

    def probe_due(self) -> bool:
        return False

    def probe(self) -> None:
        """Nothing to do."""


@dataclass
class _Kiosk:
    """What the lives of one kiosk share: its folder, its visitors, and the report."""

    folder: Path
    report: Path
    visitors: list[PresentedPolicy]
    lives: Counter[str] = field(default_factory=Counter)

    def live(self, first: int, last: int, drains: int) -> int:
        """Check visitors `first` to `last`, meanwhile and then answer up to `drains` questions."""
        told = os.open(self.report, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        # Who is given up is not told of, but by the log.
        logging.disable(logging.CRITICAL)
        queue = SecondLookQueue(self.folder, KEY, most=len(self.visitors), keep_answered=_EVER)

        def add() -> None:
            for index in range(first, last):
                # Whether one was taken whose adding was cut short, nobody can know.
                os.write(told, f"try {index}\n".encode())
                if queue.add(self.visitors[index], "no_list", NOW + index * _MICROSECOND):
                    os.write(told, f"added {index}\n".encode())

        def deliver(answer: SecondAnswer) -> None:
            done = queue.acknowledge(answer.entry.id, "not_in_list", NOW)
            if done is not None:
                index = (done.asked_at - NOW) // _MICROSECOND
                os.write(told, f"answered {index}\n".encode())

        adder = threading.Thread(target=add)
        adder.start()
        clock = Clock(NOW.timestamp)
        worker = SecondLookWorker(
            *(queue, _Fund(), deliver, clock), gap=lambda: 0.0, monotonic=_fast_time
        )
        _drain(worker, queue, drains, adder)
        adder.join()
        queue.close()
        return 0

    def tried(self) -> int:
        """The number of the next visitor."""
        return max(self.said()["try"], default=-1) + 1

    def said(self) -> dict[str, list[int]]:
        """The report: the numbers of visitors by what was said of them."""
        said: dict[str, list[int]] = {"try": [], "added": [], "answered": []}
        if self.report.exists():
            for line in self.report.read_text(encoding="ascii").splitlines():
                what, index = line.split()
                said[what].append(int(index))
        return said


def _fast_time() -> float:
    """So many questions in so short a time would all be remembered as under way."""
    return 2000.0 * time.monotonic()


def _drain(
    worker: SecondLookWorker, queue: SecondLookQueue, questions: int, adder: threading.Thread
) -> None:
    """Let the worker ask some questions, or all that come."""
    events: list[FundChanged] = []
    stop = threading.Event()
    for _ in range(questions):
        more = adder.is_alive()
        if worker.turn(events.append, stop) > 0.0 and queue.pending() == 0:
            if not more:
                return
            time.sleep(0.001)


def _rows(folder: Path, table: str) -> list[int]:
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        rows = connection.execute(f"SELECT asked_at FROM {table}").fetchall()  # noqa: S608
    return [asked_at - _STORED_NOW for (asked_at,) in rows]


def _adding(kiosk: _Kiosk, rng: random.Random, kills: int) -> None:
    """Lives in which questions come in and are answered, killed at random moments."""
    most = len(kiosk.visitors)
    share = most // (2 * kills)
    length = _timed(lambda: kiosk.live(0, share, share // 2))
    while kiosk.lives["adding"] < kills and (first := kiosk.tried()) + share < most:
        life = partial(kiosk.live, first, first + share, share // 2)
        killed = kill_after(forked(life), rng.uniform(0.0, length)) == _KILLED
        kiosk.lives["adding"] += killed
        length *= _LONGER if killed else _SHORTER
    _timed(lambda: kiosk.live(kiosk.tried(), most, 0))


def _draining(kiosk: _Kiosk, rng: random.Random, kills: int) -> None:
    """Lives in which questions are only answered, killed at random moments."""
    share = len(_rows(kiosk.folder, "questions")) // (2 * kills)
    length = _timed(lambda: kiosk.live(0, 0, share))
    for _ in range(2 * kills - 2):
        if kiosk.lives["draining"] < kills:
            life = partial(kiosk.live, 0, 0, share)
            killed = kill_after(forked(life), rng.uniform(0.0, length)) == _KILLED
            kiosk.lives["draining"] += killed
            length *= _LONGER if killed else _SHORTER


def _timed(life: Callable[[], int]) -> float:
    """How long a whole life takes, in seconds."""
    began = time.monotonic()
    assert ended(forked(life)) == 0
    return time.monotonic() - began


def test_none_of_ten_thousand_is_lost_or_told_twice(memory: Path) -> None:
    _besiege(memory, visitors=10_000, kills=60)


def test_nor_where_every_question_waits_for_the_disk(tmp_path: Path) -> None:
    _besiege(tmp_path, visitors=500, kills=15)


def _besiege(folder: Path, visitors: int, kills: int) -> None:
    """`kills` while questions come in, and as many while they are only answered."""
    seed = int.from_bytes(os.urandom(4), "big")
    rng = random.Random(seed)  # noqa: S311  # repeatable by the printed seed
    people = [typed(one) for one in generate(visitors, seed=21)]
    kiosk = _Kiosk(folder / "second-look", folder / "report", people)
    began = time.monotonic()
    _adding(kiosk, rng, kills)
    added = time.monotonic()
    waiting = len(_rows(kiosk.folder, "questions"))
    _draining(kiosk, rng, kills)
    left = len(_rows(kiosk.folder, "questions"))
    assert ended(forked(lambda: kiosk.live(0, 0, 2 * visitors))) == 0
    over = time.monotonic()

    said = kiosk.said()
    answered = Counter(_rows(kiosk.folder, "answered"))
    print(
        f"seed {seed}: {visitors} visitors, {len(said['added'])} known to wait,"
        f" {len(answered)} left with a trace, {len(said['answered'])} told;"
        f" killed while {dict(kiosk.lives)}; {waiting} waited after adding, {left} at the end;"
        f" {added - began:.1f} s adding, {over - added:.1f} s draining"
    )
    assert said["try"] == list(range(visitors)), f"seed {seed}"
    assert set(answered.values()) == {1}, f"seed {seed}: doubled"
    assert set(said["added"]) <= set(answered), f"seed {seed}: lost"
    assert max(Counter(said["answered"]).values()) == 1, f"seed {seed}: told twice"
    assert set(said["answered"]) <= set(answered), f"seed {seed}"
    assert _rows(kiosk.folder, "questions") == []
    # All but what a kill cut short was reported.
    assert len(answered) - len(said["added"]) <= kills
    assert not list(kiosk.folder.glob("*.damaged*"))
    # Some lives are over before they are killed, where the machine is busy with something else.
    assert kiosk.lives["adding"] >= 0.8 * kills
    assert kiosk.lives["draining"] >= 0.8 * kills
    assert left > 0
