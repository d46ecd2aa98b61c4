"""The reader's worker on a PC/SC service of our own, for what the virtual reader cannot do."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from drivers import reader_loop, reading
from drivers.card import TransportError
from drivers.events import (
    CardGone,
    CardImage,
    CardPresent,
    CardProgress,
    CardRejected,
    DeviceEvent,
    DeviceLost,
    DeviceReady,
    RejectCause,
)
from drivers.reader_loop import NO_READER, NO_SERVICE, REFUSED, ReaderLoop, ServiceError
from drivers.reading import Sighting
from kiosk.demo import faults
from tests.drivers.card_cases import HOLDER, full_card, other_full_card, plain_card

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from drivers.card import CardTransport
    from kiosk.demo.card import Card

PATIENCE = 10.0
A, B = "Reader A 00 00", "Reader B 00 00"


@dataclass(slots=True)
class Socket:
    """A reader: how often its card changed, and the card."""

    changes: int = 0
    card: CardTransport | None = None

    @property
    def state(self) -> int:
        """What a service would say: never 0, which means unknown."""
        return self.changes << 16 | (0x20 if self.card else 0x10)


class Service:
    """A PC/SC service with readers that can be plugged, filled and killed at will."""

    def __init__(self, *readers: str) -> None:
        """Run, with empty readers."""
        self.changed = threading.Condition()
        self.sockets = {name: Socket() for name in readers}
        self.failure: ServiceError | None = None
        self.opened = self.closed = self.connections = 0

    def open(self) -> Service:
        """A new context."""
        with self.changed:
            self._check()
            self.opened += 1
        return self

    def readers(self) -> list[str]:
        """Names of the readers that are plugged in."""
        with self.changed:
            self._check()
            return list(self.sockets)

    def wait(self, known: Mapping[str, int], timeout_s: float) -> list[Sighting]:
        """As PC/SC does it."""
        with self.changed:
            self.changed.wait_for(
                lambda: self.failure is not None or self._differs(known), timeout_s
            )
            self._check()
            if not self._differs(known):
                return []
            seen = {name: self.sockets[name] for name in known if name in self.sockets}
            return [
                Sighting(name, one.state, bool(one.card), False, one.changes, b"\x3b\x00")
                for name, one in seen.items()
            ]

    def connect(self, reader: str) -> Connection:
        """A connection to whatever card is in."""
        with self.changed:
            socket = self.sockets.get(reader)
            if socket is None or socket.card is None:
                raise TransportError("no card", native=1)
            self.connections += 1
            return Connection(self, socket, socket.card)

    def close(self) -> None:
        """Release the context."""
        self.closed += 1

    def insert(self, reader: str, card: CardTransport | None, *, changes: int = 1) -> None:
        """Change a reader's card; None empties it."""
        with self.changed:
            self.sockets[reader].card = card
            self.sockets[reader].changes += changes
            self.changed.notify_all()

    def plug(self, *readers: str) -> None:
        """Have these readers, empty where they are new."""
        with self.changed:
            self.sockets = {name: self.sockets.get(name, Socket()) for name in readers}
            self.changed.notify_all()

    def fail(self, cause: str | None) -> None:
        """Die, or come back (None)."""
        with self.changed:
            self.failure = None if cause is None else ServiceError(cause, cause=cause, native=7)
            for socket in self.sockets.values():
                socket.changes = 0
            self.changed.notify_all()

    def _check(self) -> None:
        if self.failure is not None:
            raise self.failure

    def _differs(self, known: Mapping[str, int]) -> bool:
        sockets = self.sockets
        return any(n not in sockets or sockets[n].state != state for n, state in known.items())


class Connection:
    """A connected card."""

    def __init__(self, service: Service, socket: Socket, card: CardTransport) -> None:
        """Speak to `card` while it is in and the service lives."""
        self._service = service
        self._socket = socket
        self._card = card

    def transmit(self, command: bytes) -> bytes:
        """The card's answer."""
        if self._socket.card is not self._card or self._service.failure:
            raise TransportError("gone", native=2)
        return self._card.transmit(command)

    def close(self) -> None:
        """Let go."""
        self._service.connections -= 1


class Watch:
    """A worker in its thread, and the events it told but for progress."""

    def __init__(self, service: Service, prefix: str = "") -> None:
        """Start watching."""
        self.loop = ReaderLoop(service.open, name_prefix=prefix)
        self.events: list[DeviceEvent] = []
        self.changed = threading.Condition()
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.loop.run, args=(self._take, self.stop))
        self.thread.start()

    def _take(self, event: DeviceEvent) -> None:
        if not isinstance(event, CardProgress):
            with self.changed:
                self.events.append(event)
                self.changed.notify_all()

    def expect(self, *kinds: type[DeviceEvent]) -> list[DeviceEvent]:
        """The next events, which must be of these kinds; they are taken off."""
        with self.changed:
            self.changed.wait_for(lambda: len(self.events) >= len(kinds), PATIENCE)
            taken, self.events = self.events[: len(kinds)], self.events[len(kinds) :]
        assert [type(one) for one in taken] == list(kinds)
        return taken

    def is_quiet(self, seconds: float = 0.4) -> bool:
        """Whether nothing comes for a while."""
        with self.changed:
            return not self.changed.wait_for(lambda: bool(self.events), seconds)

    def close(self) -> None:
        """Stop the worker."""
        self.stop.set()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()


def slow(card: Card) -> Card:
    """A card that takes 20 ms for each command."""
    return faults.Slow(card, baud=10_000_000, command_s=0.02)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_loop, "WAIT_S", 0.1)


@pytest.fixture
def service() -> Service:
    """A service with reader A."""
    return Service(A)


@contextlib.contextmanager
def watching(service: Service, prefix: str = "") -> Iterator[Watch]:
    """A worker that is stopped in the end, having released all it took."""
    watch = Watch(service, prefix)
    try:
        yield watch
    finally:
        watch.close()
    assert service.connections == 0
    assert service.opened == service.closed


def test_reads_one_card_after_another(service: Service) -> None:
    with watching(service) as watch:
        watch.expect(DeviceReady)
        for _ in range(3):
            service.insert(A, plain_card())
            _, image = watch.expect(CardPresent, CardImage)
            assert isinstance(image, CardImage)
            assert image.holder == HOLDER
            service.insert(A, None)
            watch.expect(CardGone)


def test_a_reader_that_leaves_takes_its_card_along(service: Service) -> None:
    with watching(service) as watch:
        service.insert(A, plain_card())
        watch.expect(DeviceReady, CardPresent, CardImage)
        service.plug()
        _, lost = watch.expect(CardGone, DeviceLost)
        assert isinstance(lost, DeviceLost)
        assert lost.cause == NO_READER
        service.plug(A)
        watch.expect(DeviceReady)
        service.insert(A, plain_card())
        watch.expect(CardPresent, CardImage)


def test_readers_of_another_name_do_not_count(service: Service) -> None:
    with watching(service, "Reader B") as watch:
        (lost,) = watch.expect(DeviceLost)
        assert isinstance(lost, DeviceLost)
        assert lost.cause == NO_READER
        service.insert(A, plain_card())
        assert watch.is_quiet()
        service.plug(A, B)
        service.insert(B, plain_card())
        ready, *_ = watch.expect(DeviceReady, CardPresent, CardImage)
        assert isinstance(ready, DeviceReady)
        assert ready.name == B


def test_a_card_that_was_changed_unseen_is_noticed_by_the_counter(service: Service) -> None:
    with watching(service) as watch:
        service.insert(A, full_card())
        watch.expect(DeviceReady, CardPresent, CardImage, CardImage)
        service.insert(A, other_full_card(), changes=2)
        watch.expect(CardGone, CardPresent, CardImage, CardImage)


@pytest.mark.parametrize("cause", [NO_SERVICE, REFUSED])
def test_the_cause_of_a_loss_is_told_once_however_often_it_is_tried(
    service: Service, cause: str
) -> None:
    service.fail(cause)
    with watching(service) as watch:
        (lost,) = watch.expect(DeviceLost)
        assert isinstance(lost, DeviceLost)
        assert (lost.cause, lost.native) == (cause, 7)
        assert watch.is_quiet(1.0)
        service.fail(None)
        watch.expect(DeviceReady)


def test_a_broken_way_to_a_card_that_is_still_there_is_tried_once_more(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "DOUBT_S", 0.05)
    with watching(service) as watch:
        service.insert(A, Bouncing(times=1))
        watch.expect(DeviceReady, CardPresent, CardImage)
        service.insert(A, None)
        watch.expect(CardGone)
        service.insert(A, Bouncing(times=2))
        _, rejected = watch.expect(CardPresent, CardRejected)
        assert isinstance(rejected, CardRejected)
        assert rejected.cause is RejectCause.UNREADABLE
        assert "still there" in rejected.detail
        assert watch.is_quiet()


class Bouncing(faults.Faultless):
    """A plain card whose contacts fail at the third command, in the first `times` reads."""

    def __init__(self, *, times: int) -> None:
        """Fail `times` times."""
        super().__init__(plain_card())
        self._times = times
        self._commands = 0

    def transmit(self, command: bytes) -> bytes:
        """The card's answer, or a failure."""
        self._commands += 1
        if self._times and self._commands == 3:
            self._times -= 1
            self._commands = 0
            raise TransportError("bounced")
        return self._card.transmit(command)


def test_an_unreadable_photo_does_not_take_the_verdict_back(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "drivers.reading"), watching(service) as watch:
        service.insert(A, faults.FailsAt(full_card(), index=14))
        _, _, image = watch.expect(DeviceReady, CardPresent, CardImage)
        assert isinstance(image, CardImage)
        assert not image.complete
        assert watch.is_quiet()
        service.insert(A, None)
        watch.expect(CardGone)
    (record,) = caplog.records
    assert "photo or signature not read: READ BINARY" in record.getMessage()


def test_a_verdict_in_one_slot_comes_before_a_photo_in_another() -> None:
    service = Service(A, B)
    with watching(service) as watch:
        service.insert(A, slow(full_card()))
        watch.expect(DeviceReady, CardPresent, CardImage)
        service.insert(B, slow(plain_card()))
        present, first, second = watch.expect(CardPresent, CardImage, CardImage)
        assert isinstance(first, CardImage)
        assert isinstance(second, CardImage)
        assert isinstance(present, CardPresent)
        assert (present.reader, first.reader, second.reader) == (B, B, A)


@pytest.mark.parametrize(
    ("card", "told"),
    [
        pytest.param(plain_card(), (CardPresent, CardImage), id="image"),
        pytest.param(faults.Endless61(plain_card()), (CardPresent, CardRejected), id="rejected"),
    ],
)
def test_a_card_that_stayed_in_a_short_gap_is_not_told_again(
    service: Service, card: CardTransport, told: tuple[type[DeviceEvent], ...]
) -> None:
    with watching(service) as watch:
        service.insert(A, card)
        watch.expect(DeviceReady, *told)
        for _ in range(2):
            service.fail(NO_SERVICE)
            watch.expect(DeviceLost)
            service.fail(None)
            watch.expect(DeviceReady)
        assert watch.is_quiet()
        service.insert(A, None)
        watch.expect(CardGone)


def test_a_gap_in_the_photo_is_made_good(service: Service) -> None:
    with watching(service) as watch:
        service.insert(A, slow(full_card()))
        watch.expect(DeviceReady, CardPresent, CardImage)
        service.fail(NO_SERVICE)
        watch.expect(DeviceLost)
        service.fail(None)
        _, image = watch.expect(DeviceReady, CardImage)
        assert isinstance(image, CardImage)
        assert image.complete


def test_after_a_long_gap_a_card_counts_as_presented_anew(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_loop, "LONGEST_GAP_S", 0.0)
    with watching(service) as watch:
        service.insert(A, plain_card())
        watch.expect(DeviceReady, CardPresent, CardImage)
        service.fail(NO_SERVICE)
        watch.expect(DeviceLost)
        service.fail(None)
        watch.expect(CardGone, DeviceReady, CardPresent, CardImage)


def test_readers_that_come_back_late_keep_their_cards(service: Service) -> None:
    with watching(service) as watch:
        service.insert(A, plain_card())
        watch.expect(DeviceReady, CardPresent, CardImage)
        socket = service.sockets[A]
        service.fail(NO_SERVICE)
        watch.expect(DeviceLost)
        service.plug()
        service.fail(None)
        watch.expect(DeviceLost)
        service.sockets = {A: socket}
        watch.expect(DeviceReady)
        assert watch.is_quiet()


def test_a_second_run_starts_afresh(service: Service) -> None:
    loop = ReaderLoop(service.open)
    service.insert(A, plain_card())
    for _ in range(2):
        stop = threading.Event()
        events: list[DeviceEvent] = []

        def take(event: DeviceEvent, events: list[DeviceEvent] = events,
                 stop: threading.Event = stop) -> None:  # fmt: skip
            if not isinstance(event, CardProgress):
                events.append(event)
            if isinstance(event, CardImage):
                stop.set()

        loop.run(take, stop)
        assert [type(one) for one in events] == [DeviceReady, CardPresent, CardImage]


def test_ticks_while_idle_and_while_the_service_is_away(service: Service) -> None:
    with watching(service) as watch:
        watch.expect(DeviceReady)
        before = watch.loop.last_tick
        deadline = time.monotonic() + PATIENCE
        service.fail(NO_SERVICE)
        while watch.loop.last_tick < before + 0.5:
            assert time.monotonic() < deadline
            time.sleep(0.02)
