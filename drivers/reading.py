"""One card in one reader, from the moment it is noticed: its read, told as device events.

Pure but for the service it is given; the loop in `drivers.reader_loop` decides whose turn it is.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from drivers.ber_tlv import TlvError
from drivers.card import CardError, CardTransport, Clock, Limits, MuteError, TransportError
from drivers.events import (
    CardGone,
    CardImage,
    CardPresent,
    CardProgress,
    CardRejected,
    DeviceEvent,
    RejectCause,
)
from drivers.oms_card import Image, Progress, cause_of, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_log = logging.getLogger(__name__)

DOUBT_S: Final = 1.0
"""How long the reader may take to notice that a card is gone, after the way to it broke.

pcscd asks readers that do not report by themselves every 0.4 s."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What the service says about one reader."""

    reader: str
    state: int
    """The service's own word for it, to be handed back when waiting for the next change."""
    present: bool
    mute: bool
    counter: int
    """Insertions and removals so far: differs when a card was changed unseen."""
    atr: bytes


class CardConnection(CardTransport, Protocol):
    """A card that is powered and can be spoken to."""

    def close(self) -> None:
        """Let go of it and leave it powered; never raises."""
        ...


class CardReading:
    """Reads one card step by step, each step giving the events that it caused.

    After the service was away, nobody knows whether the card in the reader is still the one that
    was read before: all OMS cards look alike until they are read. So it is read again in silence
    and compared with `before`. The same card causes no event (nobody is served twice); another
    one is announced as if it had just come (nobody is missed, nobody sees another's result).
    """

    def __init__(
        self,
        seen: Sighting,
        connect: Callable[[str], CardConnection],
        *,
        key: bytes,
        limits: Limits,
        clock: Clock,
        before: CardReading | None = None,
    ) -> None:
        """`key` blinds `identity`, by which a card is recognised; it never leaves the process.

        `is_complete` says that no further image will come.
        """
        self.reader = seen.reader
        self.counter = seen.counter
        self._seen = seen
        self._connect = connect
        self._key = key
        self._limits = limits
        self._clock = clock
        self._before = before
        self._noticed = clock()
        self._connection: CardConnection | None = None
        self._steps: Iterator[Progress | Image] | None = None
        self._doubt: tuple[float, TransportError] | None = None
        self._retried = False
        self.identity: bytes | None = None
        self.is_complete = False
        self.is_done = False

    @property
    def is_answered(self) -> bool:
        """Whether it is known what a verdict needs: an image, or that there is none."""
        return self.identity is not None

    @property
    def is_ready(self) -> bool:
        """Whether a step would do anything now."""
        if self.is_done:
            return False
        return self._doubt is None or self._clock() >= self._doubt[0]

    def noticed(self) -> list[DeviceEvent]:
        """The events for the card being there, before anything is read."""
        return [] if self._before else [self._present()]

    def step(self) -> list[DeviceEvent]:
        """Go on by one step of the reading plan; with `is_done` there is nothing to go on with."""
        if self.is_done:
            return []
        try:
            return self._step()
        except TransportError as error:
            return self._broken(error)
        except (CardError, TlvError) as error:
            return self._failed(error)

    def gone(self) -> list[DeviceEvent]:
        """The events for the card, or its reader, having left."""
        self.close()
        events: list[DeviceEvent] = []
        if not self.is_answered and self._before is None:
            events.append(self._rejection(RejectCause.REMOVED, "pulled while being read", None))
        return [*events, CardGone(self.reader, self._clock())]

    def held(self) -> CardReading | None:
        """What to compare the next card with when the service is lost; None: nothing was shown."""
        self.close()
        return self if self.is_answered else self._before

    def close(self) -> None:
        """Stop reading and let go of the card."""
        self.is_done = True
        self._let_go()

    def _let_go(self) -> None:
        self._steps = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _step(self) -> list[DeviceEvent]:
        if self._doubt is not None:
            self._try_again(self._doubt[1])
        if self._steps is None:
            if self._seen.mute:
                raise MuteError("no answer to reset")
            self._connection = self._connect(self.reader)
            self._steps = read(self._connection, limits=self._limits, clock=self._clock)
        match next(self._steps, None):
            case Progress(done, announced):
                return [] if self._before else [CardProgress(self.reader, done, announced)]
            case Image() as image:
                return self._image(image)
            case None:
                self.close()
                return []

    def _try_again(self, error: TransportError) -> None:
        """The card is still there although the way to it broke: once more from the start."""
        if self._retried:
            raise CardError(f"still there, but {error}", native=error.native)
        self._retried = True
        self._doubt = None

    def _image(self, image: Image) -> list[DeviceEvent]:
        event = CardImage(
            self.reader,
            self._seen.atr,
            image.holder,
            image.insurer,
            image.complete,
            self._clock(),
            image.stats,
        )
        if self.is_answered:
            self.is_complete = image.complete
            return [event]
        is_same_whole = self._before is not None and self._before.is_complete
        self.is_complete = image.complete
        events = self._answer(image.holder, [event])
        if not events and is_same_whole:
            self.is_complete = True
            self.close()
        return events

    def _answer(self, identity: bytes, events: list[DeviceEvent]) -> list[DeviceEvent]:
        """The first thing said about this card: nothing, if it was said before the gap."""
        blinded = hashlib.blake2b(self._seen.atr + b"|" + identity, key=self._key).digest()
        before, self._before, self.identity = self._before, None, blinded
        if before is None:
            return events
        if before.identity == blinded:
            return []
        return [CardGone(self.reader, self._noticed), self._present(), *events]

    def _broken(self, error: TransportError) -> list[DeviceEvent]:
        """Pulled or not, that is the question: the code alone does not tell, the reader will."""
        if self.is_answered:
            return self._failed(error)
        self._let_go()
        self._doubt = (self._clock() + DOUBT_S, error)
        return []

    def _failed(self, error: CardError | TlvError) -> list[DeviceEvent]:
        self.close()
        if self.is_answered:
            # The verdict has its data; only what was put off is missing.
            _log.warning("%s: photo or signature not read: %s", self.reader, error)
            return []
        self.is_complete = True
        cause = cause_of(error)
        native = error.native if isinstance(error, CardError) else None
        return self._answer(cause.encode(), [self._rejection(cause, str(error), native)])

    def _present(self) -> CardPresent:
        return CardPresent(self.reader, self._seen.atr, self._noticed)

    def _rejection(self, cause: RejectCause, detail: str, native: int | None) -> CardRejected:
        return CardRejected(self.reader, self._seen.atr, cause, detail, native)
