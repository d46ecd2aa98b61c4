"""The harness itself: machines boot, lose their power, hold a virtual card, and restart a unit."""

from __future__ import annotations

import os
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from kiosk.demo.documents import card_of
from kiosk.demo.vpcd import VirtualSlot
from tests.boot.machine import CommandError
from tests.boot.reader import put_in_reader
from tests.boot.waiting import until

if TYPE_CHECKING:
    from kiosk.demo.card import VirtualCard
    from tests.boot.conftest import Plain

TOY = """
[Service]
Type=notify
NotifyAccess=all
WatchdogSec=1
Restart=on-failure
ExecStart=/usr/bin/python3 /root/toy.py
"""
TOY_PROGRAM = """
import os, socket, time
out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
out.connect(os.environ["NOTIFY_SOCKET"])
out.send(b"READY=1")
while True:
    out.send(b"WATCHDOG=1")
    time.sleep(0.1)
"""


def test_it_boots_runs_commands_and_goes_down_in_order(plain: Plain) -> None:
    machine = plain()
    machine.boot()
    assert machine.run("systemctl", "is-system-running").stdout.strip() == "running"
    assert machine.run("cat", text="words").stdout == "words"
    with pytest.raises(CommandError, match="false: 1"):
        machine.run("false")
    machine.path("/root/kept").write_text("here", encoding="ascii")
    machine.shut_down()
    machine.boot()
    assert machine.path("/root/kept").read_text(encoding="ascii") == "here"


def test_a_power_cut_ends_everything_and_leaves_the_disk(plain: Plain) -> None:
    machine = plain()
    machine.boot()
    machine.run("systemd-run", "--unit=endless", "sleep", "1000")
    endless = machine.host_pid(machine.main_pid("endless.service"))
    assert endless is not None
    machine.path("/root/kept").write_text("here", encoding="ascii")
    machine.cut_power()
    with pytest.raises(ProcessLookupError):
        os.kill(endless, 0)
    machine.boot()
    assert machine.path("/root/kept").read_text(encoding="ascii") == "here"


def test_the_images_are_not_written_to(plain: Plain) -> None:
    first = plain()
    first.path("/root/mine").touch()
    assert not plain().path("/root/mine").exists()


def test_its_disk_can_be_filled_up_and_emptied(plain: Plain) -> None:
    machine = plain(disk_mb=64)
    machine.boot()
    with machine.full_disk(), pytest.raises(CommandError, match="No space left on device"):
        machine.run("dd", "if=/dev/zero", "of=/var/lib/some", "bs=64k", "count=1")
    machine.run("dd", "if=/dev/zero", "of=/var/lib/some", "bs=64k", "count=1")


def test_a_unit_that_hangs_is_killed_and_started_anew(plain: Plain) -> None:
    machine = plain()
    machine.path("/etc/systemd/system/toy.service").write_text(TOY, encoding="ascii")
    machine.path("/root/toy.py").write_text(TOY_PROGRAM, encoding="ascii")
    machine.boot()
    machine.run("systemctl", "start", "toy.service")
    before = machine.main_pid("toy.service")
    machine.run("kill", "-STOP", str(before))
    until("another process", lambda: machine.main_pid("toy.service") not in {0, before}, 10)
    assert machine.unit("toy.service", "NRestarts") == "1"
    assert "Watchdog timeout" in machine.journal("--unit=toy.service")


class _Powered:
    """A card that tells when the reader gives it power."""

    def __init__(self, card: VirtualCard) -> None:
        self._card = card
        self.powered = threading.Event()

    @property
    def atr(self) -> bytes:
        self.powered.set()
        return self._card.atr

    def reset(self) -> None:
        self._card.reset()

    def transmit(self, command: bytes) -> bytes:
        return self._card.transmit(command)


def test_its_reader_sees_a_card_from_outside(plain: Plain) -> None:
    machine = plain()
    port = put_in_reader(machine)
    machine.boot()
    machine.run("systemctl", "start", "pcscd.service")
    card = _Powered(card_of("plain_man"))
    with VirtualSlot(port) as slot:
        slot.insert(card)
        assert card.powered.wait(10)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(machine.path("/run/pcscd/pcscd.comm")))
