"""The sweep over texts: every frame in every language, size and text scale.

`python -m tests.sweep [WORDS]` lays all of them out, says how many there are, and lists what is
wrong; WORDS restricts it to frames whose name contains one of them. Ends with 1 if anything is.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from typing import TYPE_CHECKING

from kiosk.catalogue import LANGUAGES
from tests.ui.sweep_checks import SCALES, SIZES, Part, Swept, letters, shrunk, sweep, without_glyph

if TYPE_CHECKING:
    from collections.abc import Mapping


def _sweep(job: tuple[Part, tuple[str, ...]]) -> Swept:
    return sweep(*job)


def main(only: tuple[str, ...]) -> int:
    """Sweep all; returns the exit code."""
    parts = [Part(*each) for each in product(LANGUAGES, SIZES, SCALES)]
    with ProcessPoolExecutor() as pool:
        results = pool.map(_sweep, [(part, only) for part in parts])
        found = dict(zip(parts, results, strict=True))
    kinds: Counter[str] = Counter()
    for part, swept in found.items():
        for name, fault in swept.faults:
            kinds[fault.kind] += 1
            print(f"{part} {name}: {fault.kind}: {fault.where}")
        for line in shrunk(found[part._replace(text=1.0)], swept):
            kinds["words shrink"] += 1
            print(f"{part} {line}")
    lacking = without_glyph(letters())
    for face, missing in lacking.items():
        print(f"{face} lacks {' '.join(sorted(missing))}")
    _print_growth(found)
    total = sum(len(swept.sizes) for swept in found.values())
    print(f"{total} frames, {kinds.total()} faults {dict(kinds)}")
    return 1 if kinds or lacking else 0


def _print_growth(found: Mapping[Part, Swept]) -> None:
    """What larger text comes to, by kind of frame: the growth of the smallest words."""
    growth = defaultdict(list)
    for part, swept in found.items():
        usual = found[part._replace(text=1.0)].sizes
        for name, sizes in swept.sizes.items():
            key = (part.text, name.split("-")[0])
            growth[key].append(sizes.least / max(1, usual[name].least))
    for (text, kind), values in sorted(growth.items()):
        if text > 1:
            middle = sorted(values)[len(values) // 2]
            low, high = min(values), max(values)
            print(f"{text:.0%} {kind}: smallest words ×{low:.2f}, {middle:.2f}, {high:.2f}")


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:])))
