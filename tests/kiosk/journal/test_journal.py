"""What a journal takes down of a check, what it lets go, and how it goes on without a disk."""

from __future__ import annotations

import logging
import os
import random
import sqlite3
import subprocess
import threading
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import TYPE_CHECKING, Any, Final

import pytest

from kiosk.clock import Clock, Moment
from kiosk.demo.people import generate
from kiosk.families import CouldNotCheck
from kiosk.journal import receipt as receipts
from kiosk.journal import statement as statements
from kiosk.journal.errors import JournalError, JournalFileError, JournalKeyError
from kiosk.journal.journal import Journal
from kiosk.journal.keys import load_verifier, make_key
from kiosk.journal.reader import head_of, reading
from kiosk.journal.statement import Why
from kiosk.journal.store import FILE_NAME, Store
from kiosk.journal.verify import Report, verify
from kiosk.policy.model import Source
from kiosk.reasons import CouldNotCheckReason
from offline_cache.format import RegisterKey
from tests.kiosk.cases import REGISTER
from tests.kiosk.journal.samples import KEY, KIOSK, NOW, journal_in, key_in, moment, verdicts
from tests.kiosk.second_look.samples import chip, mixed, typed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kiosk.journal.receipt import Receipt
    from kiosk.policy.model import PresentedPolicy

MAN, WOMAN = (typed(one) for one in generate(2, seed=4))
_DAY: Final = 86_400.0
_UNREADABLE: Final = CouldNotCheck(CouldNotCheckReason.UNREADABLE_CARD)


def one(
    journal: Journal, policy: PresentedPolicy | None = MAN, at: Moment | None = None
) -> Receipt | None:
    raw = journal.record(verdicts()[0], policy, at or moment())
    return None if raw is None else receipts.decode(raw)


def looked(folder: Path, checkpoint: bytes | None = None) -> Report:
    return verify(folder / "journal", load_verifier(key_in(folder)), checkpoint)


def sound(folder: Path) -> Report:
    report = looked(folder)
    assert report.sound, report.findings
    return report


# What stands in a receipt


def test_a_receipt_says_what_was_checked_by_what_when_and_with_what_result(tmp_path: Path) -> None:
    with closing(journal_in(tmp_path, software="0.1.0")) as journal:
        said = []
        policies = mixed(generate(30, seed=1))
        for place, (policy, verdict) in enumerate(zip(policies, cycle(verdicts()), strict=False)):
            raw = journal.record(verdict, policy, moment(place, trusted=place != 3))
            assert raw is not None
            said.append(receipts.decode(raw))
    assert [receipt.number for receipt in said] == list(range(1, 31))
    assert said[0].previous == receipts.hash_of(_beginning(tmp_path))
    assert said[2] == receipts.Receipt(
        number=3,
        at=NOW + timedelta(seconds=2),
        trusted=True,
        verdict="not_insured",
        reason="expired",
        notes=("list_ageing",),
        source="typed",
        format="typed",
        known_by="register",
        serial=7,
        as_of=REGISTER.as_of,
        kiosk=KIOSK,
        software="0.1.0",
        pseudonym=said[2].pseudonym,
        previous=said[2].previous,
    )
    assert (said[1].known_by, said[1].serial) == ("zp1", None)
    assert (said[3].known_by, said[3].as_of, said[3].trusted) == ("", None, False)
    report = sound(tmp_path)
    assert (report.count, report.first, report.last, report.untrusted) == (30, 1, 30, 1)


def _beginning(folder: Path) -> bytes:
    with reading(folder / "journal") as read:
        row = read.statement("beginning")
    assert row is not None
    return row[1]


def test_a_document_that_could_not_be_decoded_has_its_receipt(tmp_path: Path) -> None:
    with closing(journal_in(tmp_path)) as journal:
        raw = journal.record(_UNREADABLE, None, moment(), Source.CHIP)
        assert raw is not None
        receipt = receipts.decode(raw)
    assert (receipt.reason, receipt.source, receipt.format) == ("unreadable_card", "chip", "")
    assert receipt.pseudonym == receipts.NOBODY


def test_a_pseudonym_is_the_same_for_one_number_under_one_key_alone(tmp_path: Path) -> None:
    person = next(iter(generate(1, seed=2)))
    with closing(journal_in(tmp_path)) as journal:
        shown = [one(journal, policy) for policy in (chip(person), typed(person), WOMAN)]
        nothing = one(journal, replace(MAN, enp=None))
    pseudonyms = [receipt.pseudonym for receipt in shown if receipt]
    assert pseudonyms[0] == pseudonyms[1] != pseudonyms[2]
    assert nothing is not None
    assert nothing.pseudonym == receipts.NOBODY
    other_key = RegisterKey(bytes(32))
    with closing(Journal(tmp_path / "other", key_in(tmp_path), other_key, KIOSK)) as journal:
        other = one(journal, chip(person))
    with closing(Journal(tmp_path / "none", key_in(tmp_path), None, KIOSK)) as journal:
        without = one(journal, chip(person))
    assert other is not None
    assert other.pseudonym != pseudonyms[0]
    assert without is not None
    assert without.pseudonym == receipts.NOBODY
    # Not the hash by which the register is searched, nor that of the second look.
    assert pseudonyms[0][:8] not in {
        KEY.digest(kind, person.enp.encode(), 8) for kind in ("enp", "second-look-row")
    }


@pytest.mark.parametrize("year", [1970, 2000, 2026, 2100])
def test_order_is_by_number_whatever_the_clock_does(tmp_path: Path, year: int) -> None:
    wrong = datetime(year, 1, 1, tzinfo=UTC)
    clock = Clock(lambda: next(times))
    clock.raise_floor(NOW)
    hours = (NOW, NOW + timedelta(hours=1), wrong, wrong, NOW + timedelta(hours=2))
    times = iter([at.timestamp() for at in hours])
    with closing(journal_in(tmp_path)) as journal:
        said = [one(journal, MAN, clock.now()) for _ in range(5)]
    assert [receipt.number for receipt in said if receipt] == [1, 2, 3, 4, 5]
    assert [receipt.at for receipt in said if receipt] == list(hours)
    trusted = [receipt.trusted for receipt in said if receipt]
    assert trusted == [True, True, year == 2100, year == 2100, True]
    assert sound(tmp_path).untrusted == 5 - sum(trusted)


def test_it_goes_on_after_a_restart_and_from_several_threads(tmp_path: Path) -> None:
    for _ in range(3):
        with closing(journal_in(tmp_path)) as journal:
            threads = [
                threading.Thread(target=lambda: [one(journal) for _ in range(20)]) for _ in range(4)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert sound(tmp_path).count == 240


def test_two_processes_may_write_at_once(tmp_path: Path) -> None:
    """`kiosk check` beside the running kiosk, if it is made to take receipts."""
    with closing(journal_in(tmp_path)) as journal, closing(journal_in(tmp_path)) as other:
        for _ in range(10):
            assert one(journal) is not None
            assert one(other) is not None
    assert sound(tmp_path).count == 20


# What is let go


def test_receipts_leave_by_age_and_a_signed_statement_stays(tmp_path: Path) -> None:
    with closing(journal_in(tmp_path, days=30)) as journal:
        for day in range(100):
            one(journal, MAN, moment(_DAY * day))
        checkpoint = head_of(tmp_path / "journal")
        at = NOW + timedelta(days=100)
        assert journal.tidy(Moment(at, trusted=True, floor=at)) == 70
        assert journal.tidy(Moment(at, trusted=True, floor=at)) == 0
        report = sound(tmp_path)
        assert (report.count, report.first, report.last) == (30, 71, 100)
        assert report.beginning is not None
        assert (report.beginning.why, report.beginning.count) == (Why.AGE, 70)
        assert one(journal) is not None
        assert looked(tmp_path, checkpoint).sound
        later = at + timedelta(days=1000)
        assert journal.tidy(Moment(later, trusted=True, floor=later)) == 31
        assert looked(tmp_path, checkpoint).sound
        assert sound(tmp_path).count == 0
        last = one(journal)
        assert last is not None
        assert last.number == 102
    assert sound(tmp_path).count == 1


def test_a_clock_that_jumps_ahead_removes_nothing(tmp_path: Path) -> None:
    """Days are counted to what the fund has signed."""
    with closing(journal_in(tmp_path, days=30)) as journal:
        for day in range(10):
            one(journal, MAN, moment(_DAY * day))
        ahead = datetime(2100, 1, 1, tzinfo=UTC)
        assert journal.tidy(Moment(ahead, trusted=True, floor=NOW + timedelta(days=10))) == 0
        assert journal.tidy(Moment(ahead, trusted=True)) == 0
        one(journal, MAN, Moment(ahead, trusted=True, floor=NOW))
        one(journal, MAN, Moment(datetime(1970, 1, 1, tzinfo=UTC), trusted=False, floor=NOW))
        for day in range(10, 20):
            one(journal, MAN, moment(_DAY * day))
        # The receipts of wrong clocks leave with those around them.
        floor = NOW + timedelta(days=45.5)
        assert journal.tidy(Moment(floor, trusted=True, floor=floor)) == 18
    assert sound(tmp_path).count == 4


def test_receipts_leave_by_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.journal.journal._BATCH", 150)
    with closing(journal_in(tmp_path, most_megabytes=1)) as journal:
        monkeypatch.setattr(journal, "_most_bytes", 100_000)
        for _ in range(1000):
            one(journal)
        removed = journal.tidy(moment())
        assert 400 < removed < 650
        report = sound(tmp_path)
        assert report.count == 1000 - removed
        assert report.beginning is not None
        assert report.beginning.why is Why.SIZE
        before = (tmp_path / "journal" / FILE_NAME).stat().st_size
        for _ in range(10):
            for _ in range(100):
                one(journal)
            assert journal.tidy(moment()) > 50
    assert (tmp_path / "journal" / FILE_NAME).stat().st_size <= before + 50_000
    assert sound(tmp_path).last == 2000


def test_nothing_leaves_or_changes_without_a_statement(tmp_path: Path) -> None:
    with closing(journal_in(tmp_path)) as journal:
        for _ in range(5):
            one(journal)
    with closing(sqlite3.connect(tmp_path / "journal" / FILE_NAME)) as db:
        for change in (
            "DELETE FROM receipts WHERE number = 5",
            "DELETE FROM receipts WHERE number = 1",
            "UPDATE receipts SET receipt = x'00' WHERE number = 1",
            "DELETE FROM statements",
            "UPDATE statements SET number = number - 1",
            "UPDATE statements SET place = 'head'",
        ):
            with pytest.raises(sqlite3.IntegrityError):
                db.execute(change)
    sound(tmp_path)


def test_a_long_log_is_moved_into_the_file_and_written_over(tmp_path: Path) -> None:
    with closing(journal_in(tmp_path)) as journal:
        path = tmp_path / "journal" / FILE_NAME
        log = path.with_name(f"{FILE_NAME}-wal")
        sizes, lengths = [], []
        for _ in range(4):
            for _ in range(250):
                one(journal)
            journal.tidy(moment())
            sizes.append(path.stat().st_size)
            lengths.append(log.stat().st_size)
        assert sizes == sorted(set(sizes))
        assert lengths[-1] < 1.2 * lengths[0]
    assert sound(tmp_path).count == 1000


def test_a_reader_sees_one_state_and_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    with closing(journal_in(tmp_path)) as journal:
        for _ in range(5):
            one(journal)
        with reading(folder) as read:
            rows = read.receipts()
            assert next(rows)[0] == 1
            assert one(journal) is not None
            assert [number for number, _ in rows] == [2, 3, 4, 5]
            assert read.last() == 5
            assert not read.overtaken()
        assert sound(tmp_path).count == 6
    assert sound(tmp_path).count == 6
    assert [path.name for path in folder.iterdir()] == [FILE_NAME]
    with reading(folder) as read, closing(journal_in(tmp_path)) as journal:
        one(journal)
        assert read.overtaken()


# What leaves the kiosk


def test_a_checkpoint_leaves_and_shows_what_is_cut_later(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.json"
    with closing(journal_in(tmp_path)) as journal:
        with pytest.raises(JournalFileError):
            journal.checkpoint(file)
        journal.tidy(moment())
        for count in range(3):
            said = journal.checkpoint(file)
            assert (said.number, said.count, said.kiosk) == (count, count, KIOSK)
            assert statements.decode(statements.from_file(file.read_bytes())) == said
            assert looked(tmp_path, statements.from_file(file.read_bytes())).sound
            one(journal)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("checkpoint.json", "journal", "kiosk.key")
    ]
    begun = looked(tmp_path, _beginning(tmp_path))
    assert [finding.code for finding in begun.findings] == ["checkpoint"]


# What goes wrong


def test_a_key_that_is_none_ends_the_start(tmp_path: Path) -> None:
    with pytest.raises(JournalKeyError):
        Journal(tmp_path, tmp_path / "missing", KEY, KIOSK)
    with pytest.raises(JournalError, match="24 bytes"):
        Journal(tmp_path, key_in(tmp_path), KEY, "К" * 13)


def test_opening_is_put_off_until_it_is_needed(tmp_path: Path) -> None:
    with closing(journal_in(tmp_path)):
        assert not (tmp_path / "journal").exists()


def test_only_the_kiosk_may_look(tmp_path: Path) -> None:
    with closing(journal_in(tmp_path)) as journal:
        one(journal)
        folder = tmp_path / "journal"
        assert folder.stat().st_mode & 0o777 == 0o700
        assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_what_was_missed_stands_in_the_next_receipt(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(journal_in(tmp_path)) as journal:
        one(journal)
        path = tmp_path / "journal" / FILE_NAME
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert one(journal) is None
            assert one(journal) is None
            assert journal.tidy(moment()) == 0
            assert journal.missed == 2
            other.execute("ROLLBACK")
        assert caplog.text.count("database is locked") == 1
        told = one(journal)
        assert told is not None
        assert (told.number, told.missed) == (2, 2)
        assert journal.missed == 0
        again = one(journal)
        assert again is not None
        assert again.missed == 0
    assert sound(tmp_path).missed == 2


def test_no_verdict_whatever_is_in_it_stops_a_check(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken: Any = replace(verdicts()[0], known=replace(REGISTER, serial=-5))
    with closing(journal_in(tmp_path)) as journal:
        assert journal.record(broken, MAN, moment()) is None
        nothing: Any = None
        assert journal.record(nothing, MAN, moment()) is None
        told = one(journal)
        assert told is not None
        assert (told.number, told.missed) == (1, 2)
    assert caplog.text.count("not written") == 2
    assert (MAN.enp or "") not in caplog.text


def test_a_folder_that_cannot_be_made_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    with closing(Journal(tmp_path / "file" / "journal", key_in(tmp_path), KEY, KIOSK)) as journal:
        assert one(journal) is None
        assert one(journal) is None
        assert journal.tidy(moment()) == 0
    assert len(caplog.records) == 1


def test_a_closed_journal_takes_nothing(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    one(journal)
    journal.close()
    journal.close()
    assert one(journal) is None
    assert sound(tmp_path).count == 1


def _change(folder: Path, *changes: str) -> None:
    with closing(sqlite3.connect(folder / "journal" / FILE_NAME)) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'"):
            db.execute(f"DROP TRIGGER {name}")
        for change in changes:
            db.execute(change)
        db.commit()


@pytest.mark.parametrize(
    "changes",
    [
        ("DELETE FROM receipts WHERE number = 5",),
        ("DELETE FROM receipts",),
        ("DELETE FROM statements WHERE place = 'head'",),
        ("DELETE FROM statements",),
        ("UPDATE statements SET statement = x'00' WHERE place = 'head'",),
        ("UPDATE receipts SET receipt = x'00' WHERE number = 5",),
        ("INSERT INTO receipts VALUES (6, x'00')",),
        ("DROP TABLE statements",),
    ],
)
@pytest.mark.parametrize("running", [True, False])
def test_a_journal_that_does_not_end_as_it_was_left_is_set_aside(
    tmp_path: Path, changes: tuple[str, ...], running: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The evidence is kept, the new journal says so, and no check is without its receipt."""
    journal = journal_in(tmp_path)
    for _ in range(5):
        one(journal)
    if not running:
        journal.close()
        journal = journal_in(tmp_path)
    with closing(journal):
        _change(tmp_path, *changes)
        told = one(journal)
    assert told is not None
    assert told.number == 1
    report = sound(tmp_path)
    assert report.beginning is not None
    assert report.beginning.why in {Why.AFTER_DAMAGE, Why.OTHER_KEY}
    aside = list((tmp_path / "journal").glob(f"{FILE_NAME}.*"))
    assert aside
    assert "set aside" in caplog.text


def test_after_a_new_key_a_new_journal_begins(tmp_path: Path) -> None:
    with closing(journal_in(tmp_path)) as journal:
        one(journal)
        checkpoint = head_of(tmp_path / "journal")
    (tmp_path / "kiosk.key").rename(tmp_path / "old.key")
    make_key(tmp_path / "kiosk.key")
    with closing(journal_in(tmp_path)) as journal:
        told = one(journal)
    assert told is not None
    assert told.number == 1
    report = sound(tmp_path)
    assert report.beginning is not None
    assert report.beginning.why is Why.OTHER_KEY
    assert not looked(tmp_path, checkpoint).sound
    folder = tmp_path / "old"
    folder.mkdir()
    (tmp_path / "journal" / f"{FILE_NAME}.other-key").rename(folder / FILE_NAME)
    assert verify(folder, load_verifier(tmp_path / "old.key"), checkpoint).sound


@pytest.mark.parametrize("content", [b"", b"noise" * 1000, b"SQLite format 3\0" + bytes(2000)])
def test_a_file_of_something_else_is_replaced_by_a_journal(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / FILE_NAME).write_bytes(content)
    with closing(journal_in(tmp_path)) as journal:
        assert one(journal) is not None
    sound(tmp_path)


@pytest.mark.parametrize("seed", range(3))
def test_any_damage_ends_in_a_journal_that_works(tmp_path: Path, seed: int) -> None:
    """At the first or at the second check: one may be needed to find out."""
    with closing(journal_in(tmp_path)) as journal:
        for policy in mixed(generate(40, seed=10)):
            one(journal, policy)
    path = tmp_path / "journal" / FILE_NAME
    whole = path.read_bytes()
    rng = random.Random(seed)  # noqa: S311  # repeatable
    broken_header = whole[:18] + b"\x09" + whole[19:]
    for number in range(40):
        broken = bytearray(whole)
        for _ in range(rng.choice([1, 8, 200])):
            place = rng.randrange(rng.choice([1024, len(broken)]))
            broken[place] = rng.randrange(256)
        cut = rng.choice([len(broken), rng.randrange(len(broken))])
        path.write_bytes(broken[:cut] if number else broken_header)
        with closing(journal_in(tmp_path)) as journal:
            one(journal)
            assert one(journal) is not None, f"seed {seed}, damage {number}"
            journal.tidy(moment())
            assert one(journal) is not None, f"seed {seed}, damage {number}"


def test_a_newer_release_and_a_rolled_back_one_read_the_same_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of schema 1, opened by a release with schema 2, and again by one with 1."""
    with closing(journal_in(tmp_path)) as journal:
        one(journal)

    def tickets(db: Any) -> None:
        db.execute("ALTER TABLE receipts ADD COLUMN ticket INTEGER")
        db.execute("CREATE TABLE tickets(id INTEGER PRIMARY KEY) STRICT")

    monkeypatch.setattr(Store, "history", (*Store.history, ("0002-tickets", tickets)))
    with closing(journal_in(tmp_path)) as journal:
        one(journal)
        assert sound(tmp_path).count == 2
    with closing(sqlite3.connect(tmp_path / "journal" / FILE_NAME)) as db:
        assert db.execute("SELECT count(*) FROM tickets").fetchone() == (0,)
    monkeypatch.undo()
    with closing(journal_in(tmp_path)) as journal:
        one(journal)
    assert sound(tmp_path).count == 3
    assert not list((tmp_path / "journal").glob("*.damaged"))


@contextmanager
def _disk(folder: Path) -> Iterator[None]:
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "kiosk-test", str(folder)]
    if os.geteuid() or subprocess.run(command, check=False).returncode:
        pytest.skip("no small disk: a tmpfs cannot be mounted here (it needs root)")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_loses_nothing_that_was_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk, key = tmp_path / "disk", key_in(tmp_path)
    with _disk(disk), closing(journal_in(disk, key_file=key)) as journal:
        journal.tidy(moment())
        (disk / "ballast").write_bytes(bytes(700 * 1024))
        told = [one(journal) for _ in range(400)]
        taken = [receipt for receipt in told if receipt is not None]
        assert 10 < len(taken) < 350
        assert len(caplog.records) == 1
        (disk / "ballast").unlink()
        after = one(journal)
        assert after is not None
        assert after.number == taken[-1].number + 1
        assert sum(receipt.missed for receipt in (*taken, after)) == 400 - len(taken)
        report = verify(disk / "journal", load_verifier(key))
        assert report.sound, report.findings
        assert report.count == len(taken) + 1
        assert report.missed == 400 - len(taken)


def test_a_disk_that_turns_read_only_is_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk, key = tmp_path / "disk", key_in(tmp_path)
    remount = ["mount", "-o"]
    with _disk(disk), closing(journal_in(disk, key_file=key)) as journal:
        one(journal)
        journal.close()
        subprocess.run([*remount, "remount,ro", str(disk)], check=True)
        with closing(journal_in(disk, key_file=key)) as later:
            assert one(later) is None
            assert one(later) is None
            assert len(caplog.records) == 1
            assert verify(disk / "journal", load_verifier(key)).sound
            subprocess.run([*remount, "remount,rw", str(disk)], check=True)
            told = one(later)
        assert told is not None
        assert (told.number, told.missed) == (2, 2)
        assert verify(disk / "journal", load_verifier(key)).sound


# Nobody in it (promise R14)


def test_nothing_of_anybody_is_in_any_file_or_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    people = list(generate(250, seed=7))
    shown = []
    with closing(journal_in(tmp_path)) as journal:
        for place, (policy, verdict) in enumerate(
            zip(4 * mixed(people), cycle(verdicts()), strict=False)
        ):
            raw = journal.record(verdict, policy, moment(place))
            assert raw is not None
            shown.append(repr(receipts.decode(raw)) + repr(receipts.to_json(raw)))
        journal.checkpoint(tmp_path / "journal" / "checkpoint.json")
        log = (tmp_path / "journal" / f"{FILE_NAME}-wal").read_bytes()
        shown += [repr(journal), caplog.text]
    names = ("enp", "snils", "surname", "given_name", "patronymic", "birth_place", "birth_date")
    values = {str(getattr(person, name)) for person in people for name in names}
    values |= {f"{person.birth_date:%d.%m.%Y}" for person in people}
    # Of two or three letters, any file this long may hold some by chance.
    values = {value for value in values if len(value) > 3}
    text = "\n".join(shown)
    content = b"".join(path.read_bytes() for path in (tmp_path / "journal").iterdir())
    assert len(values) > 900
    assert len(content) > 200_000
    for value in values:
        assert value not in text
        assert value.encode() not in log
        for encoding in ("utf-8", "utf-16-le", "cp1251"):
            assert value.encode(encoding) not in content
        packed = (
            bytes.fromhex(value.zfill(12 if len(value) < 12 else 16)) if value.isdigit() else b""
        )
        # A page's own header may look like a number that is nearly all zeros.
        if packed.count(0) < 2 <= len(packed):
            assert packed not in content
