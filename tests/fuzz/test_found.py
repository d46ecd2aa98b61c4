"""What the fuzzer found once, by hand."""

from __future__ import annotations

import pytest

from kiosk.demo.encode_chip import holder_file, insurer_file
from kiosk.demo.people import person
from kiosk.policy.chip import decode_chip

ONE = person("plain_man")


@pytest.mark.parametrize("padding", [b"\0", b"\xff", b"\0\xff" * 40], ids=["00", "ff", "long"])
def test_padding_before_a_signed_insurer_object_is_not_signed(padding: bytes) -> None:
    """ISO/IEC 7816-4 §5.2.2.1 allows it; looking for what is signed, it was taken for a tag."""
    holder, insurer = holder_file(ONE), insurer_file(ONE)
    assert decode_chip(holder, padding + insurer + padding) == decode_chip(holder, insurer)
    assert decode_chip(padding + holder, insurer) == decode_chip(holder, insurer)
