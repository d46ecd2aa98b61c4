"""External sort of small fixed-size records with bounded memory.

Runs on disk hold keyed hashes and codes only: nothing personal is ever spilled.
"""

from __future__ import annotations

import heapq
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RUN_RECORDS = 500_000
"""About 45 MB of records at a time; 300 million records make 600 runs, within 1,024 open files."""


class SortedRuns:
    """Takes records in any order, gives them back in byte order."""

    def __init__(self, folder: Path, record_bytes: int, *, run_records: int = RUN_RECORDS) -> None:
        """Spill runs of `run_records` records of `record_bytes` bytes into `folder`."""
        self._folder = folder
        self._record_bytes = record_bytes
        self._run_records = run_records
        self._waiting: list[bytes] = []
        self._runs: list[Path] = []

    def add(self, record: bytes) -> None:
        """Take one record in.

        Raises:
            OSError: when a run cannot be written.
        """
        self._waiting.append(record)
        if len(self._waiting) >= self._run_records:
            self._spill()

    def merged(self) -> Iterator[bytes]:
        """All records in order; once.

        Raises:
            OSError: when a run cannot be read.
        """
        self._waiting.sort()
        with ExitStack() as stack:
            files = [stack.enter_context(run.open("rb")) for run in self._runs]
            runs = [iter(partial(file.read, self._record_bytes), b"") for file in files]
            yield from heapq.merge(*runs, self._waiting)

    def _spill(self) -> None:
        self._waiting.sort()
        run = self._folder / f"run-{len(self._runs)}"
        with run.open("xb") as file:
            file.writelines(self._waiting)
        self._runs.append(run)
        self._waiting = []
