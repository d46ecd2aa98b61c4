"""What is taken from a repository, and what is refused with a line that says why."""

from __future__ import annotations

import errno
import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from kiosk.demo.certificates import make_certificates
from kiosk.demo.fund_server import Fault, FundServer
from offline_cache.errors import (
    FetchError,
    RegisterSpaceError,
    RegisterWriteError,
    TrustError,
)
from offline_cache.fetch import Deadline
from offline_cache.fetch_folder import FolderSource
from offline_cache.fetch_http import HttpSource
from offline_cache.floor import Heights
from offline_cache.trust import TrustedRepository
from tests.offline_cache.fund import KEYS, Fund, now

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_mock import MockerFixture

NOTHING = Heights()


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    fund = Fund(tmp_path / "repository")
    fund.put("register/base-1", b"rows")
    fund.put("reference/calendar.csv", b"date\n")
    fund.sign("register", "reference", "snapshot", "timestamp")
    return fund


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "kiosk" / "trust"


def refreshed(
    place: Path | HttpSource,
    root: bytes,
    cache: Path,
    *,
    floor: Heights = NOTHING,
    at: datetime | None = None,
) -> TrustedRepository:
    source = place if isinstance(place, HttpSource) else FolderSource(place)
    repository = TrustedRepository(source, root, cache, Deadline(20))
    try:
        repository.refresh(floor, at or datetime.now(UTC))
        repository.target("register/base-1")
    finally:
        if isinstance(source, FolderSource):
            source.close()
    return repository


def test_a_good_repository_is_taken(fund: Fund, cache: Path) -> None:
    source = FolderSource(fund.folder)
    repository = TrustedRepository(source, fund.root, cache, Deadline(20))
    repository.refresh(NOTHING, now())
    assert repository.heights.versions == {
        "root": 1,
        "targets": 1,
        "register": 2,
        "reference": 2,
        "snapshot": 2,
        "timestamp": 2,
    }
    assert repository.heights.issued == datetime.fromisoformat(
        fund.metadata["timestamp"].signed.unrecognized_fields["x-issued"]
    )
    target = repository.target("register/base-1")
    assert target is not None
    assert (fund.folder / target.path).read_bytes() == b"rows"
    assert (target.length, target.name) == (4, "register/base-1")
    assert repository.target("register/base-2") is None
    assert repository.target("elsewhere/x") is None
    assert repository.names("reference") == ["reference/calendar.csv"]
    assert repository.names("nobody") == ()
    source.close()


def test_it_is_taken_over_https(fund: Fund, cache: Path, tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path / "certificates")
    with FundServer(fund.folder, certificates) as server:
        source = HttpSource(server.url, certificates.ca, "oms-kiosk/test")
        assert refreshed(source, fund.root, cache).heights.versions["timestamp"] == 2
        asked = len(server.requests)
        assert refreshed(source, fund.root, cache).heights.versions["timestamp"] == 2
        names = [path for path, _ in server.requests[asked:]]
        assert names == ["/metadata/2.root.json", "/metadata/timestamp.json"]
        source.close()


def break_signature(fund: Fund, role: str) -> None:
    path = fund.file_of(role)
    document = json.loads(path.read_bytes())
    for each in document["signatures"]:
        each["sig"] = "00" * 64
    path.write_bytes(json.dumps(document, separators=(",", ":")).encode())


def test_an_unsigned_timestamp_is_refused(fund: Fund, cache: Path) -> None:
    break_signature(fund, "timestamp")
    with pytest.raises(TrustError, match=r"timestamp\.json is not signed by enough of the keys"):
        refreshed(fund.folder, fund.root, cache)


@pytest.mark.parametrize("role", ["snapshot", "targets", "register"])
def test_another_file_than_was_signed_for_is_refused(fund: Fund, cache: Path, role: str) -> None:
    break_signature(fund, role)
    with pytest.raises(TrustError, match=rf"{role}\.json is not the file that was signed"):
        refreshed(fund.folder, fund.root, cache)


def test_a_wrong_key_is_refused(fund: Fund, cache: Path) -> None:
    fund.metadata["register"].signatures.clear()
    fund.metadata["register"].sign(KEYS["reference"][0])
    fund.write("register")
    fund.sign("snapshot", "timestamp")
    with pytest.raises(TrustError, match=r"register\.json is not signed by enough"):
        refreshed(fund.folder, fund.root, cache)


def test_a_root_below_its_threshold_is_refused(fund: Fund, cache: Path) -> None:
    fund.sign("root")
    for key in KEYS["root"][1:]:
        del fund.metadata["root"].signatures[key.public_key.keyid]
    fund.write("root")
    with pytest.raises(TrustError, match=r"2\.root\.json is not signed by enough"):
        refreshed(fund.folder, fund.root, cache)


def test_a_shipped_root_that_is_none_is_said(fund: Fund, cache: Path) -> None:
    with pytest.raises(TrustError, match="the root of trust is no signed metadata"):
        refreshed(fund.folder, b"{}", cache)


def test_new_roots_are_followed(fund: Fund, cache: Path) -> None:
    first = fund.root
    fund.sign("root")
    fund.sign("root")
    assert refreshed(fund.folder, first, cache).heights.versions["root"] == 3


@pytest.mark.parametrize("role", ["root", "targets", "register", "snapshot", "timestamp"])
def test_an_expired_role_is_named_with_its_day(fund: Fund, cache: Path, role: str) -> None:
    first = fund.root
    fund.lives[role] = timedelta(days=-3)
    fund.sign(*dict.fromkeys([role, "snapshot", "timestamp"]))
    since = f"{now() - timedelta(days=3):%Y-%m-%d}"
    with pytest.raises(TrustError, match=rf"signature of {role} has expired since {since}.*clock"):
        refreshed(fund.folder, first, cache)
    # Once more, with whatever of it is in the cache now.
    with pytest.raises(TrustError, match=rf"signature of {role} has expired since {since}"):
        refreshed(fund.folder, first, cache)


def test_a_rollback_is_refused(fund: Fund, cache: Path, tmp_path: Path) -> None:
    old = fund.copy(tmp_path / "old")
    fund.sign("register", "snapshot", "timestamp")
    refreshed(fund.folder, fund.root, cache)
    with pytest.raises(TrustError, match=r"timestamp\.json is older than what this kiosk has"):
        refreshed(old, fund.root, cache)


def test_the_floor_holds_without_any_cache(fund: Fund, cache: Path, tmp_path: Path) -> None:
    old = fund.copy(tmp_path / "old")
    fund.sign("register", "snapshot", "timestamp")
    floor = refreshed(fund.folder, fund.root, cache).heights
    shutil.rmtree(cache)
    with pytest.raises(TrustError, match="an older repository than this kiosk has seen"):
        refreshed(old, fund.root, cache, floor=floor)
    assert refreshed(fund.folder, fund.root, cache, floor=floor).heights == floor


def test_targets_are_out_of_reach_before_everything_was_proved(fund: Fund, cache: Path) -> None:
    source = FolderSource(fund.folder)
    repository = TrustedRepository(source, fund.root, cache, Deadline(20))
    with pytest.raises(TrustError):
        repository.refresh(Heights({"timestamp": 99}), now())
    with pytest.raises(RuntimeError):
        repository.target("register/base-1")
    source.close()


def test_a_clock_behind_a_signed_time_is_said(fund: Fund, cache: Path) -> None:
    with pytest.raises(TrustError, match="the clock is wrong"):
        refreshed(fund.folder, fund.root, cache, at=now() - timedelta(hours=1))
    passed = Heights(issued=now() + timedelta(hours=1))
    with pytest.raises(TrustError, match="an older repository than this kiosk has seen: issued"):
        refreshed(fund.folder, fund.root, cache, floor=passed)


def test_a_signed_time_is_required(fund: Fund, cache: Path) -> None:
    timestamp = fund.metadata["timestamp"]
    for value in (None, 5, "yesterday", ["2026"]):
        timestamp.signed.unrecognized_fields["x-issued"] = value
        timestamp.signed.version += 1
        timestamp.sign(KEYS["timestamp"][0])
        fund.write("timestamp")
        with pytest.raises(TrustError, match="does not say when it was issued"):
            refreshed(fund.folder, fund.root, cache)


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "register"])
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"[" * 500_000, id="nested-lists"),
        pytest.param(b'{"a":' * 100_000, id="nested-objects"),
        pytest.param(b'{"signed":' + b"[" * 900 + b"]" * 900 + b"}", id="nested-just-so"),
        pytest.param(b"1" * 100_000, id="a-number"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"null", id="null"),
        pytest.param(b"\xff\xfe", id="no-text"),
        pytest.param(b"<html>", id="a-page"),
        pytest.param(b'{"signed":{"_type":"timestamp"},"signatures":[]}', id="half"),
        pytest.param(b" " * 600_000, id="too-long"),
    ],
)
def test_nonsense_is_refused(fund: Fund, cache: Path, role: str, content: bytes) -> None:
    fund.file_of(role).write_bytes(content)
    with pytest.raises(TrustError, match=rf"{role}\.json"):
        refreshed(fund.folder, fund.root, cache)


def test_signed_nonsense_is_refused(fund: Fund, cache: Path) -> None:
    deep: list[Any] = []
    fund.metadata["register"].signed.unrecognized_fields["deep"] = deep
    for _ in range(300):
        deep.append(deep := [])
    fund.sign("register", "snapshot", "timestamp")
    assert refreshed(fund.folder, fund.root, cache).heights.versions["register"] == 3
    target = fund.metadata["register"].signed.targets["register/base-1"]
    target.hashes = {"sha512": "0" * 128}
    fund.sign("register", "snapshot", "timestamp")
    with pytest.raises(TrustError, match="has no SHA-256"):
        refreshed(fund.folder, fund.root, cache)


def test_a_missing_file_is_a_matter_of_fetching(fund: Fund, cache: Path) -> None:
    fund.file_of("snapshot").unlink()
    with pytest.raises(FetchError, match=r"2\.snapshot\.json: not there"):
        refreshed(fund.folder, fund.root, cache)


def test_faults_of_a_server_are_said(fund: Fund, cache: Path) -> None:
    with FundServer(fund.folder) as server:
        source = HttpSource(server.url, None, "oms-kiosk/test")
        for fault, kind, words in (
            (Fault.BROKEN, FetchError, "HTTP 500"),
            (Fault.CUT, FetchError, "broke"),
            (Fault.ENDLESS, TrustError, r"timestamp\.json: longer than it may be.*at most 16384"),
            (Fault.GARBAGE, TrustError, r"timestamp\.json is no signed metadata"),
        ):
            server.order("timestamp", fault, times=1)
            with pytest.raises(kind, match=words):
                refreshed(source, fund.root, cache)
        assert refreshed(source, fund.root, cache).heights.versions["timestamp"] == 2
        source.close()


def ruin_root_history(cache: Path) -> None:
    for path in (cache / "root_history").iterdir():
        path.write_bytes(b"garbage")


def test_a_cache_that_cannot_be_kept_is_a_matter_of_the_disk(
    fund: Fund, tmp_path: Path, mocker: MockerFixture
) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RegisterWriteError, match="file"):
        refreshed(fund.folder, fund.root, tmp_path / "file" / "trust")
    mocker.patch("os.replace", side_effect=OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(RegisterSpaceError, match="the disk is full"):
        refreshed(fund.folder, fund.root, tmp_path / "trust")


def replace_by_file(path: Path) -> None:
    shutil.rmtree(path)
    path.write_text("in the way")


@pytest.mark.parametrize(
    "ruin",
    [
        pytest.param(shutil.rmtree, id="deleted"),
        pytest.param(ruin_root_history, id="root-history-garbage"),
        pytest.param(lambda cache: replace_by_file(cache / "root_history"), id="history-a-file"),
        pytest.param(replace_by_file, id="cache-a-file"),
        pytest.param(
            lambda cache: ((cache / "root.json").unlink(), (cache / "root.json").mkdir()),
            id="root-a-folder",
        ),
        pytest.param(
            lambda cache: (
                (cache / "timestamp.json").unlink(),
                (cache / "timestamp.json").mkdir(),
            ),
            id="timestamp-a-folder",
        ),
        pytest.param(
            lambda cache: ((cache / "register.json").unlink(), (cache / "register.json").mkdir()),
            id="register-a-folder",
        ),
        pytest.param(
            lambda cache: [path.write_bytes(b"") for path in cache.glob("*.json")], id="emptied"
        ),
        pytest.param(
            lambda cache: [path.write_bytes(os.urandom(99)) for path in cache.glob("*.json")],
            id="garbage",
        ),
        pytest.param(lambda cache: (cache / "tmp123").write_bytes(b"x"), id="leftover"),
    ],
)
def test_a_ruined_cache_never_stops_an_update(
    fund: Fund, cache: Path, ruin: Callable[[Path], object]
) -> None:
    first = fund.root
    fund.sign("root")
    floor = refreshed(fund.folder, first, cache).heights
    ruin(cache)
    fund.sign("register", "snapshot", "timestamp")
    heights = refreshed(fund.folder, first, cache, floor=floor).heights
    assert heights.versions["timestamp"] == floor.versions["timestamp"] + 1
    assert not (cache / "tmp123").exists()
    again = refreshed(fund.folder, first, cache, floor=heights).heights
    assert again == heights
