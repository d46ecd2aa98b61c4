"""The machine around the kiosk: board, clock, units, display, program."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kiosk import __version__
from kiosk.authenticity.openssl import OpenSsl
from kiosk.clock import Clock
from kiosk.config import Config
from kiosk.config_sections import SoftwareSection
from kiosk.doctor import software
from kiosk.doctor.board import look_at_heat, look_at_power
from kiosk.doctor.clocks import look_at_clock
from kiosk.doctor.machine import Examination, Machine, ask
from kiosk.doctor.screen import look_at_frame, look_at_session
from kiosk.doctor.software import look_at_engine, look_at_modules, look_at_release
from kiosk.doctor.units import look_at_units
from tests.kiosk.doctor.looking import codes_of, looked, made, run_doctor, words

MODEL = {"/proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.5\0"}
FLAGS = "/sys/devices/platform/soc/soc:firmware/get_throttled"
BOOTED = {"/run/systemd/system/x": ""}


# Board


@pytest.mark.parametrize(
    ("flags", "codes"),
    [
        ("0", ["ok"]),
        ("50000", ["undervoltage-before", "throttled-before"]),
        ("50005", ["undervoltage-now", "throttled-now"]),
        ("80008", ["throttled-now"]),
        ("x", ["power-unknown"]),
    ],
)
def test_power_of_a_board(tmp_path: Path, flags: str, codes: list[str]) -> None:
    for machine in (
        made(tmp_path / "sysfs", {**MODEL, FLAGS: f"{flags}\n"}),
        made(tmp_path / "tool", MODEL, {"vcgencmd": f"throttled=0x{flags}\n"}),
    ):
        found = look_at_power(Examination(Config(), machine))
        assert [one.code for one in found] == codes


def test_no_board_no_power(tmp_path: Path) -> None:
    assert looked(look_at_power, machine=made(tmp_path, {})) == {"power": "not-applicable"}
    untold = made(tmp_path, MODEL)
    assert looked(look_at_power, machine=untold) == {"power": "power-unknown"}


@pytest.mark.parametrize(("alarm", "code"), [("0", "ok"), ("1", "undervoltage-now")])
def test_power_as_other_kernels_tell_it(tmp_path: Path, alarm: str, code: str) -> None:
    files = {"name": "rpi_volt\n", "in0_lcrit_alarm": f"{alarm}\n"}
    hwmon = {f"/sys/class/hwmon/hwmon1/{name}": text for name, text in files.items()}
    assert looked(look_at_power, machine=made(tmp_path, {**MODEL, **hwmon})) == {"power": code}


@pytest.mark.parametrize(("millidegrees", "code"), [("54321", "ok"), ("83500", "too-hot")])
def test_heat(tmp_path: Path, millidegrees: str, code: str) -> None:
    zones = "/sys/class/thermal/thermal_zone{0}/temp"
    machine = made(tmp_path, {zones.format(0): "20000\n", zones.format(1): millidegrees})
    assert looked(look_at_heat, machine=machine) == {"temperature": code}


def test_no_heat_is_told(tmp_path: Path) -> None:
    machine = made(tmp_path, {"/sys/class/thermal/thermal_zone0/temp": "?"})
    assert looked(look_at_heat, machine=machine) == {"temperature": "not-applicable"}


# Clock


@pytest.mark.parametrize(
    ("year", "code"), [(1970, "clock-wrong"), (2027, "ok"), (2100, "clock-wrong")]
)
def test_the_clock(tmp_path: Path, year: int, code: str) -> None:
    at = datetime(year, 1, 3, tzinfo=UTC).timestamp()
    machine = Machine(root=tmp_path, clock=Clock(lambda: at))
    found = looked(look_at_clock, machine=machine)
    assert found == {"clock": code, "clock synchronisation": "not-applicable"}


def test_whether_somebody_sets_the_clock(tmp_path: Path) -> None:
    name = "clock synchronisation"
    alone = made(tmp_path / "a", BOOTED, {"timedatectl": "no\n"})
    assert looked(look_at_clock, machine=alone)[name] == "clock-unsynchronised"
    chrony = made(tmp_path / "a", BOOTED, {"timedatectl": "yes\n"})
    assert looked(look_at_clock, machine=chrony)[name] == "ok"
    own = made(tmp_path / "a", {"/run/systemd/timesync/synchronized": ""})
    assert looked(look_at_clock, machine=own)[name] == "ok"


# Units

GOOD = """Id=kiosk.service
LoadState=loaded
ActiveState=active
SubState=running
Result=success
NRestarts=0
WatchdogUSec=10s

Id=kiosk-update.timer
LoadState=loaded
ActiveState=active
SubState=waiting

Id=pcscd.socket
LoadState=loaded
ActiveState=active
SubState=listening

Id=kiosk-update.service
LoadState=loaded
ActiveState=inactive
SubState=dead
Result=success
NRestarts=0
"""


@pytest.mark.parametrize(
    ("change", "unit", "code"),
    [
        (("", ""), "kiosk.service", "ok"),
        (("NRestarts=0", "NRestarts=4"), "kiosk.service", "unit-restarts"),
        (("WatchdogUSec=10s", "WatchdogUSec=infinity"), "kiosk.service", "unit-unwatched"),
        (("WatchdogUSec=10s", "WatchdogUSec=0"), "kiosk.service", "unit-unwatched"),
        (("ActiveState=active", "ActiveState=failed"), "kiosk.service", "unit-failed"),
        (("ActiveState=active", "ActiveState=inactive"), "pcscd.socket", "unit-off"),
        (("ActiveState=active", "ActiveState=activating"), "kiosk.service", "unit-starting"),
        (("SubState=running", "SubState=auto-restart"), "kiosk.service", "unit-failed"),
        (("ActiveState=inactive", "ActiveState=activating"), "kiosk-update.service", "ok"),
        (("LoadState=loaded", "LoadState=not-found"), "kiosk.service", "unit-missing"),
        (("LoadState=loaded", "LoadState=masked"), "kiosk-update.timer", "unit-off"),
        (("ActiveState=inactive", "ActiveState=failed"), "kiosk-update.service", "unit-failed"),
        (("", ""), "kiosk-update.service", "ok"),
    ],
)
def test_units(tmp_path: Path, change: tuple[str, str], unit: str, code: str) -> None:
    machine = made(tmp_path, BOOTED, {"systemctl": GOOD.replace(*change) if change[0] else GOOD})
    assert looked(look_at_units, machine=machine)[f"unit {unit}"] == code


def test_without_systemd(tmp_path: Path) -> None:
    assert looked(look_at_units, machine=made(tmp_path, {})) == {"units": "not-applicable"}
    dead = made(tmp_path, BOOTED)
    assert looked(look_at_units, machine=dead) == {"units": "systemd-silent"}
    assert looked(look_at_units, machine=made(tmp_path, BOOTED, {"systemctl": "x=\n\n="})) == {}


# Display


def test_the_display(tmp_path: Path) -> None:
    socket = "/sys/class/drm/card0-HDMI-A-1/status"
    machine = made(tmp_path / "a", {socket: "disconnected\n"})
    assert looked(look_at_session, machine=machine) == {
        "display": "display-unplugged",
        "screen session": "session-none",
    }
    machine = made(tmp_path / "b", {socket: "connected\n", "/proc/9/comm": "cage\n"})
    assert set(looked(look_at_session, machine=machine).values()) == {"ok"}
    assert set(looked(look_at_session, machine=made(tmp_path / "c", {})).values()) == {
        "not-applicable"
    }


def test_a_frame_can_be_drawn() -> None:
    found = looked(look_at_frame)
    assert found["frame"] == "ok"
    assert found["fonts"] in {"ok", "fonts-other"}


def test_without_fonts_no_frame() -> None:
    hidden = "mount -t tmpfs tmpfs /usr/share/fonts"
    _, said = run_doctor("--after-update", before=hidden)
    assert codes_of(said)["fonts"] == "fonts-missing"
    assert "frame" not in codes_of(said)


@pytest.mark.parametrize(
    ("printed", "codes"),
    [
        ("", {"frame": "frame-fails"}),
        (
            '{"fonts": ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"], "fault": "no"}',
            {"fonts": "fonts-other", "frame": "frame-fails"},
        ),
    ],
)
def test_what_comes_of_a_frame(tmp_path: Path, printed: str, codes: dict[str, str]) -> None:
    assert looked(look_at_frame, machine=made(tmp_path, {}, {sys.executable: printed})) == codes
    assert looked(look_at_frame, machine=made(tmp_path, {})) == {"frame": "frame-fails"}


# Program


def test_modules_and_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert looked(look_at_modules) == {"modules": "ok"}
    assert looked(look_at_engine)["gost engine"] in {"ok", "gost-missing"}
    monkeypatch.setattr(software, "MODULES", ("drivers.pcsc", "drivers.of_yesterday"))
    assert looked(look_at_modules) == {"modules": "module-missing"}
    monkeypatch.setattr(software, "OpenSsl", lambda **_: _no_openssl())
    assert looked(look_at_engine) == {"gost engine": "gost-missing"}
    monkeypatch.setattr(OpenSsl, "verify", lambda *_: False)
    monkeypatch.setattr(software, "OpenSsl", lambda **_: OpenSsl())
    assert looked(look_at_engine) == {"gost engine": "gost-wrong"}


def _no_openssl() -> OpenSsl:
    return OpenSsl(program=Path("/gone/openssl"))


def release(folder: Path, version: str) -> None:
    made_in = folder / "releases" / version
    made_in.mkdir(parents=True)
    (made_in / "VERSION").write_text(f"{version}\n", encoding="ascii")


def test_releases(tmp_path: Path) -> None:
    config = Config(software=SoftwareSection(dir=tmp_path))
    assert looked(look_at_release) == {"release": "not-applicable"}
    assert looked(look_at_release, config) == {"release": "release-none"}
    release(tmp_path, __version__)
    (tmp_path / "current").symlink_to(f"releases/{__version__}")
    assert looked(look_at_release, config) == {
        "release": "ok",
        "previous release": "not-applicable",
        "software updates": "ok",
    }
    (tmp_path / "previous").symlink_to("releases/0.0.1")
    assert looked(look_at_release, config)["previous release"] == "release-previous-broken"
    release(tmp_path, "0.0.1")
    assert looked(look_at_release, config)["previous release"] == "ok"
    (tmp_path / "current").unlink()
    (tmp_path / "current").symlink_to("releases/0.0.1")
    assert looked(look_at_release, config)["release"] == "release-other"


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ('{"phase": "good", "bad": [], "why": ""}', "ok"),
        ('{"phase": "trial", "bad": []}', "release-on-trial"),
        ('{"phase": "good", "bad": ["0.2.0"], "why": "its doctor found a fault"}', "release-bad"),
        ("[]", "release-state"),
        ("{", "release-state"),
    ],
)
def test_releases_that_were_sent_back(tmp_path: Path, state: str, code: str) -> None:
    release(tmp_path, __version__)
    (tmp_path / "current").symlink_to(f"releases/{__version__}")
    (tmp_path / "state.json").write_text(state, encoding="ascii")
    config = Config(software=SoftwareSection(dir=tmp_path))
    assert looked(look_at_release, config)["software updates"] == code


def test_programs_that_are_missing_or_hang() -> None:
    assert ask(("/gone/program",), 1.0) is None
    assert ask(("sleep", "30"), 0.05) is None
    said = ask(("sh", "-c", "echo out; echo err >&2; exit 3"), 5.0)
    assert said is not None
    assert (said.code, said.out, said.error) == (3, "out\n", "err\n")


def test_words_name_what_is_wrong(tmp_path: Path) -> None:
    machine = made(tmp_path, {**MODEL, FLAGS: "50005\n"})
    assert "undervoltage now (0x50005)" in words(look_at_power, machine=machine)
