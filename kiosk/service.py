"""`kiosk run`: the service, from a configuration to an open window and back."""

from __future__ import annotations

import faulthandler
import signal
from typing import TYPE_CHECKING, Final

from kiosk.clock import Clock
from kiosk.exits import Exit, Refusal

if TYPE_CHECKING:
    from pathlib import Path

    from kiosk.app import App
    from kiosk.config import Config
    from kiosk.config_sections import ScreenSection
    from ui.window import Window

DEFAULT_SIZE: Final = (1280, 800)


def serve(config: Config, *, windowed: bool, headless: Path | None) -> None:
    """Run until SIGTERM, SIGINT or the window's closing.

    Raises:
        Refusal: no display, no font, or a folder that cannot be written.
    """
    from kiosk.app import App
    from kiosk.outage import Outage, place
    from kiosk.recorder import Recorder
    from ui.errors import UiError

    # The watchdog ends a kiosk that hangs by SIGABRT: where each thread stood goes to the log, as
    # files and lines, without any value.
    faulthandler.enable()
    clock = Clock()
    try:
        recorder = None if headless is None else Recorder(headless, clock)
        window = open_window(config.screen, windowed=windowed, headless=headless)
    except (UiError, OSError) as error:
        raise Refusal(str(error), Exit.DEVICE) from None
    with window:
        app = App(config, clock, window, observer=recorder, outage=Outage(place()))
        stop_on_signals(app)
        app.run()


def open_window(
    screen: ScreenSection, *, windowed: bool = False, headless: Path | None = None
) -> Window:
    """Open the configured window.

    Raises:
        UiError: no display or no font.
    """
    from ui.pane import Panel
    from ui.theme import DARK, LIGHT
    from ui.window import Window

    size = (screen.width, screen.height) if screen.width else DEFAULT_SIZE
    second = None
    if screen.second != "none":
        own = (screen.second_width, screen.second_height) if screen.second_width else size
        second = Panel(own, screen.second_rotation)
    return Window(
        size,
        DARK if screen.theme == "dark" else LIGHT,
        rotation=screen.rotation,
        second=second,
        text=screen.text_percent / 100,
        fullscreen=not windowed and headless is None,
        headless_dir=headless,
        caption="ОМС",
    )


def stop_on_signals(app: App) -> None:
    """Let systemd and people at a terminal end the kiosk in order."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: app.stop())
