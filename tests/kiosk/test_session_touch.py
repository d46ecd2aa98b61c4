"""Touches: a language for one person, a number by hand, and a page behind a gesture and a PIN."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.events import BarcodeFrame, BarcodeStarted, CardGone, CardPresent, Device, FrameKind
from kiosk.families import Insured
from kiosk.keypad import Entry, Key, Kind
from kiosk.reasons import CouldNotCheckReason
from kiosk.session import handle, tick
from kiosk.session_touch import LONGEST_WAIT_SECONDS
from kiosk.states import (
    Ask,
    Checked,
    Checking,
    DeviceState,
    Keying,
    Offers,
    PinEntry,
    PinTried,
    Reading,
    Receiving,
    Serving,
    Session,
    Showing,
    Touched,
    TryPin,
    Waiting,
)
from kiosk.verdict import unreadable
from kiosk.zones import zone_of_key
from tests.kiosk.cases import ENP, POLICY, RECORD, REGISTER

if TYPE_CHECKING:
    from kiosk.states import SessionEvent, State

TODAY = date(2026, 11, 24)
OFFERS = Offers(("ru", "tt", "en"), numbers=True, service=True)
START = Session(
    devices={Device.READER: DeviceState(), Device.SCANNER: DeviceState()}, offers=OFFERS
)
INSURED = Insured(RECORD, REGISTER, (), ())
CODE = BarcodeFrame("tty", FrameKind.POLICY, b"x" * 130, 0.0)
NOISE = BarcodeFrame("tty", FrameKind.MALFORMED, b"", 0.0, "empty")


class Person:
    """Somebody in front of a session, with a hand on the clock."""

    def __init__(self, session: Session = START) -> None:
        """Nobody has touched anything."""
        self.session = session
        self.now = 100.0
        self.asked: list[Ask | TryPin] = []

    def touch(self, *zones: str) -> Person:
        """Touch some zones, one after the other."""
        return self.feed(*(Touched(zone, TODAY) for zone in zones))

    def enter(self, digits: str) -> Person:
        """Type digits."""
        return self.touch(*(f"key:{digit}" for digit in digits))

    def feed(self, *events: SessionEvent) -> Person:
        """Let something happen."""
        for event in events:
            self.session, asked = handle(self.session, event, self.now)
            self.asked += asked
        return self

    def wait(self, seconds: float) -> Person:
        """Let time pass."""
        self.now += seconds
        self.session = tick(self.session, self.now)
        return self

    def in_front_of(self, kind: type[State]) -> bool:
        """Whether the state is of this kind."""
        return isinstance(self.session.state, kind)

    def to_the_pin(self) -> Person:
        """Ask for the technicians' page."""
        return self.touch(*["kiosk"] * 5)

    def try_pin(self, *, right: bool) -> Person:
        """Type a PIN, which is right or not."""
        return self.enter("123456").touch("key:done").feed(PinTried(right))


@pytest.fixture
def person() -> Person:
    """Somebody in front of a kiosk that waits."""
    return Person()


def test_a_language_stays_for_one_person(person: Person) -> None:
    person.touch("language:2").wait(19.9)
    assert person.session.language == "en"
    person.touch("").wait(19.9)
    assert person.session.language == "en"
    assert person.wait(0.1).session == replace(START, language_until=person.session.language_until)
    assert person.session.deadline is None


def test_a_language_goes_with_the_answer(person: Person) -> None:
    person.touch("language:1").feed(CardPresent("A", b"", 0.0))
    assert person.session.language == "tt"
    person.feed(CardGone("A", 0.0))
    assert (person.in_front_of(Showing), person.session.language) == (True, "tt")
    person.wait(2.0)
    assert (person.in_front_of(Waiting), person.session.language) == (True, "")


def test_a_language_goes_when_the_card_is_taken(person: Person) -> None:
    person.touch("language:1").feed(CODE)
    ticket = person.session.last_ticket
    person.feed(Checked(ticket, INSURED, POLICY))
    person.feed(CardPresent("A", b"", 0.0))
    # The newest document wins; its answer is still for whoever chose.
    assert person.session.language == "tt"
    person.wait(60).wait(60)
    assert person.session.language == ""


@pytest.mark.parametrize("zone", ["language:3", "language:x", "language:", "language:-1"])
def test_a_language_that_is_not_offered(person: Person, zone: str) -> None:
    assert person.touch(zone).session == START


def test_a_number_is_typed_and_checked(person: Person) -> None:
    person.touch("number")
    assert person.session.state == Keying(100.0, 145.0, None, TODAY)
    person.touch("kind:policy").enter(ENP).touch("key:done")
    assert person.in_front_of(Checking)
    (ask,) = person.asked
    assert isinstance(ask, Ask)
    assert getattr(ask.document, "enp", None) == ENP


def test_a_number_keypad_needs_no_touch(person: Person) -> None:
    keys = [zone_of_key(name) for name in [f"[{digit}]" for digit in ENP] + ["enter"]]
    assert None not in keys
    person.touch(*filter(None, keys))
    assert person.in_front_of(Checking)


def test_the_choice_can_be_made_by_keys(person: Person) -> None:
    person.touch("number").enter("4")
    assert isinstance(person.session.state, Keying)
    assert person.session.state.entry == Entry(Kind.PASSPORT)


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("7", "key:7"),
        ("[7]", "key:7"),
        ("return", "key:done"),
        ("enter", "key:done"),
        ("backspace", "key:delete"),
        ("escape", "key:back"),
        ("a", None),
        ("f5", None),
        ("", None),
        ("٣", None),
    ],
)
def test_keys(name: str, zone: str | None) -> None:
    assert zone_of_key(name) == zone


def test_back_goes_one_step_at_a_time(person: Person) -> None:
    person.touch("number", "kind:snils").enter("123")
    person.touch("key:back")
    assert isinstance(person.session.state, Keying)
    assert person.session.state.entry is None
    assert person.touch("key:back").session == START


def test_who_leaves_leaves_nothing(person: Person) -> None:
    person.touch("language:2", "number", "kind:policy").enter(ENP[:7]).wait(44.9)
    assert person.in_front_of(Keying)
    person.touch("").wait(44.9)
    assert person.in_front_of(Keying)
    person.wait(0.1)
    assert replace(person.session, language_until=START.language_until) == START


def test_a_card_or_a_code_ends_the_typing(person: Person) -> None:
    person.touch("number", "kind:policy").enter("12")
    assert Person(person.session).feed(CardPresent("A", b"", 0.0)).in_front_of(Reading)
    receiving = Person(person.session).feed(BarcodeStarted("tty", 0.0))
    assert receiving.in_front_of(Receiving)
    assert Person(receiving.session).feed(CODE).in_front_of(Checking)
    # Noise of a scanner costs nobody what was typed.
    assert receiving.feed(NOISE).session.state == person.session.state


def test_nothing_is_typed_where_it_is_not_offered() -> None:
    person = Person(replace(START, offers=Offers()))
    assert person.touch("number", "language:1", "kind:policy", "kiosk").enter("1").session == (
        replace(START, offers=Offers())
    )


def test_nothing_is_typed_out_of_service() -> None:
    lost = dict.fromkeys(START.devices, DeviceState(1.0, "unplugged"))
    person = Person(replace(START, devices=lost)).touch("number").enter("1")
    assert person.in_front_of(Waiting)


def test_the_page_is_behind_a_gesture_and_a_pin(person: Person) -> None:
    person.touch(*["kiosk"] * 4).wait(3.1).touch("kiosk")
    assert person.in_front_of(Waiting)
    person.touch(*["kiosk"] * 4)
    assert person.in_front_of(PinEntry)
    person.enter("2468").touch("key:done")
    assert person.asked == [TryPin("2468")]
    # Nothing is typed, and nothing tried, while it is compared.
    person.enter("1").touch("key:done")
    assert len(person.asked) == 1
    assert person.feed(PinTried(right=True)).in_front_of(Serving)
    assert person.wait(59.9).in_front_of(Serving)
    assert person.wait(0.1).in_front_of(Waiting)


def test_wrong_pins_cost_more_time_each(person: Person) -> None:
    person.to_the_pin()
    waits = []
    for _ in range(14):
        person.try_pin(right=False)
        waits.append(person.session.pin_from - person.now)
        person.wait(max(0.0, waits[-1]))
    assert waits[:6] == [0.0, 0.0, 2.0, 4.0, 8.0, 16.0]
    assert waits[-1] == LONGEST_WAIT_SECONDS
    assert person.in_front_of(PinEntry)
    assert person.try_pin(right=True).session.wrong_pins == 0


def test_a_wrong_pin_costs_time_however_many_there_were(person: Person) -> None:
    person.session = replace(person.session, wrong_pins=5000)
    person.to_the_pin().try_pin(right=False)
    assert person.session.pin_from == person.now + LONGEST_WAIT_SECONDS


def test_a_language_goes_with_the_card_even_while_a_code_comes_in(person: Person) -> None:
    person.touch("language:1").feed(CardPresent("A", b"", 0.0))
    person.session = replace(person.session, state=Showing(1, "A", INSURED, POLICY, 100.0, 120.0))
    person.feed(BarcodeStarted("tty", 0.0), CardGone("A", 0.0), NOISE)
    assert (person.in_front_of(Waiting), person.session.language) == (True, "")


def test_no_pin_is_tried_before_its_time_not_even_by_coming_back(person: Person) -> None:
    person.to_the_pin()
    for _ in range(3):
        person.try_pin(right=False)
    asked = len(person.asked)
    person.touch("close").to_the_pin().enter("123456").touch("key:done")
    assert len(person.asked) == asked
    person.wait(2.0).touch("key:done")
    assert len(person.asked) == asked + 1


@pytest.mark.parametrize("event", [CardPresent("A", b"", 0.0), BarcodeStarted("tty", 0.0), CODE])
def test_a_document_ends_the_page(person: Person, event: SessionEvent) -> None:
    person.to_the_pin().try_pin(right=True).feed(event)
    assert not person.in_front_of(Serving)
    assert person.wait(30).wait(30).in_front_of(Waiting)


def test_a_late_answer_about_a_pin_opens_nothing(person: Person) -> None:
    person.to_the_pin().enter("1234").touch("key:done", "close")
    assert person.feed(PinTried(right=True)).in_front_of(Waiting)


def test_an_answer_can_be_ended_by_whom_it_is_for(person: Person) -> None:
    person.touch("language:1").feed(CODE)
    person.feed(Checked(person.session.last_ticket, INSURED, POLICY)).touch("close")
    assert (person.in_front_of(Waiting), person.session.language) == (True, "")


def test_what_cannot_be_read_can_be_typed(person: Person) -> None:
    person.touch("language:1").feed(CODE)
    verdict = unreadable(CouldNotCheckReason.UNREADABLE_CODE)
    person.feed(Checked(person.session.last_ticket, verdict, None)).touch("number")
    assert (person.in_front_of(Keying), person.session.language) == (True, "tt")


def test_checks_cannot_be_touched(person: Person) -> None:
    person.feed(CODE)
    before = person.session
    assert person.touch("kiosk", "number", "language:1", "key:1", "close").session == before
    assert "123" not in repr([Touched("key:123", TODAY), TryPin("123")])


_ZONES = st.sampled_from(
    [
        *(f"key:{key}" for key in "0123456789"),
        *(f"key:{key}" for key in Key),
        *(f"kind:{kind}" for kind in Kind),
        *("number", "close", "kiosk", "language:0", "language:1", "language:9", "", "key:", "?"),
    ]
)
_EVENTS = st.one_of(
    _ZONES.map(lambda zone: Touched(zone, TODAY)),
    st.sampled_from(
        [
            CardPresent("A", b"", 0.0),
            CardGone("A", 0.0),
            BarcodeStarted("tty", 0.0),
            CODE,
            NOISE,
            PinTried(right=True),
            PinTried(right=False),
        ]
    ),
)


@given(st.lists(st.tuples(_EVENTS, st.floats(0, 3)), max_size=60))
def test_whatever_people_do_it_is_the_next_one_s_in_the_end(
    course: list[tuple[SessionEvent, float]],
) -> None:
    person = Person()
    for event, seconds in course:
        person.feed(event).wait(seconds)
        state = person.session.state
        # A person's digits are nowhere but in the entry that is on the screen.
        assert not isinstance(state, Showing) or state.policy is None
        assert person.session.deadline is None or person.session.deadline > person.now
    for _ in range(4):
        person.wait(400.0)
    assert isinstance(person.session.state, Waiting)
    assert person.session.language == ""
    assert person.session.deadline is None
