"""Sticks of a booted machine: put in, visited by the kiosk's own units, taken out."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any, Final

from tests.boot.appliance import ids
from tests.boot.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.boot.machine import Machine

DEVICE: Final = "sda1"
STICK: Final = "/srv/stick"
"""What lies on the stick that is in."""
SAID: Final = "/run/oms-stick"
"""Where the steps of a visit say what came of it, in the machine."""
OWNERS_ALONE: Final = 0o700
"""The modes that the units ask the stick's file system for; what it is read by is read-only."""
EVERYBODYS: Final = 0o755
"""The modes that files of a stick have which somebody mounts by hand."""
_COPIES: Final = "/var/cache/oms-stick"
_VISIT_SECONDS: Final = 180.0
"""With a release on the stick: all that is built is built in this time."""
_STEPS: Final = ("", "-verify", "-software", "-leave", "-clean")
# This kernel may know no FAT. Whoever mounts a stick gets a folder instead, which has the owner and
# the modes that the units ask the file system for; all that follows is as with a stick.
_MOUNT: Final = f"""#!/bin/sh
case "$*" in
    *" /dev/sd"*) ;;
    *) exec /usr/bin/mount.real "$@" ;;
esac
case "$*" in *"-o ro"*) mode=ro ;; *) mode=rw ;; esac
shift $(($# - 1))
/usr/bin/mount.real --bind {STICK} "$1" && exec /usr/bin/mount.real -o "remount,bind,$mode" "$1"
"""


def put_in(machine: Machine, source: Path, mode: int = OWNERS_ALONE) -> None:
    """Lay the content of `source` on a stick of a running machine; nothing is started yet.

    Files belong to the user of sticks, or to root where the kiosk is not installed.
    """
    real = machine.path("/usr/bin/mount.real")
    if not real.exists():
        machine.path("/usr/bin/mount").rename(real)
        machine.path("/usr/bin/mount").write_text(_MOUNT, encoding="ascii")
        machine.path("/usr/bin/mount").chmod(0o755)
    take_out(machine)
    stick = machine.path(STICK)
    shutil.copytree(source, stick, symlinks=True)
    owner, group = ids(machine, "oms-stick") if _is_installed(machine) else (0, 0)
    for path in (stick, *stick.rglob("*")):
        os.chown(path, owner, group, follow_symlinks=False)
        if not path.is_symlink():
            path.chmod(mode)


def take_out(machine: Machine) -> None:
    """Nothing is on it any more."""
    shutil.rmtree(machine.path(STICK), ignore_errors=True)


def visit(machine: Machine) -> dict[str, Any] | None:
    """Start what udev starts when a stick is plugged in, and wait until it may be taken out.

    Returns what the copying said of it (`copy.json`), None where no kiosk is installed.
    """
    if not _is_installed(machine):
        return None
    said = machine.path(f"{SAID}/copy.json")
    said.unlink(missing_ok=True)
    machine.run("systemctl", "start", f"kiosk-stick@{DEVICE}.service")
    report: dict[str, Any] = json.loads(said.read_text("ascii"))
    if report["state"] == "copied":
        until("the end of the visit", lambda: _is_over(machine), _VISIT_SECONDS)
    return report


def plug(machine: Machine, source: Path, mode: int = OWNERS_ALONE) -> dict[str, Any]:
    """Put a stick with the content of `source` into a kiosk, and wait until its visit is over.

    Returns what the copying said of it (`copy.json`).
    """
    put_in(machine, source, mode)
    report = visit(machine)
    assert report is not None, "no kiosk is installed"
    return report


def is_clean(machine: Machine) -> bool:
    """Nothing of any stick is left in the machine."""
    return not list(machine.path(_COPIES).iterdir())


def _is_installed(machine: Machine) -> bool:
    return machine.path(_COPIES).exists()


def _is_over(machine: Machine) -> bool:
    """The last step removes the copy."""
    units = [f"kiosk-stick{step}@{DEVICE}.service" for step in _STEPS]
    states = {machine.unit(one, "ActiveState") for one in units}
    return not states & {"activating", "deactivating"} and is_clean(machine)
