"""What a technician asks a booted kiosk: the doctor, the journal, the releases."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tests.boot.appliance import Appliance

CONFIG: Final = ("--config", "/etc/oms-kiosk/kiosk.toml")


# One receipt less, by somebody who knows how the table guards itself.
_EDIT: Final = """
import sqlite3
with sqlite3.connect("/var/lib/oms-kiosk/journal/journal.db") as db:
    for (name,) in db.execute("select name from sqlite_master where type = 'trigger'").fetchall():
        db.execute(f"drop trigger {name}")
    assert db.execute("delete from receipts where rowid = 2").rowcount == 1
"""
NEEDED: Final = (
    "register",
    "reader",
    "journal key",
    "fonts",
    "configuration",
    "unit kiosk.service",
)


def doctor(kiosk: Appliance, *, code: int = 0) -> dict[str, dict[str, str]]:
    """What `kiosk doctor` finds, by the findings' names."""
    done = kiosk.machine.run("kiosk", *CONFIG, "doctor", "--json", check=False)
    assert done.returncode == code, done.stdout
    findings: list[dict[str, str]] = json.loads(done.stdout)["findings"]
    return {one["name"]: one for one in reversed(findings)}


def journal(kiosk: Appliance, *words: str, code: int = 0) -> str:
    """What `kiosk journal` prints."""
    done = kiosk.machine.run("kiosk", *CONFIG, "journal", *words, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout


def test_the_doctor_finds_a_healthy_kiosk_healthy(kiosk: Appliance) -> None:
    kiosk.tap()
    found = doctor(kiosk)
    assert not [name for name, one in found.items() if one["state"] == "failed"]
    for name in (
        "register",
        "reader",
        "journal key",
        "fonts",
        "configuration",
        "unit kiosk.service",
    ):
        assert found[name]["state"] == "ok", found[name]


def test_the_doctors_unit_writes_what_it_found(kiosk: Appliance) -> None:
    kiosk.machine.run("systemctl", "start", "kiosk-doctor.service")
    said: dict[str, Any] = json.loads(kiosk.machine.path("/run/oms-doctor/doctor.json").read_text())
    assert said["kiosk"] == "0412"
    assert kiosk.machine.run("systemctl", "is-system-running").stdout.strip() == "running"


def test_the_doctor_names_what_is_broken(kiosk: Appliance) -> None:
    machine = kiosk.machine
    machine.run("systemctl", "stop", "pcscd.socket", "pcscd.service")
    assert doctor(kiosk, code=6)["reader"]["state"] == "failed"
    machine.run("systemctl", "start", "pcscd.socket")
    machine.path("/etc/oms-kiosk/register.key").chmod(0o644)
    machine.run("systemctl", "stop", "kiosk-update.timer")
    found = doctor(kiosk, code=6)
    assert found["reader"]["state"] == "ok"
    assert found["secret [register] key_file"]["state"] != "ok"
    assert found["unit kiosk-update.timer"]["state"] == "failed"
    assert found["unit kiosk-update.timer"]["todo"]


def test_the_journal_holds_a_receipt_for_each_check_and_finds_an_edit(kiosk: Appliance) -> None:
    reasons = [kiosk.tap(slug)["reason"] for slug in ("plain_man", "suspended", "plain_woman")]
    lines = [json.loads(line) for line in journal(kiosk, "show", "--json").splitlines()]
    assert [one["reason"] for one in lines] == reasons
    journal(kiosk, "verify")
    kiosk.machine.run("systemctl", "stop", "kiosk.service")
    kiosk.machine.run("/usr/bin/python3", "-", text=_EDIT)
    journal(kiosk, "verify", code=5)


def test_receipts_outlive_a_power_cut(kiosk: Appliance) -> None:
    kiosk.tap()
    kiosk.tap("suspended")
    kiosk.machine.cut_power()
    kiosk.machine.boot()
    kiosk.wait_until_ready()
    kiosk.wait_for_reader()
    kiosk.tap()
    assert len(journal(kiosk, "show", "--json").splitlines()) == 3
    journal(kiosk, "verify")
