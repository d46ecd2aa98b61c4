"""Lookup in a register of a million, beside the table that one would naively make of the CSV.

The naive table is what `sqlite-utils insert … --csv` and `create-index` give: TEXT columns, an
index on `enp`, opened for reading and writing as people do. Both hold the same rows, each with its
ENP alone, and are asked the same numbers in turn.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from contextlib import ExitStack, closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import sqlite_utils

from kiosk.demo.people import make_enp
from kiosk.demo.register_sample import write_csv
from kiosk.policy.model import Sex
from offline_cache.format import KeyKind, RegisterKey
from offline_cache.publisher import publish_base
from offline_cache.publisher.csv_columns import CsvSource
from offline_cache.register import Register
from offline_cache.rows import Problems
from tests.benchmarks.naive_table import import_naively
from tests.benchmarks.table import Row, Summary, compared, percentile, scaled

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = 1_000_000
LOOKUPS = 20_000
_NAIVE = "naive TEXT table"
_OTHER_NUMBERS = 4
"""The last columns of the sample; left away, so that one row is one entry."""
_FOREIGN_TERRITORY = "99"


def run() -> list[Row]:
    """Lookup times in µs, bytes an entry, seconds to build."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        source = folder / "export.csv"
        present = _write_source(source)
        absent = _absent_numbers()
        key = RegisterKey(os.urandom(32))
        started = time.process_time()
        size = _build(source, key, folder / "register")
        build_seconds = time.process_time() - started
        naive_seconds = ROWS * import_naively(source, folder / "naive.db", ROWS)[0]
        naive = stack.enter_context(closing(sqlite_utils.Database(folder / "naive.db")))
        register = stack.enter_context(Register.open(folder / "register", key))

        def ask(number: str) -> object:
            return register.find(KeyKind.ENP, number)

        def ask_naively(number: str) -> object:
            found = naive.execute("SELECT * FROM register WHERE enp = ?", (number,))
            row: object = found.fetchone()
            return row

        naive_size = (folder / "naive.db").stat().st_size
        # The target is for a warm file, and the naive one has only just been written.
        for path in (*(folder / "register").glob("*.sqlite"), folder / "naive.db"):
            path.read_bytes()
        rate = f"{ROWS / build_seconds:,.0f} rows/s a core; ours validates, hashes, sorts and syncs"
        return [
            _lookups("there", ask, ask_naively, present),
            _lookups("absent", ask, ask_naively, absent),
            _once("size an entry", "B", size / ROWS, naive_size / ROWS, "target ≤ 34"),
            _once("build from CSV, CPU", "s", build_seconds, naive_seconds, rate),
        ]


def _write_source(path: Path) -> list[str]:
    """A million rows; ENPs of some of them, drawn at random."""
    full = path.with_suffix(".full")
    write_csv(full, ROWS)
    with full.open(encoding="utf-8") as sample, path.open("w", encoding="utf-8") as file:
        # The sample quotes nothing.
        file.writelines(line.rsplit(",", _OTHER_NUMBERS)[0] + "\n" for line in sample)
    full.unlink()
    chosen = set(random.sample(range(1, ROWS + 1), LOOKUPS))
    with path.open(encoding="utf-8") as file:
        numbers = [line[:16] for place, line in enumerate(file) if place in chosen]
    random.shuffle(numbers)
    return numbers


def _absent_numbers() -> list[str]:
    days = (date(1930, 1, 1) + timedelta(days=n) for n in range(LOOKUPS))
    return [make_enp(_FOREIGN_TERRITORY, day, Sex.FEMALE, day.toordinal() % 99_991) for day in days]


def _build(source: Path, key: RegisterKey, out: Path) -> int:
    built = publish_base(
        [CsvSource(source)], key, out, serial=1, as_of=datetime.now(UTC), problems=Problems()
    )
    if built.entries != ROWS:
        raise AssertionError(f"{built.entries} entries instead of {ROWS}")
    return built.bytes


def _lookups(
    what: str, ours: Callable[[str], object], naive: Callable[[str], object], numbers: list[str]
) -> Row:
    first: list[float] = []
    second: list[float] = []
    for turn, number in enumerate(numbers):
        order = ((ours, first), (naive, second))
        for look_up, samples in order if turn % 2 else reversed(order):
            started = time.perf_counter()
            found = look_up(number)
            samples.append(time.perf_counter() - started)
            if (found is not None) != (what == "there"):
                raise AssertionError(f"{what}: the opposite was answered")
    first, second = scaled(first, 1e6), scaled(second, 1e6)
    p99, naive_p99 = percentile(first, 0.99), percentile(second, 0.99)
    note = f"p99 {p99:.1f} against {naive_p99:.1f}; target p99 ≤ 100"
    return compared(f"lookup in 1 M, number {what}", "µs", first, _NAIVE, second, note=note)


def _once(what: str, unit: str, ours: float, other: float, note: str) -> Row:
    mine, theirs = Summary(ours, ours, 1), Summary(other, other, 1)
    return Row(f"register of 1 M, {what}", unit, mine, _NAIVE, theirs, other / ours, note)
