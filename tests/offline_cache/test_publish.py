"""What is published is what a real TUF client reads, at every moment."""

from __future__ import annotations

import errno
import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from offline_cache.errors import (
    OfficeError,
    RegisterSpaceError,
    RegisterWriteError,
)
from offline_cache.format import Status
from offline_cache.manifest import EndState
from offline_cache.publisher import durable, repository
from offline_cache.publisher.delta import fold
from offline_cache.publisher.lists import OfficeLists
from offline_cache.publisher.metadata import Published
from offline_cache.publisher.office import Office
from offline_cache.wire import RowsReader
from tests.offline_cache.offices import AS_OF, Client, add_list, do_publish, entries, make_office

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(name="office")
def _office(tmp_path: Path) -> Office:
    return make_office(tmp_path / "office")


@pytest.fixture(name="client")
def _client(tmp_path: Path, office: Office) -> Client:
    return Client(tmp_path / "client", office.repository)


def files_in(office: Office, folder: str) -> set[str]:
    """Names below a folder of the repository, without the hashes in front."""
    paths = (office.repository / folder).rglob("*")
    return {path.name.partition(".")[2] for path in paths if path.is_file()}


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    """Let the publisher's clock stand at `moment`."""
    monkeypatch.setattr(repository, "now", lambda: moment.replace(microsecond=0))


def test_the_first_list_is_published_whole(office: Office, client: Client) -> None:
    about = add_list(office, 1, entries(20))
    outcome = do_publish(office)
    assert (outcome.serial, outcome.new_list, outcome.why_base) == (1, True, "the first list")
    manifest = client.manifest(office.repository)
    assert manifest.base.state == about.state
    assert manifest.overlays == {1: EndState(0, 0)}
    assert (manifest.deltas, manifest.as_of) == ((), about.as_of)
    assert manifest.territories == ("78",)
    rows = OfficeLists(office.folder).rows_path(1).read_bytes()
    assert client.get(office.repository, "register/base-1") == rows


def test_the_second_as_a_delta(office: Office, client: Client) -> None:
    add_list(office, 1, entries(30))
    do_publish(office)
    client.refresh(office.repository)
    add_list(office, 2, entries(31, n3=Status.ANNULLED))
    outcome = do_publish(office)
    assert outcome.why_base is None
    manifest = client.manifest(office.repository)
    assert (manifest.serial, manifest.base.serial) == (2, 1)
    assert manifest.overlays == {1: manifest.deltas[0].state}
    assert manifest.deltas[0].state.rows == 2
    assert client.get(office.repository, "register/delta-1-2") is not None
    assert client.get(office.repository, "register/base-2") is None


def test_overlays_are_what_folding_gives(office: Office, client: Client, tmp_path: Path) -> None:
    """A kiosk that folds the deltas ends where the manifest says; also when the cache is lost."""
    content = entries(40)
    manifest = None
    for serial in range(1, 6):
        content = dict(content)
        content[serial] = Status.ANNULLED
        content[100 + serial] = Status.CONFIRMED
        content.pop(99 + serial, None)
        add_list(office, serial, content)
        if serial == 4:
            shutil.rmtree(office.overlays)
        do_publish(office)
        manifest = client.manifest(office.repository)
        parts = []
        for delta in manifest.chain(1) or ():
            parts.append(tmp_path / f"{delta.before}")
            parts[-1].write_bytes(client.get(office.repository, delta.target) or b"")
        folded = fold(parts, tmp_path / "folded") if parts else EndState(0, 0)
        assert folded == manifest.overlays[1]
    assert manifest is not None
    assert len(manifest.deltas) == 4


def test_lists_that_were_not_published_are_stepped_over(office: Office, client: Client) -> None:
    for serial in (1, 2, 3):
        add_list(office, serial, entries(40 + serial))
        if serial != 2:
            do_publish(office)
    manifest = client.manifest(office.repository)
    assert [(delta.before, delta.after) for delta in manifest.deltas] == [(1, 3)]


def test_forty_deltas_and_two_bases_are_kept(office: Office, client: Client) -> None:
    for serial in range(1, 47):
        add_list(office, serial, entries(200 + serial))
        do_publish(office)
        manifest = client.manifest(office.repository)
        assert manifest.serial == serial
        assert len(manifest.deltas) == min(serial - 1, 40)
        assert manifest.chain(manifest.base.serial) is not None
        assert len(manifest.overlays) <= 2
        for base, state in manifest.overlays.items():
            changed = manifest.chain(base)
            assert changed is not None
            assert state.rows == sum(delta.state.rows for delta in changed)
    # The first base fell out of the window when the 41st delta came.
    manifest = client.manifest(office.repository)
    assert set(manifest.overlays) == {42}
    assert manifest.base.as_of == AS_OF + timedelta(hours=42)
    # What left the manifest with the last publish is still there, and nothing older.
    names = files_in(office, "targets")
    window = {f"delta-{before}-{before + 1}" for before in range(5, 46)}
    assert names == {"base-42", "manifest.json", *window}
    assert len(list((office.repository / "metadata").glob("*.register.json"))) == 2
    assert len(list((office.repository / "metadata").glob("*.snapshot.json"))) == 2
    assert OfficeLists(office.folder).serials() == (45, 46)
    assert len(list(office.overlays.iterdir())) == 1


@pytest.mark.parametrize(
    ("days", "size", "key", "why"),
    [
        pytest.param(13, 41, "old", None, id="not-yet"),
        pytest.param(14, 41, "old", "14 days old", id="old"),
        pytest.param(1, 41, "new", "register key changed", id="key"),
    ],
)
def test_when_a_list_is_a_base_too(
    office: Office, client: Client, days: int, size: int, key: str, why: str | None
) -> None:
    add_list(office, 1, entries(40), as_of=AS_OF, key_check="old")
    do_publish(office)
    later = AS_OF + timedelta(days=days)
    add_list(office, 2, entries(size), as_of=later, key_check=key)
    outcome = do_publish(office)
    manifest = client.manifest(office.repository)
    assert (outcome.why_base is not None) is (why is not None)
    assert why is None or why in (outcome.why_base or "")
    assert manifest.base.serial == (1 if why is None else 2)
    # With another key the old base cannot go on; without one it can.
    assert set(manifest.overlays) == ({2} if key == "new" else {1} if why is None else {1, 2})
    assert len(manifest.deltas) == (0 if key == "new" else 1)
    assert (client.get(office.repository, "register/base-1") is None) is (key == "new")


def test_many_changes_make_a_new_base(office: Office, client: Client) -> None:
    """Each list moves within the gates, but the overlay grows past a quarter of the base."""
    clinics = dict.fromkeys(range(1, 101), Status.CONFIRMED)
    reasons = []
    for serial in range(1, 9):
        add_list(office, serial, clinics)
        reasons.append(do_publish(office).why_base)
        for number in range(serial * 4, serial * 4 + 4):
            clinics[number] = Status.ANNULLED
    assert reasons[1:7] == [None] * 6
    assert "28 changes since base 1: over a quarter" in str(reasons[7])
    assert set(client.manifest(office.repository).overlays) == {1, 8}


def test_with_nothing_new_the_timestamp_is_renewed(office: Office, client: Client) -> None:
    add_list(office, 1, entries(20))
    do_publish(office)
    files = {path: path.read_bytes() for path in office.repository.rglob("*.register.json")}
    outcome = do_publish(office)
    assert (outcome.new_list, outcome.signed) == (False, ("timestamp",))
    assert outcome.timestamp_version == 3
    assert files == {path: path.read_bytes() for path in office.repository.rglob("*.register.json")}
    assert client.manifest(office.repository).serial == 1


def test_the_timestamp_says_when_it_was_issued(office: Office) -> None:
    do_publish(office)
    document = json.loads((office.repository / "metadata" / "timestamp.json").read_bytes())
    issued = datetime.fromisoformat(document["signed"]["x-issued"])
    assert abs(datetime.now(UTC) - issued) < timedelta(minutes=1)
    expires = datetime.fromisoformat(document["signed"]["expires"])
    assert expires - issued == timedelta(days=1)


def test_what_is_half_through_its_life_is_renewed(
    office: Office, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = datetime.now(UTC)
    at(monkeypatch, start + timedelta(days=14))
    assert do_publish(office).signed == ("timestamp",)
    at(monkeypatch, start + timedelta(days=16))
    assert do_publish(office).signed == ("register", "snapshot", "timestamp")
    at(monkeypatch, start + timedelta(days=170))
    shutil.rmtree(office.folder / "keys" / "offline")
    signed = do_publish(office, after_pause=True).signed
    assert set(signed) == {"register", "reference", "snapshot", "timestamp"}
    assert client.get(office.repository, "register/manifest.json") is None


def test_offline_roles_are_renewed_when_their_medium_is_there(
    office: Office, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, datetime.now(UTC) + timedelta(days=200))
    assert "targets" in do_publish(office, after_pause=True).signed
    published = Published.load(office.repository)
    assert published.unverified() == []
    assert published.root.version == 2
    client.refresh(office.repository)


def test_a_clock_that_went_back_is_noticed(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, datetime.now(UTC) - timedelta(hours=1))
    with pytest.raises(OfficeError, match="set the clock"):
        do_publish(office)


def test_a_clock_that_jumped_ahead_is_not_signed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every kiosk would take the future for its floor, and could not be brought back from it."""
    at(monkeypatch, datetime.now(UTC) + timedelta(days=22))
    with pytest.raises(OfficeError, match=r"set the clock, or if it is right: .*--after-pause"):
        do_publish(office)
    assert Published.load(office.repository).timestamp.version == 1
    do_publish(office, after_pause=True)


class _CrashError(Exception):
    """The machine stops here."""


def crash_at(monkeypatch: pytest.MonkeyPatch, step: int) -> list[Path]:
    """Stop before the file of number `step` gets its name."""
    put = durable.put
    done: list[Path] = []

    def crashing(staged: Path, path: Path) -> None:
        if len(done) == step:
            raise _CrashError
        done.append(path)
        put(staged, path)

    monkeypatch.setattr(durable, "put", crashing)
    return done


def test_a_crash_between_any_two_steps(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_list(office, 1, entries(40))
    do_publish(office)
    add_list(office, 2, entries(41), as_of=AS_OF + timedelta(days=20))
    step = 0
    finished = False
    done: list[Path] = []
    while not finished:
        copy = Office(tmp_path / f"crash-{step}", office.settings)
        shutil.copytree(office.folder, copy.folder)
        seen = Client(tmp_path / f"client-{step}", office.repository)
        seen.refresh(office.repository)
        with monkeypatch.context() as patch:
            done = crash_at(patch, step)
            try:
                do_publish(copy)
                finished = True
            except _CrashError:
                assert len(done) == step
        for client in (seen, Client(tmp_path / f"newcomer-{step}", office.repository)):
            manifest = client.manifest(copy.repository)
            assert manifest.serial == (2 if finished else 1)
            for target in (manifest.base.target, *(each.target for each in manifest.deltas)):
                assert client.get(copy.repository, target) is not None
        do_publish(copy)
        assert seen.manifest(copy.repository).serial == 2
        assert Published.load(copy.repository).unverified() == []
        step += 1
    # Base, delta, manifest, register, snapshot, and timestamp last.
    assert step == 7
    assert done[-1].name == "timestamp.json"
    assert [path.name.partition(".")[2] for path in done[:3]] == [
        *("delta-1-2", "base-2", "manifest.json"),
    ]


def test_names_refer_only_to_what_is_on_the_disk(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before timestamp.json names a state, every file of it is in place and whole."""
    add_list(office, 1, entries(20))
    put = durable.put
    checked = []

    def look(staged: Path, path: Path) -> None:
        put(staged, path)
        published = Published.load(office.repository)
        assert published.unverified() == []
        for file in published.files().values():
            measured = durable.measure(file.place(office.repository))
            assert (measured.length, measured.sha256) == (file.length, file.sha256)
        checked.append(path)

    monkeypatch.setattr(durable, "put", look)
    do_publish(office)
    assert checked[-1].name == "timestamp.json"


def test_a_full_disk_is_said_in_words(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    add_list(office, 1, entries(20))
    put = durable.put
    calls = []

    def full(staged: Path, path: Path) -> None:
        calls.append(path)
        if len(calls) == 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        put(staged, path)

    with monkeypatch.context() as patch:
        patch.setattr(durable, "put", full)
        with pytest.raises(RegisterSpaceError, match="the disk is full; make room") as caught:
            do_publish(office)
    assert "\n" not in str(caught.value)
    assert do_publish(office).serial == 1


def test_too_little_room_is_seen_before(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    add_list(office, 1, entries(20))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 1000))
    with pytest.raises(RegisterSpaceError, match="MB are free"):
        do_publish(office)
    assert files_in(office, "targets") == set()


def test_a_repository_that_cannot_be_written(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_staged: Path, path: Path) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(durable, "put", refuse)
    with pytest.raises(RegisterWriteError, match=r"timestamp\.json: Read-only file system"):
        do_publish(office)


@pytest.mark.parametrize(
    "name", ["timestamp.json", "1.snapshot.json", "1.register.json", "1.root.json"]
)
@pytest.mark.parametrize("damage", ["missing", "empty", "other"])
def test_a_damaged_repository_is_not_signed_over(office: Office, name: str, damage: str) -> None:
    path = office.repository / "metadata" / name
    if damage == "missing":
        path.unlink()
    else:
        other = office.repository / "metadata" / "1.software.json"
        path.write_bytes(b"" if damage == "empty" else other.read_bytes())
    with pytest.raises(OfficeError) as caught:
        do_publish(office)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("serial", [1, 2])
def test_a_damaged_list_is_not_published(office: Office, serial: int) -> None:
    for number in range(1, serial + 1):
        add_list(office, number, entries(40 + number))
        if number < serial:
            do_publish(office)
    rows = OfficeLists(office.folder).rows_path(serial)
    whole = rows.read_bytes()
    for damaged in (whole[:-1], whole + b"!", b"", b"SQLite format 3"):
        rows.write_bytes(damaged)
        with pytest.raises(OfficeError, match="damaged; build"):
            do_publish(office)
    rows.write_bytes(whole)
    assert do_publish(office).serial == serial


def test_a_list_that_is_not_what_it_says(office: Office) -> None:
    add_list(office, 1, entries(40))
    lists = OfficeLists(office.folder)
    other = lists.rows_path(1).read_bytes()
    add_list(office, 1, entries(41))
    lists.rows_path(1).write_bytes(other)
    with pytest.raises(OfficeError, match="not what its description says"):
        do_publish(office)


def test_lists_that_begin_again_are_noticed(office: Office) -> None:
    """An office whose lists were lost must not go silent: the next number is said."""
    add_list(office, 7, entries(40))
    do_publish(office)
    shutil.rmtree(office.folder / "lists")
    (office.folder / "lists").mkdir()
    assert do_publish(office).signed == ("timestamp",)
    add_list(office, 1, entries(40))
    with pytest.raises(OfficeError, match="build the next one with --serial 8"):
        do_publish(office)


def test_a_web_server_may_read_it_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        office = make_office(tmp_path / "office")
        add_list(office, 1, entries(40))
        do_publish(office)
    finally:
        os.umask(before)
    for path in (office.folder, office.repository, *office.repository.rglob("*")):
        wanted = 0o755 if path.is_dir() else 0o644
        assert path.stat().st_mode & 0o777 == wanted, path
    assert {path.stat().st_mode & 0o077 for path in (office.folder / "keys").rglob("*")} == {0}


def test_a_list_built_anew_under_its_number_gets_its_own_delta(
    office: Office, client: Client
) -> None:
    add_list(office, 1, entries(40))
    do_publish(office)
    add_list(office, 2, entries(41))
    lists = OfficeLists(office.folder)
    stale = lists.delta_path(1, 2)
    stale.write_bytes(b"an older comparison")
    add_list(office, 2, entries(42))
    do_publish(office)
    (delta,) = client.manifest(office.repository).deltas
    assert delta.state.rows == 2
    with stale.open("rb") as stream:
        assert RowsReader(stream).header.rows == 2


def test_a_list_that_no_kiosk_would_take_is_not_published(office: Office, client: Client) -> None:
    add_list(office, 1, entries(20))
    do_publish(office)
    add_list(office, 2, entries(20), as_of=AS_OF - timedelta(days=3))
    with pytest.raises(OfficeError, match="list 2 is as of 2026-03-28 06:00 UTC, before list 1"):
        do_publish(office)
    add_list(office, 2, entries(20), next_expected=datetime(3000, 1, 1, tzinfo=UTC))
    with pytest.raises(OfficeError, match="list 2 is none that a kiosk takes"):
        do_publish(office)
    assert client.manifest(office.repository).serial == 1
    add_list(office, 2, entries(20))
    assert do_publish(office).serial == 2
    assert client.manifest(office.repository).serial == 2
