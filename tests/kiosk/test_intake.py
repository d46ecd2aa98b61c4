"""From what a device delivered to a policy, or to the reason that has the right remedy."""

from __future__ import annotations

import pytest

from drivers.events import BarcodeFrame, CardImage, FrameKind, ReadStats
from kiosk.demo.card import ATR_FOMSOMS
from kiosk.demo.encode_chip import holder_file, insurer_file
from kiosk.demo.people import person
from kiosk.intake import Readable, Unreadable, take_in
from kiosk.policy.model import PolicyFormat
from kiosk.reasons import CouldNotCheckReason, Note

MISTAKES = {
    "SNILS with hyphens": ("950-002-474 58", CouldNotCheckReason.SNILS_NUMBER),
    "bare SNILS": (person("plain_woman").snils, CouldNotCheckReason.SNILS_NUMBER),
    "the blank's number": ("00012345678", CouldNotCheckReason.BLANK_NUMBER),
    "a company": ("1997800000010", CouldNotCheckReason.OGRN_NUMBER),
    "goods": ("4600000000008", CouldNotCheckReason.PRODUCT_CODE),
    "short goods": ("46000002", CouldNotCheckReason.PRODUCT_CODE),
    "a ticket": ("А-017", CouldNotCheckReason.QUEUE_TICKET),
    "a ticket in words": ("Талон 12", CouldNotCheckReason.QUEUE_TICKET),
    "a web address": ("https://example.org/", CouldNotCheckReason.NO_NUMBER),
}


def scanned(text: str) -> Readable | Unreadable:
    return take_in(BarcodeFrame("/dev/scanner", FrameKind.TEXT, text.encode(), 0.0))


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_code_scanned_by_mistake_is_named(mistake: str) -> None:
    text, reason = MISTAKES[mistake]
    found = scanned(text)
    assert isinstance(found, Unreadable)
    assert found.reason is reason
    assert text not in found.detail


def test_nine_digits_are_a_temporary_certificate() -> None:
    found = scanned("900000001")
    assert isinstance(found, Readable)
    assert found.policy.format is PolicyFormat.TEMPORARY_CERTIFICATE
    assert (found.policy.enp, found.policy.temporary_certificate) == (None, "900000001")


def test_a_bad_insurer_file_costs_a_note_and_no_more() -> None:
    one = person("plain_man")
    stats = ReadStats(9, 600, 0.1)
    image = CardImage(
        "reader", ATR_FOMSOMS, holder_file(one), insurer_file(one)[:20], True, 0.0, stats
    )
    found = take_in(image)
    assert isinstance(found, Readable)
    assert found.notes == (Note.INSURER_UNREADABLE,)
    assert found.policy.insurer is None
