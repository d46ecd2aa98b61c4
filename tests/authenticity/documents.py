"""Presented policies of samples and of signers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.demo.encode_chip import holder_file
from kiosk.policy.barcode import decode_barcode
from kiosk.policy.chip import decode_chip

if TYPE_CHECKING:
    from kiosk.demo.issuers import Issuers, Sample
    from kiosk.demo.people import Person
    from kiosk.policy.model import PresentedPolicy


def card(one: Person, insurer: bytes) -> PresentedPolicy:
    """The policy of a card."""
    return decode_chip(holder_file(one), insurer)


def presented(issuers: Issuers, sample: Sample) -> PresentedPolicy:
    """The policy of a sample."""
    if sample.barcode is not None:
        return decode_barcode(sample.barcode)
    assert sample.insurer is not None
    return card(issuers.person, sample.insurer)


def by_name(issuers: Issuers, name: str) -> PresentedPolicy:
    """The policy of the sample of a name."""
    (sample,) = (one for one in issuers.samples if one.name == name)
    return presented(issuers, sample)
