"""Whose eyes the doctor looks with: what root may do says nothing about the kiosk."""

from __future__ import annotations

import grp
import os
import pwd
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from kiosk.doctor.finding import Finding, absent, ok, trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kiosk.doctor.machine import Examination, Machine

KIOSK: Final = "oms-kiosk"
"""User and group that kiosk.service runs as."""
_GROUPS: Final = ("video", "render", "dialout")
"""What its unit adds, where systemd cannot be asked."""
_ASK: Final = ("systemctl", "show", "--property=SupplementaryGroups", "--value", "kiosk.service")
CREDENTIALS: Final = "CREDENTIALS_DIRECTORY"
_CREDENTIALS_OF_KIOSK: Final = "/run/credentials/kiosk.service"


def become_kiosk(machine: Machine, user: str = KIOSK) -> None:
    """Give up root for the kiosk's own rights; without root, or without such a user, do nothing.

    For the whole process and for good, so before any thread is started. Secrets that systemd hands
    to the running kiosk are looked for where it put them.
    """
    with suppress(OSError):
        folder = machine.path(_CREDENTIALS_OF_KIOSK)
        if folder.is_dir():
            os.environ.setdefault(CREDENTIALS, str(folder))
    if os.geteuid() != 0:
        return
    with suppress(KeyError, OSError):
        found = pwd.getpwnam(user)
        groups = {*os.getgrouplist(user, found.pw_gid), *_numbers(_groups_of_unit(machine))}
        os.setgroups(sorted(groups))
        os.setresgid(found.pw_gid, found.pw_gid, found.pw_gid)
        os.setresuid(found.pw_uid, found.pw_uid, found.pw_uid)


def _groups_of_unit(machine: Machine) -> Iterable[str]:
    said = machine.ask(_ASK, 3.0) if machine.has_systemd else None
    return _GROUPS if said is None or said.code or not said.out.strip() else said.out.split()


def _numbers(names: Iterable[str]) -> Iterator[int]:
    for name in names:
        with suppress(KeyError):
            yield grp.getgrnam(name).gr_gid


def look_at_account(_: Examination) -> Iterator[Finding]:
    """Whether all is seen with the kiosk's rights; names no other user, who may be somebody."""
    try:
        theirs = pwd.getpwnam(KIOSK).pw_uid
    except KeyError:
        yield absent("account", f"this machine has no user {KIOSK}; seen with this user's rights")
        return
    if os.geteuid() == theirs:
        yield ok("account", f"seen with the rights of {KIOSK}")
    else:
        words = f"seen with another user's rights than those of {KIOSK}"
        yield trouble("account", "account-other", words)
