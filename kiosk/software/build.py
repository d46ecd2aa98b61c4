"""Makes a release of an unpacked bundle: a virtual environment of its own, from its own wheels.

    VERSION, ARCH      the release's version; amd64 or arm64
    PYTHON             the system's Python that its wheels were made for, such as 3.11
    requirements.txt   every package with its version and the SHA-256 of its wheel
    wheels/            the wheels, pip's among them; nothing is fetched and nothing is compiled
    systemd/           units and rules, which the system finds by way of `current`

The environment is made under a name that ends in `.new` and moved. What it holds of its own place,
the first lines of scripts and the folders in compiled files, is written for the final one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kiosk.software.errors import BuildError, BundleError
from kiosk.software.links import sync
from kiosk.software.units import lacking

if TYPE_CHECKING:
    from collections.abc import Callable

    Builder = Callable[[Path, Path], None]
    """Makes `venv` in the first folder, for a life in the second."""

PYTHON: Final = "/usr/bin/python3"
_SAY_PYTHON: Final = "import sys; print('%d.%d' % sys.version_info[:2])"
_SAY_VERSION: Final = "import kiosk.cli; print(kiosk.__version__)"
_SECONDS: Final = 1200.0
"""For the whole installation; a slow board needs three minutes."""
_CHECK_SECONDS: Final = 60.0
_MAX_SCRIPT: Final = 256 * 1024


def check_bundle(staged: Path, version: str, arch: str) -> None:
    """Hold an unpacked bundle against what was signed about it.

    Raises:
        BundleError: it says something else of itself, or is not complete.
    """
    for name, wanted in (("VERSION", version), ("ARCH", arch)):
        if _line(staged / name) != wanted:
            raise BundleError(f"the bundle's {name} is not what was signed: {wanted}")
    if not (staged / "requirements.txt").is_file() or not (staged / "wheels").is_dir():
        raise BundleError("the bundle holds no requirements.txt, or no wheels")
    if missing := lacking(staged):
        raise BundleError(f"the bundle holds no {missing[0]}")


def build(staged: Path, final: Path) -> None:
    """Make the environment of a release in `staged`, to be moved to `final`.

    Raises:
        BuildError: pip could not install the wheels, or what it made does not start.
        OSError: the disk failed.
    """
    venv = staged / "venv"
    python = str(venv / "bin" / "python")
    ours = _run([PYTHON, "-I", "-c", _SAY_PYTHON], "the system's Python does not start").strip()
    if _line(staged / "PYTHON") != ours:
        raise BuildError(f"release {final.name}: made for another Python than {ours}")
    _run([PYTHON, "-I", "-m", "venv", "--without-pip", str(venv)], "no environment could be made")
    wheels = staged / "wheels"
    pip = next(wheels.glob("pip-*.whl"), wheels / "pip.whl") / "pip"
    _run(
        [
            *(python, str(pip), "--isolated", "--quiet", "--disable-pip-version-check", "install"),
            *(
                "--no-index",
                "--no-deps",
                "--no-compile",
                "--no-cache-dir",
                "--only-binary",
                ":all:",
            ),
            *("--require-hashes", "--find-links", str(wheels)),
            *("--requirement", str(staged / "requirements.txt")),
        ],
        "its wheels could not be installed",
    )
    _settle_scripts(venv / "bin", str(staged), str(final))
    compiled = [python, "-I", "-m", "compileall", "-q", "-s", str(staged), "-p", str(final)]
    _run([*compiled, str(venv / "lib")], "it could not be compiled", strict=False)
    said = _run([python, "-I", "-c", _SAY_VERSION], "it does not start", seconds=_CHECK_SECONDS)
    if said.strip() != final.name:
        raise BuildError(f"release {final.name}: it calls itself {said.strip()[:40]!r}")
    shutil.rmtree(wheels)
    if (staged / "install.sh").is_file():
        (staged / "systemd").mkdir(exist_ok=True)
        (staged / "install.sh").rename(staged / "systemd" / "install.sh")


def sync_tree(folder: Path) -> None:
    """Wait until all of a folder is on the disk.

    Raises:
        OSError: the disk did not take it.
    """
    # Everything in one go; what failed of it is only told file by file.
    os.sync()
    for at, _folders, files in os.walk(folder):
        for name in files:
            path = Path(at, name)
            if not path.is_symlink():
                sync(path)
        sync(Path(at))


def _settle_scripts(folder: Path, staged: str, final: str) -> None:
    for path in folder.iterdir():
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _MAX_SCRIPT:
            continue
        content = path.read_bytes()
        settled = content.replace(staged.encode(), final.encode())
        if settled != content:
            path.write_bytes(settled)


def _line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(64).decode("ascii", "replace").strip()
    except OSError:
        return ""


def _run(command: list[str], what: str, *, seconds: float = _SECONDS, strict: bool = True) -> str:
    """Run a step, with nothing of this process's surroundings; what it printed."""
    clean = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent"}
    if "TMPDIR" in os.environ:
        clean["TMPDIR"] = os.environ["TMPDIR"]
    try:
        done = subprocess.run(
            command,
            env=clean,
            timeout=seconds,
            check=False,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            umask=0o022,
        )
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"the release: {what}: not done within {seconds:.0f} s") from error
    if strict and done.returncode != 0:
        words = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()
        raise BuildError(f"the release: {what}: {words[-1][:200]}")
    return done.stdout
