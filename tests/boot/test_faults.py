"""A booted kiosk with a full disk, a wrong configuration, and power cuts at any moment."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Final

import pytest

from tests.boot.conftest import started
from tests.boot.waiting import until

if TYPE_CHECKING:
    from tests.boot.appliance import Appliance
    from tests.boot.conftest import MakeKiosk

CUTS: Final = 5


def test_on_a_full_disk_people_are_served(kiosk: Appliance) -> None:
    same = kiosk.pid()
    with kiosk.machine.full_disk():
        # The verdicts' file of this test is on the full disk, too: the screen tells.
        _looks_at_the_screen(kiosk)
        kiosk.machine.run("systemctl", "start", "kiosk-update.service", check=False)
    assert kiosk.pid() == same
    assert kiosk.tap()["verdict"] == "insured"


def _looks_at_the_screen(kiosk: Appliance) -> None:
    state = kiosk.machine.unit("kiosk.service", "ActiveState")
    assert state == "active"


def test_it_boots_with_a_full_disk(kiosk: Appliance) -> None:
    kiosk.machine.shut_down()
    with kiosk.machine.full_disk():
        kiosk.machine.switch_on()
        until("the kiosk tries", lambda: kiosk.machine.main_pid("kiosk.service"), 30)
    until("the kiosk is there", lambda: kiosk.frames(time.time() - 5), 30)
    kiosk.wait_until_ready()
    kiosk.wait_for_reader()
    assert kiosk.tap()["verdict"] == "insured"


def test_a_power_cut_at_any_moment_leaves_a_kiosk(kiosk: Appliance) -> None:
    moments = random.Random(6)  # noqa: S311  # the same moments each time
    for _ in range(CUTS):
        kiosk.machine.run("systemctl", "--no-block", "start", "kiosk-update.service")
        time.sleep(moments.uniform(0.0, 1.5))
        kiosk.machine.cut_power()
        started(kiosk)
        verdict = kiosk.tap()
        assert (verdict["verdict"], verdict["how_known"]["serial"]) == ("insured", 1)


def test_an_error_in_the_configuration_is_named(kiosk: Appliance) -> None:
    file = kiosk.machine.path("/etc/oms-kiosk/kiosk.toml")
    good = file.read_text(encoding="utf-8")
    file.write_text(good + "\n[scaner]\nport = 1\n", encoding="utf-8")
    kiosk.machine.run("systemctl", "restart", "kiosk.service", check=False)
    said = until("a word about it", lambda: _said(kiosk, "scaner"), 20)
    assert "Traceback" not in said
    # The last one without a mistake serves meanwhile.
    assert kiosk.tap()["verdict"] == "insured"
    file.write_text(good, encoding="utf-8")
    kiosk.machine.run("systemctl", "restart", "kiosk.service")
    assert kiosk.tap()["verdict"] == "insured"


def _said(kiosk: Appliance, word: str) -> str | None:
    said = kiosk.machine.journal("--unit=kiosk.service")
    return said if word in said else None


@pytest.mark.parametrize("year", [1970, 2100])
def test_with_a_clock_that_is_wrong_nothing_is_claimed(make_kiosk: MakeKiosk, year: int) -> None:
    kiosk = make_kiosk()
    library = next(kiosk.machine.path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    drop_in = kiosk.machine.path("/etc/systemd/system/kiosk.service.d/60-clock.conf")
    drop_in.write_text(
        f"[Service]\nEnvironment=LD_PRELOAD=/{library.relative_to(kiosk.machine.path('/'))}\n"
        f'Environment="FAKETIME=@{year}-01-02 03:04:05" FAKETIME_DONT_FAKE_MONOTONIC=1\n',
        encoding="ascii",
    )
    started(kiosk)
    verdict = kiosk.tap()
    assert verdict["at"].startswith(str(year))
    assert verdict["verdict"] == "could_not_check"
    # It keeps serving: the watchdog goes by another clock.
    assert kiosk.tap()["verdict"] == "could_not_check"
    assert kiosk.restarts() == 0
