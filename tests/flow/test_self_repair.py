"""A card service that hangs is restarted by the kiosk itself, and the watchdog stays out of it."""

from __future__ import annotations

import os
import queue
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from drivers.events import Device, DeviceLost, DeviceReady
from drivers.pcsc import PcscReader
from kiosk import supervise
from kiosk.repair import Step
from kiosk.repair_worker import PCSCD_UNIT, BootCount, Repaired, RepairWorker
from kiosk.supervise import NOT_RESPONDING, Supervisor, Worker
from kiosk.watchdog import Heart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiosk.demo.daemon import PrivatePcscd

pytestmark = pytest.mark.flow
READER = Device.READER
WAIT_SECONDS = 60.0


class Kiosk:
    """The main loop of a kiosk as far as repairs go: events in, ladder and heart out."""

    def __init__(self, run: Path) -> None:
        """Start the reader's thread and the ladder's."""
        self.inbox: queue.Queue[object] = queue.Queue()
        self.repair = RepairWorker((READER,), BootCount(run))
        workers = [
            Worker("reader", PcscReader(), READER),
            Worker("repair", cast("Any", self.repair)),
        ]
        self.heart = Heart(workers, time.monotonic())
        self.supervisor = Supervisor(workers, self.inbox.put)
        self.supervisor.start()

    def until(self, kind: type[DeviceReady | DeviceLost | Repaired]) -> list[object]:
        """Turn until an event of a kind comes; return all that came. The heart beats all along."""
        seen: list[object] = []
        end = time.monotonic() + WAIT_SECONDS
        while not any(isinstance(one, kind) for one in seen):
            assert time.monotonic() < end, seen
            self._turn(seen)
        return seen

    def _turn(self, seen: list[object]) -> None:
        events: list[object] = list(self.supervisor.look())
        with suppress(queue.Empty):
            events.append(self.inbox.get(timeout=0.05))
        now = time.monotonic()
        for event in events:
            if isinstance(event, DeviceReady | DeviceLost):
                self.repair.take(event)
            seen.append(event)
        self.heart.frame_presented(now)
        self.heart.turned(now)
        assert self.heart.beat(now)


@pytest.fixture
def kiosk(tmp_path: Path, pcscd: PrivatePcscd, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kiosk]:
    """A kiosk on a machine whose systemctl waits for the test to do what it asks for."""
    assert pcscd.is_running
    command = tmp_path / "bin" / "systemctl"
    command.parent.mkdir()
    command.write_text(
        f'#!/bin/sh\necho "$4" > {tmp_path}/asked\n'
        f"while ! test -e {tmp_path}/done; do sleep 0.05; done\n"
    )
    command.chmod(0o755)
    (tmp_path / "run").mkdir()
    monkeypatch.setenv("PATH", str(command.parent), prepend=os.pathsep)
    # The reader's loop turns once a second; the test need not wait for eight.
    monkeypatch.setattr(supervise, "SILENT_SECONDS", 2.5)
    one = Kiosk(tmp_path / "run")
    yield one
    (tmp_path / "done").touch()
    # Also where the test failed half-way: the next one must not find it frozen.
    pcscd.restart()
    assert one.supervisor.stop() == []


def family(pid: int) -> list[int]:
    """A process and all that it started."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return [pid]
    return [pid, *(one for child in text.split() for one in family(int(child)))]


def test_a_frozen_card_service_is_restarted(
    kiosk: Kiosk, pcscd: PrivatePcscd, tmp_path: Path
) -> None:
    kiosk.until(DeviceReady)
    process = pcscd._process
    assert process is not None
    for pid in family(process.pid)[1:]:
        os.kill(pid, signal.SIGSTOP)
    lost = kiosk.until(DeviceLost)
    assert lost[-1] == DeviceLost(READER, NOT_RESPONDING)

    began = time.monotonic()
    while not (tmp_path / "asked").exists():
        assert time.monotonic() < began + WAIT_SECONDS
        time.sleep(0.02)
    pcscd.restart()
    seen = kiosk.until(DeviceReady)
    (tmp_path / "done").touch()
    if not any(isinstance(one, Repaired) for one in seen):
        seen += kiosk.until(Repaired)
    assert Repaired(READER, Step.RESTART_PCSCD, worked=True, heavy_left=2) in seen
    assert (tmp_path / "asked").read_text() == f"{PCSCD_UNIT}\n"
