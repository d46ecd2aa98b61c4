"""The main loop: woken by events, and not brought down by an error of ours."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Literal

import pytest

from drivers.events import (
    CardGone,
    CardImage,
    CardPresent,
    CardProgress,
    Device,
    DeviceLost,
    ReadStats,
)
from kiosk import app as app_module
from kiosk.app import App
from kiosk.clock import Clock
from kiosk.config import Config
from kiosk.config_sections import KioskSection, ScreenSection
from kiosk.demo.daemon import lead_clients_to
from kiosk.families import CouldNotCheck
from kiosk.inbox import Inbox
from kiosk.reasons import CouldNotCheckReason
from kiosk.recorder import label_of
from kiosk.session import handle
from kiosk.states import Checked
from tests.kiosk.cases import POLICY
from ui.pane import Panel
from ui.window import Key, Tap, Window

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_mock import MockerFixture

    from kiosk.app import Shown
    from kiosk.check_worker import KioskEvent
    from ui.screen import Screen
    from ui.window import InputEvent

PROGRESS = CardProgress("reader", 1, 2)
LOST = DeviceLost(Device.READER, "no-reader")


def test_an_event_wakes_the_wait() -> None:
    inbox = Inbox()
    threading.Timer(0.05, inbox.put, [LOST]).start()
    began = time.monotonic()
    assert inbox.wait(20) == [LOST]
    assert time.monotonic() - began < 10
    assert inbox.wait(0) == []
    inbox.close()
    # A signal may come at any time.
    inbox.wake()


def test_a_line_of_somebody_elses_wakes_it_too_and_is_left_unread() -> None:
    inbox = Inbox()
    theirs, other_end = os.pipe()
    os.write(other_end, b"x")
    began = time.monotonic()
    assert inbox.wait(20, (theirs,)) == []
    assert time.monotonic() - began < 10
    assert os.read(theirs, 10) == b"x"
    for end in (theirs, other_end):
        os.close(end)
    inbox.close()


def test_a_full_inbox_drops_progress_without_waiting() -> None:
    inbox = Inbox()
    for _ in range(300):
        inbox.put(PROGRESS)
    assert len(inbox.wait(0)) == 256
    inbox.close()


@pytest.fixture
def shows(tmp_path: Path) -> Callable[[int], list[str]]:
    """Run a kiosk without any device until so many frames were shown; give their names."""
    lead_clients_to(tmp_path / "nobody-listens")

    def run(count: int) -> list[str]:
        seen: list[str] = []

        def observe(shown: Shown) -> str:
            seen.append(label_of(shown.session))
            if len(seen) == count:
                app.stop()
            return ""

        with Window((800, 480), headless_dir=tmp_path) as window:
            app = App(Config(), Clock(), window, observer=observe)
            app.run()
        return seen

    return run


def test_a_fault_in_a_turn_is_shown_and_survived(
    shows: Callable[[int], list[str]], mocker: MockerFixture, caplog: pytest.LogCaptureFixture
) -> None:
    mocker.patch.object(app_module, "handle", side_effect=[RuntimeError("ours"), handle])
    assert shows(2) == ["idle", "kiosk-fault"]
    assert "a turn of the main loop failed" in caplog.text


def test_a_fault_that_does_not_pass_ends_the_process(
    shows: Callable[[int], list[str]], mocker: MockerFixture
) -> None:
    mocker.patch.object(app_module, "present", side_effect=RuntimeError("ours"))
    with pytest.raises(RuntimeError, match="ours"):
        shows(1)
    assert not [one for one in threading.enumerate() if one.name in {"reader", "checker"}]


def test_touches_and_keys_reach_the_screen_at_once(tmp_path: Path, mocker: MockerFixture) -> None:
    """Each is acknowledged by a frame of its own, and the last frame is the first one again."""
    mocker.patch.object(app_module, "device_workers", return_value=[])
    began = time.time()
    steps: dict[str, list[InputEvent | None]] = {
        "idle": [Tap(1, 1, "language:2"), Tap(1, 1, "number"), None],
        "choice": [Key("1"), Key("escape")],
        "keypad": [Key("[7]"), Tap(1, 1, "key:8"), Key("escape")],
    }
    seen: list[tuple[str, str, str]] = []

    def observe(shown: Shown) -> str:
        label = label_of(shown.session)
        seen.append((label, shown.session.language, repr(shown.screen)))
        step = steps[label].pop(0)
        app.stop() if step is None else app.press(step)
        return label

    config = Config(screen=ScreenSection(touch="yes"))
    with Window((800, 480), headless_dir=tmp_path) as window:
        # A clock that stands still: no frame for the footer's minute.
        app = App(config, Clock(lambda: began), window, observer=observe)
        app.run()
    labels = [label for label, _, _ in seen]
    assert labels == ["idle", "idle", "choice", "keypad", "keypad", "keypad", "choice", "idle"]
    assert [language for _, language, _ in seen] == ["", *["en"] * 7]
    assert "Enter a number" in seen[1][2]


@pytest.mark.parametrize("first", ["public", "registrar"])
def test_each_display_shows_its_own_people_the_answer(
    first: Literal["public", "registrar"], tmp_path: Path, mocker: MockerFixture
) -> None:
    """And what may be read out is the public's, on whichever display."""
    mocker.patch.object(app_module, "device_workers", return_value=[])
    second: Literal["public", "registrar"] = "registrar" if first == "public" else "public"
    shown: list[tuple[str, str]] = []
    heard: list[str] = []

    def show(screen: Screen, _label: str, other: Screen) -> bool:
        shown.append((type(screen).__name__, type(other).__name__))
        if "RegistrarResult" in shown[-1]:
            app.stop()
        return True

    def observe(one: Shown) -> str:
        if label_of(one.session) == "idle":
            app.enter(POLICY)
        return ""

    def follow(_session: object, screen: Screen, *_: object) -> None:
        heard.append(type(screen).__name__)

    config = Config(kiosk=KioskSection(audience=first), screen=ScreenSection(second=second))
    panel = Panel((800, 480))
    with Window((800, 480), headless_dir=tmp_path, second=panel) as window:
        mocker.patch.object(window, "show", side_effect=show)
        app = App(config, Clock(), window, observer=observe)
        mocker.patch.object(app._companions, "follow", side_effect=follow)
        app.run()
    views = ("Result", "RegistrarResult")
    assert shown[0] == ("Idle", "Idle")
    assert shown[-1] == (views if first == "public" else views[::-1])
    assert heard[-1] == "Result"


@pytest.mark.parametrize("answer_first", [True, False])
def test_a_card_taken_before_its_answer_was_drawn_is_asked_for_again(
    tmp_path: Path, mocker: MockerFixture, *, answer_first: bool
) -> None:
    """Whichever of the two comes first into one turn of a slow machine."""
    asked = mocker.patch("kiosk.app.CheckWorker.ask")
    stats = ReadStats(9, 900, 0.2)
    image = CardImage("reader", b"\x3b\x00", b"holder", None, False, 0.0, stats)
    verdict = CouldNotCheck(CouldNotCheckReason.NOT_IN_LIST)
    with Window((800, 480), headless_dir=tmp_path) as window:
        app = App(Config(), Clock(), window)
        app._turn([CardPresent("reader", b"\x3b\x00", 0.0), image])
        (question,) = asked.call_args.args
        events: list[KioskEvent] = [
            Checked(question.ticket, verdict, None),
            CardGone("reader", 0.0),
        ]
        app._turn(events if answer_first else events[::-1])
        assert label_of(app._session) == "card-removed"
