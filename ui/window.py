"""The window: the door to pygame. Belongs to one thread, the main one.

A frame is drawn when the view differs from the shown one, and then only where its operations
differ; a countdown costs one ring. Nothing is flipped while nothing changes.

With two displays there is one window over both, with a pane for each: a compositor for kiosks
(cage) stretches its only client over all displays, side by side, and makes it smaller when one is
unplugged. What shall be seen on the second display is then simply not drawn. With one display it
is the same kind of window: one that asked for the whole screen would keep its first size when a
display of another size is plugged in.
"""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import pygame

from ui import png
from ui.display_lines import display_lines
from ui.errors import DisplayError, UiError
from ui.ops import Box
from ui.paint import Fonts
from ui.pane import Look, Pane, Panel
from ui.theme import LIGHT, Theme

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

    from ui.screen import Screen


_BLIND_DRIVERS: Final = frozenset({"dummy", "offscreen"})


@dataclass(frozen=True, slots=True)
class Quit:
    """Somebody closed the window, or pressed Escape where it is not the whole screen."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key went down; pygame's name of it: `return`, `a`, `f1`."""

    name: str


@dataclass(frozen=True, slots=True)
class Tap:
    """A touch or click, in pixels of the upright frame."""

    x: int
    y: int
    zone: str | None
    """Name of the touchable area that was hit, such as `language:1`."""


InputEvent = Quit | Key | Tap


class Window:
    """One or two screens. `frames_presented` counts new views, `flips` updates of the display."""

    def __init__(
        self,
        size: tuple[int, int] = (1280, 800),
        theme: Theme = LIGHT,
        *,
        rotation: int = 0,
        text: float = 1.0,
        second: Panel | None = None,
        fullscreen: bool = False,
        headless_dir: Path | None = None,
        caption: str = "",
    ) -> None:
        """Open a window of `size` pixels as the panel is built in.

        Args:
            size: width and height of the panel; ignored in fullscreen, which takes the panel's own.
            theme: colours.
            rotation: 0, 90, 180 or 270 degrees clockwise, as the panel is mounted.
            text: how much larger than usual the words are, 1.0 to 2.0.
            second: a display to the right of the first, where one is connected.
            fullscreen: the whole display, without a cursor.
            headless_dir: no display at all; every new frame becomes a numbered PNG there.
            caption: title of the window.

        Raises:
            DisplayError: no such display, or a rotation that is none.
            FontError: no type face is installed.
        """
        self._panels = (Panel(size, rotation), *(() if second is None else (second,)))
        for panel in self._panels:
            if panel.rotation not in {0, 90, 180, 270}:
                raise DisplayError(f"rotation is 0, 90, 180 or 270 degrees, not {panel.rotation}")
        self.frames_presented = 0
        self.flips = 0
        self._dark = False
        self._fullscreen = fullscreen
        self._is_stretched = False
        """Whether the window lies over all displays, and has their size."""
        self._headless_dir = headless_dir
        before = display_lines()
        self._open_display(caption)
        self.lines = tuple(sorted(display_lines() - before))
        """File descriptors on which the display tells of input; empty: it must be asked."""
        self._look = Look(theme, text, Fonts())
        self._adopt_display()

    def _open_display(self, caption: str) -> None:
        if self._headless_dir is not None:
            self._headless_dir.mkdir(parents=True, exist_ok=True)
            os.environ["SDL_VIDEODRIVER"] = "dummy"
        try:
            pygame.display.init()
            self._refuse_to_be_blind()
            if pygame.display.get_driver() == "x11":
                # Else each update goes through OpenGL as a whole frame, many times as slow.
                os.environ.setdefault("SDL_FRAMEBUFFER_ACCELERATION", "0")
            is_wayland = pygame.display.get_driver() == "wayland"
            self._is_stretched = self._fullscreen and (is_wayland or len(self._panels) > 1)
            if not self._fullscreen:
                pygame.display.set_mode(_over(panel.size for panel in self._panels))
            elif not self._is_stretched:
                pygame.display.set_mode((0, 0), pygame.FULLSCREEN)
            else:
                # Fullscreen would be one display alone, at the size that it has now.
                sizes = pygame.display.get_desktop_sizes()[: len(self._panels)]
                pygame.display.set_mode(_over(sizes), pygame.NOFRAME | pygame.RESIZABLE)
        except pygame.error as error:
            pygame.display.quit()
            raise DisplayError(f"no window can be opened: {error}") from error
        pygame.mouse.set_visible(not self._fullscreen)
        pygame.display.set_caption(caption)

    def _refuse_to_be_blind(self) -> None:
        """SDL falls back in silence to drivers that nobody sees; a kiosk must not run on them."""
        driver = pygame.display.get_driver()
        asked = self._headless_dir is not None or os.environ.get("SDL_VIDEODRIVER") == driver
        if driver in _BLIND_DRIVERS and not asked:
            pygame.display.quit()
            raise DisplayError("no display: neither Wayland nor X11 is there")

    def _adopt_display(self) -> None:
        """Take the display's surface as it is now, and share it out."""
        self._display = pygame.display.get_surface()
        self._size = self._display.get_size()
        self._at = self._places()
        self._panes = [
            Pane(self._display, place, panel.rotation, self._look)
            for place, panel in zip(self._at, self._panels, strict=False)
        ]
        self.size = self._panes[0].size
        """Width and height of the first upright frame, in pixels."""

    def _places(self) -> list[Box]:
        """Where the panes are: side by side, or one over all where the window has no second."""
        width, height = self._size
        sizes = [panel.size for panel in self._panels]
        if self._is_stretched:
            # None at all while the only one is unplugged.
            sizes = pygame.display.get_desktop_sizes()
        if len(sizes) < 2 or width <= sizes[0][0]:
            return [Box(0, 0, width, height)]
        first, second = sizes[:2]
        right = width - first[0]
        return [
            Box(0, 0, first[0], min(height, first[1])),
            Box(first[0], 0, right, min(height, second[1])),
        ][: len(self._panels)]

    @property
    def shown(self) -> Screen | None:
        """The view on the first screen; None before there is one."""
        return self._panes[0].shown

    @property
    def panes(self) -> int:
        """How many screens there are now: one or two."""
        return len(self._panes)

    @property
    def needs_pump(self) -> bool:
        """Whether somebody can touch it: without a display nothing ever comes from `pump`."""
        return self._headless_dir is None

    def show(self, screen: Screen, label: str | None = None, second: Screen | None = None) -> bool:
        """Put a view on each screen; returns whether a frame was presented.

        Args:
            screen: the first screen's view; one that equals the shown one changes nothing.
            label: added to the name of the headless PNG.
            second: the second screen's; ignored where there is none.
        """
        self._dark = False
        views = (screen, second or screen)
        changed = [pane.show(view) for pane, view in zip(self._panes, views, strict=False)]
        boxes = [box for box in changed if box is not None]
        if not boxes:
            return False
        self.frames_presented += 1
        pygame.display.update([pygame.Rect(box) for box in boxes])
        self.flips += 1
        if self._headless_dir is not None:
            name = f"{self.frames_presented:04}" + (f"-{label}" if label else "")
            for pane, mark, box in zip(self._panes, ("", "-second"), changed, strict=False):
                if box is not None:
                    self._write_png(pane, self._headless_dir / f"{name}{mark}.png")
        return True

    def darken(self) -> None:
        """Show nothing at all, until the next `show`; a second call changes nothing."""
        if self._dark:
            return
        self._dark = True
        self._black_out()
        self.frames_presented += 1
        if self._headless_dir is not None:
            name = f"{self.frames_presented:04}-dark.png"
            self._write_png(self._panes[0], self._headless_dir / name)

    def _black_out(self) -> None:
        self._display.fill((0, 0, 0))
        for pane in self._panes:
            pane.forget()
        pygame.display.flip()
        self.flips += 1

    def pump(self) -> list[InputEvent]:
        """What people did since the last call; also keeps the window alive. Never waits."""
        events: list[InputEvent] = []
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                events.append(Quit())
            elif event.type == pygame.KEYDOWN:
                escape = event.key == pygame.K_ESCAPE and not self._fullscreen
                events.append(Quit() if escape else Key(pygame.key.name(event.key)))
            elif event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
                events.append(self._tap(*event.pos))
            elif event.type in {pygame.WINDOWEXPOSED, pygame.WINDOWSIZECHANGED}:
                self._repair()
        if self._is_stretched and self._places() != self._at:
            # A display tells of its own size after the window's.
            self._repair()
        return events

    def _tap(self, x: int, y: int) -> Tap:
        hits = (pane.hit(x, y) for pane in self._panes)
        return Tap(*next((hit for hit in hits if hit is not None), (x, y, None)))

    def _repair(self) -> None:
        """Present the shown views again: the display lost them or has another size now."""
        first = self.shown
        surface = pygame.display.get_surface()
        is_other = surface is not self._display or surface.get_size() != self._size
        if is_other or self._places() != self._at:
            others = [pane.shown or first for pane in self._panes[1:]]
            # Before the first view, too: a compositor says its size only after the window is open.
            self._adopt_display()
            # A second display that has come gets its own view with the next frame.
            views = itertools.chain((first,), others, itertools.repeat(first))
            for pane, view in zip(self._panes, views, strict=False):
                if view is not None:
                    pane.show(view)
        if self._dark:
            self._black_out()
            return
        if first is None:
            return
        pygame.display.flip()
        self.flips += 1

    def grab_png(self, path: Path) -> None:
        """Write the first upright frame as PNG.

        Raises:
            UiError: the file cannot be written.
        """
        self._write_png(self._panes[0], path)

    def _write_png(self, pane: Pane, path: Path) -> None:
        data = png.encode(pane.pixels(), pane.size)
        try:
            path.write_bytes(data)
        except OSError as error:
            raise UiError(f"cannot write the frame to {path}: {error.strerror}") from error

    def close(self) -> None:
        """Close the window; a second call does nothing."""
        for pane in self._panes:
            pane.shown = None
        pygame.font.quit()
        pygame.display.quit()

    def __enter__(self) -> Self:
        """The window itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the window."""
        self.close()


def _over(sizes: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """The size of a window over displays that stand side by side."""
    widths, heights = zip(*sizes, strict=True)
    return sum(widths), max(heights)
