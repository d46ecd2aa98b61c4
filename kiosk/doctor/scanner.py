"""The barcode scanner: its port, who holds it, at which speed, and who else wants it."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import termios
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kiosk.doctor.finding import Finding, absent, ok, trouble
from kiosk.doctor.input_devices import keyboards_that_scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiosk.doctor.machine import Examination, Machine

_SPEEDS: Final = {
    getattr(termios, name): int(name[1:])
    for name in dir(termios)
    if name.startswith("B") and name[1:].isdecimal()
}
"""Baud rates by the code that the terminal interface has for them."""
_PSEUDO_TERMINALS: Final = range(136, 144)
_ACM: Final = 166
"""Major number of USB's own modem class, whose baud rate means nothing."""


def look_at_scanner(examination: Examination) -> Iterator[Finding]:
    """Whether the kiosk can listen to its scanner."""
    machine, section = examination.machine, examination.config.scanner
    typing = keyboards_that_scan(machine)
    if section.port is None:
        if typing:
            words = f"{typing[0]} types as a keyboard, and no [scanner] port is configured"
            yield trouble("scanner", "scanner-unconfigured", words)
        else:
            yield absent("scanner", "[scanner] port is not configured")
        return
    if not section.port.exists():
        if typing:
            words = f"{typing[0]} types as a keyboard; there is no {section.port}"
            yield trouble("scanner", "scanner-keyboard", words)
        else:
            yield trouble("scanner", "scanner-gone", f"there is no {section.port}")
        return
    yield from _port(section.port, section.baud, machine)


def _port(port: Path, baud: int, machine: Machine) -> Iterator[Finding]:
    try:
        status = port.stat()
        if not stat.S_ISCHR(status.st_mode):
            yield trouble("scanner", "scanner-not-serial", f"{port} is no serial port")
            return
        number = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        code = "scanner-rights" if error.errno in {errno.EACCES, errno.EPERM} else "scanner-gone"
        if error.errno == errno.EBUSY:
            yield _held(port, machine)
            return
        yield trouble("scanner", code, f"{port}: {error.strerror}")
        return
    try:
        if not os.isatty(number):
            yield trouble("scanner", "scanner-not-serial", f"{port} is no serial port")
            return
        yield from _opened(number, port, baud, machine)
    finally:
        os.close(number)
    yield from _modem_manager(os.major(status.st_rdev), os.minor(status.st_rdev), machine)


def _opened(number: int, port: Path, baud: int, machine: Machine) -> Iterator[Finding]:
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held = _held(port, machine)
        yield held
        if held.code == "ok":
            yield _speed(number, port, baud)
        return
    fcntl.flock(number, fcntl.LOCK_UN)
    yield ok("scanner", f"{port} can be opened, and nobody holds it")
    yield absent("scanner speed", "whether the scanner has the port's only a scan tells")


def _held(port: Path, machine: Machine) -> Finding:
    """Who holds the port: the running kiosk, as it should be, or somebody else."""
    holders = _holders(port, machine)
    ours = [pid for pid, command in holders.items() if _is_kiosk(command)]
    if ours:
        return ok("scanner", f"{port} is in use by the running kiosk (process {ours[0]})")
    if holders:
        pid, command = next(iter(holders.items()))
        words = f"{port} is held by {Path(command.split(chr(0))[0]).name} (process {pid})"
        return trouble("scanner", "scanner-held", words)
    return trouble("scanner", "scanner-held-unseen", f"{port} is in use; by whom cannot be seen")


def _is_kiosk(command: str) -> bool:
    """Whether a command line, its words ended by NUL, is `kiosk run` or `kiosk demo`."""
    words = command.split("\0")
    return any(Path(word).name == "kiosk" for word in words[:2]) and bool(
        {"run", "demo"} & {*words}
    )


def _holders(port: Path, machine: Machine) -> dict[int, str]:
    """Command lines of the processes that have the port open, as far as they can be seen."""
    device = os.path.realpath(port)
    found = {}
    for folder in machine.path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        if pid == os.getpid():
            continue
        try:
            if any(str(link.readlink()) == device for link in (folder / "fd").iterdir()):
                found[pid] = (folder / "cmdline").read_text("utf-8", "replace")
        except OSError:
            continue
    return found


def _speed(number: int, port: Path, baud: int) -> Finding:
    """The kiosk sets the port as it starts; the configuration may have changed since."""
    try:
        status, speed = os.fstat(number), _SPEEDS.get(termios.tcgetattr(number)[5])
    except termios.error:
        return absent("scanner speed", f"{port} does not tell")
    if os.major(status.st_rdev) == _ACM:
        return ok("scanner speed", "the port is USB's own: any speed does")
    if speed is not None and speed != baud:
        words = f"the port runs at {speed} baud, [scanner] baud is {baud}"
        return trouble("scanner speed", "scanner-speed", words)
    return ok("scanner speed", f"{baud} baud as configured; the scanner's own only a scan tells")


def _modem_manager(major: int, minor: int, machine: Machine) -> Iterator[Finding]:
    """ModemManager sends modem commands to every serial port that it is not kept from."""
    if major in _PSEUDO_TERMINALS or "ModemManager" not in machine.names_of_processes().values():
        return
    told = machine.text(f"/run/udev/data/c{major}:{minor}") or ""
    if "ID_MM_DEVICE_IGNORE=1" not in told and "ID_MM_PORT_IGNORE=1" not in told:
        words = "ModemManager runs and was not told to leave the scanner's port alone"
        yield trouble("scanner", "scanner-modem", words)
