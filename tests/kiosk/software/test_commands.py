"""`kiosk software`: what technicians and units call, and what they read."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from kiosk import software_command
from kiosk.exits import Exit
from kiosk.software.links import Phase, point, read_state, write_state
from kiosk.software.rollback import main
from kiosk.software.update import update
from kiosk.software_command import software
from tests.kiosk.software.releases import (
    FIRST,
    SECOND,
    Fund,
    Kiosk,
    install,
    is_complete,
    stub_builder,
)
from tests.kiosk.software.test_unpack import HOSTILE

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(name="fund")
def _fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


@pytest.fixture(name="kiosk")
def _kiosk(tmp_path: Path, fund: Fund, monkeypatch: pytest.MonkeyPatch) -> Kiosk:
    kiosk = Kiosk(tmp_path / "kiosk", fund)
    config = tmp_path / "kiosk" / "kiosk.toml"
    config.write_text(
        f'[update]\nroot_file = "{fund.root}"\n[software]\ndir = "{kiosk.folder}"\n', "utf-8"
    )

    def with_stub(settings: object) -> object:
        return update(settings, builder=stub_builder)  # type: ignore[arg-type]

    monkeypatch.setattr("kiosk.software.update.update", with_stub)
    monkeypatch.setattr("kiosk.software.choice.platform.machine", lambda: "x86_64")
    return kiosk


def run(kiosk: Kiosk, *words: str | Path) -> Result:
    """Run `kiosk software` with these words, configured for a kiosk."""
    config = kiosk.folder.parent / "kiosk.toml"
    return CliRunner().invoke(
        software, [str(words[0]), "--config", str(config), *map(str, words[1:])]
    )


def run_update(kiosk: Kiosk, *words: str | Path) -> Result:
    """Update from the fund's folder."""
    place = ("--from", kiosk.settings.place, "--state", kiosk.settings.state)
    return run(kiosk, "update", *place, *words)


def test_update_status_and_back(fund: Fund, kiosk: Kiosk) -> None:
    result = run_update(kiosk)
    assert (result.exit_code, json.loads(result.stdout)["outcome"]) == (Exit.DONE, "current")
    fund.release(SECOND)
    result = run_update(kiosk, "--no-trial")
    told = json.loads(result.stdout)
    assert (told["outcome"], told["current"], told["staged"]) == ("staged", FIRST, SECOND)
    assert told["reason"] is None
    told = json.loads(run(kiosk, "status").stdout)
    assert (told["current"], told["phase"], told["version"]) == (FIRST, "staged", SECOND)
    assert run(kiosk, "confirm").exit_code == Exit.DEVICE
    result = run(kiosk, "rollback")
    assert result.exit_code == Exit.DEVICE
    assert "there is no previous release" in result.stderr


def test_confirm_and_rollback(kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")  # no systemctl: the links are what counts here
    install(kiosk.folder, SECOND)
    point(kiosk.folder, "previous", FIRST)
    state = read_state(kiosk.folder)
    write_state(kiosk.folder, replace(state, phase=Phase.TRIAL, version=SECOND, before=FIRST))
    result = run(kiosk, "confirm")
    assert result.exit_code == Exit.DONE
    assert result.stdout.startswith(f"release {SECOND}: kept\nthe way back stays the one before")
    result = run(kiosk, "rollback")
    assert result.exit_code == Exit.DONE
    assert f"back to {FIRST}" in result.stdout
    assert is_complete(kiosk.folder / "current")
    assert json.loads(run(kiosk, "status").stdout)["bad"] == [SECOND]


@pytest.mark.parametrize("left", [False, True])
def test_a_trial_by_hand(
    fund: Fund, kiosk: Kiosk, left: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fund.release(SECOND)
    program = kiosk.folder / "rollback"
    program.write_text(f'#!/bin/sh\necho "$@" > {kiosk.folder}/called\nexit {int(left)}\n', "ascii")
    program.chmod(0o755)
    monkeypatch.setattr(software_command, "_BOOTED", kiosk.folder / "no-systemd")
    result = run_update(kiosk)
    assert result.exit_code == (Exit.NOT_INSURED if left else Exit.DONE)
    assert ("was left again" in result.stderr) == left
    assert (kiosk.folder / "called").read_text("ascii") == f"trial {kiosk.folder}\n"
    program.unlink()
    assert run_update(kiosk).exit_code == Exit.DEVICE


def test_what_is_refused_ends_in_its_code(fund: Fund, kiosk: Kiosk, tmp_path: Path) -> None:
    fund.release(SECOND, HOSTILE["link"]())
    result = run_update(kiosk)
    assert result.exit_code == Exit.MALFORMED
    assert f"release {SECOND}: the bundle holds something else" in result.stderr
    (fund.repository / "metadata" / "timestamp.json").write_bytes(b"{}")
    assert run_update(kiosk).exit_code == Exit.TRUST
    assert run_update(kiosk, "--from", tmp_path / "nothing").exit_code == Exit.DEVICE
    assert run_update(kiosk, "--from", "http://fund.example/").exit_code == Exit.USAGE
    assert run(kiosk, "update").exit_code == Exit.USAGE
    shutil.rmtree(kiosk.folder / "releases")
    assert run_update(kiosk).exit_code == Exit.USAGE


def test_a_kiosk_that_takes_no_software(tmp_path: Path) -> None:
    config = tmp_path / "kiosk.toml"
    config.write_text("", "ascii")
    for word in ("update", "confirm", "rollback", "status"):
        result = CliRunner().invoke(software, [word, "--config", str(config)])
        assert result.exit_code == Exit.USAGE
        assert result.stderr.startswith("kiosk: [")


def test_the_program_says_what_it_wants(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)
    assert main([]) == 2
    assert main(["trial", str(tmp_path / "nothing")]) == 6
    assert main(["back", str(tmp_path)]) == 6
    assert "there is no previous release" in capsys.readouterr().err
    assert main(["settle", str(tmp_path)]) == 0
