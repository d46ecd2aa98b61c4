"""What a journal takes down, and how it goes on when the disk does not."""

from __future__ import annotations

from contextlib import closing
from itertools import cycle
from typing import TYPE_CHECKING

from kiosk.demo.people import generate
from kiosk.journal import receipt as receipts
from kiosk.journal.keys import load_verifier
from kiosk.journal.verify import verify
from tests.kiosk.journal.samples import journal_in, key_in, moment, verdicts
from tests.kiosk.second_look.samples import mixed

if TYPE_CHECKING:
    from pathlib import Path


def test_every_check_has_its_receipt(tmp_path: Path) -> None:
    raws = []
    with closing(journal_in(tmp_path)) as journal:
        for place, (policy, verdict) in enumerate(
            zip(mixed(generate(30, seed=1)), cycle(verdicts()), strict=False)
        ):
            raw = journal.record(verdict, policy, moment(place))
            assert raw is not None
            raws.append(raw)
    said = [receipts.decode(raw) for raw in raws]
    assert [one.number for one in said] == list(range(1, 31))
    report = verify(tmp_path / "journal", load_verifier(key_in(tmp_path)))
    assert report.sound, report.findings
    assert report.count == 30
