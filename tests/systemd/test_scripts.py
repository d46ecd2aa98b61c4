"""The scripts: what installs, what builds a release, what switches a port."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from kiosk.software.links import locked

if TYPE_CHECKING:
    from collections.abc import Callable

SYSTEMD: Final = Path(__file__).parents[2] / "systemd"
SCRIPTS: Final = (
    "systemd/install.sh",
    "systemd/libexec/usb-cycle",
    ".ci/release",
    ".ci/release-foreign",
    ".ci/setup",
    ".ci/test-arm64",
)


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_clean(name: str) -> None:
    done = subprocess.run(
        ["shellcheck", "--external-sources", name],
        cwd=SYSTEMD.parent,
        check=False,
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("port", "switch"),
    [
        ("1-1.4", "1-1:1.0/1-1-port4"),
        ("1-2", "1-0:1.0/usb1-port2"),
        ("3-1.2.7", "3-1.2:1.0/3-1.2-port7"),
    ],
)
def test_the_right_port_loses_power(tmp_path: Path, port: str, switch: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/reader").write_text(f"{port}\n")
    place = tmp_path / "sys" / switch
    place.mkdir(parents=True)
    log = tmp_path / "log"
    (place / "disable").touch()
    done = usb_cycle(tmp_path, "reader", log)
    assert done.returncode == 0, done.stderr
    assert (place / "disable").read_text() == "0\n"
    assert log.read_text() == "slept 1\n", "it was off while two seconds passed"


@pytest.mark.parametrize("port", ["", "1-1.4;reboot", "../../x", "1", "1-", "-1", "1-1-1", "1-1."])
def test_other_ports_are_left_alone(tmp_path: Path, port: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/reader").write_text(f"{port}\n")
    assert usb_cycle(tmp_path, "reader", tmp_path / "log").returncode == 1
    assert usb_cycle(tmp_path, "scanner", tmp_path / "log").returncode == 1
    assert usb_cycle(tmp_path, "../run/reader", tmp_path / "log").returncode == 2


def usb_cycle(folder: Path, device: str, log: Path) -> subprocess.CompletedProcess[str]:
    """Run the script on a copy of what it reads; the two seconds pass at once, and are noted."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    sleep = tools / "sleep"
    sleep.write_text(f'#!/bin/sh\necho "slept $(cat {folder}/sys/*/*/disable)" >> {log}\n')
    sleep.chmod(0o755)
    for name in ("sh", "cat"):
        (tools / name).unlink(missing_ok=True)
        (tools / name).symlink_to(f"/bin/{name}")
    return subprocess.run(
        ["/bin/sh", str(SYSTEMD / "libexec/usb-cycle"), device],
        check=False,
        text=True,
        capture_output=True,
        timeout=30,
        env={
            "PATH": str(tools),
            "OMS_USB": str(folder / "run"),
            "OMS_SYSFS": str(folder / "sys"),
        },
    )


# Bundles that are none -------------------------------------------------------------------------


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A folder that looks like a bundle."""
    folder = tmp_path / "bundle"
    (folder / "wheels").mkdir(parents=True)
    for name, content in {"VERSION": "0.1.0\n", "ARCH": "riscv64\n", "wheels/a.whl": "x"}.items():
        (folder / name).write_text(content)
    listed(folder)
    return folder


def listed(folder: Path) -> None:
    """Write the list of all its files."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n"
        for path in files
        if path.name != "SHA256SUMS"
    ]
    (folder / "SHA256SUMS").write_text("".join(lines))


def changed(folder: Path) -> None:
    (folder / "wheels/a.whl").write_text("y")


def added(folder: Path) -> None:
    (folder / "wheels/b.whl").write_text("y")


def missing(folder: Path) -> None:
    (folder / "wheels/a.whl").unlink()


def linked(folder: Path) -> None:
    (folder / "wheels/b.whl").symlink_to("/etc/shadow")


def versioned(folder: Path) -> None:
    (folder / "VERSION").write_text("../../etc\n")
    listed(folder)


def unlisted(folder: Path) -> None:
    (folder / "SHA256SUMS").unlink()


@pytest.mark.skipif(os.getuid() != 0, reason="only root may install")
@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (changed, "the bundle is damaged"),
        (added, "the bundle holds files that are not listed"),
        (missing, "the bundle is damaged"),
        (linked, "the bundle holds links or devices"),
        (versioned, "the bundle has no proper version"),
        (unlisted, "SHA256SUMS is missing"),
    ],
)
def test_what_is_no_bundle_changes_nothing(
    tmp_path: Path, bundle: Path, harm: Callable[[Path], None], words: str
) -> None:
    harm(bundle)
    root = tmp_path / "root"
    # Something to be seen there, so that no other /proc is mounted.
    (root / "proc/self").mkdir(parents=True)
    packed = tmp_path / "packed.tar.gz"
    subprocess.run(["tar", "-C", str(tmp_path), "-czf", str(packed), "bundle"], check=True)
    for way in (bundle, packed):
        done = subprocess.run(
            [str(SYSTEMD / "install.sh"), "--bundle", str(way), "--root", str(root)],
            check=False,
            text=True,
            capture_output=True,
            timeout=30,
        )
        assert done.returncode == 1
        assert words in done.stderr
        left = [path for path in root.rglob("*") if not path.is_dir()]
        assert left == [root / "opt/oms-kiosk/.lock"]
        assert {path.name for path in (root / "opt/oms-kiosk").iterdir()} == {".lock", "releases"}


@pytest.mark.skipif(os.getuid() != 0, reason="only root may install")
def test_what_the_power_left_of_an_earlier_run_goes(tmp_path: Path, bundle: Path) -> None:
    base = _emptied(tmp_path)
    for name in (".incoming.a1", ".kept.a1", "releases/.new-0.1.0"):
        (base / name).mkdir(parents=True)
    (base / "releases/0.0.9").mkdir()
    # It was being replaced by one of the same name.
    for name in ("0.1.0", ".old-0.1.0"):
        (base / "releases" / name / name).mkdir(parents=True)
    versioned(bundle)
    assert "no proper version" in _installer(tmp_path, "--bundle", bundle).stderr
    left = {str(path.relative_to(base)) for path in base.rglob("*")}
    whole = {"releases/0.1.0", "releases/0.1.0/.old-0.1.0"}
    assert left == {".lock", "releases", "releases/0.0.9"} | whole


@pytest.mark.skipif(os.getuid() != 0, reason="only root may install")
@pytest.mark.parametrize(
    ("name", "words"),
    [(".lock", "a release is on trial or being changed"), (".update.lock", "an update of the")],
)
def test_nothing_is_removed_while_releases_are_changed(
    tmp_path: Path, name: str, words: str
) -> None:
    base = _emptied(tmp_path)
    (base / "releases/0.1.0").mkdir(parents=True)
    with locked(base, name=name):
        assert words in _installer(tmp_path, "--uninstall").stderr
    assert (base / "releases/0.1.0").is_dir()


@pytest.mark.skipif(os.getuid() != 0, reason="only root may install")
def test_nothing_is_installed_while_a_release_is_on_trial(tmp_path: Path, bundle: Path) -> None:
    base = _emptied(tmp_path)
    with locked(base):
        done = _installer(tmp_path, "--bundle", bundle)
    assert "a release is on trial or being changed" in done.stderr
    assert [path.name for path in base.iterdir() if path.name != "releases"] == [".lock"]


def _emptied(folder: Path) -> Path:
    """Where releases go in a system that holds nothing else."""
    # Something to be seen there, so that no other /proc is mounted.
    (folder / "root/proc/self").mkdir(parents=True)
    base = folder / "root/opt/oms-kiosk"
    base.mkdir(parents=True)
    return base


def _installer(folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(SYSTEMD / "install.sh"), "--root", str(folder / "root"), *map(str, words)]
    done = subprocess.run(command, check=False, text=True, capture_output=True, timeout=30)
    assert done.returncode == 1
    return done
