"""The signed tables beside the list: insurers, territories, calendar, hotlines, trusted issuers."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

from offline_cache.disk import sync
from offline_cache.download import read_target

if TYPE_CHECKING:
    from pathlib import Path

    from offline_cache.fetch import Deadline, Source
    from offline_cache.trust import TrustedRepository

REFERENCE_FOLDER: Final = "reference"
_ROLE: Final = "reference"
_MAX_TABLE_BYTES: Final = 16 * 1024 * 1024
_MAX_TABLES: Final = 64
_TABLE: Final = re.compile(r"reference/([a-z0-9][a-z0-9_-]{0,60}\.csv)")


def take_tables(
    source: Source, repository: TrustedRepository, folder: Path, staged: Path, deadline: Deadline
) -> int:
    """Bring the tables in `folder` to what is signed, each replaced whole; bytes fetched.

    A table that is signed no more stays: what reads it goes by name, and finds the last true one.

    Raises:
        RegisterError: one cannot be had, or is not what was signed; those before it are in place.
        OSError: the disk is full or failed.
    """
    fetched = 0
    for name in repository.names(_ROLE)[:_MAX_TABLES]:
        found = _TABLE.fullmatch(name)
        target = repository.target(name) if found else None
        if found is None or target is None or _sha256(folder / found[1]) == target.sha256:
            continue
        content = read_target(source, target, deadline, most=_MAX_TABLE_BYTES)
        fetched += len(content)
        path = staged / found[1]
        path.write_bytes(content)
        sync(path)
        folder.mkdir(exist_ok=True)
        path.replace(folder / found[1])
        sync(folder)
    return fetched


def _sha256(path: Path) -> str | None:
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
