"""Scenes with a finger: another language, numbers entered by hand, the technicians' page."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from kiosk.config_sections import ServiceSection
from kiosk.demo.acts import HOLD_SECONDS, label_is
from kiosk.demo.documents import barcode_of, card_of
from kiosk.demo.people import person
from kiosk.demo.stage import Scene
from kiosk.keypad import Kind, Remark, judge
from kiosk.service_page import hash_of
from kiosk.states import Keying, PinEntry
from kiosk.zones import CLOSE, KIND, KIOSK, NUMBER
from ui.window import Tap

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kiosk.app import Shown
    from kiosk.config import Config
    from kiosk.demo.stage import Stage
    from kiosk.keypad import Entry

PIN: Final = "739152"
"""Of the technicians' page, in the demo."""
_MAN: Final = person("plain_man")


def touchable(config: Config, folder: Path) -> Config:
    """`config` of a kiosk whose screen can be touched; its PIN's file is made in `folder`."""
    pin_file = folder / "service-pin"
    pin_file.write_text(hash_of(PIN).to_line(), encoding="ascii")
    screen = replace(config.screen, touch="yes")
    return replace(config, screen=screen, service=ServiceSection(pin_file))


def _touch(stage: Stage, zone: str, condition: Callable[[Shown], bool] | None = None) -> None:
    """Touch a zone, and wait for a frame that fulfils `condition`, if one is given."""
    since = stage.watch.mark
    stage.hands(Tap(0, 0, zone))
    if condition is not None:
        stage.watch.wait(condition, since)


def _in_language(index: int, language: str) -> Callable[[Stage], None]:
    """Everything is in the language that somebody chose, until the answer goes."""

    def play(stage: Stage) -> None:
        _touch(stage, f"language:{index}", lambda shown: shown.session.language == language)
        stage.insert(card_of("plain_woman"), "insured")
        since = stage.watch.mark
        stage.take()
        stage.watch.wait(lambda shown: shown.session.language == "", since)

    return play


def _typed(
    kind: Kind, digits: str, expected: str, *, birth: str = "", language: int | None = None
) -> Callable[[Stage], None]:
    """A number of a kind, digit by digit, and its answer, which is then closed."""

    def play(stage: Stage) -> None:
        if language is not None:
            _touch(stage, f"language:{language}", lambda shown: shown.session.language != "")
        _open(stage, kind)
        _enter(stage, digits)
        if birth:
            _touch(stage, "key:done", lambda shown: _entry_of(shown, lambda one: one.is_day))
            _enter(stage, birth)
        _finish(stage, expected)

    return play


def _mistyped(stage: Stage) -> None:
    """A wrong digit is named at once, found by showing all of them, and mended."""
    _open(stage, Kind.POLICY)
    wrong = _MAN.enp[:-1] + str((int(_MAN.enp[-1]) + 1) % 10)
    _enter(stage, wrong[:-1])
    _touch(stage, f"key:{wrong[-1]}", _says(Remark.CHECK_DIGIT))
    _touch(stage, "key:show", lambda shown: _entry_of(shown, lambda one: one.shown))
    _touch(stage, "key:delete", _says(Remark.MORE))
    _touch(stage, f"key:{_MAN.enp[-1]}", _says(Remark.GOOD))
    _finish(stage, "insured")


def _blank_number(stage: Stage) -> None:
    """The number of the blank instead of the policy's: explained at its last digit."""
    _open(stage, Kind.POLICY)
    _enter(stage, "0001234567")
    _touch(stage, "key:8", _says(Remark.BLANK))
    time.sleep(max(HOLD_SECONDS, stage.hold_seconds))
    _touch(stage, "key:clear", _says(Remark.NOTHING))
    _enter(stage, _MAN.enp)
    _finish(stage, "insured")


def _code_while_typing(stage: Stage) -> None:
    """Whoever finds the code after all need not finish typing."""
    _open(stage, Kind.PASSPORT)
    _enter(stage, "4512")
    stage.scan(barcode_of("yo"), "insured")
    _close(stage)


def _service(stage: Stage) -> None:
    """Five touches and the PIN, a wrong one first; the page goes when a card comes."""
    for _ in range(4):
        _touch(stage, KIOSK)
    _touch(stage, KIOSK, label_is("pin"))
    _try_pin(stage, "000000", _wrong_pin)
    _try_pin(stage, PIN, label_is("service"))
    time.sleep(stage.hold_seconds)
    stage.tap(card_of("plain_man"), "insured")


def _open(stage: Stage, kind: Kind) -> None:
    _touch(stage, NUMBER, label_is("choice"))
    _touch(stage, KIND + kind, label_is("keypad"))


def _enter(stage: Stage, digits: str) -> None:
    """Type digits, faster than anybody does, and see them all."""
    for digit in digits[:-1]:
        _touch(stage, f"key:{digit}")
    _touch(
        stage,
        f"key:{digits[-1]}",
        lambda shown: _entry_of(shown, lambda one: one.digits == digits),
    )


def _finish(stage: Stage, expected: str) -> None:
    since = stage.watch.mark
    _touch(stage, "key:done")
    stage.answer(expected, since)
    _close(stage)


def _close(stage: Stage) -> None:
    """Nobody has a card to take: the answer is closed by hand."""
    time.sleep(max(HOLD_SECONDS, stage.hold_seconds))
    _touch(stage, CLOSE, label_is("idle"))


def _try_pin(stage: Stage, digits: str, condition: Callable[[Shown], bool]) -> None:
    for digit in digits:
        _touch(stage, f"key:{digit}")
    _touch(stage, "key:done", condition)


def _wrong_pin(shown: Shown) -> bool:
    return isinstance(shown.session.state, PinEntry) and shown.session.state.wrong


def _entry_of(shown: Shown, condition: Callable[[Entry], bool]) -> bool:
    state = shown.session.state
    return isinstance(state, Keying) and state.entry is not None and condition(state.entry)


def _says(remark: Remark) -> Callable[[Shown], bool]:
    def said(shown: Shown) -> bool:
        state = shown.session.state
        if not isinstance(state, Keying) or state.entry is None or state.today is None:
            return False
        return judge(state.entry, state.today) is remark

    return said


TOUCH_SCENES: Final = (
    Scene("touch-english", _in_language(2, "en")),
    Scene("touch-number", _typed(Kind.POLICY, _MAN.enp, "insured")),
    Scene("touch-mistyped", _mistyped),
    Scene("touch-blank-number", _blank_number),
    Scene("touch-certificate", _typed(Kind.CERTIFICATE, "900000002", "insured")),
    Scene(
        "touch-snils",
        _typed(Kind.SNILS, _MAN.snils, "insured", birth=f"{_MAN.birth_date:%d%m%Y}", language=2),
    ),
    Scene("touch-passport", _typed(Kind.PASSPORT, "4512100002", "insured")),
    Scene(
        "touch-not-in-list", _typed(Kind.POLICY, person("absent").enp, "not-in-list", language=1)
    ),
    Scene("touch-code-after-all", _code_while_typing),
    Scene("touch-service", _service),
)
"""On a kiosk whose screen can be touched."""
