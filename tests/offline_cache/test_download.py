"""Signed files on their way to the disk: resumed, capped, proved, cleared away."""

from __future__ import annotations

import errno
import hashlib
import os
from typing import TYPE_CHECKING, Any

import pytest

from kiosk.demo.fund_server import Fault, FundServer
from offline_cache.download import Downloads, read_target
from offline_cache.errors import (
    FetchError,
    RegisterSpaceError,
    RegisterWriteError,
    TrustError,
)
from offline_cache.fetch import Deadline, MissingFileError
from offline_cache.fetch_folder import FolderSource
from offline_cache.fetch_http import HttpSource
from offline_cache.trust import Target

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_mock import MockerFixture

    from offline_cache.fetch import Source

CONTENT = os.urandom(500_000)


def offer(root: Path, content: bytes, name: str = "base-1") -> Target:
    sha256 = hashlib.sha256(content).hexdigest()
    path = f"targets/register/{sha256}.{name}"
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(content)
    return Target(f"register/{name}", path, len(content), sha256)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "repository"


@pytest.fixture
def base(root: Path) -> Target:
    return offer(root, CONTENT)


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    return tmp_path / "kiosk" / "download"


@pytest.fixture
def server(root: Path) -> Iterator[FundServer]:
    root.mkdir(exist_ok=True)
    with FundServer(root) as server:
        yield server


@pytest.fixture(params=["http", "folder"])
def source(request: pytest.FixtureRequest, root: Path, server: FundServer) -> Iterator[Source]:
    source: Source = (
        FolderSource(root)
        if request.param == "folder"
        else HttpSource(server.url, None, "oms-kiosk/test")
    )
    yield source
    source.close()


@pytest.fixture
def http(server: FundServer) -> Iterator[HttpSource]:
    source = HttpSource(server.url, None, "oms-kiosk/test")
    yield source
    source.close()


def downloads(source: Source, parts: Path, **options: Any) -> Downloads:
    return Downloads(source, parts, Deadline(10), **options)


def put_part(parts: Path, target: Target, content: bytes) -> None:
    parts.mkdir(parents=True)
    (parts / f"{target.sha256}.part").write_bytes(content)


def test_files_arrive_whole_with_progress(source: Source, root: Path, parts: Path) -> None:
    targets = [offer(root, CONTENT), offer(root, b"small", "delta-1-2"), offer(root, b"", "empty")]
    told: list[tuple[int, int]] = []
    getting = downloads(source, parts, progress=lambda *at: told.append(at))
    paths = getting.fetch(targets)
    assert [path.read_bytes() for path in paths] == [CONTENT, b"small", b""]
    assert getting.bytes_fetched == len(CONTENT) + 5
    assert told == sorted(told)
    assert told[-1] == (len(CONTENT) + 5, len(CONTENT) + 5)


def test_what_is_here_is_not_fetched_again(source: Source, base: Target, parts: Path) -> None:
    put_part(parts, base, CONTENT[:300_000])
    getting = downloads(source, parts)
    [path] = getting.fetch([base])
    assert path.read_bytes() == CONTENT
    assert getting.bytes_fetched == 200_000
    again = downloads(source, parts)
    again.fetch([base])
    assert again.bytes_fetched == 0


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(b"\0" * 300_000, id="zeros-of-a-power-cut"),
        pytest.param(os.urandom(len(CONTENT)), id="another-file-as-long"),
        pytest.param(CONTENT + b"x", id="too-long"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_a_bad_beginning_is_thrown_away(
    source: Source, base: Target, parts: Path, part: bytes
) -> None:
    put_part(parts, base, part)
    [path] = downloads(source, parts).fetch([base])
    assert path.read_bytes() == CONTENT


def test_a_folder_in_the_way_is_removed(source: Source, base: Target, parts: Path) -> None:
    (parts / f"{base.sha256}.part").mkdir(parents=True)
    assert downloads(source, parts).fetch([base])[0].read_bytes() == CONTENT


def test_a_broken_line_is_taken_up_again(
    http: HttpSource, server: FundServer, base: Target, parts: Path
) -> None:
    server.order("base", Fault.CUT, times=2)
    [path] = downloads(http, parts).fetch([base])
    assert path.read_bytes() == CONTENT
    assert [asked for _, asked in server.requests] == ["", "bytes=250000-", "bytes=375000-"]


def test_what_came_is_kept_for_the_next_run(
    http: HttpSource, server: FundServer, base: Target, parts: Path
) -> None:
    server.order("base", Fault.STALL)
    with pytest.raises(FetchError, match="not done within"):
        Downloads(http, parts, Deadline(0.5)).fetch([base])
    assert (parts / f"{base.sha256}.part").stat().st_size == 250_000
    server.clear_faults()
    getting = downloads(http, parts)
    getting.fetch([base])
    assert getting.bytes_fetched == 250_000


def test_a_server_without_ranges_sends_all_again(
    http: HttpSource, server: FundServer, base: Target, parts: Path
) -> None:
    put_part(parts, base, CONTENT[:300_000])
    server.order("base", Fault.NO_RANGES)
    getting = downloads(http, parts)
    assert getting.fetch([base])[0].read_bytes() == CONTENT
    assert getting.bytes_fetched == len(CONTENT)


def test_another_file_than_was_signed_is_deleted(
    source: Source, root: Path, base: Target, parts: Path
) -> None:
    (root / base.path).write_bytes(os.urandom(len(CONTENT)))
    with pytest.raises(TrustError, match="register/base-1 is not the file that was signed"):
        downloads(source, parts).fetch([base])
    assert list(parts.iterdir()) == []


def test_a_longer_file_is_refused(source: Source, root: Path, base: Target, parts: Path) -> None:
    (root / base.path).write_bytes(CONTENT + b"x")
    with pytest.raises(TrustError, match="longer than it may be: 500000 bytes were signed"):
        downloads(source, parts).fetch([base])


def test_a_shorter_file_is_refused(source: Source, root: Path, base: Target, parts: Path) -> None:
    (root / base.path).write_bytes(CONTENT[:-1])
    with pytest.raises(FetchError):
        downloads(source, parts).fetch([base])


def test_endless_data_is_cut_at_the_signed_length(
    http: HttpSource, server: FundServer, base: Target, parts: Path
) -> None:
    server.order("base", Fault.ENDLESS)
    with pytest.raises(TrustError, match="longer than it may be"):
        downloads(http, parts).fetch([base])
    assert (parts / f"{base.sha256}.part").stat().st_size <= len(CONTENT)


def test_a_missing_file_is_said(source: Source, root: Path, base: Target, parts: Path) -> None:
    (root / base.path).unlink()
    with pytest.raises(MissingFileError, match="not there"):
        downloads(source, parts).fetch([base])


def test_a_full_disk_is_said_before_anything_is_fetched(
    http: HttpSource, server: FundServer, base: Target, parts: Path
) -> None:
    with pytest.raises(RegisterSpaceError, match="MB may be needed"):
        downloads(http, parts).fetch([base], beside=2**60)
    assert server.requests == []


def test_a_disk_that_fills_meanwhile_is_said(
    source: Source, base: Target, parts: Path, mocker: MockerFixture
) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    mocker.patch("offline_cache.download._Part.add", side_effect=full)
    with pytest.raises(RegisterSpaceError, match="the disk is full"):
        downloads(source, parts).fetch([base])


def test_a_folder_that_cannot_be_written_is_said(
    source: Source, base: Target, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RegisterWriteError, match="file"):
        downloads(source, tmp_path / "file" / "download").fetch([base])


def test_useless_parts_are_cleared_away(source: Source, base: Target, parts: Path) -> None:
    put_part(parts, base, CONTENT[:5])
    (parts / f"{'0' * 64}.part").write_bytes(b"of last week")
    getting = downloads(source, parts)
    getting.keep_only([base])
    assert [path.name for path in parts.iterdir()] == [f"{base.sha256}.part"]
    getting.keep_only([])
    assert list(parts.iterdir()) == []


def test_a_small_file_is_read_into_memory(source: Source, root: Path, base: Target) -> None:
    assert read_target(source, base, Deadline(10), most=10**6) == CONTENT
    with pytest.raises(TrustError, match="absurd length"):
        read_target(source, base, Deadline(10), most=1000)
    (root / base.path).write_bytes(bytes(len(CONTENT)))
    with pytest.raises(TrustError, match="not the file that was signed"):
        read_target(source, base, Deadline(10), most=10**6)
    (root / base.path).write_bytes(CONTENT + b"x")
    with pytest.raises(TrustError, match="500000 bytes were signed"):
        read_target(source, base, Deadline(10), most=10**6)
