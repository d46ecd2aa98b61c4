"""The reader door through the real pcscd and its virtual reader."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import pytest

from drivers.card import MuteError, TransportError
from drivers.events import (
    CardGone,
    CardImage,
    CardPresent,
    CardProgress,
    CardRejected,
    Device,
    DeviceEvent,
    DeviceLost,
    DeviceReady,
    RejectCause,
)
from drivers.oms_card import Image, read
from drivers.pcsc import PcscReader, PcscService
from kiosk.demo import faults
from kiosk.demo.card import ATR_FOMS112, ATR_OTHER, Card, oms_card, other_card
from kiosk.demo.encode_chip import holder_file
from kiosk.demo.vpcd import VirtualSlot
from tests.drivers.card_cases import (
    HOLDER,
    HOLDER_WITH_PHOTO,
    INSURER,
    OTHER_PERSON,
    PERSON,
    PHOTO,
    RUBBISH,
    SIGNED_INSURER,
    check_answers_rubbish,
    check_says_that_it_is_gone,
    full_card,
    other_full_card,
    plain_card,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from drivers.reading import CardConnection, Sighting
    from kiosk.demo.daemon import PrivatePcscd

pytestmark = pytest.mark.flow

PATIENCE = 30.0
QUIET_S = 1.2
"""Longer than three of pcscd's looks at its readers: what did not come by then will not come."""

Event = TypeVar("Event", bound=DeviceEvent)


class Kiosk:
    """A reader worker in its thread, and the events it told."""

    def __init__(self, name_prefix: str = "Virtual PCD") -> None:
        """Start watching."""
        self.reader = PcscReader(name_prefix=name_prefix)
        self.events: queue.Queue[DeviceEvent] = queue.Queue()
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.reader.run, args=(self.events.put, self.stop))
        self.thread.start()

    def until(self, kind: type[Event]) -> tuple[Event, list[DeviceEvent]]:
        """The next event of a kind, and those before it but progress; fails after `PATIENCE`."""
        before: list[DeviceEvent] = []
        deadline = time.monotonic() + PATIENCE
        while (left := deadline - time.monotonic()) > 0:
            try:
                event = self.events.get(timeout=left)
            except queue.Empty:
                break
            if isinstance(event, kind):
                return event, before
            if not isinstance(event, CardProgress):
                before.append(event)
        raise AssertionError(f"no {kind.__name__} within {PATIENCE} s, but {before}")

    def next(self, kind: type[Event]) -> Event:
        """The next event but progress, which must be of a kind."""
        event, before = self.until(kind)
        assert before == []
        return event

    def read_card(self) -> CardImage:
        """The next events: a card that is read to its end."""
        self.next(CardPresent)
        image = self.next(CardImage)
        return image if image.complete else self.next(CardImage)

    def is_quiet(self) -> bool:
        """Whether nothing at all happens for a while."""
        try:
            event = self.events.get(timeout=QUIET_S)
        except queue.Empty:
            return True
        raise AssertionError(f"not quiet: {event}")

    def close(self) -> None:
        """Stop."""
        self.stop.set()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()


@pytest.fixture
def slots(pcscd: PrivatePcscd) -> Iterator[tuple[VirtualSlot, VirtualSlot]]:
    """Both slots, empty."""
    first, second = pcscd.ports
    with VirtualSlot(first) as one, VirtualSlot(second) as two:
        yield one, two
    wait_until_empty()


@pytest.fixture
def slot(slots: tuple[VirtualSlot, VirtualSlot]) -> VirtualSlot:
    """The first slot."""
    return slots[0]


@pytest.fixture
def kiosk(slots: tuple[VirtualSlot, VirtualSlot]) -> Iterator[Kiosk]:
    """A worker that has found its reader."""
    assert slots
    kiosk = Kiosk()
    try:
        kiosk.next(DeviceReady)
        yield kiosk
    finally:
        kiosk.close()


def wait_until_empty() -> None:
    """Until pcscd has noticed that no card is in."""
    service = PcscService()
    try:
        poll(lambda: not any(one.present for one in sightings(service)))
    finally:
        service.close()


def sightings(service: PcscService) -> list[Sighting]:
    """What the service says about all its readers now."""
    return service.wait(dict.fromkeys(service.readers(), 0), 0)


def poll(condition: Callable[[], bool]) -> None:
    """Until the condition holds; fails after `PATIENCE`."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def connected(slot: VirtualSlot, card: Card) -> Iterator[CardConnection]:
    """A connection to a card in the first slot, without any worker."""
    service = PcscService()
    try:
        slot.insert(card)
        poll(lambda: any(one.present for one in sightings(service)))
        connection = service.connect(service.readers()[0])
        yield connection
        connection.close()
    finally:
        service.close()


def test_contract_through_pcscd(slot: VirtualSlot) -> None:
    with connected(slot, plain_card()) as transport:
        for command in RUBBISH:
            (raw,) = command.values
            assert isinstance(raw, bytes)
            check_answers_rubbish(transport, raw)
        check_says_that_it_is_gone(transport, slot.remove)


def test_a_mute_card_cannot_be_connected(slot: VirtualSlot) -> None:
    with pytest.raises(MuteError), connected(slot, faults.Mute(plain_card())):
        pass


def test_an_empty_slot_cannot_be_connected(slot: VirtualSlot) -> None:
    assert slot.card is None
    with contextlib.closing(PcscService()) as service, pytest.raises(TransportError) as caught:
        service.connect(service.readers()[0])
    assert caught.value.native


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(plain_card, id="FOMSOMS"),
        pytest.param(lambda: oms_card(HOLDER, INSURER, atr=ATR_FOMS112), id="FOMS1.12"),
        pytest.param(lambda: oms_card(HOLDER, INSURER, atr=ATR_OTHER), id="unknown-atr"),
        pytest.param(lambda: faults.Chained(plain_card()), id="61xx"),
        pytest.param(lambda: faults.ExactLe(plain_card()), id="6Cxx"),
        pytest.param(lambda: faults.NeedsRoot(plain_card()), id="root-first"),
        pytest.param(lambda: faults.refuses_insurer_lc8(plain_card()), id="lc-07"),
    ],
)
def test_reads_cards(kiosk: Kiosk, slot: VirtualSlot, make: Callable[[], Card]) -> None:
    card = make()
    slot.insert(card)
    present = kiosk.next(CardPresent)
    image = kiosk.next(CardImage)
    slot.remove()
    gone = kiosk.next(CardGone)
    assert present.reader == image.reader == gone.reader == "Virtual PCD 00 00"
    assert present.atr == image.atr == card.atr
    assert (image.holder, image.insurer, image.complete) == (HOLDER, INSURER, True)


def test_the_photo_comes_after_the_verdict(kiosk: Kiosk, slot: VirtualSlot) -> None:
    slot.insert(faults.Slow(full_card()))
    kiosk.next(CardPresent)
    first = kiosk.next(CardImage)
    assert not first.complete
    assert len(first.holder) < 400
    last = kiosk.next(CardImage)
    assert (last.holder, last.insurer) == (HOLDER_WITH_PHOTO, SIGNED_INSURER)
    assert last.complete
    assert last.at - first.at > first.stats.seconds


def test_progress_counts_up_to_what_is_announced(kiosk: Kiosk, slot: VirtualSlot) -> None:
    slot.insert(full_card())
    progress: list[CardProgress] = []
    while not progress or progress[-1].read < len(HOLDER_WITH_PHOTO) + len(SIGNED_INSURER):
        progress.append(kiosk.until(CardProgress)[0])
    assert [one.read for one in progress] == sorted({one.read for one in progress})
    assert progress[-1].read == progress[-1].announced


@pytest.mark.parametrize(
    ("make", "cause", "native"),
    [
        pytest.param(lambda: faults.Mute(plain_card()), RejectCause.MUTE, None, id="mute"),
        pytest.param(other_card, RejectCause.NOT_OMS, 0x6A82, id="other-card"),
        pytest.param(
            lambda: faults.Endless61(plain_card()), RejectCause.UNREADABLE, None, id="endless-61"
        ),
        pytest.param(
            lambda: faults.Endless61(plain_card(), part=256),
            RejectCause.UNREADABLE, None, id="64-kib",
        ),
        pytest.param(
            lambda: oms_card(HOLDER[:99], INSURER), RejectCause.UNREADABLE, None, id="cut-file"
        ),
        pytest.param(
            lambda: faults.FailsAt(plain_card(), index=2),
            RejectCause.UNREADABLE, 0x6F00, id="sw-error",
        ),
    ],
)  # fmt: skip
def test_names_bad_cards_and_reads_the_next(
    kiosk: Kiosk,
    slot: VirtualSlot,
    make: Callable[[], Card],
    cause: RejectCause,
    native: int | None,
) -> None:
    slot.insert(make())
    kiosk.next(CardPresent)
    rejected = kiosk.next(CardRejected)
    assert (rejected.cause, rejected.native) == (cause, native)
    slot.remove()
    kiosk.next(CardGone)
    slot.insert(plain_card())
    assert kiosk.read_card().holder == HOLDER


def test_a_card_that_takes_too_long_is_given_up(kiosk: Kiosk, slot: VirtualSlot) -> None:
    slot.insert(faults.Slow(plain_card(), command_s=1.3))
    kiosk.next(CardPresent)
    assert kiosk.next(CardRejected).cause is RejectCause.TIMEOUT


SMALL_PHOTO_CARD = oms_card(holder_file(PERSON, photo=PHOTO[:300]), SIGNED_INSURER)
FIRST_IMAGE_APDUS = 8
PLAIN_CARD_APDUS = 8
PHOTO_CARD_APDUS = sum(isinstance(one, Image) and one.stats.apdus * one.complete
                       for one in read(SMALL_PHOTO_CARD))  # fmt: skip


@pytest.mark.parametrize(
    ("card", "after"),
    [pytest.param(plain_card(), n, id=f"plain-{n}") for n in range(PLAIN_CARD_APDUS)]
    + [pytest.param(SMALL_PHOTO_CARD, n, id=f"photo-{n}") for n in range(PHOTO_CARD_APDUS)],
)
def test_pulled_at_every_apdu(kiosk: Kiosk, slot: VirtualSlot, card: Card, after: int) -> None:
    slot.insert(faults.Pulled(card, after=after))
    present = kiosk.next(CardPresent)
    gone, before = kiosk.until(CardGone)
    assert gone.at - present.at < 2.0
    if after < FIRST_IMAGE_APDUS:
        (rejected,) = before
        assert isinstance(rejected, CardRejected)
        assert rejected.cause is RejectCause.REMOVED
    else:
        (image,) = before
        assert isinstance(image, CardImage)
        assert not image.complete


def test_the_photo_of_a_pulled_card_is_given_up(kiosk: Kiosk, slot: VirtualSlot) -> None:
    slot.insert(faults.Slow(full_card(), command_s=0.1))
    kiosk.next(CardPresent)
    assert not kiosk.next(CardImage).complete
    slot.remove()
    kiosk.next(CardGone)


def test_a_card_that_is_in_at_the_start_is_read(slot: VirtualSlot) -> None:
    with connected(slot, plain_card()):
        kiosk = Kiosk()
        try:
            kiosk.next(DeviceReady)
            assert kiosk.read_card().holder == HOLDER
        finally:
            kiosk.close()


def test_a_second_slot_does_not_wait_for_the_photo_of_the_first(
    kiosk: Kiosk, slots: tuple[VirtualSlot, VirtualSlot]
) -> None:
    slots[0].insert(faults.Slow(full_card()))
    kiosk.next(CardPresent)
    assert not kiosk.next(CardImage).complete
    slots[1].insert(plain_card())
    second = kiosk.next(CardPresent)
    assert second.reader == "Virtual PCD 00 01"
    image = kiosk.next(CardImage)
    assert (image.reader, image.holder) == (second.reader, HOLDER)
    assert kiosk.next(CardImage).holder == HOLDER_WITH_PHOTO


def test_a_card_that_stayed_in_while_pcscd_was_away_is_not_read_to_anybody_again(
    pcscd: PrivatePcscd, kiosk: Kiosk, slot: VirtualSlot
) -> None:
    slot.insert(full_card())
    assert kiosk.read_card().complete
    pcscd.restart()
    assert kiosk.next(DeviceLost).cause == "no-service"
    kiosk.next(DeviceReady)
    assert kiosk.is_quiet()
    slot.remove()
    kiosk.next(CardGone)


def test_a_card_that_was_changed_while_pcscd_was_away_is_read(
    pcscd: PrivatePcscd, kiosk: Kiosk, slot: VirtualSlot
) -> None:
    slot.insert(full_card())
    kiosk.read_card()
    pcscd.kill()
    kiosk.next(DeviceLost)
    slot.insert(other_full_card())
    pcscd.start()
    kiosk.next(DeviceReady)
    kiosk.next(CardGone)
    assert kiosk.read_card().holder not in {HOLDER, HOLDER_WITH_PHOTO}


def test_a_card_that_was_taken_while_pcscd_was_away_is_gone(
    pcscd: PrivatePcscd, kiosk: Kiosk, slot: VirtualSlot
) -> None:
    slot.insert(plain_card())
    kiosk.read_card()
    pcscd.kill()
    slot.remove()
    pcscd.start()
    kiosk.next(DeviceLost)
    kiosk.next(DeviceReady)
    kiosk.next(CardGone)


def test_pcscd_dies_in_the_middle_of_a_read(
    pcscd: PrivatePcscd, kiosk: Kiosk, slot: VirtualSlot
) -> None:
    slot.insert(faults.Slow(plain_card(), command_s=0.2))
    kiosk.next(CardPresent)
    pcscd.restart()
    _, before = kiosk.until(DeviceReady)
    assert [type(one) for one in before] == [DeviceLost, CardGone]
    assert kiosk.read_card().holder == HOLDER


def test_twenty_restarts_of_pcscd_lose_no_insertion(
    pcscd: PrivatePcscd, kiosk: Kiosk, slot: VirtualSlot
) -> None:
    for number in range(20):
        card = full_card() if number % 3 else other_full_card()
        expected = HOLDER_WITH_PHOTO if number % 3 else other_full_card_holder()
        pcscd.kill()
        if number % 2:
            slot.insert(card)
        pcscd.start()
        ready, before = kiosk.until(DeviceReady)
        assert ready.device is Device.READER
        assert [one.cause for one in before if isinstance(one, DeviceLost)] == ["no-service"]
        if not number % 2:
            slot.insert(card)
        assert kiosk.read_card().holder == expected
        slot.remove()
        kiosk.next(CardGone)


def test_the_reader_is_unplugged_and_comes_back(pcscd: PrivatePcscd, kiosk: Kiosk) -> None:
    pcscd.unplug_reader()
    try:
        causes = [kiosk.next(DeviceLost).cause, kiosk.next(DeviceLost).cause]
        assert causes == ["no-service", "no-reader"]
    finally:
        pcscd.replug_reader()
    assert kiosk.until(DeviceReady)[0].name == "Virtual PCD 00 00"


def test_starts_before_pcscd_does(pcscd: PrivatePcscd) -> None:
    pcscd.kill()
    kiosk = Kiosk()
    try:
        lost = kiosk.next(DeviceLost)
        assert (lost.device, lost.cause) == (Device.READER, "no-service")
        pcscd.start()
        kiosk.next(DeviceReady)
    finally:
        kiosk.close()


def test_other_readers_are_not_served(slots: tuple[VirtualSlot, VirtualSlot]) -> None:
    kiosk = Kiosk(name_prefix="Virtual PCD 00 01")
    try:
        assert kiosk.next(DeviceReady).name == "Virtual PCD 00 01"
        slots[0].insert(plain_card())
        assert kiosk.is_quiet()
        slots[1].insert(plain_card())
        assert kiosk.read_card().reader == "Virtual PCD 00 01"
    finally:
        kiosk.close()


def test_stops_while_it_reads_and_ticks_until_then(kiosk: Kiosk, slot: VirtualSlot) -> None:
    before = kiosk.reader.last_tick
    poll(lambda: kiosk.reader.last_tick > before)
    slot.insert(faults.Slow(full_card()))
    kiosk.next(CardPresent)
    kiosk.next(CardImage)
    kiosk.close()


def test_a_read_takes_few_commands(kiosk: Kiosk, slot: VirtualSlot) -> None:
    """How quick it is, `make bench` tells."""
    slot.insert(plain_card())
    kiosk.next(CardPresent)
    assert kiosk.next(CardImage).stats.apdus <= 9


def other_full_card_holder() -> bytes:
    """The holder's file of `other_full_card`."""
    return holder_file(OTHER_PERSON, photo=PHOTO)
