"""No word is cut, lost, broken, too small or over another one: languages × sizes × text scales.

The smallest and the highest frame at the usual and the largest text; `python -m tests.sweep` lays
out all of them.
"""

from __future__ import annotations

import pytest

from kiosk.catalogue import LANGUAGES
from tests.ui.sweep_checks import Part, letters, shrunk, sweep, without_glyph

_SIZES = ((800, 480), (1280, 800), (1080, 1920))


@pytest.mark.parametrize("size", _SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_every_frame_is_there(language: str, size: tuple[int, int]) -> None:
    usual, large = (sweep(Part(language, size, text)) for text in (1.0, 2.0))
    assert usual.faults == []
    assert large.faults == []
    assert shrunk(usual, large) == []


def test_the_type_faces_have_every_letter() -> None:
    assert without_glyph(letters()) == {}
