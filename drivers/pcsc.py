"""The door to PC/SC: the one module that imports pyscard, and its low-level calls only.

pyscard's own monitor threads end in silence when pcscd restarts, so the loop is ours
(`drivers.reader_loop`). Return codes are translated here and kept as `native`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smartcard import scard

from drivers.card import CardError, Limits, MuteError, TransportError
from drivers.reader_loop import NO_SERVICE, REFUSED, ReaderLoop, ServiceError
from drivers.reading import Sighting

if TYPE_CHECKING:
    from collections.abc import Mapping

_PNP: Final = "\\\\?PnP?\\Notification"
"""The pseudo reader that changes when readers come or go."""
_CHANGED: Final = scard.SCARD_STATE_CHANGED
_REFUSED = frozenset({scard.SCARD_W_SECURITY_VIOLATION, scard.SCARD_E_NO_ACCESS})
_MUTE = frozenset({scard.SCARD_W_UNRESPONSIVE_CARD, scard.SCARD_W_UNPOWERED_CARD})
_NOT_TALKING = frozenset({scard.SCARD_E_PROTO_MISMATCH, scard.SCARD_W_UNSUPPORTED_CARD})


class PcscReader(ReaderLoop):
    """The reader worker on the system's PC/SC service."""

    def __init__(self, *, name_prefix: str = "", limits: Limits | None = None) -> None:
        """Serve all readers whose PC/SC name begins with `name_prefix`."""
        super().__init__(PcscService, name_prefix=name_prefix, limits=limits)


class PcscService:
    """One context of the PC/SC service; see `drivers.reader_loop.CardService`."""

    def __init__(self) -> None:
        """Establish a context.

        Raises:
            ServiceError: the service does not run (`no-service`) or its policy says no (`refused`).
        """
        result, self._context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
        # Only here: on a running context libpcsclite gives the same code for a connection that
        # was reset because the service died.
        refused = result in _REFUSED
        _check_service(result, "SCardEstablishContext", cause=REFUSED if refused else None)
        self._pnp_state = 0

    def readers(self) -> list[str]:
        """Names of all readers."""
        result, names = scard.SCardListReaders(self._context, [])
        if result == scard.SCARD_E_NO_READERS_AVAILABLE:
            return []
        _check_service(result, "SCardListReaders")
        return list(names)

    def wait(self, known: Mapping[str, int], timeout_s: float) -> list[Sighting]:
        """Sightings of the readers in `known` (name to state) once one changes."""
        states = [*known.items(), (_PNP, self._pnp_state)]
        result, seen = scard.SCardGetStatusChange(self._context, int(timeout_s * 1000), states)
        if result in {scard.SCARD_E_TIMEOUT, scard.SCARD_E_UNKNOWN_READER}:
            # A reader that left since it was listed: the next listing tells.
            return []
        _check_service(result, "SCardGetStatusChange")
        self._pnp_state = next(state for name, state, _ in seen if name == _PNP) & ~_CHANGED
        return [_sighting(name, state, bytes(atr)) for name, state, atr in seen if name != _PNP]

    def connect(self, reader: str) -> PcscConnection:
        """Connect to the card in a reader, shared, with either protocol.

        Raises:
            MuteError: it does not answer to reset.
            TransportError: there is none, or the reader or the service failed.
            CardError: it speaks no protocol that we know.
        """
        protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        result, handle, protocol = scard.SCardConnect(
            self._context, reader, scard.SCARD_SHARE_SHARED, protocols
        )
        if result == scard.SCARD_S_SUCCESS:
            return PcscConnection(handle, protocol)
        message = f"SCardConnect: {_describe(result)}"
        if result in _MUTE:
            raise MuteError(message, native=result)
        if result in _NOT_TALKING:
            raise CardError(message, native=result)
        raise TransportError(message, native=result)

    def close(self) -> None:
        """Release the context: pcscd allows about 200, and leaked ones end in refusals."""
        scard.SCardReleaseContext(self._context)


class PcscConnection:
    """A connected card: `drivers.card.CardTransport` over SCardTransmit."""

    def __init__(self, handle: int, protocol: int) -> None:
        """Take over a handle from SCardConnect."""
        self._handle = handle
        t0 = protocol == scard.SCARD_PROTOCOL_T0
        self._pci = scard.SCARD_PCI_T0 if t0 else scard.SCARD_PCI_T1

    def transmit(self, command: bytes) -> bytes:
        """Send a command APDU and return the response APDU.

        Raises:
            TransportError: any failure.
        """
        result, response = scard.SCardTransmit(self._handle, self._pci, list(command))
        # A pull in mid-command can come back as success without a status word.
        if result != scard.SCARD_S_SUCCESS or len(response) < 2:
            raise TransportError(f"SCardTransmit: {_describe(result)}", native=result)
        return bytes(response)

    def close(self) -> None:
        """Disconnect and leave the card as it is: powering it down would disturb other programs."""
        scard.SCardDisconnect(self._handle, scard.SCARD_LEAVE_CARD)


def _sighting(name: str, state: int, atr: bytes) -> Sighting:
    return Sighting(
        reader=name,
        state=state & ~_CHANGED,
        present=bool(state & scard.SCARD_STATE_PRESENT),
        mute=bool(state & scard.SCARD_STATE_MUTE),
        counter=state >> 16,
        atr=atr,
    )


def _check_service(result: int, call: str, *, cause: str | None = None) -> None:
    if result != scard.SCARD_S_SUCCESS:
        message = f"{call}: {_describe(result)}"
        raise ServiceError(message, cause=cause or NO_SERVICE, native=result)


def _describe(result: int) -> str:
    return f"0x{result & 0xFFFFFFFF:08X} {scard.SCardGetErrorMessage(result)}"
