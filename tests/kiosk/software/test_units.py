"""Units that change with a release; a way back that is renewed whole, or not at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from kiosk.software.standalone import lay
from kiosk.software.systemd import Systemd
from kiosk.software.units import GENERATOR, UNITS, WAY_BACK, Change, change, unit_names

if TYPE_CHECKING:
    from collections.abc import Mapping

_TREE: Final = Path(__file__).parents[3]
_INSTALL: Final = "[Install]\nWantedBy=timers.target\n"
_SYSTEMCTL: Final = """#!/bin/sh
echo "$*" >> "$LOG"
case "$*" in
*LoadState*) for name in "$@"; do printf 'Id=%s\\nLoadState=%s\\n\\n' "$name" "$LOADED"; done;;
*SubState*) printf 'ActiveState=active\\nSubState=%s\\n' "$SUB";;
esac
"""


def release(folder: Path, units: Mapping[str, str]) -> Path:
    """A release that holds nothing but units, by name below their folder."""
    for name, text in units.items():
        path = folder / UNITS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "ascii")
    return folder


@pytest.fixture(name="calls")
def _calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for systemctl that notes its calls here, and says that all is well."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "systemctl").write_text(_SYSTEMCTL, "ascii")
    (tools / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    for name, value in {"LOG": tmp_path / "log", "LOADED": "loaded", "SUB": "running"}.items():
        monkeypatch.setenv(name, str(value))
    return tmp_path / "log"


@pytest.fixture(name="both")
def _both(tmp_path: Path) -> tuple[Path, Path]:
    left = release(
        tmp_path / "left",
        {
            "kiosk.service": "a",
            "kiosk-same.service": "a",
            "kiosk-gone@.service": "a",
            "kiosk-gone.timer": _INSTALL,
            "kiosk-other.service": "a",
            WAY_BACK[0]: "a",
        },
    )
    taken = release(
        tmp_path / "taken",
        {
            "kiosk.service": "b",
            "kiosk-same.service": "a",
            "kiosk-other.service": "b",
            "kiosk-new.timer": _INSTALL,
            "kiosk-called.service": "a",
            WAY_BACK[0]: "b",
            "pcscd.service.d/oms-kiosk.conf": "a",
        },
    )
    return left, taken


def test_what_differs(both: tuple[Path, Path]) -> None:
    left, taken = both
    assert change(left, taken) == Change(
        gone=("kiosk-gone.timer", "kiosk-gone@.service"),
        fresh=("kiosk-new.timer",),
        changed=("kiosk-called.service", "kiosk-other.service", "kiosk.service", "pcscd.service"),
    )
    assert change(left, left) == change(None, taken) == Change()
    assert "pcscd.service.d/oms-kiosk.conf" not in unit_names(taken)


def test_systemd_is_told_in_order(both: tuple[Path, Path], calls: Path) -> None:
    Systemd().reload(*both)
    said = [line for line in calls.read_text("ascii").splitlines() if not line.startswith("show")]
    assert said == [
        "--no-block stop kiosk-gone.timer",
        "--no-block stop kiosk-gone@*.service",
        "daemon-reload",
        "start kiosk-system-files.service",
        "--no-block start kiosk-new.timer",
        *(f"--no-block try-restart {name}.service" for name in ("kiosk-called", "kiosk-other")),
        "--no-block try-restart pcscd.service",
    ]


@pytest.mark.usefixtures("calls")
@pytest.mark.parametrize(
    ("state", "good"), [("loaded", True), ("masked", True), ("bad-setting", False), ("", False)]
)
def test_units_that_cannot_be_loaded(
    both: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, state: str, good: bool
) -> None:
    monkeypatch.setenv("LOADED", state)
    assert Systemd().knows(both[1]) == good


# The way back ----------------------------------------------------------------------------------


@pytest.fixture(name="newer")
def _newer(tmp_path: Path) -> Path:
    """A release with units of this tree, run by this interpreter."""
    folder = tmp_path / "releases" / "2.0.0"
    for name in ("units", "libexec"):
        shutil.copytree(_TREE / "systemd" / name, folder / "systemd" / name)
    python = folder / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    code = "import sys; sys.argv[0:5] = ['-']; from kiosk.software.standalone import lay"
    code += "; from pathlib import Path; lay(*map(Path, sys.argv[1:]))"
    python.write_text(f'#!/bin/sh\ncd {_TREE} && exec {sys.executable} -c "{code}" "$@"\n', "ascii")
    python.chmod(0o755)
    return folder


def found(folder: Path) -> dict[str, str]:
    """What the way back consists of, by what its units and generator say."""
    names = [*(f"units/{name}" for name in WAY_BACK), GENERATOR.name]
    return {name: (folder / "way-back" / name).read_text("utf-8") for name in names}


def test_it_is_renewed_as_one(tmp_path: Path, newer: Path, calls: Path) -> None:
    lay(tmp_path, newer)
    first = (tmp_path / "way-back").readlink()
    before = found(tmp_path)
    (newer / UNITS / WAY_BACK[0]).write_text("newer", "ascii")
    Systemd().renew(tmp_path, newer)
    assert found(tmp_path) == {**before, f"units/{WAY_BACK[0]}": "newer"}
    assert "daemon-reload" in calls.read_text("ascii").splitlines()
    assert (tmp_path / first).is_dir(), "one set stays, for a renewal that is taken back"
    Systemd().renew(tmp_path, newer)
    assert len([*tmp_path.glob("way-back.*")]) == 2
    called = subprocess.run([tmp_path / "rollback"], capture_output=True, text=True, check=False)
    assert (called.returncode, "usage" in called.stderr) == (2, True)
    for path in (tmp_path / "way-back").rglob("*"):
        assert path.stat().st_mode & 0o444 == 0o444, "all may read it"


@pytest.mark.parametrize("harm", ["units/kiosk-rollback.service", "libexec/units-generator"])
def test_a_part_that_is_missing_leaves_the_one_before(
    tmp_path: Path, newer: Path, calls: Path, harm: str
) -> None:
    lay(tmp_path, newer)
    before = (tmp_path / "way-back").readlink()
    (newer / "systemd" / harm).unlink()
    Systemd().renew(tmp_path, newer)
    assert (tmp_path / "way-back").readlink() == before
    assert [path.name for path in tmp_path.glob("way-back.*")] == [str(before)]
    assert not calls.exists()


def test_units_that_are_not_right_leave_the_one_before(
    tmp_path: Path, newer: Path, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(tmp_path, newer)
    before = (tmp_path / "way-back").readlink()
    monkeypatch.setenv("LOADED", "bad-setting")
    Systemd().renew(tmp_path, newer)
    assert (tmp_path / "way-back").readlink() == before
    assert (tmp_path / "rollback").exists()
    assert calls.read_text("ascii").splitlines()[-1] == "daemon-reload"


def test_a_program_that_does_not_run_is_not_taken(
    tmp_path: Path, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(tmp_path, newer)
    before = found(tmp_path)
    monkeypatch.setattr("kiosk.software.standalone._MAIN", "raise SystemExit(1)\n")
    with pytest.raises(RuntimeError, match="does not run"):
        lay(tmp_path, newer)
    assert found(tmp_path) == before
