"""The state machine: every state is left in time, and the newest document wins."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from drivers.events import (
    BarcodeFrame,
    BarcodeStarted,
    CardGone,
    CardImage,
    CardPresent,
    CardProgress,
    CardRejected,
    Device,
    DeviceLost,
    DeviceReady,
    FrameKind,
    ReadStats,
    RejectCause,
)
from kiosk.families import CouldNotCheck, Insured
from kiosk.reasons import CouldNotCheckReason
from kiosk.session import fail, handle, tick
from kiosk.states import (
    Ask,
    Asking,
    Checked,
    Checking,
    DeviceState,
    Entered,
    Reading,
    Receiving,
    Session,
    Showing,
    Span,
    Waiting,
)
from tests.kiosk.cases import POLICY, RECORD, REGISTER

if TYPE_CHECKING:
    from kiosk.states import SessionEvent, State

START = Session(devices={Device.READER: DeviceState(), Device.SCANNER: DeviceState()})
INSURED = Insured(RECORD, REGISTER, (), ())
A, B = "Reader 00 00", "Reader 00 01"
CODE = BarcodeFrame("tty", FrameKind.POLICY, b"x" * 130, 0.0)
NOISE = BarcodeFrame("tty", FrameKind.MALFORMED, b"", 0.0, "empty")


def image(reader: str = A, *, complete: bool = False) -> CardImage:
    """An image of a card."""
    return CardImage(reader, b"\x3b", b"holder", None, complete, 0.0, ReadStats(8, 200, 0.1))


class Screen:
    """A session with a hand on the clock."""

    def __init__(self) -> None:
        """Start waiting."""
        self.session = START
        self.now = 100.0
        self.asked: list[Ask] = []

    def feed(self, *events: SessionEvent) -> Screen:
        """Hand in events."""
        for event in events:
            self.session, asked = handle(self.session, event, self.now)
            self.asked += [one for one in asked if isinstance(one, Ask)]
        return self

    def answer(self, verdict: Insured | CouldNotCheck = INSURED) -> Screen:
        """Answer the newest question."""
        return self.feed(Checked(self.asked[-1].ticket, verdict, POLICY))

    def wait(self, seconds: float) -> Screen:
        """Let time pass."""
        self.now += seconds
        self.session = tick(self.session, self.now)
        return self

    @property
    def state(self) -> object:
        """The state now."""
        return self.session.state

    def shows(self, kind: type[State]) -> bool:
        """Whether the state is of this kind; a call, since it changes between two asserts."""
        return isinstance(self.session.state, kind)

    @property
    def reason(self) -> CouldNotCheckReason:
        """Why the shown verdict is "could not check"."""
        assert isinstance(self.session.state, Showing)
        assert isinstance(self.session.state.verdict, CouldNotCheck)
        return self.session.state.verdict.reason


@pytest.fixture
def screen() -> Screen:
    """A screen that waits."""
    return Screen()


def test_a_card_is_acknowledged_read_checked_shown_and_forgotten(screen: Screen) -> None:
    screen.feed(CardPresent(A, b"", 0.0))
    assert screen.shows(Reading)
    screen.feed(CardProgress(A, 128, 256))
    assert screen.session.state == Reading(A, 102.8, 106.0, read=128, announced=256)
    screen.feed(image())
    assert screen.shows(Checking)
    screen.answer()
    assert screen.shows(Showing)
    screen.feed(CardGone(A, 0.0))
    assert screen.state == Waiting()
    assert screen.session.cards == ()
    assert screen.session.documents == {}


def test_a_result_leaves_after_its_time_even_with_the_card_in(screen: Screen) -> None:
    screen.feed(CardPresent(A, b"", 0.0), image()).answer().wait(19.9)
    assert screen.shows(Showing)
    assert screen.wait(0.1).state == Waiting()


@pytest.mark.parametrize(
    ("events", "seconds", "expected"),
    [
        pytest.param(
            [CardPresent(A, b"", 0.0)], 2.8, CouldNotCheckReason.UNREADABLE_CARD, id="reading"
        ),
        pytest.param(
            [CardPresent(A, b"", 0.0), image()],
            4.0,
            CouldNotCheckReason.KIOSK_FAULT,
            id="checking-a-card",
        ),
        pytest.param([CODE], 4.0, CouldNotCheckReason.KIOSK_FAULT, id="checking-a-code"),
    ],
)
def test_a_state_that_hangs_ends_in_could_not_check(
    screen: Screen, events: list[SessionEvent], seconds: float, expected: CouldNotCheckReason
) -> None:
    screen.feed(*events)
    assert screen.session.deadline == pytest.approx(screen.now + seconds)
    screen.wait(seconds)
    assert screen.reason is expected
    assert screen.wait(20.0).state == Waiting()


def test_a_card_that_goes_on_answering_has_longer_but_not_for_ever(screen: Screen) -> None:
    screen.feed(CardPresent(A, b"", 0.0))
    for _ in range(5):
        screen.wait(1.1).feed(CardProgress(A, 1, 100))
        assert screen.shows(Reading)
    assert screen.wait(0.6).reason is CouldNotCheckReason.UNREADABLE_CARD


def test_a_card_that_answers_late_is_still_shown(screen: Screen) -> None:
    screen.feed(CardPresent(A, b"", 0.0)).wait(2.8)
    assert screen.reason is CouldNotCheckReason.UNREADABLE_CARD
    screen.feed(image()).answer()
    assert isinstance(screen.session.state, Showing)
    assert screen.session.state.verdict == INSURED


def test_a_code_that_never_ends_gives_the_screen_back(screen: Screen) -> None:
    screen.feed(BarcodeStarted("tty", 0.0))
    assert screen.shows(Receiving)
    assert screen.wait(5.0).state == Waiting()


def test_noise_on_the_line_leaves_no_trace(screen: Screen) -> None:
    assert screen.feed(BarcodeStarted("tty", 0.0), NOISE).state == Waiting()
    screen.feed(CardPresent(A, b"", 0.0), image()).answer()
    shown = screen.state
    assert screen.feed(BarcodeStarted("tty", 0.0), NOISE).state == shown


REMOVALS = [
    pytest.param([], id="while-noticed"),
    pytest.param([CardProgress(A, 1, 2)], id="while-read"),
    pytest.param([image()], id="while-checked"),
    pytest.param(
        [CardRejected(A, b"", RejectCause.REMOVED, "")], id="rejection-before-the-removal"
    ),
]


@pytest.mark.parametrize("events", REMOVALS)
def test_a_card_pulled_too_early_is_said_and_idle_comes_within_two_seconds(
    screen: Screen, events: list[SessionEvent]
) -> None:
    screen.feed(CardPresent(A, b"", 0.0), *events, CardGone(A, 0.0))
    assert screen.reason is CouldNotCheckReason.CARD_REMOVED
    assert screen.wait(1.2).state == Waiting()


def test_an_answer_for_a_card_that_is_gone_is_not_shown(screen: Screen) -> None:
    screen.feed(CardPresent(A, b"", 0.0), image(), CardGone(A, 0.0)).answer()
    assert screen.reason is CouldNotCheckReason.CARD_REMOVED


def test_the_photo_joins_an_answer_without_moving_its_end(screen: Screen) -> None:
    screen.feed(CardPresent(A, b"", 0.0), image()).answer().wait(1.0)
    before = screen.state
    assert isinstance(before, Showing)
    screen.feed(image(complete=True))
    first, second = screen.asked
    assert first.ticket == second.ticket
    with_photo = replace(POLICY, birth_place="Г. САРАТОВ")
    screen.feed(Checked(second.ticket, INSURED, with_photo))
    assert screen.state == replace(before, policy=with_photo)


@pytest.mark.parametrize(
    "late",
    [
        pytest.param(CardRejected(A, b"", RejectCause.UNREADABLE, ""), id="rejected"),
        pytest.param(CardRejected(A, b"", RejectCause.TIMEOUT, ""), id="timeout"),
    ],
)
def test_a_photo_that_cannot_be_read_leaves_the_answer(screen: Screen, late: SessionEvent) -> None:
    screen.feed(CardPresent(A, b"", 0.0), image()).answer()
    before = screen.state
    assert screen.feed(late).state == before
    screen.feed(image(complete=True))
    bad = CouldNotCheck(CouldNotCheckReason.UNREADABLE_CARD)
    assert screen.feed(Checked(screen.asked[-1].ticket, bad, None)).state == before


def test_the_newest_document_wins(screen: Screen) -> None:
    screen.feed(CardPresent(A, b"", 0.0), image()).answer()
    screen.feed(BarcodeStarted("tty", 0.0), CODE)
    state = screen.state
    assert isinstance(state, Checking)
    assert state.reader is None
    stale = screen.asked[0].ticket
    assert screen.feed(Checked(stale, INSURED, POLICY)).state == state
    assert screen.answer().shows(Showing)
    # The first person's card leaves now: that is no affair of the second person's answer.
    assert screen.feed(CardGone(A, 0.0)).shows(Showing)


def test_the_same_code_again_is_not_checked_twice(screen: Screen) -> None:
    screen.feed(BarcodeStarted("tty", 0.0), CODE).answer().wait(2.0)
    screen.feed(BarcodeStarted("tty", 0.0), CODE)
    assert len(screen.asked) == 1
    assert isinstance(screen.session.state, Showing)
    assert screen.session.state.repeated
    assert screen.session.state.ticket > screen.asked[0].ticket
    assert screen.session.state.until == screen.now + 20
    screen.wait(3.0).feed(BarcodeStarted("tty", 0.0), CODE)
    assert len(screen.asked) == 2


def test_a_code_seen_again_is_never_answered_with_what_came_between(screen: Screen) -> None:
    screen.feed(CODE).answer().wait(1.0)
    screen.feed(CardPresent(A, b"", 0.0), CardGone(A, 0.0)).wait(0.5)
    # "Insert again" is for the card's person; the code is still held to the window.
    assert isinstance(screen.session.state, Showing)
    asked = len(screen.asked)
    assert isinstance(screen.feed(CODE).session.state, Checking)
    assert len(screen.asked) == asked + 1


def test_what_happens_while_a_code_comes_in_is_shown_when_it_was_noise(screen: Screen) -> None:
    screen.feed(CODE).answer().feed(BarcodeStarted("tty", 0.0))
    forged = CouldNotCheck(CouldNotCheckReason.FORGED)
    screen.answer(forged).feed(NOISE)
    assert screen.reason is CouldNotCheckReason.FORGED


def test_two_cards_while_a_code_comes_in_are_two_cards(screen: Screen) -> None:
    screen.feed(CardPresent(A, b"", 0.0), image()).answer()
    screen.feed(CardPresent(B, b"", 0.0), image(B), BarcodeStarted("tty", 0.0))
    screen.feed(CardGone(A, 0.0))
    assert isinstance(screen.session.state, Checking)
    assert screen.session.state.reader == B


def test_two_torn_codes_are_two_codes(screen: Screen) -> None:
    torn = BarcodeFrame("tty", FrameKind.MALFORMED, b"", 0.0, "129 bytes, expected 130")
    screen.feed(torn).answer(CouldNotCheck(CouldNotCheckReason.UNREADABLE_CODE)).feed(torn)
    assert len(screen.asked) == 2


def test_two_cards_at_once_are_named_and_the_one_left_is_judged(screen: Screen) -> None:
    screen.feed(CardPresent(A, b"", 0.0), image(A)).answer()
    screen.feed(CardPresent(B, b"", 0.0))
    assert screen.reason is CouldNotCheckReason.TWO_CARDS
    screen.feed(image(B))
    assert screen.reason is CouldNotCheckReason.TWO_CARDS
    screen.feed(CardGone(A, 0.0))
    state = screen.state
    assert isinstance(state, Checking)
    assert state.reader == B
    assert screen.answer().shows(Showing)


def test_the_one_left_of_two_may_still_have_to_be_read(screen: Screen) -> None:
    screen.feed(CardPresent(A, b"", 0.0), CardPresent(B, b"", 0.0), CardGone(A, 0.0))
    assert screen.shows(Reading)
    assert screen.feed(image(B)).shows(Checking)


def test_a_forgotten_card_does_not_hold_up_the_next_person(screen: Screen) -> None:
    screen.feed(CardPresent(A, b"", 0.0), image(A)).answer().wait(20.0)
    screen.feed(CardPresent(B, b"", 0.0))
    assert screen.shows(Reading)


def test_the_kiosk_is_out_of_service_only_when_no_way_in_works(screen: Screen) -> None:
    screen.feed(DeviceLost(Device.READER, "no-service"))
    assert not screen.session.stopped_at
    screen.wait(5.0).feed(DeviceLost(Device.SCANNER, "unplugged"))
    assert screen.session.stopped_at == 105.0
    screen.wait(60.0).feed(DeviceLost(Device.SCANNER, "no-port"))
    assert screen.session.stopped_at == 105.0
    assert screen.session.devices[Device.SCANNER].cause == "no-port"
    assert screen.feed(DeviceReady(Device.READER, A)).session.stopped_at is None


def test_an_answer_for_a_card_goes_with_its_reader(screen: Screen) -> None:
    screen.feed(CardPresent(A, b"", 0.0), image()).answer()
    screen.feed(DeviceLost(Device.READER, "no-reader"))
    assert screen.state == Waiting()
    assert screen.session.cards == ()
    screen.feed(DeviceReady(Device.READER, B), CardPresent(B, b"", 0.0))
    assert screen.shows(Reading)


def test_a_card_that_was_read_when_its_reader_went_is_asked_for_again(screen: Screen) -> None:
    screen.feed(CardPresent(A, b"", 0.0), DeviceLost(Device.READER, "no-service"))
    assert screen.reason is CouldNotCheckReason.CARD_REMOVED


def test_an_answer_for_a_code_stays_when_the_reader_goes(screen: Screen) -> None:
    screen.feed(CODE).answer().feed(DeviceLost(Device.READER, "no-service"))
    assert screen.shows(Showing)


def test_a_fault_of_ours_is_a_could_not_check_that_passes(screen: Screen) -> None:
    screen.session = fail(screen.session, screen.now)
    assert screen.reason is CouldNotCheckReason.KIOSK_FAULT
    assert screen.wait(20.0).state == Waiting()


def test_asking_the_fund_has_its_own_limit(screen: Screen) -> None:
    screen.feed(CODE).wait(1.0)
    screen.feed(Asking(screen.asked[-1].ticket, 3.0))
    assert screen.session.state == Checking(1, None, 105.0, Span(101.0, 104.0))
    assert screen.wait(3.9).shows(Checking)
    assert screen.wait(0.1).reason is CouldNotCheckReason.KIOSK_FAULT


def test_asking_for_the_person_before_changes_nothing(screen: Screen) -> None:
    screen.feed(CODE, replace(CODE, payload=b"y" * 130))
    before = screen.state
    assert screen.feed(Asking(1, 3.0)).state == before
    assert screen.answer().feed(Asking(2, 3.0)).shows(Showing)


def test_the_next_document_takes_the_place_of_a_question_to_the_fund(screen: Screen) -> None:
    screen.feed(CODE, Asking(1, 3.0)).wait(0.5).feed(CardPresent(A, b"", 0.0))
    assert screen.shows(Reading)
    assert screen.feed(Checked(1, INSURED, POLICY)).shows(Reading)


def test_the_same_code_is_not_asked_twice_while_the_fund_is_asked(screen: Screen) -> None:
    screen.feed(CODE, Asking(1, 3.0)).wait(1.0).feed(CODE)
    assert [one.ticket for one in screen.asked] == [1]
    assert screen.state == Checking(1, None, 104.0, Span(100.0, 103.0))


def test_what_a_registrar_types_is_asked_like_a_document(screen: Screen) -> None:
    screen.feed(Entered(POLICY))
    assert screen.asked == [Ask(1, POLICY)]
    assert screen.answer().shows(Showing)


def test_a_question_that_was_over_when_it_was_told_of_has_a_frame() -> None:
    assert Span(100.0, 100.0).passed(100.0) == 1.0


@pytest.mark.parametrize(("now", "passed"), [(99.0, 0.0), (100.0, 0.0), (101.5, 0.5), (109.0, 1.0)])
def test_how_much_of_a_span_has_passed(now: float, passed: float) -> None:
    assert Span(100.0, 103.0).passed(now) == passed
