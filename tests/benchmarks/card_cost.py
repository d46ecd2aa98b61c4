"""What a card is asked before its verdict: commands, bytes and its own time on the wire.

All cards of the fixed cast, each read by the plan and by two readers as they are often written
(`tests.benchmarks.plain_readers`), on the same virtual card. Counts, not times: they are the same
on every machine. Wire time is that of T=1 at 38,400 baud with 6 ms a command.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drivers.card import Limits, Metered
from drivers.oms_card import Image, read
from kiosk.demo.card import VirtualCard, oms_card
from kiosk.demo.encode_chip import holder_file, insurer_file
from kiosk.demo.faults import Slow
from kiosk.demo.people import PEOPLE
from kiosk.demo.silhouette import silhouette
from tests.benchmarks.plain_readers import read_byte_by_byte, read_in_blocks
from tests.benchmarks.table import Row, compared

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from drivers.card import CardTransport

_PHOTO_BYTES = 12_000
_NEVER = Limits(first_image_s=1e6, rest_s=1e6)

_Files = tuple[bytes, bytes | None]


@dataclass(frozen=True, slots=True)
class _Cost:
    """Until a point of a read."""

    apdus: int
    response_bytes: int
    wire_ms: float


@dataclass(frozen=True, slots=True)
class _Case:
    """One card: `needed` are the bytes of both files without photo and signature."""

    card: VirtualCard
    files: _Files
    needed: int


def run() -> list[Row]:
    """Commands, bytes and wire time before the verdict, without and with a photo; then in all."""
    bare, plain, full = _cases(signed=False), _cases(), _cases(silhouette(_PHOTO_BYTES))
    return [
        *_rows("neither photo nor signature", bare, 0, _notes(bare)),
        *_rows("card without photo", plain, 0, _notes(plain)),
        *_rows(f"card with photo of {_PHOTO_BYTES:,} B", full, 0, ("", "", "")),
        *_rows("the same, to its last byte", full, 1, ("", "", "")),
    ]


def _cases(photo: bytes | None = None, *, signed: bool = True) -> list[_Case]:
    cases = []
    for one in PEOPLE:
        unsigned = insurer_file(one, signature=b"")
        files = holder_file(one, photo=photo), insurer_file(one) if signed else unsigned
        needed = len(holder_file(one)) + len(unsigned)
        cases.append(_Case(oms_card(*files), files, needed))
    return cases


def _notes(cases: Sequence[_Case]) -> tuple[str, str, str]:
    ours = [_by_plan(case)[0] for case in cases]
    excess = max(cost.response_bytes / case.needed for cost, case in zip(ours, cases, strict=True))
    return (
        f"target ≤ 9; highest {max(cost.apdus for cost in ours)}",
        f"target ≤ needed bytes of both EFs + 20 %; highest + {100 * (excess - 1):.1f} %",
        "38,400 baud, 6 ms a command",
    )


def _rows(what: str, cases: Sequence[_Case], point: int, notes: Sequence[str]) -> list[Row]:
    """`point` 0: before the verdict, 1: in all."""
    ours = [_by_plan(case)[point] for case in cases]
    others = {
        "TLV headers byte by byte": [_by_other(case, read_byte_by_byte) for case in cases],
        "blocks of 256 bytes": [_by_other(case, read_in_blocks) for case in cases],
    }
    return [
        compared(
            f"{what}: {name}",
            unit,
            [of(cost) for cost in ours],
            alternative,
            [of(cost) for cost in costs],
            note=note,
        )
        for (name, unit, of), note in zip(_FIGURES, notes, strict=True)
        for alternative, costs in others.items()
    ]


_FIGURES: tuple[tuple[str, str, Callable[[_Cost], float]], ...] = (
    ("commands", "APDUs", lambda cost: cost.apdus),
    ("response data", "B", lambda cost: cost.response_bytes),
    ("time on the wire", "ms", lambda cost: cost.wire_ms),
)


def _by_plan(case: _Case) -> tuple[_Cost, _Cost]:
    """Cost until the first image and until the last."""
    wire = _wire(case.card)
    costs, last = [], None
    for step in read(wire, limits=_NEVER):
        if isinstance(step, Image):
            costs.append(_Cost(step.stats.apdus, step.stats.response_bytes, wire.wire_s * 1e3))
            last = step
    if last is None or (last.holder, last.insurer) != case.files:
        raise RuntimeError("the plan has not read what is on the card")
    return costs[0], costs[-1]


def _by_other(case: _Case, read_all: Callable[[CardTransport], _Files]) -> _Cost:
    wire = _wire(case.card)
    metered = Metered(wire, _NEVER)
    if read_all(metered) != case.files:
        raise RuntimeError("a plain reader has not read what is on the card")
    return _Cost(metered.apdus, metered.response_bytes, wire.wire_s * 1e3)


def _wire(card: VirtualCard) -> Slow:
    """The card at its wire's speed, in counted instead of waited time."""
    card.reset()
    return Slow(card, sleep=_no_wait)


def _no_wait(_: float) -> None:
    """Time is only counted."""
