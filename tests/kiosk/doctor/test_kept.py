"""What the kiosk keeps: its list, floor, second looks, receipts, secrets, repairs."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.clock import Clock
from kiosk.config import Config
from kiosk.config_sections import JournalSection, RegisterSection, SecondLookSection
from kiosk.demo.people import person
from kiosk.doctor.lists import look_at_floor, look_at_register
from kiosk.doctor.machine import Machine
from kiosk.doctor.rights import look_at_secrets
from kiosk.doctor.stores import look_at_journal, look_at_queue, look_at_repairs
from kiosk.journal.journal import Journal
from kiosk.journal.keys import make_key
from kiosk.second_look.queue import SecondLookQueue
from offline_cache.floor import STATE_NAME, FloorStore, Heights
from offline_cache.layout import BASE_NAME, PREVIOUS_BASE_NAME
from tests.kiosk.doctor.looking import as_nobody, looked, made, words
from tests.kiosk.second_look.samples import KEY, NOW, chip
from tests.offline_cache.samples import AS_OF, build, row


def at(hours: float) -> Machine:
    """A machine whose clock is so many hours behind the list's date."""
    moment = AS_OF + timedelta(hours=hours)
    clock = Clock(moment.timestamp)
    # This release is younger than the list of these tests.
    clock._floor = AS_OF - timedelta(days=1)
    return Machine(clock=clock)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    build(folder, [row(n) for n in range(50)], serial=7)
    return folder


@pytest.fixture
def config(tmp_path: Path, built: Path) -> Config:
    shutil.copytree(built, tmp_path / "register")
    (tmp_path / "key").write_bytes(bytes(range(32)))
    (tmp_path / "key").chmod(0o640)
    return Config(register=RegisterSection(dir=tmp_path / "register", key_file=tmp_path / "key"))


def base_of(config: Config) -> Path:
    assert config.register.dir is not None
    return config.register.dir / BASE_NAME


@pytest.mark.parametrize(
    ("hours", "code"),
    [
        (1, "ok"),
        (30, "list-ageing"),
        (100, "list-stale"),
        (24 * 15, "list-too-old"),
        (-30, "list-age-unknown"),
    ],
)
def test_the_age_of_a_list(config: Config, hours: float, code: str) -> None:
    assert looked(look_at_register, config, at(hours)) == {"register": "ok", "list age": code}


def test_a_list_that_is_missing(config: Config) -> None:
    base_of(config).unlink()
    assert looked(look_at_register, config) == {"register": "list-missing"}


def test_a_list_of_another_key(config: Config) -> None:
    assert config.register.key_file is not None
    config.register.key_file.write_bytes(bytes(32))
    assert looked(look_at_register, config) == {"register": "list-other-key"}
    config.register.key_file.write_bytes(b"short")
    assert looked(look_at_register, config) == {"register": "key-unusable"}
    config.register.key_file.unlink()
    assert looked(look_at_register, config) == {"register": "key-unusable"}


def test_a_list_that_is_damaged(config: Config) -> None:
    base = base_of(config)
    kept = base.read_bytes()
    base.write_bytes(b"rubbish" * 1000)
    assert looked(look_at_register, config) == {"register": "list-damaged"}
    base.with_name(PREVIOUS_BASE_NAME).write_bytes(kept)
    found = looked(look_at_register, config, at(1))
    assert found == {"register": "list-previous-used", "list age": "ok"}


def test_without_a_register() -> None:
    assert looked(look_at_register) == {"register": "not-applicable"}
    assert looked(look_at_floor) == {"floor": "not-applicable"}


def test_the_floor(config: Config) -> None:
    folder = config.register.dir
    assert folder is not None
    assert looked(look_at_floor, config) == {"floor": "not-applicable"}
    with FloorStore.open(folder) as store:
        store.rise(Heights({"root": 1}, 7, AS_OF))
    before = sorted(os.listdir(folder))  # noqa: PTH208  # the names alone
    assert looked(look_at_floor, config) == {"floor": "ok"}
    assert "31 Mar 2026" in words(look_at_floor, config)
    assert sorted(os.listdir(folder)) == before  # noqa: PTH208
    (folder / STATE_NAME).write_bytes(b"rubbish" * 1000)
    assert looked(look_at_floor, config) == {"floor": "floor-damaged"}


@pytest.fixture
def looks(tmp_path: Path, config: Config) -> Config:
    return replace(config, second_look=SecondLookSection(dir=tmp_path / "looks", most=10))


def test_second_looks_that_wait(looks: Config) -> None:
    folder = looks.second_look.dir
    assert folder is not None
    assert looked(look_at_queue, looks) == {"second looks": "ok"}
    assert not folder.exists()
    queue = SecondLookQueue(folder, KEY, most=10)
    try:
        for slug in ("plain_man", "plain_woman"):
            assert queue.add(chip(person(slug)), "no_list", NOW)
        # The kiosk has the file open.
        assert looked(look_at_queue, looks) == {"second looks": "ok"}
        assert words(look_at_queue, looks).startswith("2 wait, the oldest for")
        full = replace(looks, second_look=replace(looks.second_look, most=2))
        assert looked(look_at_queue, full) == {"second looks": "queue-full"}
    finally:
        queue.close()
    assert words(look_at_queue, looks).startswith("2 wait, the oldest for")


def test_second_looks_that_are_damaged(looks: Config) -> None:
    folder = looks.second_look.dir
    assert folder is not None
    folder.mkdir()
    (folder / "second-look.db").write_bytes(b"rubbish" * 1000)
    assert looked(look_at_queue, looks) == {"second looks": "queue-unusable"}
    (folder / "second-look.db.damaged").write_bytes(b"")
    assert looked(look_at_queue, looks) == {"second looks": "queue-damaged"}
    assert looked(look_at_queue) == {"second looks": "not-applicable"}


def test_receipts(tmp_path: Path) -> None:
    folder, key = tmp_path / "journal", tmp_path / "journal-key.pem"
    config = Config(journal=JournalSection(dir=folder, key_file=key))
    folder.write_text("", encoding="ascii")
    assert looked(look_at_journal, config) == {
        "journal key": "journal-key",
        "journal": "journal-unreadable",
    }
    make_key(key)
    folder.unlink()
    assert looked(look_at_journal, config) == {"journal key": "ok", "journal": "ok"}
    folder.mkdir()
    assert looked(look_at_journal, config) == {"journal key": "ok", "journal": "ok"}
    journal = Journal(folder, key, None, "0001")
    journal.tidy(Clock().now())
    assert "0 receipts" in words(look_at_journal, config)
    journal.close()
    assert looked(look_at_journal, config) == {"journal key": "ok", "journal": "ok"}
    (folder / "journal.db").write_bytes(b"rubbish" * 1000)
    assert looked(look_at_journal, config)["journal"] == "journal-damaged"
    (folder / "journal.db.damaged").write_bytes(b"")
    assert looked(look_at_journal, config)["journal"] == "journal-set-aside"
    os.truncate(folder / "journal.db.damaged", 230_000_000)
    small = replace(config, journal=replace(config.journal, most_megabytes=1))
    assert "230.0 of at most 1 MB" in words(look_at_journal, small)
    assert looked(look_at_journal) == {"journal": "not-applicable"}


@pytest.mark.parametrize(
    ("mode", "code"),
    [(0o640, "ok"), (0o600, "ok"), (0o644, "secret-open"), (0o660, "secret-writable")],
)
def test_who_may_read_secrets(config: Config, mode: int, code: str) -> None:
    assert config.register.key_file is not None
    config.register.key_file.chmod(mode)
    assert looked(look_at_secrets, config) == {"secret [register] key_file": code}


def test_a_secret_that_the_kiosk_may_not_read() -> None:
    mine = Path("/etc/shadow")
    config = Config(register=RegisterSection(dir=mine.parent, key_file=mine))
    name = "secret [register] key_file"
    assert as_nobody(lambda: looked(look_at_secrets, config)) == {name: "secret-unreadable"}
    gone = Config(register=RegisterSection(dir=mine.parent, key_file=mine / "gone"))
    assert looked(look_at_secrets, gone) == {name: "secret-missing"}
    assert looked(look_at_secrets) == {"secret files": "not-applicable"}


def test_repairs_since_boot(tmp_path: Path) -> None:
    assert looked(look_at_repairs, machine=made(tmp_path, {})) == {"repairs": "not-applicable"}
    quiet = made(tmp_path, {"/run/oms-kiosk/repairs": ""})
    assert looked(look_at_repairs, machine=quiet) == {"repairs": "ok"}
    lines = "10.0 reader restart_pcscd\n40.0 reader restart_pcscd\nrubbish\n"
    busy = made(tmp_path, {"/run/oms-kiosk/repairs": lines})
    assert looked(look_at_repairs, machine=busy) == {"repairs": "repairs-made"}
    assert "reader restart_pcscd 2 times" in words(look_at_repairs, machine=busy)
