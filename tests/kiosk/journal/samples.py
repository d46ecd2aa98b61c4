"""What the tests of the journal share: a kiosk's key, verdicts of every kind, moments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from kiosk.clock import Moment
from kiosk.families import CouldNotCheck, Insured, NotInsured, Verdict
from kiosk.journal.journal import Journal
from kiosk.journal.keys import make_key
from kiosk.reasons import CouldNotCheckReason, Note, NotInsuredReason
from offline_cache.format import RegisterKey
from tests.kiosk.cases import ONLINE, RECORD, REGISTER

if TYPE_CHECKING:
    from pathlib import Path

KEY: Final = RegisterKey(bytes(range(32)))
NOW: Final = datetime(2026, 11, 20, 9, 30, 0, 123000, tzinfo=UTC)
KIOSK: Final = "78-0042"


def moment(seconds: float = 0.0, *, trusted: bool = True, floor: datetime | None = None) -> Moment:
    """Some time after `NOW`."""
    return Moment(NOW + timedelta(seconds=seconds), trusted, floor or NOW)


def verdicts() -> list[Verdict]:
    """One of each family, with and without notes, by register, by service, by nobody."""
    return [
        Insured(RECORD, REGISTER, (), ()),
        Insured(RECORD, ONLINE, (Note.STATE_REVERSED, Note.ENDS_SOON), ()),
        NotInsured(NotInsuredReason.EXPIRED, RECORD, REGISTER, (Note.LIST_AGEING,), ()),
        CouldNotCheck(CouldNotCheckReason.UNREADABLE_CARD),
        CouldNotCheck(CouldNotCheckReason.NOT_IN_LIST, known=REGISTER),
    ]


def key_in(folder: Path) -> Path:
    """The kiosk's key file in a folder, made at the first call."""
    path = folder / "kiosk.key"
    if not path.exists():
        make_key(path)
    return path


def journal_in(folder: Path, *, key_file: Path | None = None, **options: Any) -> Journal:
    """The kiosk's journal in `folder/journal`."""
    return Journal(folder / "journal", key_file or key_in(folder), KEY, KIOSK, **options)
