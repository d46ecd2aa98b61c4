"""What the check of a signature adds to the first answer, and when the final one is out.

The checker's own thread answers a signed barcode with a trust list that has its key and with one
that has none: the first answer must not tell the two apart, the second follows with the check.
"""

from __future__ import annotations

import queue
import tempfile
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.events import BarcodeFrame, FrameKind
from kiosk.authenticity import Outcome
from kiosk.check_worker import CheckWorker, KioskEvent
from kiosk.checker import Checker
from kiosk.clock import Clock
from kiosk.demo.issuers import make_issuers, trust_table
from kiosk.offline import OfflineLookup
from kiosk.online.fund import Fund
from kiosk.states import Ask, Checked
from tests.benchmarks.table import Row, compared, measured, scaled

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROUNDS = 40
_PATIENCE = 10.0


def run() -> list[Row]:
    """Milliseconds from the framed code to the first answer and to the one with the signature."""
    today = datetime.now(UTC).date()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        issuers = make_issuers(folder / "issuers", today)
        sample = next(
            one
            for one in issuers.samples
            if one.barcode and "2012_256" in one.name and one.outcome is Outcome.VERIFIED
        )
        payload = sample.barcode or b""
        with _worker(folder / "with", trust_table(issuers.trusted)) as (ask, said):
            _ask(ask, said, payload, answers=2)
            with _worker(folder / "without", trust_table(())) as (ask_plain, said_plain):
                signed, plain = [], []
                for _ in range(_ROUNDS):
                    signed.append(_ask(ask, said, payload, answers=2))
                    plain.append(_ask(ask_plain, said_plain, payload, answers=1))
    return [
        compared(
            "code to first answer, its key trusted",
            "ms",
            scaled([times[0] for times in signed], 1e3),
            "no key trusted",
            scaled([times[0] for times in plain], 1e3),
        ),
        measured(
            "code to the answer with its GOST signature checked",
            "ms",
            scaled([times[1] for times in signed], 1e3),
        ),
    ]


@contextmanager
def _worker(register: Path, trust: bytes) -> Iterator[tuple[CheckWorker, queue.Queue[KioskEvent]]]:
    (register / "reference").mkdir(parents=True)
    (register / "reference" / "trust.csv").write_bytes(trust)
    offline = OfflineLookup(None, None)
    clock, fund = Clock(), Fund(())
    worker = CheckWorker(offline, Checker(offline, fund, clock, register), clock, fund)
    said: queue.Queue[KioskEvent] = queue.Queue()
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(said.put, stop))
    thread.start()
    try:
        yield worker, said
    finally:
        stop.set()
        thread.join()


def _ask(
    worker: CheckWorker, said: queue.Queue[KioskEvent], payload: bytes, *, answers: int
) -> list[float]:
    """Seconds until each of the `answers`."""
    began = time.perf_counter()
    worker.ask(Ask(1, BarcodeFrame("/dev/scanner", FrameKind.POLICY, payload, 0.0)))
    times: list[float] = []
    while len(times) < answers:
        if isinstance(said.get(timeout=_PATIENCE), Checked):
            times.append(time.perf_counter() - began)
    return times
