"""Command and response APDUs, cases 1 to 4, short and extended (ISO/IEC 7816-3 §12).

Two things that encoders like to lose are kept apart: "no Le" (`le=None`, the command asks for
nothing) and "Le coded as 0" (`le=256`, or 65536 in extended form: as much as there is).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from drivers.events import DriverError

_HEADER = 4
_SHORT_LC = 0xFF
_SHORT_LE = 0x100
_EXTENDED_LC = 0xFFFF
_EXTENDED_LE = 0x10000

SW_OK = 0x9000
SW_END_OF_FILE = 0x6282

# ISO/IEC 7816-4 §5.6, tables 5 and 6: those that a technician meets.
_SW_NAMES = {
    0x6200: "warning",
    0x6281: "returned data may be corrupted",
    0x6282: "end of file before Le bytes",
    0x6283: "file deactivated",
    0x6400: "execution error",
    0x6581: "memory failure",
    0x6700: "wrong length",
    0x6881: "logical channel not supported",
    0x6882: "secure messaging not supported",
    0x6981: "command incompatible with file structure",
    0x6982: "security status not satisfied",
    0x6983: "authentication method blocked",
    0x6985: "conditions of use not satisfied",
    0x6986: "no current EF",
    0x6999: "application not selectable",
    0x6A80: "incorrect data field",
    0x6A81: "function not supported",
    0x6A82: "file or application not found",
    0x6A83: "record not found",
    0x6A86: "incorrect P1-P2",
    0x6A87: "Lc inconsistent with P1-P2",
    0x6A88: "referenced data not found",
    0x6B00: "offset outside the file",
    0x6D00: "instruction not supported",
    0x6E00: "class not supported",
    0x6F00: "no precise diagnosis",
    0x9000: "ok",
}


class ApduError(DriverError):
    """Bytes or values that are not an APDU."""


@dataclass(frozen=True, slots=True)
class CommandApdu:
    """A command. `le` is the most response bytes wanted: None, or 1 to 65536."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    le: int | None = None

    def __post_init__(self) -> None:
        """Refuse what has no encoding."""
        if not all(0 <= byte <= 0xFF for byte in (self.cla, self.ins, self.p1, self.p2)):
            raise ApduError("CLA, INS, P1 and P2 are single bytes")
        if len(self.data) > _EXTENDED_LC:
            raise ApduError(f"{len(self.data)} data bytes, an APDU holds {_EXTENDED_LC}")
        if self.le is not None and not 1 <= self.le <= _EXTENDED_LE:
            raise ApduError(f"Le {self.le} is outside 1 to {_EXTENDED_LE}")

    def to_bytes(self) -> bytes:
        """The encoding: short where it can be, else extended."""
        header = bytes((self.cla, self.ins, self.p1, self.p2))
        if len(self.data) <= _SHORT_LC and (self.le is None or self.le <= _SHORT_LE):
            lc = bytes((len(self.data),)) if self.data else b""
            le = b"" if self.le is None else bytes((self.le % _SHORT_LE,))
            return header + lc + self.data + le
        # One 00 marks the extended form; it stands before Lc or, without data, before Le.
        lc = len(self.data).to_bytes(2, "big") if self.data else b""
        le = b"" if self.le is None else (self.le % _EXTENDED_LE).to_bytes(2, "big")
        return header + b"\0" + lc + self.data + le

    @classmethod
    def from_bytes(cls, raw: bytes) -> CommandApdu:
        """The command that `raw` encodes.

        Raises:
            ApduError: shorter than a header, or Lc does not fit the bytes that follow.
        """
        if len(raw) < _HEADER:
            raise ApduError(f"command of {len(raw)} bytes, a header has {_HEADER}")
        cla, ins, p1, p2 = raw[:_HEADER]
        data, le = _split_body(raw[_HEADER:])
        return cls(cla, ins, p1, p2, data, le)


@dataclass(frozen=True, slots=True)
class ResponseApdu:
    """A response: data, which may be personal, and the status word SW1 SW2."""

    data: bytes = field(repr=False)
    sw: int

    @property
    def sw1(self) -> int:
        """First status byte."""
        return self.sw >> 8

    @property
    def sw2(self) -> int:
        """Second status byte."""
        return self.sw & 0xFF

    def to_bytes(self) -> bytes:
        """Data, SW1, SW2."""
        return self.data + self.sw.to_bytes(2, "big")

    @classmethod
    def from_bytes(cls, raw: bytes) -> ResponseApdu:
        """The response that `raw` holds.

        Raises:
            ApduError: no room for a status word, or more data than any Le can ask for.
        """
        if len(raw) < 2:
            raise ApduError(f"response of {len(raw)} bytes has no status word")
        if len(raw) > _EXTENDED_LE + 2:
            raise ApduError(f"response of {len(raw)} bytes is longer than any Le")
        return cls(raw[:-2], int.from_bytes(raw[-2:], "big"))


def describe_sw(sw: int) -> str:
    """A status word for people: its four hex digits and its meaning (ISO/IEC 7816-4 §5.6)."""
    sw1, sw2 = sw >> 8, sw & 0xFF
    if sw1 == 0x61:
        meaning = f"{sw2 or 256} more bytes available"
    elif sw1 == 0x6C:
        meaning = f"wrong Le, {sw2 or 256} bytes available"
    elif sw & 0xFFF0 == 0x63C0:
        meaning = f"counter at {sw & 0xF}"
    else:
        meaning = _SW_NAMES.get(sw) or _SW_NAMES.get(sw & 0xFF00, "unknown status")
    return f"{sw:04X} {meaning}"


def _split_body(body: bytes) -> tuple[bytes, int | None]:
    """Data and Le of what follows the header (ISO/IEC 7816-3 §12.1.3, decoding conventions)."""
    if not body:
        return b"", None
    if len(body) == 1:
        return b"", body[0] or _SHORT_LE
    size = 1
    if body[0] == 0:
        if len(body) < 3:
            raise ApduError("extended length cut off")
        size = 2
        if len(body) == 3:
            return b"", int.from_bytes(body[1:], "big") or _EXTENDED_LE
    start = 3 if size == 2 else 1
    lc = int.from_bytes(body[start - size : start], "big")
    data, rest = body[start : start + lc], body[start + lc :]
    if lc == 0 or len(data) < lc or len(rest) not in {0, size}:
        raise ApduError(f"Lc is {lc}, {len(body) - start} bytes follow it")
    if not rest:
        return data, None
    return data, int.from_bytes(rest, "big") or 1 << 8 * size
