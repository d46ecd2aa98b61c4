"""Lays the way back outside all releases: a program, its units, and what shows units to systemd.

    way-back -> way-back.<random>      one rename takes a whole new set, or none of it
        rollback                       a zip that the system's Python runs, isolated
        units/                         `kiosk.software.units.WAY_BACK`
        units-generator                systemd finds it by a link
    rollback -> way-back/rollback      what units and people call

`python3 -m kiosk.software.standalone FOLDER RELEASE` does it: the installer, and a kiosk whose
release has passed its trial. The zip holds an empty package `kiosk` with the modules that need
nothing but Python's own library.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Final

from kiosk.software.links import sync
from kiosk.software.units import GENERATOR, UNITS, WAY_BACK

MODULES: Final = ("__init__.py", "links.py", "rollback.py", "systemd.py", "units.py")
_SHEBANG: Final = b"#!/usr/bin/python3 -I\n"
_MAIN: Final = (
    "import sys\nfrom kiosk.software.rollback import main\nsys.exit(main(sys.argv[1:]))\n"
)
_PROGRAM: Final = stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH
_USAGE: Final = 2
_SECONDS: Final = 20.0


def write(out: Path) -> None:
    """Write the program to `out`, whole or not at all.

    Raises:
        OSError: the disk did not take it.
    """
    here = Path(__file__).parent
    staged = out.with_name(f".{out.name}.new")
    with staged.open("wb") as file:
        file.write(_SHEBANG)
        # A board that has lost its clock begins in 1970, where a zip has no times.
        with zipfile.ZipFile(file, "w", strict_timestamps=False) as archive:
            archive.writestr(zipfile.ZipInfo("__main__.py"), _MAIN)
            archive.writestr(zipfile.ZipInfo("kiosk/__init__.py"), "")
            for name in MODULES:
                archive.write(here / name, f"kiosk/software/{name}")
        file.flush()
        staged.chmod(_PROGRAM)
        os.fsync(file.fileno())
    staged.replace(out)


def lay(folder: Path, release: Path) -> None:
    """Make the way back that of `release`; the set before stays beside it, for one more change.

    Raises:
        OSError: the disk did not take it, or the release lacks a part; the one before is there.
        RuntimeError: the program does not run.
        subprocess.TimeoutExpired: it does not end.
    """
    link = folder / "way-back"
    before = link.readlink().name if link.is_symlink() else ""
    made = Path(tempfile.mkdtemp(prefix="way-back.", dir=folder))
    try:
        _fill(made, release)
        _point(link, Path(made.name))
        _point(folder / "rollback", Path("way-back", "rollback"))
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    for path in folder.glob("way-back.*"):
        if path.name not in {made.name, before}:
            shutil.rmtree(path, ignore_errors=True)


def _fill(made: Path, release: Path) -> None:
    made.chmod(_PROGRAM)
    (made / "units").mkdir(mode=_PROGRAM)
    for name in WAY_BACK:
        shutil.copyfile(release / UNITS / name, made / "units" / name)
    shutil.copyfile(release / GENERATOR, made / GENERATOR.name)
    (made / GENERATOR.name).chmod(_PROGRAM)
    program = made / "rollback"
    write(program)
    called = subprocess.run([program], capture_output=True, check=False, timeout=_SECONDS)
    if called.returncode != _USAGE:
        raise RuntimeError(f"{program} does not run")
    for path in (*made.rglob("*"), made):
        sync(path)


def _point(link: Path, target: Path) -> None:
    staged = link.with_name(f".{link.name}.new")
    staged.unlink(missing_ok=True)
    staged.symlink_to(target)
    staged.replace(link)
    sync(link.parent)


if __name__ == "__main__":
    lay(Path(sys.argv[1]), Path(sys.argv[2]))
