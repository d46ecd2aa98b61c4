"""Certificates of the TLS door, renewed while the kiosk runs.

Whoever shakes hands is shown what the files hold now. A renewal that cannot be used is told once,
and the last good one goes on; connections that are open keep what they began with. Files that are
systemd credentials change with a restart only.
"""

from __future__ import annotations

import logging
import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_log = logging.getLogger(__name__)


class Papers:
    """This kiosk's certificate and key, and the authority of those who may call."""

    def __init__(self, server_file: Path, client_ca_file: Path) -> None:
        """Read both.

        Raises:
            OSError: a file is missing or is not what it should be (`ssl.SSLError` is one).
        """
        self._files = (server_file, client_ca_file)
        self._seen = self._identity()
        self._complaint = ""
        self.context = tls_context(server_file, client_ca_file)
        """For the next handshake."""

    def look(self) -> None:
        """Read the files again if they are others than last time."""
        try:
            identity = self._identity()
            if identity == self._seen:
                return
            context = tls_context(*self._files)
        except OSError as error:
            said = complaint(error)
            if said != self._complaint:
                self._complaint = said
                _log.error("clinic: renewed certificates cannot be used: %s", said)
            return
        self.context, self._seen, self._complaint = context, identity, ""
        _log.info("clinic: certificates were renewed")

    def _identity(self) -> list[tuple[int, int, int]]:
        found = [path.stat() for path in self._files]
        return [(one.st_ino, one.st_ctime_ns, one.st_size) for one in found]


def complaint(error: OSError) -> str:
    """What is wrong, without a path or a secret."""
    return "certificate" if isinstance(error, ssl.SSLError) else f"errno {error.errno}"


def tls_context(server_file: Path, client_ca_file: Path) -> ssl.SSLContext:
    """TLS 1.2 or newer; callers show a certificate of the clinic's authority.

    Raises:
        OSError: a file is missing or is not what it should be (`ssl.SSLError` is one).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cafile=client_ca_file)
    # A key that wants a password is an error, and no question at a terminal.
    context.load_cert_chain(server_file, password="")
    context.set_alpn_protocols(["http/1.1"])
    return context
