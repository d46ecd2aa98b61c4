"""A stick: the whole current state in a folder `oms-register`, for kiosks without a network.

It is written beside and renamed, so that pulling it out early leaves the old state or none, and it
lives for two weeks where a server's timestamp lives for a day.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from offline_cache.disk import disk_errors, ensure_space, sync
from offline_cache.errors import OfficeError
from offline_cache.manifest import base_target
from offline_cache.publisher import durable
from offline_cache.publisher.metadata import ROLES, file_name, root_versions

if TYPE_CHECKING:
    from pathlib import Path

    from offline_cache.manifest import Manifest
    from offline_cache.publisher.metadata import File, Published

STICK_FOLDER: Final = "oms-register"
_STAGED: Final = f".{STICK_FOLDER}.new"
_OLD: Final = f".{STICK_FOLDER}.old"
_OURS: Final = frozenset({"metadata", "targets"})
_SLACK_BYTES: Final = 8 << 20
"""Folders, metadata and clusters that are not filled."""


def check_stick(stick: Path) -> None:
    """Refuse early what must not be written to.

    Raises:
        OfficeError: there is no such folder, or something else than a register is in the way.
    """
    if not stick.is_dir():
        raise OfficeError(f"{stick}: no such folder; is the stick in and mounted?")
    folder = stick / STICK_FOLDER
    if not folder.exists() and not folder.is_symlink():
        return
    foreign = folder.is_symlink() or not folder.is_dir()
    if foreign or {path.name for path in folder.iterdir() if path.name[0] != "."} != _OURS:
        raise OfficeError(
            f"{folder}: in the way, and not a register; move it away or take another stick"
        )


def write_stick(stick: Path, repository: Path, state: Published, manifest: Manifest | None) -> None:
    """Put `state`, with all versions of root and every file that it names, on a stick.

    Older bases stay off it: a kiosk that cannot go on from its own takes the newest.

    Raises:
        OfficeError: what is in the way is not a register, or the repository is damaged.
        RegisterWriteError, RegisterSpaceError: from the stick; what was on it still is.
    """
    check_stick(stick)
    if refused := state.unverified():
        raise OfficeError(f"{stick}: not written, kiosks would refuse it: {refused[0]}")
    files = _files(state, manifest)
    staged = stick / _STAGED
    with disk_errors(stick):
        # Pulled out between two renames: the old state is the newest that there is.
        if (stick / _OLD).exists() and not (stick / STICK_FOLDER).exists():
            durable.put(stick / _OLD, stick / STICK_FOLDER)
        for leftover in (staged, stick / _OLD):
            shutil.rmtree(leftover, ignore_errors=True)
    try:
        ensure_space(stick, sum(file.length for file in files.values()) + _SLACK_BYTES)
        _write_metadata(staged / "metadata", repository, state)
        durable.make_folder(staged / "targets")
        for file in files.values():
            _copy_file(staged, repository, file)
        with disk_errors(stick):
            _swap(stick, staged)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _files(state: Published, manifest: Manifest | None) -> dict[str, File]:
    files = state.files()
    if manifest is not None:
        for serial in manifest.overlays:
            if serial != manifest.base.serial:
                files.pop(base_target(serial), None)
    return files


def _write_metadata(folder: Path, repository: Path, state: Published) -> None:
    durable.make_folder(folder)
    for version in root_versions(repository / "metadata"):
        name = f"{version}.root.json"
        with disk_errors(folder / name):
            content = (repository / "metadata" / name).read_bytes()
        durable.write(folder / name, content)
    for role in ROLES:
        name = file_name(role, state.signed(role).version)
        durable.write(folder / name, state.contents[role])


def _copy_file(staged: Path, repository: Path, file: File) -> None:
    source = file.place(repository)
    folder = file.place(staged).parent
    durable.make_folder(folder)
    measured = durable.copy(source, folder, file.target.rpartition("/")[2])
    if measured.sha256 != file.sha256:
        raise OfficeError(f"{source}: damaged; bring the repository back from a copy")


def _swap(stick: Path, staged: Path) -> None:
    current = stick / STICK_FOLDER
    if current.exists():
        durable.put(current, stick / _OLD)
    durable.put(staged, current)
    shutil.rmtree(stick / _OLD, ignore_errors=True)
    sync(stick)
