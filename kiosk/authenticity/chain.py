"""From a chip's certificate to one that is trusted: the signer itself, or its authority (X.509).

RFC 5280 §6 for chains of one or two certificates. A certificate that claims a trusted authority but
was not signed by it is nobody's statement: its chain is unknown, and the document not verifiable.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

from kiosk.authenticity.der import key_of_certificate
from kiosk.authenticity.keys import PublicKey
from kiosk.authenticity.model import CannotTellError, Why, validity

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from kiosk.authenticity.openssl import OpenSsl
    from offline_cache.reference_rows import TrustedKey

MAX_CERTIFICATE: Final = 16 << 10
"""Most bytes of a certificate."""

_GOST_SIGNATURES: Final = {
    "1.2.643.2.2.3": "gost2001",  # with 34.11-94, RFC 4491 §2.2.2
    "1.2.643.7.1.1.3.2": "gost2012_256",  # with Streebog, RFC 9215 §3
    "1.2.643.7.1.1.3.3": "gost2012_512",
}
_UNDERSTOOD: Final = frozenset(
    (
        x509.BasicConstraints.oid,
        x509.KeyUsage.oid,
        # What the key is for besides, and by which rules it was issued, forbids no signature.
        x509.ExtendedKeyUsage.oid,
        x509.CertificatePolicies.oid,
    )
)
"""Extensions that may be critical: any other would have to be obeyed."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is needed of an X.509 certificate."""

    der: bytes
    parsed: x509.Certificate
    first: date
    last: date
    authority: bool
    """May sign certificates."""
    signer: bool
    """May sign documents."""

    @classmethod
    def load(cls, der: bytes) -> Certificate:
        """Read a certificate.

        Raises:
            CannotTellError: it cannot be read, or has rules that are not understood.
        """
        if len(der) > MAX_CERTIFICATE:
            raise _bad(f"{len(der)} bytes, at most {MAX_CERTIFICATE} may be")
        try:
            # What the library would only warn about, of a stranger's certificate, helps nobody.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                parsed = x509.load_der_x509_certificate(der)
                extensions = {one.oid: one for one in parsed.extensions}
                first, last = parsed.not_valid_before_utc.date(), parsed.not_valid_after_utc.date()
                # Both are parsed when first asked for.
                _ = parsed.issuer, parsed.subject
        except Exception as error:  # noqa: BLE001  hostile bytes: the library's errors are many
            raise _bad(f"cannot be read ({type(error).__name__})") from None
        if any(one.critical and one.oid not in _UNDERSTOOD for one in extensions.values()):
            raise _bad("a critical extension that is not understood")
        basic, usage = (
            extensions[kind.oid].value if kind.oid in extensions else None
            for kind in (x509.BasicConstraints, x509.KeyUsage)
        )
        authority, signer = isinstance(basic, x509.BasicConstraints) and basic.ca, True
        if isinstance(usage, x509.KeyUsage):
            authority = authority and usage.key_cert_sign
            signer = usage.digital_signature or usage.content_commitment
        return cls(der, parsed, first, last, authority, signer)

    def key(self) -> PublicKey:
        """The certified key.

        Raises:
            CannotTellError: of an algorithm that is not supported.
        """
        return PublicKey.load(key_of_certificate(self.parsed.tbs_certificate_bytes))

    def issued_by(self, authority: Certificate, openssl: OpenSsl) -> bool:
        """Whether an authority whose name this certificate claims really signed it.

        Raises:
            CannotTellError: it could not be computed.
        """
        key = authority.key()
        claimed = _GOST_SIGNATURES.get(self.parsed.signature_algorithm_oid.dotted_string)
        if key.loaded is None or claimed is not None:
            return claimed == key.algorithm and self._signed_with(key, openssl)
        try:
            if isinstance(self.parsed.signature_hash_algorithm, (hashes.SHA1, hashes.MD5)):
                raise CannotTellError(Why.UNKNOWN_ALGORITHM, "certificate: SHA-1 or MD5")
            self.parsed.verify_directly_issued_by(authority.parsed)
        except InvalidSignature:
            return False
        except (ValueError, TypeError, UnsupportedAlgorithm):
            message = "certificate: signed with an algorithm that is not supported"
            raise CannotTellError(Why.UNKNOWN_ALGORITHM, message) from None
        return True

    def _signed_with(self, key: PublicKey, openssl: OpenSsl) -> bool:
        try:
            forms = key.forms(self.parsed.signature)
        except CannotTellError:
            return False
        return key.made(forms[0], self.parsed.tbs_certificate_bytes, openssl)


def trusted_signer(
    certificate: Certificate, trusted: Iterable[TrustedKey], on: date, openssl: OpenSsl
) -> TrustedKey:
    """The trusted certificate (`x509`) that makes `certificate` a signer on a day.

    Raises:
        CannotTellError: there is none; of several reasons the one nearest to trust.
    """
    if not certificate.signer:
        raise _bad("its key may not sign documents")
    nearest = CannotTellError(Why.CHAIN_UNKNOWN, "certificate: issued by nobody who is trusted")
    for key in trusted:
        try:
            if _vouches(key, certificate, on, openssl):
                return key
        except CannotTellError as error:
            if error.why is Why.TIMEOUT:
                raise
            nearest = error if _nearness(error) >= _nearness(nearest) else nearest
    raise nearest


def _vouches(key: TrustedKey, certificate: Certificate, on: date, openssl: OpenSsl) -> bool:
    """Whether a trusted certificate is this one, or its authority, and both are valid."""
    days = [(key.not_before, key.not_after), (certificate.first, certificate.last)]
    if key.key != certificate.der:
        try:
            authority = Certificate.load(key.key)
        except CannotTellError:
            # A fault of the trust list, which says nothing about this chain.
            return False
        named = authority.parsed.subject == certificate.parsed.issuer
        if not (named and authority.authority and certificate.issued_by(authority, openssl)):
            return False
        days.append((authority.first, authority.last))
    for first, last in days:
        invalid = validity(first, last, on)
        if invalid is not None:
            raise CannotTellError(invalid, "certificate: its chain is not valid on the day")
    return True


def _nearness(error: CannotTellError) -> int:
    """An expired chain was proved, one that could not be computed might have been."""
    if error.why in {Why.CHAIN_EXPIRED, Why.NOT_YET_VALID}:
        return 2
    return 0 if error.why is Why.CHAIN_UNKNOWN else 1


def _bad(what: str) -> CannotTellError:
    return CannotTellError(Why.BAD_CERTIFICATE, f"certificate: {what}")
