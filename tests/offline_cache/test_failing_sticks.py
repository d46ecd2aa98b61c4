"""Sticks that fail in the middle, may not be read, or are called what nobody would call them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from offline_cache.updater import Result
from tests.offline_cache.sieges import Siege, litter

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_mock import MockerFixture

_DELTA = "register/delta-3-4"


@pytest.fixture(name="siege")
def _siege(model: Siege, tmp_path: Path) -> Siege:
    siege = model.moved_to(tmp_path)
    siege.publish()
    return siege


def _stick_of(siege: Siege, name: str = "stick") -> Path:
    """A stick with the newest list; its mount point."""
    siege.fund.copy(siege.folder / name / "oms-register")
    return siege.folder / name


def _at(role_or_target: str, siege: Siege, folder: Path) -> Path:
    fund = siege.fund
    is_target = "/" in role_or_target
    path = fund.path_of(role_or_target) if is_target else fund.file_of(role_or_target)
    return folder / path.relative_to(fund.folder)


def _reads_of(siege: Siege, mocker: MockerFixture, fail: Callable[[int], None]) -> int:
    """One update by stick, with `fail` called before every read by its number; how many."""
    true, count = os.pread, 0

    def pread(descriptor: int, size: int, offset: int) -> bytes:
        nonlocal count
        count += 1
        fail(count)
        # Small pieces: so that there is a middle to every file.
        return true(descriptor, min(size, 400), offset)

    mocker.patch("os.pread", pread)
    siege.update(siege.folder / "stick")
    mocker.stopall()
    return count


def test_a_bad_sector_anywhere(model: Siege, siege: Siege, mocker: MockerFixture) -> None:
    """No file system here has bad sectors on order, so that reading is told to fail."""
    _stick_of(siege)
    place, failed = 0, 0
    while True:
        place += 1
        kiosk = replace(siege, settings=model.moved_to(siege.folder / f"k{place}").settings)

        def fail(count: int, place: int = place) -> None:
            if count >= place:
                raise OSError(5, "Input/output error")

        reads = _reads_of(kiosk, mocker, fail)
        if reads < place:
            break
        failed += 1
        assert kiosk.list_in_use() in {3, 4}
        outcome = kiosk.update(siege.folder / "stick")
        assert (outcome.error, kiosk.list_in_use()) == (None, 4)
        assert litter(kiosk.settings.register) == []
    print(f"{failed} bad sectors")
    assert failed > 15
    assert kiosk.list_in_use() == 4


def test_a_stick_that_is_pulled_out(model: Siege, siege: Siege, mocker: MockerFixture) -> None:
    """Before every read: its folder is gone, and the file that is open ends."""
    for place in range(1, 100):
        kiosk = replace(siege, settings=model.moved_to(siege.folder / f"k{place}").settings)
        stick = _stick_of(siege)

        def pull(count: int, place: int = place, stick: Path = stick) -> None:
            if count == place:
                for path in filter(Path.is_file, stick.rglob("*")):
                    os.truncate(path, 0)
                shutil.rmtree(stick)

        reads = _reads_of(kiosk, mocker, pull)
        if reads < place:
            break
        assert kiosk.list_in_use() in {3, 4}
        outcome = kiosk.update(siege.fund.folder)
        assert (outcome.error, kiosk.list_in_use()) == (None, 4)
    assert 15 < place < 99
    print(f"pulled out at {place - 1} places")


def test_rights_that_do_not_let_it_be_read(siege: Siege) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to be somebody else for a while")
    stick = _stick_of(siege)
    # pytest's folders are for their owner alone.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        shutil.copytree(stick / "oms-register", Path(folder) / "oms-register")
        register = shutil.copytree(siege.settings.register, Path(folder) / "kiosk", symlinks=True)
        settings = siege.settings
        for name in ("key_file", "root_file"):
            shutil.copy(getattr(settings, name), Path(folder) / name)
        for path in (register, *register.rglob("*")):
            os.chown(path, 65534, 65534, follow_symlinks=False)
        for name in ("timestamp", "register", _DELTA):
            _at(name, siege, Path(folder) / "oms-register").chmod(0)
        siege.settings = replace(
            settings,
            register=register,
            key_file=Path(folder) / "key_file",
            root_file=Path(folder) / "root_file",
        )
        for name in ("timestamp", "register", _DELTA):
            os.seteuid(65534)
            try:
                outcome = siege.update(Path(folder))
            finally:
                os.seteuid(0)
            assert outcome.result is Result.FAILED
            assert "Permission denied" in str(outcome.error)
            assert siege.list_in_use() == 3
            _at(name, siege, Path(folder) / "oms-register").chmod(0o644)
        siege.recovers()


@pytest.mark.parametrize(
    "name",
    [
        "Диск (E:)",
        "a?b#c%20&d",
        'it\'s "quoted"',
        "-rf",
        "back\\slash",
        "two\nlines",
        "\x1b[2J",
        os.fsdecode(b"\xff\xfe"),
        "x" * 200,
    ],
)
def test_sticks_may_be_called_anything(siege: Siege, name: str) -> None:
    stick = _stick_of(siege, name)
    (stick / "oms-register" / "metadata" / "odd\nfile \x07.json").write_text("x")
    assert siege.update(stick).error is None
    assert siege.list_in_use() == 4
    _at("timestamp", siege, stick / "oms-register").unlink()
    outcome = siege.update(stick)
    assert outcome.result is Result.FAILED
    assert str(outcome.error).isprintable()
    shutil.rmtree(stick)
    assert str(siege.update(stick).error).isprintable()


def test_the_command_says_one_line_whatever_the_stick_is_called(siege: Siege) -> None:
    settings = siege.settings
    config = siege.folder / "kiosk.toml"
    config.write_text(
        f"[register]\ndir = {json.dumps(str(settings.register))}\n"
        f"key_file = {json.dumps(str(settings.key_file))}\n"
        f"[update]\nroot_file = {json.dumps(str(settings.root_file))}\n"
    )
    for name, code in ((os.fsdecode(b"\xff\n\x1b"), 6), ("old", 5), ("good", 0)):
        stick = siege.folder / name
        if name == "good":
            _stick_of(siege, name)
        elif name == "old":
            shutil.copytree(siege.olds[1], stick)
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                "from kiosk.cli import main; main()",
                "update",
                "--config",
                str(config),
                "--from",
                str(stick),
            ],
            capture_output=True,
            check=False,
        )
        assert done.returncode == code, done
        lines = done.stdout.decode().splitlines()
        said: dict[str, Any] = json.loads(lines[0])
        assert (len(lines), said["serial"]) == (1, 3 if code else 4)
        assert b"Traceback" not in done.stderr
        assert b"\x1b" not in done.stdout + done.stderr
    assert siege.list_in_use() == 4
