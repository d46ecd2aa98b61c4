"""The few places in DER (X.690) that are needed from keys which `cryptography` cannot read."""

from __future__ import annotations

from typing import Final

from drivers.ber_tlv import TlvError, parse
from kiosk.authenticity.model import CannotTellError, Why

_SEQUENCE: Final = 0x30
_OID: Final = 0x06
_VERSION: Final = 0xA0
_KEY_AT: Final = 5
"""In a certificate without its version: serial, algorithm, issuer, validity, subject, key."""


def key_of_certificate(tbs: bytes) -> bytes:
    """The SubjectPublicKeyInfo of a TBSCertificate (RFC 5280 §4.1).

    Raises:
        CannotTellError: there is none.
    """
    try:
        (outer,) = parse(tbs)
        fields = [one for one in parse(outer.value) if one.tag != _VERSION]
        key = fields[_KEY_AT]
        if key.tag != _SEQUENCE:
            raise CannotTellError(Why.BAD_CERTIFICATE, "certificate: its key is not a SEQUENCE")
        return outer.value[key.offset : key.value_offset + len(key.value)]
    except (TlvError, ValueError, IndexError):
        raise CannotTellError(Why.BAD_CERTIFICATE, "certificate: no key in its place") from None


def algorithm_of_key(key: bytes) -> bytes:
    """The object identifier, as encoded, of a SubjectPublicKeyInfo's algorithm.

    Raises:
        CannotTellError: these bytes are not a key.
    """
    try:
        (outer,) = parse(key)
        identifier = parse(parse(outer.value)[0].value)[0]
    except (TlvError, ValueError, IndexError):
        raise CannotTellError(Why.UNKNOWN_ALGORITHM, "key: not a SubjectPublicKeyInfo") from None
    if outer.tag != _SEQUENCE or identifier.tag != _OID:
        raise CannotTellError(Why.UNKNOWN_ALGORITHM, "key: not a SubjectPublicKeyInfo")
    return identifier.value
