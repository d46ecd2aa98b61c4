"""A kiosk as technicians leave it: `make release`'s bundle, installed by its own script."""

from __future__ import annotations

import functools
import json
import platform
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.boot.image import ROOT, ImageError, cache, call, kept, plain_image
from tests.boot.machine import Machine

_RELEASED: Final = (
    *("drivers", "kiosk", "offline_cache", "ui", "systemd"),
    *("pyproject.toml", "requirements.lock", "LICENSE", "README.md", ".ci/release"),
)
"""What a bundle is made from; a change of tests alone makes no new one."""
_INSTALL_SECONDS: Final = 900.0
_DISK_MB: Final = 4096
_NOTES: Final = ".how-it-was-made.json"
_NAMED: Final = "oms-kiosk-*.tar.gz"

ARCHITECTURE: Final = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), "?")


@functools.cache  # a commit meanwhile is for the next run
def bundle(version: str = "") -> Path:
    """The bundle (tar.gz) of the last commit, under its own version or another one.

    Raises:
        ImageError: it cannot be made.
    """
    words = [".ci/release", *(("--version", version) if version else ())]

    def make(folder: Path) -> None:
        call([str(ROOT / words[0]), *words[1:], "--out", str(folder)])
        if not list(folder.glob(_NAMED)):
            raise ImageError(f"{words[0]} left no {_NAMED}")

    folder = kept("bundle", f"{_sources()} {version} {ARCHITECTURE}", make)
    return next(folder.glob(_NAMED))


@functools.cache
def layers() -> tuple[Path, Path]:
    """The installed system: layers for a machine, the uppermost first.

    Raises:
        ImageError: it cannot be made, or the install script failed.
    """
    plain, packed = plain_image(), bundle()

    def make(folder: Path) -> None:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="oms-install-") as scratch:
            _install(Machine([plain], Path(scratch) / "m", disk_mb=_DISK_MB), packed, folder)
        notes = {"install_seconds": round(time.monotonic() - began, 1)}
        (folder / _NOTES).write_text(json.dumps(notes), encoding="ascii")

    return kept("installed", f"{plain.name} {packed.parent.name}", make), plain


def notes(layer: Path) -> dict[str, float]:
    """How long the installing of a layer took (`install_seconds`)."""
    found: dict[str, float] = json.loads((layer / _NOTES).read_text(encoding="ascii"))
    return found


def unpack(machine: Machine, packed: Path) -> str:
    """Lay a bundle out in a running machine, as a technician does; its folder there."""
    machine.path(f"/root/{packed.name}").write_bytes(packed.read_bytes())
    machine.run("tar", "-C", "/root", "-xf", f"/root/{packed.name}")
    machine.path(f"/root/{packed.name}").unlink()
    return f"/root/{packed.name.removesuffix('.tar.gz')}"


def _install(machine: Machine, packed: Path, folder: Path) -> None:
    # Debian's packages are fetched once for all images.
    archives = cache() / "archives"
    (archives / "partial").mkdir(parents=True, exist_ok=True)
    machine.binds = (f"{archives}:/var/cache/apt/archives",)
    with machine:
        place = unpack(machine, packed)
        machine.run(f"{place}/install.sh", seconds=_INSTALL_SECONDS)
        machine.run("rm", "-rf", place)
        machine.run("sh", "-c", "rm -rf /var/lib/apt/lists/* /var/log/journal/* /tmp/*")
        machine.shut_down()
        # The first boot of every machine gives it an identity of its own.
        machine.path("/etc/machine-id").unlink(missing_ok=True)
        call(["cp", "--archive", f"{machine.written}/.", str(folder)])


def _sources() -> str:
    """A word that changes with anything that a bundle is made from, as last committed."""
    git = shutil.which("git")
    if git is None:
        raise FileNotFoundError("git is missing: apt-get install git")
    done = subprocess.run(
        [git, "ls-tree", "HEAD", *_RELEASED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout
