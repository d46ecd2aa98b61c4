"""Secret files: whoever can read them can find people in the register or speak as this kiosk."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from kiosk.doctor.finding import Finding, absent, ok, trouble

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kiosk.config import Config
    from kiosk.doctor.machine import Examination


def secrets_of(config: Config) -> dict[str, Path | None]:
    """All secret files that a configuration names."""
    return {
        "[register] key_file": config.register.key_file,
        "[journal] key_file": config.journal.key_file,
        "[ferzl] token_file": config.ferzl.token_file,
        "[ferzl] client_file": config.ferzl.client_file,
        "[zp1] client_file": config.zp1.client_file,
        "[service] pin_file": config.service.pin_file,
        "[clinic] tokens_file": config.clinic.tokens_file,
        "[clinic] server_file": config.clinic.server_file,
    }


def look_at_secrets(examination: Examination) -> Iterator[Finding]:
    """Each secret file."""
    named = {
        what: path for what, path in secrets_of(examination.config).items() if path is not None
    }
    if not named:
        yield absent("secret files", "none is configured")
    for what, path in named.items():
        yield _judged(f"secret {what}", path)


def _judged(name: str, path: Path) -> Finding:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        return trouble(name, "secret-missing", f"{path}: {error.strerror}")
    words = f"{path} has mode {mode:04o}"
    if mode & 0o007:
        return trouble(name, "secret-open", f"{words}: everybody on this machine may use it")
    if mode & 0o020:
        return trouble(name, "secret-writable", f"{words}: its group may change it")
    if not os.access(path, os.R_OK):
        return trouble(name, "secret-unreadable", f"{words}: this user may not read it")
    return ok(name, words)
