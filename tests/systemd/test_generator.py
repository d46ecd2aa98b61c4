"""The generator: which units it shows to systemd, of which release, and what it never shows."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from kiosk.software.units import GENERATOR, UNITS, WAY_BACK, lacking

if TYPE_CHECKING:
    from collections.abc import Mapping

TREE: Final = Path(__file__).parents[2]
_SERVICE: Final = "[Service]\nExecStart=/bin/true\n"
_WANTED: Final = f"{_SERVICE}[Install]\nWantedBy=multi-user.target other.target\nWantedBy=../../x\n"


@pytest.fixture(name="base")
def _base(tmp_path: Path) -> Path:
    """As /opt/oms-kiosk: a way back, and a release with these units in the tree."""
    base = tmp_path / "opt"
    way_back = base / "way-back" / "units"
    way_back.mkdir(parents=True)
    for name in WAY_BACK:
        (way_back / name).write_bytes((TREE / UNITS / name).read_bytes())
    release(
        base, "1.0.0", {"kiosk.service": _WANTED, "pcscd.service.d/oms-kiosk.conf": "[Service]"}
    )
    (base / "current").symlink_to("releases/1.0.0")
    return base


def release(base: Path, version: str, units: Mapping[str, str]) -> Path:
    """Units of a release, by name below their folder."""
    folder = base / "releases" / version / UNITS
    for name, text in units.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "ascii")
    return folder


def shown(base: Path) -> dict[str, str]:
    """What the generator leaves: name, and what it leads to."""
    folders = [base / "out" / name for name in ("normal", "early", "late")]
    for folder in folders:
        subprocess.run(["rm", "-rf", folder], check=True)
        folder.mkdir(parents=True)
    command = ["/bin/sh", *map(str, (TREE / GENERATOR, *folders, base))]
    done = subprocess.run(command, check=False, text=True, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not [*folders[0].iterdir(), *folders[1].iterdir()], "a technician's come first"
    links = [path for path in folders[2].rglob("*") if path.is_symlink()]
    assert all(path.exists() for path in links)
    return {str(path.relative_to(folders[2])): str(path.readlink()) for path in links}


def test_units_of_the_release_and_what_wants_them(base: Path) -> None:
    found = shown(base)
    units = base / "releases" / "1.0.0" / UNITS
    way_back = base / "way-back" / "units"
    assert found == {
        **{name: str(way_back / name) for name in WAY_BACK},
        "multi-user.target.wants/kiosk-rollback.service": "../kiosk-rollback.service",
        "kiosk.service": str(units / "kiosk.service"),
        "multi-user.target.wants/kiosk.service": "../kiosk.service",
        "other.target.wants/kiosk.service": "../kiosk.service",
        "pcscd.service.d/oms-kiosk.conf": str(units / "pcscd.service.d/oms-kiosk.conf"),
    }


def test_another_release_has_others(base: Path) -> None:
    release(base, "1.1.0", {"kiosk-new.timer": "[Timer]\n[Install]\nWantedBy=timers.target\n"})
    (base / "current").unlink()
    (base / "current").symlink_to("releases/1.1.0")
    found = shown(base)
    assert "kiosk.service" not in found
    assert found["timers.target.wants/kiosk-new.timer"] == "../kiosk-new.timer"


@pytest.mark.parametrize(
    "name",
    [
        *WAY_BACK,
        *(f"{name}.d/more.conf" for name in WAY_BACK),
        *("service.d/all.conf", "kiosk-.service.d/family.conf", "timer.d/all.conf"),
        *("notes.txt", "kiosk.service.d/notes.txt", "sub.service/x"),
    ],
)
def test_no_release_touches_the_way_back(base: Path, name: str) -> None:
    before = shown(base)
    release(base, "1.0.0", {name: _WANTED})
    assert shown(base) == before


@pytest.mark.parametrize("harm", ["current", "releases/1.0.0/systemd/units"])
def test_the_way_back_is_there_without_a_release(base: Path, harm: str) -> None:
    (base / harm).rename(base / "gone")
    assert set(WAY_BACK) <= shown(base).keys()
    assert "kiosk.service" not in shown(base)


def test_without_a_kiosk_nothing_is_shown(base: Path) -> None:
    for name in ("way-back", "current"):
        (base / name).rename(base / f"{name}.gone")
    assert shown(base) == {}


def test_the_tree_holds_what_every_release_must() -> None:
    assert lacking(TREE) == []
