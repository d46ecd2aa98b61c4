"""The words of the screen: compiled from their sources, in every language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kiosk.catalogue import Catalogue
from kiosk.locale import build

if TYPE_CHECKING:
    from pathlib import Path


def test_this_checkout_has_its_catalogues_compiled(tmp_path: Path) -> None:
    for compiled in build.compile_into(tmp_path):
        ours = build.HERE / compiled.relative_to(tmp_path)
        assert compiled.read_bytes() == ours.read_bytes(), "run: .ci/setup"


@pytest.mark.parametrize("language", ["en", "tt"])
def test_a_language_speaks_for_itself(language: str) -> None:
    assert Catalogue(language).text("idle.title") != Catalogue("ru").text("idle.title")
