"""BER-TLV: every boundary of tag and length, lies and cuts with their offsets, round trips."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.ber_tlv import (
    MAX_SIZE,
    Header,
    Tlv,
    TlvError,
    is_constructed,
    parse,
    read_header,
    root,
)
from kiosk.demo.encode_chip import tlv

if TYPE_CHECKING:
    from collections.abc import Callable

PHOTO = 0x7F40
PHOTO_ONLY = frozenset({PHOTO})


@pytest.mark.parametrize(
    ("raw", "header"),
    [
        pytest.param("62 00", Header(0x62, 2, 0), id="empty"),
        pytest.param("01 05", Header(0x01, 2, 5), id="lowest-tag"),
        pytest.param("FE 05", Header(0xFE, 2, 5), id="highest-one-byte-tag"),
        pytest.param("5F1F 00", Header(0x5F1F, 3, 0), id="lowest-number-of-two-byte-tags"),
        pytest.param("5F7F 00", Header(0x5F7F, 3, 0), id="highest-number-of-two-byte-tags"),
        pytest.param("5F8100 00", Header(0x5F8100, 4, 0), id="lowest-three-byte-tag"),
        pytest.param("5FFF7F 00", Header(0x5FFF7F, 4, 0), id="highest-three-byte-tag"),
        pytest.param("62 7F", Header(0x62, 2, 127), id="longest-short-form"),
        pytest.param("62 81 80", Header(0x62, 3, 128), id="shortest-minimal-81"),
        pytest.param("62 81 05", Header(0x62, 3, 5), id="81-not-minimal"),
        pytest.param("62 81 FF", Header(0x62, 3, 255), id="longest-81"),
        pytest.param("62 82 0100", Header(0x62, 4, 256), id="shortest-minimal-82"),
        pytest.param("62 82 FFFF", Header(0x62, 4, 65535), id="longest-82"),
        pytest.param("62 83 010000", Header(0x62, 5, MAX_SIZE), id="83-at-the-limit"),
        pytest.param("62 84 00000005", Header(0x62, 6, 5), id="84-not-minimal"),
        pytest.param("", None, id="nothing-yet"),
        pytest.param("5F", None, id="tag-cut"),
        pytest.param("5F81", None, id="three-byte-tag-cut"),
        pytest.param("62", None, id="no-length-yet"),
        pytest.param("62 82 01", None, id="length-cut"),
    ],
)
def test_reads_headers(raw: str, header: Header | None) -> None:
    assert read_header(bytes.fromhex(raw)) == header
    assert read_header(b"\xaa\xbb" + bytes.fromhex(raw), 2) == header


@pytest.mark.parametrize(
    ("raw", "offset"),
    [
        pytest.param("00 00", 0, id="padding-00"),
        pytest.param("FF 00", 0, id="padding-FF"),
        pytest.param("62 80", 1, id="indefinite-length"),
        pytest.param("62 85", 1, id="length-of-five-bytes"),
        pytest.param("62 FF", 1, id="reserved-length"),
        pytest.param("62 83 010001", 1, id="83-above-the-limit"),
        pytest.param("62 84 FFFFFFFF", 1, id="84-above-the-limit"),
        pytest.param("5F1E 00", 0, id="number-30-in-two-bytes"),
        pytest.param("5F00 00", 0, id="number-0-in-two-bytes"),
        pytest.param("5F80", 0, id="leading-zero-group"),
        pytest.param("5F8181", 0, id="tag-of-four-bytes"),
    ],
)
def test_refuses_headers_that_never_become_valid(raw: str, offset: int) -> None:
    with pytest.raises(TlvError) as caught:
        read_header(bytes.fromhex(raw))
    assert caught.value.offset == offset
    with pytest.raises(TlvError) as caught:
        parse(bytes.fromhex("0101AA" + raw) if raw[:2] not in {"00", "FF"} else b"\x5f")
    assert caught.value.offset == (offset + 3 if raw[:2] not in {"00", "FF"} else 0)


def test_keeps_order_offsets_and_skips_padding() -> None:
    data = bytes.fromhex("FF00 5F2201 41 00 FF 5F2102 4242 FF")
    assert parse(data, base=100) == (
        Tlv(0x5F22, b"A", 102, 105),
        Tlv(0x5F21, b"BB", 108, 111),
    )


def test_padding_alone_holds_no_objects() -> None:
    assert parse(b"") == parse(b"\xff\x00\xff") == ()


@pytest.mark.parametrize(
    ("raw", "offset", "words"),
    [
        pytest.param("", 0, "before the root's length", id="nothing"),
        pytest.param("6282", 2, "before the root's length", id="header-cut"),
        pytest.param("6400", 0, "expected 62", id="other-root"),
        pytest.param("6206 5F210141", 6, "ends early", id="root-says-more"),
        pytest.param("6204 5F210241", 2, "1 are there", id="child-says-more-than-root"),
        pytest.param("6202 5F21", 2, "inside a tag", id="child-header-cut"),
        pytest.param("6205 5F218141 41", 2, "announces 65", id="child-long-length-lies"),
        pytest.param("6204 5F210141 5F", 6, "behind the root", id="rubbish-behind"),
        pytest.param("6208 5F210141 5F210142", 6, "twice", id="duplicate"),
        pytest.param("6203 0101AA 00FF00 01", 8, "behind the root", id="rubbish-after-padding"),
    ],
)
def test_root_refuses(raw: str, offset: int, words: str) -> None:
    with pytest.raises(TlvError, match=words) as caught:
        root(bytes.fromhex(raw), 0x62)
    assert caught.value.offset == offset


def test_root_must_be_constructed() -> None:
    assert [is_constructed(tag) for tag in (0x62, 0x5F21, 0x7F40, 0x42)] == [
        True,
        False,
        True,
        False,
    ]
    with pytest.raises(TlvError, match="not constructed"):
        root(b"\x42\x00", 0x42)


def test_parse_refuses_duplicates_on_request_only() -> None:
    data = bytes.fromhex("010141 010142")
    assert [one.value for one in parse(data)] == [b"A", b"B"]
    with pytest.raises(TlvError, match="twice"):
        parse(data, unique=True)


def test_root_accepts_padding_around() -> None:
    assert root(bytes.fromhex("00FF 6203 5F2100 FFFF"), 0x62) == (Tlv(0x5F21, b"", 4, 7),)


def test_repr_shows_no_value() -> None:
    assert "SECRET" not in repr(parse(tlv(0x5F21, b"SECRET")))


def holder_with_photo() -> tuple[bytes, int]:
    """A holder's file and the offset of its photo's value."""
    names = tlv(0x5F21, b"SURNAME") + tlv(0x5F22, b"NAME")
    photo = tlv(PHOTO, bytes(300))
    whole = tlv(0x62, names + photo)
    return whole, len(whole) - 300


def test_a_partial_image_may_end_in_the_photo_and_nowhere_else() -> None:
    whole, photo_value = holder_with_photo()
    for cut in range(len(whole)):
        partial = whole[:cut]
        with pytest.raises(TlvError):
            root(partial, 0x62)
        if cut >= photo_value:
            found = root(partial, 0x62, stop_at=PHOTO_ONLY)
            assert [one.tag for one in found] == [0x5F21, 0x5F22]
        else:
            with pytest.raises(TlvError):
                root(partial, 0x62, stop_at=PHOTO_ONLY)
    assert [one.tag for one in root(whole, 0x62, stop_at=PHOTO_ONLY)] == [0x5F21, 0x5F22, PHOTO]


def test_a_photo_longer_than_its_root_is_a_lie_even_when_cut() -> None:
    lying = b"\x62\x82\x01\x00" + b"\x7f\x40\x82\x02\x00" + bytes(100)
    with pytest.raises(TlvError, match="7F40 announces 512"):
        root(lying, 0x62, stop_at=PHOTO_ONLY)


def test_a_second_photo_is_a_duplicate_even_when_cut() -> None:
    partial = b"\x62\x82\x01\x00" + b"\x7f\x40\x00" + b"\x7f\x40\x81\xf5" + bytes(10)
    with pytest.raises(TlvError, match="twice"):
        root(partial, 0x62, stop_at=PHOTO_ONLY)


def test_parse_stops_in_the_photo_too() -> None:
    assert parse(tlv(0x01, b"A") + b"\x7f\x40\x20abc", stop_at=PHOTO_ONLY) == (Tlv(1, b"A", 0, 2),)


def test_buffers_are_bounded() -> None:
    with pytest.raises(TlvError) as caught:
        parse(bytes(MAX_SIZE + 1), base=7)
    assert caught.value.offset == MAX_SIZE + 7
    assert parse(bytes(MAX_SIZE)) == ()


tags = st.sampled_from([0x01, 0x5F21, 0x5F22, 0x62, PHOTO, 0x5F8101, 0x9F7F])
objects = st.lists(
    st.tuples(tags, st.binary(max_size=300), st.sampled_from([None, 2, 3, 4])), max_size=8
)


@given(objects, st.binary(max_size=4).map(lambda b: bytes(0xFF * (x & 1) for x in b)))
def test_round_trip(items: list[tuple[int, bytes, int | None]], padding: bytes) -> None:
    data = padding + b"".join(tlv(t, v, length_bytes=n) + padding for t, v, n in items)
    found = parse(data)
    assert [(one.tag, one.value) for one in found] == [(t, v) for t, v, _ in items]
    for one in found:
        assert data[one.value_offset : one.value_offset + len(one.value)] == one.value
        assert read_header(data, one.offset) is not None


@given(st.binary(max_size=80), st.sampled_from([frozenset[int](), PHOTO_ONLY]))
def test_any_bytes_are_objects_or_an_error_inside_them(
    data: bytes, stop_at: frozenset[int]
) -> None:
    for found in (_outcome(parse, data, stop_at), _outcome(_holder_root, data, stop_at)):
        if isinstance(found, TlvError):
            assert 0 <= found.offset <= len(data)
            continue
        for one in found:
            assert data[one.value_offset : one.value_offset + len(one.value)] == one.value


def _holder_root(data: bytes, *, stop_at: frozenset[int]) -> tuple[Tlv, ...]:
    return root(data, 0x62, stop_at=stop_at)


def _outcome(
    reader: Callable[..., tuple[Tlv, ...]], data: bytes, stop_at: frozenset[int]
) -> tuple[Tlv, ...] | TlvError:
    try:
        return reader(data, stop_at=stop_at)
    except TlvError as error:
        return error
