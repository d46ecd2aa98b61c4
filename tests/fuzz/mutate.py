"""Small changes to valid inputs, so that faults lie deep behind the first check.

An input is a tuple of parts: what a decoder takes at once, such as a card's two files. A mutator
makes one change to one part; `other` is the same part of another input, to take pieces from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

Parts = tuple[bytes, ...]
"""One input."""

MAX_PART: Final = 0x14000
"""Most bytes of a part: above every limit of the decoders (64 KiB), so that these are met."""

_BOUNDARIES: Final = (0, 1, 0x7F, 0x80, 0x81, 0x84, 0xFE, 0xFF)
_CHUNKS: Final = (
    b"\0" * 16,
    b"\xff" * 16,
    b"\0" * 0x10000,
    b"\x84\xff\xff\xff\xff",
    b"\x84\x7f\xff\xff\xff",
    b"\x83\x01\x00\x01",
    b"\x80",
    b"\x1f\xff\xff\xff\xff",
)


def mutated(
    rng: random.Random,
    parts: Parts,
    other: Parts,
    mutators: Sequence[Callable[[random.Random, bytes, bytes], bytes]],
) -> Parts:
    """One to eight changes, most often few."""
    changed = list(parts)
    for _ in range(1 << rng.choice((0, 0, 0, 1, 1, 2, 3))):
        index = rng.randrange(len(changed))
        part = rng.choice(mutators)(rng, changed[index], other[index])
        changed[index] = part[:MAX_PART]
    return tuple(changed)


def pack(parts: Parts) -> bytes:
    """An input as one file: each part behind its length in four bytes."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def unpack(data: bytes) -> Parts:
    """The input in a file; ValueError if it is none."""
    parts = []
    while data:
        size = int.from_bytes(data[:4], "big")
        if len(data) < 4 + size:
            raise ValueError("not an input of the fuzzer: it ends inside a part")
        parts.append(data[4 : 4 + size])
        data = data[4 + size :]
    return tuple(parts)


def flip_bit(rng: random.Random, data: bytes, _other: bytes) -> bytes:
    """One bit turned over."""
    if not data:
        return b"\0"
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


def set_byte(rng: random.Random, data: bytes, _other: bytes) -> bytes:
    """One byte set to any value, often one where lengths and signs change their meaning."""
    if not data:
        return b"\xff"
    at = rng.randrange(len(data))
    value = rng.choice(_BOUNDARIES) if rng.random() < 0.5 else rng.randrange(256)
    return data[:at] + bytes([value]) + data[at + 1 :]


def set_number(rng: random.Random, data: bytes, _other: bytes) -> bytes:
    """An integer of two to eight bytes set to its least, its most or somewhere near."""
    size = rng.choice((2, 3, 4, 6, 8))
    at = rng.randrange(max(1, len(data) - size + 1))
    value = rng.choice((0, 1, (1 << 8 * size) - 1, (1 << 8 * size - 1), 10**13, 10**16, 10**16 - 1))
    value = min(max(0, value + rng.randrange(-1, 2)), (1 << 8 * size) - 1)
    return data[:at] + value.to_bytes(size, "big") + data[at + size :]


def truncate(rng: random.Random, data: bytes, _other: bytes) -> bytes:
    """The end, or the beginning, cut off."""
    at = rng.randrange(len(data) + 1)
    return data[:at] if rng.random() < 0.7 else data[at:]


def remove(rng: random.Random, data: bytes, _other: bytes) -> bytes:
    """A piece taken out."""
    start, end = _piece(rng, data)
    return data[:start] + data[end:]


def duplicate(rng: random.Random, data: bytes, _other: bytes) -> bytes:
    """A piece twice, or many times."""
    start, end = _piece(rng, data)
    times = rng.choice((1, 1, 1, 2, 8, 64, 1024))
    return data[:end] + (data[start:end] * times)[:MAX_PART] + data[end:]


def move(rng: random.Random, data: bytes, _other: bytes) -> bytes:
    """A piece over another place, the length unchanged."""
    start, end = _piece(rng, data)
    piece = data[start:end]
    at = rng.randrange(len(data) - len(piece) + 1)
    return data[:at] + piece + data[at + len(piece) :]


def insert(rng: random.Random, data: bytes, _other: bytes) -> bytes:
    """Bytes put in: any, or such as lead parsers astray."""
    chunk = rng.randbytes(rng.choice((1, 2, 4, 16))) if rng.random() < 0.6 else rng.choice(_CHUNKS)
    at = rng.choice((0, len(data), rng.randrange(len(data) + 1)))
    return data[:at] + chunk + data[at:]


def splice(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """The beginning of one input with the end of another."""
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]


def take_over(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """The other input's bytes at the same place."""
    start, end = _piece(rng, data)
    return data[:start] + other[start:end] + data[end:]


def exchange(_rng: random.Random, _data: bytes, other: bytes) -> bytes:
    """The other input's part as it is: one person's file with another's."""
    return other


def _piece(rng: random.Random, data: bytes) -> tuple[int, int]:
    """A random range, mostly short."""
    start = rng.randrange(len(data) + 1)
    size = rng.choice((1, 2, 4, 16, 64, len(data)))
    return start, min(len(data), start + rng.randrange(size + 1))


SAME_SIZE: Final = (flip_bit, set_byte, set_number, move, take_over, exchange)
BYTES: Final = (*SAME_SIZE, truncate, remove, duplicate, insert, splice)
