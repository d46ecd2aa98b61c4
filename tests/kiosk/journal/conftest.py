"""A place for what would wear a disk out."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(name="memory")
def _memory() -> Iterator[Path]:
    """A folder in memory where that is possible: syncing costs nothing there."""
    shared = Path("/dev/shm")  # noqa: S108  # a name of its own below it
    where = shared if os.access(shared, os.W_OK) else None
    with TemporaryDirectory(prefix="kiosk-journal-", dir=where) as name:
        yield Path(name)
