"""What the compositor itself starts: it says when clients may come, and that the compositor lives.

cage knows nothing of systemd, and a compositor that hangs leaves a frozen picture while the kiosk
behind it goes on. So a client asks it for an answer every few seconds (`wl_display.sync`, which
cannot be answered without turning its loop) and passes that on as the unit's watchdog. Nothing is
ever shown by it. Wayland's wire format: header of object, size and opcode, in the machine's order;
https://wayland.freedesktop.org/docs/html/ch04.html#sect-Protocol-Wire-Format
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Final

from kiosk.notify import Notifier

PAUSE_SECONDS: Final = 3.0
ANSWER_SECONDS: Final = 6.0
"""An answer takes less than a millisecond; a machine under load is no compositor that hangs."""

_HEADER: Final = struct.Struct("=II")
_DISPLAY: Final = 1
_CALLBACK: Final = 2
"""The only object that is ever made; its number is free again when it has answered."""
_SYNC: Final = 0
_ERROR: Final = 0
_MOST_BYTES: Final = 4096


class DeadError(Exception):
    """The compositor does not answer, or ends the connection."""


def ask(compositor: socket.socket) -> None:
    """Ask for an answer, and wait for it.

    Raises:
        DeadError: there is none in time, or the compositor refuses the connection.
    """
    ends = time.monotonic() + ANSWER_SECONDS
    try:
        size = _HEADER.size + 4
        compositor.sendall(
            _HEADER.pack(_DISPLAY, size << 16 | _SYNC) + struct.pack("=I", _CALLBACK)
        )
        # Its answer, and that its number is free: two events, in whatever pieces.
        awaited = {_CALLBACK, _DISPLAY}
        while awaited:
            sender, opcode = _event(compositor, ends)
            if sender == _DISPLAY and opcode == _ERROR:
                raise DeadError("the compositor refuses this client")
            awaited.discard(sender)
    except OSError as error:
        raise DeadError(error.strerror or "no answer") from None


def _event(compositor: socket.socket, ends: float) -> tuple[int, int]:
    """Who says what next."""
    sender, word = _HEADER.unpack(_exactly(compositor, _HEADER.size, ends))
    length = (word >> 16) - _HEADER.size
    if not 0 <= length <= _MOST_BYTES:
        raise DeadError("the compositor speaks nonsense")
    _exactly(compositor, length, ends)
    return sender, word & 0xFFFF


def _exactly(compositor: socket.socket, length: int, ends: float) -> bytes:
    found = b""
    while len(found) < length:
        left = ends - time.monotonic()
        if left <= 0:
            raise DeadError("no answer")
        compositor.settimeout(left)
        piece = compositor.recv(length - len(found))
        if not piece:
            raise DeadError("the compositor is gone")
        found += piece
    return found


def main() -> int:
    """Ask until there is no answer; the unit's restart is then the service manager's business."""
    notifier = Notifier.from_environment()
    folder = os.environ.get("XDG_RUNTIME_DIR", "/")
    path = Path(folder, os.environ.get("WAYLAND_DISPLAY", "wayland-0"))
    is_ready = False
    try:
        with socket.socket(socket.AF_UNIX) as compositor:
            compositor.settimeout(ANSWER_SECONDS)
            compositor.connect(str(path))
            while True:
                ask(compositor)
                if not is_ready:
                    is_ready = notifier.ready()
                notifier.watchdog()
                time.sleep(PAUSE_SECONDS)
    except (DeadError, OSError) as error:
        sys.stderr.write(f"screen: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
