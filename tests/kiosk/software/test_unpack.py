"""Bundles that nobody should have signed: nothing leaves the folder, or is more than it may be."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from kiosk.software import unpack as module
from kiosk.software.errors import BundleError
from kiosk.software.unpack import unpack
from offline_cache.errors import RegisterSpaceError
from tests.kiosk.software.releases import SECOND, pack, plain_bundle, top

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLAIN = plain_bundle(SECOND)
TOP = top(SECOND)


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    """The header of a member without content."""
    about = tarfile.TarInfo(name)
    about.type, about.linkname = kind, link
    return about


def with_member(about: tarfile.TarInfo, content: bytes = b"") -> bytes:
    """A good bundle with one member more, in its folder unless that is the point."""
    about.name = about.name if about.name[0] in "/=" else f"{TOP}/{about.name}"
    about.name = about.name.removeprefix("=")
    about.size = len(content)
    return pack(PLAIN, (about, content))


def extended(headers: dict[str, str]) -> bytes:
    """A bundle whose last member has extended headers."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        about = tarfile.TarInfo(f"{TOP}/plain")
        about.pax_headers = headers
        archive.addfile(about)
    return out.getvalue()


def bomb() -> bytes:
    """Two gigabytes of nothing in two megabytes, said to be one file."""
    about = member(f"{TOP}/big")
    about.size = 1 << 31
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1) as stream:
        stream.write(about.tobuf(tarfile.GNU_FORMAT))
        for _ in range(64):
            stream.write(bytes(1 << 20))
    return out.getvalue()


def long_header() -> bytes:
    """A header that asks for a gigabyte of memory."""
    about = member("x", tarfile.XHDTYPE)
    about.size = 1 << 30
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1) as stream:
        stream.write(about.tobuf(tarfile.USTAR_FORMAT))
        for _ in range(64):
            stream.write(bytes(1 << 20))
    return out.getvalue()


HOSTILE: dict[str, Callable[[], bytes]] = {
    "link": lambda: with_member(member("leak", tarfile.SYMTYPE, "/etc/passwd")),
    "link within": lambda: with_member(member("leak", tarfile.SYMTYPE, "VERSION")),
    "hard link": lambda: with_member(member("leak", tarfile.LNKTYPE, "VERSION")),
    "device": lambda: with_member(member("null", tarfile.CHRTYPE)),
    "disk": lambda: with_member(member("disk", tarfile.BLKTYPE)),
    "pipe": lambda: with_member(member("pipe", tarfile.FIFOTYPE)),
    "sparse": lambda: with_member(member("holes", tarfile.GNUTYPE_SPARSE)),
    "unknown": lambda: with_member(member("what", b"Z")),
    "parent": lambda: with_member(member("../out")),
    "parent within": lambda: with_member(member("wheels/../../out")),
    "parent folder": lambda: with_member(member("../out", tarfile.DIRTYPE)),
    "beside": lambda: with_member(member("=out")),
    "top is a file": lambda: with_member(member(f"={TOP}")),
    "another top": lambda: pack(PLAIN, below="oms-kiosk-9.9.9-amd64"),
    "absolute": lambda: with_member(member("/tmp/out")),  # noqa: S108
    "hidden": lambda: with_member(member(".bashrc")),
    "control": lambda: with_member(member("a\x1b[2Jb")),
    "backslash": lambda: with_member(member("a\\..\\b")),
    "empty part": lambda: with_member(member("a//b")),
    "deep": lambda: with_member(member("/".join("abcdefghijk"))),
    "twice": lambda: with_member(member("VERSION"), b"9.9.9\n"),
    "file as folder": lambda: with_member(member("VERSION/x")),
    "folder as file": lambda: with_member(member("wheels")),
    "environment": lambda: with_member(member("venv/bin/kiosk"), b"#!/bin/sh\n"),
    "extended path": lambda: extended({"path": f"{TOP}/../out"}),
    "extended size": lambda: extended({"size": "99999999999"}),
    "negative size": lambda: extended({"size": "-5"}),
    "extended sparse": lambda: extended({"GNU.sparse.map": "0,1", "GNU.sparse.size": "1"}),
    "long extension": lambda: extended({"comment": "x" * 9000}),
    "bomb": bomb,
    "header of a gigabyte": long_header,
    "not packed": lambda: gzip.decompress(pack(PLAIN)),
    "no archive": lambda: gzip.compress(b"hello"),
    "nothing": lambda: b"",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_bundle_is_refused(tmp_path: Path, name: str) -> None:
    bundle, folder = tmp_path / "bundle", tmp_path / "folder"
    bundle.write_bytes(HOSTILE[name]())
    folder.mkdir()
    tracemalloc.start()
    try:
        with pytest.raises(BundleError):
            unpack(bundle, folder, TOP)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 16 << 20
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "folder"]
    assert not [path for path in folder.rglob("*") if path.is_symlink()]
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 1 << 20


def test_every_truncation_is_refused_or_noticed(tmp_path: Path) -> None:
    whole = pack({**PLAIN, "wheels/body.whl": os.urandom(3000)})
    bundle = tmp_path / "bundle"
    for size in range(0, len(whole), 7):
        bundle.write_bytes(whole[:size])
        folder = tmp_path / str(size)
        folder.mkdir()
        with pytest.raises(BundleError):
            unpack(bundle, folder, TOP)


def test_flipped_bytes_never_escape(tmp_path: Path) -> None:
    """Whatever comes of them, it is told in one family, or the files are as they were."""
    whole = bytearray(gzip.decompress(pack(PLAIN)))
    bundle = tmp_path / "bundle"
    for place in range(0, min(len(whole), 5000), 37):
        for value in {0x00, 0x2F, 0xFF, whole[place] ^ 1}:
            changed = bytearray(whole)
            changed[place] = value
            bundle.write_bytes(gzip.compress(changed, 1))
            folder = tmp_path / f"{place}-{value}"
            folder.mkdir()
            try:
                unpack(bundle, folder, TOP)
            except BundleError:
                continue
    outside = [path for path in tmp_path.iterdir() if path != bundle and not path.is_dir()]
    assert outside == []
    assert not [path for path in tmp_path.rglob("*") if path.is_symlink()]


def test_too_many_and_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tmp_path / "bundle"
    bundle.write_bytes(pack({f"f{number}": b"" for number in range(30)}))
    monkeypatch.setattr(module, "MAX_MEMBERS", 20)
    (tmp_path / "a").mkdir()
    with pytest.raises(BundleError, match="more than a release may"):
        unpack(bundle, tmp_path / "a", TOP)
    bundle.write_bytes(pack({"a": bytes(600), "b": bytes(600)}))
    (tmp_path / "b").mkdir()
    with pytest.raises(BundleError, match="more than a release may"):
        unpack(bundle, tmp_path / "b", TOP, most=1000)


def test_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tmp_path / "bundle"
    bundle.write_bytes(pack(PLAIN))
    (tmp_path / "folder").mkdir()
    real = os.statvfs(tmp_path)
    nothing = os.statvfs_result((*real[:4], 0, *real[5:10]))
    monkeypatch.setattr(os, "statvfs", lambda _path: nothing)
    with pytest.raises(RegisterSpaceError):
        unpack(bundle, tmp_path / "folder", TOP)


def test_archives_of_other_tools(tmp_path: Path) -> None:
    """GNU tar's names and Python's fractions of a second are no reason to refuse."""
    for number, kind in enumerate((tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT)):
        bundle, folder = tmp_path / f"{number}.tar.gz", tmp_path / str(number)
        long = "wheels/" + "n" * (150 if kind != tarfile.USTAR_FORMAT else 60) + ".whl"
        with tarfile.open(bundle, "w:gz", format=kind) as archive:
            archive.addfile(member(f"{TOP}/", tarfile.DIRTYPE))
            archive.addfile(member(f"{TOP}/wheels", tarfile.DIRTYPE))
            about = member(f"{TOP}/{long}")
            about.mtime = 1.5 if kind == tarfile.PAX_FORMAT else 1
            about.size, about.mode = 3, 0o4777
            archive.addfile(about, io.BytesIO(b"abc"))
        folder.mkdir()
        unpack(bundle, folder, TOP)
        assert (folder / long).read_bytes() == b"abc"
        assert (folder / long).stat().st_mode & 0o7777 == 0o644
