"""How soon a kiosk says that it has seen somebody, how soon an answer goes, how soon it wakes.

Whole kiosks in processes of their own, with windows of 1280×800 on X11 (Xvfb); a frame counts from
its flip on. One is awake, one sleeps by schedule and is let fall asleep before each round; both get
the same cards and codes in turn. Times begin where people's do: the first byte of a code goes onto
the line, the finger onto the glass. Those of cards begin where pcscd tells: it asks its virtual
reader only now and then, while readers on USB tell by themselves.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from kiosk.demo.documents import barcode_of, card_of
from kiosk.demo.scanner import VirtualScanner
from tests.benchmarks.processes import stage, telling_kiosk, wait_until
from tests.benchmarks.table import Row, UnavailableError, compared, measured, scaled
from tests.displays import Sitter, has_xvfb, x_server

if TYPE_CHECKING:
    from kiosk.demo.vpcd import VirtualSlot
    from tests.benchmarks.processes import Telling, Told

_SIZE: Final = (1280, 800)
_REMOVALS: Final = 40
_ROUNDS: Final = 15
_LEFT_ALONE: Final = 1
_WARM_UP: Final = 3
_AWAKE_SECONDS: Final = 0.3
_TOUCH: Final = '[screen]\ntouch = "yes"\n'
_NIGHT: Final = f'{_TOUCH}dark_from = "00:00"\ndark_until = "23:59"\n'
_SOON: Final = "[kiosk]\nresult_seconds = 1\n"
_CAST: Final = ("yo", "plain_man", "double_barrelled", "hard_sign")


def run() -> list[Row]:
    """Milliseconds; seconds for an answer that is left alone."""
    if not has_xvfb():
        raise UnavailableError("Xvfb is not installed: apt-get install xvfb")
    with stage() as (devices, folder), x_server(_SIZE) as day, x_server(_SIZE) as night:
        with telling_kiosk(folder, devices.scanner.path, sections=_TOUCH, display=day) as kiosk:
            cards, removals = _cards(devices.slots[0], kiosk, _REMOVALS)
            alone = [_left_alone(devices.scanner, kiosk, turn) for turn in range(_LEFT_ALONE)]
        with (
            VirtualScanner(folder, "day") as by_day,
            VirtualScanner(folder, "night") as by_night,
            telling_kiosk(folder, by_day.path, sections=_TOUCH + _SOON, display=day) as awake,
            telling_kiosk(
                folder,
                by_night.path,
                slot=1,
                sections=_NIGHT + _SOON,
                display=night,
                awake=_AWAKE_SECONDS,
            ) as asleep,
        ):
            card_rounds = [
                (_card(devices.slots[0], awake), _card(devices.slots[1], asleep, "dark"))
                for _ in range(-_WARM_UP, _ROUNDS)
            ]
            code_rounds = [
                (_code(by_day, awake, turn, "idle"), _code(by_night, asleep, turn, "dark"))
                for turn in range(-_WARM_UP, _ROUNDS)
            ]
            touch_rounds = [
                (_touch(day, awake), _touch_dark(night, asleep)) for _ in range(-_WARM_UP, _ROUNDS)
            ]
    return [
        measured("card noticed to reading frame", "ms", cards, note="target p95 ≤ 100"),
        measured(
            "card's end noticed to idle frame",
            "ms",
            removals,
            note=f"R13: target ≤ 300; highest of {len(removals)}: {max(removals):.0f}",
        ),
        measured("answer that is left alone, until it goes", "s", alone, note="R13: target ≤ 20"),
        _woken("card noticed to first frame", card_rounds),
        _woken("first byte of a code to first frame", code_rounds),
        _woken("finger to its frame", touch_rounds),
    ]


def _woken(what: str, rounds: list[tuple[float, float]]) -> Row:
    awake, asleep = (scaled(column, 1e3) for column in zip(*rounds[_WARM_UP:], strict=True))
    note = f"targets p95: awake ≤ 100, asleep ≤ 300; highest {max(awake):.0f} and {max(asleep):.0f}"
    return compared(what, "ms", awake, "the same, asleep", asleep, note=note)


def _cards(slot: VirtualSlot, kiosk: Telling, rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds from each card to its first frame, and from its end to the idle frame."""
    first, gone = [], []
    for turn in range(-_WARM_UP, rounds):
        since = kiosk.mark
        slot.insert(card_of(_CAST[turn % len(_CAST)]))
        sign = _sign(kiosk, since)
        answer = kiosk.wait("frame", "insured", since)
        slot.remove()
        removed = kiosk.wait("event", "CardGone", answer.place)
        # The idle frame's clock may have moved on before the card came: only a later one counts.
        idle = kiosk.wait("frame", "idle", answer.place)
        if turn >= 0:
            noticed = kiosk.wait("event", "CardPresent", since)
            first.append(1e3 * (sign.at - noticed.at))
            gone.append(1e3 * (idle.at - removed.at))
    return first, gone


def _card(slot: VirtualSlot, kiosk: Telling, rest: str = "idle") -> float:
    """Seconds to the first frame; on return the kiosk rests again."""
    since = kiosk.mark
    slot.insert(card_of("plain_man"))
    noticed = kiosk.wait("event", "CardPresent", since)
    sign = _sign(kiosk, since)
    answer = kiosk.wait("frame", "insured", since)
    slot.remove()
    kiosk.wait("frame", rest, answer.place)
    return sign.at - noticed.at


def _code(scanner: VirtualScanner, kiosk: Telling, turn: int, rest: str) -> float:
    since, began = kiosk.mark, time.monotonic()
    scanner.scan(barcode_of(_CAST[turn % len(_CAST)]))
    sign = _sign(kiosk, since)
    answer = kiosk.wait("frame", "insured", since)
    kiosk.wait("frame", rest, answer.place)
    return sign.at - began


def _left_alone(scanner: VirtualScanner, kiosk: Telling, turn: int) -> float:
    since = kiosk.mark
    scanner.scan(barcode_of(_CAST[turn]))
    answer = kiosk.wait("frame", "insured", since)
    return kiosk.wait("frame", "idle", answer.place, 25.0).at - answer.at


def _touch(display: str, kiosk: Telling) -> float:
    """To the choice of numbers, and back to the idle frame."""
    with Sitter(display) as sitter:
        seconds = _press(sitter, kiosk, "number")
        _press(sitter, kiosk, "key:back")
    return seconds


def _touch_dark(display: str, kiosk: Telling) -> float:
    with Sitter(display) as sitter:
        since, began = kiosk.mark, time.monotonic()
        sitter.touch(_SIZE[0] // 2, 5)
        sign = kiosk.wait("frame", "idle", since)
    kiosk.wait("frame", "dark", sign.place)
    return sign.at - began


def _press(sitter: Sitter, kiosk: Telling, zone: str) -> float:
    """Touch a button of the newest frame; seconds to the next one."""
    # A frame is told before its buttons.
    wait_until(lambda: zone in _buttons(kiosk), f"button {zone}")
    x, y = (int(number) for number in _buttons(kiosk)[zone].split(","))
    since, began = kiosk.mark, time.monotonic()
    sitter.touch(x, y)
    label = {"number": "choice", "key:back": "idle"}[zone]
    return kiosk.wait("frame", label, since).at - began


def _buttons(kiosk: Telling) -> dict[str, str]:
    """Where the buttons of all frames so far are, by name."""
    zones = (one.name for one in kiosk.since(0) if one.kind == "zone")
    return dict(name.split("@") for name in zones)


def _sign(kiosk: Telling, since: int) -> Told:
    """The first frame that is about somebody."""
    return kiosk.wait("frame", ("reading", "busy", "insured"), since)
