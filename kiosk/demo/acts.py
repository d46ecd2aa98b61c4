"""What most scenes do: put a card in or show a code, and compare the answer and its notes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from kiosk.demo.people import person
from kiosk.demo.stage import SceneError, verdict_of
from kiosk.policy import enp
from kiosk.recorder import label_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiosk.app import Shown
    from kiosk.demo.card import Card
    from kiosk.demo.stage import Stage
    from kiosk.reasons import Note

HOLD_SECONDS: Final = 0.2
"""How long a code's answer stays before the next scene: long enough to be seen in a window."""


def tap(
    card: Callable[[], Card], expected: str, *notes: Note, without: tuple[Note, ...] = ()
) -> Callable[[Stage], None]:
    """Put a card in; the answer is the one named, with at least these notes, `without` those."""

    def play(stage: Stage) -> None:
        shown = stage.tap(card(), expected)
        _check_notes(shown, notes)
        verdict = verdict_of(shown)
        if verdict is not None and not set(without).isdisjoint(verdict.notes):
            raise SceneError(f"the answer has one of the notes {', '.join(without)}")

    return play


def scan(payload: Callable[[], bytes], expected: str, *notes: Note) -> Callable[[Stage], None]:
    """Show a code; the answer is the one named, with at least these notes."""

    def play(stage: Stage) -> None:
        _check_notes(stage.scan(payload(), expected), notes)
        time.sleep(HOLD_SECONDS)

    return play


def text(
    template: str, slug: str = "plain_woman", *, encoding: str = "utf-8"
) -> Callable[[], bytes]:
    """A text with the number of one of the cast: `{enp}`, or in groups of four `{grouped}`."""

    def make() -> bytes:
        number = person(slug).enp
        return template.format(enp=number, grouped=enp.grouped(number)).encode(encoding)

    return make


def label_is(label: str) -> Callable[[Shown], bool]:
    """A condition: the frame's name is `label`."""
    return lambda shown: label_of(shown.session) == label


def _check_notes(shown: Shown, notes: tuple[Note, ...]) -> None:
    verdict = verdict_of(shown)
    missing = [note for note in notes if verdict is None or note not in verdict.notes]
    if missing:
        raise SceneError(f"the answer lacks the note {', '.join(missing)}")
