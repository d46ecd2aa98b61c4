"""The words of the screen, by key: gettext catalogues, Russian first.

Keys are stable codes (`reason.expired.headline`), not sentences, so no word stands in the code and
no sentence is used as state. A sentence that a language lacks is shown in Russian.
"""

from __future__ import annotations

import gettext
from pathlib import Path
from typing import Final

FALLBACK: Final = "ru"
LANGUAGES: Final = ("ru", "en", "tt")
"""Languages that have a catalogue."""
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

    def plural(self, key: str, n: int, **fields: str) -> str:
        """Return the sentence of `key` in the form that its language has for `n` of something.

        `n` is also the field `{n}`. Russian has three forms (1 цифра, 2 цифры, 5 цифр), English has
        two, Tatar one.

        Raises:
            KeyError: no catalogue has the key in forms.
        """
        sentence = self._translations.ngettext(key, key, n)
        if sentence == key:
            raise KeyError(key)
        return sentence.format_map({**fields, "n": str(n)})

    def text_or_empty(self, key: str) -> str:
        """Return the sentence of `key`, or nothing where a reason has no such line."""
        sentence = self._translations.gettext(key)
        return "" if sentence == key else sentence


def _load(language: str) -> gettext.GNUTranslations:
    """A catalogue of its own for each caller, since a fallback is added to it."""
    with (_LOCALES / language / "LC_MESSAGES" / "kiosk.mo").open("rb") as file:
        return gettext.GNUTranslations(file)
