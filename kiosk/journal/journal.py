"""The journal of one kiosk: writes a receipt for each check, and never stands in a check's way.

One transaction a check: the receipt and the new head, one fsync. What cannot be written (a full
disk, a read-only one) is counted, and the next receipt that can be says how many are missing. A
file that is damaged, or not as this kiosk left it, is set aside, and another one begins and says
so. The chain is looked through by `kiosk.journal.verify`, not here: only its end is, each time.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Final

from kiosk import __version__
from kiosk.journal import receipt as receipts
from kiosk.journal import statement as statements
from kiosk.journal.errors import JournalError, JournalFileError, ReceiptFormatError
from kiosk.journal.keys import Signer, load_signer
from kiosk.journal.receipt import NOBODY, Receipt
from kiosk.journal.retention import too_much, too_old
from kiosk.journal.statement import Kind, Statement, Why
from kiosk.journal.store import OTHER_KEY, Store
from kiosk.offline import number_of
from kiosk.small_store import DAMAGED, DamagedError
from kiosk.verdict_json import verdict_to_json
from offline_cache.format import fold_value

if TYPE_CHECKING:
    from pathlib import Path

    from sqlite_utils import Database

    from kiosk.clock import Moment
    from kiosk.families import Verdict
    from kiosk.policy.model import PresentedPolicy, Source
    from offline_cache.format import RegisterKey

_BATCH: Final = 2000
"""Receipts looked through and removed in one transaction."""
_ROUNDS: Final = 20
_WHY: Final = {"": Why.NEW, DAMAGED: Why.AFTER_DAMAGE, OTHER_KEY: Why.OTHER_KEY}


class Journal:
    """Writes receipts into one folder."""

    def __init__(
        self,
        folder: Path,
        key_file: Path,
        register_key: RegisterKey | None,
        kiosk_id: str,
        *,
        days: int = 400,
        most_megabytes: int = 200,
        software: str = __version__,
    ) -> None:
        """Load the key; the file is opened, or made, by `tidy` or with the first receipt.

        `kiosk_id`: at most 24 bytes. Without a `register_key` receipts carry no pseudonym.

        Raises:
            JournalKeyError: the key cannot be used.
            JournalError: the id is too long for a receipt.
        """
        if len(kiosk_id.encode()) > receipts.MAX_KIOSK:
            raise JournalError(f"[kiosk] id: more than {receipts.MAX_KIOSK} bytes")
        self.folder = folder
        self._signer: Signer = load_signer(key_file)
        self._store = Store(folder)
        self._key = register_key
        self._kiosk = kiosk_id
        self._software = software[: receipts.MAX_SOFTWARE]
        self._days = timedelta(days=days)
        self._most_bytes = most_megabytes * 1_000_000
        self._missed = 0
        self._known_head = b""

    @property
    def missed(self) -> int:
        """Checks since the last receipt that could not be written down."""
        return self._missed

    def record(
        self,
        verdict: Verdict,
        policy: PresentedPolicy | None,
        moment: Moment,
        source: Source | None = None,
    ) -> bytes | None:
        """Write down a check; the signed receipt (`kiosk.journal.receipt`) once it is on the disk.

        `prepare` and `write` in one.
        """
        receipt = self.prepare(verdict, policy, moment, source)
        if receipt is None:
            self._missed += 1
            return None
        return self.write(receipt, moment)

    def prepare(
        self,
        verdict: Verdict,
        policy: PresentedPolicy | None,
        moment: Moment,
        source: Source | None = None,
    ) -> Receipt | None:
        """What `write` is to write, without a number yet; nothing in it is personal.

        `source` says how a document came that could not be decoded, where `policy` is None. None:
        there is a fault of ours (logged). Touches no disk, and never raises.
        """
        try:
            return self._receipt(verdict, policy, moment, source)
        except Exception as error:  # noqa: BLE001  # a check goes on, whatever the journal does
            self._store.complain(f"a receipt was not written: {type(error).__name__}")
        return None

    def write(self, receipt: Receipt, moment: Moment, missed: int = 0) -> bytes | None:
        """Write down a prepared receipt; by one thread, in the order of checks.

        `missed`: checks since the one before whose receipts did not even come to be written. None:
        it could not be written (logged once, counted in the next one). Never raises.
        """
        self._missed += missed
        try:
            raw, head = self._store.write(lambda db: self._add(db, receipt, moment))
        except JournalFileError:
            pass  # logged
        except Exception as error:  # noqa: BLE001  # a check goes on, whatever the journal does
            self._store.complain(f"a receipt was not written: {type(error).__name__}")
        else:
            self._known_head, self._missed = head, 0
            return raw
        self._missed += 1
        return None

    def tidy(self, moment: Moment) -> int:
        """Remove what is too old or too much; how many receipts left.

        Opens or begins the file, so that a start may call it; else once an hour, between checks.
        Never raises.
        """
        removed = 0
        try:
            for _ in range(_ROUNDS):
                with self._store.transaction() as db:
                    left = self._retire(db, moment)
                removed += left
                if left == 0:
                    break
        except JournalFileError:
            pass
        except Exception as error:  # noqa: BLE001  # as above
            self._store.complain(f"not tidied: {type(error).__name__}")
        self._store.move_log()
        return removed

    def checkpoint(self, file: Path | None = None) -> Statement:
        """The signed head as it is now; with `file`, written there, too (replaced whole, synced).

        Raises:
            JournalFileError: there is no journal yet, or it cannot be read, or `file` not written.
        """
        with self._store.transaction() as db:
            raw = _statement(db, "head")
        if raw is None:
            raise JournalFileError("the journal has no beginning yet")
        if file is not None:
            statements.write_file(raw, file)
        return statements.decode(raw)

    def close(self) -> None:
        """Close the file for good."""
        self._store.close()

    def _receipt(
        self,
        verdict: Verdict,
        policy: PresentedPolicy | None,
        moment: Moment,
        source: Source | None,
    ) -> Receipt:
        known = verdict.known
        said = verdict_to_json(verdict)
        return Receipt(
            number=0,
            at=moment.local.astimezone(UTC),
            trusted=moment.trusted,
            verdict=said["verdict"],
            reason=said["reason"],
            notes=tuple(said["notes"]),
            source=policy.source.value if policy else source.value if source else "",
            format=policy.format.value if policy else "",
            known_by="" if known is None else (known.service or known.source).value,
            serial=None if known is None else known.serial,
            as_of=None if known is None else known.as_of.astimezone(UTC),
            kiosk=self._kiosk,
            software=self._software,
            pseudonym=NOBODY if policy is None else self._pseudonym(policy),
        )

    def _pseudonym(self, policy: PresentedPolicy) -> bytes:
        """The same for every showing of one number: a keyed hash, of this purpose alone."""
        if self._key is None:
            return NOBODY
        try:
            kind, value = number_of(policy)
        except ValueError:
            return NOBODY
        text = f"{kind}\x1f{fold_value(kind, value)}".encode("utf-8", "backslashreplace")
        return self._key.digest("journal", text, receipts.PSEUDONYM_BYTES)

    def _add(self, db: Database, receipt: Receipt, moment: Moment) -> tuple[bytes, bytes]:
        """The signed receipt and the head after it."""
        head, previous = self._end(db, moment)
        number = head.number + 1
        placed = replace(receipt, number=number, previous=previous, missed=self._missed)
        body = receipts.encode(placed)
        raw = self._signer.sign(receipts.SIGNED_AS, body)
        db.execute("INSERT INTO receipts(number, receipt) VALUES (?, ?)", (number, raw))
        new_head = self._head(moment, head.journal, receipts.hash_of(raw), number, head.count + 1)
        _replace(db, "head", number, new_head)
        return raw, new_head

    def _end(self, db: Database, moment: Moment) -> tuple[Statement, bytes]:
        """The head, and the hash that the next receipt has to name; begins an empty journal.

        Raises:
            DamagedError: the file does not end as this kiosk left it.
        """
        raw = _statement(db, "head")
        last = db.execute(
            "SELECT number, receipt FROM receipts ORDER BY number DESC LIMIT 1"
        ).fetchone()
        if raw is None:
            if last is not None or _statement(db, "beginning") is not None:
                raise DamagedError("its head is missing")
            raw = self._begin(db, moment)
        if raw != self._known_head and not self._signer.verifier.holds(statements.SIGNED_AS, raw):
            raise DamagedError("its head is not signed by this kiosk's key", OTHER_KEY)
        try:
            head = statements.decode(raw)
        except ReceiptFormatError as error:
            raise DamagedError(f"its head cannot be read: {error}") from error
        if last is not None and (last[0], receipts.hash_of(last[1])) != (head.number, head.hash):
            raise DamagedError("its last receipt is not the one that its head names")
        if last is None and head.count:
            raise DamagedError("its last receipts are missing")
        return head, head.hash

    def _begin(self, db: Database, moment: Moment) -> bytes:
        journal, why = os.urandom(statements.JOURNAL_ID_BYTES), _WHY[self._store.was_set_aside()]
        nothing = bytes(receipts.HASH_BYTES)
        begun = self._sign(Kind.BEGINNING, moment, why, journal, nothing, 0, 0)
        head = self._head(moment, journal, receipts.hash_of(begun), 0, 0)
        for place, raw in (("beginning", begun), ("head", head)):
            db.execute("INSERT INTO statements VALUES (?, 0, ?)", (place, raw))
        return head

    def _sign(
        self,
        kind: Kind,
        moment: Moment,
        why: Why,
        journal: bytes,
        hashed: bytes,
        number: int,
        count: int,
    ) -> bytes:
        at = moment.local.astimezone(UTC)
        statement = Statement(
            *(kind, number, count, at, moment.trusted, why),
            *(journal, hashed, self._kiosk, self._software),
        )
        return self._signer.sign(statements.SIGNED_AS, statements.encode(statement))

    def _head(
        self, moment: Moment, journal: bytes, hashed: bytes, number: int, count: int
    ) -> bytes:
        return self._sign(Kind.HEAD, moment, Why.NONE, journal, hashed, number, count)

    def _retire(self, db: Database, moment: Moment) -> int:
        """Remove some of the oldest, and sign that; 0: nothing has to go."""
        head, _ = self._end(db, moment)
        oldest = db.execute(
            "SELECT number, receipt FROM receipts ORDER BY number LIMIT ?", (_BATCH,)
        ).fetchall()
        last, why = None, Why.AGE
        if moment.floor is not None:
            # The newest time that is known to have passed, and not the clock's: one that has jumped
            # to 2100 would remove everything.
            last = too_old(oldest, moment.floor - self._days)
        if last is None:
            last, why = too_much(oldest, head.count, _used(db), self._most_bytes), Why.SIZE
        if last is None:
            return 0
        number, raw = oldest[last]
        gone, journal = last + 1, head.journal
        hashed = receipts.hash_of(raw)
        begun = self._sign(Kind.RETENTION, moment, why, journal, hashed, number, gone)
        _replace(db, "beginning", number, begun)
        db.execute("DELETE FROM receipts WHERE number <= ?", (number,))
        new_head = self._head(moment, journal, head.hash, head.number, head.count - gone)
        _replace(db, "head", head.number, new_head)
        return gone


def _used(db: Database) -> int:
    """Bytes of the file's pages that hold something."""
    pages, free, size = (
        int(db.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def _statement(db: Database, place: str) -> bytes | None:
    row = db.execute("SELECT statement FROM statements WHERE place = ?", (place,)).fetchone()
    return None if row is None else bytes(row[0])


def _replace(db: Database, place: str, number: int, raw: bytes) -> None:
    db.execute(
        "UPDATE statements SET number = ?, statement = ? WHERE place = ?", (number, raw, place)
    )
