"""The registrar's frame when it is crowded, the fund's column, marks, the insurer, the hotline."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from tests.ui.frames import ALL_SIZES, KINDS, texts, wide
from ui.flow import Canvas, Measure, wrap
from ui.footer import footer_top
from ui.layout import lay_out
from ui.ops import Box, Disc, Op, Picture, Polygon, Rect, RoundRect, Stroke, Text, bounds
from ui.paint import Fonts
from ui.preview import SIZES
from ui.preview_registrar import full, registrar, signature
from ui.screen import Comparison, Countdown, Raster, RegistrarResult, Result
from ui.theme import LIGHT, THEMES, Theme, contrast

_HOTLINE = "Контакт-центр фонда: 8 800 000-00-00"
_CROWDED = {
    "full": full(),
    "signature": signature(),
    "full without a photo": replace(full(), photo_caption=""),
    "full without the fund": replace(full(), fund_title=""),
}
_FRAMES = pytest.mark.parametrize("name", _CROWDED)
_SIZES = pytest.mark.parametrize("size", ALL_SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
_LARGE = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


@pytest.fixture(scope="module", params=["PT Sans", "wider"])
def measure(request: pytest.FixtureRequest) -> Measure:
    return Fonts().measure if request.param == "PT Sans" else wide


def _box(op: Op) -> Box:
    return op.box if hasattr(op, "box") else bounds(op).inset(1, 1)


@_SIZES
@_FRAMES
def test_no_text_lies_on_another_or_on_a_mark(
    name: str, size: tuple[int, int], measure: Measure
) -> None:
    ops = lay_out(_CROWDED[name], size, LIGHT, measure)
    for one, other in itertools.combinations(texts(ops), 2):
        assert not one.box.overlaps(other.box), (one.text, other.text)
    marks = [_box(op) for op in ops if isinstance(op, Polygon) or _is_mark(op)]
    digits = {op.box for op in texts(ops) if op.text.isdigit()}
    for op in texts(ops):
        for mark in marks:
            assert op.box in digits or not op.box.overlaps(mark), (op.text, mark)


def _is_mark(op: Op) -> bool:
    """A tick, cross or dash; the countdown's ring has many points, its digits lie within."""
    return isinstance(op, Stroke) and len(op.points) <= 3


@_LARGE
@_FRAMES
def test_nothing_is_cut(name: str, size: tuple[int, int]) -> None:
    canvas = Canvas(*size, LIGHT, Fonts().measure)
    screen = _CROWDED[name]
    ops = lay_out(screen, size, LIGHT, canvas.measure)
    shown = "".join(op.text for op in texts(ops)).replace(" ", "")
    said = (*screen.notes, *(check.text for check in screen.checks), screen.next_step)
    cells = [cell for row in screen.comparisons for cell in _cells(screen, row)]
    for text in (*said, *cells, screen.how_known):
        assert text.replace(" ", "") in shown or all(w in shown for w in text.split()), text
    above = [op for op in texts(ops) if op.box.y < footer_top(canvas)]
    assert not any(op.text.endswith("…") for op in above)
    assert all(op.box.bottom <= footer_top(canvas) for op in above)


def _cells(screen: RegistrarResult, row: Comparison) -> tuple[str, ...]:
    cells = (row.label, row.document, row.register)
    return (*cells, row.fund) if screen.fund_title else cells


@_LARGE
@pytest.mark.parametrize(
    ("name", "part"),
    [pytest.param("full", 48, id="full"), pytest.param("signature", 36, id="signature")],
)
def test_a_crowded_frame_stays_readable(name: str, part: int, size: tuple[int, int]) -> None:
    canvas = Canvas(*size, LIGHT, Fonts().measure)
    ops = texts(lay_out(_CROWDED[name], size, LIGHT, canvas.measure))
    assert min(op.px for op in ops) >= int(canvas.unit / part)


@_FRAMES
@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_contrast_of_texts_and_marks(name: str, theme: Theme) -> None:
    screen = replace(_CROWDED[name], countdown=Countdown(20, 20))
    ops = lay_out(screen, (1280, 800), theme, wide)
    # A silhouette is no information; the track of the countdown is what is gone already.
    ring = next(op for op in ops if isinstance(op, Stroke) and len(op.points) > 60)
    decoration = {theme.silhouette, ring.colour}
    for index, op in enumerate(ops):
        if isinstance(op, Text):
            assert contrast(op.colour, _ground(ops[:index], op.box)) >= 7, op
        elif isinstance(op, Polygon | Stroke) and op.colour not in decoration:
            assert contrast(op.colour, _ground(ops[:index], bounds(op))) >= 4.5, op


def _ground(below: tuple[Op, ...], box: Box) -> tuple[int, int, int]:
    """The colour of the last surface that holds the middle of a box; pictures aside."""
    x, y = box.x + box.w // 2, box.y + box.h // 2
    middle = Box(x, y, 1, 1)
    plates = [op for op in below if isinstance(op, Rect | RoundRect | Polygon | Disc)]
    return next(op.colour for op in reversed(plates) if bounds(op).overlaps(middle))


def test_the_fund_s_column_needs_a_title() -> None:
    with_fund = lay_out(full(), (1280, 800), LIGHT, wide)
    without = lay_out(replace(full(), fund_title=""), (1280, 800), LIGHT, wide)
    assert _lefts(with_fund, "05.03.1984") == 3
    assert _lefts(without, "05.03.1984") == 2
    assert any(op.text.startswith("Ответ") for op in texts(with_fund))


def _lefts(ops: tuple[Op, ...], text: str) -> int:
    """In how many columns a text stands."""
    return len({op.box.x for op in texts(ops) if op.text == text})


@pytest.mark.parametrize(
    ("differs", "same", "diamonds", "ticks"),
    [
        pytest.param(True, False, 1, 0, id="differs"),
        pytest.param(False, True, 0, 1, id="same"),
        pytest.param(False, False, 0, 0, id="unknown"),
    ],
)
def test_marks_differ_by_shape(differs: bool, same: bool, diamonds: int, ticks: int) -> None:
    row = Comparison("Дата рождения", "05.03.1984", "05.03.1984", differs, same)
    screen = replace(registrar(), checks=(), comparisons=(row,), photo_caption="")
    band = 0.36 * 1280
    ops = lay_out(screen, (1280, 800), LIGHT, wide)
    paper = [op for op in ops if bounds(op).x > band and bounds(op).bottom < 700]
    assert sum(isinstance(op, Polygon) for op in paper) == diamonds
    assert sum(_is_mark(op) for op in paper) == ticks


def test_values_stand_below_each_other_beside_any_mark() -> None:
    screen = signature()
    ops = texts(lay_out(screen, (1920, 1080), LIGHT, Fonts().measure))
    values = {"На карте", *(row.document for row in screen.comparisons)}
    lefts = {op.box.x for op in ops if op.text in values and op.box.x < 1300 and op.box.y > 400}
    assert len(lefts) == 1


@pytest.mark.parametrize(
    ("screen", "size", "shown"),
    [
        pytest.param(signature(), (1280, 800), 3, id="room for all"),
        pytest.param(signature(), (800, 480), 2, id="the last goes first"),
        pytest.param(
            replace(full(), fund_title="", comparisons=full().comparisons * 2),
            (800, 480),
            0,
            id="no room",
        ),
    ],
)
def test_lines_about_the_insurer_give_way(
    screen: RegistrarResult, size: tuple[int, int], shown: int
) -> None:
    ops = texts(lay_out(screen, size, LIGHT, Fonts().measure))
    assert [op.text for op in ops if op.text in screen.insurer_lines] == list(
        screen.insurer_lines[:shown]
    )


def test_an_absurd_amount_is_left_out_and_never_drawn_over() -> None:
    screen = replace(full(), notes=full().notes * 9, checks=full().checks * 9)
    ops = texts(lay_out(screen, (800, 480), LIGHT, wide))
    assert any(op.text == screen.next_step for op in ops)
    for one, other in itertools.combinations(ops, 2):
        assert not one.box.overlaps(other.box)


def test_a_photo_keeps_its_shape_on_a_crowded_page() -> None:
    ops = lay_out(replace(full(), photo=Raster(1, 1, b"rgb")), (800, 480), LIGHT, wide)
    (picture,) = [op for op in ops if isinstance(op, Picture)]
    assert picture.box.w >= 60
    assert picture.box.h / picture.box.w == pytest.approx(0.30 / 0.245, abs=0.05)


@_LARGE
def test_a_hotline_is_one_calm_line_below_the_hint(size: tuple[int, int]) -> None:
    result = KINDS["not-insured-contact"]
    assert isinstance(result, Result)
    assert result.contact == _HOTLINE
    canvas = Canvas(*size, LIGHT, Fonts().measure)
    ops = texts(lay_out(result, size, LIGHT, canvas.measure))
    (line,) = [op for op in ops if op.text == _HOTLINE]
    assert line.px >= int(canvas.unit / 24)
    assert line.colour == LIGHT.ink_soft
    hint = [op for op in ops if op.text.endswith("без полиса")]
    assert line.box.y >= hint[-1].box.bottom


@_SIZES
def test_no_hotline_no_change(size: tuple[int, int]) -> None:
    plain, called = KINDS["not-insured"], KINDS["not-insured-contact"]
    assert isinstance(called, Result)
    emptied = replace(called, contact="")
    assert lay_out(emptied, size, LIGHT, wide) == lay_out(plain, size, LIGHT, wide)
    assert lay_out(called, size, LIGHT, wide) != lay_out(plain, size, LIGHT, wide)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        pytest.param("Звоните 8 800 000-00-00", 20, ("Звоните", "8 800 000-00-00"), id="whole"),
        pytest.param("8 800 000-00-00", 12, ("8 800", "000-00-00"), id="too long for the column"),
        pytest.param("7856 5108 9400 0445", 16, ("7856 5108 9400", "0445"), id="between groups"),
        pytest.param("+7 (495) 000-00-00", 18, ("+7 (495) 000-00-00",), id="with a code"),
    ],
)
def test_numbers_are_parted_between_groups_only(
    text: str, width: int, lines: tuple[str, ...]
) -> None:
    assert wrap(text, width, len, balance=False).lines == lines
