"""A virtual OMS card: an EF tree that answers APDUs, without any reader.

Written from ISO/IEC 7816-4 and the layout of the card, not from the drivers that read it, so that
an error on one side is not repeated on the other. How it misbehaves: `kiosk.demo.faults`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

ATR_FOMSOMS: Final = bytes.fromhex("3BF71300008131FE45464F4D534F4D53A9")
"""T=1, historical bytes `FOMSOMS`."""
ATR_FOMS112: Final = bytes.fromhex("3BD911008131FE8D0000464F4D53312E3132")
"""T=1, historical bytes ending in `FOMS1.12`."""
ATR_OTHER: Final = bytes.fromhex("3B8580018073C821100E")
"""T=1, historical bytes of no OMS card that is known."""

_OK = b"\x90\x00"
_END_OF_FILE = b"\x62\x82"
_WRONG_LENGTH = b"\x67\x00"
_NO_CURRENT_EF = b"\x69\x86"
_FUNCTION_NOT_SUPPORTED = b"\x6a\x81"
_NOT_FOUND = b"\x6a\x82"
_NO_SUCH_DATA = b"\x6a\x88"
_WRONG_OFFSET = b"\x6b\x00"
_WRONG_LE = b"\x6c"
_NO_SUCH_INSTRUCTION = b"\x6d\x00"
_NO_SUCH_CLASS = b"\x6e\x00"

_MIN_DF_NAME = 5


class Card(Protocol):
    """What a virtual reader holds: an answer to reset, and answers to commands.

    `transmit` raises `drivers.card.TransportError` once the card is out of the reader.
    """

    @property
    def atr(self) -> bytes:
        """Answer to reset; empty for a mute card."""
        ...

    def reset(self) -> None:
        """Back to the state after power-up."""
        ...

    def transmit(self, command: bytes) -> bytes:
        """The response to a command, SW1 SW2 included."""
        ...


class VirtualCard:
    """A card with DFs (selected by name), transparent EFs (by identifier) and data objects."""

    def __init__(
        self,
        files: Mapping[bytes, Mapping[int, bytes]],
        *,
        data_objects: Mapping[tuple[bytes, int], bytes] | None = None,
        atr: bytes = ATR_FOMSOMS,
    ) -> None:
        """`files`: DF name, EF identifier, content; `data_objects`: (DF name, P1-P2), value."""
        self._files = files
        self._data_objects = data_objects or {}
        self._atr = atr
        self._df: bytes | None = None
        self._ef: bytes | None = None

    @property
    def atr(self) -> bytes:
        """Answer to reset."""
        return self._atr

    def reset(self) -> None:
        """Forget what was selected."""
        self._df = self._ef = None

    def transmit(self, command: bytes) -> bytes:
        """The response to any bytes at all."""
        if len(command) < 4:
            return _WRONG_LENGTH
        if command[0] != 0x00:
            return _NO_SUCH_CLASS
        match command[1]:
            case 0xA4:
                return self._select(command)
            case 0xB0:
                return self._read_binary(command)
            case 0xCA:
                return self._get_data(command)
            case _:
                return _NO_SUCH_INSTRUCTION

    def _select(self, command: bytes) -> bytes:
        if len(command) < 6:
            return _WRONG_LENGTH
        wanted, rest = command[5 : 5 + command[4]], command[5 + command[4] :]
        if len(wanted) < command[4] or len(rest) > 1:
            return _WRONG_LENGTH
        match command[2]:
            case 0x04:
                return self._select_df(wanted)
            case 0x02 if len(wanted) == 2:
                return self._select_ef(int.from_bytes(wanted, "big"))
            case _:
                return _FUNCTION_NOT_SUPPORTED

    def _select_df(self, name: bytes) -> bytes:
        # A name may be cut off on the right (ISO/IEC 7816-4 §11.2.2); the first that fits is taken.
        fitting = [df for df in self._files if len(name) >= _MIN_DF_NAME and df.startswith(name)]
        if not fitting:
            return _NOT_FOUND
        self._df, self._ef = fitting[0], None
        return _OK

    def _select_ef(self, file_id: int) -> bytes:
        content = self._files.get(self._df or b"", {}).get(file_id)
        if content is None:
            return _NOT_FOUND
        self._ef = content
        return _OK

    def _read_binary(self, command: bytes) -> bytes:
        if len(command) != 5:
            return _WRONG_LENGTH
        if command[2] & 0x80:
            return _FUNCTION_NOT_SUPPORTED
        if self._ef is None:
            return _NO_CURRENT_EF
        offset, size = command[2] << 8 | command[3], command[4] or 256
        if offset > len(self._ef):
            return _WRONG_OFFSET
        data = self._ef[offset : offset + size]
        return data + (_OK if len(data) == size else _END_OF_FILE)

    def _get_data(self, command: bytes) -> bytes:
        value = self._data_objects.get((self._df or b"", command[2] << 8 | command[3]))
        if value is None:
            return _NO_SUCH_DATA
        if len(command) != 5:
            return _WRONG_LENGTH
        if (command[4] or 256) < len(value):
            return _WRONG_LE + bytes((len(value),))
        return value + _OK


def oms_card(
    holder: bytes,
    insurer: bytes | None = None,
    *,
    insurer_ef: int = 0x0202,
    atr: bytes = ATR_FOMSOMS,
) -> VirtualCard:
    """An OMS card with the given contents of its holder's EF and of its current insurer's EF."""
    files = {b"foms_root": {}, b"FOMS_ID": {0x0201: holder}}
    data_objects = {}
    if insurer is not None:
        files[b"FOMS_INS"] = {insurer_ef: insurer}
        data_objects[b"FOMS_INS", 0x01B0] = insurer_ef.to_bytes(2, "big")
    return VirtualCard(files, data_objects=data_objects, atr=atr)


def other_card() -> VirtualCard:
    """A card of another kind: it is alive and knows nothing of OMS."""
    return VirtualCard({b"1PAY.SYS.DDF01": {}}, atr=ATR_OTHER)
