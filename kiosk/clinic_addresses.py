"""Addresses and origins of `[clinic]` as the configuration gives them. Pure.

Outside `kiosk.clinic`: that package reads the configuration, which checks them.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kiosk.config_sections import ClinicSection

_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_ORIGIN: Final = re.compile(r"(https?)://(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:([1-9][0-9]{0,4}))?")
_MODE: Final = re.compile(r"0?6[0246][0246]")


def tls_address(text: str) -> tuple[str, int]:
    """Split `192.0.2.7:8443` or `[::]:8443`: a numeric address and a port.

    Raises:
        ValueError: says what would be right.
    """
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        raise ValueError("an address in numbers and a port, such as 0.0.0.0:8443") from None
    if not (port.isascii() and port.isdecimal() and int(port) <= 65_535):
        raise ValueError("a port from 0 to 65535 stands behind the address")
    return host, int(port)


def check_clinic(section: ClinicSection) -> None:
    """Check what stands in `[clinic]`, each key alone and together.

    Raises:
        ValueError: names the key, and what would be right.
    """
    if _MODE.fullmatch(section.socket_mode) is None:
        raise ValueError("socket_mode: three digits such as 660: who may write may connect")
    for origin in section.origins:
        found = _ORIGIN.fullmatch(origin)
        if found is None or int(found[4] or 0) > 65_535:
            raise ValueError(
                f"origins: {origin!r}: as browsers write it, such as https://mis.clinic.example;"
                " no path, no *"
            )
    for host in section.hosts:
        if _HOST.fullmatch(host) is None:
            raise ValueError(f"hosts: {host!r}: a name such as kiosk-17.clinic.example, no port")
    if not section.tls_address:
        return
    try:
        tls_address(section.tls_address)
    except ValueError as error:
        raise ValueError(f"tls_address: {error}") from None
    if section.server_file is None or section.client_ca_file is None or not section.hosts:
        raise ValueError("tls_address needs server_file, client_ca_file and hosts")
