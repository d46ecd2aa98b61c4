"""Scenes in which the fund is asked: what its answers do to those of the list, and its silence.

They play on a kiosk of their own, whose configuration names the sample fund's services.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from kiosk.demo.documents import barcode_of, card_of
from kiosk.demo.encode_barcode import encode
from kiosk.demo.fund_faults import Fault
from kiosk.demo.people import generate, person
from kiosk.demo.stage import Scene, SceneError, verdict_of
from kiosk.lookup import KnownBy
from kiosk.policy.typed import typed_passport, typed_snils
from kiosk.reasons import Note
from kiosk.recorder import ASKING, label_of
from ui.screen import Idle

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiosk.app import Shown
    from kiosk.demo.stage import Stage
    from kiosk.policy.model import PresentedPolicy

_SLOW_SECONDS: Final = 0.8
"""Long enough to see that the fund is asked."""
_BACK_SECONDS: Final = 40.0
"""Until a service that was away is trusted again, and the question that waited is asked."""
_STRANGER_SEED: Final = 404


def _by_fund(shown: Shown) -> Shown:
    """Insist that the fund's answer decided."""
    verdict = verdict_of(shown)
    if verdict is None or verdict.known is None or verdict.known.source is not KnownBy.ONLINE:
        raise SceneError("the answer is not the fund's")
    return shown


def _asked(slug: str, expected: str, *notes: Note) -> Callable[[Stage], None]:
    """Put a card in; the fund takes a moment, the screen says so, and then its answer decides."""

    def play(stage: Stage) -> None:
        stage.service.slow_seconds = _SLOW_SECONDS
        stage.service.order("ferzl", Fault.SLOW)
        since = stage.watch.mark
        try:
            stage.slots[0].insert(card_of(slug))
            stage.watch.wait_for(ASKING, since)
            verdict = verdict_of(_by_fund(stage.answer(expected, since)))
        finally:
            stage.service.clear_faults()
        if verdict is None or not set(notes) <= set(verdict.notes):
            raise SceneError(f"the answer lacks a note of {', '.join(notes)}")
        stage.take()

    return play


def _asked_none(stage: Stage) -> None:
    """Neither the list nor the fund has ever heard of this number."""
    (stranger,) = generate(1, _STRANGER_SEED)
    _by_fund(stage.scan(encode(stranger), "not-found"))


def _asked_no_answer(stage: Stage) -> None:
    """The fund is silent: after its time the list's own answer stands."""
    stage.service.order("", Fault.SILENT)
    since = stage.watch.mark
    try:
        stage.slots[0].insert(card_of("absent"))
        stage.watch.wait_for(ASKING, since)
        stage.answer("not-in-list", since)
    finally:
        stage.service.clear_faults()
    stage.take()


def _asked_ageing(stage: Stage) -> None:
    """With a list of the day before yesterday the fund is asked even about the insured."""
    stage.set_clock(datetime.now(UTC) + timedelta(days=2))
    try:
        _asked("yo", "insured", Note.ENP_REPLACED)(stage)
    finally:
        stage.set_clock(None)


def _asked_wrong_clock(stage: Stage) -> None:
    """A kiosk that woke in 1970 believes the fund's clock."""
    stage.set_clock(datetime(1970, 1, 1, tzinfo=UTC))
    try:
        _by_fund(stage.tap(card_of("plain_man"), "insured"))
    finally:
        stage.set_clock(None)


def _second_person(stage: Stage) -> None:
    """The fund is still being asked for one person when the next one shows a code."""
    stage.service.order("", Fault.SILENT)
    since = stage.watch.mark
    try:
        stage.scanner.scan(barcode_of("absent"))
        stage.watch.wait_for(ASKING, since)
        began = time.monotonic()
        stage.scan(barcode_of("plain_woman"), "insured")
    finally:
        stage.service.clear_faults()
    if time.monotonic() - began > 1.0:
        raise SceneError("the second person waited for the first one's question")


def _typed(policy: Callable[[], PresentedPolicy], expected: str) -> Callable[[Stage], None]:
    """A registrar types what a person without a policy has at hand."""

    def play(stage: Stage) -> None:
        _by_fund(stage.type_in(policy(), expected))

    return play


def _passport() -> PresentedPolicy:
    return typed_passport("4014 100008")


def _snils() -> PresentedPolicy:
    one = person("absent")
    return typed_snils(one.snils, birth_date=one.birth_date)


def _second_look(stage: Stage) -> None:
    """What could not be answered while the fund was away is asked when it is back, and told."""
    stage.service.stop()
    try:
        stage.scan(barcode_of("absent"), "not-in-list")
        since = stage.watch.mark
    finally:
        stage.service.start()
    stage.watch.wait(_tells_of_a_look, since, _BACK_SECONDS)


def _tells_of_a_look(shown: Shown) -> bool:
    return (
        label_of(shown.session) == "idle"
        and isinstance(shown.screen, Idle)
        and shown.screen.tip.startswith("Фонд ответил позже")
    )


ASKED_SCENES: Final = (
    Scene("asked-insured", _asked("absent", "insured")),
    Scene("asked-none", _asked_none),
    Scene("asked-no-answer", _asked_no_answer),
    Scene("asked-second-person", _second_person),
    Scene("asked-ageing-list", _asked_ageing),
    Scene("asked-wrong-clock", _asked_wrong_clock),
    Scene("state-reversed", _asked("military_service", "insured", Note.STATE_REVERSED)),
)
"""For the public."""

ASKED_FOR_REGISTRAR: Final = (
    Scene("registrar-asked-insured", _asked("absent", "insured")),
    Scene("registrar-state-reversed", _asked("death_not_sure", "insured", Note.STATE_REVERSED)),
    Scene("registrar-name-changed", _asked("details_differ", "insured")),
    Scene("registrar-asked-passport", _typed(_passport, "insured")),
    Scene("registrar-asked-snils", _typed(_snils, "insured")),
    Scene("second-look", _second_look),
)
