"""A booted kiosk serves people, and comes back by itself from whatever stops it."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Final

import pytest

from kiosk.demo.documents import card_of
from kiosk.demo.vpcd import VirtualSlot
from tests.boot.appliance import KIOSK
from tests.boot.conftest import started
from tests.boot.rounds import ROUNDS, rounds_of
from tests.boot.waiting import until

if TYPE_CHECKING:
    from tests.boot.appliance import Appliance
    from tests.boot.conftest import MakeKiosk
    from tests.boot.rounds import Measured

BACK_SECONDS: Final = 15.0
"""R9."""
READER_SECONDS: Final = 5.0
"""R5."""


def test_after_a_boot_it_is_ready_once_the_first_frame_stands(
    make_kiosk: MakeKiosk, measured: Measured
) -> None:
    kiosk = make_kiosk()
    began = time.time()
    started(kiosk)
    first = kiosk.frames(began)[0].stat().st_mtime
    stamp = kiosk.machine.unit(KIOSK, "ActiveEnterTimestamp", "--timestamp=us+utc")
    moment = datetime.strptime(f"{stamp}+0000", "%a %Y-%m-%d %H:%M:%S.%f UTC%z")
    ready = moment.timestamp()
    measured("boot to the first frame, s", first - began)
    measured("boot to ready, s", ready - began)
    assert kiosk.machine.unit(KIOSK, "Type") == "notify"
    assert first <= ready
    assert ready - began < 30


def test_a_tap_ends_in_a_verdict(kiosk: Appliance, measured: Measured) -> None:
    began = time.monotonic()
    verdict = kiosk.tap("plain_man")
    measured("tap to the verdict and idle again, s", time.monotonic() - began)
    assert (verdict["verdict"], verdict["how_known"]["source"]) == ("insured", "register")
    assert kiosk.tap("suspended")["reason"] == "suspended"


def test_a_kiosk_that_hangs_is_back_in_time(kiosk: Appliance, measured: Measured) -> None:
    took = []
    for _ in range(max(1, ROUNDS // 5)):
        before, stopped = kiosk.pid(), time.time()
        kiosk.machine.run("kill", "-STOP", str(before))
        took.append(kiosk.frame("idle", stopped, BACK_SECONDS + 5) - stopped)
        kiosk.wait_for_another(before, stopped)
    assert kiosk.tap()["verdict"] == "insured"
    rounds_of(measured, "hang to back on screen", took, BACK_SECONDS)


def test_a_kiosk_that_crashes_is_back_each_time(kiosk: Appliance, measured: Measured) -> None:
    took = []
    for _ in range(max(6, ROUNDS)):
        before, killed = kiosk.pid(), time.time()
        kiosk.machine.run("kill", "-KILL", str(before))
        took.append(kiosk.frame("idle", killed, BACK_SECONDS + 5) - killed)
        kiosk.wait_for_another(before, killed)
    assert kiosk.tap()["verdict"] == "insured"
    rounds_of(measured, "kill -9 to back on screen", took, BACK_SECONDS)


def test_a_card_put_in_while_the_readers_service_is_away_is_read(kiosk: Appliance) -> None:
    with VirtualSlot(kiosk.port) as slot:
        slot.insert(card_of("plain_man"))
        until("a verdict", kiosk.verdicts, 10)
        kiosk.machine.run("systemctl", "kill", "--signal=KILL", "pcscd.service")
        killed = time.time()
        slot.insert(card_of("suspended"))
        until("another verdict", lambda: len(kiosk.verdicts()) > 1, READER_SECONDS)
        slot.remove()
        kiosk.frame("idle", killed, READER_SECONDS)
    assert [one["reason"] for one in kiosk.verdicts()] == ["insured", "suspended"]


@pytest.mark.parametrize("victim", ["dbus.service", "polkit.service", "systemd-journald.service"])
def test_the_kiosk_outlives_others(kiosk: Appliance, victim: str) -> None:
    same = kiosk.pid()
    kiosk.machine.run("systemctl", "kill", "--signal=KILL", victim, check=False)
    assert kiosk.tap()["verdict"] == "insured"
    assert kiosk.pid() == same


def test_it_goes_down_in_order_and_at_once(kiosk: Appliance, measured: Measured) -> None:
    measured("shutting down, s", kiosk.machine.shut_down())
    started(kiosk)
    journal = kiosk.machine.journal("--boot=-1", "--unit", KIOSK)
    assert "Deactivated successfully" in journal
    assert kiosk.tap()["verdict"] == "insured"


def test_nothing_of_the_system_is_broken(kiosk: Appliance) -> None:
    failed = kiosk.machine.run("systemctl", "--failed", "--no-legend").stdout
    state = kiosk.machine.run("systemctl", "is-system-running", check=False).stdout.strip()
    assert (state, failed) == ("running", "")
