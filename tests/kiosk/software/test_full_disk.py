"""A disk without a free byte, for real: whatever a trial is at, there is a way back."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kiosk.software.links import Phase, linked, point, read_state, write_state
from kiosk.software.rollback import settle, trial
from tests.kiosk.software.model import Conduct, ModelMachine
from tests.kiosk.software.releases import FIRST, SECOND, install, is_complete

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Iterator[Path]:
    """A kiosk on a disk of its own, of one megabyte, with a release that waits."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m,nr_inodes=200", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root can make a disk of one megabyte")
    try:
        install(disk)
        install(disk, SECOND)
        point(disk, "current", FIRST)
        write_state(disk, replace(read_state(disk), phase=Phase.STAGED, version=SECOND))
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def fill(disk: Path) -> None:
    """Leave neither a byte nor a name free."""
    with suppress(OSError), (disk / "filler").open("ab", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    number = 0
    with suppress(OSError):
        while True:
            number += 1
            (disk / f"filler-{number}").touch()


def filled_at(moment: int, folder: Path, machine: ModelMachine) -> None:
    """Fill the disk before the machine's step of this number."""
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == moment:
            fill(folder)

    machine.before_each = step


@pytest.mark.parametrize("moment", range(6))
@pytest.mark.parametrize("conduct", ["good", "bad"])
def test_a_full_disk_at_every_step(folder: Path, moment: int, conduct: str) -> None:
    machine = ModelMachine(folder, {SECOND: Conduct(falls_after=9.0)} if conduct == "bad" else {})
    filled_at(moment, folder, machine)
    if moment == 0:
        fill(folder)
    with suppress(OSError):
        trial(folder, machine)
    assert is_complete(folder / "current")
    if conduct == "bad" and machine.running is not None:
        # What serves people is the first release, in time, whatever could not be written.
        assert machine.running == FIRST
    assert machine.now < 70
    for path in folder.glob("filler*"):
        path.unlink()
    settle(folder, ModelMachine(folder))
    state = read_state(folder)
    assert linked(folder, "current") == FIRST or conduct == "good"
    assert is_complete(folder / "current")
    assert state.phase in {Phase.GOOD, Phase.STAGED}
    if conduct == "bad" and moment > 0:
        assert state.bad == (SECOND,)
