"""Displays that are not there: an X server without a screen (Xvfb), and who sits at it.

`Sitter` speaks X11 itself, as far as a finger, a camera and a window manager's basics need it, so
that touches reach a kiosk by the way that real ones take. Requests: X Window System Protocol,
chapters 8 and 9, and the XTEST extension, both from X.Org.
"""

from __future__ import annotations

import shutil
import socket
import struct
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Self

from tests.benchmarks.processes import process

if TYPE_CHECKING:
    from collections.abc import Iterator

_REPLY: Final = 1
_ANSWER_SECONDS: Final = 10.0
_MOTION, _PRESS, _RELEASE = 6, 4, 5
_FIRST_BUTTON: Final = 1


def has_xvfb() -> bool:
    """Whether a display can be made."""
    return shutil.which("Xvfb") is not None


@contextmanager
def x_server(size: tuple[int, int]) -> Iterator[str]:
    """A display of `size` pixels; its name, such as `:5`.

    Raises `RuntimeError` where the server does not come up.
    """
    screen = f"{size[0]}x{size[1]}x24"
    options = ("-displayfd", "1", "-screen", "0", screen, "-nolisten", "tcp", "-ac", "-noreset")
    with process("Xvfb", *options, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        number = child.stdout.readline().strip()
        if not number:
            raise RuntimeError("Xvfb does not come up")
        yield f":{number}"


def on(display: str) -> dict[str, str]:
    """The environment of a program that draws on `display`."""
    return {"DISPLAY": display, "SDL_VIDEODRIVER": "x11"}


class XError(Exception):
    """The X server refuses a request, such as one about a window that has just gone."""


class Sitter:
    """Touches what is on a display, looks at it, and moves its windows."""

    def __init__(self, display: str) -> None:
        """Sit down at `display`."""
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(_ANSWER_SECONDS)
        self._socket.connect(f"/tmp/.X11-unix/X{display.removeprefix(':')}")  # noqa: S108
        self._socket.sendall(struct.pack("<cxHHHHxx", b"l", 11, 0, 0, 0))
        accepted, length = struct.unpack("<BxxxxxH", self._exactly(8))
        if accepted != 1:
            raise ConnectionError("the X server takes nobody")
        setup = self._exactly(4 * length)
        self._own = struct.unpack_from("<I", setup, 4)[0]
        vendor, formats = struct.unpack_from("<H", setup, 16)[0], setup[21]
        self._root = struct.unpack_from("<I", setup, 32 + -(-vendor // 4) * 4 + 8 * formats)[0]
        self._xtest = self._ask(98, 0, struct.pack("<Hxx", 5) + b"XTEST\0\0\0")[9]

    def __enter__(self) -> Self:
        """The sitter."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave."""
        self._socket.close()

    def touch(self, x: int, y: int) -> None:
        """Put a finger there and take it away; the server has it on return."""
        for kind, detail in ((_MOTION, 0), (_PRESS, _FIRST_BUTTON), (_RELEASE, _FIRST_BUTTON)):
            body = struct.pack("<BBxxII8xhh8x", kind, detail, 0, self._root, x, y)
            self._send(self._xtest, 2, body)
        self._sync()

    @property
    def server(self) -> int:
        """The X server's process."""
        who = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return int(struct.unpack("3i", who)[0])

    def windows(self) -> list[int]:
        """The windows on the display, the lowest first."""
        count = struct.unpack_from("<H", reply := self._ask(15, 0, self._id(self._root)), 16)[0]
        return list(struct.unpack_from(f"<{count}I", reply, 32))

    def size_of(self, window: int) -> tuple[int, int]:
        """Width and height of a window."""
        width, height = struct.unpack_from("<HH", self._ask(14, 0, self._id(window)), 16)
        return width, height

    def resize(self, window: int, width: int, height: int) -> None:
        """Give a window another size, as a window manager does."""
        self._send(12, 0, struct.pack("<IHxxII", window, 0b1100, width, height))
        self._sync()

    def cover(self) -> None:
        """Put a red window over everything and take it away again, as a passing dialogue does."""
        corner = struct.pack("<IIhhHHHHI", self._own, self._root, 0, 0, 4096, 4096, 0, 1, 0)
        self._send(1, 0, corner + struct.pack("<II", 0b10, 0xFF0000))
        self._send(8, 0, self._id(self._own))
        self._sync()
        self._send(4, 0, self._id(self._own))
        self._sync()

    def offer_closing(self) -> None:
        """Make the names that `close_window` uses: some programs look for them only at start."""
        for name in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW"):
            self._atom(name)

    def close_window(self, window: int) -> None:
        """Ask its program to close a window (ICCCM 4.2.8.1)."""
        protocols, delete = self._atom(b"WM_PROTOCOLS"), self._atom(b"WM_DELETE_WINDOW")
        event = struct.pack("<BBHIIII", 33, 32, 0, window, protocols, delete, 0)
        self._send(25, 0, struct.pack("<II", window, 0) + event.ljust(32, b"\0"))
        self._sync()

    def pixels(self, window: int | None = None) -> tuple[tuple[int, int], bytes]:
        """What can be seen of a window, or of the whole display: its size, RGB of each pixel."""
        drawable = window or self._root
        width, height = self.size_of(drawable)
        area = struct.pack("<IhhHHI", drawable, 0, 0, width, height, 0xFFFFFF)
        data = self._ask(73, 2, area)[32:]
        rgb = bytearray(3 * width * height)
        for place, source in enumerate((2, 1, 0)):
            rgb[place::3] = data[source::4][: width * height]
        return (width, height), bytes(rgb)

    def _id(self, number: int) -> bytes:
        return struct.pack("<I", number)

    def _atom(self, name: bytes) -> int:
        padded = name.ljust(-(-len(name) // 4) * 4, b"\0")
        reply = self._ask(16, 0, struct.pack("<Hxx", len(name)) + padded)
        return int(struct.unpack_from("<I", reply, 8)[0])

    def _sync(self) -> None:
        """Wait until the server has done all that it was told (GetInputFocus)."""
        self._ask(43, 0, b"")

    def _send(self, opcode: int, detail: int, body: bytes) -> None:
        self._socket.sendall(struct.pack("<BBH", opcode, detail, 1 + len(body) // 4) + body)

    def _ask(self, opcode: int, detail: int, body: bytes) -> bytes:
        """The whole reply; events on the way are nobody's here."""
        self._send(opcode, detail, body)
        while True:
            head = self._exactly(32)
            if head[0] == 0:
                raise XError(f"X error {head[1]} on request {opcode}")
            if head[0] == _REPLY:
                return head + self._exactly(4 * struct.unpack_from("<I", head, 4)[0])

    def _exactly(self, length: int) -> bytes:
        found = bytearray()
        while len(found) < length:
            piece = self._socket.recv(length - len(found))
            if not piece:
                raise ConnectionError("the X server is gone")
            found += piece
        return bytes(found)
