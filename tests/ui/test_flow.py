"""Wrapping, stacking and shrinking."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ui.frames import wide
from ui.flow import LONGEST_TEXT, STEPS, Canvas, Stack, Style, clean, fitted, wrap
from ui.theme import LIGHT


def _ten(text: str) -> int:
    return 10 * len(text)


def _wrapped(text: str, width: int, *, balance: bool = False) -> list[str]:
    return list(wrap(text, width, _ten, balance=balance).lines)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        pytest.param("", 100, [], id="empty"),
        pytest.param("один", 40, ["один"], id="just fits"),
        pytest.param("один два три", 80, ["один два", "три"], id="greedy"),
        pytest.param("код с полиса", 90, ["код", "с полиса"], id="preposition moves on"),
        pytest.param("Карта — чипом", 110, ["Карта —", "чипом"], id="dash stays behind"),
        pytest.param("дом № 3", 60, ["дом", "№ 3"], id="number sign keeps its number"),
        pytest.param("ЕНП 7856 5108", 90, ["ЕНП", "7856 5108"], id="groups of digits"),
        pytest.param("Щукина-Ёлкина", 100, ["Щукина-", "Ёлкина"], id="at the hyphen"),
        pytest.param("абвгд", 20, ["аб", "вг", "д"], id="between letters"),
        pytest.param("аб", 5, ["а", "б"], id="one letter always"),
        pytest.param("да\u00a0нет", 30, ["да\u00a0", "нет"], id="no-break space breaks last"),
    ],
)
def test_wrap(text: str, width: int, lines: list[str]) -> None:
    assert _wrapped(text, width) == lines


def test_balanced_lines_are_about_equal() -> None:
    assert _wrapped("Не удалось проверить полис", 210) == ["Не удалось проверить", "полис"]
    balanced = _wrapped("Не удалось проверить полис", 210, balance=True)
    assert balanced == ["Не удалось", "проверить полис"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a\0b\nc\td", "a b c d", id="control characters"),
        pytest.param("  a   b ", "a b", id="runs of spaces"),
        pytest.param("a\ud800b", "a b", id="lone surrogate"),
        pytest.param("1\u202f2\u20093\u00a04", "1\u00a02\u00a03\u00a04", id="narrow spaces"),
        pytest.param("x" * LONGEST_TEXT, "x" * LONGEST_TEXT, id="longest"),
        pytest.param("x" * 9999, "x" * (LONGEST_TEXT - 1) + "…", id="longer"),
    ],
)
def test_clean(text: str, expected: str) -> None:
    assert clean(text) == expected


@given(st.text(max_size=120), st.integers(10, 400), st.sampled_from(["plain", "balanced"]))
def test_wrapping_loses_nothing_and_keeps_the_width(text: str, width: int, kind: str) -> None:
    wrapped = wrap(text, width, _ten, balance=kind == "balanced")
    assert all(_ten(line) <= width for line in wrapped.lines)
    assert "".join(wrapped.lines).replace(" ", "") == clean(text).replace(" ", "")


def test_fitted_takes_the_first_scale_that_fits() -> None:
    assert fitted(lambda scale: (scale <= 0.8, scale)) == 0.78


def test_fitted_falls_back_to_the_smallest() -> None:
    assert fitted(lambda scale: (False, scale)) == STEPS[-1]


def test_a_stack_that_is_too_high_ends_in_an_ellipsis() -> None:
    canvas = Canvas(800, 480, LIGHT, wide)
    stack = Stack(canvas, 200, 1.0).add("много слов " * 30, Style(1 / 24, LIGHT.ink))
    kept = stack.place(0, 0, room=stack.height // 2)
    assert kept[-1].text.endswith("…")
    assert kept[-1].box.bottom <= stack.height // 2
    assert all(line.box.w <= 200 for line in kept)
