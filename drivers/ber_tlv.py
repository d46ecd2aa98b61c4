"""BER-TLV data objects as cards store them (ISO/IEC 7816-4 §5.2.2): bytes in, values out.

Objects come back in the order of the bytes. Everything is bounded: tags of one to three bytes,
lengths up to `MAX_SIZE`, and no object reaches past the one that holds it. Tags are never searched
for by their bytes: a photo's bytes can look like any tag.

Padding: §5.2.2.1 allows bytes 00 and FF before, between and after objects; nothing else is
skipped. Lengths need not be coded in the fewest bytes (cards pad them); the indefinite form (80)
belongs to BER but not to cards and is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from drivers.events import DriverError

MAX_SIZE = 0x10000
"""Most bytes of a value, and of a buffer: what is accepted from a card in all."""

_PADDING = frozenset((0x00, 0xFF))
_CONSTRUCTED = 0x20
_MAX_TAG_BYTES = 3
_MAX_LENGTH_BYTES = 4


class TlvError(DriverError):
    """Bytes that are not the BER-TLV that was asked for; tells where, never what stands there."""

    def __init__(self, reason: str, offset: int) -> None:
        """Keep what was wrong and the offset in bytes from the start of the outermost buffer."""
        super().__init__(f"{reason} (offset {offset})")
        self.reason = reason
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Header:
    """Tag and length fields of one object."""

    tag: int
    """The tag's bytes as a big-endian number, e.g. 0x62 or 0x5F21."""
    header_size: int
    """Bytes of tag and length together."""
    length: int
    """Bytes of the value."""


@dataclass(frozen=True, slots=True)
class Tlv:
    """One object; offsets count from the start of the outermost buffer."""

    tag: int
    value: bytes = field(repr=False)
    offset: int
    value_offset: int


def read_header(data: bytes, offset: int = 0) -> Header | None:
    """The tag and length that stand at `offset`.

    None means that the bytes so far are fine and more of them are needed; it is the answer at
    the very end of `data`, too. Padding is not a header: step over it with `skip_padding`.

    Raises:
        TlvError: no further byte can make it valid.
    """
    tag = _read_tag(data, offset)
    if tag is None:
        return None
    at = offset + (tag.bit_length() + 7) // 8
    if at >= len(data):
        return None
    first = data[at]
    if first < 0x80:
        return Header(tag, at + 1 - offset, first)
    size = first & 0x7F
    if size == 0:
        raise TlvError("indefinite length is not allowed on cards", at)
    if size > _MAX_LENGTH_BYTES:
        raise TlvError(f"length field of {size + 1} bytes", at)
    field_bytes = data[at + 1 : at + 1 + size]
    if len(field_bytes) < size:
        return None
    length = int.from_bytes(field_bytes, "big")
    if length > MAX_SIZE:
        raise TlvError(f"length {length} above the limit of {MAX_SIZE}", at)
    return Header(tag, at + 1 + size - offset, length)


def skip_padding(data: bytes, offset: int = 0) -> int:
    """The offset of the first byte from `offset` on that is not padding, or the data's end."""
    while offset < len(data) and data[offset] in _PADDING:
        offset += 1
    return offset


def parse(
    data: bytes, *, base: int = 0, stop_at: frozenset[int] = frozenset(), unique: bool = False
) -> tuple[Tlv, ...]:
    """The objects that fill `data`, which begins at offset `base` of the outermost buffer.

    `stop_at` is for partial images: a card is read in two steps, so that a verdict need not wait
    for kilobytes of photo. Such an image may end inside the value of an object whose tag is in
    `stop_at`, or right before that value; the object is then left out. Any other truncation
    remains an error, else a torn read would pass for a document without the missing fields.

    Raises:
        TlvError: malformed or truncated, larger than `MAX_SIZE`, or (with `unique`) a tag that
            comes twice.
    """
    _check_size(data, base)
    end = len(data) if not stop_at else max(len(data), MAX_SIZE)
    return _objects(data, 0, end, base=base, stop_at=stop_at, unique=unique)


def root(data: bytes, tag: int, *, stop_at: frozenset[int] = frozenset()) -> tuple[Tlv, ...]:
    """The children of the one constructed object `tag` that is all of `data` but padding.

    No tag may come twice among the children: which of two would be meant is not knowable. For
    `stop_at` see `parse`; the root's own length then says more than the buffer holds, and the
    object that is cut off must still lie within it.

    Raises:
        TlvError: as `parse`, and for another root tag or bytes behind the root.
    """
    _check_size(data, 0)
    start = skip_padding(data)
    header = read_header(data, start)
    if header is None:
        raise TlvError("data ends before the root's length", len(data))
    if header.tag != tag:
        raise TlvError(f"root tag is {header.tag:X}, expected {tag:X}", start)
    if not is_constructed(tag):
        raise TlvError(f"root tag {tag:X} is not constructed", start)
    value_at = start + header.header_size
    end = value_at + header.length
    if end <= len(data):
        behind = skip_padding(data, end)
        if behind < len(data):
            raise TlvError("bytes behind the root object", behind)
        return _objects(data[:end], value_at, end, unique=True)
    children = _objects(data, value_at, end, stop_at=stop_at, unique=True)
    reached = children[-1].value_offset + len(children[-1].value) if children else value_at
    if skip_padding(data, reached) == len(data):
        raise TlvError(f"root announces {header.length} bytes, data ends early", len(data))
    return children


def is_constructed(tag: int) -> bool:
    """Whether the tag's first byte says that its value is itself made of objects."""
    while tag > 0xFF:
        tag >>= 8
    return bool(tag & _CONSTRUCTED)


def _read_tag(data: bytes, offset: int) -> int | None:
    """The tag at `offset`; None if it is cut off."""
    if offset >= len(data):
        return None
    tag = data[offset]
    if tag in _PADDING:
        raise TlvError("padding where a tag must stand", offset)
    if tag & 0x1F != 0x1F:
        return tag
    for at in range(offset + 1, offset + _MAX_TAG_BYTES):
        if at >= len(data):
            return None
        byte = data[at]
        # Numbers below 31 have the one-byte form only, and a leading zero group is no number.
        if at == offset + 1 and (byte == 0x80 or byte < 0x1F):
            raise TlvError("tag number in the wrong form", offset)
        tag = tag << 8 | byte
        if byte < 0x80:
            return tag
    raise TlvError(f"tag of more than {_MAX_TAG_BYTES} bytes", offset)


def _objects(
    data: bytes,
    start: int,
    end: int,
    *,
    base: int = 0,
    stop_at: frozenset[int] = frozenset(),
    unique: bool = False,
) -> tuple[Tlv, ...]:
    """The objects from `start` on; none may announce bytes at or beyond `end`."""
    found: list[Tlv] = []
    seen: set[int] = set()
    at = skip_padding(data, start)
    while at < len(data):
        header = _header_within(data, at, base)
        if unique and header.tag in seen:
            raise TlvError(f"tag {header.tag:X} comes twice", base + at)
        seen.add(header.tag)
        value_at = at + header.header_size
        value_end = value_at + header.length
        if value_end > end or (value_end > len(data) and header.tag not in stop_at):
            room = min(end, len(data)) - value_at
            raise TlvError(
                f"object {header.tag:X} announces {header.length} bytes, {room} are there",
                base + at,
            )
        if value_end > len(data):
            break
        found.append(Tlv(header.tag, data[value_at:value_end], base + at, base + value_at))
        at = skip_padding(data, value_end)
    return tuple(found)


def _header_within(data: bytes, at: int, base: int) -> Header:
    """The header at `at`, which must be whole; errors count from the outermost buffer."""
    try:
        header = read_header(data, at)
    except TlvError as error:
        raise TlvError(error.reason, base + error.offset) from None
    if header is None:
        raise TlvError("data ends inside a tag or length", base + at)
    return header


def _check_size(data: bytes, base: int) -> None:
    if len(data) > MAX_SIZE:
        raise TlvError(f"{len(data)} bytes, the limit is {MAX_SIZE}", base + MAX_SIZE)
