"""The technicians' page of the README, as what it says is to be done, and where.

Every `sh` block of that section begins with a remark that is a `Place`. Its other remarks are deeds
of a technician's hands; all other lines are typed as they stand.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Final

from tests.readme import README

SECTION: Final = "For technicians"
_BLOCK: Final = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Place(enum.StrEnum):
    """Where a block's lines are typed."""

    BUILD = "on the build machine"
    OFFICE = "in the office"
    KIOSK = "at the kiosk"


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the page."""

    place: Place
    words: str
    """What is typed, or what is done by hand."""
    by_hand: bool


def section() -> str:
    """The page."""
    text = README.read_text(encoding="utf-8")
    return text.split(f"\n## {SECTION}\n")[1].split("\n## ")[0]


def steps() -> list[Step]:
    """All that the page says is to be done, in its order.

    Raises:
        ValueError: a block does not say where its lines are typed.
    """
    found = []
    for block in _BLOCK.findall(section()):
        first, *lines = block.splitlines()
        place = Place(first.removeprefix("# "))
        for line in lines:
            by_hand = line.startswith("# ")
            found.append(Step(place, line.removeprefix("# "), by_hand))
    return found
