"""How long the thread that owns the screen is held up while the fund is asked, whatever it does.

The whole kiosk in a process of its own at 1280×800, asked for a person who is not in its list, with
each fault of the sample fund in turn; then the same for people whom the list settles. A turn
is from waking up to the next sleep: taking events, deciding what is shown, drawing it.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Final

from kiosk.demo.certificates import make_certificates
from kiosk.demo.documents import barcode_of
from kiosk.demo.fund_faults import Fault
from kiosk.demo.fund_service import FundService
from kiosk.demo.fund_world import FundWorld
from tests.benchmarks.processes import stage, telling_kiosk
from tests.benchmarks.table import Row, percentile, scaled, summarise

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kiosk.demo.scanner import VirtualScanner
    from tests.benchmarks.processes import Telling

_SECONDS: Final = 1.5
"""Between two codes: the second person comes while the fund is silent for the first."""
_FAULTS: Final = (None, *Fault)
_ROUNDS: Final = 2
_DEAD_ROUNDS: Final = 40


def run() -> list[Row]:
    """Milliseconds of one turn of the main thread."""
    with (
        stage() as (devices, folder),
        _service(folder) as (service, sections),
        telling_kiosk(folder, devices.scanner.path, turns=True, sections=sections) as kiosk,
    ):
        rows = [_row("while the fund is asked", _asked(service, devices.scanner, kiosk))]
        rows.append(_row("answered from the list", _listed(devices.scanner, kiosk)))
        waits = _dead(service, devices.scanner, kiosk)
        note = f"target ≤ 1,000; p99 {percentile(waits, 0.99):.1f}, longest {max(waits):.1f}"
        what = "fund dead: code framed to the list's own answer"
        rows.append(Row(what, "ms", summarise(waits), note=note))
        return rows


@contextmanager
def _service(folder: Path) -> Iterator[tuple[FundService, str]]:
    certificates = make_certificates(folder / "certificates")
    (folder / "token").write_text("bench", encoding="ascii")
    world = FundWorld(date.today())  # noqa: DTZ011  # the day here
    with FundService(certificates, world, "bench") as service:
        sections = (
            f'[ferzl]\nurl = "{service.url("ferzl")}"\nca_file = "{certificates.ca}"\n'
            f'token_file = "{folder / "token"}"\n'
            f'[zp1]\nurl = "{service.url("zp1")}"\nca_file = "{certificates.ca}"\n'
            'sender = "KIOSK"\nterritory = "78"\n'
            f'[second_look]\ndir = "{folder / "looks"}"\n'
        )
        yield service, sections


def _asked(service: FundService, scanner: VirtualScanner, kiosk: Telling) -> list[float]:
    since = kiosk.mark
    for _ in range(_ROUNDS):
        for fault in _FAULTS:
            service.clear_faults()
            if fault is not None:
                service.order("", fault)
            for slug, kind in (("absent", 1), ("absent", 2)):
                scanner.scan(barcode_of(slug, kind))
                time.sleep(_SECONDS)
    return _turns(kiosk, since)


def _listed(scanner: VirtualScanner, kiosk: Telling) -> list[float]:
    since = kiosk.mark
    for _ in range(20):
        for slug in ("plain_man", "plain_woman"):
            scanner.scan(barcode_of(slug))
            time.sleep(0.3)
    return _turns(kiosk, since)


def _dead(service: FundService, scanner: VirtualScanner, kiosk: Telling) -> list[float]:
    """The fund is silent for one person; the next one's answer stands in the list."""
    waits = []
    for turn in range(_DEAD_ROUNDS):
        service.clear_faults()
        service.order("", Fault.SILENT)
        scanner.scan(barcode_of("absent", turn % 2 + 1))
        time.sleep(0.5)
        since = kiosk.mark
        scanner.scan(barcode_of("plain_man" if turn % 2 else "plain_woman"))
        framed = kiosk.wait("event", "BarcodeFrame", since)
        shown = kiosk.wait("frame", "insured", framed.place + 1)
        waits.append(shown.at - framed.at)
        time.sleep(0.3)
    return scaled(waits, 1e3)


def _turns(kiosk: Telling, since: int) -> list[float]:
    turns = [told.at for told in kiosk.since(since) if told.kind == "turn"]
    return scaled(turns, 1e3)


def _row(what: str, turns: list[float]) -> Row:
    note = f"target ≤ 100; p99 {percentile(turns, 0.99):.1f}, longest {max(turns):.1f}"
    return Row(f"turn of the screen's thread, {what}", "ms", summarise(turns), note=note)
