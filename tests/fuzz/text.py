"""Changes to texts: other scripts' digits, marks that are not seen, coded bytes, more numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kiosk.demo.people import PEOPLE
from tests.fuzz.mutate import MAX_PART

if TYPE_CHECKING:
    import random

_PIECES: Final = tuple(
    piece.encode("utf-8", "surrogatepass")
    for piece in (
        *(one.enp for one in PEOPLE[:8]),
        *("00123456789", "112-233-445 95", "1027700132195", "4601234567893", "4000000000000002"),
        *("123456789", "А012", "талон", "№", "N", "II-АК", "01.02.2024", "7856 5108 4400 0016"),
        *("٠١٢٣", "०१२३", "0123", "²³", "Ⅷ", "𝟘𝟙𝟚", "\u00a0", "\u2009", "\u202e", "\u200b"),
        *("\ufeff", "\u0301", "\ud800", "\udfff", "\U0010ffff", "ё", "ß", "ŉ", "İ", "\0", "\x1d"),
        *("\r\n", "\t", "%", "%%", "%20", "%C3%28", "%FF", "%u0041", "%00", "+", "-", "\u2011"),
        *("<", "<<<<<<<<<<", "P<RUS", "PNRUS", "|", "&", "=", "/", ".", ","),
    )
)
_REPEATS: Final = (2, 16, 200, 5000)


def put_piece(rng: random.Random, data: bytes, _other: bytes) -> bytes:
    """A piece put in, or over what stands there."""
    piece = rng.choice(_PIECES)
    at = rng.randrange(len(data) + 1)
    behind = at if rng.random() < 0.5 else at + len(piece)
    return data[:at] + piece + data[behind:]


def repeat_piece(rng: random.Random, data: bytes, _other: bytes) -> bytes:
    """A piece many times: what makes patterns search long."""
    at = rng.randrange(len(data) + 1)
    many = rng.choice(_PIECES) * rng.choice(_REPEATS)
    return data[:at] + many[:MAX_PART] + data[at:]


def repeat_pair(rng: random.Random, data: bytes, _other: bytes) -> bytes:
    """Two pieces by turns."""
    at = rng.randrange(len(data) + 1)
    pair = rng.choice(_PIECES) + rng.choice(_PIECES)
    return data[:at] + (pair * rng.choice(_REPEATS))[:MAX_PART] + data[at:]


def change_digit(rng: random.Random, data: bytes, _other: bytes) -> bytes:
    """A digit for another."""
    places = [at for at, byte in enumerate(data[:4096]) if 0x30 <= byte <= 0x39]
    if not places:
        return data + b"7"
    at = rng.choice(places)
    return data[:at] + b"%d" % rng.randrange(10) + data[at + 1 :]


def recode(rng: random.Random, data: bytes, _other: bytes) -> bytes:
    """The same text in another code, or its bytes as a URL writes them."""
    text = data.decode("utf-8", "replace")
    if rng.random() < 0.3:
        return "".join(f"%{byte:02X}" for byte in data[:4096]).encode()
    return text.encode(rng.choice(("cp1251", "utf-16", "cp866", "koi8-r")), "replace")


TEXT: Final = (put_piece, put_piece, repeat_piece, repeat_pair, change_digit, recode)
