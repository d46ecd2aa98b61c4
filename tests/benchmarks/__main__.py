"""Runs benchmarks: `python -m tests.benchmarks [NAME …]`; without names, all of them.

A benchmark is a module of this package with a `run() -> list[Row]`; its name is the module's.
Modules without `run` are shared parts. Each prints its table as it ends, so that a later one that
fails loses nothing. Exit codes: 0 all ran, 1 something on this machine is missing, 2 unknown name.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.table import UnavailableError, to_markdown

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.table import Row


def discover() -> dict[str, Callable[[], list[Row]]]:
    """All benchmarks by name, in alphabetical order."""
    names = sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
    modules = {
        name: importlib.import_module(f"tests.benchmarks.{name}")
        for name in names
        if not name.startswith("__")
    }
    return {name: module.run for name, module in modules.items() if hasattr(module, "run")}


def main(arguments: list[str]) -> int:
    """Run the named benchmarks, or all; the process's exit code."""
    benchmarks = discover()
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", epilog=f"benchmarks: {', '.join(benchmarks)}"
    )
    parser.add_argument("name", nargs="*", help="which to run (default: all)")
    chosen = parser.parse_args(arguments).name or list(benchmarks)
    unknown = [name for name in chosen if name not in benchmarks]
    if unknown:
        parser.error(
            f"no such benchmark: {', '.join(unknown)} (there are: {', '.join(benchmarks)})"
        )
    return max([_report(name, benchmarks[name]) for name in chosen], default=0)


def _report(name: str, run: Callable[[], list[Row]]) -> int:
    start = time.monotonic()
    try:
        rows = run()
    except UnavailableError as missing:
        print(f"### {name}\n\nnot measured: {missing}\n", flush=True)
        return 1
    seconds = time.monotonic() - start
    print(f"### {name}\n\n{to_markdown(rows)}\n\n{seconds:.0f} s\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
