"""`kiosk register init, publish, approve, info, rotate-key` as an office runs them."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from kiosk.cli import cli
from kiosk.exits import Exit
from offline_cache.format import Status
from offline_cache.publisher.office import Office
from tests.offline_cache.offices import add_list, entries, make_office

if TYPE_CHECKING:
    from pathlib import Path


def run(*words: str | Path) -> Result:
    """Run `kiosk register` with these words."""
    return CliRunner().invoke(cli, ["register", *map(str, words)])


@pytest.fixture(name="office")
def _office(tmp_path: Path) -> Office:
    return make_office(tmp_path / "office")


def test_from_nothing_to_a_stick(tmp_path: Path) -> None:
    folder, stick = tmp_path / "office", tmp_path / "stick"
    stick.mkdir()
    result = run("init", folder, "--territory", "78", "--territory", "47", "--base-every", "7")
    assert result.exit_code == Exit.DONE, result.output
    assert f"Move {folder}/keys/offline to another medium now" in result.stdout
    assert "1.root.json" in result.stdout
    office = Office.open(folder)
    assert (office.settings.territories, office.settings.base_every.days) == (("78", "47"), 7)

    result = run("publish", folder)
    assert result.exit_code == Exit.DONE
    assert "no list yet: make one with kiosk register build" in result.stdout

    add_list(office, 1, entries(40))
    result = run("publish", folder, "--stick", stick, "--reference", folder / "reference")
    assert result.exit_code == Exit.DONE, result.output
    assert "list 1 is published, whole too (the first list)" in result.stdout
    assert "reference tables: insurers, territories" in result.stdout
    assert f"stick: {stick}; you may take it out" in result.stdout
    assert result.stderr == ""

    add_list(office, 2, entries(41))
    result = run("publish", folder, "--json")
    told = json.loads(result.stdout)
    assert (told["serial"], told["new_list"], told["why_base"]) == (2, True, None)
    assert told["figures"][0] == {
        "name": "entries",
        "before": 40,
        "after": 41,
        "moved": 2.5,
        "limit": 5.0,
    }
    assert told["signed"] == ["register", "snapshot", "timestamp"]

    result = run("info", folder)
    assert (result.exit_code, result.stderr) == (Exit.DONE, "")
    assert "list 2 as of" in result.stdout
    assert json.loads(run("info", stick, "--json").stdout)["list"]["serial"] == 1


def test_a_second_person(office: Office, tmp_path: Path) -> None:
    add_list(office, 1, entries(100))
    assert run("publish", office.folder).exit_code == Exit.DONE
    add_list(office, 2, entries(100, **{f"n{n}": Status.EXPIRED for n in range(1, 31)}))
    result = run("publish", office.folder)
    assert result.exit_code == Exit.TRUST
    assert result.stdout == ""
    assert "  entries: 100 → 100, moved 0.00%, limit 5%\n" in result.stderr
    assert "  status ДПП: 100.00 % → 70.00 %, moved 30.00 points" in result.stderr
    assert result.stderr.splitlines()[-1].startswith("kiosk: list 2 moved too far from list 1: ")

    safe = tmp_path / "safe"
    shutil.move(office.folder / "keys" / "offline", safe)
    out = tmp_path / "approval.json"
    result = run("approve", office.folder, "--out", out)
    assert result.exit_code == Exit.TRUST
    assert "role approver: key approver" in result.stderr
    result = run("approve", office.folder, "--out", out, "--keys", safe)
    assert result.exit_code == Exit.DONE, result.output
    assert "status НСД: 0.00 % → 30.00 %, moved 30.00 points, limit 5 points: TOO FAR" in (
        result.stdout
    )
    assert f"{out}: list 2 with 100 entries is approved" in result.stdout
    result = run("publish", office.folder, "--approval", out)
    assert result.exit_code == Exit.DONE, result.output

    add_list(office, 3, entries(200))
    result = run("publish", office.folder, "--approval", out)
    assert result.exit_code == Exit.TRUST
    assert "signed for another list" in result.stderr


def test_what_runs_out_ends_in_a_warning_and_1(office: Office) -> None:
    result = run("info", office.folder, "--at", "2099-01-01")
    assert result.exit_code == 1
    assert result.stderr.startswith("warning: role root has EXPIRED")
    assert run("info", office.folder, "--at", "soon").exit_code == Exit.USAGE
    document = json.loads(run("info", office.folder, "--at", "2099-01-01", "--json").stdout)
    assert len(document["warnings"]) == 7


def test_a_new_key(office: Office, tmp_path: Path) -> None:
    safe = tmp_path / "safe"
    shutil.move(office.folder / "keys" / "offline", safe)
    result = run("rotate-key", office.folder, "timestamp")
    assert result.exit_code == Exit.TRUST
    assert "kiosk: role root: 0 of 2 signatures" in result.stderr
    result = run("rotate-key", office.folder, "timestamp", "--keys", safe)
    assert result.exit_code == Exit.DONE, result.output
    assert "role timestamp: timestamp-2 (" in result.stdout
    assert "destroy the old key: file2:keys/online/timestamp.pem" in result.stdout
    result = run("rotate-key", office.folder, "root", "--keys", safe)
    assert result.exit_code == Exit.MALFORMED
    assert "say with --old which key is to go: root-1" in result.stderr
    result = run("rotate-key", office.folder, "root", "--keys", safe, "--old", "root-3")
    assert result.exit_code == Exit.DONE, result.output
    assert (office.folder / "keys" / "offline" / "root-4.pem").stat().st_mode & 0o777 == 0o600
    assert run("rotate-key", office.folder, "king").exit_code == Exit.USAGE
    assert run("publish", office.folder).exit_code == Exit.DONE


def test_wrong_tables_are_listed(office: Office) -> None:
    folder = office.folder / "reference"
    (folder / "calendar.csv").write_text("date,kind\nx,holiday\n2026-01-01,y\n", encoding="utf-8")
    result = run("publish", office.folder, "--reference", folder)
    assert result.exit_code == Exit.MALFORMED
    assert result.stderr.splitlines() == [
        "calendar.csv: line 2, column date: not a date (YYYY-MM-DD)",
        "calendar.csv: line 3, column kind: not one of holiday, workday",
        (
            "kiosk: calendar.csv: line 2, column date: not a date (YYYY-MM-DD) (and 1 more); "
            "no reference table was published"
        ),
    ]


def test_one_line_for_everything_else(office: Office, tmp_path: Path) -> None:
    cases = [
        (("publish", tmp_path), Exit.MALFORMED, "not an office; make one with"),
        (("info", tmp_path), Exit.MALFORMED, "neither an office nor"),
        (("init", office.folder), Exit.MALFORMED, "not empty"),
        (("publish", office.folder, "--stick", tmp_path / "no"), Exit.MALFORMED, "mounted?"),
        (("approve", office.folder, "--out", tmp_path / "a"), Exit.MALFORMED, "no list yet"),
        (("publish", office.folder, "--pin-file", tmp_path / "no"), Exit.MALFORMED, "No such file"),
        (("init", tmp_path / "x", "--key", "king=hsm:"), Exit.USAGE, "not the name of a key"),
        (("init", tmp_path / "x", "--key", "root-1=hsm:"), Exit.MALFORMED, "key of root-1"),
        (("init", tmp_path / "x", "--territory", "7"), Exit.USAGE, "two digits"),
    ]
    for words, code, text in cases:
        result = run(*words)
        assert result.exit_code == code, result.output
        assert text in result.stderr
        assert "Traceback" not in result.output
    with office.locked():
        result = run("publish", office.folder)
    assert result.exit_code == Exit.DEVICE
    assert "another publisher is at work" in result.stderr


@pytest.mark.parametrize("command", ["init", "publish", "approve", "info", "rotate-key"])
def test_help_stands_for_itself(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == Exit.DONE
    assert "kiosk register" in result.stdout or command in {"approve", "info"}
    assert "\b" not in result.stdout
