"""Colours and sizes. Contrast is WCAG 2.2, 1.4.3 and 1.4.6: 7:1 for text, 4.5:1 for large shapes.

Sizes are fractions of the unit: the height of a landscape frame, the width of a portrait one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from ui.screen import Family, ListState

if TYPE_CHECKING:
    from ui.ops import Colour

HEADLINE: Final = 1 / 10
NEXT_STEP: Final = 1 / 14.5
INVITATION: Final = 1 / 18
DETAIL: Final = 1 / 21
BODY: Final = 1 / 23.5
FOOTNOTE: Final = 1 / 29

REGISTRAR_HEADLINE: Final = 1 / 14.5
REGISTRAR_NAME: Final = 1 / 17
REGISTRAR_NEXT: Final = 1 / 21
REGISTRAR_BODY: Final = 1 / 28

MARGIN: Final = 1 / 12
FOOTER: Final = 0.0875
VERDICT_BAND: Final = 0.34
"""Share of the width (portrait: of the height) that the verdict's colour takes."""
GUIDE_BAND: Final = 0.40
REGISTRAR_BAND: Final = 0.36

LARGEST_TEXT: Final = 2.0
_GROWS_WHOLLY: Final = BODY
_GROWS_LEAST: Final = 0.4


def enlarged(size: float, text: float) -> float:
    """A size at a text scale from 1.0 to 2.0: what is small grows by all of it, a headline by less.

    As in Android's font scaling since version 14: who cannot read the small words can read the
    large ones, and a headline of twice the size would take the room that the small words need.
    """
    share = (size - _GROWS_WHOLLY) / (HEADLINE - _GROWS_WHOLLY)
    share = 1 - (1 - _GROWS_LEAST) * min(1.0, max(0.0, share))
    return size * (1 + (text - 1) * share)


@dataclass(frozen=True, slots=True)
class Theme:
    """A set of colours that belong together."""

    name: str
    paper: Colour
    panel: Colour
    """The band behind drawings."""
    tile: Colour
    ink: Colour
    ink_soft: Colour
    line: Colour
    card: Colour
    """What cards and phones are made of in drawings."""
    accent: Colour
    notice: Colour
    differs: Colour
    muted: Colour
    """Drawings of what is away."""
    silhouette: Colour
    """The stand-in for a photo: decoration, below any contrast that asks to be read."""
    on_verdict: Colour
    insured: Colour
    not_insured: Colour
    could_not_check: Colour
    fresh: Colour
    ageing: Colour
    too_old: Colour

    def verdict(self, family: Family) -> Colour:
        """The colour of a family."""
        match family:
            case Family.INSURED:
                return self.insured
            case Family.NOT_INSURED:
                return self.not_insured
            case Family.COULD_NOT_CHECK:
                return self.could_not_check

    def list_state(self, state: ListState) -> Colour:
        """The colour of the register's age."""
        match state:
            case ListState.FRESH:
                return self.fresh
            case ListState.AGEING:
                return self.ageing
            case ListState.TOO_OLD:
                return self.too_old


def _rgb(code: str) -> Colour:
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


LIGHT: Final = Theme(
    name="light",
    paper=_rgb("#f6f4ee"),
    panel=_rgb("#e9e4d8"),
    tile=_rgb("#ffffff"),
    ink=_rgb("#16211f"),
    ink_soft=_rgb("#3c4a47"),
    line=_rgb("#d8d3c6"),
    card=_rgb("#f6f4ee"),
    accent=_rgb("#005b4f"),
    notice=_rgb("#1e3a8a"),
    differs=_rgb("#8a2c0d"),
    muted=_rgb("#6d6a60"),
    silhouette=_rgb("#b8b2a1"),
    on_verdict=_rgb("#ffffff"),
    insured=_rgb("#005b4f"),
    not_insured=_rgb("#9a3412"),
    could_not_check=_rgb("#1e3a8a"),
    fresh=_rgb("#005b4f"),
    ageing=_rgb("#744600"),
    too_old=_rgb("#9a3412"),
)
"""For a bright hall."""

DARK: Final = Theme(
    name="dark",
    paper=_rgb("#131a19"),
    panel=_rgb("#1e2826"),
    tile=_rgb("#1e2826"),
    ink=_rgb("#f4f1e8"),
    ink_soft=_rgb("#c6cdc8"),
    line=_rgb("#3a4744"),
    card=_rgb("#2d3936"),
    accent=_rgb("#62cdb8"),
    notice=_rgb("#9db4ff"),
    differs=_rgb("#ffb295"),
    muted=_rgb("#98a39e"),
    silhouette=_rgb("#55625e"),
    on_verdict=_rgb("#ffffff"),
    insured=_rgb("#005b4f"),
    not_insured=_rgb("#9a3412"),
    could_not_check=_rgb("#1e3a8a"),
    fresh=_rgb("#62cdb8"),
    ageing=_rgb("#f0b64a"),
    too_old=_rgb("#ff9d78"),
)
"""For a dark room."""

THEMES: Final = {theme.name: theme for theme in (LIGHT, DARK)}


class Pair(NamedTuple):
    """A colour, what it is drawn on, and the contrast it needs."""

    what: str
    colour: Colour
    ground: Colour
    needed: float


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def luminance(colour: Colour) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2, "relative luminance")."""
    red, green, blue = (_linear(channel / 255) for channel in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def pairs(theme: Theme) -> tuple[Pair, ...]:
    """Every pair of colours that the layout puts on each other, with the contrast it needs."""
    grounds = {"paper": theme.paper, "panel": theme.panel, "tile": theme.tile}
    text = [
        Pair(f"{name} on {ground}", colour, grounds[ground], 7.0)
        for name, colour in (("ink", theme.ink), ("soft ink", theme.ink_soft))
        for ground in grounds
    ]
    text.append(Pair("difference on paper", theme.differs, theme.paper, 7.0))
    text.append(Pair("old date on paper", theme.ageing, theme.paper, 7.0))
    text.append(Pair("paper on ink", theme.paper, theme.ink, 7.0))
    text += [
        Pair(f"text on {family.name}", theme.on_verdict, theme.verdict(family), 7.0)
        for family in Family
    ]
    icons = [
        Pair(f"accent on {name}", theme.accent, ground, 4.5) for name, ground in grounds.items()
    ]
    icons += [Pair(f"{s.name} dot", theme.list_state(s), theme.paper, 4.5) for s in ListState]
    icons += [
        Pair("notice bar", theme.notice, theme.paper, 4.5),
        Pair("muted drawing", theme.muted, theme.paper, 4.5),
        Pair("outline on card", theme.ink, theme.card, 4.5),
        Pair("badge on card", theme.on_verdict, theme.not_insured, 4.5),
    ]
    return tuple(text + icons)
