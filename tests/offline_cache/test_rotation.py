"""A new key for every role: a client that knew the old state follows, whenever it looks."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from tuf.api.exceptions import RepositoryError

from offline_cache.errors import OfficeError
from offline_cache.publisher import durable
from offline_cache.publisher.gates import APPROVERS_FIELD
from offline_cache.publisher.metadata import Published
from offline_cache.publisher.office import APPROVER, Office
from offline_cache.publisher.rotation import ROLES, Rotation, rotate_key
from offline_cache.publisher.signing import KeyNotAtHandError, KeyRing
from tests.offline_cache.offices import Client, add_list, do_publish, entries, make_office

if TYPE_CHECKING:
    from pathlib import Path

OLD = {"root": "root-2", "software": "software-1"}


@pytest.fixture(name="office")
def _office(tmp_path: Path) -> Office:
    office = make_office(tmp_path / "office")
    add_list(office, 1, entries(40))
    do_publish(office)
    return office


def rotate(office: Office, role: str, old: str | None = None) -> Rotation:
    """Rotate with the keys that lie in the office."""
    office = Office.open(office.folder)
    return rotate_key(office, KeyRing(office), role, old=old or OLD.get(role))


def signers(office: Office, role: str) -> set[str]:
    """The key ids that a client asks for."""
    published = Published.load(office.repository)
    if role == APPROVER:
        return set(published.targets().unrecognized_fields[APPROVERS_FIELD])
    return set(published.delegator(role).get_delegated_role(role).keyids)


@pytest.mark.parametrize("role", ROLES)
def test_a_client_follows(office: Office, tmp_path: Path, role: str) -> None:
    client = Client(tmp_path / "client", office.repository)
    client.refresh(office.repository)
    before = signers(office, role)
    done = rotate(office, role)
    assert signers(office, role) == before - {done.old.key_id} | {done.new.key_id}
    assert Published.load(office.repository).unverified() == []
    assert client.manifest(office.repository).serial == 1

    # The next day is signed by the new key alone.
    (office.folder / done.old.uri.removeprefix("file2:")).unlink()
    add_list(office, 2, entries(41))
    do_publish(office)
    assert client.manifest(office.repository).serial == 2
    newcomer = Client(tmp_path / "newcomer", office.repository)
    assert newcomer.manifest(office.repository).serial == 2


@pytest.mark.parametrize("role", ROLES)
def test_no_client_fails_at_any_moment(
    office: Office, tmp_path: Path, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks between two steps, or after a crash there, sees the old or the new state."""
    seen = Client(tmp_path / "seen", office.repository)
    put = durable.put
    looks: list[Path] = []

    def look(staged: Path, path: Path) -> None:
        put(staged, path)
        copy = tmp_path / "copies" / str(len(looks))
        shutil.copytree(office.folder, copy)
        looks.append(copy)
        assert seen.manifest(office.repository).serial == 1
        fresh = Client(tmp_path / "fresh" / str(len(looks)), office.repository)
        assert fresh.manifest(office.repository).serial == 1

    with monkeypatch.context() as patch:
        patch.setattr(durable, "put", look)
        rotate(office, role)
    assert len(looks) >= 3
    # Each of them is also a crash: the office goes on from there.
    for copy in looks:
        crashed = Office.open(copy)
        add_list(crashed, 2, entries(41))
        do_publish(crashed)
        later = Client(tmp_path / "later" / copy.name, copy / "repository")
        assert later.manifest(copy / "repository").serial == 2


@pytest.mark.parametrize("role", ROLES)
def test_twice_in_a_row_while_a_client_was_away(office: Office, tmp_path: Path, role: str) -> None:
    client = Client(tmp_path / "client", office.repository)
    client.refresh(office.repository)
    first = rotate(office, role)
    second = rotate(office, role, old=first.new.name)
    assert second.old == first.new
    assert client.manifest(office.repository).serial == 1


@pytest.mark.parametrize("role", ["targets", "register", "reference", "snapshot", "timestamp"])
def test_a_lost_key_is_replaced(office: Office, tmp_path: Path, role: str) -> None:
    client = Client(tmp_path / "client", office.repository)
    client.refresh(office.repository)
    entry = office.settings.keys_of(role)[0]
    (office.folder / entry.uri.removeprefix("file2:")).unlink()
    rotate(office, role)
    assert client.manifest(office.repository).serial == 1


@pytest.mark.parametrize("role", ["targets", "snapshot", "timestamp"])
def test_a_crash_while_a_lost_key_is_replaced(
    office: Office, tmp_path: Path, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root goes first then, and clients fail until the next publish signs with the new key."""
    client = Client(tmp_path / "client", office.repository)
    client.refresh(office.repository)
    entry = office.settings.keys_of(role)[0]
    (office.folder / entry.uri.removeprefix("file2:")).unlink()
    put = durable.put

    def crash_after_root(staged: Path, path: Path) -> None:
        if path.parent.name == "metadata" and path.name != "2.root.json":
            raise KeyboardInterrupt
        put(staged, path)

    with monkeypatch.context() as patch:
        patch.setattr(durable, "put", crash_after_root)
        with pytest.raises(KeyboardInterrupt):
            rotate(office, role)
    with pytest.raises(RepositoryError):
        client.refresh(office.repository)
    do_publish(office)
    assert client.manifest(office.repository).serial == 1


def test_a_lost_root_key_is_replaced(office: Office, tmp_path: Path) -> None:
    client = Client(tmp_path / "client", office.repository)
    (office.folder / "keys" / "offline" / "root-2.pem").unlink()
    rotate(office, "root")
    # The two that are left keep root alive; a second loss is survived only after a rotation.
    (office.folder / "keys" / "offline" / "root-1.pem").unlink()
    rotate(office, "root", old="root-1")
    assert client.manifest(office.repository).serial == 1
    assert Published.load(office.repository).root.version == 3


def test_what_the_old_key_signs_is_refused_afterwards(office: Office, tmp_path: Path) -> None:
    stolen = tmp_path / "stolen"
    shutil.copytree(office.folder, stolen)
    client = Client(tmp_path / "client", office.repository)
    rotate(office, "timestamp")
    client.refresh(office.repository)
    # The thief has the old timestamp key, and all versions of root.
    thief = Office.open(stolen)
    for _ in range(3):
        do_publish(thief)
    for root in (office.repository / "metadata").glob("*.root.json"):
        shutil.copy(root, stolen / "repository" / "metadata")
    with pytest.raises(RepositoryError):
        client.refresh(stolen / "repository")


def test_which_key_goes_must_be_said(office: Office) -> None:
    keys = KeyRing(office)
    for old in (None, "root-9", ""):
        with pytest.raises(OfficeError, match=r"role root: say with --old .*root-1"):
            rotate_key(office, keys, "root", old=old)
    by_id = office.settings.keys_of("root")[2].key_id[:10]
    assert rotate_key(office, keys, "root", old=by_id).old.name == "root-3"


@pytest.mark.parametrize("role", ROLES)
def test_without_the_keys_nothing_happens(office: Office, role: str) -> None:
    shutil.rmtree(office.folder / "keys" / "offline")
    (office.folder / "keys" / "offline").mkdir()
    before = {path: path.stat().st_mtime_ns for path in office.folder.rglob("*.json")}
    with pytest.raises(KeyNotAtHandError, match=r"role (root|targets)"):
        rotate(office, role)
    assert {path: path.stat().st_mtime_ns for path in office.folder.rglob("*.json")} == before
    assert list((office.folder / "keys" / "offline").iterdir()) == []
    assert len(list((office.folder / "keys" / "online").iterdir())) == 4


def test_a_key_that_is_known_is_not_new(office: Office) -> None:
    uri = f"file2:{office.folder / 'keys' / 'online' / 'snapshot.pem'}"
    with pytest.raises(OfficeError, match="known already"):
        rotate_key(office, KeyRing(office), "timestamp", new=uri)
