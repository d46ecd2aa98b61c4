"""Framing one policy scan, and how many of 1,000 binary codes come out right, beside readline."""

from __future__ import annotations

import random

import serial

from drivers.framing import FrameAssembler
from tests.benchmarks.table import Row, compared, interleave, scaled

_CODES = 1000


class _Replay(serial.SerialBase):
    """pyserial's own line reading over bytes at hand, without the cost of a device."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = data
        self._place = 0

    def _reconfigure_port(self) -> None:
        """Nothing to set up."""

    def write(self, data: object, /) -> int | None:
        raise NotImplementedError(f"a replay takes no {type(data).__name__}")

    def read(self, size: int = 1, /) -> bytes:
        start = self._place
        self._place = min(start + size, len(self._data))
        return self._data[start : self._place]


def run() -> list[Row]:
    """Microseconds per 130-byte scan with CR LF behind it, then codes right of 1,000."""
    rng = random.Random(7)  # noqa: S311  repeatable, not secret
    codes = [_policy(rng) for _ in range(_CODES)]
    easy = bytes([1, 0]) + bytes([0x41]) * 128
    ours, other = interleave(
        lambda: _framed(easy + b"\r\n"), lambda: _line(easy + b"\r\n"), rounds=40, calls=100
    )
    right = sum(_framed(code + b"\r\n") == code for code in codes)
    lines_right = sum(_line(code + b"\r\n") == code for code in codes)
    return [
        compared(
            "frame a policy scan",
            "µs",
            scaled(ours, 1e6),
            "pyserial read_until(LF)",
            scaled(other, 1e6),
            note="130 bytes and CR LF, without the line",
        ),
        compared(
            "binary codes right",
            f"of {_CODES:,}",
            [right],
            "pyserial read_until(LF)",
            [lines_right],
            note="signatures of any bytes, CR LF behind: the best case of a line reader",
        ),
    ]


def _policy(rng: random.Random) -> bytes:
    enp = rng.randrange(10**16)
    return bytes([rng.choice((1, 2))]) + enp.to_bytes(8, "big") + rng.randbytes(121)


def _framed(raw: bytes) -> bytes | None:
    assembler = FrameAssembler()
    assembler.feed(raw, 0.0)
    frame = assembler.poll(1.0)
    return None if frame is None else frame.content.payload


def _line(raw: bytes) -> bytes:
    return _Replay(raw).read_until(b"\n").removesuffix(b"\r\n")
