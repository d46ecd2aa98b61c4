"""A release made of real wheels by the real pip, and the program that needs none."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from kiosk.software import standalone
from kiosk.software.build import PYTHON, build, check_bundle
from kiosk.software.choice import this_arch
from kiosk.software.errors import BuildError, BundleError
from kiosk.software.links import Phase, linked, point, read_state, write_state
from kiosk.software.standalone import write
from kiosk.software.unpack import unpack
from tests.kiosk.software.releases import FIRST, SECOND, install

SYSTEMD: Final = Path(__file__).parents[3] / "systemd"
_PIP: Final = Path("/usr/share/python-wheels")
"""Where Debian's python3-venv has it; a real bundle brings its own."""
pytestmark = pytest.mark.skipif(
    not Path(PYTHON).exists() or not [*_PIP.glob("pip-*.whl")],
    reason="the system's Python, or its pip, is not here",
)

_CLI: Final = """
import sys
import kiosk
def main():
    print("kiosk", kiosk.__version__, " ".join(sys.argv[1:]))
"""
_SYSTEMCTL: Final = """#!/bin/sh
echo "$*" >> "$LOG"
case "$*" in
*LoadState*) for name in "$@"; do printf 'Id=%s\nLoadState=loaded\n\n' "$name"; done;;
*ActiveState*) printf 'ActiveState=active\\nMainPID=1\\nNRestarts=0\\n';;
*restart*) [ "$(readlink "$OPT/current")" != "releases/$FAILING" ];;
esac
"""


def make_wheel(folder: Path, version: str) -> Path:
    """A wheel of a program called kiosk that can say its version."""
    info = f"oms_kiosk-{version}.dist-info"
    content = {
        "kiosk/__init__.py": f'__version__ = "{version}"\n',
        "kiosk/cli.py": _CLI,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: oms-kiosk\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\nkiosk = kiosk.cli:main\n",
    }
    digests = {
        name: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        for name, text in content.items()
    }
    lines = [f"{name},sha256={digests[name]},{len(text)}" for name, text in content.items()]
    content[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,", ""])
    path = folder / f"oms_kiosk-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in content.items():
            archive.writestr(name, text)
    return path


def unpacked(staged: Path, version: str = SECOND, *, called: str | None = None) -> Path:
    """What a bundle of one wheel looks like, unpacked; the wheel."""
    (staged / "wheels").mkdir(parents=True)
    wheel = make_wheel(staged / "wheels", called or version)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (staged / "requirements.txt").write_text(
        f"oms-kiosk=={called or version} --hash=sha256:{digest}\n", "utf-8"
    )
    pip = next(_PIP.glob("pip-*.whl"))
    shutil.copy(pip, staged / "wheels" / pip.name)
    (staged / "PYTHON").write_text("{}.{}\n".format(*sys.version_info), "utf-8")
    (staged / "install.sh").write_text("#!/bin/sh\n", "utf-8")
    (staged / "VERSION").write_text(f"{version}\n", "utf-8")
    (staged / "ARCH").write_text("amd64\n", "utf-8")
    shutil.copytree(SYSTEMD / "units", staged / "systemd" / "units")
    shutil.copytree(SYSTEMD / "libexec", staged / "systemd" / "libexec")
    return wheel


def test_a_release_runs_where_it_was_moved_to(tmp_path: Path) -> None:
    install(tmp_path, FIRST)
    final = tmp_path / "releases" / SECOND
    staged = tmp_path / "releases" / f"{SECOND}.new"
    unpacked(staged)
    check_bundle(staged, SECOND, "amd64")
    build(staged, final)
    staged.rename(final)
    point(tmp_path, "current", SECOND)
    script = tmp_path / "current" / "venv" / "bin" / "kiosk"
    # The program holds on to its own release, whatever `current` leads to while it runs.
    assert script.read_text("utf-8").splitlines()[0] == f"#!{final}/venv/bin/python"
    done = subprocess.run([script, "doctor"], check=True, capture_output=True, text=True, env={})
    assert done.stdout == f"kiosk {SECOND} doctor\n"
    assert sorted(path.name for path in final.iterdir()) == [
        *("ARCH", "PYTHON", "VERSION", "requirements.txt", "systemd", "venv")
    ]
    ours = [*(final / "venv" / "bin").iterdir(), *(final / "venv").rglob("kiosk/**/*")]
    assert not [path for path in ours if path.is_file() and b".new/" in path.read_bytes()]
    compiled = list((final / "venv").rglob("kiosk/__pycache__/cli.*.pyc"))
    assert len(compiled) == 1
    assert str(final).encode() in compiled[0].read_bytes()


def test_wheels_that_are_not_the_ones_that_were_listed(tmp_path: Path) -> None:
    staged = tmp_path / f"{SECOND}.new"
    wheel = unpacked(staged)
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("kiosk/more.py", "")
    with pytest.raises(BuildError, match="wheels could not be installed"):
        build(staged, tmp_path / SECOND)


def test_a_release_for_another_python(tmp_path: Path) -> None:
    staged = tmp_path / f"{SECOND}.new"
    unpacked(staged)
    (staged / "PYTHON").write_text("3.99\n", "utf-8")
    with pytest.raises(BuildError, match="made for another Python"):
        build(staged, tmp_path / SECOND)


def test_a_release_that_is_another_one(tmp_path: Path) -> None:
    staged = tmp_path / f"{SECOND}.new"
    unpacked(staged, called="9.9.9")
    with pytest.raises(BuildError, match=r"calls itself '9\.9\.9'"):
        build(staged, tmp_path / SECOND)


@pytest.mark.parametrize(
    "name",
    [
        *("VERSION", "ARCH", "requirements.txt", "wheels", "systemd/libexec/units-generator"),
        *("systemd", "systemd/units/kiosk.service", "systemd/units/kiosk-rollback.service"),
        "systemd/units/kiosk-software-update.timer",
    ],
)
def test_a_bundle_that_lacks_something(tmp_path: Path, name: str) -> None:
    unpacked(tmp_path)
    (tmp_path / name).rename(tmp_path / "elsewhere")
    with pytest.raises(BundleError):
        check_bundle(tmp_path, SECOND, "amd64")


@pytest.mark.parametrize("failing", [SECOND, "none"])
def test_the_program_outside_of_all_releases(tmp_path: Path, failing: str) -> None:
    """With systemd's part played by a script; the units themselves are tested by booting."""
    install(tmp_path, FIRST)
    install(tmp_path, SECOND)
    point(tmp_path, "current", FIRST)
    state = replace(read_state(tmp_path), phase=Phase.STAGED, version=SECOND, trial_seconds=1)
    write_state(tmp_path, state)
    program, tools = tmp_path / "rollback", tmp_path / "tools"
    write(program)
    tools.mkdir()
    (tools / "systemctl").write_text(_SYSTEMCTL, "utf-8")
    for release in (FIRST, SECOND):
        (tmp_path / "releases" / release / "venv" / "bin" / "kiosk").chmod(0o755)
    (tools / "systemctl").chmod(0o755)
    surroundings = {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "LOG": str(tmp_path / "log"),
        "OPT": str(tmp_path),
        "FAILING": failing,
        # Nothing of a release, nor of this tree, may be needed.
        "PYTHONPATH": "/nonexistent",
    }
    done = subprocess.run(
        [program, "trial", tmp_path], check=False, capture_output=True, text=True, env=surroundings,
        cwd="/", timeout=50,
    )  # fmt: skip
    assert done.stderr == ""
    left = failing == SECOND
    assert done.returncode == int(left), done.stdout
    assert linked(tmp_path, "current") == (FIRST if left else SECOND)
    assert read_state(tmp_path).bad == ((SECOND,) if left else ())
    calls = (tmp_path / "log").read_text("utf-8").splitlines()
    assert ("kill --signal=SIGKILL kiosk.service" in calls) == left
    again = subprocess.run([program, "settle", tmp_path], check=False, env=surroundings)
    assert again.returncode == 0


def test_the_program_is_written_whatever_the_clock_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A zip has no times before 1980."""
    for name in standalone.MODULES:
        shutil.copy(Path(standalone.__file__).with_name(name), tmp_path / name)
        os.utime(tmp_path / name, (0, 0))
    monkeypatch.setattr(standalone, "__file__", str(tmp_path / "standalone.py"))
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(0))
    write(tmp_path / "rollback")
    done = subprocess.run([tmp_path / "rollback"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr[:6]) == (2, "usage:")


def test_what_make_release_has_made(tmp_path: Path) -> None:
    """The real thing, where `make release` was run; boot tests always have one."""
    root = Path(__file__).parents[3]
    arch = this_arch()
    bundles = sorted((root / "dist").glob(f"oms-kiosk-*-{arch}.tar.gz"))
    if not bundles:
        pytest.skip("there is no bundle in dist/: run make release")
    top = bundles[-1].name.removesuffix(".tar.gz")
    version = top.split("-")[2]
    staged, final = tmp_path / f"{version}.new", tmp_path / version
    staged.mkdir()
    unpack(bundles[-1], staged, top)
    check_bundle(staged, version, arch)
    build(staged, final)
    staged.rename(final)
    script = final / "venv" / "bin" / "kiosk"
    done = subprocess.run([script, "--version"], check=True, capture_output=True, text=True, env={})
    assert done.stdout == f"kiosk, version {version}\n"
