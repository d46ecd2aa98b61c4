"""A certificate authority for the demo and the tests, good for a server on this machine alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from pathlib import Path

_AUTHORITY: Final = "Demo authority"
_LIFETIME: Final = timedelta(days=7)
_EARLIER: Final = timedelta(hours=1)
"""Valid since a little before now: clocks differ."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files in PEM, all of one authority."""

    ca: Path
    """What a kiosk pins, and what a server checks its clients' certificates with."""
    server: Path
    """Certificate and secret key of the server."""
    expired: Path
    """The same, of a server whose certificate's time is over."""
    client: Path
    """Certificate and secret key of a kiosk."""


def make_certificates(folder: Path, *, host: str = "127.0.0.1") -> Certificates:
    """Make an authority and certificates of it for the address or name `host`, in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    names = ("ca", "server", "expired", "client")
    files = Certificates(*(folder / f"{name}.pem" for name in names))
    authority = _Authority()
    files.ca.write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    authority.issue(files.server, "Demo fund", host)
    authority.issue(files.expired, "Demo fund", host, end=datetime.now(UTC) - _EARLIER / 2)
    authority.issue(files.client, "Demo kiosk", None)
    return files


class _Authority:
    """Signs itself, servers and clients."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        builder = self._builder(_AUTHORITY, self._key, None)
        self.certificate = builder.add_extension(constraints, critical=True).sign(
            self._key, hashes.SHA256()
        )

    def issue(self, file: Path, name: str, host: str | None, end: datetime | None = None) -> None:
        """Write a certificate and its key: a server's, for `host`, or, without, a client's."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(name, key, end).add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True
        )
        if host is not None:
            names = x509.SubjectAlternativeName([_general_name(host)])
            builder = builder.add_extension(names, critical=False)
        usage = ExtendedKeyUsageOID.CLIENT_AUTH if host is None else ExtendedKeyUsageOID.SERVER_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        file.touch(mode=0o600)
        file.write_bytes(
            builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )

    def _builder(
        self, name: str, key: ec.EllipticCurvePrivateKey, end: datetime | None
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(_named(name))
            .issuer_name(_named(_AUTHORITY))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _EARLIER)
            .not_valid_after(end or now + _LIFETIME)
            .add_extension(identifier, critical=False)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
        )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
