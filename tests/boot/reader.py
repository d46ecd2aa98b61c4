"""The virtual card reader of a machine: vsmartcard's driver, at ports that nobody else uses."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.boot.machine import Machine

CONF: Final = "/etc/reader.conf.d/vpcd"
_PORTS: Final = range(20_000, 32_000, 2)
"""Below those that Linux gives to outgoing connections."""
_LIBRARY: Final = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"


def put_in_reader(machine: Machine) -> int:
    """Give a machine, best before its boot, a reader; the port of its first slot.

    Machines share the network of this one, so each has its reader at ports of its own.
    """
    port = _free_port()
    text = (
        f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:0x{port:X}\n'
        f"LIBPATH {_LIBRARY}\nCHANNELID 0x{port:X}\n"
    )
    machine.path(CONF).write_text(text, encoding="ascii")
    return port


def _free_port() -> int:
    """The first of two neighbouring TCP ports on which nobody listens."""
    for port in _PORTS:
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("", port))
                second.bind(("", port + 1))
            except OSError:
                continue
            return port
    raise OSError("no two neighbouring TCP ports are free")
