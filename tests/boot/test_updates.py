"""New lists reach a booted kiosk: hourly over the network, and by stick through its units."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.boot.appliance import REGISTER, ids
from tests.boot.conftest import kiosks_of, started
from tests.boot.stick import is_clean, plug
from tests.boot.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.boot.appliance import Appliance
    from tests.boot.conftest import MakeKiosk, MakeMachine
    from tests.boot.fund import BootFund

UPDATE: Final = "kiosk-update.service"
_SOON: Final = """
[Timer]
OnCalendar=
OnCalendar=*:*:*
RandomizedDelaySec=0
AccuracySec=100ms
"""
_STAMPS: Final = ("Start", "Exit")
_SIGNATURE: Final = re.compile(rb'"sig": ?"')


@pytest.fixture
def kiosks(make_machine: MakeMachine, own_fund: BootFund) -> MakeKiosk:
    """Kiosks of a fund that publishes in this test."""
    return kiosks_of(make_machine, own_fund)


def serial(kiosk: Appliance) -> Any:
    """Number of the list by which the kiosk answers a tap; None: it has none."""
    how = kiosk.tap()["how_known"]
    return None if how is None else how["serial"]


def test_the_timer_brings_the_first_list_and_the_next(
    kiosks: MakeKiosk, own_fund: BootFund, measured: Callable[[str, float], None]
) -> None:
    kiosk = kiosks(with_list=False)
    started(kiosk)
    assert kiosk.tap()["verdict"] == "could_not_check"
    same = kiosk.pid()
    drop_in = kiosk.machine.path("/etc/systemd/system/kiosk-update.timer.d/soon.conf")
    drop_in.parent.mkdir()
    drop_in.write_text(_SOON, encoding="ascii")
    kiosk.machine.run("systemctl", "daemon-reload")
    kiosk.machine.run("systemctl", "restart", "kiosk-update.timer")
    until("the first list", lambda: serial(kiosk) == 1, 30)
    own_fund.publish()
    until("the second list", lambda: serial(kiosk) == 2, 30)
    assert kiosk.pid() == same
    kiosk.machine.run("systemctl", "stop", "kiosk-update.timer")
    until("the end of an update", lambda: not kiosk.machine.main_pid(UPDATE), 10)
    began = _seconds(kiosk, "ExecMainStartTimestampMonotonic")
    measured(
        "an update with nothing new, s", _seconds(kiosk, "ExecMainExitTimestampMonotonic") - began
    )
    assert kiosk.machine.unit(UPDATE, "Result") == "success"
    owners = {path.stat().st_uid for path in kiosk.machine.path(REGISTER).rglob("*")}
    assert owners == {ids(kiosk.machine, "oms-update")[0]}


def _seconds(kiosk: Appliance, stamp: str) -> float:
    return int(kiosk.machine.unit(UPDATE, stamp)) / 1e6


def test_without_a_network_the_list_stays_and_the_kiosk_serves(
    kiosks: MakeKiosk, own_fund: BootFund
) -> None:
    kiosk = started(kiosks())
    own_fund.stop()
    kiosk.machine.run("systemctl", "start", UPDATE, check=False)
    assert kiosk.machine.unit(UPDATE, "ExecMainStatus") == "6"
    assert serial(kiosk) == 1


def test_a_stick_brings_the_next_list(kiosks: MakeKiosk, own_fund: BootFund) -> None:
    kiosk = started(kiosks())
    own_fund.publish()
    own_fund.stop()
    said = plug(kiosk.machine, own_fund.stick)
    assert (said["state"], said["reason"]) == ("copied", None)
    outcome = json.loads(kiosk.machine.path("/run/oms-stick/verify.json").read_text("utf-8"))
    assert (outcome["outcome"], outcome["serial"]) == ("updated", 2)
    until("the list of the stick", lambda: serial(kiosk) == 2, 10)
    assert is_clean(kiosk.machine)


@pytest.mark.parametrize("spoilt", ["link", "foreign", "truncated", "empty"])
def test_a_bad_stick_changes_nothing(
    kiosks: MakeKiosk, own_fund: BootFund, tmp_path: Path, spoilt: str
) -> None:
    kiosk = started(kiosks())
    own_fund.publish()
    bad = tmp_path / "bad"
    shutil.copytree(own_fund.stick, bad)
    metadata = bad / "oms-register/metadata"
    match spoilt:
        case "link":
            (metadata / "timestamp.json").unlink()
            (metadata / "timestamp.json").symlink_to("/etc/shadow")
        case "foreign":
            for path in metadata.glob("*.json"):
                forged, count = _SIGNATURE.subn(rb"\g<0>00", path.read_bytes())
                assert count
                path.write_bytes(forged)
        case "truncated":
            for path in (bad / "oms-register/targets").rglob("*"):
                if path.is_file():
                    path.write_bytes(path.read_bytes()[:-1])
        case _:
            shutil.rmtree(bad / "oms-register")
    plug(kiosk.machine, bad)
    assert serial(kiosk) == 1
    assert is_clean(kiosk.machine)
    assert "shadow" not in kiosk.machine.journal("--unit=kiosk-stick*")
    # And the next, good one is taken.
    plug(kiosk.machine, own_fund.stick)
    until("the list of the good stick", lambda: serial(kiosk) == 2, 10)
