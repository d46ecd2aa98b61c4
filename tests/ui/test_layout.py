"""Frames by their operations: everything inside, nothing on top of other words, large enough."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ui.frames import ALL_SIZES, KINDS, cases, texts, wide, words
from ui.flow import Canvas
from ui.footer import footer_top
from ui.layout import lay_out
from ui.ops import Box, Op, Picture, Rect, RoundRect, Zone, bounds
from ui.paint import Fonts
from ui.preview import SIZES
from ui.preview_registrar import registrar
from ui.screen import Busy, Choose, Idle, Keypad, Raster, RegistrarResult, Result, Screen, Service
from ui.theme import DARK, LIGHT

if TYPE_CHECKING:
    from ui.flow import Measure

_CASES = cases()


def _is_touched(screen: Screen) -> bool:
    return isinstance(screen, Choose | Keypad | Service)


_NO_NETWORK = "Сети нет с 09:15, техник вызван и скоро придёт"
_FRAMES = pytest.mark.parametrize("name", _CASES)
_SIZES = pytest.mark.parametrize("size", ALL_SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


@pytest.fixture(scope="module", params=["PT Sans", "wider"])
def measure(request: pytest.FixtureRequest) -> Measure:
    return Fonts().measure if request.param == "PT Sans" else wide


@_SIZES
@_FRAMES
def test_everything_is_inside_the_frame(name: str, size: tuple[int, int], measure: Measure) -> None:
    frame = Box(0, 0, *size)
    for op in lay_out(_CASES[name], size, LIGHT, measure):
        box = op.box if hasattr(op, "box") else bounds(op).inset(1, 1)
        assert _inside(box, frame), op


def _inside(box: Box, frame: Box) -> bool:
    return (
        box.x >= frame.x
        and box.y >= frame.y
        and box.right <= frame.right
        and box.bottom <= frame.bottom
    )


@_SIZES
@_FRAMES
def test_no_two_texts_overlap(name: str, size: tuple[int, int], measure: Measure) -> None:
    ops = texts(lay_out(_CASES[name], size, LIGHT, measure))
    for one, other in itertools.combinations(ops, 2):
        assert not one.box.overlaps(other.box), (one.box, other.box)


@_SIZES
@_FRAMES
def test_texts_stay_in_the_margins(name: str, size: tuple[int, int], measure: Measure) -> None:
    canvas = Canvas(*size, LIGHT, measure)
    margin = canvas.px(0.035)
    for op in texts(lay_out(_CASES[name], size, LIGHT, measure)):
        assert op.box.x >= margin
        assert op.box.right <= size[0] - margin
        assert op.box.bottom <= footer_top(canvas) or op.box.y >= footer_top(canvas)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@_FRAMES
def test_no_word_is_lost(name: str, size: tuple[int, int]) -> None:
    screen = _CASES[name]
    shown = "".join(op.text for op in texts(lay_out(screen, size, LIGHT, Fonts().measure)))
    shown = re.sub(r"\s", "", shown)
    # The footer gives way by a documented order, which has its own test.
    said = words(screen) - words(screen.footer)
    if isinstance(screen, RegistrarResult):
        # So do the lines about the insurer.
        said -= words(screen.insurer_lines)
    lost = {word for word in said if word not in shown}
    assert lost == set()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(
    "name", [name for name in KINDS if not name.startswith(("registrar", "service"))]
)
def test_honest_texts_are_large_enough(name: str, size: tuple[int, int]) -> None:
    canvas = Canvas(*size, LIGHT, Fonts().measure)
    top = footer_top(canvas)
    ops = [op for op in texts(lay_out(KINDS[name], size, LIGHT, canvas.measure)) if op.box.y < top]
    body = [op for op in ops if not op.text.isdigit()]
    assert max(op.px for op in ops) >= canvas.unit / 11
    assert min(op.px for op in body) >= int(canvas.unit / 24)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", ["registrar", "registrar-differs"])
def test_the_registrar_can_read_it_at_arm_s_length(name: str, size: tuple[int, int]) -> None:
    canvas = Canvas(*size, LIGHT, Fonts().measure)
    ops = texts(lay_out(KINDS[name], size, LIGHT, canvas.measure))
    assert min(op.px for op in ops) >= int(canvas.unit / 33)


@_FRAMES
def test_layout_is_pure(name: str) -> None:
    first = lay_out(_CASES[name], (800, 480), LIGHT, wide)
    again = lay_out(replace(_CASES[name]), (800, 480), LIGHT, wide)
    assert first == again
    assert hash(first) == hash(again)


@_FRAMES
def test_a_theme_changes_colours_only(name: str) -> None:
    light = lay_out(_CASES[name], (1024, 600), LIGHT, wide)
    dark = lay_out(_CASES[name], (1024, 600), DARK, wide)
    assert [bounds(op) for op in light] == [bounds(op) for op in dark]


def test_a_frame_too_small_to_read_is_refused() -> None:
    with pytest.raises(ValueError, match="200×480"):
        lay_out(KINDS["idle"], (200, 480), LIGHT, wide)


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=700), st.text(max_size=700), st.sampled_from(SIZES))
def test_hostile_texts_stay_inside(one: str, other: str, size: tuple[int, int]) -> None:
    result = KINDS["insured"]
    assert isinstance(result, Result)
    person = registrar()
    compared = tuple(
        replace(row, document=other, register=one, fund=other, same=not row.differs)
        for row in person.comparisons
    )
    frames: list[Screen] = [
        replace(result, headline=one, detail=other, next_step=one, hint=other, how_known=one),
        replace(result, headline=one, hint=other, contact=one),
        replace(person, surname=one, names=other, notes=(one, other), comparisons=compared),
        replace(person, comparisons=compared, fund_title=one, insurer_lines=(one, other)),
    ]
    for screen in frames:
        ops = lay_out(screen, size, LIGHT, wide)
        for op in texts(ops):
            assert _inside(op.box, Box(0, 0, *size))
        for a, b in itertools.combinations(texts(ops), 2):
            assert not a.box.overlaps(b.box)


@pytest.mark.parametrize(
    ("network", "list_text", "kept", "dropped"),
    [
        pytest.param("Сеть есть", "Реестр на 22.11", {"Сеть есть", "Реестр на 22.11"}, set(),
                     id="all fits"),
        pytest.param(_NO_NETWORK, "Реестр на 22.11.2026, следующий завтра",
                     {"Реестр на 22.11.2026, следующий завтра"}, {_NO_NETWORK},
                     id="network goes first"),
        pytest.param("Сеть есть", "Реестр на 22.11.2026, " + "очень " * 12 + "долго",
                     {"Реестр на 22.11.2026", "№ 0412"}, {"Сеть есть"}, id="then the list's words"),
    ],
)  # fmt: skip
def test_the_footer_gives_way_in_order(
    network: str, list_text: str, kept: set[str], dropped: set[str]
) -> None:
    screen = KINDS["insured"]
    footer = replace(screen.footer, network_text=network, list_text=list_text)
    ops = lay_out(replace(screen, footer=footer), (800, 480), LIGHT, Fonts().measure)
    shown = {op.text for op in texts(ops)}
    assert kept | {"10:42"} <= shown
    assert not dropped & shown


@_SIZES
def test_languages_can_be_touched(size: tuple[int, int]) -> None:
    zones = _zones("idle-touch", size)
    assert set(zones) == {"language:0", "language:1", "language:2", "number", "kiosk"}
    for one, other in itertools.combinations(zones.values(), 2):
        assert not one.overlaps(other)


def test_without_languages_nothing_can_be_touched() -> None:
    assert _zones("idle", (800, 480)) == _zones("idle-no-reader", (800, 480)) == {}


def _zones(name: str, size: tuple[int, int]) -> dict[str, Box]:
    ops = lay_out(KINDS[name], size, LIGHT, wide)
    return {op.name: op.box for op in ops if isinstance(op, Zone)}


@_SIZES
@pytest.mark.parametrize("name", [name for name, screen in KINDS.items() if _is_touched(screen)])
def test_buttons_can_be_hit_and_reached(name: str, size: tuple[int, int]) -> None:
    """12 mm at the density that the view was made for, and nowhere near another one."""
    zones = _zones(name, size)
    zones.pop("kiosk", None)
    least = getattr(KINDS[name], "touch_px", 0)
    assert zones
    for zone, box in zones.items():
        assert min(box.w, box.h) >= least, zone
        # Below 1.2 m where the screen is taller than people sit.
        assert size[0] >= size[1] or box.y >= 0.4 * size[1] - 1 or zone == "number", zone
    for one, other in itertools.combinations(zones.values(), 2):
        assert not one.overlaps(other)


@pytest.mark.parametrize(
    ("progress", "share"),
    [
        pytest.param(0.5, 0.5, id="half"),
        pytest.param(1.0, 1.0, id="done"),
        pytest.param(7.0, 1.0, id="never more than done"),
    ],
)
def test_progress(progress: float, share: float) -> None:
    screen = KINDS["reading"]
    assert isinstance(screen, Busy)
    ops = lay_out(replace(screen, progress=progress), (1280, 800), LIGHT, wide)
    track, done = _bars(ops)
    assert done.box.w == pytest.approx(track.box.w * share, abs=1)


def _bars(ops: tuple[Op, ...]) -> list[RoundRect]:
    """The progress bar: the two wide and flat round rectangles."""
    return [op for op in ops if isinstance(op, RoundRect) and op.box.h < 30 and op.box.w > 300]


def test_no_figure_no_bar() -> None:
    assert _bars(lay_out(KINDS["receiving"], (1280, 800), LIGHT, wide)) == []


def test_an_idle_frame_without_ways_in_still_stands() -> None:
    idle = KINDS["idle"]
    assert isinstance(idle, Idle)
    ops = lay_out(replace(idle, invitations=(), tip=""), (800, 480), LIGHT, wide)
    assert {"Проверьте", "полис ОМС"} <= {op.text for op in texts(ops)}


def test_a_photo_covers_the_silhouette() -> None:
    ops = lay_out(registrar(photo=Raster(1, 1, b"rgb")), (800, 480), LIGHT, wide)
    (picture,) = [op for op in ops if isinstance(op, Picture)]
    assert picture.box.w > 100
    assert isinstance(ops[0], Rect)


def test_operations_keep_people_out_of_reprs() -> None:
    ops = lay_out(registrar(photo=Raster(2, 1, b"secret")), (800, 480), LIGHT, wide)
    assert "ЩУКИНА" not in repr(ops)
    assert "secret" not in repr(ops)
    assert "ЩУКИНА" not in repr(registrar())
    assert "05.03.1984" not in repr(registrar())
