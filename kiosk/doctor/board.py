"""The board: power, throttling and heat of a Raspberry Pi."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kiosk.doctor.finding import Finding, absent, ok, trouble
from kiosk.doctor.machine import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiosk.doctor.machine import Examination, Machine

_SYSFS: Final = "/sys/devices/platform/soc/soc:firmware/get_throttled"
_MODEL: Final = "/proc/device-tree/model"
_SINCE_BOOT: Final = 16
"""Bits 0 to 3 are true now, the same 16 higher have been true since boot (`vcgencmd`)."""
_HOT: Final = 80.0
"""Degrees Celsius at which the firmware begins to slow the processor down."""


def look_at_power(examination: Examination) -> Iterator[Finding]:
    """Undervoltage and throttling, now and since boot."""
    machine = examination.machine
    if "Raspberry Pi" not in (machine.text(_MODEL) or ""):
        yield absent("power", "not a Raspberry Pi: nobody tells")
        return
    flags = _flags(machine)
    alarm = _alarm(machine) if flags is None else None
    if alarm is not None:
        yield (
            trouble("power", "undervoltage-now", "undervoltage now")
            if alarm
            else ok("power", "no undervoltage now; this kernel does not tell of earlier ones")
        )
        return
    if flags is None:
        yield trouble("power", "power-unknown", "the firmware does not tell")
        return
    troubles = list(_judged(flags))
    yield from troubles
    if not troubles:
        yield ok("power", "no undervoltage and no throttling since boot")


def _judged(flags: int) -> Iterator[Finding]:
    for bit, code, words in (
        (0, "undervoltage", "undervoltage"),
        (2, "throttled", "the processor is slowed down"),
        (1, "throttled", "the processor's frequency is capped"),
        (3, "throttled", "the soft limit of temperature is reached"),
    ):
        if flags & 1 << bit:
            yield trouble("power", f"{code}-now", f"{words} now (0x{flags:x})")
        elif flags & 1 << bit + _SINCE_BOOT:
            yield trouble("power", f"{code}-before", f"{words} at times since boot (0x{flags:x})")


def _flags(machine: Machine) -> int | None:
    text = machine.text(_SYSFS)
    if text is None:
        said = machine.ask(("vcgencmd", "get_throttled"), 3.0)
        text = None if said is None or said.code else said.out.partition("=")[2]
    try:
        return None if text is None else int(text.strip(), 16)
    except ValueError:
        return None


def _alarm(machine: Machine) -> bool | None:
    """Whether the kernel's own driver (rpi_volt) sees undervoltage; None: it is not there."""
    for path in machine.path("/sys/class/hwmon").glob("hwmon*/in0_lcrit_alarm"):
        if (read_text(path.with_name("name")) or "").strip() == "rpi_volt":
            return (read_text(path) or "").strip() == "1"
    return None


def look_at_heat(examination: Examination) -> Iterator[Finding]:
    """The hottest of all thermal zones."""
    degrees = []
    for path in examination.machine.path("/sys/class/thermal").glob("thermal_zone*/temp"):
        text = (read_text(path) or "").strip()
        if text.lstrip("-").isdecimal():
            degrees.append(int(text) / 1000)
    if not degrees:
        yield absent("temperature", "this machine does not tell")
        return
    words = f"{max(degrees):.0f} degrees Celsius"
    yield (
        trouble("temperature", "too-hot", words)
        if max(degrees) >= _HOT
        else ok("temperature", words)
    )
