"""A barcode scanner that is not there: a real pseudo-terminal that speaks as scanners do.

It ships with the product: the demo plays with it, the tests make it misbehave. As a USB scanner
does, it comes with a stable link in a folder, goes without warning and comes back as another
terminal behind the same link.
"""

from __future__ import annotations

import enum
import os
import random
import select
import time
import tty
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

_BITS_PER_BYTE = 10
"""8N1: start bit, eight data bits, stop bit."""
_WRITE_SECONDS = 1.0


class Mode(enum.StrEnum):
    """Ways in which scanners are set up to send a code."""

    RAW = "raw"
    CR = "cr"
    LF = "lf"
    CRLF = "crlf"
    TAB = "tab"
    STX = "stx"
    STX_CRLF = "stx-crlf"
    AIM_L0 = "aim-L0"
    AIM_L1 = "aim-L1"
    AIM_L1_CRLF = "aim-L1-crlf"
    AIM_L2 = "aim-L2"
    AIM_L2_CR = "aim-L2-cr"
    HEX = "hex"
    HEX_SPACED = "hex-spaced"
    """Upper case, a space between bytes, CR LF behind."""
    HEX_AIM_L0 = "hex-aim-L0"


@dataclass(frozen=True, slots=True)
class Pacing:
    """How the bytes of a scan are spread over time; the default sends them in one piece."""

    baud: int | None = None
    """Line speed; None: as fast as the terminal takes them."""
    chunk: int = 4096
    """Most bytes in one piece; sizes are drawn from 1 to this."""
    pause: float = 0.0
    """Longest extra pause between pieces in seconds, drawn from 0 to this."""


AT_ONCE = Pacing()
REAL = Pacing(baud=9600, chunk=16)
"""A scanner at 9600 baud behind an adapter that passes a few bytes at a time."""
JITTERY = Pacing(chunk=40, pause=0.02)
"""Unpunctual pieces, as USB hubs give them, though within the silence that ends a scan."""


def wire_bytes(payload: bytes, mode: Mode) -> bytes:
    """What a scanner set to `mode` sends for a code that holds `payload`."""
    doubled = payload.replace(b"\\", b"\\\\")
    return {
        Mode.RAW: payload,
        Mode.CR: payload + b"\r",
        Mode.LF: payload + b"\n",
        Mode.CRLF: payload + b"\r\n",
        Mode.TAB: payload + b"\t",
        Mode.STX: b"\x02" + payload,
        Mode.STX_CRLF: b"\x02" + payload + b"\r\n",
        Mode.AIM_L0: b"]L0" + payload,
        Mode.AIM_L1: b"]L1" + doubled,
        Mode.AIM_L1_CRLF: b"]L1" + doubled + b"\r\n",
        Mode.AIM_L2: b"]L2" + payload,
        Mode.AIM_L2_CR: b"]L2" + payload + b"\r",
        Mode.HEX: payload.hex().encode(),
        Mode.HEX_SPACED: payload.hex(" ").upper().encode() + b"\r\n",
        Mode.HEX_AIM_L0: b"]L0" + payload.hex().encode() + b"\r",
    }[mode]


class VirtualScanner:
    """A scanner on a pseudo-terminal, linked at `path` while it is plugged in.

    Use it as a context manager: plugged in on entry, gone with its link on exit. Chunks and pauses
    come from `seed`, so a run can be repeated.
    """

    def __init__(self, folder: Path, name: str = "scanner", *, seed: int = 0) -> None:
        """Offer the link `folder/name`; `folder` must exist. Nothing is opened yet."""
        self.path = folder / name
        self._random = random.Random(seed)
        self._ends: tuple[int, int] | None = None

    def __enter__(self) -> Self:
        """Plug in."""
        self.replug()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Unplug."""
        self.unplug()

    @property
    def plugged(self) -> bool:
        """Whether the scanner is there."""
        return self._ends is not None

    def replug(self) -> None:
        """Come (back) as a new terminal behind the same link; does nothing if it is there."""
        if self._ends is not None:
            return
        master, slave, name = self._terminal()
        self._ends = (master, slave)
        os.set_blocking(master, False)
        # Our own end stays open and raw: on the last close a terminal falls back to echoing.
        tty.setraw(slave)
        draft = self.path.with_name(self.path.name + ".new")
        draft.unlink(missing_ok=True)
        draft.symlink_to(name)
        draft.replace(self.path)

    def unplug(self) -> None:
        """Go at once, unsent bytes with it; does nothing if it is not there."""
        if self._ends is None:
            return
        self.path.unlink(missing_ok=True)
        for end in self._ends:
            os.close(end)
        self._ends = None

    def scan(
        self,
        payload: bytes,
        *,
        mode: Mode = Mode.RAW,
        pacing: Pacing = AT_ONCE,
        lose: int | None = None,
        stop_after: int | None = None,
    ) -> None:
        """Send one code and return when its last byte is on the line.

        `lose` drops the byte at that index of what is sent, `stop_after` sends only so many.
        Raises `ConnectionError` when unplugged.
        """
        data = wire_bytes(payload, mode)
        if lose is not None:
            data = data[:lose] + data[lose + 1 :]
        self.send(data[:stop_after], pacing)

    def glue(self, first: bytes, second: bytes, *, mode: Mode = Mode.RAW) -> None:
        """Send two codes without a pause between them."""
        self.send(wire_bytes(first, mode) + wire_bytes(second, mode))

    def noise(self, count: int) -> bytes:
        """Send `count` random bytes, as a loose plug does, and return them."""
        data = self._random.randbytes(count)
        self.send(data)
        return data

    def send(self, data: bytes, pacing: Pacing = AT_ONCE) -> None:
        """Put bytes on the line as they are; what nobody reads for a second is lost.

        Raises `ConnectionError` when unplugged.
        """
        sent = 0
        while sent < len(data):
            size = self._random.randint(1, pacing.chunk) if pacing.chunk < len(data) else len(data)
            piece = data[sent : sent + size]
            wire_time = len(piece) * _BITS_PER_BYTE / pacing.baud if pacing.baud else 0.0
            if wire_time:
                time.sleep(wire_time)
            if not self._write(piece):
                return
            sent += len(piece)
            if pacing.pause and sent < len(data):
                time.sleep(self._random.uniform(0.0, pacing.pause))

    def _terminal(self) -> tuple[int, int, str]:
        """A new terminal: the scanner's end, the kiosk's end, and the latter's name."""
        master, slave = os.openpty()
        return master, slave, os.ttyname(slave)

    def _write(self, piece: bytes) -> bool:
        """Whether the line took all: without flow control, what nobody reads in time is lost."""
        if self._ends is None:
            raise ConnectionError("the virtual scanner is unplugged")
        master = self._ends[0]
        deadline = time.monotonic() + _WRITE_SECONDS
        while piece and time.monotonic() < deadline:
            select.select([], [master], [], _WRITE_SECONDS)
            try:
                piece = piece[os.write(master, piece) :]
            except BlockingIOError:
                time.sleep(0.001)
        return not piece
