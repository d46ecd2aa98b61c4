"""From what a driver delivered to a presented policy, or to the reason why there is none.

Pure. Each failure of a device or a decoder meets its remedy here, in two tables.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, assert_never

from drivers.events import BarcodeFrame, CardImage, CardRejected, FrameKind, RejectCause
from kiosk.policy.barcode import decode_barcode
from kiosk.policy.chip import decode_chip
from kiosk.policy.digital import decode_text
from kiosk.policy.model import FormatError, FormatReason, PresentedPolicy
from kiosk.reasons import CouldNotCheckReason, Note

if TYPE_CHECKING:
    from collections.abc import Callable

_OF_CARD: Final = {
    RejectCause.MUTE: CouldNotCheckReason.MUTE_CARD,
    RejectCause.NOT_OMS: CouldNotCheckReason.WRONG_CARD,
    RejectCause.UNREADABLE: CouldNotCheckReason.UNREADABLE_CARD,
    RejectCause.REMOVED: CouldNotCheckReason.CARD_REMOVED,
    RejectCause.TIMEOUT: CouldNotCheckReason.UNREADABLE_CARD,
}

_OF_CODE: Final = {
    FormatReason.LENGTH: CouldNotCheckReason.UNREADABLE_CODE,
    FormatReason.STRUCTURE: CouldNotCheckReason.UNREADABLE_CODE,
    FormatReason.VALUE: CouldNotCheckReason.UNREADABLE_CODE,
    FormatReason.NO_NUMBER: CouldNotCheckReason.NO_NUMBER,
    FormatReason.SEVERAL_NUMBERS: CouldNotCheckReason.SEVERAL_NUMBERS,
    FormatReason.BLANK_NUMBER: CouldNotCheckReason.BLANK_NUMBER,
    FormatReason.CHECK_DIGIT: CouldNotCheckReason.MISREAD,
    FormatReason.SNILS: CouldNotCheckReason.SNILS_NUMBER,
    FormatReason.OGRN: CouldNotCheckReason.OGRN_NUMBER,
    FormatReason.PRODUCT_CODE: CouldNotCheckReason.PRODUCT_CODE,
    FormatReason.TICKET: CouldNotCheckReason.QUEUE_TICKET,
    FormatReason.ENP_DATE: CouldNotCheckReason.NOT_A_POLICY_NUMBER,
}

Document = CardImage | CardRejected | BarcodeFrame | PresentedPolicy
"""What puts a document before the kiosk: a driver's event, or what a registrar has typed."""


@dataclass(frozen=True, slots=True)
class Readable:
    """A decoded policy, and what was noticed on the way."""

    policy: PresentedPolicy
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """No policy: the reason for the screen, and the words for the log (never data)."""

    reason: CouldNotCheckReason
    detail: str = field(default="")


def take_in(document: Document) -> Readable | Unreadable:
    """Decode what was presented."""
    match document:
        case CardRejected(cause=cause, detail=detail):
            return Unreadable(_OF_CARD[cause], detail)
        case BarcodeFrame(kind=FrameKind.MALFORMED, reason=reason):
            return Unreadable(CouldNotCheckReason.UNREADABLE_CODE, reason)
        case BarcodeFrame(kind=FrameKind.POLICY, payload=payload):
            return _of_code(decode_barcode, payload)
        case BarcodeFrame(payload=payload):
            return _of_code(decode_text, payload)
        case CardImage():
            return _of_card(document)
        case PresentedPolicy():
            return Readable(document)
        case _:
            assert_never(document)


def _of_code(decode: Callable[[bytes], PresentedPolicy], payload: bytes) -> Readable | Unreadable:
    try:
        return Readable(decode(payload))
    except FormatError as error:
        return Unreadable(_OF_CODE[error.reason], str(error))


def _of_card(image: CardImage) -> Readable | Unreadable:
    """Decode a chip; a bad insurer file costs a note, since the register knows the insurer."""
    try:
        return Readable(decode_chip(image.holder, image.insurer, complete=image.complete))
    except FormatError as error:
        first = error
    if image.insurer is not None:
        try:
            policy = decode_chip(image.holder, None, complete=image.complete)
        except FormatError:
            pass
        else:
            return Readable(policy, (Note.INSURER_UNREADABLE,))
    return Unreadable(CouldNotCheckReason.UNREADABLE_CARD, str(first))
