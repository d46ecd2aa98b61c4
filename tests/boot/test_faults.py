"""A booted kiosk with a full disk, a wrong configuration, and power cuts at any moment."""

from __future__ import annotations

import json
import random
import time
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.boot.conftest import started
from tests.boot.disks import screen_elsewhere, state_disk
from tests.boot.test_technician import doctor, journal
from tests.boot.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.boot.appliance import Appliance
    from tests.boot.conftest import MakeKiosk

CUTS: Final = 5
_CLOCK: Final = "/etc/oms-kiosk-clock"
"""What time the kiosk takes it for, as libfaketime reads it."""


def test_on_a_full_disk_people_are_served(make_kiosk: MakeKiosk, tmp_path: Path) -> None:
    kiosk = make_kiosk()
    screen_elsewhere(kiosk, tmp_path / "screen")
    started(kiosk)
    kiosk.tap()
    same = kiosk.pid()
    with kiosk.machine.full_disk():
        reasons = [kiosk.tap(slug)["reason"] for slug in ("plain_man", "suspended", "absent")]
        assert reasons == ["insured", "suspended", "not_in_list"]
        assert doctor(kiosk, code=6)["disk of journal"]["code"] == "disk-full"
        assert "checks go on without receipts" in kiosk.machine.journal("--unit=kiosk.service")
        kiosk.machine.run("systemctl", "start", "kiosk-update.service", check=False)
        assert kiosk.tap()["verdict"] == "insured"
    assert kiosk.tap()["verdict"] == "insured"
    assert (kiosk.pid(), kiosk.restarts()) == (same, 0)
    # What could not be written down is told by the next receipt that could: nothing is passed over.
    receipts = _receipts(kiosk)
    assert len(receipts) + sum(one["missed"] for one in receipts) == 6
    assert receipts[-1]["missed"]
    journal(kiosk, "verify")


def test_killed_with_a_full_disk_it_tells_how_much_was_not_written(
    make_kiosk: MakeKiosk, tmp_path: Path
) -> None:
    kiosk = make_kiosk()
    screen_elsewhere(kiosk, tmp_path / "screen")
    started(kiosk)
    kiosk.tap()
    with kiosk.machine.full_disk():
        for slug in ("plain_man", "suspended"):
            kiosk.tap(slug)
        before, killed = kiosk.pid(), time.time()
        kiosk.machine.run("kill", "-KILL", str(before))
        kiosk.wait_for_another(before, killed)
        kiosk.tap()
    kiosk.tap()
    receipts = _receipts(kiosk)
    assert len(receipts) + sum(one["missed"] for one in receipts) == 5
    assert receipts[-1]["missed"]
    journal(kiosk, "verify")


def test_on_a_read_only_disk_people_are_served(make_kiosk: MakeKiosk, tmp_path: Path) -> None:
    kiosk = make_kiosk()
    screen_elsewhere(kiosk, tmp_path / "screen")
    with state_disk(kiosk, tmp_path / "state") as disk:
        started(kiosk)
        kiosk.tap()
        same = kiosk.pid()
        disk.fail()
        reasons = [kiosk.tap(slug)["reason"] for slug in ("plain_man", "suspended")]
        assert reasons == ["insured", "suspended"]
        assert doctor(kiosk, code=6)["disk of journal"]["code"] == "disk-read-only"
        kiosk.machine.run("systemctl", "start", "kiosk-update.service", check=False)
        assert kiosk.tap()["verdict"] == "insured"
        assert (kiosk.pid(), kiosk.restarts()) == (same, 0)
        # Nor does it need to write to start.
        kiosk.machine.run("systemctl", "restart", "kiosk.service")
        kiosk.wait_until_ready()
        assert kiosk.tap()["verdict"] == "insured"


def test_it_boots_with_a_read_only_disk(make_kiosk: MakeKiosk, tmp_path: Path) -> None:
    kiosk = make_kiosk()
    screen_elsewhere(kiosk, tmp_path / "screen")
    started(kiosk)
    kiosk.tap()
    kiosk.machine.shut_down()
    kiosk.machine.read_only = True
    started(kiosk)
    reasons = [kiosk.tap(slug)["reason"] for slug in ("plain_man", "suspended", "absent")]
    assert reasons == ["insured", "suspended", "not_in_list"]
    assert doctor(kiosk, code=6)["disk of journal"]["code"] == "disk-read-only"
    assert "checks go on without receipts" in kiosk.machine.journal("--unit=kiosk.service")
    kiosk.machine.run("systemctl", "start", "kiosk-update.service", check=False)
    assert "Read-only file system" in kiosk.machine.journal("--unit=kiosk-update.service")
    assert kiosk.tap()["verdict"] == "insured"
    assert kiosk.restarts() == 0


def _receipts(kiosk: Appliance) -> list[dict[str, Any]]:
    return [json.loads(line) for line in journal(kiosk, "show", "--json").splitlines()]


def test_it_boots_with_a_full_disk(make_kiosk: MakeKiosk, tmp_path: Path) -> None:
    kiosk = make_kiosk()
    screen_elsewhere(kiosk, tmp_path / "screen")
    started(kiosk)
    kiosk.machine.shut_down()
    with kiosk.machine.full_disk():
        kiosk.machine.boot()
        kiosk.wait_until_ready()
        assert kiosk.tap()["verdict"] == "insured"
    assert kiosk.tap()["verdict"] == "insured"
    assert kiosk.restarts() == 0


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


@pytest.mark.parametrize(
    ("year", "reason"),
    # In 2100 the clock could be right, and the kiosk long forgotten.
    [(1970, "clock"), (2100, "list_too_old")],
)
def test_with_a_clock_that_is_wrong_nothing_is_claimed(
    make_kiosk: MakeKiosk, tmp_path: Path, year: int, reason: str
) -> None:
    kiosk = make_kiosk()
    screen_elsewhere(kiosk, tmp_path / "screen")
    _own_clock(kiosk, f"@{year}-01-02 03:04:05")
    started(kiosk)
    verdict = kiosk.tap()
    assert verdict["at"].startswith(str(year))
    assert (verdict["verdict"], verdict["reason"]) == ("could_not_check", reason)
    # It keeps serving: the watchdog goes by another clock.
    assert kiosk.tap()["verdict"] == "could_not_check"
    _set_clock(kiosk, "+0")
    until("an answer by the right time", lambda: kiosk.tap()["verdict"] == "insured", 30)
    assert kiosk.restarts() == 0
    journal(kiosk, "verify")


def _own_clock(kiosk: Appliance, time_there: str) -> None:
    """Give the kiosk, still off, and nobody else a clock of its own."""
    library = next(kiosk.machine.path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    drop_in = kiosk.machine.path("/etc/systemd/system/kiosk.service.d/60-clock.conf")
    drop_in.write_text(
        f"[Service]\nEnvironment=LD_PRELOAD=/{library.relative_to(kiosk.machine.path('/'))}\n"
        f"Environment=FAKETIME_TIMESTAMP_FILE={_CLOCK} FAKETIME_CACHE_DURATION=1\n"
        "Environment=FAKETIME_DONT_FAKE_MONOTONIC=1\n",
        encoding="ascii",
    )
    _set_clock(kiosk, time_there)


def _set_clock(kiosk: Appliance, time_there: str) -> None:
    kiosk.machine.path(_CLOCK).write_text(f"{time_there}\n", encoding="ascii")
