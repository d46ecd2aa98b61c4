"""The cast's documents, as their insurers issued them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.demo.card import ATR_FOMSOMS, oms_card
from kiosk.demo.encode_barcode import encode
from kiosk.demo.encode_chip import holder_file, insurer_file
from kiosk.demo.people import person
from kiosk.demo.silhouette import silhouette

if TYPE_CHECKING:
    from kiosk.demo.card import VirtualCard


def card_of(slug: str, *, photo: bool | bytes = False, atr: bytes = ATR_FOMSOMS) -> VirtualCard:
    """The electronic policy of one of the cast; `photo`: the usual one, or that one."""
    one = person(slug)
    picture = silhouette(12_000) if photo is True else photo or None
    return oms_card(holder_file(one, photo=picture), insurer_file(one), atr=atr)


def barcode_of(slug: str, kind: int = 1) -> bytes:
    """The barcode on the paper policy of one of the cast."""
    return encode(person(slug), kind=kind)
