"""The tour at a glance: one contact sheet for the public's frames, one for the registrar's.

Which frame of which scene is on it, by the names of the tour's files.
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
    "touch-blank-number-keypad",
    "touch-not-in-list-not-in-list",
    "touch-service-service",
    "reader-unplugged-idle",
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
    """Write both sheets beside the tour's frames; the last frame of each name is taken.

    But for idle frames: the first one is the scene's, what follows the answer is every scene's.

    Raises:
        UiError: a frame is missing.
    """
    taken: dict[str, Path] = {}
    for path in sorted(folder.glob("[0-9]*-*.png")):
        name = path.stem.partition("-")[2]
        if name not in taken or not name.endswith("-idle"):
            taken[name] = path
    for sheet, names in SHEETS.items():
        missing = [name for name in names if name not in taken]
        if missing:
            raise UiError(f"the tour has no frame {', '.join(missing)}")
        frames = [(name, taken[name]) for name in names]
        write_sheet(frames, folder / sheet, columns=_COLUMNS, width=_WIDTH)
