"""Units travel with releases: what one changes is there with it, and gone without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.boot.conftest import kiosks_of, started
from tests.boot.installed import bundle
from tests.boot.releases import status
from tests.boot.spoilt import changed
from tests.boot.test_releases import NEWER, hurried, take
from tests.boot.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.boot.appliance import Appliance
    from tests.boot.conftest import MakeMachine
    from tests.boot.fund import BootFund

MARK: Final = "OMS_NEWER=yes"
_SAID: Final = f"\n[Service]\nEnvironment={MARK}\n"
_STEP: Final = "[Service]\nType=oneshot\nExecStart=/bin/touch /run/oms-newer/done\n"
_TIMER: Final = "[Timer]\nOnActiveSec=1s\n[Install]\nWantedBy=timers.target\n"
_WAY_BACK: Final = ("kiosk-rollback.service", "kiosk-software-trial.service")


def with_other_units(top: Path) -> None:
    """A release that changes units, brings some, and needs an account and a folder for them."""
    systemd = top / "systemd"
    for name in ("kiosk.service", "pcscd.service.d/oms-kiosk.conf", *_WAY_BACK):
        with (systemd / "units" / name).open("a", encoding="ascii") as file:
            file.write(_SAID)
    for name, text in {"kiosk-newer.service": _STEP, "kiosk-newer.timer": _TIMER}.items():
        (systemd / "units" / name).write_text(text, "ascii")
    with (systemd / "etc/sysusers.conf").open("a", encoding="ascii") as file:
        file.write("u oms-newer -\n")
    with (systemd / "etc/tmpfiles.conf").open("a", encoding="ascii") as file:
        file.write("d /run/oms-newer 0755 oms-newer oms-newer -\n")


@pytest.fixture
def newer(own_fund: BootFund, tmp_path: Path) -> None:
    """Such a release, published."""
    own_fund.release(changed(bundle(NEWER), tmp_path / "newer", with_other_units), NEWER)


@pytest.fixture
def kiosk(make_machine: MakeMachine, own_fund: BootFund) -> Appliance:
    """A kiosk of the fund, at work."""
    return hurried(kiosks_of(make_machine, own_fund)(disk_mb=1024))


def has_newer_units(kiosk: Appliance) -> bool:
    """Whether the units are those of the newer release; all of them, or none."""
    unit = kiosk.machine.unit
    found = {
        MARK in unit("kiosk.service", "Environment"),
        MARK in unit("pcscd.service", "Environment"),
        unit("kiosk-newer.service", "LoadState") == "loaded",
        unit("kiosk-newer.timer", "ActiveState") == "active",
    }
    assert len(found) == 1, "units of two releases"
    environment = kiosk.machine.path(f"/proc/{kiosk.pid()}/environ").read_text("utf-8", "replace")
    assert (MARK in environment) in found, "a kiosk that runs with another one's unit"
    return found.pop()


def way_back_is_newer(kiosk: Appliance) -> bool:
    """Whether the way back comes from the newer release; all of it, or nothing."""
    found = {MARK in kiosk.machine.unit(name, "Environment") for name in _WAY_BACK}
    assert len(found) == 1
    return found.pop()


@pytest.mark.usefixtures("newer")
def test_units_come_with_a_release_and_go_with_it(kiosk: Appliance) -> None:
    machine = kiosk.machine
    assert not has_newer_units(kiosk)
    assert not way_back_is_newer(kiosk)
    take(kiosk)
    assert status(machine)["current"] == NEWER
    kiosk.wait_for_reader()
    assert has_newer_units(kiosk)
    assert way_back_is_newer(kiosk), "it was kept, and renews the way back"
    until("the new unit's work", machine.path("/run/oms-newer/done").exists, 20)
    assert machine.run("stat", "-c", "%U", "/run/oms-newer").stdout.strip() == "oms-newer"
    machine.cut_power()
    started(kiosk)
    assert has_newer_units(kiosk)
    machine.run("kiosk", "--config", "/etc/oms-kiosk/kiosk.toml", "software", "rollback")
    assert status(machine)["bad"] == [NEWER]
    kiosk.wait_until_ready()
    kiosk.wait_for_reader()
    assert not has_newer_units(kiosk)
    assert kiosk.tap()["verdict"] == "insured"


@pytest.mark.usefixtures("newer")
def test_the_way_back_is_none_of_a_release_on_trial(kiosk: Appliance) -> None:
    machine = kiosk.machine
    machine.run("systemctl", "start", "kiosk-software-update.service", seconds=180)
    until("units of the trial", lambda: MARK in machine.unit("kiosk.service", "Environment"), 60)
    assert not way_back_is_newer(kiosk)
    machine.cut_power()
    started(kiosk)
    assert status(machine)["bad"] == [NEWER]
    assert not has_newer_units(kiosk)
    assert not way_back_is_newer(kiosk)


@pytest.mark.usefixtures("newer")
def test_a_power_cut_between_the_switch_and_its_units(kiosk: Appliance) -> None:
    machine = kiosk.machine
    take(kiosk)
    before = status(machine)["previous"]
    for version, is_newer in ((before, False), (NEWER, True)):
        machine.run("ln", "-sfn", f"releases/{version}", "/opt/oms-kiosk/current")
        machine.cut_power()
        started(kiosk)
        assert status(machine)["current"] == version
        assert has_newer_units(kiosk) is is_newer


@pytest.mark.usefixtures("newer")
def test_what_a_technician_says_of_a_unit_stands(kiosk: Appliance) -> None:
    machine = kiosk.machine
    machine.run("systemctl", "mask", "--now", "kiosk-update.timer", "kiosk-newer.timer")
    own = machine.path("/etc/systemd/system/kiosk.service.d/90-own.conf")
    own.write_text("[Service]\nEnvironment=OMS_NEWER=no\n", encoding="ascii")
    machine.run("systemctl", "daemon-reload")
    take(kiosk)
    assert status(machine)["current"] == NEWER
    for name in ("kiosk-update.timer", "kiosk-newer.timer"):
        assert machine.unit(name, "LoadState") == "masked"
        assert machine.unit(name, "ActiveState") != "active"
    assert "OMS_NEWER=no" in machine.unit("kiosk.service", "Environment")
    machine.run("systemctl", "unmask", "kiosk-update.timer")
    machine.run("systemctl", "start", "kiosk-update.timer")
    assert machine.unit("kiosk-update.timer", "ActiveState") == "active"
