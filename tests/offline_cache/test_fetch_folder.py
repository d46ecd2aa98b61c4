"""A stick is a stranger's: only regular files below its folder, and never more than asked for."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from offline_cache.errors import FetchError
from offline_cache.fetch import Deadline, MissingFileError, TooLongError, read_small
from offline_cache.fetch_folder import FolderSource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_mock import MockerFixture

CONTENT = bytes(range(256)) * 1024
MOST = 2**20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "stick" / "targets" / "register").mkdir(parents=True)
    (tmp_path / "stick" / "targets" / "register" / "base").write_bytes(CONTENT)
    (tmp_path / "secret").write_text("not on the stick")
    return tmp_path / "stick"


@pytest.fixture
def source(folder: Path) -> Iterator[FolderSource]:
    source = FolderSource(folder)
    yield source
    source.close()


def read(source: FolderSource, name: str, *, most: int = MOST) -> bytes:
    return read_small(source, name, Deadline(10), most=most)


def test_a_file_is_read(source: FolderSource) -> None:
    assert read(source, "targets/register/base") == CONTENT


def test_reading_goes_on_where_it_broke(source: FolderSource) -> None:
    with source.fetch("targets/register/base", Deadline(10), most=MOST, offset=100_000) as fetched:
        assert fetched.start == 100_000
        assert b"".join(fetched.chunks) == CONTENT[100_000:]
    with source.fetch("targets/register/base", Deadline(10), most=MOST, offset=MOST) as fetched:
        assert fetched.start == 0


def test_a_sticks_own_folder_is_found(folder: Path) -> None:
    folder.rename(folder.with_name("oms-register"))
    source = FolderSource(folder.parent)
    assert read(source, "targets/register/base") == CONTENT
    assert source.label.endswith("/oms-register")
    source.close()


def test_a_linked_oms_register_is_not_followed(tmp_path: Path, folder: Path) -> None:
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    (mounted / "oms-register").symlink_to(folder)
    source = FolderSource(mounted)
    with pytest.raises(MissingFileError):
        read(source, "targets/register/base")
    source.close()


@pytest.mark.parametrize(
    "name",
    [
        "../secret",
        "targets/../../secret",
        "/etc/passwd",
        "",
        "targets//base",
        "targets/./base",
        "a\0b",
        "..\\secret",
        "x/" * 9 + "x",
        "x" * 600,
    ],
)
def test_no_name_leads_out(source: FolderSource, name: str) -> None:
    with pytest.raises(FetchError):
        read(source, name)


def test_links_are_not_followed(source: FolderSource, folder: Path) -> None:
    (folder / "file").symlink_to("../secret")
    (folder / "inside").symlink_to("targets/register/base")
    (folder / "folder").symlink_to("targets")
    for name in ("file", "inside", "folder/register/base"):
        with pytest.raises(FetchError):
            read(source, name)


def test_only_regular_files_are_opened(source: FolderSource, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "folder.json").mkdir()
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(folder / "s"))
    for name in ("pipe", "folder.json", "s"):
        with pytest.raises(FetchError, match="not a regular file"):
            read(source, name)


@pytest.mark.skipif(os.geteuid() != 0, reason="device files are made by root")
def test_a_device_file_is_not_opened(source: FolderSource, folder: Path) -> None:
    os.mknod(folder / "zero", 0o020666, os.makedev(1, 5))
    with pytest.raises(FetchError, match="not a regular file"):
        read(source, "zero")


def test_a_missing_file_is_told_from_a_broken_one(source: FolderSource, folder: Path) -> None:
    with pytest.raises(MissingFileError, match="not there"):
        read(source, "targets/nothing")
    (folder / "locked").write_bytes(b"x")
    with pytest.raises(FetchError, match="Not a directory"):
        read(source, "locked/below")


def test_a_huge_file_is_refused_unread(source: FolderSource, folder: Path) -> None:
    with (folder / "huge").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(TooLongError, match=r"huge: \d+ bytes"):
        read(source, "huge")


def test_a_file_that_grows_is_cut(source: FolderSource, folder: Path) -> None:
    path = folder / "targets" / "register" / "base"
    with (
        source.fetch("targets/register/base", Deadline(10), most=len(CONTENT)) as fetched,
        path.open("ab") as file,
    ):
        next(fetched.chunks)
        file.write(b"more")
        file.flush()
        with pytest.raises(TooLongError):
            list(fetched.chunks)


def test_a_read_error_in_the_middle_is_said(source: FolderSource, mocker: MockerFixture) -> None:
    # No file system here gives a bad sector on order.
    mocker.patch("os.pread", side_effect=[b"x" * 100, OSError(5, "Input/output error")])
    with pytest.raises(FetchError, match=r"Input/output error; the stick may be damaged or gone"):
        read(source, "targets/register/base")


def test_a_removed_stick_is_said(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="is the stick in"):
        FolderSource(tmp_path / "none")


def test_a_stick_that_takes_too_long_is_given_up(source: FolderSource) -> None:
    moments = iter([0.0, 1.0, 5.0, 11.0])
    deadline = Deadline(10, lambda: next(moments))
    with pytest.raises(FetchError, match="not done within 10 s"):
        read_small(source, "targets/register/base", deadline, most=MOST)
