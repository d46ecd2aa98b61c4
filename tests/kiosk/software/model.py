"""A model of what runs a kiosk: systemd's restarts and limits, in time that is only counted.

Every release is given a conduct. What `current` leads to is started, falls over and is started
again as `Restart=always`, `RestartSec=`, `StartLimitBurst=`, `WatchdogSec=` and `Type=notify` of
kiosk.service say; so many seconds pass as they would.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kiosk.software.links import Phase, linked, read_state

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

RESTART_SECONDS: Final = 1.0
WATCHDOG_SECONDS: Final = 8.0
STOP_SECONDS: Final = 10.0
"""A process that does not end when told to is killed after so long."""


@dataclass(frozen=True)
class Conduct:
    """How a release behaves."""

    ready_after: float | None = 2.0
    """Seconds to READY; None: never."""
    falls_after: float | None = None
    """Seconds from its start to its end; None: it stays."""
    hangs_after: float | None = None
    """Seconds to the last sign of life."""
    units: bool = True
    """Whether systemd can load them all."""
    doctor: bool = True
    doctor_seconds: float = 3.0
    ends_when_told: bool = True


GOOD: Final = Conduct()


@dataclass
class ModelMachine:
    """See `kiosk.software.systemd.Machine`."""

    folder: Path
    conduct: Mapping[str, Conduct] = field(default_factory=dict)
    before_each: Callable[[], None] = lambda: None
    """Called before each step, to cut in."""
    now: float = 0.0
    running: str | None = None
    restarts: int = 0
    units: str | None = None
    """The release whose units systemd knows; None: those that `current` led to at boot."""
    way_back: str | None = None
    """The release that the way back was taken from last."""
    _started: float = 0.0
    served: list[tuple[float, str]] = field(default_factory=list)
    """Since when which release was ready for people."""

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.before_each()
        self.now += seconds

    def reload(self, left: Path | None, taken: Path) -> None:
        self.before_each()
        assert taken.name == linked(self.folder, "current")
        assert left is None or left.name != taken.name
        self.units = taken.name

    def knows(self, release: Path) -> bool:
        self.before_each()
        return self._about(release.name).units

    def renew(self, folder: Path, release: Path) -> None:
        self.before_each()
        assert read_state(folder).phase is Phase.GOOD, "not before it was kept"
        self.way_back = release.name

    def restart(self, seconds: float) -> bool:
        self.before_each()
        self._stop()
        return self._start(seconds)

    def bounce(self, *, wait: bool) -> None:
        self.before_each()
        self.running = None
        self._start(30.0)

    def look(self) -> str | None:
        self.before_each()
        self._pass_time()
        return None if self.running is None else f"{self.running} {self.restarts}"

    def doctor(self, release: Path) -> bool:
        self.before_each()
        about = self._about(release.name)
        self.now += about.doctor_seconds
        return about.doctor

    def _about(self, version: str) -> Conduct:
        return self.conduct.get(version, GOOD)

    def _stop(self) -> None:
        if self.running is not None and not self._about(self.running).ends_when_told:
            self.now += STOP_SECONDS
        self.running = None

    def _start(self, seconds: float) -> bool:
        version = linked(self.folder, "current")
        assert version is not None, "nothing to start"
        assert self.units in {None, version}, "a program never runs with another release's units"
        about = self._about(version)
        ready = about.ready_after
        early = about.falls_after is not None and (ready is None or about.falls_after < ready)
        if ready is None or ready > seconds or early:
            self.now += min(seconds, about.falls_after or seconds) if early else seconds
            return False
        self.now += ready
        self.running, self._started = version, self.now - ready
        self.served.append((self.now, version))
        return True

    def _pass_time(self) -> None:
        """What became of the process until now."""
        if self.running is None:
            return
        about, age = self._about(self.running), self.now - self._started
        ends = [end for end in (about.falls_after, _watchdog(about)) if end is not None]
        if ends and age >= min(ends):
            self.restarts += 1
            self._started = self.now


def _watchdog(about: Conduct) -> float | None:
    return None if about.hangs_after is None else about.hangs_after + WATCHDOG_SECONDS
