"""Changes to machine-readable lines: other characters, and check digits that are right again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kiosk.demo.encode_mrz import digit

if TYPE_CHECKING:
    import random

_CHARACTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"
_PIECES: Final = ("<<", "<<<", "PNRUS", "P<RUS", "XXX", "000229", "991332", "000000", "<<<<<<")
_LINE: Final = 44
_FIELDS: Final = ((0, 9), (13, 19), (21, 27), (28, 42))
"""Of the second line, each with its check digit behind it (ICAO 9303 part 4, 4.2.2)."""
_NOT_MRZ: Final = re.compile("[^0-9A-Z<]")


def change_character(rng: random.Random, data: bytes, _other: bytes) -> bytes:
    """One character of the alphabet for another."""
    return _changed(rng, data)


def change_and_mend(rng: random.Random, data: bytes, _other: bytes) -> bytes:
    """Some characters changed and the check digits put right, so that what is behind is reached."""
    for _ in range(rng.choice((1, 1, 2, 6))):
        data = _changed(rng, data)
    lines = data.split(b"\n")
    second = lines[-1][-_LINE:].decode("latin-1")
    if len(second) < _LINE or _NOT_MRZ.search(second):
        return data
    for start, end in _FIELDS:
        if rng.random() < 0.9:
            second = second[:end] + digit(second[start:end]) + second[end + 1 :]
    whole = digit(second[:10] + second[13:20] + second[21:43])
    return b"\n".join([*lines[:-1], lines[-1][:-_LINE] + (second[:43] + whole).encode()])


def _changed(rng: random.Random, data: bytes) -> bytes:
    piece = rng.choice(_PIECES) if rng.random() < 0.2 else rng.choice(_CHARACTERS)
    at = rng.randrange(max(1, len(data)))
    return data[:at] + piece.encode() + data[at + len(piece) :]


PASSPORT: Final = (change_character, change_and_mend, change_and_mend, change_and_mend)
