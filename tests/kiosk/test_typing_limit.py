"""Where everybody can type, nobody goes through others' numbers; cards and codes never wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.events import BarcodeFrame, CardGone, CardPresent, CardRejected, FrameKind, RejectCause
from kiosk.catalogue import LANGUAGES, Catalogue
from kiosk.config import Config
from kiosk.config_sections import KeypadSection, KioskSection
from kiosk.hands import typing_of
from kiosk.pace import sleep_seconds
from kiosk.policy.typed import typed, typed_passport, typed_snils
from kiosk.presenter import present
from kiosk.states import Ask, Checked, Checking, Entered, Reading, Waiting
from kiosk.typing_limit import LONGEST_PAUSE_SECONDS, Allowance, Typing, asked
from kiosk.zones import CLOSE, NUMBER
from tests.kiosk.test_presenter import AROUND
from tests.kiosk.test_session_touch import INSURED, START, Person
from ui import screen as view

if TYPE_CHECKING:
    from kiosk.policy.model import PresentedPolicy

MOST, WINDOW, PAUSE = 3, 600.0, 300.0
LIMITED = Typing(Allowance(MOST, WINDOW, PAUSE, b"key"))
PUBLIC = replace(START, typing=LIMITED)
CODE = BarcodeFrame("tty", FrameKind.POLICY, b"x" * 130, 0.0)


def passport(number: int) -> PresentedPolicy:
    """A passport that nobody has."""
    return typed_passport(f"4512{number:06}")


class Typist(Person):
    """Somebody who types passports."""

    def type_in(self, *numbers: int) -> int:
        """Type them one after the other; returns how many were asked about."""
        before = len(self.asked)
        for number in numbers:
            self.touch(NUMBER, "kind:passport").enter(f"4512{number:06}").touch("key:done")
            self.feed(Checked(self.session.last_ticket, INSURED, None)).touch(CLOSE).wait(3.0)
        return len(self.asked) - before

    def screen(self, language: str = "ru") -> view.Screen:
        """What is shown now."""
        around = replace(AROUND, now=self.now)
        return present(self.session, around, KioskSection(), Catalogue(language))


@pytest.fixture
def typist() -> Typist:
    """Somebody at a public kiosk."""
    return Typist(PUBLIC)


def test_typing_pauses_after_too_many_numbers_and_goes_on(typist: Typist) -> None:
    assert typist.type_in(1, 2, 3, 4, 5) == MOST
    typist.wait(PAUSE)
    assert typist.type_in(4, 5) == 2


def test_the_last_number_that_is_allowed_is_answered(typist: Typist) -> None:
    typist.type_in(1, 2)
    typist.touch(NUMBER, "kind:passport").enter("4512000003").touch("key:done")
    assert typist.in_front_of(Checking)


def test_a_queue_that_takes_its_time_never_waits(typist: Typist) -> None:
    for number in range(50):
        assert typist.type_in(number) == 1
        typist.wait(WINDOW / (MOST - 1))


def test_the_same_number_again_costs_nothing(typist: Typist) -> None:
    assert typist.type_in(*[1] * 10, 2, 1, 2) == 13


def test_a_number_that_cannot_be_right_costs_nothing(typist: Typist) -> None:
    typist.touch(NUMBER, "kind:policy").enter("7856510844000010")
    typist.touch("key:done", "key:done", "key:back", "key:back")
    assert typist.session.typing == LIMITED


def test_each_pause_is_longer_up_to_a_bound_and_calm_is_forgiven() -> None:
    typing, now, lengths = LIMITED, 0.0, []
    for number in range(MOST * 20):
        typing = asked(typing, passport(number), now)
        if typing.paused_until > now:
            lengths.append(typing.paused_until - now)
            now = typing.paused_until
    assert lengths[:5] == [300.0, 600.0, 1200.0, 2400.0, LONGEST_PAUSE_SECONDS]
    assert set(lengths[5:]) == {LONGEST_PAUSE_SECONDS}
    now += LONGEST_PAUSE_SECONDS + 1.0
    for number in range(MOST):
        typing = asked(typing, passport(number), now)
    assert typing.paused_until - now == PAUSE


def test_kinds_of_numbers_are_told_apart() -> None:
    born = date(1984, 3, 5)
    some = (
        typed("7856510844000014"),
        typed("123456789"),
        passport(1),
        typed_snils("11223344595", born),
        typed_snils("11223344595", date(1984, 3, 6)),
        # The same as one before it.
        typed_snils("112-233-445 95", born),
    )
    typing = Typing(Allowance(100, WINDOW, PAUSE, b"key"))
    for policy in some:
        typing = asked(typing, policy, 0.0)
    assert len(typing.numbers) == len(some) - 1


def test_nothing_of_a_number_is_kept_and_its_hash_goes_with_the_window(typist: Typist) -> None:
    typist.type_in(1)
    assert len(typist.session.typing.numbers) == 1
    assert "numbers" not in repr(typist.session.typing)
    assert "key" not in repr(LIMITED.allowance)
    # Under another key the hash is another one.
    other = asked(Typing(Allowance(MOST, WINDOW, PAUSE, b"other")), passport(1), 0.0)
    assert other.numbers[0][1] != typist.session.typing.numbers[0][1]
    # Nobody need type for that: the main loop looks every few seconds.
    assert typist.wait(WINDOW).session.typing == LIMITED


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_pause_is_said_with_what_to_do_and_when_it_ends(typist: Typist, language: str) -> None:
    typist.type_in(1, 2, 3)
    idle = typist.screen(language)
    assert isinstance(idle, view.Idle)
    tile = idle.invitations[-1]
    assert (tile.available, tile.zone, "5" in tile.text) == (False, NUMBER, True)
    typist.touch(NUMBER)
    guide = typist.screen(language)
    assert isinstance(guide, view.Guide)
    assert (guide.zone, "5" in guide.detail) == (CLOSE, True)
    assert guide.next_step
    assert guide.hint
    assert typist.touch(CLOSE).in_front_of(Waiting)


def test_who_waits_before_the_paused_keypad_may_type_when_it_ends(typist: Typist) -> None:
    typist.type_in(1, 2, 3)
    typist.wait(typist.session.typing.paused_until - typist.now - 5.0).touch(NUMBER)
    assert isinstance(typist.screen(), view.Guide)
    assert sleep_seconds(typist.session, typist.now, 0.0) <= 5.01
    typist.touch("key:1").wait(5.0)
    assert isinstance(typist.screen(), view.Choose)


def test_the_pause_s_page_goes_away(typist: Typist) -> None:
    typist.type_in(1, 2, 3)
    typist.touch(NUMBER).wait(45.0)
    assert typist.in_front_of(Waiting)


def test_a_keypad_with_keys_is_told_too(typist: Typist) -> None:
    typist.type_in(1, 2, 3)
    typist.touch("key:7")
    assert isinstance(typist.screen(), view.Guide)


def test_a_registrar_types_as_many_as_there_are() -> None:
    config = Config()
    assert typing_of(config).allowance is not None
    for other in (
        replace(config, kiosk=KioskSection(audience="registrar")),
        replace(config, keypad=KeypadSection(most=0)),
    ):
        assert Typist(replace(START, typing=typing_of(other))).type_in(*range(100)) == 100


def test_each_start_has_its_own_key() -> None:
    one, two = (typing_of(Config()).allowance for _ in range(2))
    assert one is not None
    assert two is not None
    assert one.key != two.key


_DOCUMENTS = st.sampled_from(
    [
        CardPresent("A", b"", 0.0),
        CardRejected("A", b"", RejectCause.NOT_OMS, ""),
        CardGone("A", 0.0),
        CODE,
        Entered(passport(999)),
    ]
)
_TYPED = st.integers(0, 9)
_COURSE = st.lists(st.tuples(st.one_of(_DOCUMENTS, _TYPED), st.floats(0.0, 200.0)), max_size=40)


@given(_COURSE)
def test_cards_and_codes_never_wait(course: list[tuple[object, float]]) -> None:
    """What is typed changes nothing for them: they do the same where nothing was counted."""
    limited, free = Typist(PUBLIC), Typist(START)
    for event, seconds in course:
        for typist in (limited, free):
            if isinstance(event, int):
                typist.type_in(event)
                continue
            before = len(typist.asked)
            typist.feed(event)  # type: ignore[arg-type]
            if isinstance(event, BarcodeFrame | Entered):
                # A code held on is answered again instead.
                again = isinstance(event, BarcodeFrame) and len(typist.asked) == before
                assert again or isinstance(typist.session.state, Checking)
            if isinstance(event, CardPresent):
                assert isinstance(typist.session.state, Reading)
            typist.wait(seconds)
        assert len(limited.session.typing.numbers) < MOST
        if not isinstance(event, int):
            documents = [_documents(typist) for typist in (limited, free)]
            assert documents[0] == documents[1]


def _documents(typist: Typist) -> list[object]:
    """What was asked about without typing."""
    return [one.document for one in typist.asked if isinstance(one, Ask) and not _is_typed(one)]


def _is_typed(question: Ask) -> bool:
    return question.document in [passport(number) for number in range(10)]
