"""A slot of the virtual reader: puts virtual cards into vsmartcard's vpcd driver, over TCP.

The protocol: a length of two bytes, big-endian, then the message. One-byte messages from the
reader are power off (0), power on (1), reset (2) and "what is the ATR" (4); longer ones are
commands. A connection is a card in the slot; closing it is pulling the card.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Self

from drivers.card import TransportError

if TYPE_CHECKING:
    from kiosk.demo.card import Card

# The protocol has no message for a card that does not answer to reset; an answer longer than
# ISO/IEC 7816-3 §8.2.1 allows is one that the driver cannot use, and pcscd calls the card mute.
_MUTE_ATR = bytes(40)
_POWER_OFF, _POWER_ON, _RESET, _GET_ATR = 0, 1, 2, 4
_RETRY_S = 0.05
_CONNECT_S = 2.0


class VirtualSlot:
    """One slot, at a port of this machine. A card stays in it while the reader's service restarts.

    Close it (or use it as a context manager) to end its thread.
    """

    def __init__(self, port: int, *, host: str = "127.0.0.1") -> None:
        """Serve the slot that listens on `port`; it need not listen yet."""
        self._address = (host, port)
        self._changed = threading.Condition()
        self._card: Card | None = None
        self._connection: socket.socket | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._run, name=f"vpcd-{port}", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        """The slot itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    @property
    def card(self) -> Card | None:
        """The card that is in; None after it was pulled, by `remove` or by its own fault."""
        with self._changed:
            return self._card

    def insert(self, card: Card) -> None:
        """Put a card in, powered off. One that is already in is pulled first."""
        self._replace(card)

    def remove(self) -> None:
        """Pull the card, at once, even in the middle of a command."""
        self._replace(None)

    def close(self) -> None:
        """Pull the card and end the thread."""
        with self._changed:
            self._closing = True
        self._replace(None)
        self._thread.join()

    def _replace(self, card: Card | None) -> None:
        with self._changed:
            self._card = card
            if self._connection is not None:
                with contextlib.suppress(OSError):
                    self._connection.shutdown(socket.SHUT_RDWR)
            self._changed.notify_all()

    def _run(self) -> None:
        while (card := self._next_card()) is not None:
            try:
                with socket.create_connection(self._address, _CONNECT_S) as connection:
                    self._hold(connection, card)
            except OSError:
                # The service is away; the card stays in, as a real one does, and is tried again.
                with self._changed:
                    self._changed.wait_for(lambda: self._closing, _RETRY_S)

    def _next_card(self) -> Card | None:
        """The card to hold next; waits for one. None when the slot closes."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing or self._card is not None)
            return None if self._closing else self._card

    def _hold(self, connection: socket.socket, card: Card) -> None:
        """Serve one card over one connection, until either ends."""
        connection.settimeout(None)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._changed:
            # Else a card taken out during the connecting would be served to nobody's surprise.
            if self._card is not card:
                return
            self._connection = connection
        try:
            _serve(connection, card)
        except TransportError:
            with self._changed:
                if self._card is card:
                    self._card = None
        finally:
            with self._changed:
                self._connection = None


def _serve(connection: socket.socket, card: Card) -> None:
    """Answer the reader until it, or the card, goes."""
    card.reset()
    while (message := _receive(connection)) is not None:
        if len(message) != 1:
            _send(connection, card.transmit(message))
        elif message[0] == _GET_ATR:
            _send(connection, card.atr or _MUTE_ATR)
        elif message[0] in {_POWER_OFF, _POWER_ON, _RESET}:
            card.reset()


def _send(connection: socket.socket, message: bytes) -> None:
    connection.sendall(len(message).to_bytes(2, "big") + message)


def _receive(connection: socket.socket) -> bytes | None:
    """The next message; None when the other side has closed."""
    size = _receive_exactly(connection, 2)
    return None if size is None else _receive_exactly(connection, int.from_bytes(size, "big"))


def _receive_exactly(connection: socket.socket, size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        # Without it each command waits 40 ms for the other side's Nagle algorithm; the kernel
        # forgets the option, so it is set before every receive.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        part = connection.recv(size - len(data))
        if not part:
            return None
        data += part
    return data
