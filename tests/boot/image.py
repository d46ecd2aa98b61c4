"""The system that machines boot: Debian 12, and the kiosk installed in it by its own script.

Both are folders in a cache, named by a hash of what they are made from, so that a second run makes
neither. What is older than the newest few goes.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT: Final = Path(__file__).parents[2]

SUITE: Final = "bookworm"
PLAIN: Final = (
    *("systemd", "systemd-sysv", "dbus", "udev", "ca-certificates", "iproute2", "procps", "kmod"),
    *("python3", "util-linux", "vsmartcard-vpcd", "libfaketime"),
)
"""What a Debian or Raspberry Pi OS has anyway; the virtual card reader; clocks that are wrong."""

_RUN_SECONDS: Final = 1200.0
"""No run of the tests is longer."""
_KEPT: Final = 3
"""How many images of each kind stay."""
_PROGRAMS: Final = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "nsenter": "util-linux",
    "mount": "mount",
}


class ImageError(AssertionError):
    """An image cannot be made; the message holds the last words of what made it."""


def what_is_missing() -> str:
    """Why no machine can be booted here; empty if one can."""
    if os.geteuid() != 0:
        return "root is needed"
    for program, package in _PROGRAMS.items():
        if shutil.which(program) is None:
            return f"{program} is missing: apt-get install {package}"
    if "\toverlay\n" not in Path("/proc/filesystems").read_text(encoding="ascii"):
        return "the kernel has no overlay file system"
    with tempfile.TemporaryDirectory() as folder:
        probe = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", folder]
        if subprocess.run(probe, capture_output=True, check=False).returncode:
            return "mounting is not allowed here"
    return ""


def cache() -> Path:
    """Where images are kept: `$BOOT_CACHE`, or a folder of the system's cache."""
    folder = Path(os.environ.get("BOOT_CACHE") or "/var/cache/oms-kiosk-boot")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def plain_image() -> Path:
    """A Debian 12 on which nothing of ours was installed.

    Raises:
        ImageError: it cannot be made, most often for want of a network.
    """

    def make(folder: Path) -> None:
        command = ["mmdebstrap", "--variant=minbase", f"--include={','.join(PLAIN)}"]
        command += ["--aptopt=Acquire::Languages none", "--aptopt=APT::Install-Recommends false"]
        for what in ("man", "doc", "locale"):
            command.append(f"--dpkgopt=path-exclude=/usr/share/{what}/*")
        call([*command, SUITE, str(folder)])
        # Every machine is given its own at its first boot.
        (folder / "etc/machine-id").unlink(missing_ok=True)

    return kept("plain", " ".join((SUITE, *PLAIN)), make)


def kept(kind: str, made_from: str, make: Callable[[Path], None]) -> Path:
    """The folder of the cache that `make` makes, or made already from the same.

    Args:
        kind: beginning of its name.
        made_from: all that its content depends on.
        make: fills an empty folder; what it raises leaves nothing behind.
    """
    name = f"{kind}-{hashlib.sha256(made_from.encode()).hexdigest()[:16]}"
    folder = cache() / name
    with _alone():
        if not folder.exists():
            fresh = Path(tempfile.mkdtemp(prefix=f".{kind}-", dir=cache()))
            try:
                fresh.chmod(0o755)
                make(fresh)
                fresh.rename(folder)
            except BaseException:
                shutil.rmtree(fresh, ignore_errors=True)
                raise
        os.utime(folder)
        _tidy(kind)
    return folder


def call(command: list[str], seconds: float = 1200.0) -> None:
    """Run a command that makes something.

    Raises:
        ImageError: it failed.
    """
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise ImageError(f"{command[0]}: {done.returncode}: {said}")


def size_mb(folder: Path) -> float:
    """What a folder takes on the disk (MB)."""
    done = subprocess.run(["du", "-s", "-B1", folder], capture_output=True, text=True, check=True)
    return int(done.stdout.split()[0]) / 1e6


@contextmanager
def _alone() -> Iterator[None]:
    """Two runs at a time must not make, or remove, the same image."""
    with (cache() / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _tidy(kind: str) -> None:
    images = sorted(cache().glob(f"{kind}-*"), key=lambda one: one.stat().st_mtime, reverse=True)
    lately = time.time() - _RUN_SECONDS
    for old in images[_KEPT:]:
        # A younger one may be in use by another run.
        if old.stat().st_mtime < lately:
            shutil.rmtree(old, ignore_errors=True)
