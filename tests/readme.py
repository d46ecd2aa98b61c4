"""The README's generated part: `python -m tests.readme` writes it anew, a test compares it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kiosk.catalogue import Catalogue
from kiosk.reasons import (
    NEXT_STEP,
    NOTE_STEP,
    CouldNotCheckReason,
    NextStep,
    Note,
    NotInsuredReason,
    of_status,
)
from offline_cache.format import Status

README: Final = Path(__file__).parents[1] / "README.md"
BEGIN: Final = "<!-- answers: made by tests/readme.py from the code and the catalogue -->\n"
END: Final = "<!-- end of answers -->\n"


def answers() -> str:
    """All reasons, notes and statuses with their words, as Markdown tables."""
    say = Catalogue("ru").text
    rows = [("insured", "insured", NextStep.GO_TO_DESK)]
    rows += [("not insured", reason.value, NEXT_STEP[reason]) for reason in NotInsuredReason]
    rows += [("could not check", reason.value, NEXT_STEP[reason]) for reason in CouldNotCheckReason]
    lines = ["| family | reason | on the screen | next step |", "|---|---|---|---|"]
    lines += [
        f"| {family} | `{reason}` | {say(f'reason.{reason}.headline')} | {say(f'next.{step}')} |"
        for family, reason, step in rows
    ]
    lines += ["", "| note | for the registrar | next step |", "|---|---|---|"]
    lines += [
        f"| `{note}` | {say(f'note.{note}')} | {say(f'step.{NOTE_STEP[note]}')} |" for note in Note
    ]
    lines += ["", "| status | meaning | answer |", "|---|---|---|"]
    for status in Status:
        meaning = say(f"status.{status}").partition(": ")[2]
        lines.append(f"| {status} | {meaning} | `{of_status(status) or 'insured'}` |")
    return "\n".join(lines) + "\n"


def with_answers(text: str) -> str:
    """`text` with the part between the marks written anew."""
    head, rest = text.split(BEGIN)
    return head + BEGIN + "\n" + answers() + "\n" + END + rest.split(END)[1]


if __name__ == "__main__":
    README.write_text(with_answers(README.read_text(encoding="utf-8")), encoding="utf-8")
