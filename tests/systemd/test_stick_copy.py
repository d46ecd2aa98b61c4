"""The copy step against sticks that strangers prepared."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kiosk.stick_copy import KNOWN, Known, Limits, Report, copy, main, teller
from kiosk.stick_mount import RefusedError, mount

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LIMITS = Limits(reserve_bytes=0)
HASH = "ab" * 32
FILES = {
    "metadata/timestamp.json": b"{}",
    "metadata/1.root.json": b'{"a": 1}',
    "metadata/12.snapshot.json": b"x" * 1000,
    f"targets/register/{HASH}.manifest.json": b"m",
    f"targets/register/{HASH}.base-7": bytes(range(256)) * 8192,
    f"targets/register/{HASH}.delta-6-7": b"d" * 100,
    f"targets/reference/{HASH}.insurers.csv": b"i",
    f"targets/software/arm64/{HASH}.1.4.0.tar.gz": b"s",
}


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """A stick with a repository on it."""
    for name, content in FILES.items():
        path = tmp_path / "stick" / "oms-register" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "stick"


def visit(
    stick: Path, limits: Limits = LIMITS, tell: Callable[[Report], None] = lambda _report: None
) -> tuple[Report, Path]:
    """Copy a stick; the report, and where the copy is or would be."""
    target = stick.parent / "cache" / "sda1"
    target.parent.mkdir(exist_ok=True)
    top = os.open(stick, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return copy(top, target, limits, tell), target
    finally:
        os.close(top)


def refused(stick: Path, limits: Limits = LIMITS) -> str | None:
    """Why a stick was refused; nothing of it may be left."""
    report, target = visit(stick, limits)
    assert report.state == "refused"
    assert not target.exists()
    return report.reason


def test_a_repository_is_copied_whole(stick: Path) -> None:
    report, target = visit(stick)
    total = sum(map(len, FILES.values()))
    assert (report.state, report.reason) == ("copied", None)
    assert (report.files, report.bytes, report.of_bytes) == (len(FILES), total, total)
    copied = {
        str(path.relative_to(target / "oms-register")): path.read_bytes()
        for path in target.rglob("*")
        if path.is_file()
    }
    assert copied == FILES


@pytest.mark.parametrize(
    "name",
    [
        "autorun.inf",
        "metadata/../../../etc/passwd.json",
        "metadata/timestamp.json.exe",
        "metadata/1.root.json ",
        "metadata/-1.root.json",
        "metadata/1.ROOT.json",
        "metadata/\N{FULLWIDTH DIGIT ONE}.root.json",
        "metadata/x\nHACKED",
        "metadata/\x1b[2J",
        "metadata/" + "a" * 240,
        f"targets/register/{HASH}.base-7;reboot",
        f"targets/register/{HASH.upper()}.base-7",
        "targets/register/base-7",
        f"targets/other/{HASH}.base-7",
        f"targets/software/riscv/{HASH}.1.4.0.tar.gz",
        f"targets/register/deep/er/{HASH}.base-7",
    ],
)
def test_other_names_are_passed_over(stick: Path, name: str) -> None:
    path = stick / "oms-register" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"bad")
    report, target = visit(stick)
    assert report.files == len(FILES)
    assert not [
        path for path in target.rglob("*") if path.is_file() and path.read_bytes() == b"bad"
    ]


def test_names_that_are_no_utf_8_are_passed_over(stick: Path) -> None:
    with open(os.fsencode(stick / "oms-register" / "metadata") + b"/\xff\xfe.root.json", "wb"):  # noqa: PTH123
        pass
    assert visit(stick)[0].files == len(FILES)


@pytest.mark.parametrize("name", ["metadata/timestamp.json", f"targets/register/{HASH}.base-7"])
@pytest.mark.parametrize("kind", ["link", "dangling", "pipe", "socket", "folder", "device"])
def test_what_is_no_plain_file_refuses_the_stick(stick: Path, name: str, kind: str) -> None:
    path = stick / "oms-register" / name
    path.unlink()
    match kind:
        case "link":
            path.symlink_to("/etc/passwd")
        case "dangling":
            path.symlink_to("/nowhere")
        case "pipe":
            os.mkfifo(path)
        case "socket":
            # A path longer than a socket's address may be.
            with socket.socket(socket.AF_UNIX) as made:
                short = stick / "s"
                made.bind(os.path.relpath(short))
            short.rename(path)
        case "folder":
            path.mkdir()
        case _:
            try:
                os.mknod(path, 0o666 | 0o020000, os.makedev(1, 5))
            except PermissionError:
                pytest.skip("only root makes device files")
    assert refused(stick) == "not-plain"


@pytest.mark.parametrize("folder", ["", "metadata", "targets", "targets/register"])
def test_a_folder_that_is_a_link_refuses_the_stick(stick: Path, folder: str) -> None:
    path = stick / "oms-register" / folder
    elsewhere = stick.parent / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    assert refused(stick) == "not-plain"


def test_a_folder_that_is_a_file_refuses_the_stick(stick: Path) -> None:
    path = stick / "oms-register" / "targets" / "reference"
    path.rename(stick.parent / "elsewhere")
    path.write_bytes(b"")
    assert refused(stick) == "not-plain"


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.folder)
def test_files_of_four_gigabytes_are_not_begun(stick: Path, known: Known) -> None:
    names = [name for name in FILES if name.startswith(known.folder)]
    path = stick / "oms-register" / (names[0] if names else f"{known.folder}/{HASH}.1.4.0.tar.gz")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate((4 << 30) - 1)
    told: list[int] = []
    report, target = visit(stick, tell=lambda report: told.append(report.bytes))
    assert (report.reason, told, target.exists()) == ("too-much", [0], False)


def test_all_files_together_are_bounded(stick: Path) -> None:
    assert refused(stick, replace(LIMITS, most_bytes=1_000_000)) == "too-much"
    assert refused(stick, replace(LIMITS, most_files=len(FILES) - 1)) == "too-much"


def test_a_folder_of_a_million_names_is_not_read_to_its_end(stick: Path) -> None:
    for number in range(50):
        (stick / "oms-register" / "metadata" / f"{number}.txt").touch()
    assert refused(stick, replace(LIMITS, most_entries=50)) == "too-much"


def test_room_on_the_disk_is_left(stick: Path) -> None:
    assert refused(stick, replace(LIMITS, reserve_bytes=1 << 60)) == "no-room"


def test_a_slow_stick_is_given_up(stick: Path) -> None:
    assert refused(stick, replace(LIMITS, seconds=-1.0)) == "too-slow"


@pytest.mark.parametrize("folder", ["oms-register", "oms-register/metadata"])
def test_a_stick_without_a_list_is_told(stick: Path, folder: str) -> None:
    (stick / folder).rename(stick.parent / "elsewhere")
    assert refused(stick) == "no-list"


def test_a_stick_pulled_at_any_read_leaves_nothing(
    stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever call fails, from the first on."""
    calls = {"open": os.open, "stat": os.stat, "fstat": os.fstat, "scandir": os.scandir}
    left = -1

    def failing(name: str) -> Callable[..., object]:
        def call(*arguments: object, **words: object) -> object:
            nonlocal left
            left -= 1
            if left == 0:
                raise OSError(5, "Input/output error")
            return calls[name](*arguments, **words)  # type: ignore[operator]

        return call

    for name in calls:
        monkeypatch.setattr(os, name, failing(name))
    seen = set()
    for at in range(2, 200):
        left = at
        report, target = visit(stick)
        # The rest of the machine reads on.
        left = -1
        seen.add(report.state)
        if report.state == "copied":
            break
        assert not target.exists()
        assert report.reason in {"unreadable", "no-list"}
    assert seen == {"refused", "copied"}


def test_a_file_that_shrinks_meanwhile_leaves_nothing(stick: Path) -> None:
    base = stick / "oms-register" / f"targets/register/{HASH}.base-7"

    def shrink(report: Report) -> None:
        if report.bytes > 1_000_000:
            os.truncate(base, 10)

    report, target = visit(stick, tell=shrink)
    assert (report.state, report.reason, target.exists()) == ("refused", "unreadable", False)


def test_the_screen_reads_whole_reports(tmp_path: Path) -> None:
    tell = teller(tmp_path)
    tell(Report(files=3))
    tell(Report(files=4))
    found = json.loads((tmp_path / "copy.json").read_text())
    assert found["files"] == 3, "five reports a second are enough"
    tell(Report("refused", files=4, reason="filesystem"))
    found = json.loads((tmp_path / "copy.json").read_text())
    assert (found["state"], found["reason"], found["files"]) == ("refused", "filesystem", 4)


@pytest.mark.parametrize("name", ["", "/dev/sda1", "sda1/../x", "nvme0n1", "sda1\n", "-o", "loop0"])
def test_only_partitions_of_sticks_are_named(name: str) -> None:
    assert main([name]) == 2
    assert main([]) == 2


def test_a_device_that_cannot_be_mounted_is_told(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match=r"^filesystem$"):
        mount("sdzzz999", os.getuid(), os.getgid(), tmp_path / "at")
