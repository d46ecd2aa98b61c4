"""The virtual card reader of a machine: vsmartcard's driver, at ports that nobody else uses."""

from __future__ import annotations

import random
import socket
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.boot.machine import Machine

_DROP_IN: Final = "/etc/systemd/system/pcscd.service.d/90-virtual-reader.conf"
# Real readers are on USB: the sandbox gives pcscd no network, and vpcd needs one.
_OVER_TCP: Final = "[Service]\nRestrictAddressFamilies=AF_INET\nIPAddressAllow=localhost\n"
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
    drop_in = machine.path(_DROP_IN)
    drop_in.parent.mkdir(parents=True, exist_ok=True)
    drop_in.write_text(_OVER_TCP, encoding="ascii")
    return port


def _free_port() -> int:
    """The first of two neighbouring TCP ports on which nobody listens."""
    for port in random.SystemRandom().sample(_PORTS, 50):
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("", port))
                second.bind(("", port + 1))
            except OSError:
                continue
            return port
    raise OSError("no two neighbouring TCP ports are free")
