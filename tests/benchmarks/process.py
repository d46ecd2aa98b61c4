"""The kiosk as a process: start to first frame, memory after 1,000 checks, what idling costs.

Idle kiosks are left alone for as long as another one takes for its 1,000 checks, over a minute. Two
loops as pygame programs usually have them follow, for a shorter time: their cost is a steady one,
and the busier of them would disturb the others.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING, Final

from kiosk.demo.documents import barcode_of
from kiosk.demo.scanner import VirtualScanner
from tests.benchmarks.processes import (
    process,
    rss_of,
    stage,
    telling_kiosk,
    use_of,
    wait_until,
    write_config,
)
from tests.benchmarks.table import Row, Summary, compared, measured, scaled
from tests.displays import has_xvfb, on, x_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kiosk.demo.stage import Stage
    from tests.benchmarks.processes import Telling

_STARTS: Final = 6
_CHECKS: Final = 1000
_FIRST_CHECKS: Final = 10
_IDLE_SECONDS: Final = 60.0
_LOOP_SECONDS: Final = 8.0
_SIZE: Final = (1280, 800)
_CAST: Final = ("yo", "plain_man", "double_barrelled", "hard_sign", "suspended", "absent")

_KIOSK: Final = "from kiosk.cli import main; main()"
_EAGER: Final = (
    "import cryptography.x509, click, pygame, requests, serial, smartcard.CardMonitoring, "
    f"smartcard.System, sqlite_utils, stdnum.ru.ogrn; {_KIOSK}"
)
_OPEN: Final = (
    f"import pygame; pygame.display.init(); pygame.display.set_mode({_SIZE}); "
    "print('open', flush=True)\n"
)
_WAIT: Final = "event.wait"
_SIXTY: Final = "60 Hz"
_LOOPS: Final = {
    _WAIT: f"{_OPEN}while pygame.event.wait().type != pygame.QUIT: pass",
    _SIXTY: f"""{_OPEN}
clock = pygame.time.Clock()
while not any(event.type == pygame.QUIT for event in pygame.event.get()):
    pygame.display.flip()
    clock.tick(60)
""",
}


def run() -> list[Row]:
    """Milliseconds, megabytes, CPU seconds a minute and wake-ups a second."""
    with stage() as (devices, folder):
        starts = _starts(devices, folder)
        with _display() as display:
            with _idle_kiosks(folder, display) as kiosks:
                before = {name: use_of(pid) for name, pid in kiosks.items()}
                began = time.monotonic()
                with telling_kiosk(folder, devices.scanner.path) as busy:
                    memory = _memory(devices, busy)
                time.sleep(max(0.0, began + _IDLE_SECONDS - time.monotonic()))
                after = {name: use_of(pid) for name, pid in kiosks.items()}
            loops = {} if display is None else {name: _watch_loop(name, display) for name in _LOOPS}
    rates = {name: before[name].per_second(after[name]) for name in before}
    seconds = after["headless"].at - before["headless"].at
    return [starts, memory, *_idle_rows({**rates, **loops}, f"{seconds:.0f} s watched")]


def _starts(devices: Stage, folder: Path) -> Row:
    config = write_config(folder, devices.scanner.path)
    lazy, eager = [], []
    for turn in range(-1, _STARTS):
        samples = _start(_KIOSK, config, folder), _start(_EAGER, config, folder)
        if turn >= 0:
            lazy.append(samples[0])
            eager.append(samples[1])
    return compared(
        "kiosk run: process start to first frame",
        "ms",
        scaled(lazy, 1e3),
        "the same, all libraries imported at once",
        scaled(eager, 1e3),
        note="until the frame's PNG is there",
    )


def _start(code: str, config: Path, folder: Path) -> float:
    """Seconds until the first frame."""
    out = folder / "start"
    began = time.monotonic()
    with process(sys.executable, "-c", code, "--config", config, "run", "--headless", out) as child:
        wait_until(lambda: child.poll() is not None or any(out.glob("0001*.png")), "a first frame")
        seconds = time.monotonic() - began
        if child.poll() is not None:
            raise RuntimeError(f"the kiosk ended by itself, exit code {child.returncode}")
    shutil.rmtree(out)
    return seconds


def _memory(devices: Stage, kiosk: Telling) -> Row:
    for turn in range(_FIRST_CHECKS):
        _check(devices, kiosk, turn)
    first = rss_of(kiosk.pid)
    for turn in range(_FIRST_CHECKS, _CHECKS):
        _check(devices, kiosk, turn)
    last = rss_of(kiosk.pid)
    return Row(
        f"RSS after {_CHECKS:,} checks",
        "MB",
        Summary(last, last, 1),
        f"after {_FIRST_CHECKS} checks",
        Summary(first, first, 1),
        first / last,
        f"grown by {100 * (last / first - 1):.1f} %; codes over the line",
    )


def _check(devices: Stage, kiosk: Telling, turn: int) -> None:
    """One code, until its result is on the screen."""
    slug = _CAST[turn % len(_CAST)]
    since = kiosk.mark
    devices.scanner.scan(barcode_of(slug))
    framed = kiosk.wait("event", "BarcodeFrame", since)
    verdict = {"suspended": "suspended", "absent": "not-in-list"}.get(slug, "insured")
    kiosk.wait("frame", verdict, framed.place + 1)


@contextmanager
def _idle_kiosks(folder: Path, display: str | None) -> Iterator[dict[str, int]]:
    """Process numbers of kiosks that are up and left alone, by the way they show."""
    with ExitStack() as stack:
        headless = _kiosk(folder, "first", "--headless", folder / "idle")
        pids = {"headless": stack.enter_context(headless)}
        if display is not None:
            window = _kiosk(folder, "second", "--windowed", env=on(display))
            pids["window"] = stack.enter_context(window)
        yield pids


@contextmanager
def _kiosk(
    folder: Path, name: str, *options: str | Path, env: dict[str, str] | None = None
) -> Iterator[int]:
    with VirtualScanner(folder, name) as scanner:
        log = folder / f"{name}.log"
        config = write_config(folder, scanner.path)
        command = (sys.executable, "-c", _KIOSK, "--config", config, "run", *options)
        with process(*command, env=env, log=log) as child:
            wait_until(lambda: log.read_text(encoding="utf-8").count("DeviceReady") == 2, name)
            yield child.pid


def _watch_loop(name: str, display: str) -> tuple[float, float]:
    """CPU seconds and wake-ups a second of a pygame loop that nobody touches."""
    code = _LOOPS[name]
    with process(sys.executable, "-c", code, stdout=subprocess.PIPE, env=on(display)) as child:
        assert child.stdout is not None
        while child.stdout.readline() not in {"open\n", ""}:
            continue
        if child.poll() is not None:
            raise RuntimeError(f"the pygame loop {name} does not come up")
        before = use_of(child.pid)
        time.sleep(_LOOP_SECONDS)
        return before.per_second(use_of(child.pid))


def _display() -> AbstractContextManager[str | None]:
    """A display of our own, without a screen; None where Xvfb is not installed."""
    return x_server(_SIZE) if has_xvfb() else nullcontext()


def _idle_rows(rates: dict[str, tuple[float, float]], watched: str) -> list[Row]:
    """`rates` are CPU seconds and wake-ups a second, of kiosks and of loops."""
    rows = []
    for name in ("headless", "window"):
        if name not in rates:
            continue
        cpu, wakeups = rates[name]
        rows += [
            _against(
                f"idle, {name}: wake-ups",
                "1/s",
                wakeups,
                *(("window on pygame.event.wait()", rates[_WAIT][1]) if _WAIT in rates else ()),
                note=f"target ≤ 25; {watched}",
            ),
            _against(
                f"idle, {name}: CPU",
                "s/min",
                cpu * 60,
                *(("window at 60 Hz", rates[_SIXTY][0] * 60) if _SIXTY in rates else ()),
                note=f"{watched}; Xvfb draws by CPU",
            ),
        ]
    return rows


def _against(
    what: str, unit: str, ours: float, alternative: str = "", other: float = 0.0, *, note: str
) -> Row:
    if not alternative:
        return measured(what, unit, [ours], note=f"{note}; no Xvfb here, so no loop beside it")
    return compared(what, unit, [ours], alternative, [other], note=note)
