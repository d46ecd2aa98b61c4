"""Documents with real signatures for the tour, good and altered, and whom to trust for them.

The keys are made anew each time and trusted by nobody but the tour's own list.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from kiosk.demo.card import oms_card
from kiosk.demo.encode_chip import holder_file, insurer_content
from kiosk.demo.issuer_keys import ECDSA, IssuersError, certify, make_keys
from kiosk.demo.issuers import sign_barcode, sign_card
from kiosk.demo.people import person
from offline_cache.reference_rows import BARCODE, TrustedKey

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from kiosk.demo.card import Card

_GOST: Final = "gost2012_256"
_KEY_ID: Final = 0x21
"""Of the barcodes' key: not the one that the cast's other barcodes name."""
_YEAR: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class SignedSamples:
    """What the scenes about signatures show."""

    trusted: tuple[TrustedKey, ...]
    card: Card
    altered_card: Card
    """Another first day of insurance than was signed."""
    barcode: bytes
    altered_barcode: bytes
    """Another number than was signed."""


def make_signed_samples(folder: Path, today: date) -> SignedSamples:
    """Make keys and documents; with GOST, or ECDSA on a machine without the engine.

    Raises:
        IssuersError: not even an ECDSA key could be made.
        OSError: from the file system.
    """
    try:
        return _make(folder / _GOST, today, _GOST)
    except IssuersError:
        return _make(folder / ECDSA, today, ECDSA)


def _make(folder: Path, today: date, algorithm: str) -> SignedSamples:
    one = person("plain_man")
    first, last = today - _YEAR, today + _YEAR
    root = make_keys(algorithm, folder / "authority.pem")
    authority = certify("Demo authority", root, first, last, authority=True)
    keys = make_keys(algorithm, folder / "signer.pem")
    signer = certify("Demo insurer", keys, first, last, by=authority)
    insurer = sign_card(one, signer)
    later = replace(one, insured_since=one.insured_since + timedelta(days=1))
    altered = insurer.replace(insurer_content(one), insurer_content(later))
    good = sign_barcode(one, keys, key_id=_KEY_ID)
    # The signature of one person under the data of another of the same insurer.
    other = replace(person("other_clinic"), insurer=one.insurer)
    stolen = sign_barcode(other, keys, key_id=_KEY_ID)[:65] + good[65:]
    ours = TrustedKey(
        BARCODE, one.insurer.ogrn, f"{_KEY_ID:02x}", algorithm, first, last, keys.public
    )
    return SignedSamples(
        (authority.trusted("*", first, last), ours),
        oms_card(holder_file(one), insurer),
        oms_card(holder_file(one), altered),
        good,
        stolen,
    )
