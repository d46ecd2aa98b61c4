"""The whole kiosk on real parts: pcscd and vpcd, a pseudo-terminal, a register file, frames."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from drivers.events import Device
from kiosk.app import App
from kiosk.clock import Clock
from kiosk.demo import faults
from kiosk.demo.card import oms_card, other_card
from kiosk.demo.daemon import namespaces
from kiosk.demo.documents import barcode_of, card_of
from kiosk.demo.encode_chip import holder_file, insurer_file
from kiosk.demo.people import person
from kiosk.demo.scanner import Mode
from kiosk.demo.scenes import TOUR
from kiosk.demo.stage import Stage, Watch, ticket_of
from kiosk.demo.typed_checks import TYPED_CHECKS
from kiosk.reasons import CouldNotCheckReason, Note, NotInsuredReason
from kiosk.recorder import Recorder, label_of
from kiosk.states import Showing
from ui.screen import Result
from ui.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


pytestmark = pytest.mark.flow


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Virtual devices with the small sample register."""
    if namespaces() is None:
        pytest.skip("no private pcscd on this machine: no namespaces (unshare) are allowed")
    with Stage(tmp_path, Watch()) as ready:
        ready.publish_small()
        yield ready


@contextmanager
def running(stage: Stage, out: Path) -> Iterator[App]:
    """A kiosk that runs on the stage's devices, on a thread of its own, with both devices ready."""
    stage.watch.recorder = Recorder(out, stage.clock)
    with Window((800, 480), headless_dir=out) as window:
        app = App(stage.config, stage.clock, window, observer=stage.watch)
        thread = threading.Thread(target=app.run)
        thread.start()
        try:
            assert app.ready.wait(30)
            yield app
        finally:
            app.stop()
            thread.join(30)
        assert not thread.is_alive()
        assert not [one for one in threading.enumerate() if one.name in {"reader", "checker"}]


def lines_of(out: Path) -> list[dict[str, object]]:
    """The recorded verdicts."""
    text = (out / "verdicts.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_a_card_and_a_code_end_in_a_screen_a_frame_and_a_line(stage: Stage, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with running(stage, out):
        shown = stage.tap(card_of("plain_woman"), "insured")
        assert isinstance(shown.screen, Result)
        assert shown.screen.headline == "Полис действует"
        stage.scan(barcode_of("suspended"), "suspended")
    first, second = lines_of(out)
    assert (first["verdict"], first["document"]) == (
        "insured",
        {"source": "chip", "format": "chip"},
    )
    assert (second["verdict"], second["reason"]) == ("not_insured", "suspended")
    assert (out / "0001-idle.png").read_bytes().startswith(b"\x89PNG")
    assert list(out.glob("*-insured.png"))
    assert list(out.glob("*-suspended.png"))


def test_idle_is_the_same_before_and_after_a_result(stage: Stage, tmp_path: Path) -> None:
    out = tmp_path / "out"
    # A clock that stands still: the footer's minute must not pass during the test.
    began = time.time()
    stage.clock = Clock(lambda: began)
    with running(stage, out):
        stage.tap(card_of("plain_man"), "insured")
        # The first idle frame may still lack the list; the one before a tap does not.
        since = stage.watch.mark
        stage.tap(card_of("plain_man"), "insured")
        stage.watch.wait_for("idle", since)
    before, after = sorted(out.glob("*-idle.png"))[-2:]
    assert before.read_bytes() == after.read_bytes()


def test_a_card_pulled_at_any_command_shows_nothing_partial(stage: Stage, tmp_path: Path) -> None:
    """And idle is back, and the next person is served."""
    out = tmp_path / "out"
    with running(stage, out):
        for after in range(12):
            since = stage.watch.mark
            stage.slots[0].insert(faults.Pulled(card_of("plain_man", photo=True), after=after))
            shown = stage.watch.wait(lambda one: ticket_of(one) > 0, since)
            assert label_of(shown.session) in {"card-removed", "insured", "mute-card"}
            assert isinstance(shown.session.state, Showing)
            complete = label_of(shown.session) == "insured"
            assert (shown.session.state.policy is not None) == complete
            # Not one from before the card: the footer's minute makes a frame, too.
            answered = ticket_of(shown)
            stage.watch.wait(
                lambda one, answered=answered: (
                    label_of(one.session) == "idle"  # type: ignore[misc]
                    and one.session.last_ticket >= answered
                ),
                since,
            )
        stage.tap(card_of("plain_woman"), "insured")
    assert {line["verdict"] for line in lines_of(out)} <= {"insured", "could_not_check"}


def lying(slug: str, length: int) -> bytes:
    """A holder file whose root says another length than it has."""
    holder = holder_file(person(slug))
    return b"\x62\x82" + length.to_bytes(2, "big") + holder[3 if holder[1] == 0x81 else 4 :]


BAD_CARDS = [
    pytest.param(other_card, "wrong-card", id="unknown"),
    pytest.param(lambda: faults.Mute(card_of("plain_man")), "mute-card", id="upside-down"),
    pytest.param(
        lambda: oms_card(holder_file(person("plain_man"))[:90]), "unreadable-card", id="truncated"
    ),
    pytest.param(lambda: oms_card(lying("plain_man", 20)), "unreadable-card", id="says-shorter"),
    pytest.param(lambda: oms_card(lying("plain_man", 999)), "unreadable-card", id="says-longer"),
    pytest.param(
        lambda: oms_card(b"\x62\x83\x01\x00\x00" + bytes(300)), "unreadable-card", id="over-64-kib"
    ),
    pytest.param(
        lambda: faults.Overflows(card_of("plain_man"), extra=60_000),
        "unreadable-card",
        id="64-kib-of-answers",
    ),
    pytest.param(
        lambda: faults.Endless61(card_of("plain_man")), "unreadable-card", id="endless-61"
    ),
    pytest.param(lambda: oms_card(b""), "unreadable-card", id="empty"),
]


def test_bad_cards_each_get_their_frame(stage: Stage, tmp_path: Path) -> None:
    with running(stage, tmp_path / "out"):
        for case in BAD_CARDS:
            make, expected = case.values
            stage.tap(make(), expected)  # type: ignore[operator, arg-type]
        stage.tap(card_of("plain_man"), "insured")


def test_a_bad_insurer_file_costs_a_note_and_not_the_answer(stage: Stage, tmp_path: Path) -> None:
    one = person("plain_man")
    out = tmp_path / "out"
    with running(stage, out):
        no_ogrn = insurer_file(one).replace(one.insurer.ogrn.encode(), b"?" * 13)
        stage.tap(oms_card(holder_file(one), no_ogrn), "insured")
    assert "insurer_unreadable" in str(lines_of(out)[0]["notes"])


BAD_CODES = [
    pytest.param(barcode_of("yo")[:129], "unreadable-code", id="129-bytes"),
    pytest.param(barcode_of("yo") + b"x", "unreadable-code", id="131-odd-bytes"),
    pytest.param(barcode_of("yo") + barcode_of("yo"), "unreadable-code", id="glued"),
    pytest.param(
        barcode_of("yo")[:9] + b"\xff" * 42 + barcode_of("yo")[51:],
        "unreadable-code",
        id="alphabet",
    ),
    pytest.param(
        barcode_of("yo")[:9] + bytes(42) + barcode_of("yo")[51:], "unreadable-code", id="no-name"
    ),
    pytest.param(
        barcode_of("yo")[:54] + b"\x00\x01" + barcode_of("yo")[56:], "unreadable-code", id="dates"
    ),
    pytest.param(
        barcode_of("yo")[:8] + b"\x00" + barcode_of("yo")[9:], "misread", id="check-digit"
    ),
]


def test_bad_codes_each_get_their_frame(stage: Stage, tmp_path: Path) -> None:
    with running(stage, tmp_path / "out"):
        for case in BAD_CODES:
            payload, expected = case.values
            stage.scan(payload, expected)  # type: ignore[arg-type]
        stage.scan(barcode_of("yo"), "insured")


def test_every_way_in_which_scanners_send(stage: Stage, tmp_path: Path) -> None:
    with running(stage, tmp_path / "out"):
        for index, mode in enumerate(Mode):
            since = stage.watch.mark
            slug = "sibilants" if index % 2 else "hard_sign"
            stage.scanner.scan(barcode_of(slug, 2), mode=mode)
            assert label_of(stage.answer("insured", since).session) == "insured", mode


def test_twenty_restarts_of_pcscd_lose_no_later_insertion(stage: Stage, tmp_path: Path) -> None:
    with running(stage, tmp_path / "out"):
        for _ in range(20):
            stage.pcscd.restart()
            assert label_of(stage.tap(card_of("plain_man"), "insured").session) == "insured"


def test_devices_go_and_come_back(stage: Stage, tmp_path: Path) -> None:
    with running(stage, tmp_path / "out"):
        since = stage.watch.mark
        stage.scanner.unplug()
        stage.pcscd.kill()
        shown = stage.watch.wait_for("out-of-service", since)
        assert not shown.session.works(Device.READER)
        since = stage.watch.mark
        stage.pcscd.start()
        stage.scanner.replug()
        stage.watch.wait(
            lambda one: one.session.works(Device.READER) and one.session.works(Device.SCANNER),
            since,
            seconds=5,
        )
        stage.tap(card_of("plain_man"), "insured")
        stage.scan(barcode_of("plain_woman"), "insured")


def test_nothing_personal_is_written(
    stage: Stage, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out = tmp_path / "out"
    cast = ["plain_man", "suspended", "details_differ", "absent", "full_68"]
    with running(stage, out), caplog.at_level("DEBUG"):
        for slug in cast:
            stage.tap(card_of(slug, photo=True), SHOWN_AS.get(slug, "insured"))
    written = caplog.text + (out / "verdicts.jsonl").read_text(encoding="utf-8")
    for slug in cast:
        one = person(slug)
        for secret in (one.enp, one.surname, one.given_name, str(one.birth_date), one.snils):
            assert secret not in written


SHOWN_AS = {
    "suspended": "suspended",
    "details_differ": "details-differ",
    "absent": "not-in-list",
}


NOTES_ELSEWHERE = {
    Note.CALENDAR_ESTIMATED,  # A typed check: scanned certificates carry no day of issue.
}


def test_the_tour_shows_every_reason(stage: Stage, tmp_path: Path) -> None:
    """The demo as people call it, in a process of its own; it fails if one scene does."""
    assert stage.pcscd.is_running
    out = tmp_path / "tour"
    done = subprocess.run(
        [sys.executable, "-c", "from kiosk.cli import main; main()", "demo", "--headless", out],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lines = lines_of(out)
    names = [scene.name for _, scenes in TOUR for scene in scenes]
    assert len(names) == len(set(names))
    assert [name for name, _ in itertools.groupby(line["scene"] for line in lines)] == names
    reasons = {"insured", *NotInsuredReason, *CouldNotCheckReason}
    # No virtual device can make the kiosk itself fail.
    assert reasons - {line["reason"] for line in lines} == {CouldNotCheckReason.KIOSK_FAULT}
    assert {line["document"]["format"] for line in lines if line["document"]} == {  # type: ignore[index]
        "chip",
        "barcode-01",
        "barcode-02",
        "text",
        "temporary-certificate",
        "arkhangelsk",
        "mrz",
        "typed",
    }
    assert {note for line in lines for note in line["notes"]} >= set(Note) - NOTES_ELSEWHERE  # type: ignore[attr-defined]
    assert f"{len(TYPED_CHECKS)} of {len(TYPED_CHECKS)} typed documents" in done.stdout
    for name in names:
        assert list(out.glob(f"*-{name}-*.png")), name
