"""Every single edit, removal, exchange and cut of a journal is found (promise R15).

The one who changes the file has it to himself: triggers dropped, numbers and the unsigned columns
made to fit. What he does not have is the kiosk's key. What he has kept of older states of the file
is found by a checkpoint that left the kiosk.
"""

from __future__ import annotations

import os
import random
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import cycle
from typing import TYPE_CHECKING, Any, Final

import pytest

from kiosk.demo.people import generate
from kiosk.journal import receipt as receipts
from kiosk.journal import statement as statements
from kiosk.journal.errors import JournalFileError
from kiosk.journal.keys import load_signer, load_verifier, make_key
from kiosk.journal.reader import reading
from kiosk.journal.receipt import SIGNATURE_BYTES, Receipt
from kiosk.journal.statement import Statement, Why
from kiosk.journal.store import FILE_NAME
from kiosk.journal.verify import Report, verify
from tests.kiosk.journal.samples import journal_in, key_in, moment, verdicts
from tests.kiosk.second_look.samples import mixed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kiosk.journal.journal import Journal
    from kiosk.journal.keys import Verifier

pytestmark = pytest.mark.timeout(600)

COUNT: Final = 60
REMOVED: Final = 20
_DAY: Final = 86_400.0
_RETIRED: Final = "after a retention"

EDITS: Final[dict[str, Callable[[Receipt], Any]]] = {
    "number": lambda one: one.number + 1,
    "at": lambda one: one.at + timedelta(milliseconds=1),
    "trusted": lambda one: not one.trusted,
    "verdict": lambda one: "not_insured" if one.verdict == "insured" else "insured",
    "reason": lambda one: "expired" if one.reason != "expired" else "suspended",
    "notes": lambda one: one.notes[1:] if one.notes else ("ends_soon",),
    "source": lambda one: "chip" if one.source != "chip" else "typed",
    "format": lambda one: "mrz" if one.format != "mrz" else "text",
    "known_by": lambda one: "ferzl" if one.known_by != "ferzl" else "zp1",
    "serial": lambda one: 8 if one.serial is None else None,
    "as_of": lambda one: one.at if one.as_of is None else one.as_of - timedelta(days=1),
    "missed": lambda one: one.missed + 1,
    "kiosk": lambda one: one.kiosk + "1",
    "software": lambda one: one.software + "1",
    "pseudonym": lambda one: bytes([one.pseudonym[0] ^ 1]) + one.pseudonym[1:],
    "previous": lambda one: one.previous[:-1] + bytes([one.previous[-1] ^ 1]),
}
"""One other value for every field of a receipt."""

STATEMENT_EDITS: Final[dict[str, Callable[[Statement], Any]]] = {
    "kind": lambda one: statements.Kind(one.kind % 3 + 1),
    "number": lambda one: one.number + 1,
    "count": lambda one: one.count + 1,
    "at": lambda one: one.at + timedelta(milliseconds=1),
    "trusted": lambda one: not one.trusted,
    "why": lambda one: Why((one.why + 1) % 6),
    "journal": lambda one: one.journal[:-1] + bytes([one.journal[-1] ^ 1]),
    "hash": lambda one: one.hash[:-1] + bytes([one.hash[-1] ^ 1]),
    "kiosk": lambda one: one.kiosk + "1",
    "software": lambda one: one.software + "1",
}


@dataclass
class _Attacked:
    """A journal without its kiosk: its bytes, its rows, and what a change of them comes to."""

    place: Path
    verifier: Verifier
    content: bytes
    states: list[bytes]
    """The whole file after each receipt."""
    heads: list[bytes]
    """The checkpoint after each receipt."""
    tried: Counter[str]
    missed: list[str]

    def rows(self) -> list[tuple[int, bytes]]:
        with closing(self._opened()) as db:
            return db.execute("SELECT number, receipt FROM receipts ORDER BY number").fetchall()

    def statements(self) -> dict[str, bytes]:
        with closing(self._opened()) as db:
            return dict(db.execute("SELECT place, statement FROM statements").fetchall())

    def attack(self, what: str, *changes: tuple[str, tuple[Any, ...]]) -> None:
        """Make the changes on a copy, and note whether they are found."""
        with closing(self._opened()) as db:
            for change, values in changes:
                db.execute(change, values)
            db.commit()
        self._judge(what, self.look())

    def exchange(self, what: str, content: bytes, checkpoint: bytes) -> None:
        """Put another whole file in the place of this one."""
        self._put(content)
        assert self.look().sound
        self._judge(what, self.look(checkpoint))

    def look(self, checkpoint: bytes | None = None) -> Report:
        return verify(self.place, self.verifier, checkpoint)

    def _judge(self, what: str, report: Report) -> None:
        kind = what.split(" of ", maxsplit=1)[0]
        self.tried[kind] += 1
        if report.sound:
            self.missed.append(what)

    def _put(self, content: bytes) -> None:
        (self.place / FILE_NAME).write_bytes(content)

    def _opened(self) -> sqlite3.Connection:
        self._put(self.content)
        db = sqlite3.connect(self.place / FILE_NAME)
        db.execute("PRAGMA synchronous = OFF")
        return db


def _taken(path: Path) -> bytes:
    """All of a journal's file as one piece, without what guards it."""
    with closing(sqlite3.connect(":memory:")) as copy:
        with closing(sqlite3.connect(path)) as db:
            db.backup(copy)
        copy.execute("PRAGMA journal_mode = MEMORY")
        for (name,) in copy.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'"):
            copy.execute(f"DROP TRIGGER {name}")
        copy.commit()
        raw = bytearray(copy.serialize())
    raw[18:20] = b"\x01\x01"  # not in WAL mode, so that the file is all there is
    return bytes(raw)


def _record(journal: Journal, days: int = 0) -> Iterator[None]:
    for place, (policy, verdict) in enumerate(
        zip(mixed(generate(COUNT, seed=5)), cycle(verdicts()), strict=False)
    ):
        at = moment(_DAY * days + place, trusted=place % 7 != 3)
        assert journal.record(verdict, policy, at) is not None
        yield


@pytest.fixture(name="attacked", params=["whole", _RETIRED])
def _attacked(tmp_path: Path, request: pytest.FixtureRequest) -> _Attacked:
    """A journal of sixty receipts, from its beginning or after a retention of older ones."""
    states, heads = [], []
    path = tmp_path / "journal" / FILE_NAME
    with closing(journal_in(tmp_path, days=2)) as journal:
        if request.param == _RETIRED:
            policy = next(iter(mixed(generate(1, seed=6))))
            for _ in range(REMOVED):
                assert journal.record(verdicts()[0], policy, moment())
        later = moment(3 * _DAY, floor=moment(3 * _DAY).local)
        assert journal.tidy(later) == (REMOVED if request.param == _RETIRED else 0)
        for _ in _record(journal, days=3):
            states.append(_taken(path))
            journal.checkpoint(tmp_path / "checkpoint")
            heads.append(statements.from_file((tmp_path / "checkpoint").read_bytes()))
    place = tmp_path / "attacked"
    place.mkdir()
    verifier = load_verifier(key_in(tmp_path))
    attacked = _Attacked(place, verifier, states[-1], states, heads, Counter(), [])
    attacked._put(attacked.content)
    for head in heads:
        report = attacked.look(head)
        assert report.sound, report.findings
        assert report.count == COUNT
    return attacked


def _end(attacked: _Attacked, least: int) -> None:
    print(f"{sum(attacked.tried.values())} changes, missed {attacked.missed}: {attacked.tried}")
    assert attacked.missed == []
    assert sum(attacked.tried.values()) >= least


_PUT: Final = "UPDATE receipts SET receipt = ? WHERE number = ?"
_SAY: Final = "UPDATE statements SET statement = ? WHERE place = ?"


@pytest.mark.parametrize("attacked", ["whole"], indirect=True)
def test_every_edit_of_every_field_of_every_receipt(attacked: _Attacked) -> None:
    """With the old signature, and with all hashes behind it made to fit."""
    for number, raw in attacked.rows():
        receipt, signature = receipts.decode(raw), raw[-SIGNATURE_BYTES:]
        for name, edit in EDITS.items():
            changed = receipts.encode(replace(receipt, **{name: edit(receipt)})) + signature
            assert changed != raw
            attacked.attack(f"field of {name} {number}", (_PUT, (changed, number)))
    _end(attacked, COUNT * len(EDITS))


def test_every_byte_of_some_rows(attacked: _Attacked) -> None:
    rows = attacked.rows()
    for number, raw in (rows[0], rows[-1]):
        for place in range(len(raw)):
            changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
            attacked.attack(f"byte of {number} at {place}", (_PUT, (changed, number)))
        for changed in (raw[:-1], raw + b"\0", b"", raw[:-SIGNATURE_BYTES]):
            attacked.attack(f"length of {number}", (_PUT, (changed, number)))
    for place_name, raw in attacked.statements().items():
        for place in range(len(raw)):
            changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
            attacked.attack(f"statement byte of {place}", (_SAY, (changed, place_name)))
    _end(attacked, 600)


def test_damage_anywhere_ends_in_a_finding_or_changes_nothing(attacked: _Attacked) -> None:
    """Much of a file is empty; what is read is what was written, or it is said that it is not."""
    seed = int.from_bytes(os.urandom(4), "big")
    rng = random.Random(seed)  # noqa: S311  # repeatable by the printed seed
    rows, found = attacked.rows(), 0
    for _ in range(300):
        place = rng.randrange(len(attacked.content))
        flipped = bytearray(attacked.content)
        flipped[place] ^= 1 << rng.randrange(8)
        cut = rng.choice((len(flipped), place))
        attacked._put(bytes(flipped[:cut]))
        try:
            sound = attacked.look().sound
        except JournalFileError:
            sound = False
        found += not sound
        if sound:
            with reading(attacked.place) as read:
                assert list(read.receipts()) == rows, f"seed {seed}: byte {place}, {cut} bytes"
    print(f"seed {seed}: found {found} of 300")
    assert found > 150


def test_every_edit_of_the_statements(attacked: _Attacked) -> None:
    kept = attacked.statements()
    for place, raw in kept.items():
        statement, signature = statements.decode(raw), raw[-SIGNATURE_BYTES:]
        for name, edit in STATEMENT_EDITS.items():
            changed = statements.encode(replace(statement, **{name: edit(statement)})) + signature
            attacked.attack(f"statement field of {name}", (_SAY, (changed, place)))
        for other in {*kept.values(), *attacked.heads} - {raw}:
            attacked.attack("statement exchanged", (_SAY, (other, place)))
        renumbered = "UPDATE statements SET number = number + ? WHERE place = ?"
        for step in (-1, 1):
            attacked.attack("statement renumbered", (renumbered, (step, place)))
        attacked.attack("statement removed", ("DELETE FROM statements WHERE place = ?", (place,)))
    attacked.attack("statement removed", ("DELETE FROM statements", ()))
    _end(attacked, 2 * len(STATEMENT_EDITS) + 2 * COUNT)


def test_every_removal_exchange_and_repetition(attacked: _Attacked) -> None:
    rows = attacked.rows()
    close_up = ("UPDATE receipts SET number = number - 1 WHERE number > ?",)
    for (number, raw), following in zip(rows, [*rows[1:], None], strict=True):
        removal = ("DELETE FROM receipts WHERE number = ?", (number,))
        attacked.attack(f"removal of {number}", removal)
        attacked.attack(f"removal closed up of {number}", removal, (*close_up, (number,)))
        attacked.attack(f"renumbering of {number}", _moved(number, 10**6))
        attacked.attack(f"renumbering of {number}", _moved(number, -number))
        doubled = "INSERT INTO receipts(number, receipt) VALUES (?, ?)"
        attacked.attack(f"doubling of {number}", (doubled, (rows[-1][0] + 1, raw)))
        attacked.attack(f"doubling before of {number}", (doubled, (rows[0][0] - 1, raw)))
        if following is not None:
            changes = ((_PUT, (following[1], number)), (_PUT, (raw, following[0])))
            attacked.attack(f"exchange of {number}", *changes)
    _end(attacked, 7 * COUNT - 1)


def _moved(number: int, by: int) -> tuple[str, tuple[int, ...]]:
    return "UPDATE receipts SET number = ? WHERE number = ?", (number + by, number)


def test_every_cut(attacked: _Attacked) -> None:
    """Of the end and of the beginning; also where the head of that time is put back."""
    rows = attacked.rows()
    for place, (number, _) in enumerate(rows):
        tail = ("DELETE FROM receipts WHERE number >= ?", (number,))
        attacked.attack(f"tail of {number}", tail)
        attacked.attack(f"head renumbered of {number}", tail, _renumbered("head", number - 1))
        start = ("DELETE FROM receipts WHERE number <= ?", (number,))
        attacked.attack(f"start of {number}", start)
        attacked.attack(f"start signed of {number}", start, _renumbered("beginning", number))
        head_then = attacked.heads[place]
        as_beginning = (_SAY, (head_then, "beginning"))
        renumbered = _renumbered("beginning", number)
        attacked.attack(f"start with a head of {number}", start, as_beginning, renumbered)
    _end(attacked, 5 * COUNT)


def _renumbered(place: str, number: int) -> tuple[str, tuple[Any, ...]]:
    return "UPDATE statements SET number = ? WHERE place = ?", (number, place)


def test_every_older_copy_against_every_later_checkpoint(attacked: _Attacked) -> None:
    """Nothing in an older copy is wrong; it is only old."""
    for place, state in enumerate(attacked.states[:-1]):
        attacked.exchange(f"older copy of {place}", state, attacked.heads[-1])
        attacked.exchange(f"next copy of {place}", state, attacked.heads[place + 1])
    _end(attacked, 2 * COUNT - 2)


@pytest.mark.parametrize("attacked", ["whole"], indirect=True)
def test_another_journal_of_the_same_kiosk(attacked: _Attacked, tmp_path: Path) -> None:
    with closing(journal_in(tmp_path / "other", key_file=key_in(tmp_path))) as other:
        for _ in _record(other):
            pass
    content = _taken(tmp_path / "other" / "journal" / FILE_NAME)
    for number, head in enumerate(attacked.heads):
        attacked.exchange(f"another journal of {number}", content, head)
    _end(attacked, COUNT)


@pytest.mark.parametrize("attacked", ["whole"], indirect=True)
def test_every_receipt_from_another_journal_of_the_same_key(
    attacked: _Attacked, tmp_path: Path
) -> None:
    """Their signatures hold, and so do their numbers."""
    with closing(journal_in(tmp_path / "other", key_file=key_in(tmp_path))) as other:
        for _ in _record(other):
            pass
    with reading(tmp_path / "other" / "journal") as read:
        foreign, head = list(read.receipts()), read.statement("head")
        begun = read.statement("beginning")
    assert head is not None
    assert begun is not None
    for number, raw in foreign:
        attacked.attack(f"foreign receipt of {number}", (_PUT, (raw, number)))
    every = [(_PUT, (raw, number)) for number, raw in foreign]
    attacked.attack("foreign receipts", *every)
    attacked.attack("foreign receipts with head", *every, (_SAY, (head[1], "head")))
    attacked.attack("foreign receipts with beginning", *every, (_SAY, (begun[1], "beginning")))
    _end(attacked, COUNT + 3)


@pytest.mark.parametrize("attacked", ["whole"], indirect=True)
def test_every_signature_of_another_key(attacked: _Attacked, tmp_path: Path) -> None:
    make_key(tmp_path / "other.key")
    signer = load_signer(tmp_path / "other.key")
    for number, raw in attacked.rows():
        signed = signer.sign(receipts.SIGNED_AS, raw[:-SIGNATURE_BYTES])
        attacked.attack(f"signature of {number}", (_PUT, (signed, number)))
    for place, raw in attacked.statements().items():
        signed = signer.sign(statements.SIGNED_AS, raw[:-SIGNATURE_BYTES])
        attacked.attack(f"statement signature of {place}", (_SAY, (signed, place)))
    _end(attacked, COUNT + 2)


@pytest.mark.parametrize("attacked", ["whole"], indirect=True)
def test_a_whole_journal_signed_anew_by_another_key(attacked: _Attacked, tmp_path: Path) -> None:
    make_key(tmp_path / "other.key")
    assert not verify(attacked.place, load_verifier(tmp_path / "other.key")).sound
