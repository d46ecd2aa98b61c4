"""Whom a connection trusts: a pinned authority, within the time of its certificate."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any, Final

from kiosk.lookup import Cause
from kiosk.online.errors import ServiceError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

_EXPIRED: Final = {9, 10}
"""X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL."""
_OTHER_HOST: Final = {62, 64}
"""X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH."""
_NO_CHECK_TIME: Final = ssl.VerifyFlags(0x200000)
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which Python has no name for."""
_OUT_OF_TIME: Final = "its certificate's time is over or to come; is this machine's clock right?"


def make_context(
    ca_file: Path | None, client_file: Path | None, passed: datetime | None, host: str
) -> ssl.SSLContext:
    """The terms of a connection to `host`; with `passed`, `check_term` takes the clock's place.

    Args:
        ca_file: the pinned authorities (PEM).
        client_file: a client certificate and its key (PEM); None: none is shown.
        passed: see `kiosk.online.client.Client`.
        host: for the words of errors.

    Raises:
        ServiceError: TLS: a file cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if passed is not None:
        context.verify_flags |= _NO_CHECK_TIME
    try:
        context.load_verify_locations(cafile=ca_file)
    except (OSError, ssl.SSLError):
        words = f"{host}: ca_file is no certificate authority (PEM)"
        raise ServiceError(Cause.TLS, words) from None
    if client_file is not None:
        try:
            # With a password given, OpenSSL does not ask for one on the terminal.
            context.load_cert_chain(client_file, password="")
        except (OSError, ssl.SSLError):
            words = f"{host}: client_file is no certificate with an open key (PEM)"
            raise ServiceError(Cause.TLS, words) from None
    return context


def check_term(connected: Any, passed: datetime, host: str) -> None:
    """Hold the server's certificate against a time that has certainly passed.

    Raises:
        ServiceError: TLS: it had ended by then.
    """
    if ssl.cert_time_to_seconds(connected.getpeercert()["notAfter"]) < passed.timestamp():
        raise ServiceError(Cause.TLS, f"{host}: {_OUT_OF_TIME}")


def words_of(error: ssl.SSLCertVerificationError) -> str:
    """Why a server is not trusted, for technicians."""
    if error.verify_code in _EXPIRED:
        return _OUT_OF_TIME
    if error.verify_code in _OTHER_HOST:
        return "its certificate is made for another name; is the address right?"
    # The words are OpenSSL's own, one of a fixed list.
    return f"ca_file does not vouch for its certificate ({error.verify_message})"
