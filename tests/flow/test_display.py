"""The kiosk's display by its pixels, on a real X server: touches, faults, and what it survives."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pytest

from tests.benchmarks.processes import ROOT, process
from tests.displays import Sitter, XError, has_xvfb, on, x_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.flow

_KIOSK: Final = (sys.executable, "-c", "from kiosk.cli import main; main()")
_SIZE: Final = (1280, 800)
_BACK_SECONDS: Final = 10.0
"""How soon the right frame must be back: well before the footer's minute draws one anyway."""
_PATIENCE: Final = 30.0
_NOBODY: Final = 65_534
_NO_SOUND: Final = {"SDL_AUDIODRIVER": "nonesuch"}
_PAPER: Final = {bytes.fromhex("f6f4ee"), bytes.fromhex("e9e4d8")}
"""And the band at its edge."""


@pytest.fixture
def display() -> Iterator[str]:
    _need_xvfb()
    with x_server(_SIZE) as name:
        yield name


@pytest.fixture
def sitter(display: str) -> Iterator[Sitter]:
    with Sitter(display) as one:
        yield one


@contextmanager
def kiosk(folder: Path, display: str, sections: str = "") -> Iterator[subprocess.Popen[str]]:
    """A kiosk with no device at all, in a window on `display`."""
    config = folder / "kiosk.toml"
    config.write_text(f'[scanner]\nport = "{folder}/none"\n{sections}', encoding="utf-8")
    env = {**on(display), **_NO_SOUND, "PCSCLITE_CSOCK_NAME": str(folder / "nobody")}
    command = (*_KIOSK, "--config", config, "run", "--windowed")
    with process(*command, env=env, log=folder / "log") as child:
        yield child


def until(what: str, condition: Callable[[], bool], seconds: float = _PATIENCE) -> None:
    """Wait for it."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"no {what}"
        time.sleep(0.02)


def drawn(sitter: Sitter) -> bool:
    """Whether a whole frame is on the topmost window: paper in all of its corners."""
    windows = sitter.windows()
    if not windows:
        return False
    try:
        (width, height), rgb = sitter.pixels(windows[-1])
    except XError:  # It changed its size, or went, since it was looked up.
        return False
    corners = ((0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1))
    seen = {rgb[(place := 3 * (y * width + x)) : place + 3] for x, y in corners}
    return seen <= _PAPER


def _differ(one: bytes, other: bytes) -> float:
    """The share of bytes that differ."""
    return sum(a != b for a, b in zip(one, other, strict=True)) / len(one)


def test_without_any_device_there_is_an_honest_frame_that_outlives_its_mode(
    tmp_path: Path, display: str, sitter: Sitter
) -> None:
    with kiosk(tmp_path, display) as child:
        until("frame", lambda: drawn(sitter))
        window = sitter.windows()[-1]
        log = tmp_path / "log"
        until("lost devices", lambda: log.read_text("utf-8").count("DeviceLost") >= 2)
        _through_sizes(sitter, window)
        # Drawn in a later turn than the devices were lost in: it is the one that says so.
        before = sitter.pixels(window)[1]
        _through_sizes(sitter, window)
        # The footer's minute may have passed.
        until("the frame again", lambda: _differ(sitter.pixels(window)[1], before) < 0.01)
        assert child.poll() is None
        assert "Traceback" not in log.read_text("utf-8")


def _through_sizes(sitter: Sitter, window: int) -> None:
    for size in ((800, 480), (600, 780), _SIZE):
        sitter.resize(window, *size)
        until(f"frame of {size}", lambda: drawn(sitter), _BACK_SECONDS)
        assert sitter.size_of(window) == size


def test_a_window_that_something_was_over_is_whole_again(
    tmp_path: Path, display: str, sitter: Sitter
) -> None:
    with kiosk(tmp_path, display) as child:
        until("frame", lambda: drawn(sitter))
        for _ in range(5):
            sitter.cover()
            until("whole frame", lambda: drawn(sitter), _BACK_SECONDS)
        assert child.poll() is None


def test_an_x_server_that_goes_ends_the_kiosk(tmp_path: Path) -> None:
    """The service manager starts it anew; nobody sees a kiosk without a display."""
    _need_xvfb()
    with (
        x_server(_SIZE) as display,
        Sitter(display) as sitter,
        kiosk(tmp_path, display) as child,
    ):
        until("frame", lambda: drawn(sitter))
        os.kill(sitter.server, signal.SIGTERM)
        until("end", lambda: child.poll() is not None)
    assert child.returncode != 0
    assert "Traceback" not in (tmp_path / "log").read_text("utf-8")


def _need_xvfb() -> None:
    if not has_xvfb():
        pytest.skip("no Xvfb on this machine: apt-get install xvfb")


_TWO_PANES: Final = """
from ui.pane import Panel
from ui.preview import samples
from ui.preview_registrar import registrar
from ui.window import Window
import pygame
with Window((800, 480), second=Panel((800, 480)), fullscreen=True) as window:
    window.show(samples()["idle"], second=registrar())
    window.pump()
    print("panes:", pygame.display.get_driver(), window.panes, flush=True)
"""


@pytest.mark.parametrize("outputs", [1, 2])
def test_in_the_compositor_a_second_display_has_a_pane(outputs: int) -> None:
    if shutil.which("cage") is None:
        pytest.skip("no cage on this machine: apt-get install cage xwayland")
    if os.geteuid() != 0:
        pytest.skip("only root can become the user that cage wants")
    with tempfile.TemporaryDirectory(prefix="kiosk-cage-") as folder:
        os.chown(folder, _NOBODY, _NOBODY)
        env = {
            "PATH": os.environ["PATH"],
            "HOME": folder,
            "XDG_RUNTIME_DIR": folder,
            "SDL_VIDEODRIVER": "wayland",
            "WLR_BACKENDS": "headless",
            "WLR_LIBINPUT_NO_DEVICES": "1",
            "WLR_HEADLESS_OUTPUTS": str(outputs),
            "WLR_RENDERER": "pixman",
        }
        done = subprocess.run(
            ["cage", "--", sys.executable, "-B", "-c", _TWO_PANES],
            env=env,
            cwd=ROOT,
            user=_NOBODY,
            group=_NOBODY,
            extra_groups=(),
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    assert f"panes: wayland {outputs}" in done.stdout, done.stderr[-500:]
