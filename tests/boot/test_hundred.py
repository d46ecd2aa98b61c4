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
    from collections.abc import Iterator

    from kiosk.demo.card import Card
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


def verdict_of(kiosk: Appliance, slot: VirtualSlot, slug: str) -> float:
    """When the verdict on the card that is in was there (monotonic); the card is taken away then.

    Raises:
        TooLateError: there was none; the insertion was lost.
    """
    until(f"a verdict of {slug}", kiosk.verdicts, _PATIENCE)
    at = time.monotonic()
    taken = time.time()
    slot.remove()
    kiosk.frame("idle", taken, _PATIENCE)
    # Once, whatever the reader did meanwhile.
    assert [one["reason"] for one in kiosk.verdicts()] == [_CAST[slug]]
    _forget(kiosk)
    return at


def _forget(kiosk: Appliance) -> None:
    """Looking for one frame among thousands would take the time that is measured."""
    kiosk.machine.path(f"{SCREEN}/verdicts.jsonl").unlink()
    for path in kiosk.frames()[:-1]:
        path.unlink(missing_ok=True)


def _slugs() -> Iterator[str]:
    return itertools.islice(itertools.cycle(_CAST), ROUNDS)


def _restarted(kiosk: Appliance, slot: VirtualSlot, card: Card, moment: float) -> float:
    """The reader's service goes and comes; the card while it is away, or looks for its readers."""
    began = time.monotonic()
    kiosk.machine.run("systemctl", "--no-block", "restart", _PCSCD)
    time.sleep(moment * 0.3)
    slot.insert(card)
    return began


def _killed(kiosk: Appliance, slot: VirtualSlot, card: Card, moment: float) -> float:
    began = time.monotonic()
    kiosk.machine.run("systemctl", "kill", "--signal=KILL", _PCSCD)
    time.sleep(moment * 0.3)
    slot.insert(card)
    return began


def _unplugged(kiosk: Appliance, slot: VirtualSlot, card: Card, moment: float) -> float:
    """A card that is laid on the reader while its cable is out; seconds count from the replug."""
    conf = kiosk.machine.path(CONF)
    reader = conf.read_text(encoding="ascii")
    # pcscd drops such readers only by starting without them.
    conf.write_text("", encoding="ascii")
    kiosk.machine.run("systemctl", "restart", _PCSCD)
    time.sleep(moment * _LONGEST_AWAY)
    slot.insert(card)
    conf.write_text(reader, encoding="ascii")
    began = time.monotonic()
    kiosk.machine.run("systemctl", "--no-block", "restart", _PCSCD)
    return began


_READER: Final = {
    "pcscd restarted": _restarted,
    "pcscd killed": _killed,
    "reader replugged": _unplugged,
}
"""What happens to a reader; each puts a card in, and tells from when on seconds count."""


def test_a_hundred_times_the_reader_is_back(
    kiosk: Appliance, measured: Measured, moments: random.Random
) -> None:
    same = kiosk.pid()
    with VirtualSlot(kiosk.port) as slot:
        for what, happen in _READER.items():
            took = []
            for slug in _slugs():
                began = happen(kiosk, slot, card_of(slug), moments.random())
                took.append(verdict_of(kiosk, slot, slug) - began)
            rounds_of(measured, f"{what} to the next verdict", took, READER_SECONDS)
    assert kiosk.pid() == same


def test_a_hundred_times_a_scanner_that_was_unplugged_is_back(
    make_kiosk: MakeKiosk, measured: Measured, moments: random.Random
) -> None:
    kiosk = make_kiosk()
    expect_scanner(kiosk)
    started(kiosk)
    same, took = kiosk.pid(), []
    with MachineScanner(kiosk.machine) as scanner:
        _wait_for_scanner(kiosk, 0.0)
        for slug in _slugs():
            scanner.unplug()
            time.sleep(moments.uniform(0.0, _LONGEST_AWAY))
            began, told = time.monotonic(), time.time()
            scanner.replug()
            _wait_for_scanner(kiosk, told)
            scanner.scan(barcode_of(slug))
            until(f"a verdict of {slug}", kiosk.verdicts, _PATIENCE)
            took.append(time.monotonic() - began)
            assert [one["reason"] for one in kiosk.verdicts()] == [_CAST[slug]]
            _forget(kiosk)
    assert kiosk.pid() == same
    rounds_of(measured, "scanner replugged to the next verdict", took, READER_SECONDS)


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
        # Debian's journald stays away after five crashes in ten seconds: no kiosk sees so many.
        kiosk.machine.run("systemctl", "reset-failed")
        kiosk.machine.run("systemctl", "--no-block", "start", _UPDATE)
        with suppress(TooLateError):  # it may be over already
            until("an update", lambda: kiosk.machine.main_pid(_UPDATE), 1.0)
        for victim in order:
            kiosk.machine.run("systemctl", "kill", "--signal=KILL", victim, check=False)
            time.sleep(moments.uniform(0.0, 0.3))
        killed = time.monotonic()
        with VirtualSlot(kiosk.port) as slot:
            slot.insert(card_of("plain_man"))
            took.append(verdict_of(kiosk, slot, "plain_man") - killed)
    failed = kiosk.machine.run("systemctl", "--failed", "--plain", "--no-legend").stdout
    assert {line.split()[0] for line in failed.splitlines()} <= {_UPDATE}
    rounds_of(measured, "all killed, in every order, to the verdict", took, BACK_SECONDS)
