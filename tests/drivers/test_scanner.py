"""The scanner door on a pseudo-terminal: scans, unplugging, rubbish, and quiet while idle."""

from __future__ import annotations

import errno
import os
import queue
import random
import termios
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest
import serial

from drivers import scanner as scanner_module
from drivers.events import (
    BarcodeFrame,
    BarcodeStarted,
    Device,
    DeviceEvent,
    DeviceLost,
    DeviceReady,
    FrameKind,
)
from drivers.scanner import Scanner
from kiosk.demo.scanner import JITTERY, REAL, Mode, Pacing, VirtualScanner, wire_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WIDE_SILENCE = 0.25
VERY_WIDE_SILENCE = 2.0
"""For scans in pieces: a loaded test machine pauses longer than any scanner."""
PATIENCE = 30.0


class Listening:
    """A scanner worker in its thread, and the events it told."""

    def __init__(self, scanner: Scanner) -> None:
        """Start listening."""
        self.scanner = scanner
        self.events: queue.Queue[DeviceEvent] = queue.Queue()
        self.stop = threading.Event()
        self.thread = threading.Thread(target=scanner.run, args=(self.events.put, self.stop))
        self.thread.start()

    def next(self) -> DeviceEvent:
        """The next event; fails after `PATIENCE`."""
        return self.events.get(timeout=PATIENCE)

    def frame(self) -> BarcodeFrame:
        """The next two events: a start and its frame."""
        started = self.next()
        assert isinstance(started, BarcodeStarted)
        frame = self.next()
        assert isinstance(frame, BarcodeFrame)
        assert frame.at >= started.at
        return frame


@contextmanager
def listening(path: Path, baud: int = 9600, silence: float = WIDE_SILENCE) -> Iterator[Listening]:
    """Listen on `path`; the worker ends within a second."""
    worker = Listening(Scanner(str(path), baud, silence=silence))
    try:
        yield worker
    finally:
        worker.stop.set()
        worker.thread.join(PATIENCE)
        assert not worker.thread.is_alive()


@pytest.fixture
def _quick_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorter idle waits, so that dozens of workers end soon."""
    monkeypatch.setattr(scanner_module, "_IDLE_SECONDS", 0.1)


@pytest.fixture
def virtual(tmp_path: Path, _quick_stop: None) -> Iterator[VirtualScanner]:
    """A plugged-in scanner."""
    with VirtualScanner(tmp_path) as device:
        yield device


def policy(rng: random.Random) -> bytes:
    """130 bytes of a policy with any ENP and any bytes behind it."""
    enp = rng.randrange(10**16)
    return bytes([rng.choice((1, 2))]) + enp.to_bytes(8, "big") + rng.randbytes(121)


def seeded(seed: int) -> random.Random:
    """A generator that repeats."""
    return random.Random(seed)  # noqa: S311  test data, not secrets


def ready(path: Path) -> DeviceReady:
    """The event of a scanner that came."""
    return DeviceReady(Device.SCANNER, str(path))


@pytest.mark.parametrize("mode", [pytest.param(mode, id=mode.value) for mode in Mode])
def test_every_mode_gives_the_exact_bytes(virtual: VirtualScanner, mode: Mode) -> None:
    payload = policy(seeded(1))[:-6] + b"\\\\\x11\x13\r\n"
    with listening(virtual.path) as worker:
        assert worker.next() == ready(virtual.path)
        virtual.scan(payload, mode=mode)
        frame = worker.frame()
    assert (frame.kind, frame.payload) == (FrameKind.POLICY, payload)
    assert frame.port == str(virtual.path)


@pytest.mark.parametrize(
    "pacing",
    [
        pytest.param(REAL, id="9600-baud"),
        pytest.param(JITTERY, id="jitter"),
        pytest.param(Pacing(chunk=1), id="byte-by-byte"),
    ],
)
def test_pieces_of_a_scan_become_one_frame(virtual: VirtualScanner, pacing: Pacing) -> None:
    payload = policy(seeded(2))
    with listening(virtual.path, silence=VERY_WIDE_SILENCE) as worker:
        assert worker.next() == ready(virtual.path)
        virtual.scan(payload, mode=Mode.CRLF, pacing=pacing)
        sent = time.monotonic()
        frame = worker.frame()
    assert (frame.kind, frame.payload) == (FrameKind.POLICY, payload)
    assert abs(frame.at - sent) < VERY_WIDE_SILENCE


@pytest.mark.parametrize("baud", [300, 9600, 115200, 123457], ids=lambda baud: f"{baud}-baud")
def test_baud_rate_does_not_matter_to_a_terminal(virtual: VirtualScanner, baud: int) -> None:
    with listening(virtual.path, baud, 0.05) as worker:
        assert worker.next() == ready(virtual.path)
        virtual.scan(b"7856510844123454", mode=Mode.TAB)
        assert worker.frame().payload == b"7856510844123454"


def test_baud_rate_must_be_one() -> None:
    with pytest.raises(ValueError, match="baud rate must be positive, not 0"):
        Scanner("/dev/null", 0)


def test_two_hundred_scans_of_all_byte_values(virtual: VirtualScanner) -> None:
    rng = seeded(3)
    seen: set[int] = set()
    with listening(virtual.path, silence=0.02) as worker:
        assert worker.next() == ready(virtual.path)
        for count in range(200):
            payload = policy(rng)
            virtual.scan(payload, mode=rng.choice(list(Mode)))
            frame = worker.frame()
            assert (frame.kind, frame.payload) == (FrameKind.POLICY, payload), f"scan {count}"
            seen.update(payload)
    assert seen == set(range(256))


@pytest.mark.parametrize(
    ("misbehave", "reason"),
    [
        pytest.param(lambda v, p: v.scan(p, lose=60), "129 bytes, expected 130", id="lost-byte"),
        pytest.param(lambda v, p: v.scan(p, stop_after=50), "50 bytes, expected 130", id="stopped"),
        pytest.param(lambda v, p: v.glue(p, p), "two codes glued: 260 bytes", id="glued"),
        pytest.param(
            lambda v, p: v.glue(p, p, mode=Mode.CRLF), "two codes glued: 264 bytes", id="glued-crlf"
        ),
        pytest.param(lambda v, _: v.send(bytes([7]) * 300), "300 bytes, expected 130", id="noise"),
        pytest.param(lambda v, _: v.send(b"\r\n"), "empty", id="terminator-alone"),
        pytest.param(
            lambda v, _: v.send(bytes([7]) * 9000),
            "more than 4096 bytes without a pause",
            id="flood",
        ),
    ],
)
def test_misbehaviour_spoils_its_own_scan_only(
    virtual: VirtualScanner, misbehave: Callable[[VirtualScanner, bytes], None], reason: str
) -> None:
    payload = policy(seeded(4))
    with listening(virtual.path) as worker:
        assert worker.next() == ready(virtual.path)
        misbehave(virtual, payload)
        bad = worker.frame()
        assert (bad.kind, bad.payload, bad.reason) == (FrameKind.MALFORMED, b"", reason)
        virtual.scan(payload)
        assert worker.frame().payload == payload


def test_twenty_replugs_lose_no_later_scan(
    virtual: VirtualScanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The back-off starts anew with each: twenty that grow would take hours.
    monkeypatch.setattr(scanner_module, "_LONGEST_DELAY_SECONDS", 3600.0)
    rng = seeded(5)
    with listening(virtual.path, silence=0.05) as worker:
        for cycle in range(20):
            assert worker.next() == ready(virtual.path), f"cycle {cycle}"
            payload = policy(rng)
            virtual.scan(payload, mode=rng.choice(list(Mode)))
            assert worker.frame().payload == payload, f"cycle {cycle}"
            virtual.unplug()
            lost = worker.next()
            assert isinstance(lost, DeviceLost), f"cycle {cycle}"
            assert (lost.device, lost.cause) == (Device.SCANNER, "unplugged")
            virtual.replug()


def test_an_unplugging_is_told_once(virtual: VirtualScanner) -> None:
    with listening(virtual.path) as worker:
        assert worker.next() == ready(virtual.path)
        virtual.unplug()
        assert isinstance(worker.next(), DeviceLost)
        several_attempts_later = time.monotonic() + 0.8
        deadline = time.monotonic() + PATIENCE
        while worker.scanner.last_tick < several_attempts_later:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        virtual.replug()
        assert worker.next() == ready(virtual.path)


def test_unplugged_mid_code_drops_that_code(virtual: VirtualScanner) -> None:
    first, second = policy(seeded(6)), policy(seeded(7))
    with listening(virtual.path) as worker:
        assert worker.next() == ready(virtual.path)
        virtual.scan(first, stop_after=65)
        assert isinstance(worker.next(), BarcodeStarted)
        virtual.unplug()
        lost = worker.next()
        assert isinstance(lost, DeviceLost)
        assert lost.cause == "unplugged"
        virtual.replug()
        assert worker.next() == ready(virtual.path)
        virtual.send(first[65:])
        tail = worker.frame()
        assert (tail.kind, tail.reason) == (FrameKind.MALFORMED, "65 bytes, expected 130")
        virtual.scan(second)
        assert worker.frame().payload == second


def test_scans_from_before_listening_are_nobodys(virtual: VirtualScanner) -> None:
    payload = policy(seeded(8))
    virtual.scan(policy(seeded(9)))
    with listening(virtual.path) as worker:
        assert worker.next() == ready(virtual.path)
        virtual.scan(payload)
        assert worker.frame().payload == payload


def test_a_scanner_that_comes_later_is_noticed(tmp_path: Path) -> None:
    device = VirtualScanner(tmp_path)
    with listening(device.path) as worker:
        assert worker.next() == DeviceLost(Device.SCANNER, "no-port", errno.ENOENT)
        with device:
            assert worker.next() == ready(device.path)


def test_a_port_held_by_another_is_busy_until_freed(virtual: VirtualScanner) -> None:
    with listening(virtual.path) as waiting:
        assert waiting.next() == ready(virtual.path)
        with listening(virtual.path) as second:
            lost = second.next()
            assert isinstance(lost, DeviceLost)
            assert lost.cause == "busy"
            waiting.stop.set()
            assert second.next() == ready(virtual.path)


@pytest.mark.parametrize(
    ("error", "cause", "native"),
    [
        pytest.param(
            serial.SerialException(errno.EACCES, "x"), "refused", errno.EACCES, id="rights"
        ),
        pytest.param(serial.SerialException(errno.EAGAIN, "x"), "busy", errno.EAGAIN, id="locked"),
        pytest.param(serial.SerialException(errno.ENODEV, "x"), "no-port", errno.ENODEV, id="gone"),
        pytest.param(serial.SerialException("x"), "no-port", None, id="no-errno"),
        pytest.param(OSError(errno.EIO, "x"), "no-port", errno.EIO, id="io-error"),
        pytest.param(termios.error(errno.EIO, "x"), "no-port", errno.EIO, id="termios"),
        pytest.param(ValueError("no such rate"), "not-serial", None, id="baud-refused"),
    ],
)
def test_causes_of_a_port_that_does_not_open(
    monkeypatch: pytest.MonkeyPatch, error: Exception, cause: str, native: int | None
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(serial, "Serial", refuse)
    with listening(Path("/dev/absent")) as worker:
        assert worker.next() == DeviceLost(Device.SCANNER, cause, native)


def test_a_file_is_no_serial_port(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    with listening(path) as worker:
        assert worker.next() == DeviceLost(Device.SCANNER, "not-serial", errno.ENOTTY)


class EmptyPort:
    """A port that is always readable and never holds anything, as some adapters leave behind."""

    def __init__(self, *_: object, **__: object) -> None:
        """Open it."""
        self._fd = os.open(os.devnull, os.O_RDONLY)

    def fileno(self) -> int:
        """Descriptor to wait on."""
        return self._fd

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        os.close(self._fd)


def test_endless_empty_reads_are_an_unplugging(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial, "Serial", EmptyPort)
    with listening(Path("/dev/absent")) as worker:
        assert worker.next() == ready(Path("/dev/absent"))
        assert worker.next() == DeviceLost(Device.SCANNER, "unplugged", None)
        began = time.monotonic()
        for _ in range(3):
            assert isinstance(worker.next(), DeviceReady)
            assert isinstance(worker.next(), DeviceLost)
        assert time.monotonic() - began > 0.2 + 0.4 + 0.8 - 0.05, "back-off must grow"


@pytest.mark.parametrize(
    "plugged", [pytest.param(True, id="idle"), pytest.param(False, id="absent")]
)
def test_idle_ticks_without_busy_waiting(tmp_path: Path, plugged: bool) -> None:
    device = VirtualScanner(tmp_path)
    if plugged:
        device.replug()
    with listening(device.path) as worker:
        assert isinstance(worker.next(), DeviceReady if plugged else DeviceLost)
        task = Path(f"/proc/self/task/{worker.thread.native_id}/status")
        before, began, ticked = switches(task), time.monotonic(), worker.scanner.last_tick
        assert not worker.stop.wait(2.0)
        assert worker.scanner.last_tick > ticked
        # Two a second when idle, more at the begin of a back-off, and waits for other threads.
        assert switches(task) - before <= 10 * (time.monotonic() - began)
    device.unplug()


def switches(task: Path) -> int:
    """How often a thread has gone to sleep so far."""
    lines = task.read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt"))


@pytest.mark.parametrize(
    ("now", "due", "arrival"),
    [
        pytest.param(5.0, None, 5.0, id="first-byte"),
        pytest.param(5.0, 5.03, 5.0, id="in-time"),
        pytest.param(5.0, 4.9, 4.9, id="woken-late"),
        pytest.param(5.0, 4.7, 5.0, id="too-late-to-belong"),
    ],
)
def test_bytes_found_late_belong_to_the_running_scan(
    now: float, due: float | None, arrival: float
) -> None:
    assert scanner_module._arrival(now, due) == arrival


def open_descriptors() -> int:
    """How many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def test_no_descriptor_leaks(virtual: VirtualScanner) -> None:
    before = open_descriptors()
    for _ in range(3):
        with listening(virtual.path) as worker:
            assert worker.next() == ready(virtual.path)
        virtual.unplug()
        virtual.replug()
    # Less is no leak: what tests before have left may go meanwhile.
    assert open_descriptors() <= before


def test_virtual_scanner_says_when_it_is_away(tmp_path: Path) -> None:
    device = VirtualScanner(tmp_path)
    with device:
        assert device.path.is_symlink()
        assert device.plugged
    assert not device.path.is_symlink()
    with pytest.raises(ConnectionError, match="unplugged"):
        device.scan(b"1")


def test_virtual_scanner_drops_what_nobody_reads(virtual: VirtualScanner) -> None:
    virtual.send(bytes(200_000))


def test_virtual_scanner_repeats_its_noise(tmp_path: Path) -> None:
    noises = []
    for _ in range(2):
        with VirtualScanner(tmp_path, seed=11) as device:
            noises.append(device.noise(50))
    assert noises[0] == noises[1]


def test_wire_bytes_of_modes_differ() -> None:
    payload = policy(seeded(12))[:-1] + b"\\"
    assert len({wire_bytes(payload, mode) for mode in Mode}) == len(Mode)
