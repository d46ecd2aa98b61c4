"""Takes a signed list: the cheapest way that leads there, and the base when the others do not."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from offline_cache.assemble import assemble, is_current, plans
from offline_cache.errors import (
    EndStateError,
    GoldenPolicyError,
    ManifestError,
    RegisterCorruptError,
    RowsFormatError,
    TrustError,
)
from offline_cache.fetch import MissingFileError, UnreadableFileError
from offline_cache.store import install

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from offline_cache.assemble import How, Installed, Plan
    from offline_cache.download import Downloads
    from offline_cache.floor import FloorStore, Heights
    from offline_cache.format import RegisterKey
    from offline_cache.manifest import Manifest
    from offline_cache.trust import Target, TrustedRepository

_BASE_BYTES_PER_ROW: Final = 36
"""On the disk; 33.4 measured."""
_OVERLAY_BYTES_PER_ROW: Final = 48
_MARGIN_BYTES: Final = 2**20
_TRY_NEXT: Final = (
    *(RowsFormatError, EndStateError, GoldenPolicyError, RegisterCorruptError),
    *(MissingFileError, UnreadableFileError, TrustError),
)
"""What deltas, or the files that they build on, can be wrong with while a base is right."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ListTaker:
    """What it takes to bring a register folder to a signed list."""

    register: Path
    key: RegisterKey
    repository: TrustedRepository
    downloads: Downloads
    staged: Path
    """An empty folder beside the register."""
    store: FloorStore
    heights: Heights
    """Of what is offered; looked at once more before it becomes current."""
    progress: Callable[[int, int], None]
    """Told the rows of a base that are written, and how many there are."""

    def take(self, manifest: Manifest, installed: Installed | None) -> How | None:
        """Make the signed list current; the way, or None when it was so already.

        Raises:
            RegisterError: it cannot be had or is not what was signed; the list in use stays.
            sqlite3.Error, OSError: the disk is full or failed.
        """
        how = None if is_current(manifest, installed) else self._by_ways(manifest, installed)
        self.downloads.keep_only([])
        return how

    def _by_ways(self, manifest: Manifest, installed: Installed | None) -> How:
        ways = _affordable([self._priced(plan) for plan in plans(manifest, installed)])
        for number, (plan, targets) in enumerate(ways):
            try:
                return self._by(plan, targets, manifest, self.staged / str(number))
            except _TRY_NEXT as error:
                if number == len(ways) - 1:
                    raise
                _log.warning("register: %s; another way is taken", error)
        raise AssertionError("the last way ends in a list or an error")

    def _by(self, plan: Plan, targets: list[Target], manifest: Manifest, staged: Path) -> How:
        self.downloads.keep_only(targets)
        paths = self.downloads.fetch(targets, beside=_bytes_to_build(plan, manifest))
        rows = 0 if plan.base is None else plan.base.state.rows
        staged.mkdir()
        made = assemble(
            plan,
            manifest,
            dict(zip(plan.names, paths, strict=True)),
            register=self.register,
            staged=staged,
            key=self.key,
            progress=lambda done: self.progress(done, rows),
        )
        floor = self.store.read()
        self.heights.refuse_below(floor)
        self.heights.refuse_list_below(floor)
        install(self.register, plan.base_serial, base=made.base, overlay=made.overlay)
        return plan.how

    def _priced(self, plan: Plan) -> tuple[Plan, list[Target]]:
        targets = []
        for name in plan.names:
            target = self.repository.target(name)
            if target is None:
                raise ManifestError(f"manifest: {name} is not signed for")
            targets.append(target)
        return plan, targets


def _affordable(ways: list[tuple[Plan, list[Target]]]) -> list[tuple[Plan, list[Target]]]:
    """Without the ways that cost more bytes than the base, which comes last."""
    base = sum(target.length for target in ways[-1][1])
    cheaper = [way for way in ways[:-1] if sum(target.length for target in way[1]) <= base]
    return [*cheaper, ways[-1]]


def _bytes_to_build(plan: Plan, manifest: Manifest) -> int:
    base = 0 if plan.base is None else plan.base.state.rows * _BASE_BYTES_PER_ROW
    overlay = manifest.overlays[plan.base_serial].rows if plan.deltas else 0
    return base + overlay * _OVERLAY_BYTES_PER_ROW + _MARGIN_BYTES
