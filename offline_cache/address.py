"""Which addresses a repository may be fetched from."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    from pathlib import Path


class AddressError(ValueError):
    """An address that no repository is fetched from; the message says why."""


def check_address(url: str, ca_file: Path | None) -> SplitResult:
    """The parts of an address that a repository may be fetched from.

    Raises:
        AddressError: another scheme than https, or http elsewhere than on this machine; a password
            or a query in it; https without a CA file.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressError("not an address") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise AddressError("not an address such as https://fund.example/register")
    if parts.username is not None or parts.query or parts.fragment or not url.isascii():
        raise AddressError("an address has no name, password, query or fragment here")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise AddressError("plain http only reaches this machine; use https")
    if parts.scheme == "https" and ca_file is None:
        raise AddressError("https needs ca_file, the authority that signed the server")
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
