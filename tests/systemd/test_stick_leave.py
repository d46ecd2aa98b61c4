"""The journal's checkpoint goes with a stick, whatever the stick is like."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from kiosk.stick_copy import CHECKPOINTS
from kiosk.stick_leave import MOST_BYTES, leave, main

if TYPE_CHECKING:
    from pathlib import Path

NAME = "0412-000000000017.json"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    folder.mkdir()
    (folder / NAME).write_bytes(b"signed")
    return folder


def left(source: Path, stick: Path) -> int:
    """Leave what is in `source` on the stick in the folder `stick`."""
    stick.mkdir(exist_ok=True)
    top = os.open(stick, os.O_PATH | os.O_DIRECTORY)
    try:
        return leave(source, top)
    finally:
        os.close(top)


def test_a_checkpoint_is_left_beside_those_of_other_kiosks(source: Path, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    (stick / CHECKPOINTS).mkdir(parents=True)
    (stick / CHECKPOINTS / "0001-000000000003.json").write_bytes(b"other")
    (stick / CHECKPOINTS / f"{NAME}.new").write_bytes(b"torn")
    assert left(source, stick) == left(source, stick) == 1
    found = {path.name: path.read_bytes() for path in (stick / CHECKPOINTS).iterdir()}
    assert found == {NAME: b"signed", "0001-000000000003.json": b"other"}


def test_only_checkpoints_are_left(source: Path, tmp_path: Path) -> None:
    (source / NAME).unlink()
    (source / "register.key").write_bytes(b"secret")
    (source / "1-000000000001.json").symlink_to("/etc/passwd")
    (source / "2-000000000001.json").write_bytes(bytes(MOST_BYTES + 1))
    with pytest.raises(OSError, match="symbolic"):
        left(source, tmp_path / "stick")
    (source / "1-000000000001.json").unlink()
    assert left(source, tmp_path / "stick") == 0
    assert not list((tmp_path / "stick").iterdir())


@pytest.mark.parametrize("kind", ["link", "file", "link in it"])
def test_a_stick_leads_nowhere_else(source: Path, tmp_path: Path, kind: str) -> None:
    stick, elsewhere = tmp_path / "stick", tmp_path / "elsewhere"
    stick.mkdir()
    elsewhere.mkdir()
    match kind:
        case "link":
            (stick / CHECKPOINTS).symlink_to(elsewhere)
        case "file":
            (stick / CHECKPOINTS).write_bytes(b"")
        case _:
            (stick / CHECKPOINTS).mkdir()
            (stick / CHECKPOINTS / NAME).symlink_to(elsewhere / "taken")
            assert left(source, stick) == 1
            assert not (stick / CHECKPOINTS / NAME).is_symlink()
            assert not list(elsewhere.iterdir())
            return
    with pytest.raises(OSError, match=r"directory|symbolic"):
        left(source, stick)
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize("arguments", [[], ["sda1/.."], ["sda1", "a", "b"], ["-o"]])
def test_only_partitions_of_sticks_are_named(arguments: list[str]) -> None:
    assert main(arguments) == 2
