"""The photo of a card, decoded beside the kiosk: `kiosk.photo_decode` at the other end of a pipe.

Each picture gets a fresh process that ends with it, so nothing of a person stays and nothing that
a card holds reaches the kiosk. Starting Python takes longer than decoding, so the next process
waits ahead. The answer never waits for the photo: it joins the frame when it is there.
"""

from __future__ import annotations

import logging
import select
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kiosk.photo_decode import HEADER, LARGEST_BYTES, SHOWN
from kiosk.policy.model import Photo, PresentedPolicy
from kiosk.states import Showing
from ui.screen import Raster

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiosk.states import Session

_log = logging.getLogger(__name__)

DECODE_SECONDS: Final = 2.0
"""For one picture; a slow board with a cold disk also starts the process in it."""
_LARGEST_ANSWER: Final = HEADER.size + 3 * SHOWN[0] * SHOWN[1]
_TURN_SECONDS: Final = 1.0
_POLL_SECONDS: Final = 0.25
_COMMAND: Final = (sys.executable, "-I", "-m", "kiosk.photo_decode")


@dataclass(frozen=True, slots=True)
class PhotoReady:
    """The photo of a shown answer; None: the card holds something that is no picture."""

    ticket: int
    photo: Raster | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Wanted:
    ticket: int
    photo: Photo = field(repr=False)


class PhotoWorker:
    """Decodes the photo of whoever is shown, the newest first; see the head of this module."""

    def __init__(self) -> None:
        """Nothing runs yet."""
        self.last_tick = time.monotonic()
        self._changed = threading.Condition()
        self._wanted: _Wanted | None = None
        self._seen: _Wanted | None = None
        self._spare: subprocess.Popen[bytes] | None = None

    def look(self, session: Session) -> None:
        """Take up the photo of the answer that is shown now, if it has one that is new."""
        wanted = _wanted(session)
        if wanted == self._seen:
            return
        self._seen = wanted
        with self._changed:
            self._wanted = wanted
            self._changed.notify()

    def run(self, emit: Callable[[PhotoReady], None], stop: threading.Event) -> None:
        """Decode until `stop`."""
        try:
            while not stop.is_set():
                self.last_tick = time.monotonic()
                self._prepare()
                wanted = self._next()
                if wanted is not None:
                    emit(PhotoReady(wanted.ticket, self._decode(wanted.photo.data, stop)))
        finally:
            self._end()

    def _next(self) -> _Wanted | None:
        with self._changed:
            if self._wanted is None:
                self._changed.wait(_TURN_SECONDS)
            wanted, self._wanted = self._wanted, None
            return wanted

    def _prepare(self) -> None:
        """Have a process that waits for a picture."""
        if self._spare is not None and self._spare.poll() is None:
            return
        self._end()
        try:
            self._spare = subprocess.Popen(
                _COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                close_fds=True,
            )
        except OSError as error:
            _log.error("photos cannot be decoded: errno %s", error.errno)

    def _decode(self, data: bytes, stop: threading.Event) -> Raster | None:
        if len(data) > LARGEST_BYTES or self._spare is None:
            return None
        answer = b""
        # It may have died, and a pipe holds 64 KiB: writing never waits for the other end.
        with suppress(OSError):
            answer = self._exchange(self._spare, data, stop)
        self._end()
        return _raster(answer)

    def _exchange(
        self, process: subprocess.Popen[bytes], data: bytes, stop: threading.Event
    ) -> bytes:
        """Everything the process answers within its time, and not a byte more than a picture."""
        assert process.stdin is not None  # noqa: S101  # both are pipes
        assert process.stdout is not None  # noqa: S101
        process.stdin.write(data)
        process.stdin.close()
        answer = bytearray()
        until = time.monotonic() + DECODE_SECONDS
        while len(answer) <= _LARGEST_ANSWER and not stop.is_set():
            self.last_tick = now = time.monotonic()
            if now >= until:
                _log.warning("a photo took too long to decode")
                return b""
            if not select.select([process.stdout], [], [], min(_POLL_SECONDS, until - now))[0]:
                continue
            chunk = process.stdout.read1(_LARGEST_ANSWER + 1 - len(answer))  # type: ignore[attr-defined]
            if not chunk:
                break
            answer += chunk
        return bytes(answer)

    def _end(self) -> None:
        """Let go of the process, whatever it does."""
        process, self._spare = self._spare, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        process.wait()


def _wanted(session: Session) -> _Wanted | None:
    match session.state:
        case Showing(ticket=ticket, policy=PresentedPolicy(photo=Photo() as photo)):
            return _Wanted(ticket, photo)
        case _:
            return None


def _raster(answer: bytes) -> Raster | None:
    """The picture in an answer, held to its own measures."""
    if len(answer) < HEADER.size:
        return None
    width, height = HEADER.unpack_from(answer)
    pixels = answer[HEADER.size :]
    if not (0 < width <= SHOWN[0] and 0 < height <= SHOWN[1]) or len(pixels) != 3 * width * height:
        return None
    return Raster(width, height, pixels)
