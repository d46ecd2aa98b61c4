"""The table that one would naively make of an export: what `sqlite-utils insert --csv` gives."""

from __future__ import annotations

import csv
import itertools
import time
from contextlib import closing
from typing import TYPE_CHECKING

import sqlite_utils

if TYPE_CHECKING:
    from pathlib import Path


def import_naively(export: Path, database: Path, rows: int) -> tuple[float, float]:
    """Import `rows` rows with an index on the number; processor seconds and bytes, a row each."""
    started = time.process_time()
    with closing(sqlite_utils.Database(database)) as naive:
        with export.open(encoding="utf-8", newline="") as file:
            some = itertools.islice(csv.DictReader(file), rows)
            naive.table("register").insert_all(some, batch_size=10_000)
        naive.table("register").create_index(["enp"])
    seconds = time.process_time() - started
    return seconds / rows, database.stat().st_size / rows
