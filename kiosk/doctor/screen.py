"""The display: a session to show frames in, a panel that is plugged in, fonts, a frame."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from kiosk.doctor.finding import Finding, absent, ok, trouble
from kiosk.doctor.machine import read_text
from kiosk.doctor.reader import our_module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiosk.doctor.machine import Examination, Machine

_FRAME_SECONDS: Final = 6.0
_PREFERRED: Final = ("PTS55F.ttf", "PTS75F.ttf")


def look_at_session(examination: Examination) -> Iterator[Finding]:
    """Whether there is something to show frames on."""
    machine = examination.machine
    panels = [read_text(path) for path in machine.path("/sys/class/drm").glob("card*-*/status")]
    plugged = sum(1 for status in panels if status is not None and status.strip() == "connected")
    if panels and not plugged:
        words = f"none of {len(panels)} sockets has a display"
        yield trouble("display", "display-unplugged", words)
    elif panels:
        yield ok("display", f"{plugged} plugged in")
    else:
        yield absent("display", "this machine has no display socket")
    how = _session(machine)
    if how is not None:
        yield ok("screen session", how)
    elif panels:
        yield trouble("screen session", "session-none", "neither cage nor another session runs")
    else:
        yield absent("screen session", "without a display there is none")


def _session(machine: Machine) -> str | None:
    if "cage" in machine.names_of_processes().values():
        return "cage runs"
    for variable in ("WAYLAND_DISPLAY", "DISPLAY"):
        if machine.environ.get(variable):
            return f"{variable} is set"
    return None


def look_at_frame(examination: Examination) -> Iterator[Finding]:
    """Whether this release can draw at all, and with which type face."""
    said = examination.machine.ask(our_module("kiosk.doctor.frame"), _FRAME_SECONDS)
    try:
        drawn = {} if said is None else json.loads(said.out)
    except ValueError:
        drawn = {}
    if not drawn:
        yield trouble("frame", "frame-fails", "the process that draws one ended without a frame")
        return
    fonts = tuple(drawn["fonts"])
    if len(fonts) < len(_PREFERRED):
        yield trouble("fonts", "fonts-missing", "neither PT Sans nor DejaVu Sans is there")
    elif fonts != _PREFERRED:
        yield trouble("fonts", "fonts-other", f"{' and '.join(fonts)} instead of PT Sans")
    else:
        yield ok("fonts", "PT Sans")
    if drawn["fault"] is None:
        yield ok("frame", "one could be drawn without a display")
    elif len(fonts) == len(_PREFERRED):
        yield trouble("frame", "frame-fails", str(drawn["fault"]))
