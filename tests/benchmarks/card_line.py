"""From a card to its frames: through pcscd, its virtual reader and a whole kiosk.

The kiosk runs in a process of its own with a register and a headless window of 1280×800; a frame
counts from its flip on, no PNG is written. First a card that answers at once: all that is measured
is ours and pcscd's. Then one as slow as a real one, of which the card's own time on the wire is
known; the alternative is the same kiosk that reads both files whole before it judges.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiosk.demo.card import oms_card
from kiosk.demo.encode_chip import holder_file, insurer_file
from kiosk.demo.faults import Faultless, Slow
from kiosk.demo.people import person
from kiosk.demo.scanner import VirtualScanner
from kiosk.demo.silhouette import silhouette
from tests.benchmarks.processes import stage, telling_kiosk
from tests.benchmarks.table import Row, compared, measured, percentile, scaled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kiosk.demo.card import Card, VirtualCard
    from kiosk.demo.vpcd import VirtualSlot
    from tests.benchmarks.processes import Telling, Told

_CARDS = 50
_PAIRS = 4
_WARM_UP = 3
_PHOTO_BYTES = 12_000
_CAST = ("yo", "plain_man", "double_barrelled", "plain_woman", "hard_sign")


@dataclass(frozen=True, slots=True)
class _Tap:
    """Monotonic seconds of what one card caused; `wire_s` is its own time until `imaged`."""

    noticed: float
    reading: float
    imaged: float
    result: float
    wire_s: float


class _Logged(Faultless):
    """A slow card with a log of its time on the wire: (monotonic time, seconds so far)."""

    def __init__(self, card: Slow) -> None:
        super().__init__(card)
        self._slow = card
        self._log: list[tuple[float, float]] = [(0.0, 0.0)]

    def transmit(self, command: bytes) -> bytes:
        response = self._slow.transmit(command)
        self._log.append((time.monotonic(), self._slow.wire_s))
        return response

    def wire_until(self, at: float) -> float:
        return max(spent for when, spent in self._log if when <= at)


def run() -> list[Row]:
    """Milliseconds and shares of them."""
    with (
        stage() as (devices, folder),
        VirtualScanner(folder, "other") as unused,
        telling_kiosk(folder, devices.scanner.path) as ours,
        telling_kiosk(folder, unused.path, slot=1, naive=True) as other,
    ):
        slot, other_slot = devices.slots
        for turn in range(_WARM_UP):
            _tap(slot, ours, _card(turn))
        quick = [_tap(slot, ours, _card(turn)) for turn in range(_CARDS)]
        slow, whole = [], []
        for turn in range(_CARDS):
            slow.append(_tap(slot, ours, _slow(turn)))
            if turn < _PAIRS:
                whole.append(_tap(other_slot, other, _slow(turn)))
    return [
        *_rows("quick card", quick),
        _whole_wait(quick),
        *_rows("slow card", slow),
        _share(slow),
        _against_whole(slow, whole),
    ]


def _card(turn: int) -> VirtualCard:
    one = person(_CAST[turn % len(_CAST)])
    return oms_card(holder_file(one, photo=silhouette(_PHOTO_BYTES)), insurer_file(one))


def _slow(turn: int) -> _Logged:
    return _Logged(Slow(_card(turn)))


def _tap(slot: VirtualSlot, kiosk: Telling, card: Card) -> _Tap:
    """Put a card in, wait for its result, take it out."""
    since = kiosk.mark
    slot.insert(card)
    result = kiosk.wait("frame", "insured", since)
    told = kiosk.since(since)
    noticed = _first(told, "event", "CardPresent")
    # Both images are complete where nothing was put off, and the naive kiosk knows no other.
    imaged = min(one.at for one in told if one.name in {"first image", "whole image"})
    reading = _first(told, "frame", "reading", "busy")
    slot.remove()
    # The idle frame's clock may have moved on before the card came: only a later one counts.
    kiosk.wait("frame", "idle", result.place)
    wire = card.wire_until(imaged) if isinstance(card, _Logged) else 0.0
    return _Tap(noticed, reading, imaged, result.at, wire)


def _first(told: Sequence[Told], kind: str, *names: str) -> float:
    return next(one.at for one in told if one.kind == kind and one.name in names)


def _rows(card: str, taps: Sequence[_Tap]) -> list[Row]:
    shown = scaled([tap.reading - tap.noticed for tap in taps], 1e3)
    judged = scaled([tap.result - tap.imaged for tap in taps], 1e3)
    return [
        measured(f"{card}: noticed to reading frame", "ms", shown, note="target p95 ≤ 100"),
        measured(f"{card}: last needed byte to result frame", "ms", judged, note="target p95 ≤ 60"),
    ]


def _whole_wait(taps: Sequence[_Tap]) -> Row:
    return measured(
        "quick card: noticed to result frame",
        "ms",
        scaled([tap.result - tap.noticed for tap in taps], 1e3),
        note="what is not the card's: pcscd's time and ours",
    )


def _share(taps: Sequence[_Tap]) -> Row:
    shares = [100 * tap.wire_s / (tap.result - tap.noticed) for tap in taps]
    between = [(tap.imaged - tap.noticed - tap.wire_s) * 1e3 for tap in taps]
    return measured(
        "slow card: its own share of the wait",
        "%",
        shares,
        note=f"target ≥ 85; p5 {percentile(shares, 0.05):.1f}; "
        f"{percentile(between, 0.5):.1f} ms around its commands are not its own",
    )


def _against_whole(slow: Sequence[_Tap], whole: Sequence[_Tap]) -> Row:
    waits, others = (
        scaled([tap.result - tap.noticed for tap in taps], 1e3) for taps in (slow[:_PAIRS], whole)
    )
    return compared(
        "slow card: noticed to result frame",
        "ms",
        waits,
        "both files whole before judging",
        others,
        note=f"photo of {_PHOTO_BYTES:,} bytes; "
        f"{percentile([tap.wire_s for tap in slow], 0.5) * 1e3:.0f} ms are the card's",
    )
