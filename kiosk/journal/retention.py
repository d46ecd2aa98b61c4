"""Which of the oldest receipts have to leave: those that are too old, or too many. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.journal import receipt as receipts
from kiosk.journal.errors import ReceiptFormatError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

Row = tuple[int, bytes]
"""Number and signed bytes of a receipt."""


def too_old(oldest: Sequence[Row], limit: datetime) -> int | None:
    """The place of the last of the oldest that is from before `limit`; None: none is.

    A trusted clock may have been ahead, never behind: whatever came before a receipt of an old time
    is at least as old.
    """
    for place in range(len(oldest) - 1, -1, -1):
        try:
            receipt = receipts.decode(oldest[place][1])
        except ReceiptFormatError:
            continue
        if receipt.trusted and receipt.at < limit:
            return place
    return None


def too_much(oldest: Sequence[Row], count: int, used: int, most: int) -> int | None:
    """The place of the last of the oldest for which there is no room; None: there is room.

    `count` receipts take `used` bytes, and may take `most`.
    """
    if used <= most or not oldest:
        return None
    surplus = -(-count * (used - most) // used)
    return min(max(surplus, 1), len(oldest)) - 1
