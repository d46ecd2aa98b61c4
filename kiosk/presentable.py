"""Texts of documents and services as they may be shown: one line, in the order it is written. Pure.

What a document says of a person is not ours: it may hold marks that turn the order of letters
around or join what does not belong together (Unicode, UAX 9 and TR 36), piles of accents, control
characters, or a name without an end. None of it may change how a frame reads. A text is drawn on a
line of its own, so that letters of a script that runs from the right stay among themselves.
"""

from __future__ import annotations

import unicodedata
from typing import Final

LONGEST: Final = 100
"""Characters that are shown; a barcode holds 68 with all three names, a sheet of paper few more."""
_READ: Final = 4 * LONGEST
"""Of what comes in, at most so many are looked at."""
_DROPPED: Final = frozenset({"Cf", "Cs", "Co", "Cn"})
"""Format and direction marks, halves of pairs, private and unassigned: nobody can read them."""
_MARKS: Final = frozenset({"Mn", "Me"})


def presentable(text: str, most: int = LONGEST) -> str:
    """The text without what cannot be read, cut to `most` characters with an ellipsis."""
    kept: list[str] = []
    for character in unicodedata.normalize("NFC", text[:_READ]):
        kind = unicodedata.category(character)
        if kind in _DROPPED:
            continue
        if kind in _MARKS and (not kept or not kept[-1].isalpha()):
            # One accent on a letter; a second one would only grow over the line above.
            continue
        kept.append(" " if kind == "Cc" or character.isspace() else character)
    line = " ".join("".join(kept).split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
