"""An office's build as it is run, `kiosk register build`: rate, memory of all processes, bytes.

`BENCH_ROWS` (default 1,000,000) says how many rows; 10,000,000 take 15 s to invent and 1.4 GB.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from offline_cache.publisher.engine import cores
from offline_cache.publisher.office import Settings, settings_to_bytes
from tests.benchmarks.crowd import write_crowd
from tests.benchmarks.processes import rss_of
from tests.benchmarks.table import Row, measured

ROWS: Final = int(os.environ.get("BENCH_ROWS", "1000000"))
CHANGED: Final = 0.005
_LOOK_SECONDS: Final = 0.02


def run() -> list[Row]:
    """Rows a second, MB, bytes an entry and bytes a changed entry."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        office = folder / "office"
        office.mkdir()
        (office / "office.json").write_bytes(settings_to_bytes(Settings(())))
        (office / "register.key").write_bytes(os.urandom(32))
        rates: list[float] = []
        memory: list[float] = []
        told: dict[str, Any] = {}
        for changed in (0.0, CHANGED):
            export = folder / "export.csv"
            write_crowd(export, ROWS, changed=changed)
            started = time.perf_counter()
            told, peak = _watched("build", "--office", office, "--no-progress", export)
            rates.append(ROWS / (time.perf_counter() - started))
            memory.append(peak)
        started = time.perf_counter()
        delta, delta_peak = _watched("delta", office)
        seconds = time.perf_counter() - started
    processes = f"{cores()} workers and the command, resident pages counted in each"
    size = f"{ROWS / 1e6:g} M"
    return [
        _row(f"publish {size} rows from CSV", "rows/s", rates, "target ≥ 150,000"),
        _row(f"publish {size} rows, memory", "MB", memory, f"target ≤ 1,000; {processes}"),
        _row("base on the wire, an entry", "B", [told["bytes"] / told["entries"]], "target ≤ 17.5"),
        _row(f"compare two lists of {size}", "s", [seconds], f"{delta_peak:.0f} MB"),
        _row(
            f"delta on the wire, a changed entry ({delta['rows']:,})",
            "B",
            [delta["bytes"] / delta["rows"]],
            "target ≤ 18",
        ),
    ]


def _watched(*arguments: object) -> tuple[dict[str, Any], float]:
    """What `kiosk register …` says, and the most memory that it and its workers had, in MB."""
    kiosk = [sys.executable, "-c", "from kiosk.cli import main; main()", "register"]
    command = [*kiosk, *map(str, arguments), "--json"]
    peak = 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as build:
        while build.poll() is None:
            peak = max(peak, sum(map(_memory, _family(build.pid))))
            time.sleep(_LOOK_SECONDS)
        assert build.stdout is not None
        said = build.stdout.read()
    if build.returncode:
        raise AssertionError(f"the command ended with {build.returncode}")
    return json.loads(said), peak


def _family(pid: int) -> list[int]:
    """A process and all below it."""
    family = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found = children.read_text(encoding="ascii").split()
        except OSError:  # it has just ended
            continue
        for child in found:
            family += _family(int(child))
    return family


def _memory(pid: int) -> float:
    try:
        return rss_of(pid)
    except (OSError, LookupError, ValueError):  # it has just ended
        return 0.0


def _row(what: str, unit: str, samples: list[float], note: str) -> Row:
    return measured(what, unit, samples, note=note)
