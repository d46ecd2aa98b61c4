"""Test issuers' keys and certificates, GOST ones too: real cryptography, and no trust in it.

GOST keys and signatures are made by the system's `openssl` with its gost engine (packages openssl
and libengine-gost-openssl), the others by `cryptography`. Secret keys lie in files, unprotected.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

from drivers.ber_tlv import parse
from kiosk.authenticity import TrustedKey
from kiosk.demo.encode_chip import tlv

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

GOST_DIGESTS: Final = {
    "gost2001": "md_gost94",
    "gost2012_256": "md_gost12_256",
    "gost2012_512": "md_gost12_512",
}
ECDSA: Final = "ecdsa-sha256"
RSA: Final = "rsa-sha256"
ALGORITHMS: Final = (*GOST_DIGESTS, ECDSA, RSA)
_SIGNATURE_SIZES: Final = {"gost2012_512": 128, RSA: 256}
_SIGNED_WITH: Final = {
    "gost2001": "300806062a8503020203",
    "gost2012_256": "300a06082a85030701010302",
    "gost2012_512": "300a06082a85030701010303",
    ECDSA: "300a06082a8648ce3d040302",
    RSA: "300d06092a864886f70d01010b0500",
}
"""AlgorithmIdentifier of a certificate's signature, DER."""


class IssuersError(Exception):
    """The system's openssl could not make or use a key."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A secret key in a file, and its public half."""

    algorithm: str
    file: Path
    """PEM."""
    public: bytes
    """SubjectPublicKeyInfo, DER."""

    @property
    def signature_size(self) -> int:
        """Bytes of each of its signatures."""
        return _SIGNATURE_SIZES.get(self.algorithm, 64)

    def sign(self, data: bytes) -> bytes:
        """A signature as documents hold it; of ECDSA, the two numbers without any DER."""
        if self.algorithm in GOST_DIGESTS:
            digest = f"-{GOST_DIGESTS[self.algorithm]}"
            return _openssl("dgst", digest, "-sign", str(self.file), data=data)
        key = serialization.load_pem_private_key(self.file.read_bytes(), None)
        if isinstance(key, rsa.RSAPrivateKey):
            return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise IssuersError(f"{self.file}: not a key of {self.algorithm}")
        numbers = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
        return b"".join(number.to_bytes(32, "big") for number in numbers)


@dataclass(frozen=True, slots=True)
class Certified:
    """A key pair with its certificate (DER)."""

    name: str
    keys: KeyPair
    certificate: bytes

    def trusted(self, issuer: str, first: date, last: date) -> TrustedKey:
        """The certificate as a row of the trust list, for chips."""
        slug = f"chip-{self.keys.algorithm}"
        return TrustedKey("chip", issuer, slug, "x509", first, last, self.certificate)


def make_keys(algorithm: str, file: Path) -> KeyPair:
    """Make a key pair of one of `ALGORITHMS`; its secret half goes to a new file.

    Raises:
        IssuersError: openssl or its gost engine is missing.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600, exist_ok=False)
    if algorithm in GOST_DIGESTS:
        options = ("-algorithm", algorithm, "-pkeyopt", "paramset:A")
        file.write_bytes(_openssl("genpkey", *options))
        return KeyPair(
            algorithm, file, _openssl("pkey", "-in", str(file), "-pubout", "-outform", "DER")
        )
    key = (
        rsa.generate_private_key(65537, 2048)
        if algorithm == RSA
        else ec.generate_private_key(ec.SECP256R1())
    )
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file.write_bytes(key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    return KeyPair(algorithm, file, key.public_key().public_bytes(serialization.Encoding.DER, info))


def certify(
    name: str,
    keys: KeyPair,
    first: date,
    last: date,
    *,
    by: Certified | None = None,
    authority: bool = False,
) -> Certified:
    """Certify a key, valid on both days and between them; without `by` it certifies itself."""
    signer = by.keys if by is not None else keys
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(by.name if by is not None else name))
        .public_key(_TEMPLATE_KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.combine(first, time(), UTC))
        .not_valid_after(datetime.combine(last, time(23, 59, 59), UTC))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(_usage(authority=authority), critical=True)
    )
    # The library makes no certificates of GOST keys: its own key and signature give place to ours.
    template = builder.sign(_TEMPLATE_KEY, hashes.SHA256()).tbs_certificate_bytes
    algorithm = bytes.fromhex(_SIGNED_WITH[signer.algorithm])
    body = tlv(0x30, _with_key(template, algorithm, keys.public))
    signature = signer.sign(body)
    if signer.algorithm == ECDSA:
        signature = _ecdsa_der(signature)
    return Certified(name, keys, tlv(0x30, body + algorithm + tlv(0x03, b"\0" + signature)))


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


_TEMPLATE_KEY: Final = ec.generate_private_key(ec.SECP256R1())


def _with_key(template: bytes, algorithm: bytes, public: bytes) -> bytes:
    """A TBSCertificate's content with another signature algorithm and key (RFC 5280 §4.1)."""
    content = parse(template)[0].value
    fields = [tlv(one.tag, one.value) for one in parse(content)]
    fields[2], fields[6] = algorithm, public
    return b"".join(fields)


def _ecdsa_der(signature: bytes) -> bytes:
    numbers = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    # One bit more than the number: a leading bit set would make it negative.
    coded = (number.to_bytes(number.bit_length() // 8 + 1, "big") for number in numbers)
    return tlv(0x30, b"".join(tlv(0x02, one) for one in coded))


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _openssl(command: str, *options: str, data: bytes = b"") -> bytes:
    try:
        done = subprocess.run(
            ("openssl", command, "-engine", "gost", *options),
            input=data,
            capture_output=True,
            check=True,
            timeout=30,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise IssuersError(
            f"openssl {command} with engine gost failed ({type(error).__name__});"
            " install openssl and libengine-gost-openssl"
        ) from error
    return done.stdout
