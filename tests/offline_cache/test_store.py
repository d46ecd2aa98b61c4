"""Replacing the base: old or new after every possible end, and one at a time."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from offline_cache import layout, store
from offline_cache.disk import ensure_space
from offline_cache.errors import RegisterBusyError, RegisterSpaceError
from offline_cache.format import KeyKind
from offline_cache.register import Register
from offline_cache.store import staging
from tests.offline_cache.samples import KEY, build, enp, entry, row

if TYPE_CHECKING:
    from collections.abc import Callable

_OLD = range(30)
_NEW = range(10, 40)


class _PowerCut(BaseException):
    """The end of everything, at once."""


class _Fuse:
    """Blows at the n-th step that reaches the disk."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
        self.left = steps
        self._guard(monkeypatch, os, "fsync")
        self._guard(monkeypatch, Path, "replace")
        self._guard(monkeypatch, Path, "hardlink_to")
        # Nobody clears up after a power cut.
        monkeypatch.setattr(shutil, "rmtree", lambda *_args, **_kwargs: None)

    def _guard(self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
        real: Callable[..., object] = getattr(owner, name)

        def step(*args: Any) -> object:
            if self.left == 0:
                raise _PowerCut
            self.left -= 1
            return real(*args)

        monkeypatch.setattr(owner, name, step)


def _serial_and_answers(folder: Path) -> int:
    with Register.open(folder, KEY) as register:
        present = _OLD if register.serial == 1 else _NEW
        for n in range(50):
            expected = entry(n) if n in present else None
            assert register.find(KeyKind.ENP, enp(n)) == expected
        return register.serial


def test_after_a_power_cut_at_any_step_the_register_is_the_old_or_the_new(tmp_path: Path) -> None:
    seen = []
    finished = False
    for steps in range(20):
        folder = tmp_path / str(steps)
        build(folder, map(row, _OLD), serial=1)
        with pytest.MonkeyPatch.context() as monkeypatch:
            _Fuse(monkeypatch, steps)
            try:
                build(folder, map(row, _NEW), serial=2)
                finished = True
            except _PowerCut:
                pass
        seen.append(_serial_and_answers(folder))
        build(folder, map(row, _NEW), serial=2)
        assert _serial_and_answers(folder) == 2
        assert not list(folder.glob(".staging-*"))
        if finished:
            break
    assert finished
    assert seen == sorted(seen)
    assert set(seen) == {1, 2}
    assert len(seen) > 4


def test_the_previous_base_is_kept(tmp_path: Path) -> None:
    for serial in (1, 2, 3):
        build(tmp_path, map(row, _OLD), serial=serial)
    previous = tmp_path / "previous"
    previous.mkdir()
    (tmp_path / layout.PREVIOUS_BASE_NAME).rename(previous / layout.BASE_NAME)
    with Register.open(previous, KEY) as register:
        assert register.serial == 2


def test_without_hard_links_the_previous_base_is_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    build(tmp_path, map(row, _OLD), serial=1)
    old = (tmp_path / layout.BASE_NAME).read_bytes()
    build(tmp_path, map(row, _NEW), serial=2)
    assert (tmp_path / layout.PREVIOUS_BASE_NAME).read_bytes() == old


def test_the_file_is_on_the_disk_before_it_is_current(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []
    fsync, replace = os.fsync, Path.replace

    def noted_fsync(descriptor: int) -> None:
        steps.append(f"fsync {Path(f'/proc/self/fd/{descriptor}').readlink().name}")
        fsync(descriptor)

    def noted_replace(source: Path, target: Path) -> Path:
        steps.append(f"rename {target.name}")
        return replace(source, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    build(tmp_path / "register", map(row, _OLD))
    assert steps == ["fsync base.sqlite", "rename base.sqlite", "fsync register"]


def test_one_at_a_time(tmp_path: Path) -> None:
    with staging(tmp_path), pytest.raises(RegisterBusyError, match="try again"):
        build(tmp_path, [row(1)])
    build(tmp_path, [row(1)])


def test_what_a_killed_build_left_is_cleared_away(tmp_path: Path) -> None:
    leftover = tmp_path / f"{store._STAGING_PREFIX}abc"
    leftover.mkdir()
    (leftover / "run-0").write_bytes(b"half")
    build(tmp_path, [row(1)])
    assert not leftover.exists()


def test_the_kiosks_user_may_read_what_another_built(tmp_path: Path) -> None:
    mask = os.umask(0o022)
    try:
        build(tmp_path, [row(1)])
    finally:
        os.umask(mask)
    assert (tmp_path / layout.BASE_NAME).stat().st_mode & 0o777 == 0o644


def test_a_full_disk_is_said_before_it_is_full(tmp_path: Path) -> None:
    ensure_space(tmp_path, 1)
    with pytest.raises(RegisterSpaceError, match="MB are free"):
        ensure_space(tmp_path, 10**18)
