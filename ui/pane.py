"""A display's share of the window: its own size, rotation and frame.

A kiosk has one, or two where a second display is connected: the patient's and the registrar's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pygame

from ui.layout import lay_out
from ui.ops import Box, Op, Zone, bounds
from ui.paint import Painter

if TYPE_CHECKING:
    from ui.paint import Fonts
    from ui.screen import Screen
    from ui.theme import Theme


@dataclass(frozen=True, slots=True)
class Look:
    """How every pane of a window is drawn."""

    theme: Theme
    text: float
    """How much larger than usual the words are, 1.0 to 2.0."""
    fonts: Fonts


@dataclass(frozen=True, slots=True)
class Panel:
    """A display as it is built in."""

    size: tuple[int, int]
    """Width and height in pixels; a real display's own counts instead."""
    rotation: int = 0
    """0, 90, 180 or 270 degrees clockwise, as it is mounted."""


class Pane:
    """One upright frame on its place of the window."""

    def __init__(self, display: pygame.Surface, place: Box, rotation: int, look: Look) -> None:
        """Take `place` of the window's surface; nothing is drawn yet."""
        self._display = display
        self._place = place
        self._rotation = rotation
        self._look = look
        width, height = place.w, place.h
        if rotation in {90, 270}:
            width, height = height, width
        self.size = (width, height)
        """Width and height of the upright frame, in pixels."""
        upright = display.subsurface(pygame.Rect(place)) if rotation == 0 else None
        self._canvas = upright or pygame.Surface(self.size)
        self._painter = Painter(self._canvas, look.fonts)
        self._ops: tuple[Op, ...] = ()
        self.shown: Screen | None = None
        """The view on it; None before the first."""

    def show(self, screen: Screen) -> Box | None:
        """Draw a view; the part of the window that changed, or None: nothing did."""
        if screen == self.shown and self._ops:
            return None
        look = self._look
        ops = lay_out(screen, self.size, look.theme, look.fonts.measure, look.text)
        self.shown = screen
        if ops == self._ops:
            return None
        changed = _difference(self._ops, ops)
        self._ops = ops
        self._painter.paint(ops, changed)
        return self._copied(changed)

    def forget(self) -> None:
        """Something else is on the window: the next view is drawn whole."""
        self._ops = ()

    def _copied(self, changed: Box | None) -> Box:
        """Bring the frame to the window; the part of the window that changed."""
        if self._rotation:
            # pygame turns counter-clockwise.
            turned = pygame.transform.rotate(self._canvas, -self._rotation)
            self._display.blit(turned, self._place[:2])
            return self._place
        if changed is None:
            return self._place
        return changed._replace(x=changed.x + self._place.x, y=changed.y + self._place.y)

    def hit(self, x: int, y: int) -> tuple[int, int, str | None] | None:
        """A touch in pixels of the window, as pixels of the upright frame and the zone's name.

        None: it is on another pane.
        """
        if not self._place.overlaps(Box(x, y, 1, 1)):
            return None
        x, y = x - self._place.x, y - self._place.y
        width, height = self.size
        match self._rotation:
            case 90:
                x, y = y, height - 1 - x
            case 180:
                x, y = width - 1 - x, height - 1 - y
            case 270:
                x, y = width - 1 - y, x
        at = Box(x, y, 1, 1)
        zones = (op for op in self._ops if isinstance(op, Zone) and op.box.overlaps(at))
        zone = next(zones, None)
        return x, y, zone.name if zone else None

    def pixels(self) -> bytes:
        """The upright frame, three bytes a pixel."""
        return pygame.image.tobytes(self._canvas, "RGB")


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
