"""The doors through which checks reach the machine; tests hand in others to make faults."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kiosk.clock import Clock

if TYPE_CHECKING:
    from kiosk.config import Config

_MAX_TEXT: Final = 256 * 1024
"""Bytes of a system's file or of a program's output that are looked at."""


@dataclass(frozen=True, slots=True)
class Said:
    """How a program ended and what it printed."""

    code: int
    out: str
    error: str = ""


Ask = Callable[[Sequence[str], float], Said | None]
"""Runs a command, with seconds; None: there is no such program, or it does not end."""


def ask(
    command: Sequence[str], seconds: float, *, environ: Mapping[str, str] | None = None
) -> Said | None:
    """Run `command` in the language of programs, and kill it after `seconds`."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
            env={**(os.environ if environ is None else environ), "LC_ALL": "C.UTF-8"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    out, error = (
        part[:_MAX_TEXT].decode("utf-8", "replace") for part in (done.stdout, done.stderr)
    )
    return Said(done.returncode, out, error)


@dataclass(frozen=True, slots=True)
class Machine:
    """This machine."""

    root: Path = Path("/")
    """What lies under `/sys`, `/proc`, `/run`, `/etc` is looked for under this folder."""
    ask: Ask = ask
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    clock: Clock = field(default_factory=Clock)

    def path(self, absolute: str) -> Path:
        """Where a path of the system is."""
        return self.root / absolute.lstrip("/")

    def text(self, absolute: str) -> str | None:
        """The beginning of a system's file; None: it is not there or cannot be read."""
        return read_text(self.path(absolute))

    @property
    def has_systemd(self) -> bool:
        """Whether systemd runs this machine (sd_booted(3))."""
        return self.path("/run/systemd/system").is_dir()

    def names_of_processes(self) -> dict[int, str]:
        """The short names (`comm`) of all processes that can be seen, by process id."""
        names = {}
        for folder in self.path("/proc").glob("[0-9]*"):
            name = read_text(folder / "comm")
            if name is not None:
                names[int(folder.name)] = name.strip()
        return names


def read_text(path: Path) -> str | None:
    """The beginning of a file; None: it is not there or cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(_MAX_TEXT).decode("utf-8", "replace")
    except OSError:
        return None


@dataclass(frozen=True, slots=True)
class Examination:
    """What is examined: a kiosk as configured, on a machine."""

    config: Config
    machine: Machine
    config_file: Path | None = None
    """None: there is none, and `config` holds the defaults."""
    config_error: str | None = None
    """Why the file cannot be used; `config` is then the last good one, or the defaults."""
    uses_last_good: bool = False
