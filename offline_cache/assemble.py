"""From the list on this kiosk to the signed one: which files lead there, and the files they make.

Everything is made and proved in a staging folder; nothing here touches the list in use.
"""

from __future__ import annotations

import enum
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from offline_cache.errors import (
    EndStateError,
    GoldenPolicyError,
    ManifestError,
    RegisterError,
)
from offline_cache.file_writer import base_from_rows
from offline_cache.format import KeyKind
from offline_cache.layout import BASE_NAME, Meta, overlay_name
from offline_cache.manifest import EndState
from offline_cache.overlay import build_overlay
from offline_cache.register import Register
from offline_cache.register_file import RegisterFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from offline_cache.format import RegisterKey
    from offline_cache.manifest import BaseInfo, DeltaInfo, Manifest


class How(enum.StrEnum):
    """The way to a list."""

    DELTAS = "deltas"
    BASE = "base"


@dataclass(frozen=True, slots=True)
class Installed:
    """The list on this kiosk, as its files describe themselves."""

    base: Meta
    overlay: Meta | None

    @property
    def serial(self) -> int:
        """Of the list."""
        return (self.overlay or self.base).serial

    @property
    def as_of(self) -> datetime:
        """When the list was made, UTC."""
        return (self.overlay or self.base).as_of


@dataclass(frozen=True, slots=True)
class Plan:
    """Files that lead to the signed list."""

    how: How
    base: BaseInfo | None
    """To be fetched; None: the one in use stays."""
    base_serial: int
    deltas: tuple[DeltaInfo, ...]
    on_overlay: bool
    """The deltas go on from the overlay in use; else they begin at the base."""

    @property
    def names(self) -> tuple[str, ...]:
        """The targets to fetch, the base first."""
        base = () if self.base is None else (self.base.target,)
        return (*base, *(delta.target for delta in self.deltas))


@dataclass(frozen=True, slots=True)
class Staged:
    """Files that were proved and wait to become current."""

    base: Path | None
    overlay: Path | None


def installed_in(folder: Path, key: RegisterKey) -> Installed | None:
    """The list in a folder; None: none that could be built on."""
    try:
        base = _meta_of(folder / BASE_NAME, key)
    except RegisterError:
        return None
    with suppress(RegisterError):
        overlay = _meta_of(folder / overlay_name(base.serial), key)
        if overlay.base_serial == base.serial:
            return Installed(base, overlay)
    return Installed(base, None)


def is_current(manifest: Manifest, installed: Installed | None) -> bool:
    """Whether the list on this kiosk is the signed one, and ends as was signed."""
    if installed is None or installed.serial != manifest.serial:
        return False
    if not _is_signed(manifest, installed.base):
        return False
    signed = manifest.overlays.get(installed.base.serial)
    return installed.overlay is None or _state(installed.overlay) == signed


def plans(manifest: Manifest, installed: Installed | None) -> tuple[Plan, ...]:
    """The ways to the signed list, the smallest step first, each for when the one before fails.

    Raises:
        ManifestError: the manifest does not say what its own base leads to.
    """
    found = []
    if installed is not None and _is_signed(manifest, installed.base):
        serial = installed.base.serial
        for on_overlay, start in ((True, installed.serial), (False, serial)):
            chain = manifest.chain(start)
            if chain and on_overlay <= (installed.overlay is not None):
                found.append(Plan(How.DELTAS, None, serial, chain, on_overlay))
    chain = manifest.chain(manifest.base.serial) or ()
    if chain and manifest.base.serial not in manifest.overlays:
        raise ManifestError("manifest: does not say what the changes since its base end in")
    return (*found, Plan(How.BASE, manifest.base, manifest.base.serial, chain, on_overlay=False))


def assemble(
    plan: Plan,
    manifest: Manifest,
    files: Mapping[str, Path],
    *,
    register: Path,
    staged: Path,
    key: RegisterKey,
    progress: Callable[[int], None],
) -> Staged:
    """Make the files of a plan in the empty folder `staged`, and prove them; still to be synced.

    `files` has the plan's targets by name. `progress` is told the rows of the base written so far.

    Raises:
        RowsFormatError, EndStateError, GoldenPolicyError: they are not the signed list.
        RegisterError: a file in use cannot be built on.
        sqlite3.Error, OSError: the disk is full or failed.
    """
    base, overlay = staged / BASE_NAME, staged / overlay_name(plan.base_serial)
    if plan.base is None:
        base.symlink_to((register / BASE_NAME).absolute())
    else:
        about = _about_base(manifest)
        base_from_rows(files[plan.base.target], base, key, about, plan.base.state, progress)
    if plan.deltas:
        before = register / overlay.name if plan.on_overlay else None
        deltas = [files[delta.target] for delta in plan.deltas]
        about = _about(manifest, plan.base_serial)
        build_overlay(overlay, key, before, deltas, about, manifest.overlays[plan.base_serial])
    _prove(staged, key, manifest)
    return Staged(None if plan.base is None else base, overlay if plan.deltas else None)


def _prove(folder: Path, key: RegisterKey, manifest: Manifest) -> None:
    """Ask the staged list as a kiosk would."""
    with Register.open(folder, key) as register:
        if register.serial != manifest.serial:
            raise EndStateError("what was made does not open as the list that was signed")
        for place, golden in enumerate(manifest.golden, start=1):
            entry = register.find(KeyKind.ENP, golden.enp)
            person = (golden.surname, golden.given_name, golden.patronymic, golden.birth_date)
            if entry is None or entry.status != golden.status:
                what = "is not found" if entry is None else "has another status"
            elif not register.matches(entry, *person):
                what = "is somebody else"
            else:
                continue
            raise GoldenPolicyError(
                f"golden policy {place} of {len(manifest.golden)} {what}:"
                " the list was not taken; was it built with another key than this kiosk's?"
            )


def _about(manifest: Manifest, base_serial: int | None) -> Meta:
    return Meta(
        serial=manifest.serial,
        as_of=manifest.as_of,
        next_expected=manifest.next_expected,
        rows=0,
        digest=0,
        first_key=None,
        territories=manifest.territories,
        kinds=manifest.kinds,
        base_serial=base_serial,
        freshness=manifest.freshness,
    )


def _about_base(manifest: Manifest) -> Meta:
    about = _about(manifest, None)
    return replace(about, serial=manifest.base.serial, as_of=manifest.base.as_of)


def _is_signed(manifest: Manifest, base: Meta) -> bool:
    """Whether a base in use is one that the manifest goes on from."""
    if base.serial == manifest.base.serial:
        return _state(base) == manifest.base.state
    return base.serial in manifest.overlays


def _state(meta: Meta) -> EndState:
    return EndState(meta.rows, meta.digest)


def _meta_of(path: Path, key: RegisterKey) -> Meta:
    with closing(RegisterFile(path, key)) as file:
        return file.meta
