"""`kiosk doctor` as a technician and as programs call it: whole, bounded, safe to mail."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from kiosk import __version__
from kiosk.demo.people import Person, generate
from kiosk.doctor import checks, runner
from kiosk.doctor.account import become_kiosk, look_at_account
from kiosk.doctor.checks import judged_after_update
from kiosk.doctor.finding import Finding, State, trouble
from kiosk.doctor.machine import Machine
from kiosk.doctor_command import doctor
from kiosk.exits import Exit
from kiosk.last_good import STATE_VARIABLE, place_of
from kiosk.second_look.queue import SecondLookQueue
from tests.kiosk.doctor.looking import NOBODY, as_nobody, codes_of, looked, run_doctor
from tests.kiosk.second_look.samples import KEY, chip
from tests.offline_cache.samples import build, row

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "canary-token-7c1f"
CONTACT = "Иванова Мария, 8 (812) 555-01-02"


@pytest.fixture
def kiosk(tmp_path: Path) -> Path:
    """The configuration of a kiosk that has a fresh list and no devices."""
    build(tmp_path / "register", [row(n) for n in range(20)], as_of=datetime.now(UTC))
    (tmp_path / "register.key").write_bytes(bytes(range(32)))
    (tmp_path / "register.key").chmod(0o640)
    path = tmp_path / "kiosk.toml"
    path.write_text(
        f'[kiosk]\nid = "4711"\ncontact = "{CONTACT}"\n'
        '[register]\ndir = "register"\nkey_file = "register.key"\n',
        encoding="utf-8",
    )
    return path


def test_a_release_that_is_sound(kiosk: Path) -> None:
    code, said = run_doctor("--after-update", "--config", str(kiosk))
    found = {one["name"]: one["state"] for one in said["findings"]}
    assert code == Exit.DONE, said
    assert found["register"] == found["frame"] == found["modules"] == "ok"
    assert found["disk of register"] == "ok"
    assert said["version"] == __version__
    assert said["kiosk"] == "4711"


def test_one_line_each_with_what_to_do(kiosk: Path) -> None:
    done = CliRunner().invoke(doctor, ["--config", str(kiosk)], obj=None)
    *lines, last = done.stdout.splitlines()
    assert len(lines) >= len(checks.ALL) - 1
    for line in lines:
        state = line[:14].strip()
        assert state in set(State)
        assert (" -> " in line) == (state in {State.WARNING, State.FAILED}), line
        assert line[15:].count(": ") >= 1
    assert last.startswith(f"kiosk doctor {__version__}: ")
    assert done.exit_code in {Exit.DONE, Exit.DEVICE}


def test_a_machine_without_anything_is_told_so() -> None:
    done = CliRunner().invoke(doctor, ["--json"], obj=None)
    said = json.loads(done.stdout)
    assert codes_of(said)["configuration"] in {"config-none", "ok"}
    assert said["state"] in {"warning", "failed"}
    assert (done.exit_code == Exit.DEVICE) == (said["state"] == "failed")


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        ('[scanner]\nbaud = "fast"\n', "[scanner] baud"),
        ("[scanne]\n", "unknown section [scanne]"),
        ("[scanner\n", "not TOML"),
        ("\xff", "not TOML"),
    ],
)
def test_a_configuration_with_a_mistake(
    kiosk: Path, broken: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(kiosk.parent))
    kept = place_of(kiosk)
    kept.parent.mkdir(exist_ok=True)
    kiosk.rename(kept)
    kiosk.write_text(broken, encoding="latin-1")
    done = CliRunner().invoke(doctor, ["--json", "--after-update", "--config", str(kiosk)])
    said = json.loads(done.stdout)
    first = said["findings"][0]
    assert (first["code"], done.exit_code) == ("config-bad", Exit.DEVICE)
    assert named in first["found"]
    assert "the last good one is looked at" in first["found"]
    assert codes_of(said)["list age"] == "ok"
    kept.unlink()
    done = CliRunner().invoke(doctor, ["--json", "--after-update", "--config", str(kiosk)])
    assert codes_of(json.loads(done.stdout))["register"] == "not-applicable"


def test_a_configuration_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.doctor_command.LOAD_SECONDS", 0.2)
    pipe = tmp_path / "kiosk.toml"
    os.mkfifo(pipe)
    done = CliRunner().invoke(doctor, ["--json", "--after-update", "--config", str(pipe)])
    # The thread that was left behind gets its end.
    os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
    assert codes_of(json.loads(done.stdout))["configuration"] == "config-bad"
    assert "takes more than" in done.stdout


def test_a_file_that_hangs_holds_up_no_other_check(tmp_path: Path) -> None:
    """Every file of the kiosk's on a disk that hangs: the process ends all the same."""
    names = ("register.key", "root.json", "token", "client.pem", "journal.pem")
    for name in names:
        os.mkfifo(tmp_path / name)
    (tmp_path / "kiosk.toml").write_text(
        '[register]\ndir = "register"\nkey_file = "register.key"\n'
        '[update]\nroot_file = "root.json"\n'
        '[ferzl]\nurl = "http://127.0.0.1:9/x"\nclient_file = "client.pem"\ntoken_file = "token"\n'
        '[journal]\ndir = "journal"\nkey_file = "journal.pem"\n',
        encoding="utf-8",
    )
    code, said = run_doctor("--config", str(tmp_path / "kiosk.toml"))
    assert said["seconds"] < 4 * runner.CHECK_SECONDS, "all four at once"
    found = codes_of(said)
    hanging = {name for name, one in found.items() if one == "check-hangs"}
    assert hanging == {"register", "update files", "service files", "journal"}
    assert found["frame"] == "ok"
    assert found["fund service ferzl"] == "no-network"
    assert code == Exit.DEVICE


def fields_of(one: Person) -> set[str]:
    """What names a person, in the ways in which it could come out."""
    dates = {one.birth_date.isoformat(), f"{one.birth_date:%d.%m.%Y}", f"{one.birth_date:%Y%m%d}"}
    texts = {one.enp, one.snils, one.surname, one.birth_place, *dates}
    return {text.casefold() for text in texts if text}


def test_nothing_personal_comes_out(kiosk: Path, tmp_path: Path) -> None:
    """People in the queue, in names of files, in the configuration and in its errors."""
    people = list(generate(30, seed=6))
    looks = SecondLookQueue(tmp_path / "looks", KEY, most=1000, most_age=timedelta(days=3))
    for one in people:
        looks.add(chip(one), "no_list", datetime.now(UTC))
        name = f"{one.surname} {one.enp} {one.birth_date}".replace("/", "")
        for folder in ("journal", "register"):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / f"{name}.db").write_text(name, encoding="utf-8")
    looks.close()
    one = people[0]
    (tmp_path / "token").write_text(TOKEN, encoding="ascii")
    for folder, port in (("journal", f"{one.surname}-{one.enp}"), (f"{one.enp}", "tty")):
        kiosk.write_text(
            f'[kiosk]\nid = "{one.enp}"\ncontact = "{CONTACT}"\n'
            f'[scanner]\nport = "{port}"\n[reader]\nname = "{one.surname} {one.snils}"\n'
            '[register]\ndir = "register"\nkey_file = "register.key"\n'
            f'[second_look]\ndir = "looks"\n[journal]\ndir = "{folder}"\nkey_file = "token"\n'
            '[ferzl]\nurl = "http://127.0.0.1:9/x"\ntoken_file = "token"\n'
            f'[update]\nroot_file = "{one.surname} {one.birth_date:%d.%m.%Y}"\n',
            encoding="utf-8",
        )
        for mistake in ("", f'[screen]\ntheme = "{one.surname} {one.enp}"\n'):
            kiosk.write_text(kiosk.read_text(encoding="utf-8") + mistake, encoding="utf-8")
            for options in ([], ["--json"]):
                done = CliRunner().invoke(doctor, ["--config", str(kiosk), *options], obj=None)
                said = done.output.casefold()
                assert "second looks" in said
                for person in people:
                    assert not [text for text in fields_of(person) if text in said]
                assert not re.search("[а-яё]", said)
                assert TOKEN not in said
                assert "555-01" not in said


def test_what_is_no_fault_of_a_release_does_not_send_it_back() -> None:
    findings = [
        trouble("reader", code, "x") for code in ("reader-none", "pcscd-off", "list-missing")
    ]
    assert {one.state for one in judged_after_update(findings)} == {State.WARNING}
    for code in ("config-bad", "disk-full", "frame-fails", "list-damaged", "module-missing"):
        (one,) = judged_after_update([trouble("x", code, "x")])
        assert one.state is State.FAILED


def test_findings_for_programs() -> None:
    one = Finding("reader", State.OK, "ok", "1 found")
    assert set(one.as_json()) == {"name", "state", "code", "found", "todo"}


def test_root_becomes_the_kiosk() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to give rights up")
    ask = (
        "import os, kiosk.doctor.account as a; from kiosk.doctor.machine import Machine;"
        "a.become_kiosk(Machine(), {0!r}); print(os.getuid(), os.getgid(), os.getgroups())"
    )
    done = [
        subprocess.run(
            [sys.executable, "-c", ask.format(user)], capture_output=True, text=True, check=True
        ).stdout.split()
        for user in ("nobody", "no-such-user")
    ]
    assert done[0][:2] == [str(NOBODY)] * 2
    assert "0" not in "".join(done[0][2:]).strip("[]").split(",")
    assert done[1][:2] == ["0", "0"]


def test_whose_rights_are_looked_with(monkeypatch: pytest.MonkeyPatch) -> None:
    assert looked(look_at_account)["account"] in {"not-applicable", "account-other"}
    monkeypatch.setattr("kiosk.doctor.account.KIOSK", "nobody")
    assert looked(look_at_account) == {"account": "account-other"}
    assert as_nobody(lambda: looked(look_at_account)) == {"account": "ok"}


def test_credentials_of_the_running_kiosk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    become_kiosk(Machine(root=tmp_path), "no-such-user")
    assert "CREDENTIALS_DIRECTORY" not in os.environ
    folder = tmp_path / "run/credentials/kiosk.service"
    folder.mkdir(parents=True)
    become_kiosk(Machine(root=tmp_path), "no-such-user")
    assert os.environ.pop("CREDENTIALS_DIRECTORY") == str(folder)
