"""Disks that are full, read-only, gone or somebody else's: each made for real."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kiosk.config import Config
from kiosk.config_sections import JournalSection, MetricsSection, RegisterSection
from kiosk.doctor.disks import look_at_disks, write_probe
from kiosk.doctor.machine import Machine
from kiosk.doctor.mounts import mount_of
from kiosk.exits import Exit
from tests.kiosk.doctor.looking import as_nobody, codes_of, looked, made, run_doctor, words

if TYPE_CHECKING:
    from collections.abc import Iterator

SPARE = "mount -t tmpfs -o size=512k tmpfs {0} && head -c 4000000 /dev/zero > {0}/rubbish; true"
READ_ONLY = "mount -t tmpfs -o ro tmpfs {0}"
BOUND = "mount --bind {0} {0} && mount -o remount,bind,ro {0}"


def config_of(folder: Path) -> Config:
    return Config(journal=JournalSection(dir=folder, key_file=folder / "key"))


def written(folder: Path) -> Path:
    """A configuration file whose journal lies in `folder`."""
    path = folder.parent / "kiosk.toml"
    path.write_text(f'[journal]\ndir = "{folder}"\nkey_file = "key.pem"\n', encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("fault", "code"), [(SPARE, "disk-full"), (READ_ONLY, "disk-read-only"), (BOUND, "disk-closed")]
)
def test_a_disk_that_takes_nothing(tmp_path: Path, fault: str, code: str) -> None:
    folder = tmp_path / "journal"
    folder.mkdir()
    options = ("--after-update", "--config", str(written(folder)))
    exit_code, said = run_doctor(*options, before=fault.format(folder))
    assert codes_of(said)["disk of journal"] == code
    assert (exit_code, said["state"]) == (Exit.DEVICE, "failed")


def test_a_disk_that_takes_what_is_written(tmp_path: Path) -> None:
    assert looked(look_at_disks, config_of(tmp_path)) == {"disk of journal": "ok"}
    assert "what is written is kept" in words(look_at_disks, config_of(tmp_path))
    assert not list(tmp_path.iterdir())


def test_no_folder_no_disk() -> None:
    assert looked(look_at_disks) == {"disk": "not-applicable"}


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    gone = config_of(tmp_path / "gone" / "journal")
    assert looked(look_at_disks, gone) == {"disk of journal": "folder-missing"}
    to_come = config_of(tmp_path / "journal")
    assert looked(look_at_disks, to_come) == {"disk of journal": "ok"}
    metrics = Config(metrics=MetricsSection(file=tmp_path / "gone" / "x"))
    assert looked(look_at_disks, metrics) == {"disk of metrics": "not-applicable"}
    (tmp_path / "file").write_text("", encoding="ascii")
    below = config_of(tmp_path / "file" / "journal")
    assert looked(look_at_disks, below) == {"disk of journal": "disk-fault"}


@pytest.fixture
def in_the_open() -> Iterator[Path]:
    """A folder that everybody can reach, unlike those of pytest's."""
    folder = Path(tempfile.mkdtemp(prefix="kiosk-doctor-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_folder_of_somebody_else(in_the_open: Path) -> None:
    both = Config(
        register=RegisterSection(dir=in_the_open, key_file=in_the_open / "key"),
        journal=JournalSection(dir=in_the_open, key_file=in_the_open / "key"),
    )
    found: dict[str, str] = as_nobody(lambda: looked(look_at_disks, both))
    assert found == {"disk of register": "ok", "disk of journal": "disk-rights"}
    assert "only the updater" in as_nobody(lambda: words(look_at_disks, both))


def test_a_disk_with_too_little_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.doctor.disks._LEAST_FREE", 10**18)
    assert looked(look_at_disks, config_of(tmp_path)) == {"disk of journal": "disk-short"}


def test_a_disk_with_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: Path) -> Any:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("kiosk.doctor.disks.write_probe", fails)
    assert looked(look_at_disks, config_of(tmp_path)) == {"disk of journal": "disk-fault"}


@pytest.mark.parametrize(
    ("life", "code"), [("0x01 0x02", None), ("0x03 0x0b", "disk-worn"), ("x", None)]
)
def test_what_the_kernel_counted(tmp_path: Path, life: str, code: str | None) -> None:
    machine = made(
        tmp_path,
        {
            "/sys/fs/ext4/mmcblk0p2/errors_count": "3\n",
            "/sys/fs/ext4/mmcblk0p1/errors_count": "0\n",
            "/sys/block/mmcblk0/device/life_time": f"{life}\n",
        },
    )
    found = looked(look_at_disks, machine=machine)
    assert found["file system"] == "disk-errors"
    assert found.get("memory card") == code


def test_faults_of_disks_that_others_have_mounted_are_not_ours(tmp_path: Path) -> None:
    files = {
        "/sys/fs/ext4/loop0/errors_count": "1\n",
        "/sys/class/block/loop0/dev": "7:0\n",
        "/proc/self/mountinfo": "22 27 0:21 / /proc rw - proc proc rw\n",
    }
    assert "file system" not in looked(look_at_disks, machine=made(tmp_path / "a", files))
    files["/proc/self/mountinfo"] += "30 27 7:0 / /var/lib/oms-kiosk rw - ext4 /dev/loop0 rw\n"
    found = looked(look_at_disks, machine=made(tmp_path / "b", files))
    assert found["file system"] == "disk-errors"


def test_the_probe_is_of_the_disk_alone(tmp_path: Path) -> None:
    write_probe(tmp_path)
    assert not list(tmp_path.iterdir())
    with pytest.raises(FileNotFoundError):
        write_probe(tmp_path / "gone")


def test_mounts_are_found_by_the_longest_point(tmp_path: Path) -> None:
    real = mount_of(tmp_path, Machine())
    assert real is not None
    assert not real.disk_read_only
    assert mount_of(tmp_path / "gone", Machine()) is None
    assert mount_of(tmp_path, made(tmp_path / "root", {})) is None
    assert (
        mount_of(tmp_path, made(tmp_path / "root", {"/proc/self/mountinfo": "x\n1 2 - \n"})) is None
    )
