"""What the signature on a chip covers: the insurer object (64) without its 7F60.

Whether the outer header is inside is not known, so each reading is offered under its name, and
whoever verifies says which one matched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivers.ber_tlv import read_header
from kiosk.policy.model import SignedRange

if TYPE_CHECKING:
    from drivers.ber_tlv import Tlv


def signed_ranges(data: bytes, signature: Tlv) -> tuple[SignedRange, ...]:
    """The readings of what is signed in an insurer file whose 7F60 is `signature`."""
    outer = read_header(data)
    if outer is None:
        return ()
    end = outer.header_size + outer.length
    after = signature.value_offset + len(signature.value)
    content = data[outer.header_size : signature.offset] + data[after:end]
    return (
        SignedRange("content", content),
        SignedRange("object", data[:1] + _length(len(content)) + content),
        SignedRange("original-header", data[: outer.header_size] + content),
    )


def _length(size: int) -> bytes:
    """A definite length in the fewest bytes (ISO/IEC 7816-4 §5.2.2.2)."""
    if size < 0x80:
        return bytes([size])
    coded = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(coded)]) + coded
