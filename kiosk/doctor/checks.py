"""Which checks there are: all of them, and the few that a release must pass when it is new."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from kiosk.doctor import (
    account,
    board,
    clinic_doors,
    clocks,
    counted,
    disks,
    lists,
    network,
    reader,
    rights,
    scanner,
    screen,
    software,
    stores,
    units,
)
from kiosk.doctor.finding import Finding, State
from kiosk.doctor.runner import Check

_CONFIGURATION: Final = Check("configuration", software.look_at_configuration)
_MODULES: Final = Check("modules", software.look_at_modules)
_REGISTER: Final = Check("register", lists.look_at_register)
_READER: Final = Check("reader", reader.look_at_reader)
_FRAME: Final = Check("frame", screen.look_at_frame)
_DISKS: Final = Check("disks", disks.look_at_disks)

ALL: Final = (
    Check("account", account.look_at_account),
    _CONFIGURATION,
    _MODULES,
    Check("release", software.look_at_release),
    _REGISTER,
    Check("floor", lists.look_at_floor),
    Check("update files", network.look_at_update_files),
    Check("update server", network.look_at_update_server),
    Check("fund services", network.look_at_services),
    Check("service files", network.look_at_service_files),
    Check("clinic", clinic_doors.look_at_doors),
    Check("second looks", stores.look_at_queue),
    Check("journal", stores.look_at_journal),
    Check("writes", counted.look_at_writes),
    Check("repairs", stores.look_at_repairs),
    Check("secret files", rights.look_at_secrets),
    _READER,
    Check("scanner", scanner.look_at_scanner),
    Check("scanned codes", counted.look_at_codes),
    Check("display", screen.look_at_session),
    _FRAME,
    Check("clock", clocks.look_at_clock),
    _DISKS,
    Check("power", board.look_at_power),
    Check("temperature", board.look_at_heat),
    Check("gost engine", software.look_at_engine),
    Check("units", units.look_at_units),
)

AFTER_UPDATE: Final = (_CONFIGURATION, _MODULES, _REGISTER, _READER, _FRAME, _DISKS)

_NOT_THE_RELEASES: Final = frozenset(
    {
        *("list-missing", "list-too-old", "list-other-key", "key-unusable"),
        *("pcscd-missing", "pcscd-off", "reader-none", "reader-other-name", "disk-errors"),
    }
)
"""Failures that going back to the release before does not mend."""


def judged_after_update(findings: list[Finding]) -> list[Finding]:
    """The findings with what is no fault of a release's as warnings: it is not sent back for it."""
    return [
        replace(one, state=State.WARNING) if one.code in _NOT_THE_RELEASES else one
        for one in findings
    ]
