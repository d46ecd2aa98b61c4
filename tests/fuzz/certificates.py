"""Signatures, certificates and trusted keys of any bytes, before `kiosk.authenticity.verify`.

Two more rules than for decoders: what `verify` catches in the end, lest a screen stay empty, counts
as an exception here; and nothing is verified but what a test issuer really signed.
"""

from __future__ import annotations

import functools
import logging
import sys
import tempfile
import zlib
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kiosk.authenticity import Authenticity, OpenSsl, Outcome, TrustedKey, can_check, verify
from kiosk.demo.encode_chip import holder_file
from kiosk.demo.issuers import make_issuers
from kiosk.policy.barcode import decode_barcode
from kiosk.policy.chip import decode_chip
from kiosk.policy.model import (
    InsurerPeriod,
    PolicyFormat,
    PresentedPolicy,
    Signature,
    SignedRange,
    Smo,
    Source,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiosk.demo.issuers import Issuers
    from tests.fuzz.mutate import Parts

TODAY: Final = date(2026, 11, 24)
_OGRN: Final = "1997700000010"
_ROWS: Final = (
    (Source.CHIP, "x509"),
    *(
        (Source.BARCODE, algorithm)
        for algorithm in ("ecdsa-sha256", "gost2001", "gost2012_256", "gost2012_512", "rsa-sha256")
    ),
)
"""What the first byte of an input chooses; the second is the id of the trusted key."""
_ONE_PROCESS_IN: Final = 16
"""A GOST signature costs a process of some 8 ms: most inputs do without."""
_REAL: Final = OpenSsl()


class _NoProcess(OpenSsl):
    """Says no at once."""

    def verify(self, algorithm: str, key: bytes, data: bytes, signature: bytes) -> bool:
        return False


class _Swallowed(logging.Handler):
    """Raises again what `verify` caught and logged as a fault of its own."""

    def emit(self, record: logging.LogRecord) -> None:
        """Called inside the `except` of `verify`."""
        raise AssertionError(record.getMessage()) from sys.exc_info()[1]


def certificate_seeds() -> list[Parts]:
    """Every sample of the test issuers: kind and key id, signature, data, certificate, trusted key.

    The keys are new ones in every process: an input is replayed from its file, not from the seed
    of the random numbers alone.
    """
    return list(_seeds())


def verify_certificate(parts: Parts) -> str:
    """The outcome and its reason."""
    mode, value, data, certificate, key = parts
    source, algorithm = _ROWS[mode[0] % len(_ROWS) if mode else 0]
    policy = PresentedPolicy(
        source,
        PolicyFormat.CHIP if source is Source.CHIP else PolicyFormat.BARCODE_01,
        insurer=InsurerPeriod(Smo(_OGRN, None)),
        signature=Signature(
            value, (SignedRange("all", data), SignedRange("less", data[1:])), certificate or None
        ),
    )
    trusted = TrustedKey(source.value, "*", mode[1:2].hex(), algorithm, date.min, date.max, key)
    real = zlib.crc32(b"".join(parts)) % _ONE_PROCESS_IN == 0
    can_check(policy, (trusted,))
    found = _verify(policy, trusted, _REAL if real else _NoProcess())
    assert (found.why is not None) is (found.outcome is Outcome.NOT_VERIFIABLE), "reason missing"
    if found.outcome is Outcome.VERIFIED:
        signed = {one[2] for one in certificate_seeds()}
        assert {data, data[1:]} & signed, "verified what nobody signed"
    return f"{found.outcome} {found.why or ''}:{algorithm} {found.reading}"


def _verify(policy: PresentedPolicy, trusted: TrustedKey, openssl: OpenSsl) -> Authenticity:
    log, handler = logging.getLogger("kiosk.authenticity.decision"), _Swallowed(logging.ERROR)
    before = log.level, log.propagate
    log.addHandler(handler)
    # Whatever the logging is set to; and thousands of lines about keys tell nobody anything.
    log.level, log.propagate = logging.ERROR, False
    try:
        return verify(policy, (trusted,), TODAY, openssl=openssl)
    finally:
        log.removeHandler(handler)
        log.level, log.propagate = before


@functools.cache
def _issuers() -> Issuers:
    with tempfile.TemporaryDirectory(prefix="fuzz-issuers-") as folder:
        return make_issuers(Path(folder), TODAY)


@functools.cache
def _seeds() -> tuple[Parts, ...]:
    return tuple(_made())


def _made() -> Iterator[Parts]:
    issuers = _issuers()
    holder = holder_file(issuers.person)
    for sample in issuers.samples:
        if sample.insurer is not None:
            policy = decode_chip(holder, sample.insurer)
            keys = [one for one in issuers.trusted if one.purpose == "chip"]
        else:
            policy = decode_barcode(sample.barcode or b"")
            keys = [one for one in issuers.trusted if one.purpose == "barcode"]
        signature = policy.signature
        assert signature is not None
        for key in keys:
            # A card's name begins with its algorithm; a barcode's first byte names its key.
            if sample.name.startswith(key.key_id.removeprefix("chip-")) or (
                sample.barcode and key.key_id == signature.value[:1].hex()
            ):
                row = _ROWS.index((policy.source, key.algorithm))
                mode = bytes([row]) + (b"" if sample.insurer else bytes.fromhex(key.key_id))
                for reading in signature.ranges:
                    content = (signature.value, reading.data, signature.certificate or b"", key.key)
                    yield (mode, *content)
