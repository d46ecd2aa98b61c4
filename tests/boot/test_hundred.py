"""What must work each time is done often: readers and scanners that go, crashes in every order.

The rounds of the promises R5 and R9: see `tests.boot.rounds`.
"""

from __future__ import annotations

import itertools
import random
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import pytest

from kiosk.demo.documents import barcode_of, card_of
from kiosk.demo.vpcd import VirtualSlot
from tests.boot.appliance import KIOSK, SCREEN
from tests.boot.conftest import started
from tests.boot.reader import CONF
from tests.boot.rounds import ROUNDS, rounds_of
from tests.boot.scanner import MachineScanner, expect_scanner
from tests.boot.waiting import TooLateError, until

if TYPE_CHECKING:
    from tests.boot.appliance import Appliance
    from tests.boot.conftest import MakeKiosk
    from tests.boot.rounds import Measured

READER_SECONDS: Final = 5.0
"""R5, from the fault, or from the plugging in, to the next verdict."""
BACK_SECONDS: Final = 15.0
"""R9."""
_PATIENCE: Final = 20.0
"""How long a round that breaks a promise is watched, so that it is measured and not only missed."""
_LONGEST_AWAY: Final = 3.0
_PCSCD: Final = "pcscd.service"
_UPDATE: Final = "kiosk-update.service"
_TOGETHER: Final = (KIOSK, _PCSCD, _UPDATE, "systemd-journald.service")
"""What runs on a kiosk without a display, and may be killed at any moment."""
_CAST: Final = {"plain_man": "insured", "suspended": "suspended", "plain_woman": "insured"}


@pytest.fixture
def moments() -> random.Random:
    """The same moments each time."""
    return random.Random(5)  # noqa: S311


def next_verdict(kiosk: Appliance, slot: VirtualSlot, slug: str) -> float:
    """Put a card in now; when its verdict was there (monotonic). It is read once, and taken away.

    Raises:
        TooLateError: there was none; the insertion was lost.
    """
    before = len(kiosk.verdicts())
    slot.insert(card_of(slug))
    until(f"a verdict of {slug}", lambda: len(kiosk.verdicts()) > before, _PATIENCE)
    at = time.monotonic()
    taken = time.time()
    slot.remove()
    kiosk.frame("idle", taken, _PATIENCE)
    assert [one["reason"] for one in kiosk.verdicts()[before:]] == [_CAST[slug]]
    _forget_frames(kiosk)
    return at


def _forget_frames(kiosk: Appliance) -> None:
    """All but the newest: looking for one among thousands would take the time that is measured."""
    for path in kiosk.frames()[:-1]:
        path.unlink(missing_ok=True)


def _slugs() -> itertools.cycle[str]:
    return itertools.cycle(_CAST)


@pytest.mark.parametrize("how", ["restarted", "killed"])
def test_a_hundred_times_the_readers_service_is_back(
    kiosk: Appliance, measured: Measured, moments: random.Random, how: str
) -> None:
    words = {
        "restarted": ("systemctl", "--no-block", "restart", _PCSCD),
        "killed": ("systemctl", "kill", "--signal=KILL", _PCSCD),
    }[how]
    same, took = kiosk.pid(), []
    with VirtualSlot(kiosk.port) as slot:
        for slug in itertools.islice(_slugs(), ROUNDS):
            began = time.monotonic()
            kiosk.machine.run(*words)
            # Some cards come while the service is away, some while it looks for its readers.
            time.sleep(moments.uniform(0.0, 0.3))
            took.append(next_verdict(kiosk, slot, slug) - began)
    assert kiosk.pid() == same
    rounds_of(measured, f"pcscd {how} to the next verdict", took, READER_SECONDS)


def test_a_hundred_times_a_reader_that_was_unplugged_is_back(
    kiosk: Appliance, measured: Measured, moments: random.Random
) -> None:
    """A card that is laid on the reader meanwhile is read once it is back."""
    same, took = kiosk.pid(), []
    conf = kiosk.machine.path(CONF)
    reader = conf.read_text(encoding="ascii")
    for slug in itertools.islice(_slugs(), ROUNDS):
        # pcscd drops such readers only by starting without them.
        conf.write_text("", encoding="ascii")
        kiosk.machine.run("systemctl", "restart", _PCSCD)
        time.sleep(moments.uniform(0.0, _LONGEST_AWAY))
        with VirtualSlot(kiosk.port) as slot:
            slot.insert(card_of(slug))
            conf.write_text(reader, encoding="ascii")
            began = time.monotonic()
            kiosk.machine.run("systemctl", "restart", _PCSCD)
            took.append(next_verdict(kiosk, slot, slug) - began)
    assert kiosk.pid() == same
    rounds_of(measured, "reader replugged to the verdict", took, READER_SECONDS)


def test_a_hundred_times_a_scanner_that_was_unplugged_is_back(
    make_kiosk: MakeKiosk, measured: Measured, moments: random.Random
) -> None:
    kiosk = make_kiosk()
    expect_scanner(kiosk)
    started(kiosk)
    same, took = kiosk.pid(), []
    with MachineScanner(kiosk.machine) as scanner:
        _wait_for_scanner(kiosk, 0.0)
        for slug in itertools.islice(_slugs(), ROUNDS):
            scanner.unplug()
            time.sleep(moments.uniform(0.0, _LONGEST_AWAY))
            began, told = time.monotonic(), time.time()
            scanner.replug()
            _wait_for_scanner(kiosk, told)
            before = len(kiosk.verdicts())
            scanner.scan(barcode_of(slug))
            until("a verdict", lambda: len(kiosk.verdicts()) > before, _PATIENCE)  # noqa: B023
            took.append(time.monotonic() - began)
            assert [one["reason"] for one in kiosk.verdicts()[before:]] == [_CAST[slug]]
            _forget_frames(kiosk)
    assert kiosk.pid() == same
    rounds_of(measured, "scanner replugged to the verdict", took, READER_SECONDS)


def _wait_for_scanner(kiosk: Appliance, since: float) -> None:
    """Until the kiosk says, after the wall clock's time `since`, that it has opened the port."""
    words = ("--boot", f"_PID={kiosk.pid()}", f"--since=@{since:.3f}")

    def opened() -> bool:
        return "DeviceReady(device=<Device.SCANNER" in kiosk.machine.journal(*words)

    until("the scanner's port is open", opened, _PATIENCE)


def test_in_every_order_all_are_killed_and_the_next_card_is_read(
    kiosk: Appliance, measured: Measured, moments: random.Random
) -> None:
    orders = list(itertools.permutations(_TOGETHER))
    took = []
    for order in moments.sample(orders, min(ROUNDS, len(orders))):
        kiosk.machine.run("systemctl", "--no-block", "start", _UPDATE)
        with suppress(TooLateError):  # it may be over already
            until("an update", lambda: kiosk.machine.main_pid(_UPDATE), 1.0)
        kiosk.machine.path(f"{SCREEN}/verdicts.jsonl").unlink()
        for victim in order:
            kiosk.machine.run("systemctl", "kill", "--signal=KILL", victim, check=False)
            time.sleep(moments.uniform(0.0, 0.3))
        killed = time.monotonic()
        with VirtualSlot(kiosk.port) as slot:
            took.append(next_verdict(kiosk, slot, "plain_man") - killed)
    failed = kiosk.machine.run("systemctl", "--failed", "--plain", "--no-legend").stdout
    assert {line.split()[0] for line in failed.splitlines()} <= {_UPDATE}
    rounds_of(measured, "all killed, in every order, to the verdict", took, BACK_SECONDS)
