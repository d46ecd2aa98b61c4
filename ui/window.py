"""The window: the door to pygame. Belongs to one thread, the main one.

A frame is drawn when the view differs from the shown one, and then only where its operations
differ; a countdown costs one ring. Nothing is flipped while nothing changes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import pygame

from ui import png
from ui.errors import DisplayError, UiError
from ui.layout import lay_out
from ui.ops import Box, Op, Zone, bounds
from ui.paint import Fonts, Painter
from ui.theme import LIGHT, Theme

if TYPE_CHECKING:
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
    """One screen. `frames_presented` counts new views, `flips` every update of the display."""

    def __init__(
        self,
        size: tuple[int, int] = (1280, 800),
        theme: Theme = LIGHT,
        *,
        rotation: int = 0,
        text: float = 1.0,
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
            fullscreen: the whole display, without a cursor.
            headless_dir: no display at all; every new frame becomes a numbered PNG there.
            caption: title of the window.

        Raises:
            DisplayError: no such display, or a rotation that is none.
            FontError: no type face is installed.
        """
        if rotation not in {0, 90, 180, 270}:
            raise DisplayError(f"rotation is 0, 90, 180 or 270 degrees, not {rotation}")
        self.frames_presented = 0
        self.flips = 0
        self._theme = theme
        self._text = text
        self._rotation = rotation
        self._fullscreen = fullscreen
        self._headless_dir = headless_dir
        self._shown: Screen | None = None
        self._ops: tuple[Op, ...] = ()
        self._open_display(size, caption)
        self._fonts = Fonts()
        self._adopt_display()

    def _open_display(self, size: tuple[int, int], caption: str) -> None:
        if self._headless_dir is not None:
            self._headless_dir.mkdir(parents=True, exist_ok=True)
            os.environ["SDL_VIDEODRIVER"] = "dummy"
        try:
            pygame.display.init()
            self._refuse_to_be_blind()
            if self._fullscreen:
                pygame.display.set_mode((0, 0), pygame.FULLSCREEN)
                pygame.mouse.set_visible(False)
            else:
                pygame.display.set_mode(size)
        except pygame.error as error:
            pygame.display.quit()
            raise DisplayError(f"no window can be opened: {error}") from error
        pygame.display.set_caption(caption)

    def _refuse_to_be_blind(self) -> None:
        """SDL falls back in silence to drivers that nobody sees; a kiosk must not run on them."""
        driver = pygame.display.get_driver()
        asked = self._headless_dir is not None or os.environ.get("SDL_VIDEODRIVER") == driver
        if driver in _BLIND_DRIVERS and not asked:
            pygame.display.quit()
            raise DisplayError("no display: neither Wayland nor X11 is there")

    def _adopt_display(self) -> None:
        """Take the display's surface and size as they are now."""
        self._display = pygame.display.get_surface()
        width, height = self._display.get_size()
        if self._rotation in {90, 270}:
            width, height = height, width
        self.size = (width, height)
        """Width and height of the upright frame, in pixels."""
        upright = self._rotation == 0
        self._canvas = self._display if upright else pygame.Surface(self.size)
        self._painter = Painter(self._canvas, self._fonts)
        self._ops = ()

    @property
    def shown(self) -> Screen | None:
        """The view on the screen; None before the first."""
        return self._shown

    @property
    def needs_pump(self) -> bool:
        """Whether somebody can touch it: without a display nothing ever comes from `pump`."""
        return self._headless_dir is None

    def show(self, screen: Screen, label: str | None = None) -> bool:
        """Put a view on the screen; returns whether a frame was presented.

        Args:
            screen: the view; one that equals the shown one changes nothing.
            label: added to the name of the headless PNG.
        """
        if screen == self._shown and self._ops:
            return False
        ops = lay_out(screen, self.size, self._theme, self._fonts.measure, self._text)
        self._shown = screen
        if ops == self._ops:
            return False
        changed = _difference(self._ops, ops)
        self._ops = ops
        self._painter.paint(ops, changed)
        self.frames_presented += 1
        self._flip(changed)
        if self._headless_dir is not None:
            suffix = f"-{label}" if label else ""
            self.grab_png(self._headless_dir / f"{self.frames_presented:04}{suffix}.png")
        return True

    def _flip(self, changed: Box | None) -> None:
        if self._rotation:
            # pygame turns counter-clockwise.
            self._display.blit(pygame.transform.rotate(self._canvas, -self._rotation), (0, 0))
            changed = None
        pygame.display.update(changed) if changed else pygame.display.flip()
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
        return events

    def _tap(self, x: int, y: int) -> Tap:
        width, height = self.size
        match self._rotation:
            case 90:
                x, y = y, height - 1 - x
            case 180:
                x, y = width - 1 - x, height - 1 - y
            case 270:
                x, y = width - 1 - y, x
        hit = (op for op in self._ops if isinstance(op, Zone) and op.box.overlaps(Box(x, y, 1, 1)))
        zone = next(hit, None)
        return Tap(x, y, zone.name if zone else None)

    def _repair(self) -> None:
        """Present the shown view again: the display lost it or has another size now."""
        if self._shown is None:
            return
        if pygame.display.get_surface() is not self._display or self._resized():
            self._adopt_display()
            self._ops = lay_out(
                self._shown, self.size, self._theme, self._fonts.measure, self._text
            )
            self._painter.paint(self._ops)
        self._flip(None)

    def _resized(self) -> bool:
        width, height = self._display.get_size()
        return {width, height} != set(self.size)

    def grab_png(self, path: Path) -> None:
        """Write the upright frame as PNG.

        Raises:
            UiError: the file cannot be written.
        """
        data = png.encode(pygame.image.tobytes(self._canvas, "RGB"), self.size)
        try:
            path.write_bytes(data)
        except OSError as error:
            raise UiError(f"cannot write the frame to {path}: {error.strerror}") from error

    def close(self) -> None:
        """Close the window; a second call does nothing."""
        self._shown = None
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


def _difference(old: tuple[Op, ...], new: tuple[Op, ...]) -> Box | None:
    """The box in which two frames differ; None: anywhere.

    Operations are compared place by place; at least one differs.
    """
    if len(old) != len(new):
        return None
    boxes = [bounds(op) for a, b in zip(old, new, strict=True) if a != b for op in (a, b)]
    x, y = min(box.x for box in boxes), min(box.y for box in boxes)
    right, bottom = max(box.right for box in boxes), max(box.bottom for box in boxes)
    return Box(x, y, right - x, bottom - y)
