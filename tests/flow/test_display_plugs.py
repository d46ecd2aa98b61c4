"""The kiosk while displays are unplugged, plugged in, and change their size.

Its compositor's displays are windows on an X server: closing one unplugs that display. cage is the
device's own compositor; it ends with its last window, which it does not with a real display, so
that one which is gone altogether is tried with its cousin sway.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.benchmarks.processes import process
from tests.displays import Sitter, has_xvfb, x_server
from tests.flow.test_display import drawn, until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.flow

_NOBODY: Final = 65_534
_AS_NOBODY: Final = ("setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups")
"""cage refuses to be root's."""
_KIOSK: Final = (sys.executable, "-B", "-c", "from kiosk.cli import main; main()")
_BACK_SECONDS: Final = 10.0
_COMPOSITORS: Final = {
    "cage": ("cage", "--", "sleep", "1000"),
    "sway": ("sway", "--config", "sway.conf"),
}


class _Kiosk:
    """A kiosk with no device at all, on the displays of a compositor."""

    def __init__(self, folder: Path, sitter: Sitter, env: dict[str, str]) -> None:
        self.sitter = sitter
        self._folder = folder
        self._env = env

    @contextmanager
    def runs(self, second: str) -> Iterator[None]:
        """Run it until the block ends; then it must still be there, without a complaint."""
        config, log = self._folder / "kiosk.toml", self._folder / "log"
        config.write_text(
            f'[scanner]\nport = "{self._folder}/none"\n[screen]\nsecond = "{second}"\n', "utf-8"
        )
        command = (*_AS_NOBODY, *_KIOSK, "--config", config, "run")
        with process(*command, env=self._env, log=log) as child:
            until("frame", lambda: drawn(self.sitter))
            until("lost devices", lambda: log.read_text("utf-8").count("DeviceLost") >= 2)
            yield
            said = log.read_text("utf-8")
            assert child.poll() is None, said[-500:]
            assert "failed" not in said

    def unplug(self, number: int) -> None:
        """Take a display away; the first is 0."""
        windows = self.sitter.windows()
        self.sitter.close_window(windows[number])
        until("unplugged display", lambda: self.sitter.windows() != windows)

    def plug_in(self) -> None:
        """Give sway one more display."""
        before = self.sitter.windows()
        command = [*_AS_NOBODY, "swaymsg", "create_output"]
        subprocess.run(command, env={**os.environ, **self._env}, check=True, capture_output=True)
        until("display", lambda: len(self.sitter.windows()) > len(before))

    def resize(self, width: int, height: int) -> None:
        """Give the only display another size, and wait for a whole frame on it."""
        (window,) = self.sitter.windows()
        self.sitter.resize(window, width, height)
        until(f"frame of {width}x{height}", lambda: drawn(self.sitter), _BACK_SECONDS)
        assert self.sitter.size_of(window) == (width, height)


@contextmanager
def kiosk_on(compositor: str, outputs: int) -> Iterator[_Kiosk]:
    """A kiosk that is off, with a compositor of so many displays."""
    for program in (compositor, "setpriv"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program} on this machine: apt-get install cage sway xwayland")
    if not has_xvfb():
        pytest.skip("no Xvfb on this machine: apt-get install xvfb")
    if os.geteuid() != 0:
        pytest.skip("only root can become the user that cage wants")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kiosk-plugs-")))
        os.chown(folder, _NOBODY, _NOBODY)
        (folder / "sway.conf").write_text("default_border none\nxwayland disable\n", "ascii")
        display = stack.enter_context(x_server((1280, 800)))
        sitter = stack.enter_context(Sitter(display))
        sitter.offer_closing()
        command = [w.replace("sway.conf", f"{folder}/sway.conf") for w in _COMPOSITORS[compositor]]
        env = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "SWAYSOCK": f"{folder}/sway"}
        own = {"DISPLAY": display, "WLR_BACKENDS": "x11", "WLR_X11_OUTPUTS": str(outputs)}
        own |= {"WLR_RENDERER": "pixman", "WAYLAND_DISPLAY": ""}
        stack.enter_context(process(*_AS_NOBODY, *command, env=env | own))
        until("compositor", lambda: any(folder.glob("wayland-?")))
        until("displays", lambda: len(sitter.windows()) == outputs)
        env |= {"WAYLAND_DISPLAY": next(folder.glob("wayland-?")).name}
        env |= {"SDL_VIDEODRIVER": "wayland", "SDL_AUDIODRIVER": "nonesuch"}
        env |= {"GALLIUM_DRIVER": "softpipe", "PCSCLITE_CSOCK_NAME": f"{folder}/nobody"}
        yield _Kiosk(folder, sitter, env)


@pytest.mark.parametrize("second", ["none", "registrar"])
def test_a_display_of_another_size_is_filled(second: str) -> None:
    with kiosk_on("cage", 1) as kiosk, kiosk.runs(second):
        for size in ((800, 480), (1280, 800), (600, 780)):
            kiosk.resize(*size)


def test_of_two_displays_one_is_left_with_the_patients_view() -> None:
    with kiosk_on("cage", 2) as kiosk, kiosk.runs("registrar"):
        kiosk.unplug(1)
        until("frame on the other", lambda: drawn(kiosk.sitter), _BACK_SECONDS)


@pytest.mark.parametrize("second", ["none", "registrar"])
def test_a_display_that_was_unplugged_and_is_back_is_drawn(second: str) -> None:
    with kiosk_on("sway", 1) as kiosk, kiosk.runs(second):
        for _ in range(4):
            kiosk.unplug(0)
            kiosk.plug_in()
        until("frame again", lambda: drawn(kiosk.sitter), _BACK_SECONDS)
        kiosk.resize(800, 480)
