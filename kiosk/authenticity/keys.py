"""A public key of any algorithm that is supported, and whether it made a signature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import load_der_public_key

from kiosk.authenticity.der import algorithm_of_key
from kiosk.authenticity.model import CannotTellError, Why

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kiosk.authenticity.openssl import OpenSsl

ECDSA: Final = "ecdsa-sha256"
RSA: Final = "rsa-sha256"
MIN_RSA_BITS: Final = 2048
MIN_CURVE_BITS: Final = 256

_GOST: Final = {
    bytes.fromhex("2a850302 0213"): "gost2001",  # 1.2.643.2.2.19, RFC 4491 §2.3.2
    bytes.fromhex("2a850307 01010101"): "gost2012_256",  # 1.2.643.7.1.1.1.1, RFC 9215 §2
    bytes.fromhex("2a850307 01010102"): "gost2012_512",  # 1.2.643.7.1.1.1.2
}
_GOST_SIZES: Final = {"gost2001": 64, "gost2012_256": 64, "gost2012_512": 128}
"""Bytes of a signature."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key whose algorithm is supported."""

    algorithm: str
    info: bytes
    """SubjectPublicKeyInfo, DER."""
    loaded: ec.EllipticCurvePublicKey | rsa.RSAPublicKey | None
    """None: GOST."""

    @classmethod
    def load(cls, info: bytes) -> PublicKey:
        """Read a SubjectPublicKeyInfo.

        Raises:
            CannotTellError: it is none, or of an algorithm that is not supported or too weak.
        """
        gost = _GOST.get(algorithm_of_key(info))
        if gost is not None:
            return cls(gost, info, None)
        try:
            key = load_der_public_key(info)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise _unsupported("unknown algorithm or form") from None
        match key:
            case ec.EllipticCurvePublicKey() if key.curve.key_size >= MIN_CURVE_BITS:
                return cls(ECDSA, info, key)
            case rsa.RSAPublicKey() if key.key_size >= MIN_RSA_BITS:
                return cls(RSA, info, key)
        raise _unsupported("neither GOST nor ECDSA nor RSA, or too short")

    def forms(self, signature: bytes) -> list[bytes]:
        """The ways to read a signature, each as `made` takes it.

        Raises:
            CannotTellError: no signature of this key has such a size or form.
        """
        return list(self._forms(signature))

    def made(self, form: bytes, data: bytes, openssl: OpenSsl) -> bool:
        """Whether this key made the signature over `data`.

        Raises:
            CannotTellError: it could not be computed.
        """
        match self.loaded:
            case None:
                return openssl.verify(self.algorithm, self.info, data, form)
            case ec.EllipticCurvePublicKey() as curve:
                return _holds(lambda: curve.verify(form, data, ec.ECDSA(hashes.SHA256())))
            case rsa.RSAPublicKey() as modulus:
                scheme = padding.PKCS1v15()
                return _holds(lambda: modulus.verify(form, data, scheme, hashes.SHA256()))

    def _forms(self, signature: bytes) -> Iterator[bytes]:
        size = len(signature)
        match self.loaded:
            case None if size == _GOST_SIZES[self.algorithm]:
                # CryptoAPI providers write the numbers of a GOST signature little-endian, which
                # is the whole of it backwards.
                yield from (signature, signature[::-1])
            case ec.EllipticCurvePublicKey() as key:
                yield _ecdsa(signature, (key.curve.key_size + 7) // 8)
            case rsa.RSAPublicKey() as key if size == (key.key_size + 7) // 8:
                yield signature
            case _:
                raise CannotTellError(
                    Why.SHAPE, f"no signature of a {self.algorithm} key has {size} bytes"
                )


def _ecdsa(signature: bytes, size: int) -> bytes:
    """The DER form of one in DER or, as barcodes have room for, of two plain numbers."""
    if len(signature) == 2 * size:
        numbers = (signature[:size], signature[size:])
        return encode_dss_signature(*(int.from_bytes(number, "big") for number in numbers))
    try:
        decode_dss_signature(signature)
    except ValueError:
        message = f"ECDSA signature of {len(signature)} bytes: neither plain nor DER"
        raise CannotTellError(Why.SHAPE, message) from None
    return signature


def _holds(check: Callable[[], None]) -> bool:
    try:
        check()
    except InvalidSignature:
        return False
    except UnsupportedAlgorithm:
        raise _unsupported("curve or digest that the library lacks") from None
    return True


def _unsupported(what: str) -> CannotTellError:
    return CannotTellError(Why.UNKNOWN_ALGORITHM, f"key: {what}")
