"""The tour at a glance: one contact sheet for the public's frames, one for the registrar's.

Which frame of which scene is on it, by the names of the tour's files: the last one of that name, an
idle frame's first one (what follows an answer is every scene's), or the one counted from 0 after a
colon.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ui.errors import UiError
from ui.sheet import write_sheet

if TYPE_CHECKING:
    from pathlib import Path

_COLUMNS: Final = 3
_WIDTH: Final = 480

PUBLIC: Final = (
    "insured-chip-idle",
    "insured-chip-slow-reading",
    "insured-chip-insured",
    "asked-insured-asking",
    "asked-insured-insured",
    "insurer-changed-insured",
    "suspended-suspended",
    "expired-expired",
    "details-differ-details-differ",
    "not-in-list-not-in-list",
    "list-too-old-list-too-old",
    "clock-wrong-clock",
    "misread-misread",
    "already-shown-insured",
    "mute-card-mute-card",
    "wrong-card-wrong-card",
    "card-pulled-card-removed",
    "two-cards-two-cards",
    "touch-english-idle",
    "touch-english-insured",
    "touch-number-choice",
    "touch-blank-number-keypad:2",
    "touch-not-in-list-not-in-list",
    "touch-service-service",
    "unreadable-code-unreadable-code",
    "scanner-unplugged-idle",
    "out-of-service-out-of-service",
)
REGISTRAR: Final = (
    "registrar-insured-insured",
    "registrar-insurer-changed-insured",
    "registrar-foreigner-insured",
    "registrar-suspended-suspended",
    "registrar-details-differ-details-differ",
    "registrar-not-in-list-not-in-list",
    "registrar-long-name-insured",
    "registrar-signed-card-insured",
    "registrar-forged-barcode-forged",
    "registrar-asked-insured-insured",
    "registrar-state-reversed-insured",
    "second-look-idle",
)
SHEETS: Final = {"contact-public.png": PUBLIC, "contact-registrar.png": REGISTRAR}


def write_sheets(folder: Path) -> None:
    """Write both sheets beside the tour's frames.

    Raises:
        UiError: a frame is missing.
    """
    there: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("[0-9]*-*.png")):
        there.setdefault(path.stem.partition("-")[2], []).append(path)
    for sheet, wanted in SHEETS.items():
        frames = [(one, _chosen(one, there)) for one in wanted]
        missing = [one for one, path in frames if path is None]
        if missing:
            raise UiError(f"the tour has no frame {', '.join(missing)}")
        named = [(one.partition(":")[0], path) for one, path in frames if path is not None]
        write_sheet(named, folder / sheet, columns=_COLUMNS, width=_WIDTH)


def _chosen(wanted: str, there: dict[str, list[Path]]) -> Path | None:
    name, _, number = wanted.partition(":")
    paths = there.get(name, [])
    place = int(number) if number else 0 if name.endswith("-idle") else len(paths) - 1
    return paths[place] if 0 <= place < len(paths) else None
