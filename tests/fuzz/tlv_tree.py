"""Changes to nested tag-length-value data (cards and DER alike) that keep the rest in order.

Only with the outer lengths put right does a change inside reach the code that reads the inside. The
reader here is lenient, and not the product's, so that faults of that one are not shared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.fuzz.mutate import BYTES, MAX_PART

if TYPE_CHECKING:
    import random

_DEEPEST: Final = 12
_MOST: Final = 300
"""Objects of one level; kilobytes of zeros would be thousands of empty ones."""
_LIES: Final = tuple(
    bytes.fromhex(text)
    for text in (
        *("00", "01", "7f", "80", "8100", "81ff", "820000", "82ffff", "83010000", "83010001"),
        *("84000000ff", "847fffffff", "84ffffffff", "850000000001", "ff", "fe"),
    )
)
_TAGS: Final = tuple(
    bytes.fromhex(text)
    for text in (
        *("62", "64", "5f21", "5f22", "5f23", "5f24", "5f25", "5f26", "5f27", "5f28", "5f29"),
        *("5f2a", "7f30", "5f31", "5f32", "7f40", "5f41", "5f42", "5f51", "5f52", "5f53", "5f54"),
        *("7f60", "5f61", "5f62", "02", "03", "04", "05", "06", "17", "18", "30", "31", "a0", "a3"),
        *("1f", "1f80", "5f8101", "5fffff7f", "00", "ff", "7f2100"),
    )
)
_VALUES: Final = (
    b"",
    b"\0",
    b"\0" * 4,
    b"\xff" * 4,
    bytes.fromhex("29021900"),
    bytes.fromhex("31129999"),
    b"0" * 11,
    b"9" * 13,
    b"9" * 16,
    "٠١٢٣٤٥٦٧٨٩٠١٢٣٤٥".encode(),
    ("И" * 101).encode(),
    "\u202eА\u0301".encode(),
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
)


@dataclass(slots=True)
class Node:
    """One object; `value` counts where it has no children."""

    tag: bytes
    value: bytes = b""
    children: list[Node] = field(default_factory=list)
    length: bytes | None = None
    """As coded; None: the right one."""

    def coded(self) -> bytes:
        """The bytes, every length as it is or as it was made to lie."""
        value = b"".join(child.coded() for child in self.children) or self.value
        length = _length(len(value)) if self.length is None else self.length
        return (self.tag + length + value)[:MAX_PART]


def read(data: bytes, depth: int = 0) -> list[Node] | None:
    """The objects that fill `data`; None if they do not, or are too many."""
    found: list[Node] = []
    at = 0
    while at < len(data):
        start = at
        at += 1
        if data[start] & 0x1F == 0x1F:
            while at < len(data) and data[at] & 0x80:
                at += 1
            at += 1
        if at >= len(data) or len(found) == _MOST:
            return None
        tag, size = data[start:at], data[at]
        at += 1
        if size & 0x80:
            width = size & 0x7F
            size = int.from_bytes(data[at : at + width], "big")
            at += width
        value = data[at : at + size]
        if len(value) < size:
            return None
        at += size
        inside = read(value, depth + 1) if tag[0] & 0x20 and depth < _DEEPEST else None
        found.append(Node(tag, value, inside or []))
    return found


def change_tree(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """One change in one object, at any depth, lengths around it put right."""
    roots = read(data)
    if not roots:
        return rng.choice(BYTES)(rng, data, other)[:MAX_PART]
    places = list(_places(roots))
    siblings, index = rng.choice(places)
    rng.choice((_lie, _value, _value, _value, _tag, _drop, _double, _swap, _nest, _pad, _graft))(
        rng, siblings, index, other
    )
    return b"".join(node.coded() for node in roots)[:MAX_PART]


def _places(nodes: list[Node]) -> list[tuple[list[Node], int]]:
    found = []
    for index, node in enumerate(nodes):
        found.append((nodes, index))
        found += _places(node.children)
    return found


def _lie(rng: random.Random, siblings: list[Node], index: int, _other: bytes) -> None:
    node = siblings[index]
    right = len(node.coded()) - len(node.tag) - 1
    near = bytes([min(0x7F, max(0, right + rng.choice((-1, 1))))])
    node.length = rng.choice((*_LIES, near, near))


def _value(rng: random.Random, siblings: list[Node], index: int, other: bytes) -> None:
    node = siblings[index]
    old = b"".join(child.coded() for child in node.children) or node.value
    new = rng.choice(_VALUES) if rng.random() < 0.3 else rng.choice(BYTES)(rng, old, other)
    siblings[index] = Node(node.tag, new)


def _tag(rng: random.Random, siblings: list[Node], index: int, _other: bytes) -> None:
    siblings[index].tag = rng.choice(_TAGS)


def _drop(_rng: random.Random, siblings: list[Node], index: int, _other: bytes) -> None:
    del siblings[index]


def _double(rng: random.Random, siblings: list[Node], index: int, _other: bytes) -> None:
    siblings[index:index] = [siblings[index]] * rng.choice((1, 1, 2, 50))


def _swap(rng: random.Random, siblings: list[Node], index: int, _other: bytes) -> None:
    with_ = rng.randrange(len(siblings))
    siblings[index], siblings[with_] = siblings[with_], siblings[index]


def _nest(rng: random.Random, siblings: list[Node], index: int, _other: bytes) -> None:
    """Inside itself, sometimes deeper than any stack."""
    inner = siblings[index].coded()
    tag = rng.choice((siblings[index].tag, rng.choice(_TAGS)))
    for _ in range(rng.choice((1, 2, 20, 2000))):
        inner = tag + _length(len(inner)) + inner
        if len(inner) > MAX_PART:
            break
    siblings[index] = Node(tag, inner)


def _pad(rng: random.Random, siblings: list[Node], index: int, _other: bytes) -> None:
    """Bytes 00 or FF before, between or behind objects, or a length in more bytes than needed."""
    node = siblings[index]
    if rng.random() < 0.5:
        raw = node.coded()
        size = len(raw) - len(node.tag)
        node.length = b"\x84" + max(0, size - 1).to_bytes(4, "big")
        return
    padding = rng.choice((b"\0", b"\xff")) * rng.choice((1, 3, 300, 0x8000))
    siblings.insert(rng.randrange(len(siblings) + 1), Node(padding, length=b""))


def _graft(rng: random.Random, siblings: list[Node], index: int, other: bytes) -> None:
    """An object from another input."""
    places = _places(read(other) or [])
    if places:
        source, at = rng.choice(places)
        siblings[index] = source[at]


def _length(size: int) -> bytes:
    if size < 0x80:
        return bytes([size])
    coded = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(coded)]) + coded
