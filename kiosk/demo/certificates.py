"""A certificate authority for the demo and the tests, good for a server on this machine alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

_LIFETIME: Final = timedelta(days=7)
_EARLIER: Final = timedelta(hours=1)
"""Valid since a little before now: clocks differ."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files in PEM."""

    ca: Path
    """What a kiosk pins."""
    server: Path
    """Certificate and secret key of the server."""


def make_certificates(folder: Path, *, host: str = "127.0.0.1") -> Certificates:
    """Make an authority and a certificate of it for the address `host`, in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _sign("Demo authority", authority_key, "Demo authority", authority_key, None)
    server_key = ec.generate_private_key(ec.SECP256R1())
    server = _sign("Demo fund", server_key, "Demo authority", authority_key, host)
    files = Certificates(folder / "ca.pem", folder / "server.pem")
    files.ca.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    files.server.touch(mode=0o600)
    files.server.write_bytes(
        server.public_bytes(serialization.Encoding.PEM)
        + server_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


def _sign(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    host: str | None,
) -> x509.Certificate:
    """A certificate: of an authority, or, with `host`, of a server."""
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if host is not None:
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
