"""Hostile names: nothing of them turns around, piles up, or runs over."""

from __future__ import annotations

import itertools
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.presentable import LONGEST, presentable

_TURNS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("ПЕТРОВА-ВОДКИНА", "ПЕТРОВА-ВОДКИНА", id="honest"),
        pytest.param("Д’Артаньян", "Д’Артаньян", id="apostrophe"),
        pytest.param("Ё".replace("Ё", "Е\u0308"), "Ё", id="composed"),
        pytest.param("\u202eВОРТЕП\u202c ИВАН", "ВОРТЕП ИВАН", id="turned-around"),
        pytest.param("Ив\u200bан\u200dов\ufeff\u00ad", "Иванов", id="invisible"),
        pytest.param("Ив\x00ан\x1b[31m\n\tов", "Ив ан [31m ов", id="controls"),
        pytest.param("И" + "\u0301\u0302\u0303" * 30, "И\u0301", id="accents"),
        pytest.param("\u0301\u0302", "", id="accents-alone"),
        pytest.param("Иван\U000e0041\ue000", "Иван", id="tags-and-private"),
        pytest.param("כהן דוד", "כהן דוד", id="from-the-right"),
        pytest.param("А\u00a0\u2003 Б\u2028В", "А Б В", id="spaces"),
        pytest.param("Я" * 200, "Я" * (LONGEST - 1) + "…", id="long"),
        pytest.param("", "", id="empty"),
    ],
)
def test_names(text: str, shown: str) -> None:
    assert presentable(text) == shown


@given(st.text(max_size=600) | st.text(_TURNS + "Иב\u0301\x00 ", max_size=600))
def test_whatever_comes_one_short_line_is_left(text: str) -> None:
    line = presentable(text)
    assert len(line) <= LONGEST
    assert not set(line) & set(_TURNS)
    assert all(c.isprintable() for c in line)
    assert line == line.strip()
    marks = [unicodedata.category(c) in {"Mn", "Me"} for c in line]
    assert not any(one and other for one, other in itertools.pairwise(marks))
    assert presentable(line) == line
