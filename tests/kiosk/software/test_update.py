"""`kiosk software update`: what is taken, what is refused, and what a kiosk then runs."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from kiosk.demo.certificates import make_certificates
from kiosk.demo.fund_server import Fault, FundServer
from kiosk.software import choice
from kiosk.software.errors import BuildError, BundleError, NotInstalledError
from kiosk.software.links import Phase, SwitchError, locked, point, read_state, write_state
from kiosk.software.rollback import back, trial
from kiosk.software.update import Result, update
from offline_cache.errors import FetchError, RegisterSpaceError, TrustError
from offline_cache.publisher.metadata import Published
from offline_cache.publisher.signing import KeyRing
from offline_cache.publisher.software import _Releases
from offline_cache.updater import Result as ListResult
from offline_cache.updater import UpdateSettings
from offline_cache.updater import update as update_list
from tests.kiosk.software.model import ModelMachine
from tests.kiosk.software.releases import (
    FIRST,
    SECOND,
    Fund,
    Kiosk,
    pack,
    plain_bundle,
    stub_builder,
)
from tests.kiosk.software.test_unpack import HOSTILE
from tests.offline_cache.offices import add_list, do_publish, entries

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(name="fund")
def _fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


@pytest.fixture(name="kiosk")
def _kiosk(tmp_path: Path, fund: Fund) -> Kiosk:
    return Kiosk(tmp_path / "kiosk", fund)


def test_the_newest_release_is_staged_beside_the_one_that_runs(fund: Fund, kiosk: Kiosk) -> None:
    assert kiosk.update().result is Result.CURRENT
    fund.release("1.0.5")
    fund.release(SECOND)
    outcome = kiosk.update()
    assert outcome.error is None
    assert (outcome.result, outcome.current, outcome.staged) == (Result.STAGED, FIRST, SECOND)
    assert (kiosk.current, kiosk.releases) == (FIRST, [FIRST, SECOND])
    state = read_state(kiosk.folder)
    assert (state.phase, state.version, state.trial_seconds) == (Phase.STAGED, SECOND, 60)
    # The next run finds it there.
    again = kiosk.update()
    assert (again.result, again.staged, again.bytes) == (Result.STAGED, SECOND, 0)


def test_over_https_and_from_a_server_that_breaks_off(
    fund: Fund, kiosk: Kiosk, tmp_path: Path
) -> None:
    certificates = make_certificates(tmp_path / "certificates")
    content = {**plain_bundle(SECOND), "wheels/big.whl": os.urandom(400_000)}
    fund.release(SECOND, pack(content))
    with FundServer(fund.repository, certificates) as server:
        settings = replace(kiosk.settings, place=server.url, ca_file=certificates.ca)
        server.order(".tar.gz", Fault.MISSING)
        broken = update(settings, builder=stub_builder)
        assert (broken.result, broken.staged) == (Result.FAILED, None)
        assert isinstance(broken.error, FetchError)
        server.clear_faults()
        server.order(".tar.gz", Fault.CUT, times=1)
        outcome = update(settings, builder=stub_builder)
    assert (outcome.error, outcome.staged) == (None, SECOND)
    assert outcome.bytes > 0


def unchanged(kiosk: Kiosk) -> bool:
    """Whether the first release runs and nothing waits."""
    waits = read_state(kiosk.folder).phase is not Phase.GOOD
    return kiosk.current == FIRST and kiosk.releases == [FIRST] and not waits


THEFTS = {
    "no signature": [],
    "one signature": ["software-1"],
    "one signature twice": ["software-1", "software-1 as software-2"],
    "keys of other roles": ["root-1", "root-2", "targets", "snapshot"],
}


@pytest.mark.parametrize("theft", THEFTS)
def test_whoever_has_the_online_keys_installs_nothing(
    fund: Fund, kiosk: Kiosk, theft: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thief of snapshot, timestamp and register, with less than two keys of the software."""
    fund.release(SECOND)
    office, keys = fund.office, KeyRing(fund.office)
    repository = _Releases.of(office, keys, after_pause=False)
    metadata: Any = repository.open("software")
    metadata.signed.version += 1
    (file,) = metadata.signed.targets.values()
    name = f"software/amd64/{SECOND}.tar.gz"
    assert name in metadata.signed.targets
    file.unrecognized_fields["custom"]["min_version"] = "0.0.1"
    metadata.signatures.clear()
    by_name = {each.name: each for each in office.settings.keys}
    for signer in THEFTS[theft]:
        real, _, shown = signer.partition(" as ")
        signature = keys.sign(by_name[real], metadata.signed_bytes)
        signature.keyid = by_name[shown or real].key_id
        metadata.signatures[signature.keyid] = signature
    monkeypatch.setattr(Published, "unverified", lambda _self: [])
    repository.take("software", metadata.to_bytes())
    repository.do_snapshot()
    repository.do_timestamp(force=True)
    repository.commit()
    outcome = kiosk.update()
    assert outcome.result is Result.REFUSED
    assert isinstance(outcome.error, TrustError)
    assert "not signed by enough" in str(outcome.error)
    assert unchanged(kiosk)


def test_other_boards_older_ones_and_steps_are_passed_over(fund: Fund, kiosk: Kiosk) -> None:
    fund.release("0.9.0")
    fund.release(FIRST, b"other bytes of the version that runs")
    fund.release("9.0.0", arch="arm64")
    fund.release("3.0.0", least="2.0.0")
    assert kiosk.update().result is Result.CURRENT
    assert unchanged(kiosk)
    other = replace(kiosk.settings, arch="arm64", folder=kiosk.folder)
    assert update(other, builder=stub_builder).staged == "9.0.0"


def test_a_step_in_between(fund: Fund, kiosk: Kiosk) -> None:
    fund.release(SECOND)
    fund.release("3.0.0", least=SECOND)
    assert kiosk.update().staged == SECOND


@pytest.mark.parametrize("custom", [None, {}, [], {"version": SECOND, "arch": "arm64"}, 7])
def test_a_release_that_does_not_say_what_it_is(
    fund: Fund, kiosk: Kiosk, custom: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    fund.release(SECOND)
    described = {f"software/amd64/{SECOND}.tar.gz": {"custom": custom}}
    monkeypatch.setattr("kiosk.software.update.described", lambda _trust: described)
    assert kiosk.update().result is Result.CURRENT
    assert unchanged(kiosk)


def test_a_repository_of_last_year(fund: Fund, kiosk: Kiosk, tmp_path: Path) -> None:
    shutil.copytree(fund.repository, tmp_path / "old")
    fund.release(SECOND)
    assert kiosk.update().staged == SECOND
    # Whatever became of TUF's own memory.
    shutil.rmtree(kiosk.settings.state / "trust")
    outcome = update(replace(kiosk.settings, place=tmp_path / "old"), builder=stub_builder)
    assert (outcome.result, outcome.current) == (Result.REFUSED, FIRST)
    assert "older repository than this kiosk has seen" in str(outcome.error)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_bundle_with_two_signatures(fund: Fund, kiosk: Kiosk, name: str) -> None:
    fund.release(SECOND, HOSTILE[name]() or b"0")
    outcome = kiosk.update()
    assert outcome.result is Result.REFUSED
    assert isinstance(outcome.error, BundleError)
    assert kiosk.bad == (SECOND,)
    assert unchanged(kiosk)
    # It is not even fetched again.
    again = kiosk.update()
    assert (again.result, again.bytes) == (Result.CURRENT, 0)


@pytest.mark.parametrize("other", [{"VERSION": b"9.9.9\n"}, {"ARCH": b"arm64\n"}])
def test_a_bundle_that_calls_itself_something_else(
    fund: Fund, kiosk: Kiosk, other: dict[str, bytes]
) -> None:
    fund.release(SECOND, pack({**plain_bundle(SECOND), **other}))
    assert isinstance(kiosk.update().error, BundleError)
    assert unchanged(kiosk)


@pytest.mark.parametrize("damage", ["short", "other", "missing", "long"])
def test_a_file_that_is_not_the_one_that_was_signed(fund: Fund, kiosk: Kiosk, damage: str) -> None:
    fund.release(SECOND)
    (path,) = (fund.repository / "targets" / "software" / "amd64").iterdir()
    content = path.read_bytes()
    changed = {"short": content[:-9], "other": bytes(len(content)), "long": content + b"0"}
    path.unlink() if damage == "missing" else path.write_bytes(changed[damage])
    outcome = kiosk.update()
    assert outcome.result in {Result.REFUSED, Result.FAILED}
    assert isinstance(outcome.error, TrustError | FetchError)
    assert unchanged(kiosk)
    # Nothing is remembered against the release itself.
    path.write_bytes(content)
    assert kiosk.update().staged == SECOND


def test_lists_and_software_fail_separately(fund: Fund, kiosk: Kiosk, tmp_path: Path) -> None:
    add_list(fund.office, 1, entries(20))
    do_publish(fund.office)
    fund.release(SECOND)
    (tmp_path / "key").write_text(bytes(range(32)).hex(), "ascii")
    lists = UpdateSettings(tmp_path / "list", tmp_path / "key", fund.root, fund.repository)
    metadata = fund.repository / "metadata"
    for role, which in (("register", "list"), ("software", "software")):
        (newest,) = sorted(metadata.glob(f"*.{role}.json"))[-1:]
        kept = newest.read_bytes()
        newest.write_bytes(b"{}")
        for folder in (lists.register, kiosk.settings.state):
            shutil.rmtree(folder, ignore_errors=True)
        assert (update_list(lists).result is ListResult.UPDATED) == (which == "software")
        assert (kiosk.update().staged == SECOND) == (which == "list")
        newest.write_bytes(kept)


def test_a_release_that_cannot_be_built_is_tried_again(fund: Fund, kiosk: Kiosk) -> None:
    fund.release(SECOND)

    def fail(staged: Path, _final: Path) -> None:
        (staged / "half").write_bytes(bytes(100))
        raise BuildError("no room for wheels")

    outcome = kiosk.update(fail)
    assert (outcome.result, str(outcome.error)) == (Result.FAILED, "no room for wheels")
    assert unchanged(kiosk)
    # What was fetched need not be fetched again.
    again = kiosk.update()
    assert (again.staged, again.bytes, kiosk.bad) == (SECOND, 0, ())


def test_a_full_disk(fund: Fund, kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch) -> None:
    fund.release(SECOND)
    full = os.statvfs_result((4096, 4096, 10, 0, 0, 10, 10, 10, 0, 255))
    with monkeypatch.context() as patch:
        patch.setattr(os, "statvfs", lambda _path: full)
        outcome = kiosk.update()
    assert isinstance(outcome.error, RegisterSpaceError)
    assert unchanged(kiosk)
    assert kiosk.update().staged == SECOND


def test_a_withdrawn_release_is_not_tried(fund: Fund, kiosk: Kiosk) -> None:
    fund.release(SECOND)
    assert kiosk.update().staged == SECOND
    repository = _Releases.of(fund.office, KeyRing(fund.office), after_pause=False)
    repository.name_files("software", [])
    repository.do_snapshot()
    repository.do_timestamp(force=True)
    repository.commit()
    assert kiosk.update().result is Result.CURRENT
    assert read_state(kiosk.folder).phase is Phase.GOOD
    kiosk.update()
    assert unchanged(kiosk)


def test_a_newer_release_takes_the_place_of_one_that_waits(fund: Fund, kiosk: Kiosk) -> None:
    fund.release(SECOND)
    assert kiosk.update().staged == SECOND
    fund.release("1.2.0")
    assert kiosk.update().staged == "1.2.0"
    kiosk.update()
    assert kiosk.releases == [FIRST, "1.2.0"]


def test_a_way_back_does_not_wait_for_a_slow_download(fund: Fund, kiosk: Kiosk) -> None:
    fund.release(SECOND)
    assert kiosk.update().staged == SECOND
    assert trial(kiosk.folder, ModelMachine(kiosk.folder))
    fund.release("1.2.0")

    def meanwhile(staged: Path, final: Path) -> None:
        assert back(kiosk.folder, ModelMachine(kiosk.folder)) == FIRST
        stub_builder(staged, final)

    outcome = kiosk.update(meanwhile)
    assert "another release runs since" in str(outcome.error)
    assert (kiosk.current, kiosk.bad, kiosk.releases) == (FIRST, (SECOND,), [FIRST])
    assert kiosk.update().staged == "1.2.0"


def test_not_now(fund: Fund, kiosk: Kiosk) -> None:
    fund.release(SECOND)
    with locked(kiosk.folder, name=".update.lock"):
        assert isinstance(kiosk.update().error, SwitchError)
    write_state(kiosk.folder, replace(read_state(kiosk.folder), phase=Phase.TRIAL))
    assert "on trial" in str(kiosk.update().error)


@pytest.mark.parametrize("lack", ["folder", "current", "version"])
def test_nothing_is_installed(kiosk: Kiosk, lack: str) -> None:
    match lack:
        case "folder":
            shutil.rmtree(kiosk.folder)
        case "current":
            (kiosk.folder / "current").unlink()
        case _:
            old = kiosk.folder / "releases" / FIRST
            (old / "VERSION").write_text("1.0rc1\n", "utf-8")
            old.rename(old.with_name("1.0rc1"))
            point(kiosk.folder, "current", "1.0rc1")
    outcome = kiosk.update()
    assert outcome.result is Result.FAILED
    assert isinstance(outcome.error, NotInstalledError)


def test_wrong_clocks(fund: Fund, kiosk: Kiosk) -> None:
    fund.release(SECOND)
    long_ago = datetime(1970, 1, 1, tzinfo=UTC)
    outcome = update(kiosk.settings, builder=stub_builder, now=lambda: long_ago)
    assert outcome.result is Result.REFUSED
    assert unchanged(kiosk)
    soon = replace(kiosk.settings, not_before=datetime.now(UTC) + timedelta(days=1))
    assert "clock is wrong" in str(update(soon, builder=stub_builder).error)


def test_this_machine_has_a_name() -> None:
    assert choice.this_arch() in {"", "amd64", "arm64"}
