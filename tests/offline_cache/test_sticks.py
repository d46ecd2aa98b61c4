"""A stick is whatever a stranger made of it: links, devices, holes, odd names, and it goes away."""

from __future__ import annotations

import os
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tuf.api.metadata import DelegatedRole, Delegations, TargetFile

from offline_cache.updater import Result
from tests.offline_cache.fund import KEYS
from tests.offline_cache.offices import add_list, do_publish, entries, make_office
from tests.offline_cache.sieges import Siege, limits, sign_with

if TYPE_CHECKING:
    from collections.abc import Callable


_HUGE = 100 * 2**30


@pytest.fixture(name="siege")
def _siege(model: Siege, tmp_path: Path) -> Siege:
    siege = model.moved_to(tmp_path)
    siege.publish()
    return siege


def _stick_of(siege: Siege, name: str = "stick") -> Path:
    """A stick with the newest list; its mount point."""
    siege.fund.copy(siege.folder / name / "oms-register")
    return siege.folder / name


@dataclass(frozen=True)
class Trick:
    """What was done to a stick, and what comes of it."""

    name: str
    play: Callable[[Siege, Path], object]
    """Given the stick's `oms-register`."""
    words: str
    result: Result = Result.FAILED


def _at(role_or_target: str, siege: Siege, folder: Path) -> Path:
    fund = siege.fund
    is_target = "/" in role_or_target
    path = fund.path_of(role_or_target) if is_target else fund.file_of(role_or_target)
    return folder / path.relative_to(fund.folder)


def _replaced(name: str, make: Callable[[Path, Siege], object]) -> Callable[[Siege, Path], object]:
    """A file of the stick made anew as something else."""

    def play(siege: Siege, folder: Path) -> None:
        path = _at(name, siege, folder)
        path.unlink()
        make(path, siege)

    return play


def _link_to_the_true_file(path: Path, siege: Siege) -> None:
    kept = siege.folder / "elsewhere"
    shutil.copy(siege.fund.folder / path.relative_to(siege.folder / "stick" / "oms-register"), kept)
    path.symlink_to(kept)


def _folder_behind_a_link(part: str) -> Callable[[Siege, Path], None]:
    def play(siege: Siege, folder: Path) -> None:
        (folder / part).rename(siege.folder / "elsewhere")
        (folder / part).symlink_to(siege.folder / "elsewhere")

    return play


def _sparse(path: Path, _: Siege) -> None:
    with path.open("wb") as file:
        file.truncate(_HUGE)


def _socket(path: Path, _: Siege) -> None:
    with socket.socket(socket.AF_UNIX) as unix:
        here = Path.cwd()
        os.chdir(path.parent)
        try:
            # A socket's address is short.
            unix.bind(path.name[:100])
        finally:
            os.chdir(here)
    (path.parent / path.name[:100]).rename(path)


def _device(path: Path, _: Siege) -> None:
    os.mknod(path, 0o020666, os.makedev(1, 5))


def _gone(name: str) -> Callable[[Siege, Path], None]:
    return lambda siege, folder: _at(name, siege, folder).unlink()


def _file_in_place_of_all(_: Siege, folder: Path) -> None:
    shutil.rmtree(folder)
    folder.touch()


_DELTA, _MANIFEST = "register/delta-3-4", "register/manifest.json"
_NO_FILE = "not a regular file; it was not read"

TRICKS = [
    *(
        Trick(f"{what} in place of {name}", _replaced(name, make), _NO_FILE)
        for name in ("timestamp", "snapshot", "register", _MANIFEST, _DELTA)
        for what, make in {
            "a link to the true file": _link_to_the_true_file,
            "a link out": lambda path, _: path.symlink_to("/etc/hostname"),
            "a link to a device": lambda path, _: path.symlink_to("/dev/zero"),
            "a link to itself": lambda path, _: path.symlink_to(path.name),
            "a folder": lambda path, _: path.mkdir(),
            "a pipe": lambda path, _: os.mkfifo(path),
            "a socket": _socket,
        }.items()
    ),
    *(
        Trick(f"a huge {name}", _replaced(name, _sparse), "longer than it may be", Result.REFUSED)
        for name in ("timestamp", "snapshot", "register", _MANIFEST, _DELTA)
    ),
    *(
        Trick(f"{part} behind a link", _folder_behind_a_link(part), "Not a directory")
        for part in ("metadata", "targets", "targets/register")
    ),
    *(
        Trick(f"no {name}", _gone(name), "not there")
        for name in ("timestamp", "snapshot", "register", _MANIFEST, _DELTA)
    ),
    Trick("nothing on it", lambda _, folder: shutil.rmtree(folder), "not there"),
    Trick("no metadata", lambda _, folder: shutil.rmtree(folder / "metadata"), "not there"),
    Trick("no targets", lambda _, folder: shutil.rmtree(folder / "targets"), "not there"),
    Trick(
        "a file in place of all",
        _file_in_place_of_all,
        "not there",
    ),
]
if os.geteuid() == 0:
    TRICKS += [
        Trick(f"a device in place of {name}", _replaced(name, _device), _NO_FILE)
        for name in ("timestamp", _DELTA)
    ]


@pytest.mark.parametrize("trick", [pytest.param(each, id=each.name) for each in TRICKS])
def test_a_prepared_stick_changes_nothing(siege: Siege, trick: Trick) -> None:
    before = siege.files()
    stick = _stick_of(siege)
    trick.play(siege, stick / "oms-register")
    with limits():
        outcome = siege.update(stick)
    assert outcome.result is trick.result, outcome
    assert trick.words in str(outcome.error)
    assert siege.files() == before
    assert siege.list_in_use() == 3
    siege.recovers(siege.fund.folder)


def test_a_linked_oms_register_is_not_followed(siege: Siege) -> None:
    stick = _stick_of(siege)
    (stick / "oms-register").rename(siege.folder / "elsewhere")
    (stick / "oms-register").symlink_to(siege.folder / "elsewhere")
    outcome = siege.update(stick)
    assert (outcome.result, siege.list_in_use()) == (Result.FAILED, 3)
    siege.recovers()


def test_names_that_lead_out_are_not_gone_after(siege: Siege) -> None:
    """Signed by whoever holds the online keys and the one for reference tables."""
    thief = siege.thief()
    reference = thief.metadata["reference"].signed
    for name in ("../evil.csv", "..csv", "a/../../evil.csv", "/evil.csv", "a\\b.csv", "a\nb.csv"):
        file = TargetFile.from_data(f"reference/{name}", b"evil", ["sha256"])
        reference.targets[f"reference/{name}"] = file
    thief.sign("reference", "snapshot", "timestamp")
    before = sorted(siege.settings.register.parent.rglob("*.csv"))
    outcome = siege.update(thief.folder)
    assert (outcome.result, outcome.error, siege.list_in_use()) == (Result.UPDATED, None, 4)
    assert sorted(siege.settings.register.parent.rglob("*.csv")) == before
    key = KEYS["reference"][0].public_key
    evil = DelegatedRole("../../evil", [key.keyid], 1, terminating=False, paths=["reference/*"])
    reference.delegations = Delegations({key.keyid: key}, {"../../evil": evil})
    thief.sign("reference", "snapshot", "timestamp")
    assert siege.update(thief.folder).result is Result.REFUSED
    meta = thief.metadata["snapshot"].signed.meta
    meta["../../evil.json"] = meta["reference.json"]
    thief.metadata["snapshot"].signed.version += 1
    sign_with(thief, "snapshot", "snapshot")
    thief.sign("timestamp")
    outcome = siege.update(thief.folder)
    assert "a role with an impossible name" in str(outcome.error)
    assert siege.list_in_use() == 4
    assert not list(siege.settings.register.parent.rglob("*evil*.json"))


def test_another_offices_stick(siege: Siege, tmp_path: Path) -> None:
    office = make_office(tmp_path / "office")
    add_list(office, 1, entries(20))
    stick = tmp_path / "other-stick"
    stick.mkdir()
    do_publish(office, stick=stick)
    with limits():
        outcome = siege.update(stick)
    assert outcome.result is Result.REFUSED
    assert "is not signed by enough of the keys that are trusted" in str(outcome.error)
    assert siege.list_in_use() == 3
    siege.recovers()


def test_a_stick_as_old_as_three_lists(siege: Siege) -> None:
    siege.recovers()
    outcome = siege.update(siege.olds[1])
    assert outcome.result is Result.REFUSED
    assert "older than what this kiosk has seen" in str(outcome.error)
    siege.recovers()
