"""Somebody who has the README and an export, and nothing else, publishes and updates."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from kiosk.demo.certificates import make_certificates
from kiosk.demo.fund_server import FundServer
from kiosk.demo.people import person
from kiosk.demo.register_sample import write_csv
from tests.benchmarks.crowd import write_crowd
from tests.readme import README

if TYPE_CHECKING:
    from pathlib import Path

_ROWS = 5000


def _section(title: str) -> str:
    text = README.read_text(encoding="utf-8")
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


def _commands(title: str) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", _section(title), flags=re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def _run(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    words = shlex.split(line)
    assert words[0] == "kiosk"
    command = [sys.executable, "-c", "from kiosk.cli import main; main()", *words[1:]]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_readme_leads_from_an_export_to_two_kiosks_on_one_list(tmp_path: Path) -> None:
    write_csv(tmp_path / "export.csv", _ROWS)
    write_crowd(tmp_path / "export.parquet", _ROWS)
    stick = tmp_path / "stick"
    stick.mkdir()
    shutil.copy(tmp_path / "export.csv", tmp_path / "kept.csv")

    for line in _commands("Publish a list"):
        if "--postgres" in line or "parquet" in line:
            # The database is tested where one is started; the crowd is another list.
            continue
        done = _run(tmp_path, line.replace("/media/stick", str(stick)))
        assert done.returncode == 0, (line, done.stderr)
    done = _run(tmp_path, "kiosk register build --office office export.parquet")
    assert done.returncode == 0, done.stderr

    certificates = make_certificates(tmp_path / "certificates")
    [config] = re.findall(r"```toml\n(.*?)```", _section("Keep a kiosk fresh"), flags=re.DOTALL)
    serials = []
    with FundServer(tmp_path / "office" / "repository", certificates) as server:
        # One kiosk does all that stands there; another one begins with the stick.
        for name in ("online", "offline"):
            kiosk = tmp_path / name
            kiosk.mkdir()
            shutil.copy(tmp_path / "office" / "register.key", kiosk)
            shutil.copy(tmp_path / "office" / "repository" / "metadata" / "1.root.json", kiosk)
            shutil.copy(certificates.ca, kiosk / "fund-ca.pem")
            text = config.replace("https://fund.example/oms/", server.url)
            (kiosk / "kiosk.toml").write_text(text, encoding="utf-8")
            by_network, by_stick = _commands("Keep a kiosk fresh")
            chosen = by_network if name == "online" else by_stick
            done = _run(kiosk, chosen.replace("/media/stick", str(stick)))
            assert done.returncode == 0, done.stderr
            outcome = json.loads(done.stdout)
            assert (outcome["outcome"], outcome["how"]) == ("updated", "base")
            serials.append(outcome["serial"])
            checked = _run(kiosk, f"kiosk check --config kiosk.toml --enp {person('yo').enp}")
            assert json.loads(checked.stdout)["verdict"] == "insured"
    assert serials == [1, 1]
