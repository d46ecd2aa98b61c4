"""Scanners: a real pseudo-terminal, real holders, and input devices as the kernel lists them."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kiosk.clock import Clock
from kiosk.config import Config
from kiosk.config_sections import MetricsSection, ScannerSection
from kiosk.demo.scanner import VirtualScanner
from kiosk.doctor.counted import look_at_codes, look_at_writes
from kiosk.doctor.machine import Examination, Machine
from kiosk.doctor.scanner import _modem_manager, look_at_scanner
from kiosk.metrics import Metrics
from kiosk.metrics_now import Watched
from tests.kiosk.doctor.looking import as_nobody, looked, made, words

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYBOARD = """I: Bus=0003 Vendor=0c2e Product=0b61 Version=0110
N: Name="Honeywell Imaging 3320"
H: Handlers=sysrq kbd event3 leds

"""
PLAIN = """I: Bus=0003 Vendor=046d Product=c31c Version=0110
N: Name="Logitech USB Keyboard"
H: Handlers=sysrq kbd event1 leds

I: Bus=0003 Vendor=1234 Product=0001 Version=0110
N: Name="A Touch Screen"
H: Handlers=mouse0 event2

"""
NO_NAME = """I: Bus=0003 Vendor=1a86 Product=e026 Version=0110
N: Name="USB Barcode Scanner"
H: Handlers=sysrq kbd event4 leds
"""
DEVICES = "/proc/bus/input/devices"
HOLDER = """
import fcntl, os, sys, termios
number = os.open(sys.argv[2], os.O_RDWR | os.O_NOCTTY)
fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
set_to = termios.tcgetattr(number)
set_to[4] = set_to[5] = getattr(termios, "B" + sys.argv[3])
termios.tcsetattr(number, termios.TCSANOW, set_to)
print("held", flush=True)
sys.stdin.read()
"""


def config_of(port: Path | None, baud: int = 9600) -> Config:
    return Config(scanner=ScannerSection(port=port, baud=baud))


@pytest.fixture
def scanner(tmp_path: Path) -> Iterator[VirtualScanner]:
    with VirtualScanner(tmp_path) as one:
        yield one


@contextmanager
def held(tmp_path: Path, port: Path, program: str, baud: int = 9600) -> Iterator[None]:
    """The port in the hands of a process that looks like `program run`."""
    script = tmp_path / program
    script.write_text(HOLDER, encoding="ascii")
    command = [sys.executable, str(script), "run", str(port), str(baud)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield
        process.communicate()


def test_a_scanner_that_nobody_uses(scanner: VirtualScanner) -> None:
    found = looked(look_at_scanner, config_of(scanner.path))
    assert found == {"scanner": "ok", "scanner speed": "not-applicable"}
    assert "only a scan tells" in words(look_at_scanner, config_of(scanner.path))


def test_a_scanner_that_the_kiosk_listens_to(scanner: VirtualScanner, tmp_path: Path) -> None:
    with held(tmp_path, scanner.path, "kiosk"):
        assert set(looked(look_at_scanner, config_of(scanner.path)).values()) == {"ok"}
        assert "the running kiosk" in words(look_at_scanner, config_of(scanner.path))
        other = looked(look_at_scanner, config_of(scanner.path, 115200))
        assert other["scanner speed"] == "scanner-speed"


def test_a_scanner_that_another_program_holds(scanner: VirtualScanner, tmp_path: Path) -> None:
    with held(tmp_path, scanner.path, "minicom"):
        assert looked(look_at_scanner, config_of(scanner.path)) == {"scanner": "scanner-held"}
        unseeing = Machine(root=tmp_path)
        found = looked(look_at_scanner, config_of(scanner.path), unseeing)
        assert found == {"scanner": "scanner-held-unseen"}


def test_a_port_that_is_none(tmp_path: Path) -> None:
    gone = config_of(tmp_path / "gone")
    assert looked(look_at_scanner, gone, made(tmp_path, {})) == {"scanner": "scanner-gone"}
    (tmp_path / "file").write_text("", encoding="ascii")
    assert looked(look_at_scanner, config_of(tmp_path / "file")) == {
        "scanner": "scanner-not-serial"
    }
    null = config_of(Path("/dev/null"))
    assert looked(look_at_scanner, null) == {"scanner": "scanner-not-serial"}


def test_a_port_without_rights(scanner: VirtualScanner) -> None:
    device = scanner.path.resolve()
    device.chmod(0o600)
    found = as_nobody(lambda: looked(look_at_scanner, config_of(device)))
    assert found == {"scanner": "scanner-rights"}


@pytest.mark.parametrize("typed", [KEYBOARD, PLAIN + NO_NAME])
def test_a_scanner_in_keyboard_mode(tmp_path: Path, typed: str) -> None:
    machine = made(tmp_path / "root", {DEVICES: typed})
    gone = config_of(tmp_path / "gone")
    assert looked(look_at_scanner, gone, machine) == {"scanner": "scanner-keyboard"}
    assert looked(look_at_scanner, None, machine) == {"scanner": "scanner-unconfigured"}


def test_a_keyboard_is_no_scanner(tmp_path: Path) -> None:
    machine = made(tmp_path, {DEVICES: PLAIN})
    assert looked(look_at_scanner, None, machine) == {"scanner": "not-applicable"}
    gone = config_of(tmp_path / "gone")
    assert looked(look_at_scanner, gone, machine) == {"scanner": "scanner-gone"}


@pytest.mark.parametrize(
    ("told", "codes"),
    [
        ("E:ID_MM_DEVICE_IGNORE=1\n", []),
        ("E:ID_BUS=usb\n", ["scanner-modem"]),
        (None, ["scanner-modem"]),
    ],
)
def test_modem_manager_at_the_port(tmp_path: Path, told: str | None, codes: list[str]) -> None:
    files = {"/proc/77/comm": "ModemManager\n"}
    if told is not None:
        files["/run/udev/data/c188:0"] = told
    assert [one.code for one in _modem_manager(188, 0, made(tmp_path, files))] == codes


def test_without_modem_manager_nobody_dials(tmp_path: Path) -> None:
    assert not list(_modem_manager(188, 0, made(tmp_path, {"/proc/7/comm": "sh\n"})))
    busy = made(tmp_path, {"/proc/77/comm": "ModemManager\n"})
    assert not list(_modem_manager(136, 0, busy))


CHECKS = 'oms_kiosk_checks_total{{family="could_not_check",reason="{0}"}} {1}\n'
CODES = 'oms_kiosk_answer_seconds_count{{way="code"}} {0}\n'


@pytest.mark.parametrize(
    ("unreadable", "misread", "all_codes", "code"),
    [(0, 0, 0, "ok"), (2, 1, 3, "ok"), (30, 1, 40, "scanner-misread"), (6, 3, 400, "ok")],
)
def test_codes_that_cannot_be_read(
    tmp_path: Path, unreadable: int, misread: int, all_codes: int, code: str
) -> None:
    file = tmp_path / "kiosk.prom"
    file.write_text(
        "# HELP x y\n"
        + CHECKS.format("unreadable_code", float(unreadable))
        + CHECKS.format("misread", float(misread))
        + CODES.format(float(all_codes)),
        encoding="ascii",
    )
    config = Config(metrics=MetricsSection(file=file))
    assert looked(look_at_codes, config) == {"scanned codes": code}


WRITES = "oms_kiosk_journal_missed {0}\noms_kiosk_writes_waiting {1}\n"


@pytest.mark.parametrize(
    ("missed", "waiting", "codes"),
    [
        (0, 2, ["ok"]),
        (0, 40, ["disk-stands-still"]),
        (7, 0, ["receipts-missed"]),
        (7, 40, ["receipts-missed", "disk-stands-still"]),
    ],
)
def test_writes_that_wait_for_the_disk(
    tmp_path: Path, missed: int, waiting: int, codes: list[str]
) -> None:
    file = tmp_path / "kiosk.prom"
    file.write_text(WRITES.format(float(missed), float(waiting)), encoding="ascii")
    examination = Examination(Config(metrics=MetricsSection(file=file)), Machine())
    assert [one.code for one in look_at_writes(examination)] == codes


def test_the_kiosk_counts_by_these_names() -> None:
    told = Metrics(Clock(), Watched(journal_missed=lambda: 0)).text().decode()
    for line in WRITES.format(0.0, 0.0).splitlines():
        assert line in told
    for reason in ("unreadable_code", "misread"):
        assert CHECKS.format(reason, 0.0) in told
    assert CODES.format(0.0) in told


def test_without_numbers_nothing_is_said_of_codes(tmp_path: Path) -> None:
    assert looked(look_at_codes) == {"scanned codes": "not-applicable"}
    assert looked(look_at_writes) == {"writes": "not-applicable"}
    gone = Config(metrics=MetricsSection(file=tmp_path / "gone"))
    assert looked(look_at_codes, gone) == {"scanned codes": "not-applicable"}
