"""The reader's worker: watches all slots, reads what comes, outlives its service.

It knows the PC/SC service only as a `CardService`; `drivers.pcsc` is the real one.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from drivers.card import Clock, Limits
from drivers.events import CardGone, Device, DeviceEvent, DeviceLost, DeviceReady, DriverError
from drivers.reading import CardConnection, CardReading, Sighting

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

NO_SERVICE: Final = "no-service"
REFUSED: Final = "refused"
NO_READER: Final = "no-reader"
"""Causes of `DeviceLost`."""

WAIT_S: Final = 1.0
"""Longest wait for a change, and so for `stop` to be heeded."""
DOUBT_WAIT_S: Final = 0.05
"""Wait while only the reader can tell whether a card was pulled."""
LOOK_AROUND_S: Final = 0.03
"""How often the other slots are looked at while a card is read; one look costs about 1 ms."""
FIRST_PAUSE_S: Final = 0.2
LAST_PAUSE_S: Final = 2.0
"""Pauses between attempts to reach a service that is away; the last leaves room in 5 s."""
HOLD_S: Final = 2.0
"""How long a service that came back may take to find its readers and their cards again."""
LONGEST_GAP_S: Final = 10.0
"""After a longer absence of the service, the same card counts as presented anew."""


class ServiceError(DriverError):
    """The service is away or refuses; `cause` is `NO_SERVICE` or `REFUSED`."""

    def __init__(self, message: str, *, cause: str, native: int) -> None:
        """Keep the fixed cause and the service's return code."""
        super().__init__(message)
        self.cause = cause
        self.native = native


class CardService(Protocol):
    """One context of a PC/SC service.

    Every method but `close` raises `ServiceError` when the service is lost.
    """

    def readers(self) -> list[str]:
        """Names of the readers (one per slot) that are plugged in."""
        ...

    def wait(self, known: Mapping[str, int], timeout_s: float) -> list[Sighting]:
        """Sightings of the named readers when one differs from its known state; [] on timeout.

        State 0 means unknown: the answer comes at once. May also return early when readers come
        or go.
        """
        ...

    def connect(self, reader: str) -> CardConnection:
        """Power the card and connect to it.

        Raises:
            CardError: there is none, or it does not talk.
        """
        ...

    def close(self) -> None:
        """Release the context; never raises."""
        ...


@dataclass(slots=True)
class _Slot:
    """One reader; `held` is the card from before the service was lost."""

    state: int = 0
    reading: CardReading | None = None
    held: CardReading | None = None


class ReaderLoop:
    """The worker. `last_tick` is the monotonic time at which the loop last moved.

    A command that hangs in the service stops the ticks: that is for a watchdog to notice.
    """

    def __init__(
        self,
        open_service: Callable[[], CardService],
        *,
        name_prefix: str = "",
        limits: Limits | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        """Serve all readers whose name begins with `name_prefix`."""
        self._open_service = open_service
        self._prefix = name_prefix
        self._limits = limits or Limits()
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._slots: dict[str, _Slot] = {}
        self._listed: frozenset[str] = frozenset()
        self._status: str | None = None
        self._hold_until = 0.0
        self._lost_at: float | None = None
        self._was_refused = False
        self._last_look = 0.0
        self._emit: Callable[[DeviceEvent], None] = _nobody
        self.last_tick = clock()

    def run(self, emit: Callable[[DeviceEvent], None], stop: threading.Event) -> None:
        """Emit what happens until `stop` is set, which is heeded within `WAIT_S`.

        Every run starts afresh: it says again whether the reader is there and reads what is in.
        """
        self._emit = emit
        self._slots.clear()
        self._status = None
        pause = FIRST_PAUSE_S
        while not stop.is_set():
            try:
                with contextlib.closing(self._open_service()) as service:
                    pause = FIRST_PAUSE_S
                    self._service_is_back()
                    self._serve(service, stop)
            except ServiceError as error:
                self._tell_lost(error)
                self._hold_cards()
                self.last_tick = self._clock()
                stop.wait(pause)
                pause = min(pause * 2, LAST_PAUSE_S)

    def _service_is_back(self) -> None:
        now = self._clock()
        is_short = self._lost_at is not None and now - self._lost_at <= LONGEST_GAP_S
        self._hold_until = now + HOLD_S if is_short else now
        self._lost_at = None
        self._was_refused = False

    def _serve(self, service: CardService, stop: threading.Event) -> None:
        try:
            while not stop.is_set():
                self.last_tick = self._clock()
                self._look(service)
                self._read_on()
        finally:
            for slot in self._slots.values():
                if slot.reading is not None:
                    slot.reading.close()

    def _look(self, service: CardService) -> None:
        """Take in readers and cards that came or went; waits for that if nothing is to be read."""
        active = [s.reading for s in self._slots.values() if s.reading and not s.reading.is_done]
        timeout = DOUBT_WAIT_S if active else WAIT_S
        if any(reading.is_ready for reading in active):
            if self._clock() < self._last_look + LOOK_AROUND_S:
                return
            timeout = 0.0
        else:
            self._list(service)
        known = {name: slot.state for name, slot in self._slots.items() if name in self._listed}
        for seen in service.wait(known, timeout):
            self._see(service, seen)
        self._last_look = self._clock()

    def _list(self, service: CardService) -> None:
        names = [name for name in service.readers() if name.startswith(self._prefix)]
        self._listed = frozenset(names)
        for name in names:
            self._slots.setdefault(name, _Slot())
        for name, slot in list(self._slots.items()):
            if slot.held and self._clock() >= self._hold_until:
                self._leave(slot)
            if name not in self._listed and not slot.held:
                self._leave(self._slots.pop(name))
        if names:
            self._tell(DeviceReady(Device.READER, names[0]))
        else:
            self._tell(DeviceLost(Device.READER, NO_READER))

    def _see(self, service: CardService, seen: Sighting) -> None:
        slot = self._slots[seen.reader]
        slot.state = seen.state
        if slot.reading is not None and slot.reading.counter == seen.counter and seen.present:
            return
        if slot.reading is not None:
            # A held card is left alone: a service that has just started finds its cards late.
            self._leave(slot)
        if seen.present:
            slot.reading = CardReading(
                seen,
                service.connect,
                key=self._key,
                limits=self._limits,
                clock=self._clock,
                before=slot.held,
            )
            slot.held = None
            self._emit_all(slot.reading.noticed())

    def _leave(self, slot: _Slot) -> None:
        """The card of a slot is gone, whether it was being read or held."""
        card = slot.reading or slot.held
        slot.reading = slot.held = None
        if card is not None:
            self._emit_all(card.gone())

    def _read_on(self) -> None:
        """One step for one card: those that wait for a verdict come before photos."""
        ready = [s.reading for s in self._slots.values() if s.reading and s.reading.is_ready]
        if ready:
            self._emit_all(min(ready, key=lambda reading: reading.is_answered).step())

    def _hold_cards(self) -> None:
        """The service is lost: keep what identifies the cards, forget what they were doing."""
        if self._lost_at is None:
            self._lost_at = self._clock()
        for name, slot in self._slots.items():
            slot.state = 0
            if slot.reading is not None:
                slot.held = slot.reading.held()
                slot.reading = None
                if slot.held is None:
                    self._emit(CardGone(name, self._clock()))

    def _tell_lost(self, error: ServiceError) -> None:
        # A service that dies while it answers looks like one that refuses; the second attempt
        # tells them apart.
        was_refused, self._was_refused = self._was_refused, error.cause == REFUSED
        if was_refused or not self._was_refused:
            self._tell(DeviceLost(Device.READER, error.cause, error.native))

    def _tell(self, status: DeviceReady | DeviceLost) -> None:
        # The native code may differ from attempt to attempt; that is no change worth telling.
        told = status.name if isinstance(status, DeviceReady) else f"lost: {status.cause}"
        if told != self._status:
            self._status = told
            self._emit(status)

    def _emit_all(self, events: list[DeviceEvent]) -> None:
        for event in events:
            self._emit(event)


def _nobody(_: DeviceEvent) -> None:
    """Takes events before the loop runs: there are none."""
