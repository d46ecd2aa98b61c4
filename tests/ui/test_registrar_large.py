"""Frames with pages that turn: registrars and technicians who want larger words."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final

import pytest

from tests.ui.frames import texts
from ui.layout import lay_out
from ui.ops import Box, Op, Picture, Text
from ui.paint import Fonts
from ui.preview import samples
from ui.preview_registrar import full, registrar, signature
from ui.screen import Countdown, Fact, Raster, RegistrarResult, Service
from ui.theme import LIGHT
from ui.turning import MOST_PAGES, TURN_SECONDS, page_at

if TYPE_CHECKING:
    from ui.flow import Measure

_PLAIN: Final = replace(registrar(), notes=(), photo_caption="")
_FRAMES: Final = {
    "plain": _PLAIN,
    "differs": registrar(),
    "signature": signature(),
    "full": full(),
}
_MOMENTS: Final = range(0, 20, TURN_SECONDS - 1)
"""Seconds after the answer: one at least on every page."""
_SIZES = pytest.mark.parametrize(
    "size", [(800, 480), (1280, 800), (1080, 1920)], ids=lambda size: f"{size[0]}x{size[1]}"
)
_NAMES = pytest.mark.parametrize("name", _FRAMES)


@pytest.fixture(scope="module")
def measure() -> Measure:
    return cache(Fonts().measure)


def _at(screen: RegistrarResult | Service, gone: int) -> RegistrarResult | Service:
    return replace(screen, countdown=Countdown(20 - gone, 20))


def _fixed(screen: RegistrarResult) -> tuple[str, ...]:
    first = screen.notes[:1]
    said = (screen.headline, screen.next_step, screen.surname, screen.names, *first)
    return (*said, screen.facts[0].value)


def _lines(ops: tuple[Op, ...], said: str) -> list[tuple[str, Box, int]]:
    """Lines of a text where it stands largest on the frame."""
    words = set(said.split())
    lines = [(op.text, op.box, op.px) for op in texts(ops) if set(op.text.split()) <= words]
    lines = [line for line in lines if line[0] == said] or lines
    return [line for line in lines if line[2] == max(px for _, _, px in lines)]


@_SIZES
@_NAMES
def test_what_is_read_first_grows_first(name: str, size: tuple[int, int], measure: Measure) -> None:
    screen = _FRAMES[name]
    usual, large = (lay_out(screen, size, LIGHT, measure, text) for text in (1.0, 2.0))

    def px(ops: tuple[Op, ...], said: str) -> int:
        return max(px for _, _, px in _lines(ops, said))

    for said in (screen.names, screen.facts[0].value):
        assert px(large, said) >= 1.5 * px(usual, said), said
    for said in (screen.headline, screen.next_step):
        assert px(large, said) >= 1.25 * px(usual, said), said


@_SIZES
@_NAMES
def test_only_details_turn(name: str, size: tuple[int, int], measure: Measure) -> None:
    screen = _FRAMES[name]
    frames = [lay_out(_at(screen, gone), size, LIGHT, measure, 2.0) for gone in _MOMENTS]
    for said in _fixed(screen):
        kept = set.intersection(*(set(_lines(ops, said)) for ops in frames))
        assert {word for text, *_ in kept for word in text.split()} == set(said.split())


@_SIZES
@_NAMES
@pytest.mark.parametrize("text", [1.5, 2.0])
def test_every_detail_has_its_turn(
    name: str, text: float, size: tuple[int, int], measure: Measure
) -> None:
    screen = _FRAMES[name]
    frames = [lay_out(_at(screen, gone), size, LIGHT, measure, text) for gone in _MOMENTS]
    shown = " ".join(op.text for ops in frames for op in texts(ops))
    said = [*screen.notes, *(check.text for check in screen.checks), screen.how_known]
    said += [fact.value for fact in screen.facts]
    said += [cell for row in screen.comparisons for cell in (row.label, row.document, row.register)]
    # Who says nothing is left out.
    words = {word for each in said for word in each.split()} - {"—"}
    assert {word for word in words if word not in shown} == set()


@_SIZES
def test_a_difference_is_seen_first_and_comes_back(size: tuple[int, int], measure: Measure) -> None:
    frames = [lay_out(_at(signature(), gone), size, LIGHT, measure, 2.0) for gone in range(20)]
    seen = [any(op.text == "СМО «Пример»" for op in texts(ops)) for ops in frames]
    assert seen[0]
    assert all(any(seen[at : at + TURN_SECONDS + 1]) for at in range(16))


@_SIZES
@pytest.mark.parametrize("text", [1.0, 1.25, 2.0])
def test_a_photo_that_arrives_moves_nothing(
    text: float, size: tuple[int, int], measure: Measure
) -> None:
    before = replace(registrar(), photo_expected=True)
    after = replace(before, photo=Raster(1, 1, b"rgb"))
    waiting, there = (lay_out(one, size, LIGHT, measure, text) for one in (before, after))
    assert [op for op in there if not isinstance(op, Picture)] == list(waiting)
    assert len(there) == len(waiting) + 1


@_SIZES
def test_the_technicians_page_grows_and_shows_what_is_bad_first(
    size: tuple[int, int], measure: Measure
) -> None:
    screen = samples()["service"]
    assert isinstance(screen, Service)
    usual, *large = (
        texts(lay_out(_at(screen, gone), size, LIGHT, measure, text))
        for text, gone in ((1.0, 0), *((2.0, gone) for gone in _MOMENTS))
    )
    px = {line.value: _px(usual, line.value) for line in screen.lines}
    grown = [op for ops in large for op in ops]
    for value, was in px.items():
        assert _px(grown, value) >= 1.6 * was, value
    bad = [line.label for line in screen.lines if line.outcome and line.outcome.name == "FAIL"]
    for label in bad[:1]:
        assert set(label.split()) & {word for op in large[0] for word in op.text.split()}


def _px(ops: list[Text], value: str) -> int:
    words = set(value.split())
    return max(op.px for op in ops if set(op.text.split()) <= words)


def test_a_usual_frame_does_not_turn(measure: Measure) -> None:
    frames = {
        tuple(op.text for op in texts(lay_out(_at(full(), gone), (800, 480), LIGHT, measure)))
        for gone in _MOMENTS
    }
    digits = {tuple(text for text in frame if not text.isdigit()) for frame in frames}
    assert len(digits) == 1


@pytest.mark.parametrize("total", [1, 5, 20, 120])
@pytest.mark.parametrize("pages", range(MOST_PAGES + 1))
@pytest.mark.parametrize("differs", [False, True])
def test_every_page_has_its_turn(pages: int, total: int, *, differs: bool) -> None:
    differing = [differs and page == 0 for page in range(pages)]
    shown = [page_at(Countdown(left, total), differing) for left in range(total, -1, -1)]
    assert shown[0] == 0
    if total >= 2 * MOST_PAGES:
        assert set(shown) == set(range(max(1, pages)))


def test_an_absurd_amount_is_left_out_and_never_drawn_over(measure: Measure) -> None:
    absurd = replace(full(), notes=(" ".join(full().notes * 3),), checks=full().checks * 9)
    for size in ((800, 480), (1080, 1920)):
        ops = texts(lay_out(absurd, size, LIGHT, measure, 2.0))
        for one, other in itertools.combinations(ops, 2):
            assert not one.box.overlaps(other.box), (one.text, other.text)


def test_no_facts_no_fault(measure: Measure) -> None:
    screen = replace(registrar(), facts=(), comparisons=(), checks=(), notes=())
    assert texts(lay_out(screen, (800, 480), LIGHT, measure, 2.0))
    bare = replace(screen, facts=(Fact("ЕНП", "7856 5108 9400 0445"),))
    assert lay_out(bare, (800, 480), LIGHT, measure, 2.0)
