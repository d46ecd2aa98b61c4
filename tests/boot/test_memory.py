"""What the parts of a booted kiosk take: memory of each unit, wake-ups and writes while idle."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from tests.boot.conftest import kiosks_of, started
from tests.boot.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.boot.appliance import Appliance
    from tests.boot.conftest import MakeKiosk, MakeMachine
    from tests.boot.fund import BootFund

    Measured = Callable[[str, float], None]

_LIMIT: Final = 512
"""MemoryMax of the kiosk and of the updater (MiB), to which not every kernel here holds them."""
_IDLE_SECONDS: Final = 5.0


def peak_mb(kiosk: Appliance, pid: int) -> float | None:
    """Highest memory so far of a process in the machine (MB); None: it has ended."""
    status = kiosk.machine.run("cat", f"/proc/{pid}/status", check=False).stdout
    for line in status.splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024 / 1e6
    return None


def test_the_kiosk_keeps_well_within_its_memory(kiosk: Appliance, measured: Measured) -> None:
    for slug in ("plain_man", "suspended", "plain_woman", "absent"):
        kiosk.tap(slug)
    for unit in ("kiosk.service", "pcscd.service", "seatd.service", "polkit.service"):
        pid = kiosk.machine.main_pid(unit)
        peak = peak_mb(kiosk, pid) if pid else None
        if peak is not None:
            measured(f"memory of {unit} at its highest, MB", peak)
            assert peak < _LIMIT / 2


def test_the_updater_keeps_well_within_its_memory(
    make_machine: MakeMachine, own_fund: BootFund, measured: Measured
) -> None:
    kiosk = started(kiosks_of(make_machine, own_fund)(with_list=False))
    kiosk.machine.run("systemctl", "--no-block", "start", "kiosk-update.service")
    pid = until("an update", lambda: kiosk.machine.main_pid("kiosk-update.service"), 10)
    peak = 0.0
    while (now := peak_mb(kiosk, pid)) is not None:
        peak = max(peak, now)
    measured("memory of kiosk-update.service at its highest (small list), MB", peak)
    assert 0 < peak < _LIMIT / 2


def test_an_idle_kiosk_draws_nothing_and_sleeps(kiosk: Appliance, measured: Measured) -> None:
    kiosk.tap()
    pid = kiosk.pid()
    frames, switches, began = len(kiosk.frames()), _switches(kiosk, pid), time.monotonic()
    time.sleep(_IDLE_SECONDS)
    woken = (_switches(kiosk, pid) - switches) / (time.monotonic() - began)
    measured("context switches of an idle kiosk, all threads, a second", woken)
    # The footer's minute may pass.
    assert len(kiosk.frames()) - frames <= 1
    assert woken <= 25


def _switches(kiosk: Appliance, pid: int) -> int:
    words = f"cat /proc/{pid}/task/*/status"
    lines = kiosk.machine.run("sh", "-c", words).stdout.splitlines()
    return sum(int(line.split()[1]) for line in lines if "ctxt_switches" in line)


def test_the_image_is_no_larger_than_a_small_card(make_kiosk: MakeKiosk) -> None:
    """A card of 8 GB holds the system, three releases and a journal with room to spare."""
    machine = make_kiosk().machine
    machine.boot()
    used = machine.run("du", "-sxm", "/opt/oms-kiosk").stdout.split()[0]
    assert int(used) < 400
