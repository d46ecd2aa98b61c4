"""A kiosk's updates as they are run, `kiosk update`: a base, then a day's delta, and who reads on.

`BENCH_ROWS` (default 1,000,000) says how many rows the list has, of which 0.5 % change in a day.
Everything is measured in processes of their own: processor time and memory by the kernel's account
of the finished process, bytes written by its I/O counters. Beside it stand the table that one would
make of the same CSV with sqlite-utils (of at most a million rows: it takes longer than all else),
and the entropy of the columns, below which no coding gets.
"""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from offline_cache.columns import KEY_BIAS
from offline_cache.format import load_key_file
from offline_cache.layout import BASE_NAME
from offline_cache.publisher.blocks import COLUMN_TYPES
from offline_cache.register import Register
from offline_cache.wire import read_blocks
from tests.benchmarks.changed_fields import bytes_a_change
from tests.benchmarks.crowd import write_crowd
from tests.benchmarks.naive_table import import_naively
from tests.benchmarks.publishing import CHANGED, ROWS
from tests.benchmarks.table import Row, Summary, measured, percentile, scaled, summarise

_NAIVE: Final = "naive TEXT table"
_NAIVE_ROWS: Final = min(ROWS, 1_000_000)
_LOOKUPS: Final = 20_000
_COLD: Final = 300
_HASHED: Final = "person_tag"
_FIRST_DAY: Final = 950_000
_KIOSK: Final = "from kiosk.cli import main; main()"
_ACCOUNTED: Final = """
import json, resource, sys
from kiosk.cli import main
try:
    main()
finally:
    used = resource.getrusage(resource.RUSAGE_SELF)
    told = {}
    # Not ru_maxrss: a child begins with that of the process it was forked from.
    for name in ("io", "status"):
        with open(f"/proc/self/{name}") as file:
            told |= dict(line.split(":", 1) for line in file.read().splitlines())
    print(json.dumps({"cpu": used.ru_utime + used.ru_stime,
                      "mb": int(told["VmHWM"].split()[0]) / 1024,
                      "written": int(told["write_bytes"])}), file=sys.stderr)
"""


def run() -> list[Row]:
    """Seconds of processor time, MB, bytes an entry, µs a lookup."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as name:
        folder = Path(name)
        office = folder / "office"
        _kiosk("register", "init", office, "--territory", "78")
        export = folder / "export.csv"
        write_crowd(export, ROWS)
        _publish(office, export)
        naive = import_naively(export, folder / "naive.db", _NAIVE_ROWS)
        first = _update(folder)
        rows = [*_base_rows(folder, first, naive), _wire_row(office)]
        rows += _lookup_rows(folder, "base alone")
        write_crowd(export, ROWS, changed=CHANGED)
        _publish(office, export)
        export.unlink()
        return [*rows, *_delta_rows(folder), *_lookup_rows(folder, "base and overlay")]


def _publish(office: Path, export: Path) -> None:
    _kiosk("register", "build", "--office", office, "--no-progress", export)
    _kiosk("register", "publish", office)


def _kiosk(*arguments: object) -> str:
    command = [sys.executable, "-c", _KIOSK, *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout


def _update(folder: Path) -> dict[str, Any]:
    """Run `kiosk update`: what it said, and what it used."""
    config = folder / "kiosk.toml"
    root = folder / "office" / "repository" / "metadata" / "1.root.json"
    config.write_text(
        f'[register]\ndir = "{folder / "register"}"\nkey_file = "{folder}/office/register.key"\n'
        f'[update]\nurl = "http://127.0.0.1:9/"\nroot_file = "{root}"\n',
        encoding="utf-8",
    )
    place = folder / "office" / "repository"
    command = [sys.executable, "-c", _ACCOUNTED, "update", "--config", str(config)]
    done = subprocess.run(
        [*command, "--from", str(place)], check=True, capture_output=True, text=True
    )
    used: dict[str, Any] = json.loads(done.stderr.splitlines()[-1])
    with _newest(folder / "office").open("rb") as stream:
        used["entries"] = read_blocks(stream)[0].rows
    return used


def _base_rows(folder: Path, used: dict[str, Any], naive: tuple[float, float]) -> list[Row]:
    seconds, size = naive
    entries = used["entries"]
    on_disk = (folder / "register" / BASE_NAME).stat().st_size / entries
    millions = f"{ROWS / 1e6:g} M"
    note = f"target at 10 M ≤ 60 s; naive at {_NAIVE_ROWS / 1e6:g} M, scaled"
    return [
        _against(f"base of {millions} taken, CPU", "s", used["cpu"], seconds * ROWS, note),
        measured("the same, memory", "MB", [used["mb"]], note="target ≤ 100"),
        _against("on the kiosk's disk, an entry", "B", on_disk, size, "target ≤ 34"),
    ]


def _against(what: str, unit: str, ours: float, other: float, note: str) -> Row:
    mine, theirs = Summary(ours, ours, 1), Summary(other, other, 1)
    return Row(what, unit, mine, _NAIVE, theirs, other / ours, note)


def _newest(office: Path) -> Path:
    """The rows file of the newest list."""
    return max((office / "lists").glob("list-*.rows"), key=lambda one: one.stat().st_mtime_ns)


def _wire_row(office: Path) -> Row:
    """The base on the wire, beside the entropy of its columns."""
    path = _newest(office)
    counts: dict[str, Any] = {}
    with path.open("rb") as stream:
        header, blocks = read_blocks(stream)
        for block in blocks:
            for column, kind in COLUMN_TYPES.items():
                if column == _HASHED:
                    continue
                numbers = np.frombuffer(getattr(block, column), kind).astype(np.int64)
                # Days begin at a million; 0 is none.
                small = np.where(numbers > _FIRST_DAY, numbers - _FIRST_DAY, numbers)
                counts[column] = counts.get(column, 0) + np.bincount(small, minlength=100_000)
    bits = 32 + 64 - math.log2(header.rows) + math.log2(math.e)  # tag, and the gap of a key
    for found in counts.values():
        shares = found[found > 0] / header.rows
        bits -= float((shares * np.log2(shares)).sum())
    size = path.stat().st_size / header.rows
    return Row(
        "base on the wire, an entry", "B", Summary(size, size, 1), "entropy of the columns",
        Summary(bits / 8, bits / 8, 1), bits / 8 / size, "target ≤ 17.5",
    )  # fmt: skip


def _delta_rows(folder: Path) -> list[Row]:
    """A day's delta taken while somebody reads, and what it costs on the wire."""
    register = folder / "register"
    with _Reader(folder) as reader:
        idle = reader.for_seconds(1.0)
        busy = reader.while_running(lambda: _update(folder))
    used = reader.result
    [delta] = (folder / "office" / "lists").glob("delta-*.rows")
    with delta.open("rb") as stream:
        changed = read_blocks(stream)[0].rows
    overlay = max(register.glob("overlay-*.sqlite")).stat().st_size
    fields = bytes_a_change(folder / "office" / "lists", delta)
    size = delta.stat().st_size / changed
    millions = f"{ROWS / 1e6:g} M"
    return [
        measured(f"a day's delta ({changed:,} of {millions}) taken, CPU", "s", [used["cpu"]],
                 note="the whole process with its start; target at 10 M ≤ 1"),
        measured("the same, memory", "MB", [used["mb"]], note="target ≤ 64"),
        measured("the same, written", "MB", [used["written"] / 1e6],
                 note=f"overlay {overlay / 1e6:.2f}; target at 10 M ≤ 15"),
        Row("a changed entry on the wire", "B", Summary(size, size, 1), "changed fields only",
            Summary(fields, fields, 1), fields / size, "target ≤ 18, then 10"),
        Row("longest lookup while it is taken", "µs", summarise([max(busy) * 1e6]), "idle",
            summarise([max(idle) * 1e6]), max(idle) / max(busy),
            f"p99 {percentile(busy, 0.99) * 1e6:.0f} against {percentile(idle, 0.99) * 1e6:.0f}"),
    ]  # fmt: skip


class _Reader:
    """Asks a register all the time, and takes a new list up as a kiosk does."""

    def __init__(self, folder: Path) -> None:
        self.result: dict[str, Any] = {}
        self._register = Register.open(
            folder / "register", load_key_file(folder / "office" / "register.key")
        )
        self._keys = sample_keys(folder / "office", 5000)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._register.close()

    def for_seconds(self, seconds: float) -> list[float]:
        """Seconds of each lookup."""
        until = time.perf_counter() + seconds
        return self._ask(lambda: time.perf_counter() < until)

    def while_running(self, work: Any) -> list[float]:
        """The same while `work` runs, whose result is kept."""
        thread = threading.Thread(target=lambda: self.result.update(work()))
        thread.start()
        return self._ask(thread.is_alive)

    def _ask(self, goes_on: Any) -> list[float]:
        found = []
        while goes_on():
            self._register.reopen_if_replaced()
            for key in random.choices(self._keys, k=50):  # noqa: S311  # not a secret
                began = time.perf_counter()
                self._register.find_key(key)
                found.append(time.perf_counter() - began)
        return found


def _lookup_rows(folder: Path, what: str) -> list[Row]:
    key_file = folder / "office" / "register.key"
    keys = sample_keys(folder / "office", _LOOKUPS)
    with Register.open(folder / "register", load_key_file(key_file)) as register:
        for key in keys:
            register.find_key(key)
        random.shuffle(keys)
        seconds = []
        for key in keys:
            began = time.perf_counter()
            register.find_key(key)
            seconds.append(time.perf_counter() - began)
    cold = _cold_reads(folder / "register", key_file, keys[:_COLD])
    note = f"p99 {percentile(seconds, 0.99) * 1e6:.1f}; target p99 ≤ 100"
    name = f"lookup in {ROWS / 1e6:g} M, {what}"
    return [
        measured(f"{name}, warm", "µs", scaled(seconds, 1e6), note=note),
        measured(f"{name}, cold, pages read", "", cold, note="of 4 KiB, by the I/O counters; ≤ 2"),
    ]


def _cold_reads(register: Path, key_file: Path, keys: list[int]) -> list[float]:
    """Pages read from the device for each lookup of a file that nobody has read lately."""
    for path in register.glob("*.sqlite"):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    reads = []
    with Register.open(register, load_key_file(key_file)) as opened:
        for key in keys:
            before = _bytes_read()
            opened.find_key(key)
            reads.append((_bytes_read() - before) / 4096)
    # The first few fetch the inner pages, which then stay in memory.
    return reads[len(reads) // 3 :]


def _bytes_read() -> int:
    with Path("/proc/self/io").open(encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("read_bytes"))


def sample_keys(office: Path, count: int) -> list[int]:
    """Signed keys from all over the newest list, in random order."""
    keys: list[int] = []
    path = _newest(office)
    with path.open("rb") as stream:
        header, blocks = read_blocks(stream)
        share = count / header.rows
        for block in blocks:
            chosen = random.sample(
                range(block.rows), min(block.rows, math.ceil(share * block.rows))
            )
            found = block.keys()
            keys += [found[place] - KEY_BIAS for place in chosen]
    random.shuffle(keys)
    return keys[:count]
