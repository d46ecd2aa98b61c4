"""The window by its pixels: what is drawn, when it is drawn, and that it goes away again."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pygame
import pytest

from tests.ui.frames import KINDS
from ui import paint
from ui.errors import DisplayError, FontError, UiError
from ui.ops import Role, Text, Zone, bounds
from ui.pane import Panel
from ui.preview_registrar import registrar
from ui.screen import Busy, Countdown, Family, Raster, Result, Screen
from ui.shapes import verdict
from ui.theme import DARK, LIGHT, Theme, contrast
from ui.window import Key, Quit, Tap, Window

if TYPE_CHECKING:
    from pathlib import Path

Opener = Callable[..., Window]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opener]:
    """Opens headless windows and closes them."""
    with ExitStack() as stack:
        numbers = itertools.count()

        def opener(size: tuple[int, int] = (800, 480), **more: Any) -> Window:
            folder = tmp_path / f"window-{next(numbers)}"
            return stack.enter_context(Window(size, headless_dir=folder, **more))

        yield opener


def _pixels() -> bytes:
    return pygame.image.tobytes(pygame.display.get_surface(), "RGB")


def _digest() -> str:
    return hashlib.sha256(_pixels()).hexdigest()


def _insured(seconds: int = 14) -> Result:
    screen = KINDS["insured"]
    assert isinstance(screen, Result)
    return replace(screen, countdown=Countdown(seconds, 20))


@pytest.mark.parametrize("name", KINDS)
def test_equal_views_give_equal_pixels(name: str, opened: Opener) -> None:
    window = opened()
    window.show(KINDS[name])
    first = _digest()
    window.show(KINDS["receiving"] if name != "receiving" else KINDS["idle"])
    assert _digest() != first
    window.show(replace(KINDS[name]))
    assert _digest() == first


@pytest.mark.parametrize("name", KINDS)
def test_idle_after_a_frame_is_idle_before_it(name: str, opened: Opener) -> None:
    window = opened()
    window.show(KINDS["idle"])
    before = _pixels()
    window.show(KINDS[name])
    window.show(KINDS["idle"])
    assert _pixels() == before


def test_nothing_is_drawn_twice(opened: Opener) -> None:
    window = opened()
    assert window.show(_insured())
    assert not window.show(_insured())
    for _ in range(5):
        window.pump()
    assert (window.frames_presented, window.flips) == (1, 1)
    assert window.shown == _insured()


def test_a_view_that_looks_the_same_is_not_presented(opened: Opener) -> None:
    window = opened()
    reading = KINDS["reading"]
    assert isinstance(reading, Busy)
    window.show(replace(reading, progress=0.5))
    assert not window.show(replace(reading, progress=0.5000001))
    assert window.frames_presented == 1


@pytest.mark.parametrize(
    "screen",
    [
        pytest.param(_insured(13), id="countdown"),
        pytest.param(_insured(0), id="countdown at its end"),
        pytest.param(replace(_insured(), headline="Полис не действует"), id="headline"),
        pytest.param(replace(_insured(), family=Family.NOT_INSURED), id="family"),
        pytest.param(registrar(), id="another kind"),
    ],
)
def test_a_partial_update_equals_a_full_one(screen: Screen, opened: Opener) -> None:
    window = opened()
    window.show(_insured(14))
    window.show(screen)
    partial = _pixels()
    window.close()
    opened().show(screen)
    assert _pixels() == partial


def test_the_registrar_s_countdown_is_partial_too(opened: Opener) -> None:
    window = opened()
    window.show(registrar())
    window.show(replace(registrar(), countdown=Countdown(3, 20)))
    partial = _pixels()
    window.close()
    opened().show(replace(registrar(), countdown=Countdown(3, 20)))
    assert _pixels() == partial


@pytest.mark.parametrize(
    ("rotation", "panel", "tap", "upright"),
    [
        pytest.param(0, (800, 480), (10, 20), (10, 20), id="0"),
        pytest.param(90, (480, 800), (10, 20), (20, 469), id="90"),
        pytest.param(180, (800, 480), (10, 20), (789, 459), id="180"),
        pytest.param(270, (480, 800), (10, 20), (779, 10), id="270"),
    ],
)
def test_rotation(
    rotation: int,
    panel: tuple[int, int],
    tap: tuple[int, int],
    upright: tuple[int, int],
    opened: Opener,
) -> None:
    plain = opened((800, 480))
    plain.show(KINDS["idle"])
    expected = pygame.display.get_surface().copy()
    plain.close()
    window = opened(panel, rotation=rotation)
    window.show(KINDS["idle"])
    assert window.size == (800, 480)
    on_panel = pygame.display.get_surface()
    assert on_panel.get_at(tap) == expected.get_at(upright)
    turned_back = pygame.transform.rotate(on_panel, rotation)
    assert pygame.image.tobytes(turned_back, "RGB") == pygame.image.tobytes(expected, "RGB")
    pygame.event.post(pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=tap))
    assert [e for e in window.pump() if isinstance(e, Tap)] == [Tap(*upright, None)]


def test_input(opened: Opener) -> None:
    window = opened()
    window.show(KINDS["idle-touch"])
    window.pump()
    zones = [op for op in window._panes[0]._ops if isinstance(op, Zone)]
    box = next(zone.box for zone in zones if zone.name == "language:1")
    at = (box.x + box.w // 2, box.y + box.h // 2)
    for event in (
        pygame.event.Event(pygame.KEYDOWN, key=pygame.K_a),
        pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=3, pos=(1, 1)),
        pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=at),
        pygame.event.Event(pygame.KEYDOWN, key=pygame.K_ESCAPE),
        pygame.event.Event(pygame.QUIT),
    ):
        pygame.event.post(event)
    events = window.pump()
    assert events == [Key("a"), Tap(*at, "language:1"), Quit(), Quit()]


def test_an_exposed_window_is_presented_again(opened: Opener) -> None:
    window = opened()
    window.show(_insured())
    before = _pixels()
    pygame.event.post(pygame.event.Event(pygame.WINDOWEXPOSED))
    window.pump()
    assert _pixels() == before
    assert (window.frames_presented, window.flips) == (1, 2)


def test_a_display_of_another_size_is_laid_out_anew(opened: Opener) -> None:
    window = opened()
    window.show(_insured())
    pygame.display.set_mode((1024, 600))
    pygame.event.post(pygame.event.Event(pygame.WINDOWSIZECHANGED))
    window.pump()
    assert window.size == (1024, 600)
    adopted = _pixels()
    window.close()
    opened((1024, 600)).show(_insured())
    assert _pixels() == adopted


@pytest.mark.parametrize("dark", [False, True], ids=["nothing yet", "dark from the start"])
def test_a_size_that_comes_before_the_first_view_counts(dark: bool, opened: Opener) -> None:
    window = opened()
    if dark:
        window.darken()
    pygame.display.set_mode((1024, 600))
    pygame.event.post(pygame.event.Event(pygame.WINDOWSIZECHANGED))
    window.pump()
    assert window.size == (1024, 600)
    window.show(_insured())
    adopted = _pixels()
    window.close()
    opened((1024, 600)).show(_insured())
    assert _pixels() == adopted


def test_two_displays_show_a_view_each(tmp_path: Path) -> None:
    second = Panel((480, 800), 90)
    with Window((800, 480), headless_dir=tmp_path, second=second) as window:
        assert (window.panes, window.size) == (2, (800, 480))
        assert pygame.display.get_surface().get_size() == (1280, 800)
        window.show(KINDS["idle"], "a", second=registrar())
        assert not window.show(KINDS["idle"], "b", second=registrar())
        window.show(_insured(), "c", second=registrar())
        # A touch on either, upright on its own display.
        taps = [(555, 400), (800, 0), (1279, 799)]
        for at in taps:
            event = pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=at)
            pygame.event.post(event)
        seen = [(e.x, e.y) for e in window.pump() if isinstance(e, Tap)]
    assert seen == [(555, 400), (0, 479), (799, 0)]
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["0001-a-second.png", "0001-a.png", "0002-c.png"]
    sizes = [pygame.image.load(tmp_path / name).get_size() for name in names]
    assert sizes == [(800, 480)] * 3


def test_two_displays_become_one_and_two_again(tmp_path: Path, opened: Opener) -> None:
    alone = opened()
    alone.show(_insured())
    expected = _pixels()
    alone.close()
    with Window((800, 480), headless_dir=tmp_path, second=Panel((800, 480))) as window:
        window.show(_insured(), second=registrar())
        both = _pixels()
        for size, panes in (((800, 480), 1), ((1600, 480), 2)):
            pygame.display.set_mode(size)
            pygame.event.post(pygame.event.Event(pygame.WINDOWSIZECHANGED))
            window.pump()
            assert window.panes == panes
            window.show(_insured(), second=registrar())
            assert _pixels() == (expected if panes == 1 else both)


def test_a_dark_window_shows_nothing_and_wakes_with_the_same_frame(opened: Opener) -> None:
    window = opened()
    window.show(_insured())
    before = _pixels()
    window.darken()
    window.darken()
    assert not any(pygame.image.tobytes(pygame.display.get_surface(), "RGB"))
    assert window.flips == 2
    pygame.event.post(pygame.event.Event(pygame.WINDOWEXPOSED))
    window.pump()
    assert not any(pygame.image.tobytes(pygame.display.get_surface(), "RGB"))
    assert window.show(_insured())
    assert _pixels() == before


def test_headless_frames_are_numbered(tmp_path: Path) -> None:
    with Window((640, 480), headless_dir=tmp_path / "frames") as window:
        assert not window.needs_pump
        window.show(KINDS["idle"])
        window.show(_insured(), label="insured")
        window.show(_insured(), label="again")
        window.show(_insured(13))
        pixels = _pixels()
    names = sorted(path.name for path in (tmp_path / "frames").iterdir())
    assert names == ["0001.png", "0002-insured.png", "0003.png"]
    stored = pygame.image.load(tmp_path / "frames" / "0003.png")
    assert stored.get_size() == (640, 480)
    assert pygame.image.tobytes(stored, "RGB") == pixels


def test_a_frame_that_cannot_be_written_is_told(tmp_path: Path, opened: Opener) -> None:
    window = opened()
    window.show(KINDS["idle"])
    with pytest.raises(UiError, match="cannot write the frame"):
        window.grab_png(tmp_path / "missing" / "frame.png")


def test_a_rotation_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(DisplayError, match="not 45"):
        Window((800, 480), rotation=45, headless_dir=tmp_path)


def test_closing_twice(opened: Opener) -> None:
    window = opened()
    window.show(KINDS["idle"])
    window.close()
    window.close()
    assert window.shown is None


def test_no_font_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = dict.fromkeys(Role, (tmp_path / "a.ttf", tmp_path / "b.ttf"))
    monkeypatch.setattr(paint, "FONT_FILES", missing)
    with pytest.raises(FontError, match="install fonts-paratype"):
        Window((800, 480), headless_dir=tmp_path / "frames")


def test_the_second_font_serves_without_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fallback = {role: (tmp_path / "a.ttf", paths[-1]) for role, paths in paint.FONT_FILES.items()}
    monkeypatch.setattr(paint, "FONT_FILES", fallback)
    with Window((800, 480), headless_dir=tmp_path / "frames") as window:
        assert window.show(registrar())


@pytest.mark.parametrize(
    ("parts", "shared"),
    [pytest.param(1, 0.97, id="outline"), pytest.param(3, 0.9, id="with its mark")],
)
def test_verdicts_differ_without_colour(parts: int, shared: float, opened: Opener) -> None:
    opened()
    masks = [_mask(family, parts) for family in Family]
    for one, other in itertools.combinations(masks, 2):
        common = one.overlap_area(other, (0, 0))
        assert common / (one.count() + other.count() - common) < shared


def _mask(family: Family, parts: int) -> pygame.mask.Mask:
    """The white pixels of the first `parts` operations of a verdict, on black."""
    surface = pygame.Surface((200, 200))
    ops = tuple(verdict(family, (100.0, 100.0), 160.0, (255, 255, 255), (0, 0, 0)))
    paint.Painter(surface, paint.Fonts()).paint(ops[:parts])
    return pygame.mask.from_threshold(surface, (255, 255, 255), (127, 127, 127))


@pytest.mark.parametrize("size", [(800, 480), (1920, 1080)], ids=["800x480", "1920x1080"])
@pytest.mark.parametrize("name", KINDS)
def test_glyphs_stay_within_what_layout_gave_them(
    name: str, size: tuple[int, int], opened: Opener
) -> None:
    window = opened(size)
    window.show(KINDS[name])
    fonts = paint.Fonts()
    for op in window._panes[0]._ops:
        if not isinstance(op, Text):
            continue
        surface = pygame.Surface(size, pygame.SRCALPHA)
        paint.Painter(surface, fonts).paint((op,))
        ink = surface.get_bounding_rect()
        assert pygame.Rect(bounds(op)).contains(ink)
        assert pygame.Rect(op.box.inset(-op.px // 12 - 2, -op.px // 8 - 1)).contains(ink)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_contrast_on_the_rendered_frame(theme: Theme, opened: Opener) -> None:
    window = opened((1280, 800), theme=theme)
    window.show(KINDS["not-insured"])
    surface = pygame.display.get_surface()
    for op in window._panes[0]._ops:
        if isinstance(op, Text):
            part = surface.subsurface(pygame.Rect(op.box))
            seen = {part.get_at_mapped((x, y)) for x in range(op.box.w) for y in range(op.box.h)}
            inks = [surface.unmap_rgb(value) for value in seen]
            assert max(contrast((ink[0], ink[1], ink[2]), theme.paper) for ink in inks) >= 7


def test_a_photo_is_shown(opened: Opener) -> None:
    window = opened()
    window.show(registrar(photo=Raster(32, 40, bytes((20, 40, 200)) * 32 * 40)))
    blue = pygame.display.get_surface().get_at((720, 90))
    assert (blue.r, blue.g, blue.b) == (20, 40, 200)
