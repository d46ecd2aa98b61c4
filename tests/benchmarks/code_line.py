"""Last byte of a code on the line to its result frame: the whole kiosk, silence included.

Each kiosk runs in a process of its own on its own pseudo-terminal, with a register and a headless
window of 1280×800; a frame counts from its flip on, no PNG is written. The alternative is the same
kiosk with a scanner's driver as it is usually written: read up to the longest code, with a timeout.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from kiosk.demo.documents import barcode_of
from kiosk.demo.scanner import AT_ONCE, REAL, VirtualScanner
from tests.benchmarks.processes import stage, telling_kiosk
from tests.benchmarks.table import Row, compared, percentile, scaled

if TYPE_CHECKING:
    from kiosk.demo.scanner import Pacing
    from tests.benchmarks.processes import Telling

_WARM_UP = 3
_CAST = ("yo", "plain_man", "double_barrelled", "hard_sign")

_Line = tuple[VirtualScanner, "Telling"]


def run() -> list[Row]:
    """Milliseconds for codes in one piece (USB-CDC) and at 9600 baud."""
    with (
        stage() as (devices, folder),
        VirtualScanner(folder, "patient") as patient,
        telling_kiosk(folder, devices.scanner.path) as ours,
        telling_kiosk(folder, patient.path, naive=True) as other,
    ):
        lines = ((devices.scanner, ours), (patient, other))
        return [
            _measure("code in one piece", AT_ONCE, 40, *lines),
            _measure("code at 9600 baud", REAL, 25, *lines),
        ]


def _measure(what: str, pacing: Pacing, rounds: int, ours: _Line, other: _Line) -> Row:
    mine, theirs = [], []
    for turn in range(-_WARM_UP, rounds):
        # A code that equals the one before is known, and is not checked again.
        payload = barcode_of(_CAST[turn % len(_CAST)])
        waits = _wait(payload, pacing, *ours), _wait(payload, pacing, *other)
        if turn >= 0:
            mine.append(waits[0])
            theirs.append(waits[1])
    mine, theirs = scaled(mine, 1e3), scaled(theirs, 1e3)
    return compared(
        f"{what}: last byte to result frame",
        "ms",
        mine,
        "the same with read(132), timeout 0.2 s",
        theirs,
        note=f"target p95 ≤ 100; 60 are the silence; p99 {percentile(mine, 0.99):.1f}",
    )


def _wait(payload: bytes, pacing: Pacing, scanner: VirtualScanner, kiosk: Telling) -> float:
    """Seconds from the last byte to the result frame."""
    since = kiosk.mark
    scanner.scan(payload, pacing=pacing)
    sent = time.monotonic()
    # Until the code is framed, the result of the one before may be shown again, counting down.
    framed = kiosk.wait("event", "BarcodeFrame", since)
    return kiosk.wait("frame", "insured", framed.place + 1).at - sent
