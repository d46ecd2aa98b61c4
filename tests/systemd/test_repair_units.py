"""What the self-repair starts, what polkit lets it start, and what there is to start."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from kiosk.repair import HEAVY, PLANS
from kiosk.repair_worker import RepairWorker

SYSTEMD: Final = Path(__file__).parents[2] / "systemd"
_INSTANCE: Final = re.compile(r"@([a-z]+)\.service")


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Every unit that any step of any ladder asks systemd for."""
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n')
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    worker = RepairWorker(PLANS)
    for device, plans in PLANS.items():
        for step in {step for plan in plans.values() for _, step in plan.steps} & HEAVY:
            assert worker._act(device, step)
    asked = [line.split() for line in (tmp_path / "asked").read_text().splitlines()]
    assert all("--no-ask-password" in words and words[-2] == "start" for words in asked)
    return {words[-1] for words in asked}


def test_polkit_allows_exactly_what_is_started(started: set[str]) -> None:
    """A narrower rule would leave a step without effect, a wider one is a right without a use."""
    rule = (SYSTEMD / "etc/polkit.rules").read_text(encoding="utf-8")
    assert started == set(re.findall(r'unit === "([^"]+)"', rule))
    assert started
    # And by no other way: the unit is compared whole, with nothing that could be a pattern.
    assert not re.search(r"\.(test|match|indexOf|startsWith|includes|search)\(", rule)


def test_what_is_started_is_there(started: set[str]) -> None:
    for unit in started:
        assert (SYSTEMD / "units" / _INSTANCE.sub("@.service", unit)).is_file()


def test_the_power_cycle_knows_its_instances_and_udev_notes_their_ports(
    started: set[str], tmp_path: Path
) -> None:
    script = SYSTEMD / "libexec/usb-cycle"
    named = {found[1] for unit in started if (found := _INSTANCE.search(unit))}
    noted = re.findall(
        r"/run/oms-usb/([a-z]+)", (SYSTEMD / "etc/udev.rules").read_text(encoding="utf-8")
    )
    assert named == set(noted) == {device.value for device in PLANS}
    # 1: it knows the name, and no such device has been seen. 2: it does not know it.
    for name, code in (*((name, 1) for name in sorted(named)), ("printer", 2)):
        done = subprocess.run(
            ["/bin/sh", str(script), name],
            env={"OMS_USB": str(tmp_path / "none"), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
