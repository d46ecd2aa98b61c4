"""systemd's view of the kiosk: what runs, what failed, what was started again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kiosk.doctor.finding import Finding, absent, ok, trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiosk.doctor.machine import Examination

_MANY: Final = 3
"""Restarts of one unit since boot that make a warning."""
_PROPERTIES: Final = "Id,LoadState,ActiveState,SubState,Result,NRestarts,WatchdogUSec"
_ALWAYS: Final = ("kiosk.service", "kiosk-update.timer", "pcscd.socket")
"""Units that run on every appliance."""
_COMMAND: Final = ("systemctl", "show", "--no-pager", f"--property={_PROPERTIES}")


def look_at_units(examination: Examination) -> Iterator[Finding]:
    """Every unit of the kiosk's."""
    machine = examination.machine
    if not machine.has_systemd:
        yield absent("units", "this machine does not run systemd")
        return
    # The pattern adds what systemd has loaded of our units: failed ones are.
    said = machine.ask((*_COMMAND, *_ALWAYS, "kiosk-*", "oms-kiosk-*"), 5.0)
    if said is None or said.code:
        yield trouble("units", "systemd-silent", "systemctl gives no answer")
        return
    seen = set()
    for block in said.out.split("\n\n"):
        unit = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        name = unit.get("Id", "")
        if name and name not in seen:
            seen.add(name)
            yield from _judged(name, unit)


def _judged(name: str, unit: dict[str, str]) -> Iterator[Finding]:
    told = f"unit {name}"
    active = unit.get("ActiveState", "")
    if unit.get("LoadState") == "not-found":
        yield trouble(told, "unit-missing", "it is not installed")
        return
    if unit.get("LoadState") == "masked":
        yield trouble(told, "unit-off", "it is masked")
        return
    if active == "failed":
        yield trouble(told, "unit-failed", f"failed: {unit.get('Result', '')}")
    elif unit.get("SubState") == "auto-restart":
        yield trouble(told, "unit-failed", f"ended and is started again: {unit.get('Result', '')}")
    elif name in _ALWAYS and active == "activating":
        yield trouble(told, "unit-starting", "it has not said yet that it is ready")
    elif name in _ALWAYS and active not in {"active", "reloading"}:
        yield trouble(told, "unit-off", f"{active}: it does not run")
    else:
        yield ok(told, f"{active} ({unit.get('SubState', '')})")
    restarts = unit.get("NRestarts", "0")
    if restarts.isdecimal() and int(restarts) >= _MANY:
        yield trouble(told, "unit-restarts", f"started again {restarts} times")
    if name == "kiosk.service" and unit.get("WatchdogUSec") in {"0", "infinity"}:
        yield trouble(told, "unit-unwatched", "no watchdog looks after it")
