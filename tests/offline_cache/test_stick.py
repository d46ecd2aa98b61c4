"""A stick is complete: a kiosk needs nothing else, and never loses the server by it."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from offline_cache.errors import OfficeError, RegisterSpaceError, RegisterWriteError
from offline_cache.publisher import durable
from offline_cache.publisher.office import Office
from offline_cache.publisher.rotation import rotate_key
from offline_cache.publisher.signing import KeyRing
from offline_cache.publisher.stick import STICK_FOLDER
from tests.offline_cache.offices import AS_OF, Client, add_list, do_publish, entries, make_office

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(name="office")
def _office(tmp_path: Path) -> Office:
    office = make_office(tmp_path / "office")
    add_list(office, 1, entries(40))
    do_publish(office)
    return office


@pytest.fixture(name="stick")
def _stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


def timestamp(repository: Path) -> tuple[int, timedelta]:
    """Version of a repository's timestamp, and how long it lives from now on."""
    signed = json.loads((repository / "metadata" / "timestamp.json").read_bytes())["signed"]
    left = datetime.fromisoformat(signed["expires"]) - datetime.now(UTC)
    return signed["version"], left


def test_a_kiosk_lives_on_the_stick_alone(office: Office, stick: Path, tmp_path: Path) -> None:
    for serial in range(2, 5):
        add_list(office, serial, entries(40 + serial))
        outcome = do_publish(office, stick=stick if serial == 4 else None)
        assert outcome.stick == (stick if serial == 4 else None)
    shutil.move(office.folder, tmp_path / "far away")
    repository = stick / STICK_FOLDER
    client = Client(tmp_path / "client", repository)
    manifest = client.manifest(repository)
    assert (manifest.serial, len(manifest.deltas)) == (4, 3)
    for target in (manifest.base.target, *(delta.target for delta in manifest.deltas)):
        assert client.get(repository, target) is not None
    assert sorted(path.name for path in stick.iterdir()) == [STICK_FOLDER]


def test_only_the_newest_base_is_on_it(office: Office, stick: Path) -> None:
    add_list(office, 2, entries(41), as_of=AS_OF + timedelta(days=20))
    do_publish(office, stick=stick)
    names = [path.name for path in (stick / STICK_FOLDER / "targets" / "register").iterdir()]
    assert sorted(name.partition(".")[2] for name in names) == [
        *("base-2", "delta-1-2", "manifest.json"),
    ]


def test_stick_and_server_share_one_counter(office: Office, stick: Path, tmp_path: Path) -> None:
    """A kiosk that saw the stick goes on with the server at once, and the other way round later."""
    repository = stick / STICK_FOLDER
    client = Client(tmp_path / "client", office.repository)
    client.refresh(office.repository)
    versions = [timestamp(office.repository)[0]]
    for _ in range(3):
        do_publish(office, stick=stick)
        on_stick, stick_life = timestamp(repository)
        on_server, server_life = timestamp(office.repository)
        versions += [on_stick, on_server]
        assert timedelta(days=13) < stick_life <= timedelta(days=14)
        assert server_life <= timedelta(days=1)
        client.refresh(repository)
        client.refresh(office.repository)
    assert versions == list(range(versions[0], versions[0] + 7))


def test_every_root_is_on_it(office: Office, stick: Path, tmp_path: Path) -> None:
    old = Client(tmp_path / "client", office.repository)
    for _ in range(2):
        opened = Office.open(office.folder)
        rotate_key(opened, KeyRing(opened), "timestamp")
    do_publish(office, stick=stick)
    assert old.manifest(stick / STICK_FOLDER).serial == 1


def test_a_stick_is_written_anew(office: Office, stick: Path, tmp_path: Path) -> None:
    do_publish(office, stick=stick)
    (stick / "letter.txt").write_text("not ours", encoding="utf-8")
    add_list(office, 2, entries(41))
    do_publish(office, stick=stick)
    assert Client(tmp_path / "c", office.repository).manifest(stick / STICK_FOLDER).serial == 2
    assert sorted(path.name for path in stick.iterdir()) == ["letter.txt", STICK_FOLDER]


def test_what_is_no_stick_is_left_alone(office: Office, stick: Path, tmp_path: Path) -> None:
    version = timestamp(office.repository)[0]
    with pytest.raises(OfficeError, match="is the stick in and mounted"):
        do_publish(office, stick=tmp_path / "nowhere")
    folder = stick / STICK_FOLDER
    folder.write_text("a file", encoding="utf-8")
    with pytest.raises(OfficeError, match="not a register"):
        do_publish(office, stick=stick)
    folder.unlink()
    folder.mkdir()
    (folder / "photos").mkdir()
    with pytest.raises(OfficeError, match="not a register"):
        do_publish(office, stick=stick)
    assert (folder / "photos").is_dir()
    shutil.rmtree(folder)
    folder.symlink_to(office.folder)
    with pytest.raises(OfficeError, match="not a register"):
        do_publish(office, stick=stick)
    assert timestamp(office.repository)[0] == version


def test_a_stick_without_room(office: Office, stick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    do_publish(office, stick=stick)
    before = {path: path.read_bytes() for path in stick.rglob("*") if path.is_file()}
    usage = shutil.disk_usage

    def small(path: Path) -> object:
        return shutil._ntuple_diskusage(1, 1, 1000) if path == stick else usage(path)

    monkeypatch.setattr(shutil, "disk_usage", small)
    with pytest.raises(RegisterSpaceError, match=f"{stick}: .* MB are free"):
        do_publish(office, stick=stick)
    assert before == {path: path.read_bytes() for path in stick.rglob("*") if path.is_file()}


def test_pulled_out_at_any_step(
    office: Office, stick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old state, or the new one; at the worst none, and then the next writing mends it."""
    do_publish(office, stick=stick)
    add_list(office, 2, entries(41))
    put = durable.put
    serials: list[int] = []
    for step in range(100):
        count = 0

        def pulled(staged: Path, path: Path, step: int = step) -> None:
            nonlocal count
            if stick in path.parents:
                count += 1
                if count > step:
                    raise OSError(5, "Input/output error", str(path))
            put(staged, path)

        with monkeypatch.context() as patch:
            patch.setattr(durable, "put", pulled)
            try:
                do_publish(office, stick=stick)
            except RegisterWriteError:
                pass
            else:
                break
        client = Client(tmp_path / f"client-{step}", office.repository)
        # The server is served whatever becomes of the stick.
        assert client.manifest(office.repository).serial == 2
        if (stick / STICK_FOLDER).exists():
            fresh = Client(tmp_path / f"stick-{step}", office.repository)
            serials.append(fresh.manifest(stick / STICK_FOLDER).serial)
        else:
            serials.append(0)
    # The old one is away only while the new one, whole already, gets its name.
    whole = serials.index(0)
    assert set(serials[:whole]) == {1}
    assert serials[whole:] == [0, 0]
    assert Client(tmp_path / "end", office.repository).manifest(stick / STICK_FOLDER).serial == 2
    assert [path.name for path in stick.iterdir()] == [STICK_FOLDER]


def test_a_damaged_file_does_not_go_on_a_stick(office: Office, stick: Path) -> None:
    (base,) = (office.repository / "targets" / "register").glob("*.base-1")
    base.write_bytes(base.read_bytes()[:-1] + b"!")
    with pytest.raises(OfficeError, match="damaged"):
        do_publish(office, stick=stick)
    assert list(stick.iterdir()) == []
