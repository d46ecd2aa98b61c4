"""The delta between two lists of an office."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offline_cache.disk import disk_errors
from offline_cache.errors import OfficeError
from offline_cache.publisher.delta import compare
from offline_cache.publisher.lists import OfficeLists

if TYPE_CHECKING:
    from pathlib import Path

    from offline_cache.manifest import EndState


@dataclass(frozen=True, slots=True)
class Delta:
    """A delta that was written."""

    path: Path
    before: int
    after: int
    state: EndState
    bytes: int


def write_delta(office: Path, before: int | None = None, after: int | None = None) -> Delta:
    """Write what changed from list `before` (None: the one before) to `after` (None: the newest).

    Raises:
        OfficeError: there are no such lists, or they were built with two keys.
        RowsFormatError: one of the lists is damaged.
        RegisterSpaceError, RegisterWriteError: the disk is full or failed.
    """
    lists = OfficeLists(office)
    serials = lists.serials()
    if after is None:
        after = max(serials, default=0)
    if before is None:
        before = max((serial for serial in serials if serial < after), default=0)
    if not 0 < before < after:
        raise OfficeError(f"{lists.folder}: there are no two lists to compare; build one more")
    if lists.describe(before).key_check != lists.describe(after).key_check:
        raise OfficeError(
            f"{lists.folder}: lists {before} and {after} were built with two keys; "
            "there is no delta between them"
        )
    path = lists.delta_path(before, after)
    with disk_errors(lists.folder):
        state = compare(lists.rows_path(before), lists.rows_path(after), path)
        return Delta(path, before, after, state, path.stat().st_size)
