"""The decision: verified, not verifiable, forged."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kiosk.authenticity.model import (
    Authenticity,
    CannotTellError,
    Outcome,
    Why,
    validity,
)
from kiosk.authenticity.openssl import OpenSsl
from kiosk.policy.model import Source
from offline_cache.reference_rows import ANY_ISSUER, BARCODE, CHIP, X509

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from kiosk.authenticity.keys import PublicKey
    from kiosk.policy.model import PresentedPolicy, Signature
    from offline_cache.reference_rows import TrustedKey

BARCODE_SIGNATURE: Final = 65
"""Bytes: the key's id, then the signature."""

_OF_THE_MACHINE: Final = frozenset((Why.ENGINE_MISSING, Why.TIMEOUT, Why.FAILED))

_LOG: Final = logging.getLogger(__name__)
_OPENSSL: Final = OpenSsl()


def can_check(policy: PresentedPolicy, trusted: Sequence[TrustedKey]) -> bool:
    """Whether there is something to compute; if not, `verify` answers at once."""
    return not isinstance(_claim(policy, trusted), Why)


def verify(
    policy: PresentedPolicy,
    trusted: Sequence[TrustedKey],
    on: date,
    *,
    openssl: OpenSsl = _OPENSSL,
) -> Authenticity:
    """Whether trusted keys, as valid on a day, say that a policy is genuine.

    Never raises: whatever goes wrong on our side makes the policy not verifiable.
    """
    try:
        claim = _claim(policy, trusted)
        if isinstance(claim, Why):
            return Authenticity.unknown(claim)
        check = _chip if claim.certificate is not None else _barcode
        return check(claim, on, openssl)
    except CannotTellError as error:
        _log(error)
        return Authenticity.unknown(error.why)
    except Exception as error:  # noqa: BLE001  a fault of ours is no statement about the document
        # The type alone: words of libraries may quote what they were given.
        _LOG.error("verifying failed: %s", type(error).__name__)
        return Authenticity.unknown(Why.FAILED)


@dataclass(frozen=True, slots=True)
class _Claim:
    """A signature, and the keys that may decide about it."""

    signature: Signature
    value: bytes
    """The signature alone."""
    certificate: bytes | None
    keys: tuple[TrustedKey, ...]
    ogrn: str | None


def _claim(policy: PresentedPolicy, trusted: Sequence[TrustedKey]) -> _Claim | Why:
    """What is to be decided, or why nothing is; without any cryptography."""
    signature = policy.signature
    ogrn = policy.insurer.smo.ogrn if policy.insurer else None
    if signature is None or not signature.value or not signature.ranges:
        return Why.NO_SIGNATURE
    match policy.source:
        case Source.CHIP:
            return _chip_claim(signature, ogrn, trusted)
        case Source.BARCODE:
            return _barcode_claim(signature, ogrn, trusted)
        case _:
            return Why.NO_SIGNATURE


def _chip_claim(
    signature: Signature, ogrn: str | None, trusted: Sequence[TrustedKey]
) -> _Claim | Why:
    if not signature.certificate:
        return Why.NO_CERTIFICATE
    keys = (key for key in trusted if (key.purpose, key.algorithm) == (CHIP, X509))
    found = tuple(key for key in keys if key.issuer in {ANY_ISSUER, ogrn})
    if not found:
        return Why.NO_KEY
    return _Claim(signature, signature.value, signature.certificate, found, ogrn)


def _barcode_claim(
    signature: Signature, ogrn: str | None, trusted: Sequence[TrustedKey]
) -> _Claim | Why:
    if len(signature.value) != BARCODE_SIGNATURE:
        return Why.SHAPE
    key_id = f"{signature.value[0]:02x}"
    keys = (key for key in trusted if (key.purpose, key.key_id.lower()) == (BARCODE, key_id))
    # A barcode that names no insurer may be anybody's.
    found = tuple(key for key in keys if ogrn is None or key.issuer in {ANY_ISSUER, ogrn})
    if not found:
        return Why.NO_KEY
    return _Claim(signature, signature.value[1:], None, found, ogrn)


def _chip(claim: _Claim, on: date, openssl: OpenSsl) -> Authenticity:
    from kiosk.authenticity.chain import Certificate, trusted_signer  # noqa: PLC0415

    certificate = Certificate.load(claim.certificate or b"")
    signer = certificate.key()
    anchor = trusted_signer(certificate, claim.keys, on, openssl)
    reading = _matching(signer, claim, openssl)
    outcome = Outcome.FORGED if reading is None else Outcome.VERIFIED
    return Authenticity(outcome, reading=reading, issuer=anchor.owner)


def _barcode(claim: _Claim, on: date, openssl: OpenSsl) -> Authenticity:
    invalid = [validity(key.not_before, key.not_after, on) for key in claim.keys]
    valid = [key for key, why in zip(claim.keys, invalid, strict=True) if why is None]
    if not valid:
        expired = Why.CHAIN_EXPIRED in invalid
        return Authenticity.unknown(Why.CHAIN_EXPIRED if expired else Why.NOT_YET_VALID)
    silent: Why | None = None
    for key in valid:
        try:
            reading = _matching(_public_key(key), claim, openssl)
        except CannotTellError as error:
            _log(error)
            silent = error.why
            if silent is Why.TIMEOUT:
                break
        else:
            if reading is not None:
                return Authenticity(Outcome.VERIFIED, reading=reading, issuer=key.owner)
    # Keys of other insurers can vouch for a barcode that names none, but not condemn it.
    judges = [key for key in valid if key.issuer in {ANY_ISSUER, claim.ogrn}]
    if silent is not None or not judges:
        return Authenticity.unknown(silent or Why.NO_KEY)
    return Authenticity(Outcome.FORGED, issuer=judges[0].owner)


def _log(error: CannotTellError) -> None:
    # A technician can mend the machine; what is on documents nobody here can.
    level = logging.WARNING if error.why in _OF_THE_MACHINE else logging.INFO
    _LOG.log(level, "signature not verifiable: %s: %s", error.why, error)


def _public_key(key: TrustedKey) -> PublicKey:
    from kiosk.authenticity.keys import PublicKey  # noqa: PLC0415

    found = PublicKey.load(key.key)
    if found.algorithm != key.algorithm:
        message = f"the trust list calls a {found.algorithm} key {key.algorithm}"
        raise CannotTellError(Why.UNKNOWN_ALGORITHM, message)
    return found


def _matching(key: PublicKey, claim: _Claim, openssl: OpenSsl) -> str | None:
    """The reading that the key signed; None: none of them."""
    for form in key.forms(claim.value):
        for reading in claim.signature.ranges:
            if key.made(form, reading.data, openssl):
                return reading.name
    return None
