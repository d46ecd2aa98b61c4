"""Last byte of a scan on the line to its `BarcodeFrame`, the silence that ends it included.

Beside it, the usual way to read codes of unknown end with pyserial: wait for the first byte, then
read up to the longest wrapping with a timeout that a whole scan at 9600 baud fits into.
"""

from __future__ import annotations

import queue
import random
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import serial

from drivers.events import BarcodeFrame, DeviceReady
from drivers.scanner import Scanner
from kiosk.demo.scanner import AT_ONCE, REAL, VirtualScanner
from tests.benchmarks.table import Row, compared, scaled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from drivers.events import DeviceEvent
    from kiosk.demo.scanner import Pacing

_ROUNDS = 25
_LONGEST = 132
_SCAN_SECONDS = 0.2
_PATIENCE = 5.0

_Arrivals = queue.Queue[tuple[bytes, float]]


def run() -> list[Row]:
    """Milliseconds for scans in one piece (USB-CDC) and at 9600 baud."""
    with tempfile.TemporaryDirectory() as name, _ours(Path(name)) as ours, _theirs(name) as theirs:
        return [
            _measure("scan in one piece to frame", AT_ONCE, ours, theirs),
            _measure("last byte at 9600 baud to frame", REAL, ours, theirs),
        ]


def _measure(
    what: str,
    pacing: Pacing,
    ours: tuple[VirtualScanner, _Arrivals],
    theirs: tuple[VirtualScanner, _Arrivals],
) -> Row:
    rng = random.Random(9)  # noqa: S311  repeatable, not secret
    mine, other = [], []
    for _ in range(_ROUNDS):
        payload = b"\x01\0" + rng.randbytes(128)
        mine.append(_latency(payload, pacing, *ours))
        other.append(_latency(payload, pacing, *theirs))
    return compared(
        what,
        "ms",
        scaled(mine, 1e3),
        f"pyserial read({_LONGEST}), timeout {_SCAN_SECONDS} s",
        scaled(other, 1e3),
        note="60 ms of it are the silence",
    )


def _latency(payload: bytes, pacing: Pacing, virtual: VirtualScanner, arrivals: _Arrivals) -> float:
    virtual.scan(payload, pacing=pacing)
    sent = time.monotonic()
    got, at = arrivals.get(timeout=_PATIENCE)
    if got != payload:
        raise RuntimeError(f"a scan of {len(payload)} bytes came as {len(got)}")
    return at - sent


@contextmanager
def _ours(folder: Path) -> Iterator[tuple[VirtualScanner, _Arrivals]]:
    arrivals: _Arrivals = queue.Queue()
    ready = threading.Event()

    def emit(event: DeviceEvent) -> None:
        if isinstance(event, BarcodeFrame):
            arrivals.put((event.payload, time.monotonic()))
        elif isinstance(event, DeviceReady):
            ready.set()

    with VirtualScanner(folder, "ours") as virtual:
        scanner = Scanner(str(virtual.path))
        with _worker(lambda stop: scanner.run(emit, stop)):
            if not ready.wait(_PATIENCE):
                raise RuntimeError("the scanner worker does not come up")
            yield virtual, arrivals


@contextmanager
def _theirs(folder: str) -> Iterator[tuple[VirtualScanner, _Arrivals]]:
    arrivals: _Arrivals = queue.Queue()

    def read(stop: threading.Event) -> None:
        while not stop.is_set():
            first = port.read(1)
            if first:
                payload = first + port.read(_LONGEST - 1)
                arrivals.put((payload, time.monotonic()))

    with (
        VirtualScanner(Path(folder), "theirs") as virtual,
        serial.Serial(str(virtual.path), 9600, timeout=_SCAN_SECONDS) as port,
        _worker(read),
    ):
        yield virtual, arrivals


@contextmanager
def _worker(run: Callable[[threading.Event], None]) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(_PATIENCE)
