"""An office is made whole or not at all, keeps its keys to itself, and says what is wrong."""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from tuf.api.exceptions import UnsignedMetadataError

from kiosk.policy import enp
from kiosk.policy.model import Sex
from offline_cache.errors import OfficeError, RegisterBusyError, RegisterWriteError
from offline_cache.format import load_key_file
from offline_cache.publisher import durable
from offline_cache.publisher.init import init_office, key_names
from offline_cache.publisher.metadata import Published
from offline_cache.publisher.office import Office, Settings, settings_to_bytes
from offline_cache.publisher.repository import OfficeRepository
from offline_cache.publisher.signing import KeyNotAtHandError, KeyRing
from tests.offline_cache.offices import Client, do_publish, make_office

if TYPE_CHECKING:
    from pathlib import Path


DAYS = {
    "root": 365,
    "targets": 180,
    "software": 180,
    "reference": 180,
    "register": 30,
    "snapshot": 30,
    "timestamp": 1,
}


@pytest.fixture(name="office")
def _office(tmp_path: Path) -> Office:
    return make_office(tmp_path / "office")


def test_keys_are_the_owners_alone(office: Office) -> None:
    for folder in ("keys", "keys/offline", "keys/online"):
        assert (office.folder / folder).stat().st_mode & 0o777 == 0o700
    keys = sorted((office.folder / "keys").rglob("*.pem"))
    assert sorted(path.stem for path in keys) == sorted(key_names())
    assert {path.stat().st_mode & 0o777 for path in (*keys, office.register_key)} == {0o600}
    load_key_file(office.register_key)


def test_two_offices_share_no_secret(office: Office, tmp_path: Path) -> None:
    other = make_office(tmp_path / "other")
    assert other.register_key.read_bytes() != office.register_key.read_bytes()
    ids = {entry.key_id for entry in (*office.settings.keys, *other.settings.keys)}
    assert len(ids) == 2 * len(key_names())


def test_roles_are_as_designed(office: Office) -> None:
    published = Published.load(office.repository)
    assert published.unverified() == []
    made = published.timestamp.expires - timedelta(days=1)
    for role, days in DAYS.items():
        needed = published.delegator(role).get_delegated_role(role)
        assert needed.threshold == (2 if role in {"root", "software"} else 1)
        assert len(needed.keyids) == (3 if role in {"root", "software"} else 1)
        assert published.signed(role).expires - made == timedelta(days=days)
    assert published.root.consistent_snapshot is True


def test_a_client_follows_from_the_first_state(office: Office, tmp_path: Path) -> None:
    client = Client(tmp_path / "client", office.repository)
    assert client.get(office.repository, "register/manifest.json") is None


def test_golden_policies_are_policies(office: Office) -> None:
    with office.golden.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["ДПП", "НВС", "НАП"]
    assert {row["surname"] for row in rows} == {"КОНТРОЛЬНЫЙ"}
    for row in rows:
        born = date.fromisoformat(row["birth_date"])
        assert enp.is_enp(row["enp"])
        assert enp.territory(row["enp"]) == "78"
        assert enp.matches(row["enp"], born, Sex.MALE) is True


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(OfficeError, match="not empty"):
        make_office(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]
    (tmp_path / "empty").mkdir()
    assert make_office(tmp_path / "empty").settings.territories == ("78",)


def test_it_is_made_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    put = durable.put

    def fail_late(staged: Path, path: Path) -> None:
        written.append(path)
        if path.name == "timestamp.json":
            raise OSError(5, "Input/output error")
        put(staged, path)

    monkeypatch.setattr(durable, "put", fail_late)
    with pytest.raises(RegisterWriteError, match="Input/output error"):
        make_office(tmp_path / "office")
    assert len(written) > 20
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        pytest.param(lambda _: b"", "not JSON", id="empty"),
        pytest.param(lambda content: content[:-20], "not JSON", id="cut"),
        pytest.param(lambda _: b"[" * 100_000, "not JSON", id="nested"),
        pytest.param(lambda _: b"\xff\xfe", "not JSON", id="binary"),
        pytest.param(lambda _: b"{}", "format", id="nothing"),
        pytest.param(lambda _: b"[]", "format", id="list"),
        pytest.param(lambda c: c.replace(b'"78"', b'"Z8"'), "territories", id="territory"),
        pytest.param(
            lambda c: c.replace(b'gate_percent": 5.0', b'gate_percent": 500'),
            "gate_percent",
            id="gate",
        ),
        pytest.param(
            lambda c: c.replace(b'"register": 720.0', b'"register": -1'),
            "lifetime_hours",
            id="lifetime",
        ),
        pytest.param(lambda c: c.replace(b'"key_id"', b'"key"'), "keys", id="key"),
        pytest.param(lambda c: c.replace(b'"format": 1', b'"format": 2'), "newer format", id="new"),
    ],
)
def test_damaged_settings_are_one_line(office: Office, damage: object, words: str) -> None:
    path = office.folder / "office.json"
    assert callable(damage)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(OfficeError) as caught:
        Office.open(office.folder)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_settings_come_back_as_written(office: Office) -> None:
    path = office.folder / "office.json"
    document = json.loads(path.read_bytes())
    document["freshness_hours"] = {"fresh": 12, "ageing": 48, "stale": 240.5}
    path.write_text(json.dumps(document), encoding="utf-8")
    opened = Office.open(office.folder).settings
    assert opened.freshness is not None
    assert opened.freshness.stale.total_seconds() == 240.5 * 3600
    path.write_bytes(settings_to_bytes(opened))
    assert Office.open(office.folder).settings == opened


def test_one_root_key_alone_cannot_sign(office: Office) -> None:
    for name in ("root-2", "root-3"):
        (office.folder / "keys" / "offline" / f"{name}.pem").unlink()
    repository = OfficeRepository.load(office, KeyRing(office))
    metadata = repository.open("root")
    with pytest.raises(KeyNotAtHandError, match=r"role root: 1 of 2 signatures.*root-2"):
        repository.close("root", metadata)
    assert repository.staged_roles == ()
    # And if somebody leaves the check out, no client takes it.
    published = Published.load(office.repository)
    metadata = published.metadata("root")
    metadata.signatures.pop(published.root.roles["root"].keyids[0])
    metadata.signatures.pop(published.root.roles["root"].keyids[1])
    with pytest.raises(UnsignedMetadataError):
        published.root.verify_delegate("root", metadata.signed_bytes, metadata.signatures)


def test_a_key_that_is_elsewhere_is_named(office: Office, tmp_path: Path) -> None:
    key = office.folder / "keys" / "online" / "timestamp.pem"
    safe = tmp_path / "safe"
    safe.mkdir()
    key.rename(safe / "timestamp.pem")
    with pytest.raises(KeyNotAtHandError) as caught:
        do_publish(office)
    assert "role timestamp" in str(caught.value)
    assert "--keys" in str(caught.value)
    assert KeyRing(office, folders=[safe]).place(office.settings.keys_of("timestamp")[0])


def test_a_wrong_key_file_is_no_key(office: Office) -> None:
    folder = office.folder / "keys" / "online"
    (folder / "timestamp.pem").write_bytes((folder / "snapshot.pem").read_bytes())
    with pytest.raises(OfficeError, match=r"role timestamp: key timestamp .* cannot be used"):
        do_publish(office)
    (folder / "timestamp.pem").write_bytes(b"-----BEGIN NOTHING-----")
    with pytest.raises(OfficeError, match=r"role timestamp: key timestamp .* cannot be used"):
        do_publish(office)


def test_one_publisher_at_a_time(office: Office) -> None:
    with office.locked(), pytest.raises(RegisterBusyError, match="another publisher"):
        do_publish(office)
    do_publish(office)


def test_a_key_that_exists_is_taken_up(office: Office, tmp_path: Path) -> None:
    key = office.folder / "keys" / "offline" / "approver.pem"
    made = init_office(tmp_path / "second", Settings(("77",)), keys={"approver": f"file2:{key}"})
    assert made.settings.keys_of("approver")[0].uri == f"file2:{key}"
    assert not (made.folder / "keys" / "offline" / "approver.pem").exists()
    assert not list((tmp_path / "second").rglob("approver.pem"))
    for uri, words in (("file2:/nowhere.pem", "No such file"), ("magic:1", "begins with")):
        with pytest.raises(OfficeError, match=f"key of approver: .*{words}"):
            init_office(tmp_path / "third", Settings(()), keys={"approver": uri})
    assert not (tmp_path / "third").exists()
