"""The reading plan for an OMS card: what a verdict needs first, photo and signature last.

A card talks at 38,400 baud, so every byte that is not asked for is time won: files are read up to
the length that their own BER-TLV announces, and the two large objects at their ends (photo 7F40,
insurer's signature 7F60) are put off until the first image is out.

Nothing is kept between cards: all state lives in the iterator of one `read`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from drivers.apdu import CommandApdu
from drivers.ber_tlv import TlvError
from drivers.card import (
    CardError,
    CardTransport,
    ChainedResponse,
    Clock,
    CorrectedLe,
    DeadlineError,
    Limits,
    Metered,
    MuteError,
    StatusError,
    TransportError,
    get_data,
    select_df,
    select_ef,
    send,
)
from drivers.ef import ObjectFile
from drivers.events import ReadStats, RejectCause

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT_DF: Final = b"foms_root"
HOLDER_DF: Final = b"FOMS_ID"
INSURER_DF: Final = b"FOMS_INS"
HOLDER_EF: Final = 0x0201
HOLDER_TAG: Final = 0x62
INSURER_TAG: Final = 0x64
CURRENT_INSURER: Final = 0x01B0
"""P1-P2 of GET DATA for the identifier of the current insurer's EF (older ones stay)."""
PUT_OFF: Final = frozenset({0x7F40, 0x7F60})
"""Photo and insurer's signature: `stop_at` for whoever decodes the first image."""

_HOLDER_FIRST = 128
# OGRN, OKATO and both dates with their headers, and the header of 7F60: 48 bytes at most.
_INSURER_FIRST = 48
_NO_LIMITS_CHANGED = Limits()


class NotOmsError(CardError):
    """A living card without the OMS application."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Bytes read of the bytes announced so far; grows when the second file is opened."""

    read: int
    announced: int


@dataclass(frozen=True, slots=True)
class Image:
    """What `drivers.events.CardImage` says about files and cost, without the reader."""

    holder: bytes = field(repr=False)
    insurer: bytes | None = field(repr=False)
    complete: bool
    stats: ReadStats


def read(
    transport: CardTransport,
    *,
    limits: Limits = _NO_LIMITS_CHANGED,
    clock: Clock = time.monotonic,
) -> Iterator[Progress | Image]:
    """Read a card step by step; each step sends a few commands at most.

    Yields `Progress` after every READ BINARY, an `Image` as soon as a verdict is possible, and a
    second one with `complete=True` if photo or signature were put off. The caller may stop at any
    step, which is how the photo of a card that was pulled is given up.

    Raises:
        NotOmsError: the application cannot be selected.
        TransportError: the way to the card broke.
        DeadlineError: out of time.
        CardError: the card refuses, lies or goes on too long.
        TlvError: the holder's file is not what it should be.
    """
    started = clock()
    metered = Metered(transport, limits, clock)
    plan = _Plan(ChainedResponse(CorrectedLe(metered), limits, clock))

    def image(*, complete: bool) -> Image:
        stats = ReadStats(metered.apdus, metered.response_bytes, clock() - started)
        return Image(plan.holder.content, plan.insurer_content, complete, stats)

    yield from plan.first()
    complete = plan.is_complete
    yield image(complete=complete)
    if not complete:
        metered.until = clock() + limits.rest_s
        yield from plan.rest()
        yield image(complete=True)


def cause_of(error: CardError | TlvError) -> RejectCause:
    """Why a card gave no image, as far as the error alone can tell.

    A broken transport counts as removal; whoever can ask the reader knows better.
    """
    match error:
        case MuteError():
            return RejectCause.MUTE
        case NotOmsError():
            return RejectCause.NOT_OMS
        case TransportError():
            return RejectCause.REMOVED
        case DeadlineError():
            return RejectCause.TIMEOUT
        case _:
            return RejectCause.UNREADABLE


class _Plan:
    """The order of one card's reading."""

    def __init__(self, transport: CardTransport) -> None:
        self._transport = transport
        self.holder = ObjectFile(transport, HOLDER_TAG, first=_HOLDER_FIRST)
        self._insurer: ObjectFile | None = None

    @property
    def insurer_content(self) -> bytes | None:
        return None if self._insurer is None else self._insurer.content

    @property
    def is_complete(self) -> bool:
        insurer_done = self._insurer is None or self._insurer.is_complete
        return insurer_done and self.holder.is_complete

    def first(self) -> Iterator[Progress]:
        """Everything a verdict needs."""
        self._select_holder()
        for _ in self.holder.read_needed(PUT_OFF):
            yield self._progress()
        try:
            yield from self._read_insurer()
        except (TransportError, DeadlineError):
            raise
        except (CardError, TlvError):
            # The holder alone identifies the policy, and the register knows the insurer.
            self._insurer = None

    def rest(self) -> Iterator[Progress]:
        """What was put off; the insurer's file is still the selected one."""
        if self._insurer is not None:
            for _ in self._insurer.read_all():
                yield self._progress()
        if not self.holder.is_complete:
            select_df(self._transport, HOLDER_DF)
            select_ef(self._transport, HOLDER_EF)
            for _ in self.holder.read_all():
                yield self._progress()

    def _select_holder(self) -> None:
        try:
            select_df(self._transport, HOLDER_DF)
        except StatusError as error:
            if not _is_foreign(error.sw):
                raise
            self._select_below_root()
        select_ef(self._transport, HOLDER_EF)

    def _select_below_root(self) -> None:
        """For cards that find their DFs only from the root of the application."""
        try:
            select_df(self._transport, ROOT_DF)
            select_df(self._transport, HOLDER_DF)
        except StatusError as error:
            if not _is_foreign(error.sw):
                raise
            raise NotOmsError(f"no OMS application: {error}", native=error.sw) from error

    def _read_insurer(self) -> Iterator[Progress]:
        self._select_insurer()
        file_id = int.from_bytes(get_data(self._transport, CURRENT_INSURER, 2), "big")
        select_ef(self._transport, file_id)
        self._insurer = ObjectFile(self._transport, INSURER_TAG, first=_INSURER_FIRST)
        for _ in self._insurer.read_needed(PUT_OFF):
            yield self._progress()

    def _select_insurer(self) -> None:
        try:
            select_df(self._transport, INSURER_DF)
        except StatusError:
            # Known software sends the eight bytes of the name behind an Lc of 7, which reads as
            # a seven-byte name and an Le; some cards answer nothing else.
            name, le = INSURER_DF[:-1], INSURER_DF[-1]
            command = CommandApdu(0x00, 0xA4, 0x04, 0x0C, name, le)
            send(self._transport, command, "SELECT FOMS_INS with Lc 07")

    def _progress(self) -> Progress:
        files = [self.holder] + ([self._insurer] if self._insurer else [])
        return Progress(sum(f.got for f in files), sum(f.announced for f in files))


def _is_foreign(sw: int) -> bool:
    """Whether a refused SELECT means another kind of card rather than a damaged one.

    6Axx: no such application. 6Dxx and 6Exx: a card that knows neither SELECT nor its class.
    6999: how Java Cards say that an application cannot be selected.
    """
    return sw >> 8 in {0x6A, 0x6D, 0x6E} or sw == 0x6999
