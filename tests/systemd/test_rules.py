"""Rules for udev and polkit, accounts and folders, as they stand in the tree."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Final

import pytest

SYSTEMD: Final = Path(__file__).parents[2] / "systemd"
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root may give files away")

# udev ---------------------------------------------------------------------------------------------

_RULE: Final = re.compile(
    r"(?P<key>[A-Z_]+)(\{(?P<attribute>[A-Za-z0-9_/]+)\})?(?P<operator>==|!=|\+=|=|:=)"
    r'"(?P<value>(?:[^"\\]|\\.)*)"'
)
_MATCHES: Final = {"ACTION", "SUBSYSTEM", "KERNEL", "ATTRS", "ATTR", "ENV", "SUBSYSTEMS"}
_ASSIGNS: Final = {"ENV", "TAG", "SYMLINK", "GROUP", "MODE", "RUN", "GOTO", "LABEL"}


def rules() -> list[list[dict[str, str]]]:
    """The udev rules, taken apart (`udevadm verify` came with systemd 254)."""
    found = []
    for line in (SYSTEMD / "etc/udev.rules").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            parts = re.split(r",\s*(?=[A-Z])", line)
            rule = []
            for part in parts:
                match = _RULE.fullmatch(part.strip())
                assert match is not None, f"no rule of udev's: {part}"
                rule.append({name: value or "" for name, value in match.groupdict().items()})
            found.append(rule)
    return found


def test_udev_rules_can_be_read() -> None:
    labels, jumps = set(), set()
    for rule in rules():
        for part in rule:
            is_match = part["operator"] in {"==", "!="}
            assert part["key"] in (_MATCHES if is_match else _ASSIGNS), part
            if part["key"] == "LABEL":
                labels.add(part["value"])
            if part["key"] == "GOTO":
                assert part["value"] not in labels, "rules jump forwards only"
                jumps.add(part["value"])
    assert labels == jumps


def test_udev_keeps_modem_manager_off_and_starts_sticks_by_systemd() -> None:
    text = (SYSTEMD / "etc/udev.rules").read_text(encoding="utf-8")
    assert 'ENV{ID_MM_DEVICE_IGNORE}="1"' in text
    assert 'ENV{SYSTEMD_WANTS}+="kiosk-stick@%k.service"' in text
    # What RUN starts is ended by udev soon, and runs with all rights: a port's name is noted, and
    # the kiosk is given one file.
    for rule in rules():
        for part in rule:
            if part["key"] == "RUN":
                assert re.fullmatch(
                    r"/bin/sh -c 'echo %k > /run/oms-usb/(reader|scanner)'"
                    r"|/bin/(chgrp oms-kiosk|chmod g\+w) %S%p/bl_power",
                    part["value"],
                )


# polkit -------------------------------------------------------------------------------------------

_POLKIT: Final = """
const rules = [];
globalThis.polkit = {Result: {YES: "yes", NOT_HANDLED: null}, addRule: rule => rules.push(rule)};
eval(require("fs").readFileSync(process.argv[1], "utf8"));
const asked = JSON.parse(process.argv[2]);
console.log(JSON.stringify(asked.map(([user, id, verb, unit]) => rules.map(rule => rule(
    {id: id, lookup: name => ({verb: verb, unit: unit})[name]}, {user: user})))));
"""
_UNITS: Final = "org.freedesktop.systemd1.manage-units"
_PCSC: Final = "org.debian.pcsc-lite.access_pcsc"
_CARD: Final = "org.debian.pcsc-lite.access_card"
ALLOWED: Final = [
    ("oms-kiosk", _PCSC, "", ""),
    ("oms-kiosk", _CARD, "", ""),
    ("oms-kiosk", _UNITS, "start", "oms-kiosk-pcscd-restart.service"),
    ("oms-kiosk", _UNITS, "start", "oms-kiosk-usb-cycle@reader.service"),
    ("oms-kiosk", _UNITS, "start", "oms-kiosk-usb-cycle@scanner.service"),
]
DENIED: Final = [
    ("oms-update", _PCSC, "", ""),
    ("nobody", _UNITS, "start", "oms-kiosk-pcscd-restart.service"),
    ("oms-kiosk", _UNITS, "stop", "oms-kiosk-pcscd-restart.service"),
    ("oms-kiosk", _UNITS, "restart", "oms-kiosk-pcscd-restart.service"),
    ("oms-kiosk", _UNITS, "start", "pcscd.service"),
    ("oms-kiosk", _UNITS, "start", "kiosk-update.service"),
    ("oms-kiosk", _UNITS, "start", "oms-kiosk-usb-cycle@1-1.service"),
    ("oms-kiosk", _UNITS, "start", "oms-kiosk-usb-cycle@reader.service.d"),
    ("oms-kiosk", _UNITS, "start", "kiosk-stick@sda1.service"),
    ("oms-kiosk", "org.freedesktop.systemd1.manage-unit-files", "enable", "x.service"),
    ("oms-kiosk", "org.freedesktop.login1.reboot", "", ""),
]


@pytest.mark.skipif(shutil.which("node") is None, reason="no JavaScript here: node is missing")
@pytest.mark.parametrize(("asked", "answer"), [(ALLOWED, "yes"), (DENIED, None)])
def test_polkit_lets_the_kiosk_have_its_reader_and_two_repairs(
    asked: list[tuple[str, str, str, str]], answer: str | None
) -> None:
    done = subprocess.run(
        ["node", "-e", _POLKIT, str(SYSTEMD / "etc/polkit.rules"), json.dumps(asked)],
        check=True,
        text=True,
        capture_output=True,
        timeout=30,
    )
    assert json.loads(done.stdout) == [[answer]] * len(asked)


# accounts and folders -----------------------------------------------------------------------------


@needs_root
@pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="no systemd-sysusers here")
def test_accounts_and_folders_are_made(tmp_path: Path) -> None:
    etc = tmp_path / "etc"
    etc.mkdir()
    # As Debian has them.
    (etc / "group").write_text("root:x:0:\ndialout:x:20:\nvideo:x:44:\nrender:x:105:\n")
    (etc / "passwd").write_text("root:x:0:0:root:/root:/bin/bash\n")
    for tool, name in (("systemd-sysusers", "sysusers"), ("systemd-tmpfiles", "tmpfiles")):
        words = [tool, f"--root={tmp_path}", *(["--create"] if name == "tmpfiles" else [])]
        target = tmp_path / f"usr/lib/{name}.d/oms-kiosk.conf"
        target.parent.mkdir(parents=True)
        shutil.copy(SYSTEMD / f"etc/{name}.conf", target)
        done = subprocess.run(
            [*words, str(target)], check=False, text=True, capture_output=True, timeout=30
        )
        assert done.returncode == 0, done.stderr
    accounts = {
        line.split(":")[0]: line.split(":") for line in (etc / "passwd").read_text().splitlines()
    }
    assert set(accounts) == {"root", "oms-kiosk", "oms-screen", "oms-update", "oms-stick"}
    assert {accounts[name][6] for name in accounts if name != "root"} == {"/usr/sbin/nologin"}
    groups = {
        line.split(":")[0]: set(line.split(":")[3].split(","))
        for line in (etc / "group").read_text().splitlines()
    }
    assert groups["oms-kiosk"] == {"oms-update"}
    assert groups["dialout"] == {"oms-kiosk"}
    assert groups["video"] == groups["render"] == {"oms-kiosk", "oms-screen"}
    found = {
        str(path.relative_to(tmp_path)): stat.S_IMODE(path.stat().st_mode)
        for path in tmp_path.rglob("*")
        if (path.is_dir() and "oms" in path.name) or path.parent.name == "oms-kiosk"
    }
    assert found["etc/oms-kiosk"] == 0o750
    assert found["var/lib/oms-kiosk/register"] == 0o2750
    assert not [name for name, mode in found.items() if mode & 0o002]
