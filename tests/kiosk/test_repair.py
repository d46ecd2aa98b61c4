"""Histories of devices lead to the steps of the ladder, and never to too many heavy ones."""

from __future__ import annotations

import itertools
import queue
import threading
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import reader_loop, scanner
from drivers.events import Device, DeviceLost, DeviceReady
from kiosk import supervise
from kiosk.repair import HEAVY, MOST_HEAVY, PLANS, Budget, Ladder, Step
from kiosk.repair_worker import BootCount, Repaired, RepairWorker, abilities

READER, SCANNER = Device.READER, Device.SCANNER
EVERYTHING: Final = frozenset(Step)
NO_USB: Final = EVERYTHING - {Step.POWER_CYCLE}

History = list[tuple[float, str]]
"""When, and the cause of a loss; "" is a return."""


def climb(
    device: Device,
    history: History,
    *,
    until: float = 300.0,
    used: int = 0,
    can: frozenset[Step] = EVERYTHING,
) -> list[tuple[float, Step]]:
    """The steps that are taken, with the second of each, looked at once a second from 0 on."""
    ladder, budget = Ladder(device, can), Budget(used)
    taken, left = [], sorted(history)
    now = 0.0
    while now <= until:
        while left and left[0][0] <= now:
            cause = left.pop(0)[1]
            if cause:
                ladder.lost(cause, now)
            else:
                ladder.ready(now)
        step = ladder.due(now, budget)
        if step is not None:
            taken.append((now, step))
            if step in HEAVY:
                budget = Budget(budget.used + 1, now)
            continue
        now += 1.0
    return taken


RECONNECT, CONTEXT, PCSCD = Step.RECONNECT, Step.NEW_CONTEXT, Step.RESTART_PCSCD
USB, KIOSK, END = Step.POWER_CYCLE, Step.RESTART_KIOSK, Step.OUT_OF_ORDER


@pytest.mark.parametrize(
    ("device", "history", "steps"),
    [
        pytest.param(READER, [(0, "no-service"), (1, "")], [(0, RECONNECT)], id="pcscd restarted"),
        pytest.param(
            READER,
            [(0, "no-service")],
            [(0, RECONNECT), (2, CONTEXT), (10, PCSCD), (30, USB), (50, END)],
            id="pcscd stays away",
        ),
        pytest.param(
            READER,
            [(0, "no-service"), (12, "")],
            [(0, RECONNECT), (2, CONTEXT), (10, PCSCD)],
            id="the restart helps",
        ),
        pytest.param(
            READER,
            [(0, "no-reader")],
            [(0, RECONNECT), (2, CONTEXT), (20, PCSCD), (50, USB), (80, END)],
            id="reader unplugged",
        ),
        pytest.param(
            READER,
            [(0, "no-reader"), (20, "no-service"), (21, "no-reader")],
            [(0, RECONNECT), (2, CONTEXT), (20, PCSCD), (50, USB), (80, END)],
            id="the restart itself is no new loss",
        ),
        pytest.param(
            READER,
            [(0, "refused")],
            [(0, RECONNECT), (2, CONTEXT), (30, PCSCD), (50, END)],
            id="refused by polkit",
        ),
        pytest.param(
            READER,
            [(0, "not-responding")],
            [(0, PCSCD), (15, USB), (45, KIOSK), (65, END)],
            id="hangs, and nothing helps",
        ),
        pytest.param(
            READER,
            [(0, "not-responding"), (3, ""), (30, "not-responding")],
            [(0, PCSCD), (45, USB), (75, KIOSK), (95, END)],
            id="hangs again soon: the ladder goes on",
        ),
        pytest.param(
            READER,
            [(0, "not-responding"), (3, ""), (200, "not-responding"), (203, "")],
            [(0, PCSCD), (200, PCSCD)],
            id="hangs again late: from the start",
        ),
        pytest.param(
            SCANNER,
            [(0, "unplugged")],
            [(0, RECONNECT), (30, USB), (60, END)],
            id="scanner unplugged",
        ),
        pytest.param(
            SCANNER,
            [(0, "not-responding")],
            [(0, USB), (15, KIOSK), (35, END)],
            id="scanner hangs",
        ),
        pytest.param(
            SCANNER, [(0, "refused")], [(0, RECONNECT), (30, END)], id="rights are for people"
        ),
        pytest.param(
            SCANNER, [(0, "brand-new")], [(0, RECONNECT), (30, END)], id="a cause nobody knows"
        ),
        pytest.param(
            SCANNER,
            [(0, "unplugged"), (100, ""), (250, "unplugged")],
            [(0, RECONNECT), (30, USB), (60, END), (250, RECONNECT), (280, USB)],
            id="out of order ends with a return",
        ),
    ],
)
def test_histories(device: Device, history: History, steps: list[tuple[float, Step]]) -> None:
    assert climb(device, history) == steps


def test_what_a_machine_cannot_do_is_passed_over() -> None:
    steps = climb(READER, [(0, "no-reader")], can=NO_USB)
    assert steps == [(0, RECONNECT), (2, CONTEXT), (20, PCSCD), (50, END)]


def test_a_pulled_cable_leaves_the_last_heavy_step_to_worse_faults() -> None:
    assert [step for _, step in climb(READER, [(0, "no-reader")], used=2)] == [
        RECONNECT,
        CONTEXT,
        END,
    ]
    assert climb(READER, [(0, "not-responding")], used=2) == [(0, PCSCD), (20, END)]
    assert climb(READER, [(0, "not-responding")], used=3) == [(20, END)]


def test_every_cause_that_is_told_has_a_plan() -> None:
    told = {reader_loop.NO_SERVICE, reader_loop.REFUSED, reader_loop.NO_READER}
    threads = {supervise.DRIVER_FAILED, supervise.NOT_RESPONDING}
    assert set(PLANS[READER]) == told | threads
    opening = set(scanner._OPEN_CAUSES.values())
    assert set(PLANS[SCANNER]) == opening | {"no-port", "unplugged"} | threads


@given(
    st.lists(
        st.tuples(
            st.floats(0, 3000), st.sampled_from(["", *PLANS[READER], "not-responding", "unheard"])
        ),
        max_size=40,
    )
)
def test_no_history_takes_more_heavy_steps_than_a_boot_has(history: History) -> None:
    steps = climb(READER, history, until=3000.0)
    heavy = [at for at, step in steps if step in HEAVY]
    assert len(heavy) <= MOST_HEAVY
    gaps = [later - before for before, later in itertools.pairwise(heavy)]
    assert all(gap >= 15.0 * 2**place for place, gap in enumerate(gaps))


# The executor


class Machine:
    """A systemctl that writes down what it was asked, and a clock that is set by hand."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put the command before all others on the PATH."""
        self.now = 1000.0
        self.run = folder / "run"
        self.run.mkdir()
        self.asked = folder / "asked"
        self.exit_with(0, folder)
        monkeypatch.setenv("PATH", str(folder / "bin"), prepend=":")
        self.told: queue.Queue[Repaired] = queue.Queue()

    def exit_with(self, code: int, folder: Path) -> None:
        """Let the command fail."""
        script = folder / "bin" / "systemctl"
        script.parent.mkdir(exist_ok=True)
        script.write_text(f'#!/bin/sh\necho "$@" >> {self.asked}\nexit {code}\n')
        script.chmod(0o755)

    def worker(self, *devices: Device) -> RepairWorker:
        """A worker of a new process in the same boot."""
        count = BootCount(self.run)
        return RepairWorker(devices, count, can=EVERYTHING, monotonic=lambda: self.now)

    def pass_time(self, worker: RepairWorker, seconds: float) -> list[Repaired]:
        """Let time go by in seconds, and return what was done in it."""
        for _ in range(int(seconds)):
            worker.turn(self.told.put)
            self.now += 1.0
        found = []
        while not self.told.empty():
            found.append(self.told.get_nowait())
        return found


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine with systemd."""
    return Machine(tmp_path, monkeypatch)


def test_heavy_steps_go_through_the_narrow_units(machine: Machine) -> None:
    worker = machine.worker(READER, SCANNER)
    worker.take(DeviceLost(READER, "not-responding"))
    done = machine.pass_time(worker, 70)
    assert [(one.step, one.worked, one.heavy_left) for one in done] == [
        (PCSCD, True, 2),
        (USB, True, 1),
        (KIOSK, True, 0),
        (END, True, 0),
    ]
    prefix = "--no-ask-password --quiet start "
    assert machine.asked.read_text().splitlines() == [
        f"{prefix}oms-kiosk-pcscd-restart.service",
        f"{prefix}oms-kiosk-usb-cycle@reader.service",
    ]
    assert (machine.run / "repairs").read_text().splitlines() == [
        "1000.0 reader restart_pcscd",
        "1015.0 reader power_cycle",
        "1045.0 reader restart_kiosk",
    ]


def test_a_restart_of_the_process_does_not_begin_the_count_anew(machine: Machine) -> None:
    for _ in range(5):
        worker = machine.worker(READER)
        worker.take(DeviceLost(READER, "not-responding"))
        machine.pass_time(worker, 100)
    assert len(machine.asked.read_text().splitlines()) == 2
    assert BootCount(machine.run).budget() == Budget(3, 1045.0)


def test_a_step_that_fails_is_told_and_counted(machine: Machine, tmp_path: Path) -> None:
    machine.exit_with(4, tmp_path)
    worker = machine.worker(SCANNER)
    worker.take(DeviceLost(SCANNER, "not-responding"))
    assert machine.pass_time(worker, 1) == [Repaired(SCANNER, USB, worked=False, heavy_left=2)]


def test_without_systemctl_the_step_fails(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    worker = machine.worker(SCANNER)
    worker.take(DeviceLost(SCANNER, "not-responding"))
    assert [one.worked for one in machine.pass_time(worker, 1)] == [False]


@pytest.mark.parametrize("kind", ["missing", "folder in its place", "link"])
def test_what_cannot_be_counted_is_not_done(machine: Machine, kind: str) -> None:
    match kind:
        case "missing":
            machine.run.rmdir()
        case "folder in its place":
            (machine.run / "repairs").mkdir()
        case _:
            (machine.run / "repairs").symlink_to(machine.run / "elsewhere")
    worker = machine.worker(READER)
    worker.take(DeviceLost(READER, "not-responding"))
    done = machine.pass_time(worker, 60)
    assert not machine.asked.exists()
    assert done[-1].step is END
    assert not any(one.worked for one in done[:-1])


def test_a_damaged_count_spends_rather_than_gives(machine: Machine) -> None:
    (machine.run / "repairs").write_bytes(b"\xff\xfe rubbish\n\n12.5 reader restart_pcscd\n")
    assert BootCount(machine.run).budget() == Budget(3, 12.5)


def test_other_devices_are_not_repaired(machine: Machine) -> None:
    worker = machine.worker(READER)
    worker.take(DeviceLost(SCANNER, "not-responding"))
    assert machine.pass_time(worker, 100) == []


def test_the_thread_heeds_news_and_the_stop(machine: Machine) -> None:
    worker, stop = machine.worker(READER), threading.Event()
    thread = threading.Thread(target=worker.run, args=(machine.told.put, stop))
    thread.start()
    worker.take(DeviceLost(READER, "not-responding"))
    assert machine.told.get(timeout=10).step is PCSCD
    worker.take(DeviceReady(READER, "reader"))
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_a_ladder_says_how_long_it_waits(machine: Machine) -> None:
    worker = machine.worker(READER)
    assert worker.turn(machine.told.put) == float("inf")
    worker.take(DeviceLost(READER, "no-reader"))
    worker.turn(machine.told.put)
    assert worker.turn(machine.told.put) == 2.0


@pytest.mark.usefixtures("machine")
def test_usb_ports_are_switched_only_where_that_is_possible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    none = tmp_path / "none"
    if not Path("/usr/sbin/uhubctl").exists():
        assert abilities(none) == NO_USB
    kernel = tmp_path / "usb" / "1-1:1.0" / "1-1-port2"
    kernel.mkdir(parents=True)
    (kernel / "disable").write_text("0")
    assert abilities(tmp_path / "usb") == EVERYTHING
    uhubctl = tmp_path / "bin" / "uhubctl"
    uhubctl.write_text("#!/bin/sh\n")
    uhubctl.chmod(0o755)
    assert abilities(none) == EVERYTHING
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert abilities(tmp_path / "usb") == NO_USB - {Step.RESTART_PCSCD}
