"""What every card understands: transports, and SELECT, READ BINARY, GET DATA over them.

A transport takes a command APDU and returns the response APDU. Each quirk of the wire is a small
transport that wraps another (ISO/IEC 7816-3 §12.2.5: 61xx and 6Cxx), so that neither the reading
plan nor the door to the reader knows about it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from drivers.apdu import (
    SW_END_OF_FILE,
    SW_OK,
    ApduError,
    CommandApdu,
    ResponseApdu,
    describe_sw,
)
from drivers.events import DriverError

MAX_CHUNK: Final = 220
"""Bytes asked for in one READ BINARY; more is known to fail on some cards."""
MAX_OFFSET: Final = 0x7FFF
"""Highest offset of READ BINARY with INS B0: bit 8 of P1 means a short EF identifier instead."""

Clock = Callable[[], float]


class CardError(DriverError):
    """A card could not be read; `native` is its status word or the code of the reader's stack."""

    def __init__(self, message: str, *, native: int | None = None) -> None:
        """Keep the message, which holds nothing of the card's data, and the native code."""
        super().__init__(message)
        self.native = native


class TransportError(CardError):
    """The way to the card broke: pulled, reader gone, service gone. Ask the reader which."""


class MuteError(CardError):
    """No answer to reset: nothing can be asked of the card."""


class StatusError(CardError):
    """The card refused a command."""

    def __init__(self, command: str, sw: int) -> None:
        """Name the command and explain the status word, which is also `native`."""
        super().__init__(f"{command}: {describe_sw(sw)}", native=sw)
        self.sw = sw


class ResponseError(CardError):
    """The card answered something that the command does not allow."""


class LimitError(CardError):
    """The card gives more, or goes on longer, than any honest card would."""


class DeadlineError(CardError):
    """The read overran its time."""


class CardTransport(Protocol):
    """The way to one card.

    Implementations return at least SW1 SW2 for whatever four bytes or more they are given, never
    data of an earlier command, and raise `TransportError` for good once the card is gone.
    """

    def transmit(self, command: bytes) -> bytes:
        """Send a command APDU and return the response APDU, status word included."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What a single card may cost."""

    rounds: int = 300
    """GET RESPONSE commands after one command."""
    chain_s: float = 3.0
    """Seconds for all of them: a card can answer 61xx for ever."""
    apdus: int = 1000
    """Commands in one read; the longest honest one needs about 300."""
    response_bytes: int = 0x10000
    """Response data in one read."""
    first_image_s: float = 5.0
    """Seconds until the data for a verdict must be there."""
    rest_s: float = 20.0
    """Seconds for photo and signature: 64 KiB take 19 s at T=1 and 38,400 baud."""


class Metered:
    """Counts commands and response bytes, and holds them and the clock to their limits.

    `until` is the monotonic time after which no command is sent any more.
    """

    def __init__(self, inner: CardTransport, limits: Limits, clock: Clock = time.monotonic) -> None:
        """Count what goes to `inner`; the deadline starts now."""
        self._inner = inner
        self._limits = limits
        self._clock = clock
        self.apdus = 0
        self.response_bytes = 0
        self.until = clock() + limits.first_image_s

    def transmit(self, command: bytes) -> bytes:
        """Pass one command on.

        Raises:
            DeadlineError: too late to send it.
            LimitError: too many commands or response bytes.
        """
        if self._clock() > self.until:
            raise DeadlineError(f"out of time after {self.apdus} commands")
        if self.apdus >= self._limits.apdus:
            raise LimitError(f"more than {self._limits.apdus} commands")
        self.apdus += 1
        response = self._inner.transmit(command)
        self.response_bytes += max(0, len(response) - 2)
        if self.response_bytes > self._limits.response_bytes:
            raise LimitError(f"more than {self._limits.response_bytes} bytes")
        return response


class CorrectedLe:
    """6Cxx: the card names the Le it wants; the command is repeated with it, once."""

    def __init__(self, inner: CardTransport) -> None:
        """Repeat over `inner`."""
        self._inner = inner

    def transmit(self, command: bytes) -> bytes:
        """Send a command, a second time if the card asks for another Le."""
        response = self._inner.transmit(command)
        if len(response) != 2 or response[0] != 0x6C:
            return response
        try:
            wanted = replace(CommandApdu.from_bytes(command), le=response[1] or 256)
        except ApduError:
            # Not a command in the first place: there is nothing to correct.
            return response
        return self._inner.transmit(wanted.to_bytes())


class ChainedResponse:
    """61xx: the rest of the response is fetched with GET RESPONSE (ISO/IEC 7816-4 §11.7.1)."""

    def __init__(self, inner: CardTransport, limits: Limits, clock: Clock = time.monotonic) -> None:
        """Fetch over `inner`, within `limits`."""
        self._inner = inner
        self._limits = limits
        self._clock = clock

    def transmit(self, command: bytes) -> bytes:
        """Send a command and return all parts of its response as one.

        Raises:
            LimitError: too many rounds or bytes, or too long.
        """
        until = self._clock() + self._limits.chain_s
        response = self._inner.transmit(command)
        parts: list[bytes] = []
        size = 0
        while len(response) >= 2 and response[-2] == 0x61:
            parts.append(response[:-2])
            size += len(response) - 2
            if len(parts) > self._limits.rounds or size > self._limits.response_bytes:
                raise LimitError(f"61xx goes on after {len(parts) - 1} rounds and {size} bytes")
            if self._clock() > until:
                raise LimitError(f"61xx goes on after {self._limits.chain_s:g} s")
            get_response = CommandApdu(0x00, 0xC0, 0x00, 0x00, le=response[-1] or 256)
            response = self._inner.transmit(get_response.to_bytes())
        return b"".join((*parts, response))


def select_df(transport: CardTransport, name: bytes) -> None:
    """SELECT a DF by its name, without asking for control information (7816-4 §11.2.2).

    Raises:
        StatusError: the card does not know it.
    """
    command = CommandApdu(0x00, 0xA4, 0x04, 0x0C, name)
    send(transport, command, f"SELECT {name.decode('ascii', 'replace')}")


def select_ef(transport: CardTransport, file_id: int) -> None:
    """SELECT an EF under the current DF by its two-byte identifier.

    Raises:
        StatusError: the card does not know it.
    """
    command = CommandApdu(0x00, 0xA4, 0x02, 0x0C, file_id.to_bytes(2, "big"))
    send(transport, command, f"SELECT EF {file_id:04X}")


def get_data(transport: CardTransport, p1_p2: int, size: int) -> bytes:
    """GET DATA of an object of exactly `size` bytes (7816-4 §11.4.3).

    Raises:
        StatusError: the card does not have it.
        ResponseError: it has another size.
    """
    label = f"GET DATA {p1_p2:04X}"
    response = send(transport, CommandApdu(0x00, 0xCA, p1_p2 >> 8, p1_p2 & 0xFF, le=size), label)
    if len(response.data) != size:
        raise ResponseError(f"{label}: {len(response.data)} bytes, expected {size}")
    return response.data


def read_binary(transport: CardTransport, offset: int, size: int) -> tuple[bytes, bool]:
    """READ BINARY of the current EF (7816-4 §11.3.3): bytes, and whether the file ends there.

    Fewer bytes than `size` are a valid answer; none at all are not, unless the file ends.

    Raises:
        LimitError: an offset that this form of the command cannot say.
        StatusError: the card refuses.
        ResponseError: nothing, or more than was asked for.
    """
    label = f"READ BINARY at {offset}"
    if offset > MAX_OFFSET:
        raise LimitError(f"{label}: offsets above {MAX_OFFSET} cannot be read")
    command = CommandApdu(0x00, 0xB0, offset >> 8, offset & 0xFF, le=size)
    response = send(transport, command, label, also=SW_END_OF_FILE)
    if len(response.data) > size:
        raise ResponseError(f"{label}: {len(response.data)} bytes, {size} were asked for")
    at_end = response.sw == SW_END_OF_FILE
    if not response.data and not at_end:
        raise ResponseError(f"{label}: no bytes")
    return response.data, at_end


def send(
    transport: CardTransport, command: CommandApdu, label: str, *, also: int = SW_OK
) -> ResponseApdu:
    """Transmit a command that must end in 9000, or in the status word `also`.

    Raises:
        StatusError: any other status word.
        ResponseError: not a response APDU.
    """
    try:
        response = ResponseApdu.from_bytes(transport.transmit(command.to_bytes()))
    except ApduError as error:
        raise ResponseError(f"{label}: {error}") from error
    if response.sw not in {SW_OK, also}:
        raise StatusError(label, response.sw)
    return response
