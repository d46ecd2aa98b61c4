"""Draws one frame without a display, in a process of its own: SDL keeps its settings in one.

Prints one line of JSON: `fonts` (file names) and `fault` (null, or in words).
"""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    """Draw and print."""
    fault: str | None = None
    fonts: list[str] = []
    os.environ["SDL_VIDEODRIVER"] = "dummy"
    try:
        from ui.errors import UiError  # noqa: PLC0415  # the libraries may be missing
        from ui.paint import FONT_FILES  # noqa: PLC0415
        from ui.screen import Footer, Idle, ListState  # noqa: PLC0415
        from ui.window import Window  # noqa: PLC0415
    except (ImportError, OSError) as error:
        fault = f"the libraries cannot be loaded: {getattr(error, 'name', None)}"
    else:
        chosen = (
            next((one for one in files if one.exists()), None) for files in FONT_FILES.values()
        )
        fonts = [one.name for one in chosen if one is not None]
        try:
            with Window() as window:
                window.show(Idle(Footer(ListState.FRESH, "", "", "", ""), "ОМС", "", (), ""))
                if window.frames_presented != 1:
                    fault = "nothing was drawn"
        except UiError as error:
            fault = str(error)
    json.dump({"fonts": fonts, "fault": fault}, sys.stdout)


if __name__ == "__main__":
    main()
