"""Virtual devices here, a kiosk in a process of its own, and what the kernel knows of it.

Shared part of the benchmarks that measure a whole kiosk.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from kiosk.demo.daemon import DaemonUnavailableError
from kiosk.demo.stage import Stage, Watch
from tests.benchmarks.table import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ROOT = Path(__file__).parents[2]
_PATIENCE = 15.0
_STOP_SECONDS = 10.0


@contextmanager
def stage() -> Iterator[tuple[Stage, Path]]:
    """Virtual devices with the small sample register, and the folder that they live in.

    Raises `UnavailableError` where no private pcscd can run.
    """
    with tempfile.TemporaryDirectory(prefix="kiosk-bench-") as name:
        folder = Path(name)
        try:
            with Stage(folder, Watch()) as ready:
                ready.publish_small()
                yield ready, folder
        except DaemonUnavailableError as error:
            raise UnavailableError(str(error)) from None


def write_config(folder: Path, scanner: Path, reader: str = "") -> Path:
    """A configuration file for a kiosk on the stage in `folder`."""
    path = folder / f"{scanner.name}.toml"
    path.write_text(
        f'[reader]\nname = "{reader}"\n[scanner]\nport = "{scanner}"\n'
        f'[register]\ndir = "{folder / "register"}"\nkey_file = "{folder / "register.key"}"\n',
        encoding="utf-8",
    )
    return path


@contextmanager
def process(
    *command: str | Path,
    stdout: int = subprocess.DEVNULL,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """A process of ours that ends with the block: SIGTERM, then SIGKILL."""
    with (
        Path(log or os.devnull).open("w", encoding="utf-8") as errors,
        subprocess.Popen(
            [os.fspath(word) for word in command],
            cwd=ROOT,
            stdout=stdout,
            stderr=errors,
            text=True,
            env={**os.environ, **(env or {})},
        ) as child,
    ):
        try:
            yield child
        finally:
            child.terminate()
            try:
                child.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()


@dataclass(frozen=True, slots=True)
class Told:
    """A line of `telling_kiosk`."""

    kind: str
    """`frame`, `event` or `turn`."""
    name: str
    at: float
    """Monotonic seconds; of a turn, how many it took."""
    place: int
    """Its number, from 0: `place + 1` is the `since` of what follows."""


class Telling:
    """What the kiosk told so far; a thread of its own listens until the kiosk ends."""

    def __init__(self, child: subprocess.Popen[str]) -> None:
        """Listen to `child`."""
        self.pid = child.pid
        self._changed = threading.Condition()
        self._told: list[Told] = []
        self._ended = False
        assert child.stdout is not None
        self._thread = threading.Thread(target=self._listen, args=(child.stdout,))
        self._thread.start()

    def join(self) -> None:
        """Wait for the kiosk's last line; it must be ending."""
        self._thread.join(_STOP_SECONDS)

    def _listen(self, stream: IO[str]) -> None:
        for line in stream:
            kind, name, at = json.loads(line)
            with self._changed:
                self._told.append(Told(kind, name, at, len(self._told)))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @property
    def mark(self) -> int:
        """The place after the newest line."""
        with self._changed:
            return len(self._told)

    def since(self, mark: int) -> list[Told]:
        """All lines from `mark` on."""
        with self._changed:
            return self._told[mark:]

    def wait(
        self, kind: str, name: str | tuple[str, ...], since: int, seconds: float = _PATIENCE
    ) -> Told:
        """The first such line from `since` on; of several names, whichever comes.

        Raises `RuntimeError` when it does not come in time or the kiosk has ended.
        """
        at = since
        names = (name,) if isinstance(name, str) else name

        def found() -> Told | None:
            nonlocal at
            while at < len(self._told):
                at += 1
                told = self._told[at - 1]
                if told.kind == kind and told.name in names:
                    return told
            return None

        with self._changed:
            told = self._changed.wait_for(lambda: found() or self._ended, seconds)
            if isinstance(told, Told):
                return told
            seen = ", ".join(f"{one.kind} {one.name}" for one in self._told[since:])
            raise RuntimeError(
                f"the kiosk shows no {kind} {', '.join(names)}, but: {seen or 'nothing'}"
            )


@contextmanager
def telling_kiosk(
    folder: Path,
    scanner: Path,
    *,
    slot: int = 0,
    naive: bool = False,
    turns: bool = False,
    sections: str = "",
    display: str | None = None,
    awake: float | None = None,
) -> Iterator[Telling]:
    """A running `telling_kiosk` on the stage in `folder`, idle and with its devices ready.

    `slot` is the one of the virtual reader's that it serves; `sections` are added to its
    configuration; `turns`: it also tells how long each turn of its main thread took; `display`: it
    has a window there; `awake`: seconds until it sleeps, by a schedule of `sections`.
    """
    config = write_config(folder, scanner, f"Virtual PCD 00 0{slot}")
    with config.open("a", encoding="utf-8") as file:
        file.write(sections)
    module = (sys.executable, "-m", "tests.benchmarks.telling_kiosk")
    chosen = (("--naive", naive), ("--turns", turns), ("--windowed", display is not None))
    options: list[str] = [word for word, on in chosen if on]
    options += [] if awake is None else ["--awake", str(awake)]
    log = folder / f"{scanner.name}.log"
    env = {} if display is None else {"DISPLAY": display, "SDL_VIDEODRIVER": "x11"}
    with process(
        *module, config, folder, *options, stdout=subprocess.PIPE, log=log, env=env
    ) as child:
        telling = Telling(child)
        try:
            telling.wait("frame", "idle" if awake is None else "dark", 0)
            yield telling
        finally:
            child.terminate()
            telling.join()


def wait_until(condition: Callable[[], bool], what: str, *, pause: float = 0.001) -> None:
    """Poll until `condition` holds; raises `RuntimeError` after some seconds."""
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {_PATIENCE:g} s in vain for {what}")
        time.sleep(pause)


@dataclass(frozen=True, slots=True)
class Use:
    """What a process has used since it began."""

    cpu_s: float
    wakeups: int
    """Voluntary and involuntary context switches of its living threads."""
    at: float

    def per_second(self, later: Use) -> tuple[float, float]:
        """CPU seconds and wake-ups a second between this and `later`."""
        seconds = later.at - self.at
        return (later.cpu_s - self.cpu_s) / seconds, (later.wakeups - self.wakeups) / seconds


def use_of(pid: int) -> Use:
    """Read `Use` of a process of ours (proc(5), clock_getcpuclockid(3))."""
    switches = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        switches += sum(_fields(status, "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"))
    # The process's CPU clock: finer than the hundredths of a second in /proc/PID/stat.
    cpu = time.clock_gettime(~pid << 3 | 2)
    return Use(cpu, switches, time.monotonic())


def rss_of(pid: int) -> float:
    """Resident memory of a process in MB (VmRSS, proc(5))."""
    return _fields(Path(f"/proc/{pid}/status"), "VmRSS")[0] / 1024


def _fields(status: Path, *names: str) -> list[int]:
    lines = (line.split(":", 1) for line in status.read_text(encoding="ascii").splitlines())
    values = dict(lines)
    return [int(values[name].split()[0]) for name in names]
