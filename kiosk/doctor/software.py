"""The program itself: its configuration, its modules, its releases, its GOST engine."""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING, Final

from kiosk import __version__
from kiosk.authenticity.known_answers import KNOWN_ANSWERS
from kiosk.authenticity.model import CannotTellError
from kiosk.authenticity.openssl import OpenSsl
from kiosk.doctor.finding import Finding, absent, ok, trouble
from kiosk.doctor.machine import read_text
from kiosk.last_good import place_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kiosk.doctor.machine import Examination

MODULES: Final = (
    *("drivers.pcsc", "drivers.scanner", "ui.window", "kiosk.app", "kiosk.working_days"),
    *("kiosk.online.ferzl", "kiosk.online.zp1", "kiosk.second_look.store", "offline_cache.updater"),
    # Its importer waits with it until the first write.
    "sqlite_utils.migrations",
)
"""Each brings a library that a kiosk needs, most of them compiled for the board."""


def look_at_configuration(examination: Examination) -> Iterator[Finding]:
    """The file."""
    file = examination.config_file
    if file is None:
        words = "no file; the defaults are looked at"
        yield trouble("configuration", "config-none", words)
    elif examination.config_error is not None:
        instead = "the last good one is looked at" if examination.uses_last_good else "no last good"
        yield trouble("configuration", "config-bad", f"{examination.config_error}; {instead}")
    else:
        yield ok("configuration", f"{file} can be used")
        if place_of(file).exists():
            yield ok("last good configuration", "there is a copy")
        else:
            words = f"there is no {place_of(file).name}"
            yield absent("last good configuration", words)


def look_at_modules(_: Examination) -> Iterator[Finding]:
    """Whether all libraries are there and fit the machine."""
    failed = 0
    for name in MODULES:
        try:
            importlib.import_module(name)
        except (ImportError, OSError) as error:
            failed += 1
            lacking = getattr(error, "name", None) or type(error).__name__
            yield trouble("modules", "module-missing", f"{name} cannot be loaded: {lacking}")
    if not failed:
        yield ok("modules", f"version {__version__}, all libraries can be loaded")


def look_at_engine(_: Examination) -> Iterator[Finding]:
    """Whether the system's OpenSSL computes GOST signatures, by known answers."""
    program = OpenSsl(timeout_seconds=3.0)
    for algorithm, known in KNOWN_ANSWERS.items():
        try:
            right = program.verify(algorithm, known.key, known.data, known.signature)
        except CannotTellError as error:
            yield trouble("gost engine", "gost-missing", str(error))
            return
        if not right:
            yield trouble("gost engine", "gost-wrong", f"{algorithm} comes out wrong")
            return
    yield ok("gost engine", f"{len(KNOWN_ANSWERS)} algorithms give their known answers")


def look_at_release(examination: Examination) -> Iterator[Finding]:
    """Whether the installed release is this one, and one to go back to is there."""
    folder = examination.config.software.dir
    if folder is None:
        yield absent("release", f"version {__version__}; [software] dir is not configured")
        return
    current = _version(folder / "current")
    if current is None:
        words = f"{folder / 'current'} leads to no release"
        yield trouble("release", "release-none", words)
        return
    if current != __version__:
        words = f"{current} is installed, this is {__version__}"
        yield trouble("release", "release-other", words)
    else:
        yield ok("release", f"{current} is installed and is this one")
    previous = _version(folder / "previous")
    if previous is not None:
        yield ok("previous release", f"{previous} can be gone back to")
    elif (folder / "previous").is_symlink():
        yield trouble("previous release", "release-previous-broken", "its link leads nowhere")
    else:
        yield absent("previous release", "none: no other release was installed yet")
    yield from _bad(folder)


def _bad(folder: Path) -> Iterator[Finding]:
    """Whether a release was sent back: what `kiosk.software` remembers."""
    try:
        state = json.loads(read_text(folder / "state.json") or "{}")
        phase, bad, why = (
            str(state.get("phase", "good")),
            list(state.get("bad", [])),
            state.get("why"),
        )
    except (ValueError, TypeError, AttributeError, RecursionError):
        yield trouble("software updates", "release-state", "state.json is damaged")
        return
    if bad:
        words = f"{len(bad)} releases were sent back, the last because: {why}"
        yield trouble("software updates", "release-bad", words)
    elif phase in {"trial", "back"}:
        yield trouble("software updates", "release-on-trial", f"a release is on trial ({phase})")
    else:
        yield ok("software updates", "no release was sent back")


def _version(link: Path) -> str | None:
    """What the release behind a link calls itself; None: there is none."""
    text = read_text(link / "VERSION")
    return None if text is None else text.strip()[:40] or None
