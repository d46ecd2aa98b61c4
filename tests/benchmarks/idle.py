"""What a kiosk that nobody comes to costs: wake-ups of all its threads, flips of its window.

Whole kiosks with windows of 1280×800 on X11 (Xvfb), one after the other, as they are configured:
plain, with touch, and with everything that goes along with the screen. For pygame programs as they
usually are written see `process`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from tests.benchmarks.processes import stage, telling_kiosk, use_of
from tests.benchmarks.table import Row, UnavailableError, measured
from tests.displays import has_xvfb, x_server

if TYPE_CHECKING:
    from pathlib import Path

    from kiosk.demo.stage import Stage

_SIZE: Final = (1280, 800)
_SETTLE_SECONDS: Final = 3.0
_WATCH_SECONDS: Final = 15.0


def run() -> list[Row]:
    """Wake-ups a second, and flips within the time watched."""
    if not has_xvfb():
        raise UnavailableError("Xvfb is not installed: apt-get install xvfb")
    touch = '[screen]\ntouch = "yes"\n'
    with stage() as (devices, folder), x_server(_SIZE) as display:
        everything = (
            '[kiosk]\naudience = "registrar"\n[sound]\ncue = "outcome"\nspeech = "yes"\n'
            f'[clinic]\nsocket = "{folder / "clinic"}"\n'
            f'{touch}dark_from = "03:00"\ndark_until = "03:01"\n'
        )
        kinds = {"plain": "", "touch": touch, "touch, photos, sound, light, clinic": everything}
        return [
            row
            for kind, sections in kinds.items()
            for row in _watched(kind, devices, folder, sections, display)
        ]


def _watched(kind: str, devices: Stage, folder: Path, sections: str, display: str) -> list[Row]:
    with telling_kiosk(folder, devices.scanner.path, sections=sections, display=display) as kiosk:
        time.sleep(_SETTLE_SECONDS)
        since, before = kiosk.mark, use_of(kiosk.pid)
        time.sleep(_WATCH_SECONDS)
        cpu, wakeups = before.per_second(use_of(kiosk.pid))
        flips = [one for one in kiosk.since(since) if one.kind in {"frame", "repair"}]
    return [
        measured(
            f"idle, {kind}: wake-ups",
            "1/s",
            [wakeups],
            note=f"R11: target ≤ 25; {60 * cpu:.2f} s of CPU a minute",
        ),
        measured(
            f"idle, {kind}: flips in {_WATCH_SECONDS:.0f} s",
            "",
            [float(len(flips))],
            note="R11: target 0; the footer's minute is one",
        ),
    ]
