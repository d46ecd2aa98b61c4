"""The tool that makes issuers: what it writes, and that the office takes its trust list."""

from __future__ import annotations

import csv
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kiosk.demo.issuer_keys import IssuersError, make_keys
from kiosk.demo.issuers import main, trust_table
from offline_cache.publisher.reference import read_tables

if TYPE_CHECKING:
    from pathlib import Path

    from kiosk.demo.issuers import Issuers


def test_the_tool_writes_everything_and_guards_the_secrets(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    command = (sys.executable, "-m", "kiosk.demo.issuers", str(folder))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert {one.name for one in folder.iterdir()} == {
        *("trust.csv", "expected.csv", "certificates", "cards", "barcodes", "secret"),
    }
    assert {one.stat().st_mode & 0o777 for one in (folder / "secret").iterdir()} == {0o600}
    with (folder / "expected.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    files = {one.name.removesuffix(".bin") for one in (folder / "barcodes").iterdir()}
    files |= {
        one.name.removesuffix(".insurer.bin") for one in (folder / "cards").glob("*.insurer.*")
    }
    assert {row["name"] for row in rows} == files
    assert {row["outcome"] for row in rows} == {"verified", "not_verifiable", "forged"}


def test_the_office_takes_the_trust_list(issuers: Issuers, tmp_path: Path) -> None:
    (tmp_path / "trust.csv").write_bytes(trust_table(issuers.trusted))
    assert read_tables(tmp_path)["trust"] == trust_table(issuers.trusted)


def test_a_folder_that_is_there_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 1
    assert "a folder that is not there yet" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert main([]) == 2


def test_without_openssl_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(IssuersError, match="install openssl and libengine-gost-openssl"):
        make_keys("gost2001", tmp_path / "key.pem")
