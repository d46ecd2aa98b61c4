"""The words of the screen, by key: gettext catalogues, Russian first.

Keys are stable codes (`reason.expired.headline`), not sentences, so no word stands in the code and
no sentence is used as state. A sentence that a language lacks is shown in Russian.
"""

from __future__ import annotations

import gettext
from functools import cache
from pathlib import Path
from typing import Final

FALLBACK: Final = "ru"
_LOCALES: Final = Path(__file__).with_name("locale")


class Catalogue:
    """All sentences in one language."""

    def __init__(self, language: str) -> None:
        """Load the compiled catalogue of `language` and the Russian one behind it."""
        self._translations: gettext.NullTranslations = _load(FALLBACK)
        if language != FALLBACK:
            self._translations = _load(language)
            self._translations.add_fallback(_load(FALLBACK))

    def text(self, key: str, **fields: str) -> str:
        """Return the sentence of `key` with its `{fields}` filled in.

        Raises:
            KeyError: no catalogue has the key; tests hold this for all keys that the code uses.
        """
        sentence = self._translations.gettext(key)
        if sentence == key:
            raise KeyError(key)
        return sentence.format_map(fields)

    def text_or_empty(self, key: str) -> str:
        """Return the sentence of `key`, or nothing where a reason has no such line."""
        sentence = self._translations.gettext(key)
        return "" if sentence == key else sentence


@cache
def _load(language: str) -> gettext.GNUTranslations:
    with (_LOCALES / language / "LC_MESSAGES" / "kiosk.mo").open("rb") as file:
        return gettext.GNUTranslations(file)
