"""One elementary file that holds one BER-TLV object, read front to back and no further than needed.

The object's own length says how much there is to read; the file's size is never asked for.
Offsets in errors count from the start of the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.ber_tlv import TlvError, read_header, skip_padding
from drivers.card import MAX_CHUNK, CardTransport, ResponseError, read_binary

if TYPE_CHECKING:
    from collections.abc import Iterator

_LITTLE: Final = 2 * MAX_CHUNK
_LOOK: Final = 64
"""Bytes to look for the next object in a file that is long."""


class ObjectFile:
    """An EF with a constructed root object `root_tag`; it must be selected while it is read.

    The methods that read are iterators which step once per READ BINARY.
    """

    def __init__(self, transport: CardTransport, root_tag: int, *, first: int) -> None:
        """Read over `transport`; the first command, which must find the length, asks `first`."""
        self._transport = transport
        self._root_tag = root_tag
        self._first = first
        self._data = b""
        self._at_end = False
        self._start = 0
        self._value_at = 0
        self._end: int | None = None

    @property
    def content(self) -> bytes:
        """From the first byte of the root object to its last, or as far as it was read."""
        return self._data[self._start : self._end]

    @property
    def announced(self) -> int:
        """Bytes up to the root's end, by its own length; 0 before that is known."""
        return self._end or 0

    @property
    def got(self) -> int:
        """Bytes read of those announced."""
        return min(len(self._data), self.announced)

    @property
    def is_complete(self) -> bool:
        """Whether everything announced was read."""
        return self._end is not None and len(self._data) >= self._end

    def read_needed(self, put_off: frozenset[int]) -> Iterator[None]:
        """Read up to the value of the last object if its tag is in `put_off`, else everything.

        A put-off object that others follow is read like them: they may be needed.

        Raises:
            TlvError: another root, or objects that do not fit it.
            CardError: the card refuses or ends the file early.
        """
        yield from self._open()
        at = skip_padding(self._data, self._value_at)
        while at < self.announced:
            header = read_header(self._data, at)
            if header is None:
                self._continue(_LOOK)
                yield
                at = skip_padding(self._data, at)
                continue
            end = at + header.header_size + header.length
            if end > self.announced:
                raise TlvError(f"object {header.tag:X} reaches past its root", at)
            if header.tag in put_off and end == self.announced:
                return
            while len(self._data) < end:
                self._continue(max(_LOOK, end - len(self._data)))
                yield
            at = skip_padding(self._data, end)

    def read_all(self) -> Iterator[None]:
        """Read up to the root's end.

        Raises:
            CardError: the card refuses or ends the file early.
        """
        while not self.is_complete:
            self._chunk(self.announced - len(self._data))
            yield

    def _open(self) -> Iterator[None]:
        """Read until the root's length is known."""
        while self._end is None:
            self._chunk(self._first)
            self._start = skip_padding(self._data)
            if self._start >= self._first:
                raise TlvError("only padding where an object must start", 0)
            header = read_header(self._data, self._start)
            if header is not None:
                self._check_root(header.tag)
                self._value_at = self._start + header.header_size
                self._end = self._value_at + header.length
            yield

    def _check_root(self, tag: int) -> None:
        if tag != self._root_tag:
            raise TlvError(f"root tag is {tag:X}, expected {self._root_tag:X}", self._start)

    def _continue(self, wanted: int) -> None:
        """Read all that is left if that is little, else `wanted` bytes of it.

        Little is taken whole, for a command costs more than the bytes it saves. In a long file
        the photo must be near: reading into it would keep the verdict waiting.
        """
        left = self.announced - len(self._data)
        if left <= 0:
            raise TlvError("object is cut off by its root's end", self.announced)
        self._chunk(left if left <= _LITTLE else min(wanted, left))

    def _chunk(self, wanted: int) -> None:
        if self._at_end:
            raise ResponseError(f"file ends after {len(self._data)} bytes, inside its object")
        size = min(wanted, MAX_CHUNK)
        data, self._at_end = read_binary(self._transport, len(self._data), size)
        self._data += data
