"""Looks through a journal for whatever is not as the kiosk wrote it.

Found from the file and the public key alone: every edit, every receipt that is missing, doubled or
moved, a cut beginning without a signed retention, a cut end without a signed head. Found with a
checkpoint that left the kiosk: an older copy of the whole file, and another journal in its place.
Not found by anybody: what somebody with the kiosk's own key rewrites after the last checkpoint.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kiosk.journal import receipt as receipts
from kiosk.journal import statement as statements
from kiosk.journal.errors import JournalFileError, ReceiptFormatError
from kiosk.journal.reader import reading
from kiosk.journal.statement import Kind, Statement

if TYPE_CHECKING:
    from pathlib import Path

    from kiosk.journal.keys import Verifier
    from kiosk.journal.reader import Reading

MOST_FINDINGS: Final = 100
"""More are counted, not kept."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as the kiosk wrote it."""

    code: str
    """Fixed: signature, number, previous, missing, format, head, beginning, checkpoint, file."""
    number: int | None
    """Of which receipt; None: of none."""
    words: str


@dataclass(slots=True)
class Report:
    """What a journal holds, and what is wrong with it."""

    count: int = 0
    first: int | None = None
    last: int | None = None
    missed: int = 0
    """Checks that could not be written down, as the receipts say."""
    untrusted: int = 0
    """Receipts of a clock that was known to be wrong."""
    beginning: Statement | None = None
    findings: list[Finding] = field(default_factory=list)
    found: int = 0
    """All findings, also those that are not kept."""

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return self.found == 0

    def add(self, code: str, number: int | None, words: str) -> None:
        """Keep a finding."""
        self.found += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(code, number, words))


def verify(folder: Path, verifier: Verifier, checkpoint: bytes | None = None) -> Report:
    """Look through the journal in `folder`; `checkpoint` is a signed statement from elsewhere.

    Raises:
        JournalFileError: there is no journal, or it cannot be opened.
    """
    report, overtaken = _once(folder, verifier, checkpoint)
    if overtaken and not report.sound:
        report, _ = _once(folder, verifier, checkpoint)
    return report


def _once(folder: Path, verifier: Verifier, checkpoint: bytes | None) -> tuple[Report, bool]:
    report = Report()
    with reading(folder) as read:
        try:
            _Run(read, verifier, report).all(checkpoint)
        except JournalFileError as error:
            report.add("file", None, str(error))
        return report, read.overtaken()


class _Run:
    """One look through a journal."""

    def __init__(self, read: Reading, verifier: Verifier, report: Report) -> None:
        self._read, self._verifier, self._report = read, verifier, report
        self._noted: dict[int, bytes] = {}
        """Hashes of the receipts by number that a checkpoint is compared with."""

    def all(self, checkpoint: bytes | None) -> None:
        at = self._checkpoint(checkpoint)
        begun = self._statement("beginning", {Kind.BEGINNING, Kind.RETENTION})
        head = self._statement("head", {Kind.HEAD})
        if self._read.statements() > 2:
            self._report.add("file", None, "statements that no journal has")
        last, previous = 0, b""
        if begun is not None:
            last, previous = begun[0].number, statements.starts_with(begun[1])
            self._report.beginning = begun[0]
            self._noted[last] = previous
        last, previous = self._chain(last, previous, at.number if at else None)
        if head is not None:
            self._head(head[0], last, previous)
        if at is not None:
            self._compare(at, last)

    def _statement(self, place: str, kinds: set[Kind]) -> tuple[Statement, bytes] | None:
        row = self._read.statement(place)
        if row is None:
            self._report.add(place, None, f"the journal has no {place}")
            return None
        try:
            statement = statements.decode(row[1])
        except ReceiptFormatError as error:
            self._report.add(place, None, f"the {place} cannot be read: {error}")
            return None
        if not self._verifier.holds(statements.SIGNED_AS, row[1]):
            self._report.add(place, None, f"the {place}'s signature does not hold")
        elif statement.kind not in kinds:
            self._report.add(place, None, f"another statement in the place of the {place}")
        elif row[0] != statement.number:
            self._report.add(place, None, f"the {place} stands under another number")
        return statement, row[1]

    def _chain(self, last: int, previous: bytes, wanted: int | None) -> tuple[int, bytes]:
        """From the beginning to the end; number and hash of the last receipt."""
        report = self._report
        for number, raw in self._read.receipts():
            if number <= last:
                report.add("number", number, "a receipt from before the beginning")
                continue
            if number > last + 1:
                report.add("missing", last + 1, f"missing up to {number - 1}")
            report.count += 1
            report.first = number if report.first is None else report.first
            self._one(number, raw, previous)
            last, previous = number, receipts.hash_of(raw)
            if number == wanted:
                self._noted[number] = previous
        report.last = last if report.count else None
        return last, previous

    def _one(self, number: int, raw: bytes, previous: bytes) -> None:
        report = self._report
        try:
            receipt = receipts.decode(raw)
        except ReceiptFormatError as error:
            report.add("format", number, str(error))
            return
        if not self._verifier.holds(receipts.SIGNED_AS, raw):
            report.add("signature", number, "its signature does not hold")
        if receipt.number != number:
            report.add("number", number, f"it says that it is number {receipt.number}")
        if receipt.previous != previous:
            report.add("previous", number, "it does not follow the one before it")
        report.missed += receipt.missed
        report.untrusted += not receipt.trusted

    def _head(self, head: Statement, last: int, previous: bytes) -> None:
        report = self._report
        if head.number > last:
            report.add("missing", last + 1, f"missing up to {head.number}, the last one")
        elif head.number < last or head.hash != previous:
            report.add("head", None, f"the head names another receipt than number {last}")
        if head.count != report.count:
            report.add("head", None, f"the head counts {head.count} receipts, not {report.count}")
        if report.beginning is not None and report.beginning.journal != head.journal:
            report.add("head", None, "the head is of another journal than the beginning")

    def _checkpoint(self, raw: bytes | None) -> Statement | None:
        if raw is None:
            return None
        if not self._verifier.holds(statements.SIGNED_AS, raw):
            self._report.add("checkpoint", None, "the checkpoint's signature does not hold")
            return None
        statement = statements.decode(raw)
        if statement.kind is not Kind.HEAD:
            self._report.add("checkpoint", None, "another statement than a checkpoint")
            return None
        return statement

    def _compare(self, checkpoint: Statement, last: int) -> None:
        report, begun = self._report, self._report.beginning
        if begun is None:
            return
        if checkpoint.journal != begun.journal:
            report.add("checkpoint", None, "the checkpoint is of another journal")
        elif checkpoint.number > last:
            words = f"missing up to {checkpoint.number}, which the checkpoint names"
            report.add("missing", last + 1, words)
        elif checkpoint.number < begun.number:
            pass  # what it is about has left with a retention since
        elif self._noted.get(checkpoint.number) != checkpoint.hash:
            report.add("checkpoint", checkpoint.number, "not the receipt of the checkpoint")
