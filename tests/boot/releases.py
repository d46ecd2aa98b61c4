"""Releases of a booted kiosk: their trial, which one runs, and which are bad."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from tests.boot.waiting import until

if TYPE_CHECKING:
    from tests.boot.machine import Machine

_CONFIG: Final = "/etc/oms-kiosk/kiosk.toml"
_TRIAL: Final = "kiosk-software-trial.service"
_SECONDS: Final = 150.0


def hurry(machine: Machine) -> None:
    """Have an enrolled kiosk try releases for the shortest time that can be set."""
    file = machine.path(_CONFIG)
    before = file.read_text("utf-8")
    after = before.replace("trial_seconds = 60", "trial_seconds = 10")
    assert after != before
    file.write_text(after, "utf-8")


def wait_for_the_trial(machine: Machine) -> None:
    """Until the trial of a release that was staged is over, however it ended.

    Raises:
        TooLateError: it does not end.
    """
    until("the end of the trial", lambda: not _tries(machine), _SECONDS)


def _tries(machine: Machine) -> bool:
    jobs = machine.run("systemctl", "list-jobs", "--no-legend").stdout
    state = machine.unit(_TRIAL, "ActiveState")
    return "kiosk-" in jobs or state in {"activating", "deactivating"}


def status(machine: Machine) -> dict[str, Any]:
    """What `kiosk software status` says."""
    done = machine.run("kiosk", "--config", _CONFIG, "software", "status")
    said: dict[str, Any] = json.loads(done.stdout)
    return said
