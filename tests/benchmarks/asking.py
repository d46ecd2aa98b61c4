"""How long the fund keeps a kiosk waiting: the right answer, and an honest "none" under each fault.

The sample fund stands in a process of its own and does the same to every request. Each question has
a `Fund` that has met no fault yet, so that no breaker shortens it; 40 are asked at a time. Both
services have the fault, then FERZL alone, and the other answers.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kiosk.config_sections import OnlineSection
from kiosk.demo.certificates import Certificates, make_certificates
from kiosk.demo.documents import barcode_of
from kiosk.demo.fund_faults import Fault
from kiosk.demo.fund_service import FundService
from kiosk.demo.fund_world import FundWorld, smo_code
from kiosk.demo.people import INSURERS
from kiosk.lookup import Found, Unavailable
from kiosk.online.client import Client
from kiosk.online.ferzl import Ferzl
from kiosk.online.fund import Fund
from kiosk.online.setup import SCREEN_SECONDS
from kiosk.online.zp1 import Zp1
from kiosk.policy.barcode import decode_barcode
from tests.benchmarks.table import Row, Summary, percentile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

    from kiosk.lookup import Answer
    from kiosk.online.service import Service

_RUNS: Final = int(os.environ.get("ASKING_RUNS", "20"))
_AT_A_TIME: Final = 40
_NOW: Final = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
_SECONDS: Final = OnlineSection().deadline_seconds - SCREEN_SECONDS
"""As a kiosk is configured by default."""
_TOKEN: Final = "0123-token"  # the sample's
_SMO_OF: Final = {smo_code(one): one for several in INSURERS.values() for one in several}
_POLICY: Final = decode_barcode(barcode_of("plain_man"))
_BOTH: Final = ("ferzl", "zp1")


def run() -> list[Row]:
    """Seconds from the question to an answer or to none, for `ASKING_RUNS` questions a row."""
    # Each `Fund` tells the log of its first fault, and there is one for each question.
    log = logging.getLogger("kiosk.online")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        return _rows()
    finally:
        log.setLevel(level)


def _rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        certificates = make_certificates(Path(name))
        with _fund(certificates) as (address, order):
            services = _services(address, certificates)
            rows = [
                _row(f"{name} answers", [one]) for name, one in zip(_BOTH, services, strict=True)
            ]
            rows += [_with_fault(fault, services, order) for fault in Fault]
            rows += [_with_fault(fault, services, order, of=_BOTH[:1]) for fault in Fault]
        rows.append(_row("service down", services, none=True))
        with _fund(certificates, expired=True) as (address, _):
            expired = _services(address, certificates)
            rows.append(_row("expired certificate", expired, none=True))
    return rows


def _with_fault(
    fault: Fault,
    services: list[Service],
    order: Callable[[str, str], None],
    of: tuple[str, ...] = _BOTH,
) -> Row:
    order("|".join(of), fault.name)
    alone = len(of) < len(services)
    what = f"{fault.value}{', FERZL only' if alone else ''}"
    return _row(what, services, none=not alone)


def _row(what: str, services: list[Service], *, none: bool = False) -> Row:
    """Ask; RuntimeError if somebody is found where none can be, or the other way round."""

    def ask(_: int) -> tuple[float, Answer]:
        fund = Fund(services, _SECONDS)
        begin = time.perf_counter()
        answer = fund.ask(_POLICY, _NOW)
        return time.perf_counter() - begin, answer

    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        asked = list(pool.map(ask, range(_RUNS)))
    words = Counter(_word(answer) for _, answer in asked)
    if none and words["found"]:
        raise RuntimeError(f"{what}: an answer that cannot be")
    samples = [seconds for seconds, _ in asked]
    summary = Summary(percentile(samples, 0.50), percentile(samples, 0.95), len(samples))
    told = ", ".join(f"{word} {count}" for word, count in words.most_common())
    note = f"p99 {percentile(samples, 0.99):.2f}, max {max(samples):.2f}; {told}"
    return Row(what, "s", summary, note=note)


def _word(answer: Answer) -> str:
    if isinstance(answer, Unavailable):
        return str(answer.cause)
    return "found" if isinstance(answer, Found) else "absent"


def _services(address: dict[str, str], certificates: Certificates) -> list[Service]:
    ferzl, zp1 = (Client(address[name], certificates.ca) for name in _BOTH)
    return [Ferzl(ferzl, lambda: _TOKEN, _SMO_OF.get), Zp1(zp1, "KIOSK", "78")]


# The fund in a process of its own, so that it and the kiosk do not take turns under one lock.


@contextmanager
def _fund(
    certificates: Certificates, *, expired: bool = False
) -> Iterator[tuple[dict[str, str], Callable[[str, str], None]]]:
    """Yield the services' addresses and a function that orders one fault for some paths."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, certificates, expired))
    process.start()

    def order(pattern: str, fault: str) -> None:
        ours.send((pattern, fault))
        ours.recv()

    try:
        yield ours.recv(), order
    finally:
        ours.send(None)
        process.join()


def _serve(line: Connection, certificates: Certificates, expired: bool) -> None:
    world = FundWorld(_NOW.date())
    with FundService(certificates, world, _TOKEN, expired=expired) as service:
        line.send({name: service.url(name) for name in _BOTH})
        while (ordered := line.recv()) is not None:
            service.clear_faults()
            service.order(ordered[0], Fault[ordered[1]])
            line.send(None)
