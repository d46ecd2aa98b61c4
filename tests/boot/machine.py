"""A booted machine: systemd as process 1 over layers of folders, by systemd-nspawn.

What a machine writes goes to a disk of its own in memory, over the layers, which stay as they are:
a boot costs a third of a second and no copy. It shares this machine's network (its card slots and
the fund's servers are on 127.0.0.1) and its clock. There is no machine manager: commands run in it
by entering its namespaces, and its files are read through `/proc`.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from tests.boot.waiting import TooLateError, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_BOOT_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 40.0
_RUN_SECONDS: Final = 60.0
_HALT: Final = signal.SIGRTMIN + 4
"""To systemd as process 1: power off."""
_ENVIRONMENT: Final = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/root",
}
_CGROUPS: Final = tuple(Path("/sys/fs/cgroup") / name for name in (".", "unified", "systemd"))
"""Where the hierarchies of version 2, or of both versions side by side, are found."""


_EVERYDAY: Final = re.compile(
    r"was skipped because|Reached target|Listening on|\.timer - |loopback"
)
"""Lines of a journal in which nobody finds a fault."""


class CommandError(AssertionError):
    """A command in the machine failed; the message holds its last words."""


class Machine:
    """One machine, off until `boot`. Usable as a context manager, which boots and removes it."""

    def __init__(self, layers: Sequence[Path], folder: Path, *, disk_mb: int = 512) -> None:
        """Put the disk together; nothing runs yet.

        Args:
            layers: folders that hold the system, the uppermost first; they are not written to.
            folder: a folder of this machine's own, which need not exist.
            disk_mb: room on the disk, above the layers (MiB).
        """
        self._folder = folder
        self.binds: Sequence[str] = ()
        """Folders that it sees from its next boot on, as `--bind` of systemd-nspawn has them."""
        self.read_only = False
        """Whether its disk takes nothing from its next boot on: a card that has gone bad."""
        self._name = f"oms-boot-{os.getpid()}-{folder.name}"
        self._process: subprocess.Popen[bytes] | None = None
        self._leader = 0
        self.log = folder / "console.log"
        """What it said on its console, in all its boots."""
        self.booted_at = 0.0
        """Monotonic time at which it was switched on."""
        disk = folder / "disk"
        self._tree = disk / "tree"
        self.written = disk / "upper"
        """What it wrote over its layers."""
        disk.mkdir(parents=True)
        _mount("-t", "tmpfs", "-o", f"size={disk_mb}m,mode=755", "tmpfs", disk)
        try:
            for name in ("upper", "work", "tree"):
                (disk / name).mkdir()
            lower = ":".join(map(str, layers))
            parts = f"lowerdir={lower},upperdir={self.written},workdir={disk / 'work'}"
            _mount("-t", "overlay", "-o", parts, "overlay", self._tree)
        except BaseException:
            self.remove()
            raise

    def __enter__(self) -> Self:
        """The machine, booted."""
        try:
            self.boot()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Cut the power and throw the disk away."""
        self.remove()

    # Power

    def boot(self) -> None:
        """Switch it on and wait until systemd has started all that belongs to a boot.

        Raises:
            TooLateError: it does not come up; the console's last words are in the message.
        """
        self.switch_on()
        done = self.run("systemctl", "is-system-running", "--wait", check=False, seconds=90)
        state = done.stdout.strip()
        if state not in {"running", "degraded"}:
            raise CommandError(f"state after the boot: {state}\n{self.last_words()}")

    def switch_on(self) -> None:
        """Switch it on and wait until commands can be run in it, early in the boot.

        Raises:
            TooLateError: it does not come up; the console's last words are in the message.
        """
        if not (self._tree / "etc/machine-id").exists():
            (self._tree / "etc/machine-id").write_text("", encoding="ascii")
        _mount("-o", f"remount,{'ro' if self.read_only else 'rw'}", self._tree)
        self.booted_at = time.monotonic()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        until("a first process in the machine", self._find_leader, _BOOT_SECONDS)
        until("systemd's socket", self.path("/run/systemd/private").exists, _BOOT_SECONDS)

    def shut_down(self) -> float:
        """Shut it down in order; how long that took (seconds).

        Raises:
            TooLateError: it does not go down.
        """
        process = self._running()
        began = time.monotonic()
        os.kill(self._leader, _HALT)
        until("the end of the machine", lambda: process.poll() is not None, _STOP_SECONDS)
        self._forget()
        return time.monotonic() - began

    def cut_power(self) -> None:
        """End everything in it at once; its disk stays as it is."""
        if self._process is None:
            return
        for pid in (self._leader, self._process.pid):
            with contextlib.suppress(ProcessLookupError):
                if pid:
                    os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._forget()

    def remove(self) -> None:
        """Cut the power and throw the disk away."""
        self.cut_power()
        for mount in (self._tree, self._folder / "disk"):
            subprocess.run(["umount", "--lazy", mount], capture_output=True, check=False)
        shutil.rmtree(self._folder, ignore_errors=True)

    # What happens in it

    def run(
        self, *words: str | Path, check: bool = True, seconds: float = _RUN_SECONDS, text: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in it, as root; `text` is its input.

        Raises:
            CommandError: it failed, and `check` is set.
            TooLateError: the machine is off.
            subprocess.TimeoutExpired: it took longer than `seconds`.
        """
        self._running()
        # Its clock is this machine's, which nothing that is run there may set.
        enter = ["setpriv", "--bounding-set=-sys_time", "nsenter", "--target", str(self._leader)]
        enter += ["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd"]
        done = subprocess.run(
            [*enter, "--", *map(str, words)],
            input=text,
            capture_output=True,
            text=True,
            timeout=seconds,
            env=_ENVIRONMENT,
            check=False,
        )
        if check and done.returncode:
            said = (done.stderr.strip() or done.stdout.strip())[-2000:]
            raise CommandError(f"{' '.join(map(str, words))}: {done.returncode}: {said}")
        return done

    def path(self, name: str | Path) -> Path:
        """Where a file of it is for this process; while it is off, only what is on its disk."""
        root = Path(f"/proc/{self._leader}/root") if self._leader else self._tree
        return root / str(name).lstrip("/")

    def host_pid(self, pid: int) -> int | None:
        """The number by which this machine knows a process of that one; None: there is none."""
        namespace = Path(f"/proc/{self._leader}/ns/pid").readlink()
        for status in Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):
                lines = status.read_text(encoding="ascii", errors="replace").splitlines()
                numbers = next(line for line in lines if line.startswith("NSpid")).split()
                here = (status.parent / "ns/pid").readlink() == namespace
                if here and int(numbers[-1]) == pid:
                    return int(numbers[1])
        return None

    def journal(self, *options: str) -> str:
        """The journal's lines, or those that `options` of journalctl choose."""
        return self.run("journalctl", "--no-pager", "--quiet", *options).stdout

    def last_words(self) -> str:
        """The end of its journal, or of its console: for people who look for a fault."""
        with contextlib.suppress(CommandError, subprocess.TimeoutExpired):
            lines = self.journal("--boot", "--output=short-monotonic").splitlines()
            shown = [line for line in lines if not _EVERYDAY.search(line)][-40:]
            return "\n".join([*shown, self.run("systemctl", "list-jobs").stdout])
        if not self.log.exists():
            return "it was never switched on"
        return self.log.read_text(encoding="utf-8", errors="replace")[-1500:]

    def unit(self, name: str, about: str, *options: str) -> str:
        """What systemd says of a unit's property, as `systemctl show --value` prints it."""
        words = ("systemctl", "show", *options, "--value", "--property", about, name)
        return self.run(*words).stdout.strip()

    def main_pid(self, name: str) -> int:
        """The main process of a service, by its number in the machine; 0: it has none."""
        return int(self.unit(name, "MainPID") or 0)

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """Not a byte is free on its disk meanwhile."""
        # Beside the tree: nothing in the machine can remove it.
        filler = self._folder / "disk" / "filler"
        try:
            with filler.open("wb", buffering=0) as file:
                for size in (1 << 20, 1 << 12):
                    with contextlib.suppress(OSError):
                        while file.write(bytes(size)) == size:
                            pass
            yield
        finally:
            filler.unlink()

    # Inside

    def _command(self) -> list[str]:
        nspawn = ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--console=pipe"]
        nspawn += [f"--machine={self._name}", f"--directory={self._tree}"]
        nspawn += ["--link-journal=no", "--timezone=off", "--resolv-conf=copy-host"]
        nspawn += ["--drop-capability=CAP_SYS_TIME"]
        nspawn += [f"--bind={bind}" for bind in self.binds]
        if Path("/run/systemd/system").exists():
            return nspawn
        # Nobody here gives the machine a control group, so it goes into one that we make.
        folders = [str(folder) for folder in self._cgroups() if _make(folder)]
        into = 'for folder in $1; do echo 0 > "$folder/cgroup.procs"; done; shift; exec "$@"'
        return ["sh", "-c", into, "sh", " ".join(folders), *nspawn, "--keep-unit"]

    def _cgroups(self) -> list[Path]:
        return [root / self._name for root in _CGROUPS if (root / "cgroup.procs").exists()]

    def _find_leader(self) -> bool:
        process = self._running()
        if process.poll() is not None:
            raise CommandError(f"systemd-nspawn ended: {self.last_words()}")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        for child in children.read_text(encoding="ascii").split():
            with contextlib.suppress(OSError):
                status = Path(f"/proc/{child}/status").read_text(encoding="ascii")
                if "Name:\tsystemd\n" in status and f"NSpid:\t{child}\t1\n" in status:
                    self._leader = int(child)
                    return True
        return False

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise CommandError("the machine is off")
        return self._process

    def _forget(self) -> None:
        self._process, self._leader = None, 0
        if Path("/run/systemd/system").exists():
            return
        for root in self._cgroups():
            with contextlib.suppress(TooLateError):
                until("the end of all processes", partial(_unmade, root), 5.0)


def _mount(*words: str | Path) -> None:
    done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"mount: {done.stderr.strip()}")


def _make(folder: Path) -> bool:
    folder.mkdir(exist_ok=True)
    return True


def _unmade(root: Path) -> bool:
    for folder, _, _ in os.walk(root, topdown=False):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()
    return not root.exists()
