"""The clock: a wrong one lets expired signatures pass, and leaves no date-dependent verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.doctor.finding import Finding, absent, day_and_time, ok, trouble
from offline_cache.floor import newest_signed_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiosk.doctor.machine import Examination, Machine


def look_at_clock(examination: Examination) -> Iterator[Finding]:
    """Whether the time can be trusted, and whether somebody sets it."""
    machine = examination.machine
    folder = examination.config.register.dir
    signed = None if folder is None else newest_signed_time(folder)
    if signed is not None:
        machine.clock.raise_floor(signed)
    moment = machine.clock.now()
    shown = f"it shows {day_and_time(moment.local)}"
    if not moment.trusted and moment.floor is not None:
        words = f"{shown}, and {day_and_time(moment.floor)} has passed already"
        yield trouble("clock", "clock-wrong", words)
    elif moment.local.year >= 2100:
        yield trouble("clock", "clock-wrong", f"{shown}: too late to be true")
    else:
        yield ok("clock", shown)
    yield _synchronised(machine)


def _synchronised(machine: Machine) -> Finding:
    name = "clock synchronisation"
    if not machine.has_systemd:
        return absent(name, "this machine does not run systemd: who sets its clock is not known")
    if machine.path("/run/systemd/timesync/synchronized").exists():
        return ok(name, "systemd-timesyncd has set the clock since boot")
    # Another than systemd's own, such as chrony, may keep it.
    said = machine.ask(("timedatectl", "show", "--property=NTPSynchronized", "--value"), 3.0)
    if said is not None and said.out.strip() == "yes":
        return ok(name, "the kernel says that it is synchronised")
    battery = "it has a battery clock" if machine.path("/dev/rtc0").exists() else "no battery clock"
    return trouble(name, "clock-unsynchronised", f"no time server has set it since boot; {battery}")
