"""Checkpoints of the journal that leave the kiosk with an update."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from kiosk.checkpoints import FILE_NAME, STICK_FOLDER, leave_on_stick, publish, user_agent
from kiosk.clock import Moment
from kiosk.config import Config
from kiosk.config_sections import JournalSection, KioskSection
from kiosk.families import CouldNotCheck
from kiosk.journal import statement
from kiosk.journal.journal import Journal
from kiosk.journal.keys import make_key
from kiosk.reasons import CouldNotCheckReason
from tests.kiosk.cases import POLICY

if TYPE_CHECKING:
    from pathlib import Path

MOMENT = Moment(datetime(2026, 11, 22, 12, 0, tzinfo=UTC), trusted=True)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A kiosk that has checked two documents."""
    key_file = tmp_path / "journal.pem"
    make_key(key_file)
    journal = Journal(tmp_path / "journal", key_file, None, "0412")
    for _ in range(2):
        journal.record(CouldNotCheck(CouldNotCheckReason.NO_LIST), POLICY, MOMENT)
    journal.close()
    section = JournalSection(tmp_path / "journal", key_file)
    return Config(kiosk=KioskSection(id="0412"), journal=section)


def test_over_the_network_it_stands_in_the_servers_log(config: Config) -> None:
    found = re.fullmatch(r"oms-kiosk/\S+ \(checkpoint ([\w-]+)\)", user_agent(config))
    assert found is not None
    raw = base64.urlsafe_b64decode(found[1] + "=" * (-len(found[1]) % 4))
    assert statement.decode(raw).number == 2


def test_on_a_stick_it_is_a_file(config: Config, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    file = leave_on_stick(config, stick)
    assert file == stick / STICK_FOLDER / "0412-000000000002.json"
    assert statement.decode(statement.from_file(file.read_bytes())).kiosk == "0412"


def test_what_was_put_out_is_what_leaves(config: Config) -> None:
    """The updater may not read the journal itself."""
    assert config.journal.dir is not None
    assert config.journal.key_file is not None
    journal = Journal(config.journal.dir, config.journal.key_file, None, "0412")
    publish(journal)
    journal.record(CouldNotCheck(CouldNotCheckReason.NO_LIST), POLICY, MOMENT)
    journal.close()
    file = config.journal.dir / FILE_NAME
    assert file.stat().st_mode & 0o777 == 0o640
    before = user_agent(config)
    file.unlink()
    assert "checkpoint" in before
    assert user_agent(config) != before


def test_without_a_journal_nothing_is_said(tmp_path: Path) -> None:
    assert "checkpoint" not in user_agent(Config())
    assert leave_on_stick(Config(), tmp_path) is None
    nowhere = Config(journal=JournalSection(tmp_path / "none", tmp_path / "key"))
    assert "checkpoint" not in user_agent(nowhere)


def test_a_stick_that_takes_nothing_stops_no_update(config: Config, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.write_bytes(b"no folder")
    assert leave_on_stick(config, stick) is None
