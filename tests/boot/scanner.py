"""The virtual scanner of a machine: a terminal among that machine's own, behind the usual link."""

from __future__ import annotations

import fcntl
import os
import struct
from typing import TYPE_CHECKING, Final

from kiosk.demo.scanner import VirtualScanner
from tests.boot.appliance import ids

if TYPE_CHECKING:
    from tests.boot.appliance import Appliance
    from tests.boot.machine import Machine

_NAME: Final = "oms-scanner"
_CONFIG: Final = "/etc/oms-kiosk/kiosk.toml"
_NUMBER: Final = struct.Struct("i")
_TIOCSPTLCK, _TIOCGPTN = 0x40045431, 0x80045430
"""Unlock a terminal; its number (asm-generic/ioctls.h): the termios of 3.11 lacks them."""


def expect_scanner(kiosk: Appliance) -> None:
    """Tell a kiosk, best before its boot, that there is a scanner."""
    file = kiosk.machine.path(_CONFIG)
    before = file.read_text("utf-8")
    after = before.replace("[scanner]\n", f'[scanner]\nport = "/dev/{_NAME}"\n')
    assert after != before
    file.write_text(after, "utf-8")


class MachineScanner(VirtualScanner):
    """A scanner on a booted machine; udev's part, the link and its rights, is played here."""

    def __init__(self, machine: Machine) -> None:
        """Offer `/dev/oms-scanner` until the machine is switched off. Nothing is opened yet."""
        super().__init__(machine.path("/dev"), _NAME)
        self._machine = machine
        self._owner = ids(machine, "root", "dialout")

    def _terminal(self) -> tuple[int, int, str]:
        master = os.open(self._machine.path("/dev/pts/ptmx"), os.O_RDWR | os.O_NOCTTY)
        fcntl.ioctl(master, _TIOCSPTLCK, _NUMBER.pack(0))
        (number,) = _NUMBER.unpack(fcntl.ioctl(master, _TIOCGPTN, _NUMBER.pack(0)))
        name = f"/dev/pts/{number}"
        slave = os.open(self._machine.path(name), os.O_RDWR | os.O_NOCTTY)
        # As Debian's rules give serial ports to those who may use them.
        os.fchown(slave, *self._owner)
        os.fchmod(slave, 0o660)
        return master, slave, name
