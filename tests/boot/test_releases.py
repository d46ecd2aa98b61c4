"""Releases reach a booted kiosk through its units; a bad one leaves it again by itself."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import pytest

from tests.boot.conftest import kiosks_of, started
from tests.boot.installed import bundle
from tests.boot.releases import hurry, status, wait_for_the_trial
from tests.boot.spoilt import SPOILT, spoil
from tests.boot.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.boot.appliance import Appliance
    from tests.boot.conftest import MakeKiosk, MakeMachine
    from tests.boot.fund import BootFund

NEWER: Final = "0.9.1"
BACK_SECONDS: Final = 60.0
"""R17, from the start of the trial."""
_TRIAL: Final = "kiosk-software-trial.service"


@pytest.fixture
def kiosks(make_machine: MakeMachine, own_fund: BootFund) -> MakeKiosk:
    """Kiosks of a fund that publishes in this test."""
    return kiosks_of(make_machine, own_fund)


def hurried(kiosk: Appliance) -> Appliance:
    """A kiosk that tries a release for the shortest time that can be set."""
    hurry(kiosk.machine)
    return started(kiosk)


def take(kiosk: Appliance) -> None:
    """Have the night's unit look for a release, and wait until its trial is over."""
    kiosk.machine.run("systemctl", "start", "kiosk-software-update.service", seconds=180)
    wait_for_the_trial(kiosk.machine)


def _back_after(kiosk: Appliance) -> float:
    """Seconds from the start of the last trial to a kiosk that was ready again."""
    tried = kiosk.machine.unit(_TRIAL, "ExecMainStartTimestampMonotonic")
    ready = kiosk.machine.unit("kiosk.service", "ActiveEnterTimestampMonotonic")
    return (int(ready) - int(tried)) / 1e6


def test_a_good_release_is_taken_tried_and_kept(
    kiosks: MakeKiosk, own_fund: BootFund, measured: Callable[[str, float], None]
) -> None:
    kiosk = hurried(kiosks(disk_mb=1024))
    own_fund.release(bundle(NEWER), NEWER)
    began = time.monotonic()
    take(kiosk)
    measured("a release taken, built and tried (10 s), s", time.monotonic() - began)
    said = status(kiosk.machine)
    assert (said["current"], said["bad"]) == (NEWER, [])
    kiosk.wait_until_ready()
    kiosk.wait_for_reader()
    assert kiosk.tap()["verdict"] == "insured"
    assert NEWER in kiosk.machine.run("kiosk", "--version").stdout
    kiosk.machine.cut_power()
    started(kiosk)
    assert status(kiosk.machine)["current"] == NEWER


@pytest.mark.parametrize("how", SPOILT)
def test_a_bad_release_is_left_and_remembered(
    kiosks: MakeKiosk,
    own_fund: BootFund,
    tmp_path: Path,
    measured: Callable[[str, float], None],
    how: str,
) -> None:
    kiosk = hurried(kiosks(disk_mb=1024))
    before = status(kiosk.machine)["current"]
    own_fund.release(spoil(bundle(NEWER), tmp_path / "bad", how), NEWER)
    began = time.time()
    take(kiosk)
    said = status(kiosk.machine)
    assert (said["current"], said["bad"]) == (before, [NEWER])
    kiosk.wait_until_ready()
    kiosk.wait_for_reader()
    measured(f"bad release ({how}): start of the update to back, s", time.time() - began)
    assert kiosk.tap()["verdict"] == "insured"
    assert kiosk.machine.unit("kiosk.service", "LoadState") == "loaded"
    seconds = _back_after(kiosk)
    measured(f"bad release ({how}): start of the trial to back, s", seconds)
    assert seconds <= BACK_SECONDS
    # It is not tried again.
    take(kiosk)
    assert status(kiosk.machine)["current"] == before


def test_a_power_cut_in_a_trial_goes_back(kiosks: MakeKiosk, own_fund: BootFund) -> None:
    kiosk = hurried(kiosks(disk_mb=1024))
    before = status(kiosk.machine)["current"]
    own_fund.release(bundle(NEWER), NEWER)
    kiosk.machine.run("systemctl", "start", "kiosk-software-update.service", seconds=180)
    until("the trial", lambda: status(kiosk.machine)["current"] == NEWER, 60)
    kiosk.machine.cut_power()
    began = time.monotonic()
    started(kiosk)
    assert time.monotonic() - began <= BACK_SECONDS
    assert status(kiosk.machine)["current"] == before
    assert kiosk.tap()["verdict"] == "insured"


def test_a_release_for_which_there_is_no_room_changes_nothing(
    kiosks: MakeKiosk, own_fund: BootFund
) -> None:
    kiosk = hurried(kiosks(disk_mb=160))
    before = status(kiosk.machine)["current"]
    own_fund.release(bundle(NEWER), NEWER)
    kiosk.machine.run("systemctl", "start", "kiosk-software-update.service", check=False)
    wait_for_the_trial(kiosk.machine)
    said = status(kiosk.machine)
    assert (said["current"], said["bad"]) == (before, [])
    assert kiosk.tap()["verdict"] == "insured"
