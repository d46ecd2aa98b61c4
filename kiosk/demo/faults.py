"""How virtual cards misbehave: each fault wraps a card and is a card itself, so faults combine.

Damaged contents need no fault: give the card other bytes.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from drivers.card import TransportError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiosk.demo.card import Card

_READ_BINARY = 0xB0
_SELECT_INSURER = bytes.fromhex("00A4040C08464F4D535F494E53")
_GET_DATA = bytes.fromhex("00CA")
_SELECT_HOLDER = bytes.fromhex("00A4040C07464F4D535F4944")
_SELECT_ROOT = bytes.fromhex("00A4040C09666F6D735F726F6F74")


class Faultless:
    """A card in front of another that changes nothing: what every fault begins with."""

    def __init__(self, card: Card) -> None:
        """Stand in front of `card`."""
        self._card = card

    @property
    def atr(self) -> bytes:
        """The card's own answer to reset."""
        return self._card.atr

    def reset(self) -> None:
        """Reset the card."""
        self._card.reset()

    def transmit(self, command: bytes) -> bytes:
        """The card's own response."""
        return self._card.transmit(command)


class Mute(Faultless):
    """Upside down, or dead: no answer to reset."""

    @property
    def atr(self) -> bytes:
        """Nothing."""
        return b""


class Chained(Faultless):
    """Answers 61xx to every response with data and hands it out in parts (T=0 manners)."""

    def __init__(self, card: Card, *, part: int = 100) -> None:
        """Hand out `part` bytes at a time."""
        super().__init__(card)
        self._part = part
        self._pending = b""
        self._status = b""

    def transmit(self, command: bytes) -> bytes:
        """A part of the pending response for GET RESPONSE, else 61xx for a new one."""
        if command[:2] == b"\x00\xc0":
            part, self._pending = self._pending[: self._part], self._pending[self._part :]
            return part + (self._more() if self._pending else self._status)
        response = self._card.transmit(command)
        self._pending, self._status = response[:-2], response[-2:]
        return self._more() if self._pending else response

    def _more(self) -> bytes:
        return bytes((0x61, min(len(self._pending), self._part) & 0xFF))


class ExactLe(Faultless):
    """Answers 6Cxx where the file ends before Le bytes, instead of 6282."""

    def transmit(self, command: bytes) -> bytes:
        """The card's response, or the Le that would have been right."""
        response = self._card.transmit(command)
        if response[-2:] == b"\x62\x82" and len(response) > 2:
            return bytes((0x6C, len(response) - 2 & 0xFF))
        return response


class Pulled(Faultless):
    """Is pulled out of the reader when the command after the first `after` ones arrives."""

    def __init__(self, card: Card, *, after: int) -> None:
        """Answer `after` commands."""
        super().__init__(card)
        self._left = after

    def transmit(self, command: bytes) -> bytes:
        """The card's response while it is in.

        Raises:
            TransportError: it is out.
        """
        if self._left == 0:
            raise TransportError("virtual card pulled")
        self._left -= 1
        return self._card.transmit(command)


class FailsAt(Faultless):
    """Answers the command with index `index` (from 0, counted over all resets) with `sw` alone."""

    def __init__(self, card: Card, *, index: int, sw: int = 0x6F00) -> None:
        """Fail once."""
        super().__init__(card)
        self._left = index
        self._sw = sw

    def transmit(self, command: bytes) -> bytes:
        """The card's response, but once."""
        self._left -= 1
        if self._left == -1:
            return self._sw.to_bytes(2, "big")
        return self._card.transmit(command)


class Refuses(Faultless):
    """Answers all commands that begin with `prefix` with `sw` alone."""

    def __init__(self, card: Card, prefix: bytes, *, sw: int) -> None:
        """Refuse `prefix`."""
        super().__init__(card)
        self._prefix = prefix
        self._sw = sw

    def transmit(self, command: bytes) -> bytes:
        """The card's response, unless refused."""
        if command.startswith(self._prefix):
            return self._sw.to_bytes(2, "big")
        return self._card.transmit(command)


def refuses_insurer_lc8(card: Card) -> Refuses:
    """Knows the insurer's DF only by the seven-byte form that old software sends."""
    return Refuses(card, _SELECT_INSURER, sw=0x6700)


def without_get_data(card: Card) -> Refuses:
    """Cannot say which insurer's EF is current."""
    return Refuses(card, _GET_DATA, sw=0x6D00)


class NeedsRoot(Faultless):
    """Finds the holder's DF only after the root DF of the application was selected."""

    def __init__(self, card: Card) -> None:
        """Start outside the root."""
        super().__init__(card)
        self._in_root = False

    def reset(self) -> None:
        """Leave the root."""
        self._in_root = False
        super().reset()

    def transmit(self, command: bytes) -> bytes:
        """The card's response, or "not found" for the holder's DF."""
        if command == _SELECT_HOLDER and not self._in_root:
            return b"\x6a\x82"
        self._in_root = self._in_root or command == _SELECT_ROOT
        return self._card.transmit(command)


class Endless61(Faultless):
    """Answers READ BINARY, and every GET RESPONSE after it, with `part` bytes and 61xx."""

    def __init__(self, card: Card, *, part: int = 0) -> None:
        """`part` of 256 makes 64 KiB in 256 rounds."""
        super().__init__(card)
        self._answer = b"\x30" * part + b"\x61\x00"

    def transmit(self, command: bytes) -> bytes:
        """The card's response until something is read."""
        if command[1:2] in {b"\xb0", b"\xc0"}:
            return self._answer
        return self._card.transmit(command)


class Dribbles(Faultless):
    """Gives at most `size` bytes to READ BINARY and calls that success."""

    def __init__(self, card: Card, *, size: int) -> None:
        """`size` of 0 never gives anything."""
        super().__init__(card)
        self._size = size

    def transmit(self, command: bytes) -> bytes:
        """The card's response, shortened."""
        response = self._card.transmit(command)
        if command[1:2] != bytes((_READ_BINARY,)) or len(response) - 2 <= self._size:
            return response
        return response[: self._size] + b"\x90\x00"


class Overflows(Faultless):
    """Gives `extra` bytes more than READ BINARY asked for."""

    def __init__(self, card: Card, *, extra: int) -> None:
        """Add `extra` bytes."""
        super().__init__(card)
        self._extra = extra

    def transmit(self, command: bytes) -> bytes:
        """The card's response, lengthened."""
        response = self._card.transmit(command)
        if command[1:2] != bytes((_READ_BINARY,)):
            return response
        return response[:-2] + bytes(self._extra) + response[-2:]


class Slow(Faultless):
    """As slow as a real card: T=1 at `baud`, and a fixed time to think about each command.

    Every block has four bytes around its information field, every acknowledgement of a chained
    block is four bytes, and a character takes 12 bit times with its guard time (ISO/IEC 7816-3
    §7.2, §11.3). `wire_s` is the time spent so far.
    """

    def __init__(
        self,
        card: Card,
        *,
        baud: int = 38_400,
        command_s: float = 0.006,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Wait with `sleep`."""
        super().__init__(card)
        self._char_s = 12 / baud
        self._command_s = command_s
        self._sleep = sleep
        self.wire_s = 0.0

    def transmit(self, command: bytes) -> bytes:
        """The card's response, after the time that it takes."""
        response = self._card.transmit(command)
        chars = _t1_chars(len(command)) + _t1_chars(len(response))
        seconds = chars * self._char_s + self._command_s
        self._sleep(seconds)
        self.wire_s += seconds
        return response


def _t1_chars(size: int) -> int:
    """Characters on the wire for `size` bytes of information in blocks of up to 254."""
    blocks = max(1, math.ceil(size / 254))
    return size + 4 * blocks + 4 * (blocks - 1)
