"""What of the session a program is told, and when it is another person."""

from __future__ import annotations

from dataclasses import replace

from drivers.events import (
    BarcodeFrame,
    BarcodeStarted,
    CardGone,
    CardImage,
    CardPresent,
    Device,
    FrameKind,
    ReadStats,
)
from kiosk.clinic.feed import ClinicFeed
from kiosk.clinic.snapshot import Stage
from kiosk.offline import ListStatus
from kiosk.presenter import Surroundings
from kiosk.session import handle, tick
from kiosk.states import Checked, DeviceState, Session
from tests.clinic.serving import INSURED
from tests.kiosk.cases import NOON, POLICY, TODAY

AROUND = Surroundings(ListStatus(as_of=NOON, serial=7), TODAY, 0.0)
CODE = BarcodeFrame("tty", FrameKind.TEXT, b"7856510844000123", 0.0)
STARTED = BarcodeStarted("tty", 0.0)
PRESENT = CardPresent("a", b"", 0.0)
IMAGE = CardImage("a", b"", b"", None, True, 0.0, ReadStats(1, 1, 0.1))


class Played:
    """A session whose frames go to a feed."""

    def __init__(self) -> None:
        self.feed = ClinicFeed("0412")
        self.session = Session(
            devices={Device.READER: DeviceState(), Device.SCANNER: DeviceState()}
        )
        self.now = 0.0
        self.told: list[tuple[int, Stage] | None] = []
        self._frame()

    def take(self, *events: object) -> Played:
        for event in events:
            self.session, _ = handle(self.session, event, self.now)  # type: ignore[arg-type]
            self._frame()
        return self

    def answer(self) -> Played:
        return self.take(Checked(self.session.last_ticket, INSURED, POLICY))

    def wait(self, seconds: float) -> Played:
        self.now += seconds
        self.session = tick(self.session, self.now)
        self._frame()
        return self

    def _frame(self) -> None:
        self.feed.frame(self.session, replace(AROUND, now=self.now))
        found = self.feed.latest.snapshot
        said = None if found is None else (found.presence, found.stage)
        if not self.told or self.told[-1] != said:
            self.told.append(said)


IN, OUT = Stage.INSERTED, Stage.VERDICT


def test_a_card_is_one_presence_from_insertion_to_removal() -> None:
    played = Played().take(PRESENT, IMAGE).answer()
    latest = played.feed.latest
    assert latest.snapshot is not None
    assert (latest.snapshot.verdict, latest.snapshot.policy) == (INSURED, POLICY)
    assert latest.snapshot.reader
    played.take(CardGone("a", 0.0))
    assert played.told == [None, (1, IN), (1, OUT), None]
    assert played.feed.latest.snapshot is None


def test_the_time_on_the_screen_ends_it_too() -> None:
    played = Played().take(STARTED, CODE).answer().wait(20.1)
    assert played.told == [None, (1, IN), (1, OUT), None]


def test_every_presence_has_a_number_of_its_own() -> None:
    played = Played()
    for _ in range(3):
        played.take(STARTED, CODE).answer().wait(21)
    assert [said[0] for said in played.told if said] == [1, 1, 2, 2, 3, 3]


def test_the_next_code_is_the_next_presence() -> None:
    other = replace(CODE, payload=b"7700000000000000")
    played = Played().take(STARTED, CODE).answer().take(STARTED, other).answer()
    assert played.told == [None, (1, IN), (1, OUT), (2, IN), (2, OUT)]


def test_the_same_code_again_is_told_as_repeated() -> None:
    played = Played().take(STARTED, CODE).answer().take(CODE)
    found = played.feed.latest.snapshot
    assert found is not None
    assert (found.presence, found.repeated) == (2, True)


def test_a_signature_or_photo_completes_the_same_presence() -> None:
    played = Played().take(PRESENT, IMAGE).answer()
    first = played.feed.latest
    verdict = replace(INSURED)
    played.take(Checked(played.session.last_ticket, verdict, POLICY))
    second = played.feed.latest
    assert second.change > first.change
    assert second.snapshot is not None
    assert second.snapshot.presence == 1
    assert second.snapshot.verdict is verdict


def test_a_frame_that_changes_nothing_tells_nothing() -> None:
    played = Played().take(STARTED, CODE).answer()
    before = played.feed.latest
    for _ in range(1000):
        played._frame()
    assert played.feed.latest is before


def test_nothing_personal_in_repr() -> None:
    played = Played().take(STARTED, CODE).answer()
    said = repr(played.feed.latest)
    assert str(POLICY.surname) not in said
    assert str(POLICY.enp) not in said
