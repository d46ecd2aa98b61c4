"""Updaters that meet, and a reader that asks all the while: one list at a time, whole.

Updaters are processes; the reader is a kiosk's own lookup in a thread, as it runs on a kiosk.
"""

from __future__ import annotations

import itertools
import logging
import os
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import pytest

from kiosk.demo.certificates import make_certificates
from kiosk.lookup import Absent, Found
from kiosk.offline import OfflineLookup
from kiosk.policy.model import PolicyFormat, PresentedPolicy, Source
from offline_cache import register_file
from offline_cache.errors import RegisterBusyError
from offline_cache.register import Register
from offline_cache.updater import Result, Step, UpdateSettings, update
from tests.offline_cache.children import ended, forked
from tests.offline_cache.samples import KEY, build, enp, row
from tests.offline_cache.sieges import ROWS, Siege, litter, new_siege

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from offline_cache.format import Status

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

_ROUNDS: Final = 30
_BUSY: Final = 7
"""Exit code of a child that was told that another one is at work."""
_ASKED_A_ROUND: Final = 7
_SEEN_SECONDS: Final = 30.0


@pytest.fixture(name="siege")
def _siege(tmp_path: Path) -> Siege:
    return new_siege(tmp_path, make_certificates(tmp_path / "certificates"), lists=2)


def _run(settings: UpdateSettings) -> int:
    outcome = update(settings)
    if isinstance(outcome.error, RegisterBusyError):
        return _BUSY
    return 0 if outcome.error is None else 1


def test_the_second_of_two_says_that_another_is_at_work(siege: Siege) -> None:
    """The first is held in the middle of its run until the second has ended."""
    new = siege.publish(base=True)
    (reached, at_work), (go_on, release) = os.pipe(), os.pipe()

    def held(step: Step, _done: int, _total: int) -> None:
        if step is Step.DOWNLOAD:
            os.write(at_work, b".")
            os.read(go_on, 1)

    first = forked(lambda: update(siege.settings, held).result is not Result.UPDATED)
    os.read(reached, 1)
    before = siege.files()
    for _ in range(3):
        second = siege.update()
        assert second.result is Result.FAILED
        assert isinstance(second.error, RegisterBusyError)
        assert "another process is replacing the register" in str(second.error)
        assert siege.files() == before
    os.write(release, b"." * 64)
    assert ended(first) == 0
    for end in (reached, at_work, go_on, release):
        os.close(end)
    assert siege.list_in_use() == new
    siege.recovers()


def test_updaters_that_race_never_leave_a_bad_state(siege: Siege) -> None:
    """Three at once, begun as close to each other as a machine does, thirty times."""
    codes: Counter[int] = Counter()
    for number in range(_ROUNDS):
        new = siege.publish(base=number % 3 == 0)
        children = [forked(lambda: _run(siege.settings)) for _ in range(3)]
        round_codes = [ended(child) for child in children]
        assert 0 in round_codes
        assert set(round_codes) <= {0, _BUSY}
        codes.update(round_codes)
        assert siege.list_in_use() == new
        assert litter(siege.settings.register) == []
    print(f"{codes[0]} runs ended well, {codes[_BUSY]} were told that another is at work")
    assert codes[_BUSY] > 0


@dataclass
class _Reader:
    """A kiosk's lookup that asks without a pause, and remembers which list said what."""

    siege: Siege
    anew: bool
    """Close the list after every round, and open it like a kiosk that has just started."""
    serials: list[int] = field(default_factory=list)
    """Of the lists in use, in the order in which they were taken up."""
    answers: int = 0
    wrong: list[str] = field(default_factory=list)
    stopped: bool = False

    def run(self) -> None:
        """Refresh and ask about a few numbers, over and over."""
        lookup = OfflineLookup(self.siege.settings.register, self.siege.settings.key_file)
        numbers = itertools.cycle((*range(40), ROWS - 1, *range(1000, 1040)))
        while not self.stopped:
            serial = lookup.refresh().serial
            if serial is None:
                self.wrong.append("no list")
                continue
            if self.serials[-1:] != [serial]:
                self.serials.append(serial)
            for n in itertools.islice(numbers, _ASKED_A_ROUND):
                self._ask(lookup, n, serial)
            if self.anew:
                lookup.close()
        lookup.close()

    def _ask(self, lookup: OfflineLookup, n: int, serial: int) -> None:
        policy = PresentedPolicy(Source.DIGITAL, PolicyFormat.TEXT, enp(n))
        status: Status | None
        match lookup.ask(policy, datetime.now(UTC)):
            case Found(record, known):
                status, by = record.status, known.serial
            case Absent(known):
                status, by = None, known.serial
            case answer:
                self.wrong.append(f"{n}: {answer}")
                return
        self.answers += 1
        if by != serial or status is not self.siege.published[serial].get(n):
            self.wrong.append(f"{n}: {status} by list {by} of list {serial}")


@pytest.fixture(name="updater")
def _updater(siege: Siege) -> Iterator[tuple[int, int]]:
    """An updater in a process of its own, begun before there are threads: ask it, hear its code."""
    (orders, order), (hear, says) = os.pipe(), os.pipe()

    def work() -> int:
        os.close(order)
        while os.read(orders, 1):
            os.write(says, bytes([_run(siege.settings)]))
        return 0

    child = forked(work)
    yield order, hear
    os.close(order)
    assert ended(child) == 0
    for end in (orders, hear, says):
        os.close(end)


@pytest.mark.parametrize("anew", [False, True], ids=["kept-open", "opened-anew"])
def test_every_answer_belongs_to_one_list_while_updates_go_by(
    siege: Siege, updater: tuple[int, int], caplog: pytest.LogCaptureFixture, anew: bool
) -> None:
    """Bases, bases with changes, and changes take turns; the reader is never told nonsense."""
    order, hear = updater
    reader, seen = _Reader(siege, anew), []
    thread = threading.Thread(target=reader.run)
    with caplog.at_level(logging.WARNING):
        thread.start()
        try:
            _wait_for(reader, 2)
            for number in range(_ROUNDS):
                new = _next_list(siege, number)
                os.write(order, b".")
                assert os.read(hear, 1) == b"\0"
                _wait_for(reader, new)
                seen.append(new)
        finally:
            reader.stopped = True
            thread.join()
    print(f"{reader.answers} answers of {len(reader.serials)} lists")
    assert reader.wrong == []
    assert caplog.messages == []
    assert reader.serials == [2, *seen]
    assert reader.answers >= _ASKED_A_ROUND * len(reader.serials)
    siege.recovers()


def _next_list(siege: Siege, number: int) -> int:
    """The next list: by its changes, as a new base, or as a new base and the changes since."""
    if number % 3 == 0:
        return siege.publish()
    new = siege.publish(base=True)
    # The way over the base before is closed, so that the new one has to be taken.
    siege.fund.bases = {new: siege.fund.bases[new]}
    siege.fund.deltas.clear()
    siege.fund.publish()
    return new if number % 3 == 1 else siege.publish()


def _wait_for(reader: _Reader, serial: int) -> None:
    until = time.monotonic() + _SEEN_SECONDS
    while reader.serials[-1:] != [serial]:
        assert time.monotonic() < until, f"list {serial} was not taken up"
        time.sleep(0.001)


def test_a_list_that_is_replaced_while_it_is_opened_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name leads to one file when it is opened, and to a longer one when it is measured."""
    build(tmp_path / "old", map(row, range(50)), serial=1)
    build(tmp_path / "new", map(row, range(3000)), serial=2)
    connect = register_file.connect

    def too_slow(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        newer = tmp_path / "new" / path.name
        if newer.exists():
            newer.replace(path)
        return connection

    monkeypatch.setattr(register_file, "connect", too_slow)
    with Register.open(tmp_path / "old", KEY) as register:
        assert register.serial == 2
