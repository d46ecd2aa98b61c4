"""Cards for the tests of the card side, and what every `CardTransport` must keep to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from drivers.card import CardTransport, TransportError
from kiosk.demo.card import oms_card
from kiosk.demo.encode_chip import holder_file, insurer_file, tlv
from kiosk.demo.people import PEOPLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiosk.demo.card import VirtualCard

PERSON = PEOPLE[0]
OTHER_PERSON = PEOPLE[1]
PHOTO = bytes(range(256)) * 24
HOLDER = holder_file(PERSON)
HOLDER_WITH_PHOTO = holder_file(PERSON, photo=PHOTO)
INSURER = insurer_file(PERSON, signature=b"")
SIGNED_INSURER = insurer_file(PERSON)

SELECT_HOLDER_DF = bytes.fromhex("00A4040C07464F4D535F4944")
SELECT_HOLDER_EF = bytes.fromhex("00A4020C020201")
READ_START = bytes.fromhex("00B0000010")

RUBBISH = (
    pytest.param(bytes(4), id="zeros"),
    pytest.param(b"\xff" * 5, id="class-FF"),
    pytest.param(bytes.fromhex("00A4040CFF01"), id="lc-beyond-the-end"),
    pytest.param(bytes.fromhex("00A4040C00"), id="select-nothing"),
    pytest.param(bytes.fromhex("00B08000FF"), id="offset-with-short-ef-id"),
    pytest.param(bytes.fromhex("00B07FFF00"), id="offset-far-away"),
    pytest.param(bytes.fromhex("00CAFFFF00"), id="unknown-data-object"),
    pytest.param(bytes.fromhex("00C0000000"), id="get-response-of-nothing"),
    pytest.param(b"\x00\xa4\x04\x0c\xff" + b"x" * 255, id="longest-short-command"),
)


def plain_card() -> VirtualCard:
    """A card without photo and signature."""
    return oms_card(HOLDER, INSURER)


def full_card() -> VirtualCard:
    """A card with everything: photo of 6 kB, signature and certificate."""
    return oms_card(HOLDER_WITH_PHOTO, SIGNED_INSURER)


def other_full_card() -> VirtualCard:
    """As `full_card`, of somebody else."""
    return oms_card(holder_file(OTHER_PERSON, photo=PHOTO), insurer_file(OTHER_PERSON))


def sized_holder(size: int) -> bytes:
    """A holder's file of exactly `size` bytes whose last object is not put off."""
    for filler in range(size):
        file = tlv(0x62, tlv(0x5F26, PERSON.enp.encode()) + tlv(0x5F29, b"x" * filler))
        if len(file) == size:
            return file
    # Around the lengths where a header grows by a byte, a longer header makes up for it.
    for filler in range(size):
        place = tlv(0x5F29, b"x" * filler, length_bytes=2)
        file = tlv(0x62, tlv(0x5F26, PERSON.enp.encode()) + place)
        if len(file) == size:
            return file
    raise AssertionError(f"no holder's file has {size} bytes")


def check_answers_rubbish(transport: CardTransport, command: bytes) -> None:
    """Every command gets a status word, and the next good command its own answer."""
    good = [transport.transmit(one) for one in (SELECT_HOLDER_DF, SELECT_HOLDER_EF, READ_START)]
    assert len(transport.transmit(command)) >= 2
    again = [transport.transmit(one) for one in (SELECT_HOLDER_DF, SELECT_HOLDER_EF, READ_START)]
    assert again == good == [b"\x90\x00", b"\x90\x00", HOLDER[:16] + b"\x90\x00"]


def check_says_that_it_is_gone(transport: CardTransport, pull: Callable[[], None]) -> None:
    """A pulled card raises, now and later, and never answers."""
    assert transport.transmit(SELECT_HOLDER_DF) == b"\x90\x00"
    pull()
    for command in (SELECT_HOLDER_DF, SELECT_HOLDER_EF, READ_START):
        with pytest.raises(TransportError):
            transport.transmit(command)
