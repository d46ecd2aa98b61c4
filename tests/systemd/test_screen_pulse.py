"""The compositor's pulse: an answer is passed on, silence and nonsense are not."""

from __future__ import annotations

import socket
import struct
import threading
from typing import TYPE_CHECKING

import pytest

from kiosk import screen_pulse
from kiosk.screen_pulse import DeadError, ask, main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SYNC = struct.pack("=III", 1, 12 << 16, 2)
DONE = struct.pack("=III", 2, 12 << 16, 7)
DELETED = struct.pack("=III", 1, 12 << 16 | 1, 2)
GLOBAL = struct.pack("=II", 9, 16 << 16) + bytes(8)


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The client's end and the compositor's."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize("answer", [DONE + DELETED, DELETED + DONE, GLOBAL + DONE + DELETED])
def test_an_answer_is_an_answer(ends: tuple[socket.socket, socket.socket], answer: bytes) -> None:
    ours, theirs = ends
    for _ in range(3):
        theirs.sendall(answer)
        ask(ours)
        assert theirs.recv(100) == SYNC


def test_an_answer_may_come_in_pieces(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends

    def answer() -> None:
        theirs.recv(100)
        for byte in DONE + DELETED:
            theirs.sendall(bytes([byte]))

    thread = threading.Thread(target=answer)
    thread.start()
    ask(ours)
    thread.join()


@pytest.mark.parametrize(
    "answer",
    [
        struct.pack("=III", 1, 12 << 16, 1),
        struct.pack("=II", 2, 0),
        struct.pack("=II", 2, 0xFFFF << 16),
        DONE[:5],
        b"",
    ],
)
def test_everything_else_is_none(ends: tuple[socket.socket, socket.socket], answer: bytes) -> None:
    ours, theirs = ends
    theirs.sendall(answer)
    theirs.shutdown(socket.SHUT_WR)
    with pytest.raises(DeadError):
        ask(ours)


def test_silence_is_none(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen_pulse, "ANSWER_SECONDS", 0.05)
    with pytest.raises(DeadError):
        ask(ends[0])


def test_ready_is_said_once_and_the_watchdog_with_each_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen_pulse, "PAUSE_SECONDS", 0.0)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with (
        socket.socket(socket.AF_UNIX) as compositor,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
    ):
        compositor.bind(str(tmp_path / "wayland-0"))
        compositor.listen()
        manager.bind(str(tmp_path / "notify"))

        def answer_twice() -> None:
            client, _ = compositor.accept()
            with client:
                for _ in range(2):
                    client.recv(100)
                    client.sendall(DONE + DELETED)

        thread = threading.Thread(target=answer_twice)
        thread.start()
        assert main() == 1, "it ends with the compositor"
        thread.join()
        told = [manager.recv(100) for _ in range(3)]
    assert told == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]


def test_without_a_compositor_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert main() == 1
