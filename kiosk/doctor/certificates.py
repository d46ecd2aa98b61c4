"""The door to certificates: when those in a PEM file end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509

from kiosk.doctor.finding import Finding, day, ok, trouble

if TYPE_CHECKING:
    from pathlib import Path

    from kiosk.clock import Moment

SOON: Final = timedelta(days=30)
_MAX_BYTES: Final = 256 * 1024


def look_at_file(name: str, what: str, path: Path, now: Moment) -> Finding:
    """Whether the certificates in `path` are in time for another month.

    Args:
        name: of the finding.
        what: which file it is, as the configuration calls it: `ca_file`.
        path: PEM; secret keys in it are passed over.
        now: a clock that is wrong is taken at its floor.
    """
    try:
        with path.open("rb") as file:
            pem = file.read(_MAX_BYTES)
        ends = [one.not_valid_after_utc for one in x509.load_pem_x509_certificates(pem)]
    except OSError as error:
        return trouble(name, "certificate-unreadable", f"{what} {path}: {error.strerror}")
    except ValueError:
        return trouble(name, "certificate-none", f"{what} {path}: no certificate (PEM)")
    return _judged(name, what, min(ends), now.likely)


def _judged(name: str, what: str, end: datetime, now: datetime) -> Finding:
    words = f"{what}: its certificate ends on {day(end)}"
    if end <= now:
        return trouble(name, "certificate-over", words)
    return trouble(name, "certificate-soon", words) if end - now < SOON else ok(name, words)
