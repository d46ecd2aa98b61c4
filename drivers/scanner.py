"""The serial barcode scanner: the one door to pyserial.

One worker thread runs `Scanner.run`. It frames what comes (`drivers.framing`), tells it as events
(`drivers.events`) and reopens the port for ever by the same path, a link that udev makes from the
device's USB identity, so that any replug brings it back.
"""

from __future__ import annotations

import errno
import os
import select
import termios
import time
from typing import TYPE_CHECKING

import serial

from drivers.events import (
    BarcodeFrame,
    BarcodeStarted,
    Device,
    DeviceEvent,
    DeviceLost,
    DeviceReady,
    DriverError,
)
from drivers.framing import MAX_SCAN_BYTES, SILENCE_SECONDS, Frame, FrameAssembler

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

_IDLE_SECONDS = 0.7
"""Longest wait: below the second in which `stop` is obeyed, above half of one for few wake-ups."""
_FIRST_DELAY_SECONDS = 0.2
_LONGEST_DELAY_SECONDS = 2.0
_LATE_SECONDS = 0.2
"""How much later than due a wait may end and its bytes still count as the running scan's."""
_EMPTY_READS = 5
"""Reads in a row that find nothing on a readable port, until it counts as unplugged."""
_READ_BYTES = 4096

_OPEN_CAUSES = {
    errno.EACCES: "refused",
    errno.EPERM: "refused",
    errno.EBUSY: "busy",
    errno.EAGAIN: "busy",
    errno.ENOTTY: "not-serial",
    errno.EINVAL: "not-serial",
}


class ScannerError(DriverError):
    """The scanner's port cannot be opened or is gone.

    `cause` as in `DeviceLost`: `no-port`, `refused` (rights), `busy` (another program holds it),
    `not-serial` (no serial line, or one that refuses the baud rate), `unplugged`. `native` is the
    errno behind it, if there was one.
    """

    def __init__(self, port: str, cause: str, native: int | None) -> None:
        """Keep the port, the fixed code and the errno."""
        super().__init__(f"{port}: {cause}" + ("" if native is None else f" (errno {native})"))
        self.cause = cause
        self.native = native


class Scanner:
    """Worker that listens on a serial port: raw 8N1, exclusive, without flow control.

    `last_tick` is the monotonic time at which the worker last went round, at most 0.7 s ago while
    it is healthy, whether or not a scanner is there.
    """

    def __init__(
        self,
        port: str,
        baud: int = 9600,
        *,
        silence: float = SILENCE_SECONDS,
        limit: int = MAX_SCAN_BYTES,
    ) -> None:
        """Listen on `port` at `baud`; `silence` in seconds and `limit` in bytes frame the scans.

        Touches no hardware. Raises `ValueError` for a baud rate that is none.
        """
        if baud <= 0:
            raise ValueError(f"baud rate must be positive, not {baud}")
        self.last_tick = time.monotonic()
        self._port = port
        self._baud = baud
        self._silence = silence
        self._limit = limit
        self._delay = _FIRST_DELAY_SECONDS

    def run(self, emit: Callable[[DeviceEvent], None], stop: threading.Event) -> None:
        """Emit events until `stop` is set (obeyed within a second).

        `DeviceReady` and `DeviceLost` are told on change only, whatever a flapping port does.
        A scan that an unplugging cut short is dropped: `DeviceLost` is its end.
        """
        told: str | None = None
        while not stop.is_set():
            try:
                with _opened(self._port, self._baud) as port:
                    emit(DeviceReady(Device.SCANNER, self._port))
                    told = None
                    self._listen(port.fileno(), emit, stop)
            except ScannerError as error:
                # The path of an unplugged scanner is missing: that is no news.
                if error.cause != told and (told, error.cause) != ("unplugged", "no-port"):
                    emit(DeviceLost(Device.SCANNER, error.cause, error.native))
                    told = error.cause
                self._back_off(stop)

    def _back_off(self, stop: threading.Event) -> None:
        end = time.monotonic() + self._delay
        self._delay = min(2 * self._delay, _LONGEST_DELAY_SECONDS)
        while not stop.is_set():
            self.last_tick = time.monotonic()
            remaining = end - self.last_tick
            if remaining <= 0:
                return
            stop.wait(min(remaining, _IDLE_SECONDS))

    def _listen(self, fd: int, emit: Callable[[DeviceEvent], None], stop: threading.Event) -> None:
        """Frame what comes until `stop`; raises `ScannerError` when the port is gone."""
        framing = FrameAssembler(self._silence, self._limit)
        waiter = select.poll()
        waiter.register(fd, select.POLLIN)
        empty_reads = 0
        while not stop.is_set():
            self.last_tick = time.monotonic()
            due = framing.deadline()
            wait = _IDLE_SECONDS if due is None else max(0.0, due - self.last_tick)
            ready = waiter.poll(wait * 1000)
            now = time.monotonic()
            if not ready:
                self._emit_frame(framing.poll(now), emit)
                self._delay = _FIRST_DELAY_SECONDS
                continue
            data = self._read(fd)
            empty_reads = 0 if data else empty_reads + 1
            if empty_reads >= _EMPTY_READS:
                raise ScannerError(self._port, "unplugged", None)
            if data:
                self._take(framing, data, _arrival(now, due), emit)

    def _read(self, fd: int) -> bytes:
        # Not Serial.read: it swallows the errno, and takes the first empty read for an error.
        try:
            return os.read(fd, _READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise ScannerError(self._port, "unplugged", error.errno) from error

    def _take(
        self,
        framing: FrameAssembler,
        data: bytes,
        at: float,
        emit: Callable[[DeviceEvent], None],
    ) -> None:
        between_scans = framing.deadline() is None
        before = framing.feed(data, at)
        self._emit_frame(before, emit)
        if between_scans or before is not None:
            emit(BarcodeStarted(self._port, at))

    def _emit_frame(self, frame: Frame | None, emit: Callable[[DeviceEvent], None]) -> None:
        if frame is not None:
            content = frame.content
            emit(BarcodeFrame(self._port, content.kind, content.payload, frame.at, content.reason))


def _arrival(now: float, due: float | None) -> float:
    """When bytes came that were found at `now`, in a wait that was to end at `due`.

    A busy machine can wake us late, with bytes waiting that came in time. Two scans are hundreds
    of milliseconds apart, so bytes found a little late belong to the running scan; taken at their
    word they would tear it.
    """
    if due is None or now - due > _LATE_SECONDS:
        return now
    return min(now, due)


def _opened(port: str, baud: int) -> serial.Serial:
    """The opened port, its input buffer emptied: nobody knows whose scan had waited there.

    Raises `ScannerError`.
    """
    try:
        # timeout=0: never block in pyserial, waiting is done in `_listen`. 8N1 is its default.
        return serial.Serial(port, baud, timeout=0, exclusive=True, xonxoff=False, rtscts=False)
    except (OSError, ValueError, termios.error) as error:
        native = _errno_behind(error)
        default = "not-serial" if isinstance(error, ValueError) else "no-port"
        cause = _OPEN_CAUSES.get(native, default) if native is not None else default
        raise ScannerError(port, cause, native) from error


def _errno_behind(error: BaseException | None) -> int | None:
    """The errno of an error or of what caused it: pyserial drops it when it wraps termios."""
    while error is not None:
        number = getattr(error, "errno", None)
        if number is None and isinstance(error, termios.error):
            number = error.args[0]
        if isinstance(number, int):
            return number
        error = error.__context__
    return None
