"""The whole way from a fund's repository to the list that a kiosk asks, and what stops it."""

from __future__ import annotations

import fcntl
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kiosk.demo.certificates import make_certificates
from kiosk.demo.fund_server import Fault, FundServer
from offline_cache.assemble import How
from offline_cache.errors import (
    EndStateError,
    FetchError,
    GoldenPolicyError,
    KeyFileError,
    ManifestError,
    RegisterBusyError,
    RegisterSpaceError,
    RegisterWriteError,
    RowsFormatError,
    TrustError,
)
from offline_cache.floor import FloorStore, newest_signed_time
from offline_cache.format import KeyKind, Status
from offline_cache.freshness import FreshnessLimits
from offline_cache.layout import BASE_NAME, PREVIOUS_BASE_NAME, overlay_name
from offline_cache.manifest import EndState
from offline_cache.register import Register
from offline_cache.updater import Result, Step, UpdateOutcome, UpdateSettings, update
from tests.offline_cache.fund import FIRST_AS_OF, Fund, golden
from tests.offline_cache.samples import KEY, STATUSES, Changes, enp, write_rows

if TYPE_CHECKING:
    from pytest_mock import MockerFixture

    from offline_cache.errors import RegisterError

ROWS = 300


def rows(count: int = ROWS) -> Changes:
    return {n: STATUSES[n % len(STATUSES)] for n in range(count)}


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    fund = Fund(tmp_path / "repository")
    fund.golden = (golden(7, STATUSES[7]), golden(8, STATUSES[8]))
    fund.base(rows())
    return fund


@pytest.fixture
def settings(tmp_path: Path, fund: Fund) -> UpdateSettings:
    key_file = tmp_path / "register.key"
    key_file.write_bytes(bytes(range(32)).hex().encode())
    root_file = tmp_path / "root.json"
    root_file.write_bytes(fund.root)
    return UpdateSettings(tmp_path / "kiosk", key_file, root_file, fund.folder)


def updated(settings: UpdateSettings, how: How) -> UpdateOutcome:
    outcome = update(settings)
    assert (outcome.error, outcome.result, outcome.how) == (None, Result.UPDATED, how)
    return outcome


def refused(settings: UpdateSettings, kind: type[RegisterError], words: str) -> UpdateOutcome:
    before = files_of(settings)
    outcome = update(settings)
    assert outcome.result in {Result.REFUSED, Result.FAILED}
    assert isinstance(outcome.error, kind), outcome.error
    assert words in str(outcome.error)
    assert "\n" not in str(outcome.error)
    assert files_of(settings) == before, "the list in use must stay as it is"
    assert not list(settings.register.glob(".staging-*"))
    return outcome


def files_of(settings: UpdateSettings) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in settings.register.glob("[bo]*.sqlite")}


def answers(settings: UpdateSettings) -> dict[int, Status | None]:
    """What a kiosk answers about every number."""
    with Register.open(settings.register, KEY) as register:
        found = {n: register.find(KeyKind.ENP, enp(n)) for n in range(ROWS + 20)}
    return {n: entry.status for n, entry in found.items() if entry is not None}


def test_the_first_list_comes_as_a_base(fund: Fund, settings: UpdateSettings) -> None:
    outcome = updated(settings, How.BASE)
    assert (outcome.from_serial, outcome.serial) == (None, 1)
    assert outcome.as_of == FIRST_AS_OF + timedelta(days=1)
    base = fund.path_of("register/base-1")
    assert outcome.bytes == base.stat().st_size
    assert answers(settings) == fund.rows
    with Register.open(settings.register, KEY) as register:
        assert register.territories == ("78",)
        assert register.next_expected == FIRST_AS_OF + timedelta(days=2)
    assert list((settings.register / "download").iterdir()) == []


def test_a_list_that_is_here_is_current(settings: UpdateSettings) -> None:
    updated(settings, How.BASE)
    before = files_of(settings)
    outcome = update(settings)
    assert (outcome.result, outcome.how, outcome.bytes) == (Result.CURRENT, None, 0)
    assert (outcome.from_serial, outcome.serial) == (1, 1)
    assert files_of(settings) == before


def test_changes_come_as_deltas_and_a_running_kiosk_takes_them_up(
    fund: Fund, settings: UpdateSettings
) -> None:
    updated(settings, How.BASE)
    with Register.open(settings.register, KEY) as register:
        fund.change({1: Status.DEATH, 2: None, ROWS + 1: Status.CONFIRMED})
        fund.change({1: Status.CONFIRMED, 3: Status.EXPIRED})
        outcome = updated(settings, How.DELTAS)
        assert (outcome.from_serial, outcome.serial) == (1, 3)
        assert register.reopen_if_replaced()
        assert register.serial == 3
    fund.change({3: Status.CONFIRMED, 2: Status.CONFIRMED})
    updated(settings, How.DELTAS)
    assert answers(settings) == fund.rows
    assert update(settings).result is Result.CURRENT
    names = {path.name for path in settings.register.glob("*.sqlite")}
    assert names == {
        *(BASE_NAME, overlay_name(1), overlay_name(1, previous=True)),
        "state.sqlite",
    }


def test_a_new_base_comes_with_its_overlay_when_the_old_one_is_let_go(
    fund: Fund, settings: UpdateSettings
) -> None:
    updated(settings, How.BASE)
    fund.change({1: Status.DEATH})
    fund.add_base(2)
    fund.change({2: None})
    del fund.bases[1]
    fund.publish()
    outcome = updated(settings, How.BASE)
    assert (outcome.from_serial, outcome.serial) == (1, 3)
    assert answers(settings) == fund.rows
    assert (settings.register / PREVIOUS_BASE_NAME).exists()
    assert (settings.register / overlay_name(2)).exists()
    fund.change({5: Status.DEATH})
    updated(settings, How.DELTAS)
    assert answers(settings) == fund.rows


def test_a_gap_ends_in_a_base(fund: Fund, settings: UpdateSettings) -> None:
    updated(settings, How.BASE)
    fund.window = 2
    for n in range(4):
        fund.change({n: Status.DEATH})
    del fund.bases[1]
    fund.add_base(5)
    fund.publish()
    updated(settings, How.BASE)
    assert answers(settings) == fund.rows


def test_deltas_that_cost_more_than_the_base_are_not_fetched(
    fund: Fund, settings: UpdateSettings
) -> None:
    updated(settings, How.BASE)
    for status in (Status.DEATH, Status.CONFIRMED, Status.EXPIRED):
        fund.change(dict.fromkeys(range(20, ROWS), status))
    fund.add_base(4)
    fund.publish()
    updated(settings, How.BASE)
    assert answers(settings) == fund.rows


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"OMSROWS but nothing else", id="no-rows"),
        pytest.param(None, id="of-other-rows"),
    ],
)
def test_a_delta_that_does_not_lead_there_is_dropped_for_the_base(
    fund: Fund, settings: UpdateSettings, tmp_path: Path, content: bytes | None
) -> None:
    updated(settings, How.BASE)
    if content is None:
        content = write_rows(tmp_path / "other", {5: Status.DEATH})[0].read_bytes()
    fund.change({1: Status.DEATH}, content=content)
    fund.add_base(2)
    fund.publish()
    updated(settings, How.BASE)
    assert answers(settings) == fund.rows


def test_a_damaged_overlay_is_made_anew_from_its_base(fund: Fund, settings: UpdateSettings) -> None:
    updated(settings, How.BASE)
    fund.change({1: Status.DEATH})
    updated(settings, How.DELTAS)
    overlay = settings.register / overlay_name(1)
    for damage in (b"", overlay.read_bytes()[:4096]):
        overlay.write_bytes(damage)
        fund.change({2: None})
        updated(settings, How.DELTAS)
        assert answers(settings) == fund.rows


def test_a_damaged_base_is_fetched_again(fund: Fund, settings: UpdateSettings) -> None:
    updated(settings, How.BASE)
    fund.change({1: Status.DEATH})
    (settings.register / BASE_NAME).write_bytes(b"damaged")
    updated(settings, How.BASE)
    assert answers(settings) == fund.rows


def test_another_list_of_the_same_number_is_replaced(
    fund: Fund, settings: UpdateSettings, tmp_path: Path
) -> None:
    other = Fund(tmp_path / "other")
    other.base(rows(50))
    updated(replace(settings, place=other.folder), How.BASE)
    (settings.register / "state.sqlite").unlink()
    shutil.rmtree(settings.register / "trust")
    updated(settings, How.BASE)
    assert answers(settings) == fund.rows


def test_a_base_that_is_not_the_signed_one_is_refused(fund: Fund, settings: UpdateSettings) -> None:
    true = fund.bases[1]
    fund.bases[1] = EndState(true.rows, true.digest ^ 1)
    fund.publish()
    refused(settings, EndStateError, "not those that were signed")
    fund.bases[1] = true
    fund.put("register/base-1", b"nonsense")
    fund.publish()
    refused(settings, RowsFormatError, "")


def test_an_overlay_that_is_not_the_signed_one_is_refused(
    fund: Fund, settings: UpdateSettings
) -> None:
    updated(settings, How.BASE)
    fund.states[1] = EndState(1, 1)
    fund.change({1: Status.DEATH})
    outcome = refused(settings, EndStateError, "do not lead to the list that was signed")
    assert (outcome.result, outcome.serial, outcome.how) == (Result.REFUSED, 1, None)


@pytest.mark.parametrize(
    ("policies", "words"),
    [
        ((golden(7, Status.DEATH),), "golden policy 1 of 1 has another status"),
        ((golden(7, STATUSES[7]), golden(999, Status.DEATH)), "golden policy 2 of 2 is not found"),
        ((replace(golden(7, STATUSES[7]), surname="Другая"),), "1 of 1 is somebody else"),
    ],
)
def test_a_list_that_fails_its_golden_policies_is_refused(
    fund: Fund, settings: UpdateSettings, policies: Any, words: str
) -> None:
    updated(settings, How.BASE)
    fund.golden = policies
    fund.change({1: Status.DEATH})
    refused(settings, GoldenPolicyError, words)


def test_a_list_of_another_key_is_refused(settings: UpdateSettings) -> None:
    settings.key_file.write_bytes(bytes(32).hex().encode())
    refused(settings, GoldenPolicyError, "another key than this kiosk's")


def test_an_older_list_is_refused_whatever_is_signed(fund: Fund, settings: UpdateSettings) -> None:
    fund.change({1: Status.DEATH})
    updated(settings, How.BASE)
    fund.serial, fund.deltas = 1, []
    fund.publish()
    refused(settings, TrustError, "list 1, and list 2 has been")


def test_an_old_repository_is_refused_when_every_cache_is_lost(
    fund: Fund, settings: UpdateSettings, tmp_path: Path
) -> None:
    old = fund.copy(tmp_path / "old")
    fund.change({1: Status.DEATH})
    updated(settings, How.BASE)
    shutil.rmtree(settings.register / "trust")
    refused(replace(settings, place=old), TrustError, "an older repository than this kiosk has")
    # The floor lost as well: what is installed still tells.
    shutil.rmtree(settings.register / "trust")
    (settings.register / "state.sqlite").unlink()
    refused(replace(settings, place=old), TrustError, "list 1, and list 2 has been")
    shutil.rmtree(settings.register / "trust")
    assert update(settings).result is Result.CURRENT


def test_the_floor_rises_once_a_run(fund: Fund, settings: UpdateSettings) -> None:
    updated(settings, How.BASE)
    with FloorStore.open(settings.register) as store:
        first = store.read()
    assert first.serial == 1
    assert first.versions["register"] == fund.metadata["register"].signed.version
    assert newest_signed_time(settings.register) == first.issued
    fund.change({1: Status.DEATH})
    updated(settings, How.DELTAS)
    with FloorStore.open(settings.register) as store:
        second = store.read()
    assert second.serial == 2
    assert second.versions["timestamp"] == first.versions["timestamp"] + 1


def test_the_floor_remembers_what_a_broken_run_saw(fund: Fund, settings: UpdateSettings) -> None:
    fund.path_of("register/base-1").unlink()
    refused(settings, FetchError, "not there")
    with FloorStore.open(settings.register) as store:
        assert store.read().serial == 0
        assert store.read().versions["timestamp"] == fund.metadata["timestamp"].signed.version


def test_a_wrong_clock_is_said(settings: UpdateSettings) -> None:
    outcome = update(settings, now=lambda: datetime(1970, 1, 2, tzinfo=UTC))
    assert outcome.result is Result.REFUSED
    assert "the clock is wrong: it shows 1970-01-02" in str(outcome.error)
    late = replace(settings, not_before=datetime(2999, 1, 1, tzinfo=UTC))
    refused(late, TrustError, "2999-01-01 00:00 UTC has passed already")


def test_a_list_from_the_future_is_refused(fund: Fund, settings: UpdateSettings) -> None:
    fund.serial = 4000
    fund.add_base(4000)
    fund.publish()
    refused(settings, TrustError, "the clock is wrong")


def test_what_the_fund_says_of_age_reaches_the_register(
    fund: Fund, settings: UpdateSettings
) -> None:
    limits = FreshnessLimits(timedelta(hours=1), timedelta(hours=2), timedelta(hours=3))
    fund.freshness, fund.territories = limits, ("78", "47")
    fund.change({1: Status.DEATH})
    updated(settings, How.BASE)
    with Register.open(settings.register, KEY) as register:
        assert register.limits == limits
        assert register.territories == ("78", "47")


def test_reference_tables_are_replaced_whole_when_they_change(
    fund: Fund, settings: UpdateSettings
) -> None:
    folder = settings.register / "reference"
    fund.put("reference/calendar.csv", b"first\n")
    fund.put("reference/hotlines.csv", b"phones\n")
    fund.put("reference/Odd Name.csv", b"not for a file system\n")
    fund.publish()
    updated(settings, How.BASE)
    inode = (folder / "hotlines.csv").stat().st_ino
    fund.put("reference/calendar.csv", b"second\n")
    fund.publish()
    outcome = update(settings)
    assert (outcome.result, outcome.bytes) == (Result.CURRENT, 7)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "calendar.csv": b"second\n",
        "hotlines.csv": b"phones\n",
    }
    assert (folder / "hotlines.csv").stat().st_ino == inode


def test_a_table_that_fails_does_not_hold_the_list_back(
    fund: Fund, settings: UpdateSettings
) -> None:
    fund.put("reference/calendar.csv", b"first\n")
    fund.publish()
    fund.path_of("reference/calendar.csv").write_bytes(b"other\n")
    outcome = update(settings)
    assert (outcome.result, outcome.how, outcome.serial) == (Result.REFUSED, How.BASE, 1)
    assert "reference/calendar.csv" in str(outcome.error)
    assert answers(settings) == fund.rows


def test_a_stick_and_a_server_lead_to_the_same_list(
    fund: Fund, settings: UpdateSettings, tmp_path: Path
) -> None:
    certificates = make_certificates(tmp_path / "certificates")
    fund.copy(tmp_path / "stick" / "oms-register")
    with FundServer(fund.folder, certificates) as server:
        online = replace(
            settings, register=tmp_path / "one", place=server.url, ca_file=certificates.ca
        )
        by_stick = replace(settings, place=tmp_path / "stick")
        assert updated(online, How.BASE).serial == updated(by_stick, How.BASE).serial
        assert answers(online) == answers(by_stick)
        assert update(replace(by_stick, place=server.url, ca_file=certificates.ca)).error is None


def test_a_broken_download_goes_on_with_the_next_run(fund: Fund, settings: UpdateSettings) -> None:
    size = fund.path_of("register/base-1").stat().st_size
    with FundServer(fund.folder) as server:
        online = replace(settings, place=server.url)
        server.order("base-1", Fault.STALL)
        first = update(replace(online, deadline_seconds=1.0))
        assert first.result is Result.FAILED
        assert isinstance(first.error, FetchError)
        assert first.bytes == size // 2
        server.clear_faults()
        assert updated(online, How.BASE).bytes == size - size // 2


def test_progress_is_told(fund: Fund, settings: UpdateSettings) -> None:
    told: list[tuple[Step, int, int]] = []
    update(settings, lambda *at: told.append(at))
    size = fund.path_of("register/base-1").stat().st_size
    assert [step for step, *_ in dict.fromkeys((step,) for step, *_ in told)] == [*Step]
    assert (Step.DOWNLOAD, size, size) in told
    assert told[-1] == (Step.BUILD, ROWS, ROWS)


def test_two_updaters_do_not_meet(settings: UpdateSettings) -> None:
    updated(settings, How.BASE)
    with (settings.register / ".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused(settings, RegisterBusyError, "another process")
    assert update(settings).result is Result.CURRENT


def test_a_full_disk_is_said_before_the_download(
    settings: UpdateSettings, mocker: MockerFixture
) -> None:
    # No file system here is full on order.
    usage = mocker.Mock(free=1000)
    mocker.patch("shutil.disk_usage", return_value=usage)
    outcome = refused(settings, RegisterSpaceError, "MB are free")
    assert outcome.bytes == 0


def test_what_is_missing_on_the_kiosk_is_named(settings: UpdateSettings) -> None:
    refused(replace(settings, key_file=Path("/none")), KeyFileError, "key file /none")
    refused(replace(settings, root_file=Path("/none")), TrustError, "comes with enrolment")
    refused(replace(settings, place=Path("/none")), FetchError, "is the stick in?")
    (settings.register.parent / "file").write_bytes(b"")
    in_the_way = replace(settings, register=settings.register.parent / "file" / "register")
    refused(in_the_way, RegisterWriteError, "file")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"{}", ManifestError),
        (b"[" * 200_000, ManifestError),
        (b"x" * 300_000, TrustError),
    ],
)
def test_a_manifest_that_is_none_is_refused(
    fund: Fund, settings: UpdateSettings, content: bytes, kind: type[RegisterError]
) -> None:
    fund.publish(content)
    refused(settings, kind, "manifest")


def test_an_empty_repository_is_said(settings: UpdateSettings, tmp_path: Path) -> None:
    empty = Fund(tmp_path / "empty")
    refused(replace(settings, place=empty.folder), ManifestError, "holds no list yet")
