"""The queue on its disk: first in, first out, once each, in the dark, and through every trouble."""

from __future__ import annotations

import logging
import os
import random
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from kiosk.demo.people import generate, person
from kiosk.policy.model import PolicyFormat, PresentedPolicy, Source
from kiosk.second_look.queue import EXPIRED, Answered, Entry, SecondLookQueue
from kiosk.second_look.seal import SecondLookError, reduced
from kiosk.second_look.store import FILE_NAME, QueueError
from tests.kiosk.second_look.samples import (
    KEY,
    NOW,
    OTHER_KEY,
    barcode,
    chip,
    mixed,
    typed,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kiosk.demo.people import Person

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MAN = typed(person("plain_man"))
WOMAN = typed(person("plain_woman"))


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    return tmp_path / "kiosk" / "second-look"


@pytest.fixture(name="queue")
def _queue(folder: Path) -> Iterator[SecondLookQueue]:
    with closing(SecondLookQueue(folder, KEY)) as queue:
        yield queue


def oldest(queue: SecondLookQueue, *skip: int) -> Entry:
    """The next entry, which must be there."""
    entry = queue.next(skip)
    assert entry is not None
    return entry


def given_up(folder: Path) -> list[str]:
    """Why questions were given up, in order."""
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        rows = connection.execute("SELECT given_up FROM answered WHERE given_up IS NOT NULL")
        return [why for (why,) in rows]


# One after the other


def test_a_question_comes_back_as_it_was_asked(queue: SecondLookQueue) -> None:
    policy = chip(person("no_patronymic"))
    assert queue.add(policy, "not_in_list", NOW)
    entry = oldest(queue)
    assert entry.policy == reduced(policy)
    assert entry.before == "not_in_list"
    assert entry.asked_at == NOW
    assert entry.asked_at.tzinfo is UTC


def test_the_oldest_comes_first_and_may_be_passed_over(queue: SecondLookQueue) -> None:
    people = [typed(one) for one in generate(5, seed=3)]
    # In the order of their coming, whatever the clock said.
    for hours, policy in zip((3, 1, 9, -40, 2), people, strict=True):
        assert queue.add(policy, "no_list", NOW + hours * HOUR)
    seen: list[Entry] = []
    while (entry := queue.next([one.id for one in seen])) is not None:
        seen.append(entry)
    assert [entry.policy for entry in seen] == people
    assert queue.pending() == 5
    assert oldest(queue).id == seen[0].id
    assert queue.next([entry.id for entry in seen]) is None


def test_one_number_waits_once_and_the_first_showing_stays(queue: SecondLookQueue) -> None:
    one = person("plain_man")
    assert queue.add(chip(one), "no_list", NOW)
    assert not queue.add(typed(one), "list_too_old", NOW + HOUR)
    assert not queue.add(barcode(one), "no_list", NOW + HOUR)
    assert queue.pending() == 1
    assert oldest(queue).policy == reduced(chip(one))
    queue.acknowledge(oldest(queue).id, "insured", NOW)
    assert queue.add(typed(one), "list_too_old", NOW + HOUR)


def test_an_answer_is_told_once(queue: SecondLookQueue) -> None:
    queue.add(MAN, "not_in_list", NOW)
    entry = oldest(queue)
    done = queue.acknowledge(entry.id, "insured", NOW + HOUR)
    assert done == Answered(
        entry.id, NOW, NOW + HOUR, "not_in_list", "insured", (MAN.enp or "")[-4:]
    )
    assert queue.acknowledge(entry.id, "insured", NOW + HOUR) is None
    assert queue.pending() == 0
    assert queue.recent_changes(NOW + HOUR) == (done,)


def test_an_id_is_never_given_twice(folder: Path) -> None:
    ids = []
    for _ in range(3):
        with closing(SecondLookQueue(folder, KEY)) as queue:
            queue.add(MAN, "no_list", NOW)
            ids.append(oldest(queue).id)
            queue.acknowledge(ids[-1], "insured", NOW)
            queue.expire(NOW + 2 * DAY)  # which forgets what was answered, too
    assert ids == sorted(set(ids))


def test_only_what_changed_lately_is_told_the_newest_first(queue: SecondLookQueue) -> None:
    for number, one in enumerate(generate(60, seed=4)):
        queue.add(typed(one), "not_in_list", NOW)
        after = "not_in_list" if number % 2 else "insured"
        queue.acknowledge(oldest(queue).id, after, NOW + number * timedelta(minutes=1))
    changes = queue.recent_changes(NOW + HOUR)
    assert len(changes) == 20
    assert {change.after for change in changes} == {"insured"}
    times = [change.answered_at for change in changes]
    assert times == sorted(times, reverse=True)
    assert times[0] == NOW + 58 * timedelta(minutes=1)
    assert len(queue.recent_changes(NOW + 12 * HOUR + timedelta(minutes=50))) == 5
    assert queue.recent_changes(NOW + 14 * HOUR) == ()


def test_what_is_given_up_is_gone_and_told_to_the_log_alone(
    queue: SecondLookQueue, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    queue.add(MAN, "not_in_list", NOW)
    entry = oldest(queue)
    queue.give_up(entry.id, "ambiguous", NOW + HOUR)
    queue.give_up(entry.id, "ambiguous", NOW + HOUR)
    assert queue.pending() == 0
    assert queue.acknowledge(entry.id, "insured", NOW + HOUR) is None
    assert queue.recent_changes(NOW + HOUR) == ()
    assert given_up(folder) == ["ambiguous"]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert f"question {entry.id:x} is given up: ambiguous" in caplog.text


def test_it_is_all_there_after_a_restart(folder: Path) -> None:
    people = mixed(generate(12, seed=5))
    with closing(SecondLookQueue(folder, KEY)) as queue:
        for policy in people:
            assert queue.add(policy, "no_list", NOW)
        queue.acknowledge(oldest(queue).id, "insured", NOW)
    with closing(SecondLookQueue(folder, KEY)) as queue:
        assert queue.pending() == 11
        assert oldest(queue).policy == reduced(people[1])
        assert len(queue.recent_changes(NOW)) == 1
        assert not queue.add(people[3], "no_list", NOW)


# Limits


def test_a_full_queue_takes_no_more_and_drops_nothing(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    people = [typed(one) for one in generate(8, seed=6)]
    with closing(SecondLookQueue(folder, KEY, most=5)) as queue:
        assert [queue.add(one, "no_list", NOW) for one in people] == [True] * 5 + [False] * 3
        assert queue.pending() == 5
        assert caplog.text.count("5 questions wait; new ones are not taken") == 1
        queue.acknowledge(oldest(queue).id, "insured", NOW)
        assert queue.add(people[7], "no_list", NOW)
        assert oldest(queue).policy == people[1]


def test_what_waited_too_long_is_given_up(queue: SecondLookQueue, folder: Path) -> None:
    queue.add(MAN, "no_list", NOW)
    queue.add(WOMAN, "no_list", NOW + HOUR)
    assert queue.expire(NOW + 3 * DAY) == 0
    assert queue.expire(NOW + 3 * DAY + timedelta(seconds=1)) == 1
    assert oldest(queue).policy == WOMAN
    assert given_up(folder) == [EXPIRED]


@pytest.mark.parametrize("years", [-40, 10, 7900])
def test_a_question_from_a_wrong_clock_does_not_wait_for_ever(
    queue: SecondLookQueue, years: int
) -> None:
    queue.add(MAN, "no_list", NOW.replace(year=NOW.year + years))
    queue.add(WOMAN, "no_list", NOW + 2 * DAY)
    assert queue.expire(NOW) == 1
    assert oldest(queue).policy == WOMAN
    assert queue.expire(NOW + 5 * DAY + HOUR) == 1


def test_what_was_answered_is_forgotten_in_time(queue: SecondLookQueue, folder: Path) -> None:
    queue.add(MAN, "no_list", NOW)
    queue.acknowledge(oldest(queue).id, "insured", NOW)
    queue.expire(NOW + 13 * HOUR)
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        assert connection.execute("SELECT count(*) FROM answered").fetchone() == (0,)


def test_a_policy_without_a_number_or_end_is_not_taken(
    queue: SecondLookQueue, caplog: pytest.LogCaptureFixture
) -> None:
    nobody = PresentedPolicy(Source.TYPED, PolicyFormat.TYPED)
    endless = PresentedPolicy(Source.TYPED, PolicyFormat.TYPED, enp="1" * 16, surname="Я" * 3000)
    assert not queue.add(nobody, "no_list", NOW)
    assert not queue.add(endless, "no_list", NOW)
    assert queue.pending() == 0
    assert "without any number" in caplog.text
    assert "too long" in caplog.text
    assert "ЯЯ" not in caplog.text


# In the dark


def test_nothing_of_anybody_can_be_read_in_the_folder(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    people = list(generate(200, seed=7))
    policies = mixed(people)
    rng = random.Random(8)  # noqa: S311  # repeatable
    shown: list[str] = []
    with closing(SecondLookQueue(folder, KEY)) as queue:
        for number in range(1000):
            match rng.randrange(4):
                case 0 | 1:
                    queue.add(policies[rng.randrange(200)], "not_in_list", NOW)
                case 2 if (entry := queue.next()) is not None:
                    shown.append(repr(queue.acknowledge(entry.id, "insured", NOW)))
                    shown.append(repr(entry))
                case 3 if (entry := queue.next()) is not None and not number % 5:
                    queue.give_up(entry.id, "refused", NOW)
        shown += map(repr, (queue, *queue.recent_changes(NOW)))
        assert queue.pending() > 20
        assert (folder / f"{FILE_NAME}-wal").stat().st_size > 100_000
        _nobody_in(folder, people, "\n".join([*shown, caplog.text]))
    _nobody_in(folder, people, "")


def _nobody_in(folder: Path, people: list[Person], shown: str) -> None:
    names = ("enp", "snils", "surname", "given_name", "patronymic", "birth_place", "birth_date")
    values = {str(getattr(one, name)) for one in people for name in names}
    values |= {f"{one.birth_date:%d.%m.%Y}" for one in people}
    # Of two or three letters, any file this long may hold some by chance.
    values = {value for value in values if len(value) > 3}
    assert len(values) > 600
    files = list(folder.iterdir())
    content = b"".join(path.read_bytes() for path in files)
    assert len(content) > 50_000
    for value in values:
        assert value not in shown
        for encoding in ("utf-8", "utf-16-le", "cp1251"):
            assert value.encode(encoding) not in content
        packed = bytes.fromhex(value.zfill(len(value) + len(value) % 2)) if value.isdigit() else b""
        # A run of zeros with two other bytes stands in many a page by chance.
        if len(packed.replace(b"\0", b"")) > 4:
            assert packed not in content


def test_only_the_kiosk_may_look(folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o755)
    (folder / FILE_NAME).touch(mode=0o644)
    with closing(SecondLookQueue(folder, KEY)) as queue:
        queue.add(MAN, "no_list", NOW)
        modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
        assert len(modes) == 3
        assert set(modes.values()) == {0o600}
        assert folder.stat().st_mode & 0o777 == 0o700


def test_after_a_change_of_keys_the_old_questions_are_given_up_aloud(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(SecondLookQueue(folder, KEY)) as queue:
        for policy in mixed(generate(30, seed=9)):
            queue.add(policy, "no_list", NOW)
        queue.acknowledge(oldest(queue).id, "insured", NOW)
    with closing(SecondLookQueue(folder, OTHER_KEY)) as queue:
        queue.add(MAN, "no_list", NOW)
        assert queue.pending() == 30
        assert oldest(queue).policy == MAN
        assert queue.pending() == 1
        assert [change.last_digits for change in queue.recent_changes(NOW)] == [""]
    assert "29 questions cannot be opened, and are given up" in caplog.text


# Troubles


def test_opening_is_put_off_until_it_is_needed(folder: Path) -> None:
    command = (
        "import sys; from kiosk.second_look.queue import SecondLookQueue;"
        "from tests.kiosk.second_look.samples import KEY; from pathlib import Path;"
        "SecondLookQueue(Path(sys.argv[1]), KEY); print('sqlite_utils' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", command, folder], capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == "False"
    assert not folder.exists()


@pytest.mark.parametrize("journal", ["file", "log"])
def test_a_damaged_file_is_set_aside_and_a_new_one_begun(
    folder: Path, journal: str, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(SecondLookQueue(folder, KEY)) as queue:
        queue.add(MAN, "no_list", NOW)
        before = oldest(queue).id
    path = folder / FILE_NAME
    path.write_bytes(b"not a database" * 500)
    if journal == "log":
        path.with_name(f"{FILE_NAME}-wal").write_bytes(b"nor a log" * 100)
    with closing(SecondLookQueue(folder, KEY)) as queue:
        assert queue.pending() == 0
        assert queue.add(WOMAN, "no_list", NOW)
        assert oldest(queue).id != before
        assert queue.acknowledge(before, "insured", NOW) is None
        assert queue.pending() == 1
    assert (folder / f"{FILE_NAME}.damaged").read_bytes().startswith(b"not a database")
    assert f"is set aside as {FILE_NAME}.damaged" in caplog.text


def test_what_was_set_aside_before_lends_its_log_to_nobody(folder: Path) -> None:
    folder.mkdir(parents=True)
    path = folder / FILE_NAME
    path.write_bytes(b"not a database" * 500)
    stale = path.with_name(f"{FILE_NAME}.damaged-wal")
    stale.write_bytes(b"the log of an earlier one")
    with closing(SecondLookQueue(folder, KEY)) as queue:
        assert queue.add(MAN, "no_list", NOW)
    assert not stale.exists()


def test_a_header_with_a_flipped_bit_is_damage_not_a_read_only_disk(folder: Path) -> None:
    with closing(SecondLookQueue(folder, KEY)) as queue:
        queue.add(MAN, "no_list", NOW)
    path = folder / FILE_NAME
    whole = path.read_bytes()
    path.write_bytes(whole[:18] + b"\x09" + whole[19:])
    with closing(SecondLookQueue(folder, KEY)) as queue:
        assert queue.add(WOMAN, "no_list", NOW)
    assert path.with_name(f"{FILE_NAME}.damaged").exists()


def test_damage_that_shows_at_a_question_does_not_cost_that_question(folder: Path) -> None:
    with closing(SecondLookQueue(folder, KEY)) as queue:
        queue.add(MAN, "no_list", NOW)
        with closing(sqlite3.connect(folder / FILE_NAME)) as other:
            other.execute("DROP TABLE questions")
        assert queue.add(WOMAN, "no_list", NOW)
        assert queue.pending() == 1


def test_a_database_of_something_else_is_set_aside(folder: Path) -> None:
    folder.mkdir(parents=True)
    with closing(sqlite3.connect(folder / FILE_NAME)) as other:
        other.execute("CREATE TABLE questions(answer)")
    with closing(SecondLookQueue(folder, KEY)) as queue:
        assert queue.add(MAN, "no_list", NOW)
    assert (folder / f"{FILE_NAME}.damaged").exists()


@pytest.mark.parametrize("seed", range(4))
def test_any_damage_ends_in_a_queue_that_works(folder: Path, tmp_path: Path, seed: int) -> None:
    people = mixed(generate(40, seed=10))
    with closing(SecondLookQueue(folder, KEY)) as queue:
        for policy in people:
            queue.add(policy, "no_list", NOW)
        for _ in range(10):
            queue.acknowledge(oldest(queue).id, "insured", NOW)
    whole = (folder / FILE_NAME).read_bytes()
    rng = random.Random(seed)  # noqa: S311  # repeatable
    for number in range(15):
        broken = bytearray(whole)
        for _ in range(rng.choice([1, 8, 200])):
            broken[rng.randrange(len(broken))] = rng.randrange(256)
        place = tmp_path / f"{number}"
        place.mkdir()
        (place / FILE_NAME).write_bytes(broken[: rng.choice([len(broken), rng.randrange(40_000)])])
        with closing(SecondLookQueue(place, KEY)) as queue:
            _use(queue)
            _use(queue)
            assert queue.add(MAN, "no_list", NOW), f"seed {seed}, damage {number}"
            _use(queue)
            assert queue.pending() == 0


def _use(queue: SecondLookQueue) -> None:
    """Everything that a kiosk does with it; damage that is met by it may be told."""
    for _ in range(42):
        try:
            entry = queue.next()
            if entry is not None:
                queue.acknowledge(entry.id, "insured", NOW)
            queue.expire(NOW)
        except QueueError:
            continue
        queue.recent_changes(NOW)
    queue.pending()


def test_a_locked_file_is_told_once_and_waited_for_shortly(
    queue: SecondLookQueue, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    queue.add(MAN, "no_list", NOW)
    entry = oldest(queue)
    with closing(sqlite3.connect(folder / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert not queue.add(WOMAN, "no_list", NOW)
        assert not queue.add(WOMAN, "no_list", NOW)
        assert queue.acknowledge(entry.id, "insured", NOW) is None
        with pytest.raises(QueueError, match="locked"):
            queue.expire(NOW)
        assert oldest(queue) == entry
        assert queue.pending() == 1
        other.execute("ROLLBACK")
    assert caplog.text.count("database is locked") == 1
    assert queue.add(WOMAN, "no_list", NOW)
    assert queue.acknowledge(entry.id, "insured", NOW) is not None


def test_a_folder_that_cannot_be_made_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    with closing(SecondLookQueue(tmp_path / "file" / "folder", KEY)) as queue:
        assert not queue.add(MAN, "no_list", NOW)
        assert not queue.add(MAN, "no_list", NOW)
        assert queue.pending() == 0
        assert queue.recent_changes(NOW) == ()
        with pytest.raises(SecondLookError):
            queue.next()
    assert len(caplog.records) == 1
    assert (MAN.enp or "") not in caplog.text


def test_a_closed_queue_takes_nothing(queue: SecondLookQueue) -> None:
    queue.close()
    queue.close()
    assert not queue.add(MAN, "no_list", NOW)
    assert queue.pending() == 0
    with pytest.raises(QueueError, match="closed"):
        queue.next()


def test_a_question_is_never_changed(queue: SecondLookQueue, folder: Path) -> None:
    queue.add(MAN, "no_list", NOW)
    with (
        closing(sqlite3.connect(folder / FILE_NAME)) as other,
        pytest.raises(sqlite3.IntegrityError, match="never changed"),
    ):
        other.execute("UPDATE questions SET before = 'insured'")


def test_threads_add_and_drain_at_once(queue: SecondLookQueue) -> None:
    people = [typed(one) for one in generate(200, seed=11)]
    told: list[Answered | None] = []

    def add(part: int) -> None:
        for policy in people[part::2]:
            assert queue.add(policy, "no_list", NOW)

    def drain() -> None:
        while len(told) < len(people):
            entry = queue.next()
            if entry is not None and (done := queue.acknowledge(entry.id, "insured", NOW)):
                told.append(done)

    threads = [threading.Thread(target=add, args=(part,)) for part in range(2)]
    threads += [threading.Thread(target=drain) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({done.id for done in told if done is not None}) == len(people)
    assert queue.pending() == 0


def test_a_long_log_is_moved_into_the_file_and_written_over(
    queue: SecondLookQueue, folder: Path
) -> None:
    path = folder / FILE_NAME
    log, sizes, lengths = path.with_name(f"{FILE_NAME}-wal"), [], []
    people = iter(generate(1000, seed=12))
    for _ in range(4):
        for one in islice(people, 250):
            queue.add(typed(one), "no_list", NOW)
        queue.expire(NOW)
        sizes.append(path.stat().st_size)
        lengths.append(log.stat().st_size)
    assert sizes == sorted(set(sizes))
    assert lengths[-1] < 1.3 * lengths[0]
    assert queue.pending() == 1000


def test_it_needs_times_with_a_zone(queue: SecondLookQueue) -> None:
    with pytest.raises(TypeError):
        queue.add(MAN, "no_list", datetime(2026, 11, 20))  # noqa: DTZ001


@contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", "size=1m", "kiosk-test", str(folder)]
    if subprocess.run(["mount", *options], check=False).returncode:
        pytest.skip("no small disk: a tmpfs cannot be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture(name="as_root")
def _as_root(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Mounting needs root, or a namespace that passes for it: the test is run again there."""
    if os.geteuid() == 0:
        return
    if subprocess.run(["unshare", "-Urm", "true"], check=False, capture_output=True).returncode:
        pytest.skip("no small disk: neither root nor a namespace (unshare -Urm) to mount one in")
    inner = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    inner += [f"--basetemp={tmp_path / 'again'}", request.node.nodeid]
    where = request.config.rootpath
    done = subprocess.run(["unshare", "-Urm", *inner], check=False, cwd=where, capture_output=True)
    if done.returncode:
        pytest.fail(done.stdout.decode())
    pytest.skip("passed in a namespace of its own")


@pytest.mark.usefixtures("as_root")
def test_a_full_disk_loses_nothing_that_was_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk = tmp_path / "disk"
    people = [typed(one) for one in generate(300, seed=13)]
    with _small_disk(disk), closing(SecondLookQueue(disk / "second-look", KEY)) as queue:
        (disk / "ballast").write_bytes(bytes(700 * 1024))
        taken = [policy for policy in people if queue.add(policy, "no_list", NOW)]
        assert 10 < len(taken) < 200
        assert len(caplog.records) == 1
        assert "disk is full" in caplog.text
        assert queue.acknowledge(oldest(queue).id, "insured", NOW) is None
        assert queue.pending() == len(taken)
        assert oldest(queue).policy == taken[0]

        (disk / "ballast").unlink()
        assert queue.add(people[-1], "no_list", NOW)
        drained: list[PresentedPolicy] = []
        while (entry := queue.next()) is not None:
            assert queue.acknowledge(entry.id, "insured", NOW) is not None
            drained.append(entry.policy)
        assert drained == [*taken, people[-1]]
