"""Connections to a display are told from all others, by the names of who listens there."""

from __future__ import annotations

import socket
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from ui.display_lines import display_lines


@pytest.mark.parametrize(
    ("place", "is_display"),
    [
        pytest.param("wayland-0", True, id="wayland"),
        pytest.param(".X11-unix/X7", True, id="x11"),
        pytest.param("bus", False, id="session-bus"),
    ],
)
@pytest.mark.parametrize("abstract", [False, True], ids=["path", "abstract"])
def test_a_line_to_a_display_is_found(place: str, *, is_display: bool, abstract: bool) -> None:
    before = display_lines()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="line-")))
        path = folder / place
        path.parent.mkdir(exist_ok=True)
        name = f"\0{path}" if abstract else str(path)
        server = stack.enter_context(socket.socket(socket.AF_UNIX))
        server.bind(name)
        server.listen()
        line = stack.enter_context(socket.socket(socket.AF_UNIX))
        line.connect(name)
        stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        assert display_lines() - before == ({line.fileno()} if is_display else set())
    assert display_lines() == before


def test_looking_opens_nothing() -> None:
    before = sorted(Path("/proc/self/fd").iterdir())
    for _ in range(3):
        display_lines()
    assert sorted(Path("/proc/self/fd").iterdir()) == before
