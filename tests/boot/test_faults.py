"""A booted kiosk with a full disk, a wrong configuration, and power cuts at any moment."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Final

from tests.boot.conftest import started
from tests.boot.waiting import until

if TYPE_CHECKING:
    from tests.boot.appliance import Appliance

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
    before, mended = kiosk.pid(), time.time()
    file.write_text(good, encoding="utf-8")
    kiosk.wait_for_another(before, mended)
    assert kiosk.tap()["verdict"] == "insured"


def _said(kiosk: Appliance, word: str) -> str | None:
    said = kiosk.machine.journal("--unit=kiosk.service")
    return said if word in said else None
