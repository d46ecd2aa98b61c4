"""APDUs: the encodings of ISO/IEC 7816-3 §12 at every boundary, both ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.apdu import ApduError, CommandApdu, ResponseApdu, describe_sw

HEADER = "00B00102"


@pytest.mark.parametrize(
    ("data", "le", "body"),
    [
        pytest.param(b"", None, "", id="case-1"),
        pytest.param(b"", 1, "01", id="case-2-shortest"),
        pytest.param(b"", 255, "FF", id="case-2-255"),
        pytest.param(b"", 256, "00", id="case-2-as-much-as-there-is"),
        pytest.param(b"", 257, "000101", id="case-2-extended-shortest"),
        pytest.param(b"", 65535, "00FFFF", id="case-2-extended-65535"),
        pytest.param(b"", 65536, "000000", id="case-2-extended-all"),
        pytest.param(b"a", None, "0161", id="case-3-shortest"),
        pytest.param(b"a" * 255, None, "FF" + "61" * 255, id="case-3-longest-short"),
        pytest.param(b"a" * 256, None, "000100" + "61" * 256, id="case-3-extended"),
        pytest.param(b"a", 1, "016101", id="case-4-shortest"),
        pytest.param(b"a", 256, "016100", id="case-4-all"),
        pytest.param(b"a" * 255, 256, "FF" + "61" * 255 + "00", id="case-4-longest-short"),
        pytest.param(b"a", 257, "000001610101", id="case-4-extended-by-le"),
        pytest.param(b"a" * 256, 1, "000100" + "61" * 256 + "0001", id="case-4-extended-by-lc"),
        pytest.param(b"a", 65536, "000001610000", id="case-4-extended-all"),
    ],
)
def test_encodes_all_cases(data: bytes, le: int | None, body: str) -> None:
    command = CommandApdu(0x00, 0xB0, 0x01, 0x02, data, le)
    assert command.to_bytes() == bytes.fromhex(HEADER + body)
    assert CommandApdu.from_bytes(bytes.fromhex(HEADER + body)) == command


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param("", id="nothing"),
        pytest.param("00B001", id="header-cut"),
        pytest.param(HEADER + "0261", id="lc-beyond-the-end"),
        pytest.param(HEADER + "01610000", id="le-of-two-bytes-in-short-form"),
        pytest.param(HEADER + "0001", id="extended-length-cut"),
        pytest.param(HEADER + "00000261", id="extended-lc-beyond-the-end"),
        pytest.param(HEADER + "0000016100", id="le-of-one-byte-in-extended-form"),
        pytest.param(HEADER + "00000061", id="extended-lc-of-0"),
    ],
)
def test_refuses_what_is_no_command(raw: str) -> None:
    with pytest.raises(ApduError):
        CommandApdu.from_bytes(bytes.fromhex(raw))


@pytest.mark.parametrize(
    ("cla", "p2", "data", "le", "words"),
    [
        pytest.param(256, 0, b"", None, "single bytes", id="cla"),
        pytest.param(0, -1, b"", None, "single bytes", id="p2"),
        pytest.param(0, 0, b"", 0, "outside", id="le-0-is-not-256"),
        pytest.param(0, 0, b"", 65537, "outside", id="le-too-large"),
        pytest.param(0, 0, bytes(65536), None, "65536 data bytes", id="data-too-long"),
    ],
)
def test_refuses_what_has_no_encoding(
    cla: int, p2: int, data: bytes, le: int | None, words: str
) -> None:
    with pytest.raises(ApduError, match=words):
        CommandApdu(cla, 0, 0, p2, data, le)


@given(
    st.binary(min_size=4, max_size=4),
    st.binary(max_size=600),
    st.none() | st.integers(1, 65536),
)
def test_commands_round_trip(header: bytes, data: bytes, le: int | None) -> None:
    cla, ins, p1, p2 = header
    command = CommandApdu(cla, ins, p1, p2, data, le)
    assert CommandApdu.from_bytes(command.to_bytes()) == command


@given(st.binary(max_size=300))
def test_any_bytes_are_a_command_or_an_error(raw: bytes) -> None:
    try:
        command = CommandApdu.from_bytes(raw)
    except ApduError:
        return
    assert CommandApdu.from_bytes(command.to_bytes()) == command


def test_responses() -> None:
    response = ResponseApdu.from_bytes(bytes.fromhex("0102 6C10"))
    assert (response.data, response.sw, response.sw1, response.sw2) == (b"\1\2", 0x6C10, 0x6C, 0x10)
    assert response.to_bytes() == bytes.fromhex("0102 6C10")
    assert ResponseApdu.from_bytes(b"\x90\x00") == ResponseApdu(b"", 0x9000)
    assert "0102" not in repr(response)
    assert len(ResponseApdu.from_bytes(bytes(65538)).data) == 65536


@pytest.mark.parametrize("size", [0, 1, 65539])
def test_refuses_what_is_no_response(size: int) -> None:
    with pytest.raises(ApduError, match=f"response of {size} bytes"):
        ResponseApdu.from_bytes(bytes(size))


@pytest.mark.parametrize(
    ("sw", "words"),
    [
        (0x9000, "9000 ok"),
        (0x6110, "6110 16 more bytes available"),
        (0x6100, "6100 256 more bytes available"),
        (0x6C00, "6C00 wrong Le, 256 bytes available"),
        (0x63C2, "63C2 counter at 2"),
        (0x6A82, "6A82 file or application not found"),
        (0x6282, "6282 end of file before Le bytes"),
        (0x6700, "6700 wrong length"),
        (0x6D00, "6D00 instruction not supported"),
        (0x6E00, "6E00 class not supported"),
        (0x6F01, "6F01 no precise diagnosis"),
        (0x1234, "1234 unknown status"),
    ],
)
def test_explains_status_words(sw: int, words: str) -> None:
    assert describe_sw(sw) == words
