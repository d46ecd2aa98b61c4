"""The register on this kiosk: there, whole, of our key, and how old."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

from kiosk.doctor.finding import Finding, absent, day_and_time, ok, trouble
from kiosk.doctor.sqlite_files import first_row
from offline_cache.errors import (
    KeyFileError,
    RegisterError,
    RegisterKeyError,
    RegisterMissingError,
    RegisterVersionError,
)
from offline_cache.floor import STATE_NAME, newest_signed_time
from offline_cache.format import load_key_file
from offline_cache.freshness import Freshness
from offline_cache.layout import BASE_NAME
from offline_cache.register import Register
from offline_cache.register_file import RegisterFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kiosk.doctor.machine import Examination
    from offline_cache.format import RegisterKey

_AGES: Final = {
    Freshness.AGEING: "list-ageing",
    Freshness.STALE: "list-stale",
    Freshness.TOO_OLD: "list-too-old",
}


def look_at_register(examination: Examination) -> Iterator[Finding]:
    """The list and its age."""
    section = examination.config.register
    if section.dir is None or section.key_file is None:
        yield absent("register", "[register] dir and key_file are not configured")
        return
    try:
        key = load_key_file(section.key_file)
    except KeyFileError as error:
        yield trouble("register", "key-unusable", str(error))
        return
    try:
        with Register.open(section.dir, key) as register:
            rows = f"{register.rows / 1e6:.1f} million" if register.rows >= 1e5 else register.rows
            yield ok("register", f"list {register.serial} opens, {rows} keys in its base")
            yield from _damage(section.dir, key)
            yield _age(register, examination)
    except RegisterError as error:
        yield trouble("register", _code(error), str(error))


def _code(error: RegisterError) -> str:
    match error:
        case RegisterMissingError():
            return "list-missing"
        case RegisterKeyError():
            return "list-other-key"
        case RegisterVersionError():
            return "list-newer-format"
        case _:
            return "list-damaged"


def _damage(folder: Path, key: RegisterKey) -> Iterator[Finding]:
    """What opens may be the list before, taken because the current one is damaged."""
    try:
        RegisterFile(folder / BASE_NAME, key).close()
    except RegisterError as error:
        yield trouble("register", "list-previous-used", f"an older list is in use: {error}")


def _age(register: Register, examination: Examination) -> Finding:
    as_of = f"the list is of {day_and_time(register.as_of)}"
    clock = examination.machine.clock
    clock.raise_floor(register.as_of)
    moment = clock.now()
    if not moment.trusted:
        return trouble("list age", "list-age-unknown", f"{as_of}; the clock shows an earlier time")
    hours = (moment.local - register.as_of).total_seconds() / 3600
    words = (
        f"{as_of}, {hours:.0f} hours old" if hours < 72 else f"{as_of}, {hours / 24:.0f} days old"
    )
    grade = register.freshness(moment.local)
    if grade is not Freshness.FRESH:
        return trouble("list age", _AGES[grade], words)
    return ok("list age", words)


def look_at_floor(examination: Examination) -> Iterator[Finding]:
    """The store that keeps old lists out."""
    folder = examination.config.register.dir
    if folder is None:
        yield absent("floor", "[register] dir is not configured")
        return
    path = folder / STATE_NAME
    if not path.exists():
        yield absent("floor", "no update has run yet")
        return
    try:
        first_row(path, "SELECT count(*) FROM floor")
    except sqlite3.Error as error:
        yield trouble("floor", "floor-damaged", f"{path}: {error}")
        return
    signed = newest_signed_time(folder)
    words = "no signed time yet" if signed is None else f"newest signed time {day_and_time(signed)}"
    yield ok("floor", words)
