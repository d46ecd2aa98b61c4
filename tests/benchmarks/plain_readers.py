"""Two card readers as they are often written: what the reading plan is measured against.

Both are correct: they give the same bytes of both files. Both read file after file to its end, as
such readers do, so that a verdict waits for the photo. They share the product's commands (SELECT,
READ BINARY, GET DATA), so that only the way of reading differs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivers.card import MAX_CHUNK, get_data, read_binary, select_df, select_ef
from drivers.oms_card import CURRENT_INSURER, HOLDER_DF, HOLDER_EF, INSURER_DF

if TYPE_CHECKING:
    from collections.abc import Callable

    from drivers.card import CardTransport

_BLOCK = 256
_CONSTRUCTED = 0x20


def read_byte_by_byte(transport: CardTransport) -> tuple[bytes, bytes]:
    """Tags and lengths one READ BINARY a byte, values in whole chunks; (holder, insurer)."""
    return _both_files(transport, _walk)


def read_in_blocks(transport: CardTransport) -> tuple[bytes, bytes]:
    """Blocks of 256 bytes until one comes short or with 6282; (holder, insurer)."""
    return _both_files(transport, _blocks)


def _both_files(
    transport: CardTransport, read: Callable[[CardTransport], bytes]
) -> tuple[bytes, bytes]:
    select_df(transport, HOLDER_DF)
    select_ef(transport, HOLDER_EF)
    holder = read(transport)
    select_df(transport, INSURER_DF)
    select_ef(transport, int.from_bytes(get_data(transport, CURRENT_INSURER, 2), "big"))
    return holder, read(transport)


def _blocks(transport: CardTransport) -> bytes:
    data, at_end = b"", False
    while not at_end:
        block, at_end = read_binary(transport, len(data), _BLOCK)
        data += block
        at_end = at_end or len(block) < _BLOCK
    return data


def _walk(transport: CardTransport) -> bytes:
    data, end = _header(transport, 0)
    while len(data) < end:
        header, value_end = _header(transport, len(data))
        data += header
        if not header[0] & _CONSTRUCTED:
            data += _value(transport, len(data), value_end)
    return data


def _header(transport: CardTransport, at: int) -> tuple[bytes, int]:
    """Tag and length at `at`, and where the value ends (ISO/IEC 7816-4 §5.2.2)."""
    tag = _byte(transport, at)
    if tag[0] & 0x1F == 0x1F:
        tag += _byte(transport, at + 1)
    length = _byte(transport, at + len(tag))
    size = length[0]
    if size & 0x80:
        more = [_byte(transport, at + len(tag) + 1 + place) for place in range(size & 0x7F)]
        length += b"".join(more)
        size = int.from_bytes(length[1:], "big")
    header = tag + length
    return header, at + len(header) + size


def _byte(transport: CardTransport, at: int) -> bytes:
    return read_binary(transport, at, 1)[0]


def _value(transport: CardTransport, at: int, end: int) -> bytes:
    data = b""
    while at + len(data) < end:
        data += read_binary(transport, at + len(data), min(MAX_CHUNK, end - at - len(data)))[0]
    return data
