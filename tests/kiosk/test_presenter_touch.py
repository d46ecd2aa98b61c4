"""The frames that are touched: what they offer, what they hide, and what they say of a number."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, get_args, get_type_hints

import pytest

from drivers.events import Device
from kiosk.catalogue import Catalogue
from kiosk.config import Config
from kiosk.config_sections import KioskSection, ScreenSection, ServiceSection
from kiosk.families import CouldNotCheck, Insured
from kiosk.hands import offers_of, touch_px, touched
from kiosk.keypad import DOCUMENTS, Entry, Kind
from kiosk.presenter import present
from kiosk.presenter_touch import LEAVING_SECONDS, Facts
from kiosk.reasons import CouldNotCheckReason
from kiosk.states import (
    Checking,
    DeviceState,
    Keying,
    Offers,
    PinEntry,
    Serving,
    Session,
    Showing,
    Span,
    Touched,
    Waiting,
)
from tests.kiosk.cases import ENP, IN_1970, POLICY, RECORD, REGISTER
from tests.kiosk.test_presenter import AROUND, DEVICES, texts_of
from ui import screen as view
from ui.window import Key, Quit, Tap

if TYPE_CHECKING:
    from pathlib import Path

    from kiosk.presenter import Surroundings
    from kiosk.states import State

TODAY = date(2026, 11, 24)
LANGUAGES = get_args(get_type_hints(KioskSection)["language"])
OFFERS = Offers(("ru", "tt", "en"), numbers=True, service=True)
INSURED = Insured(RECORD, REGISTER, (), ())
FACTS = Facts("1.2.3", 400_000.0, 12, 3, 4, journal_missed=2)


def screen_of(
    state: State,
    language: str = "ru",
    *,
    audience: str = "public",
    around: Surroundings = AROUND,
    **session: object,
) -> view.Screen:
    """The view of a state at second 100."""
    section = KioskSection(id="0412", audience=audience)  # type: ignore[arg-type]
    whole = replace(Session(DEVICES, state=state, offers=OFFERS), language=language, **session)  # type: ignore[arg-type]
    return present(whole, replace(around, touch_px=63), section, Catalogue(language))


def keypad(entry: Entry, language: str = "ru", *, audience: str = "public") -> view.Keypad:
    """The keypad with an entry."""
    screen = screen_of(Keying(90.0, 135.0, entry, TODAY), language, audience=audience)
    assert isinstance(screen, view.Keypad)
    return screen


def test_the_idle_frame_offers_what_the_configuration_does() -> None:
    idle = screen_of(Waiting(), "en")
    assert isinstance(idle, view.Idle)
    assert (idle.languages, idle.language) == (("Русский", "Татарча", "English"), 2)
    assert [one.zone for one in idle.invitations] == ["", "", "number"]
    assert idle.footer.kiosk_zone == "kiosk"
    assert idle.touch_px == 63
    plain = screen_of(Waiting(), offers=Offers())
    assert isinstance(plain, view.Idle)
    assert (plain.languages, len(plain.invitations), plain.footer.kiosk_zone) == ((), 2, "")


def test_the_choice_says_when_it_goes_away() -> None:
    early = screen_of(Keying(90.0, 135.0, None, TODAY))
    late = screen_of(Keying(60.0, 105.0, None, TODAY))
    assert isinstance(early, view.Choose)
    assert isinstance(late, view.Choose)
    assert [one.zone for one in early.choices] == [f"kind:{kind}" for kind in DOCUMENTS]
    assert early.countdown is None
    assert late.countdown == view.Countdown(5, LEAVING_SECONDS)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("entry", "tone", "ready"),
    [
        pytest.param(Entry(Kind.POLICY), view.Tone.PLAIN, False, id="nothing"),
        pytest.param(Entry(Kind.POLICY, ENP[:5]), view.Tone.PLAIN, False, id="more"),
        pytest.param(Entry(Kind.POLICY, ENP), view.Tone.GOOD, True, id="good"),
        pytest.param(Entry(Kind.POLICY, ENP[:-1] + "0"), view.Tone.MISTAKE, False, id="digit"),
        pytest.param(Entry(Kind.POLICY, "0001234567"), view.Tone.MISTAKE, False, id="start"),
        pytest.param(Entry(Kind.POLICY, "00012345678"), view.Tone.MISTAKE, False, id="blank"),
        pytest.param(Entry(Kind.POLICY, "11223344595"), view.Tone.MISTAKE, False, id="snils"),
        pytest.param(Entry(Kind.PASSPORT, "4512100002"), view.Tone.GOOD, True, id="passport"),
        pytest.param(Entry(Kind.SNILS, "11223344595"), view.Tone.GOOD, True, id="then-a-day"),
        pytest.param(Entry(Kind.SNILS, "3102", "11223344595"), view.Tone.MISTAKE, False, id="day"),
    ],
)
def test_what_is_said_of_a_number(
    entry: Entry, tone: view.Tone, ready: bool, language: str
) -> None:
    screen = keypad(entry, language)
    assert (screen.tone, screen.ready) == (tone, ready)
    assert bool(screen.remark) == bool(entry.digits)
    # Calm in every language: nobody is refused, nothing is invalid.
    assert not {"отказ", "запрещ", "недейств", "invalid", "denied", "refus"} & set(
        screen.remark.lower().split()
    )


def test_the_public_reads_the_group_that_is_typed_the_registrar_all() -> None:
    entry = Entry(Kind.POLICY, ENP)
    assert keypad(entry).groups == ("••••", "••••", "••••", ENP[12:])
    assert keypad(entry).show
    desk = keypad(entry, audience="registrar")
    assert ("".join(desk.groups), desk.show) == (ENP, "")
    shown = keypad(replace(entry, shown=True))
    assert ("".join(shown.groups), shown.show) == (ENP, "Скрыть")
    assert ENP not in repr(desk)


def test_a_check_of_what_was_typed_speaks_of_no_card_and_no_code() -> None:
    busy = screen_of(Checking(1, None, 104.0, typed=True))
    asking = screen_of(Checking(1, None, 104.0, Span(99.0, 102.0), typed=True))
    for screen in (busy, asking):
        assert isinstance(screen, view.Busy)
        assert screen.drawing is view.Drawing.KEYPAD
        assert not {"код", "карт"} & {word[:4].lower() for word in screen.text.split()}


def test_what_cannot_be_read_can_be_typed() -> None:
    verdict = CouldNotCheck(CouldNotCheckReason.UNREADABLE_CODE)
    state = Showing(1, None, verdict, None, since=94.0, until=114.0)
    screen = screen_of(state)
    assert isinstance(screen, view.Guide)
    assert (screen.button, screen.zone) == ("Ввести номер", "number")
    plain = screen_of(state, offers=Offers())
    assert isinstance(plain, view.Guide)
    assert plain.button == ""


def test_an_answer_without_a_card_can_be_closed() -> None:
    state = Showing(1, None, INSURED, POLICY, since=94.0, until=114.0)
    by_code, by_card = screen_of(state), screen_of(replace(state, reader="reader"))
    assert isinstance(by_code, view.Result)
    assert isinstance(by_card, view.Result)
    assert (by_code.close, by_card.close) == ("Закрыть", "")


def test_a_wrong_pin_says_how_long_to_wait() -> None:
    state = PinEntry(99.0, 145.0, Entry(Kind.PIN, "123456"), wrong=True)
    waits = screen_of(state, pin_from=103.2)
    assert isinstance(waits, view.Keypad)
    assert (waits.ready, "4" in waits.remark) == (False, True)
    assert waits.groups == ("••••••______",)
    again = screen_of(state)
    assert isinstance(again, view.Keypad)
    assert (again.ready, again.tone) == (True, view.Tone.MISTAKE)
    trying = screen_of(replace(state, trying=True))
    assert isinstance(trying, view.Keypad)
    assert (trying.ready, trying.tone) == (False, view.Tone.PLAIN)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_technicians_page_has_figures_and_nobody(language: str) -> None:
    state = Serving(70.0, 130.0, looks_pending=5)
    screen = screen_of(state, language, around=replace(AROUND, facts=FACTS))
    assert isinstance(screen, view.Service)
    assert screen.countdown == view.Countdown(30, 60)
    said = " ".join(texts_of(screen))
    for figure in ("12", "3", "4", "1.2.3", "15:06", "5"):
        assert figure in said
    marks = [line.outcome for line in screen.lines]
    assert marks.count(view.Outcome.PASS) == 4
    assert marks.count(view.Outcome.FAIL) == 1


def test_the_technicians_page_marks_what_is_wrong() -> None:
    lost = dict.fromkeys(DEVICES, DeviceState(40.0, "unplugged"))
    around = replace(AROUND, moment=IN_1970, facts=FACTS)
    screen = screen_of(Serving(70.0, 130.0), around=around, devices=lost)
    assert isinstance(screen, view.Service)
    failed = [line.label for line in screen.lines if line.outcome is view.Outcome.FAIL]
    assert failed == ["Чтение карт", "Сканер кодов", "Часы", "Проверок без квитанции"]
    assert Device.SCANNER in lost


@pytest.mark.parametrize(
    ("dpi", "size", "expected"),
    [
        pytest.param(0, (800, 480), 63, id="the-pi's-own"),
        pytest.param(0, (480, 800), 63, id="turned"),
        pytest.param(0, (1280, 800), 80, id="unknown"),
        pytest.param(96, (1920, 1080), 45, id="known"),
    ],
)
def test_twelve_millimetres(dpi: int, size: tuple[int, int], expected: int) -> None:
    assert touch_px(ScreenSection(dpi=dpi), size) == expected


def test_what_a_configuration_offers(tmp_path: Path) -> None:
    touch = ScreenSection(touch="yes")
    assert offers_of(Config()) == Offers()
    assert offers_of(Config(screen=touch)) == Offers(("ru", "tt", "en"), numbers=True)
    alone = KioskSection(languages=("ru", "ru"))
    assert offers_of(Config(kiosk=alone, screen=touch)).languages == ()
    page = Config(service=ServiceSection(tmp_path / "pin"))
    assert offers_of(page) == Offers(service=True)


def test_touches_and_keys_become_zones() -> None:
    assert touched(Tap(1, 1, "number"), TODAY) == Touched("number", TODAY)
    # A finger beside all buttons still is somebody.
    assert touched(Tap(1, 1, None), TODAY) == Touched("", TODAY)
    assert touched(Key("[5]"), TODAY) == Touched("key:5", TODAY)
    assert touched(Key("left shift"), TODAY) is None
    assert touched(Quit(), TODAY) is None
