"""What the install script leaves, that a second run changes nothing, and that it takes all away."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import pytest

from tests.boot.conftest import started
from tests.boot.installed import bundle, layers, unpack

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.boot.appliance import Appliance
    from tests.boot.conftest import MakeKiosk, MakeMachine
    from tests.boot.machine import Machine

OURS = ("opt/oms-kiosk", "usr/local", "etc")
"""Folders of the system into which the script writes."""


def tree(machine: Machine) -> dict[str, str]:
    """Every file of ours and of the system's configuration, with a digest, owner and mode."""
    listing = {}
    for top in OURS:
        for path in sorted(machine.path(top).rglob("*")):
            about = path.lstat()
            content = str(path.readlink()) if path.is_symlink() else ""
            if path.is_file() and not path.is_symlink():
                content = hashlib.sha256(path.read_bytes()).hexdigest()
            name = str(path.relative_to(machine.path("/")))
            listing[name] = f"{about.st_mode:o} {about.st_uid}:{about.st_gid} {content}"
    return listing


def test_it_leaves_a_release_links_units_and_accounts(kiosk: Appliance) -> None:
    machine = kiosk.machine
    version = machine.run("cat", "/opt/oms-kiosk/current/VERSION").stdout.strip()
    assert machine.run("readlink", "/opt/oms-kiosk/current").stdout.strip() == f"releases/{version}"
    assert version in machine.run("kiosk", "--version").stdout
    for unit in ("kiosk.service", "kiosk-update.timer", "kiosk-software-update.timer"):
        # For as long as `current` leads to a release that says so.
        assert machine.run("systemctl", "is-enabled", unit).stdout.strip() == "enabled-runtime"
        assert machine.unit(unit, "ActiveState") == "active"
    assert machine.unit("kiosk-rollback.service", "FragmentPath").startswith("/run/systemd/")
    for user in ("oms-kiosk", "oms-screen", "oms-update", "oms-stick"):
        line = machine.run("getent", "passwd", user).stdout.strip()
        assert line.endswith("/usr/sbin/nologin")


def test_nobody_but_root_may_change_the_program(kiosk: Appliance) -> None:
    found = kiosk.machine.run(
        *("find", "/opt/oms-kiosk", "/usr/local", "(", "!", "-user", "root", "-o", "-perm", "-o+w"),
        *(")", "!", "-type", "l"),
    )
    assert found.stdout == ""


def test_secrets_are_readable_by_the_kiosk_alone(kiosk: Appliance) -> None:
    assert kiosk.machine.run(
        "runuser", "-u", "nobody", "--", "cat", "/etc/oms-kiosk/register.key", check=False
    ).returncode
    assert kiosk.machine.run("stat", "-c", "%a", "/etc/oms-kiosk").stdout.strip() == "750"


def test_a_second_run_changes_nothing_and_leaves_the_kiosk_at_work(
    kiosk: Appliance, measured: Callable[[str, float], None]
) -> None:
    before = tree(kiosk.machine)
    place = unpack(kiosk.machine, bundle())
    said = kiosk.machine.run("bash", "-c", f"time -p {place}/install.sh --no-packages")
    took = re.search(r"real ([0-9.]+)", said.stderr)
    assert took is not None
    measured("install again, s", float(took[1]))
    after = tree(kiosk.machine)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert not changed
    started_again = kiosk.tap()
    assert started_again["verdict"] == "insured"


def test_a_newer_release_takes_over_and_the_older_stays(kiosk: Appliance) -> None:
    newer = bundle("0.9.1")
    place = unpack(kiosk.machine, newer)
    old = kiosk.machine.run("readlink", "/opt/oms-kiosk/current").stdout.strip()
    kiosk.machine.run(f"{place}/install.sh", "--no-packages", seconds=300)
    assert "0.9.1" in kiosk.machine.run("kiosk", "--version").stdout
    assert kiosk.machine.run("readlink", "/opt/oms-kiosk/previous").stdout.strip() == old
    kiosk.wait_until_ready()
    kiosk.wait_for_reader()
    assert kiosk.tap()["verdict"] == "insured"


@pytest.mark.parametrize("harm", ["byte", "wheel"])
def test_a_damaged_bundle_changes_nothing(kiosk: Appliance, harm: str) -> None:
    machine = kiosk.machine
    before = tree(machine)
    place = unpack(machine, bundle("0.9.1"))
    wheel = next(machine.path(f"{place}/wheels").glob("click-*.whl"))
    if harm == "byte":
        content = bytearray(wheel.read_bytes())
        content[len(content) // 2] ^= 1
        wheel.write_bytes(content)
    else:
        wheel.unlink()
    said = machine.run(f"{place}/install.sh", "--no-packages", check=False)
    assert said.returncode
    assert "Traceback" not in said.stderr
    assert tree(machine) == before
    assert kiosk.tap()["verdict"] == "insured"


def test_it_can_be_removed(make_kiosk: MakeKiosk) -> None:
    kiosk = started(make_kiosk())
    place = unpack(kiosk.machine, bundle())
    kiosk.machine.run(f"{place}/install.sh", "--uninstall")
    assert not kiosk.machine.path("/opt/oms-kiosk").exists()
    dangling = kiosk.machine.run("find", "/usr/local", "/etc", "-lname", "/opt/oms-kiosk/*")
    assert dangling.stdout == ""
    assert not kiosk.machine.path("/run/systemd/generator.late/kiosk.service").is_symlink()
    assert kiosk.machine.path("/etc/oms-kiosk/kiosk.toml").exists()
    assert kiosk.machine.path("/var/lib/oms-kiosk/register").exists()
    units = kiosk.machine.run("systemctl", "list-unit-files", "--no-legend", "kiosk*", check=False)
    assert units.stdout == ""
    kiosk.machine.run(f"{place}/install.sh", "--uninstall", "--purge")
    assert not kiosk.machine.path("/etc/oms-kiosk").exists()
    assert not kiosk.machine.path("/var/lib/oms-kiosk").exists()
    assert not kiosk.machine.path("/var/cache/oms-stick").exists()
    left = [kiosk.machine.path(f"/etc/{name}").read_text("utf-8") for name in ("passwd", "group")]
    assert "oms-" not in "".join(left)


def test_every_unit_is_right_and_sealed_off(make_machine: MakeMachine) -> None:
    """What `systemd-analyze` says of the units on the machine that they run on."""
    machine = make_machine(layers())
    machine.boot()
    units = [
        path.name
        for path in machine.path("/run/systemd/generator.late").iterdir()
        if path.suffix == ".service" and "@" not in path.name and "kiosk" in path.name
    ]
    assert "kiosk.service" in units
    files = [f"/run/systemd/generator.late/{name}" for name in units]
    said = machine.run("systemd-analyze", "verify", *files, check=False)
    assert not [line for line in said.stderr.splitlines() if "kiosk" in line]
