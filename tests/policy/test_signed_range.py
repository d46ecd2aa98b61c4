"""The readings of what a chip's signature covers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.ber_tlv import Tlv, root
from kiosk.demo.encode_chip import FAKE_CERTIFICATE, holder_file, insurer_file, tlv
from kiosk.demo.people import PEOPLE, Person, person
from kiosk.policy.chip import decode_chip
from kiosk.policy.signed_range import signed_ranges

NAMES = ("content", "object", "original-header")


def signature_in(data: bytes) -> Tlv:
    """The signature object of an insurer file."""
    return next(one for one in root(data, 0x64) if one.tag == 0x7F60)


def readings(data: bytes) -> dict[str, bytes]:
    """The ranges by name."""
    return {one.name: one.data for one in signed_ranges(data, signature_in(data))}


@pytest.mark.parametrize("one", PEOPLE, ids=lambda one: one.slug)
def test_the_object_is_the_file_before_it_was_signed(one: Person) -> None:
    bare, signed = insurer_file(one, signature=b""), insurer_file(one)
    policy = decode_chip(holder_file(one), signed)
    assert policy.signature is not None
    assert tuple(reading.name for reading in policy.signature.ranges) == NAMES
    assert readings(signed) == {
        "content": bare[2:],
        "object": bare,
        "original-header": signed[:4] + bare[2:],
    }


@pytest.mark.parametrize("size", [0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFF00])
@pytest.mark.parametrize("signature_first", [True, False], ids=["first", "last"])
def test_lengths_and_places(size: int, *, signature_first: bool) -> None:
    content = tlv(0x5F51, bytes(size))
    signature = tlv(0x7F60, tlv(0x5F61, b"\x07" * 64))
    inside = signature + content if signature_first else content + signature
    data = tlv(0x64, inside)
    assert readings(data) == {
        "content": content,
        "object": tlv(0x64, content),
        "original-header": data[: len(data) - len(inside)] + content,
    }


def test_a_padded_length_stays_in_the_original_header_only() -> None:
    content = tlv(0x5F51, b"1")
    data = tlv(0x64, content + tlv(0x7F60, tlv(0x5F61, b"\x07")), length_bytes=2)
    assert readings(data)["object"] == tlv(0x64, content)
    assert readings(data)["original-header"] == data[:4] + content


@given(signature=st.binary(min_size=1, max_size=300), certificate=st.binary(max_size=700))
def test_what_is_signed_does_not_depend_on_the_signature(
    signature: bytes, certificate: bytes
) -> None:
    one = person("plain_man")
    got = readings(insurer_file(one, signature=signature, certificate=certificate))
    known = readings(insurer_file(one, signature=b"\x07", certificate=FAKE_CERTIFICATE))
    for name in ("content", "object"):
        assert got[name] == known[name]


def test_another_insurer_changes_every_reading() -> None:
    one = person("plain_man")
    other = replace(one, insurer=replace(one.insurer, ogrn="1997700000021"))
    ours, theirs = readings(insurer_file(one)), readings(insurer_file(other))
    assert all(ours[name] != theirs[name] for name in NAMES)


def test_no_header_no_readings() -> None:
    found = signature_in(insurer_file(person("plain_man")))
    assert signed_ranges(b"\x64", found) == ()
