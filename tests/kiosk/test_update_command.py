"""`kiosk update` as scripts see it, and what a running kiosk makes of it."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from kiosk.checker import Checker
from kiosk.cli import cli
from kiosk.clock import Clock
from kiosk.demo.certificates import make_certificates
from kiosk.demo.fund_server import Fault, FundServer
from kiosk.offline import OfflineLookup
from kiosk.online.fund import Fund as NoFund
from kiosk.update_command import progress_line
from offline_cache.format import Status
from offline_cache.freshness import Freshness, FreshnessLimits
from offline_cache.updater import Step
from tests.offline_cache.fund import FIRST_AS_OF, Fund

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROWS = dict.fromkeys(range(200), Status.CONFIRMED)
KEYS = {"outcome", "from_serial", "serial", "as_of", "how", "bytes", "seconds", "reason"}


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    fund = Fund(tmp_path / "repository")
    fund.base(dict(ROWS))
    return fund


@pytest.fixture
def server(fund: Fund, tmp_path: Path) -> Iterator[FundServer]:
    with FundServer(fund.folder, make_certificates(tmp_path)) as server:
        yield server


@pytest.fixture
def config(tmp_path: Path, fund: Fund, server: FundServer) -> Path:
    (tmp_path / "register.key").write_text(bytes(range(32)).hex())
    (tmp_path / "root.json").write_bytes(fund.root)
    path = tmp_path / "kiosk.toml"
    path.write_text(
        '[register]\ndir = "kiosk"\nkey_file = "register.key"\n'
        f'[update]\nurl = "{server.url}"\nroot_file = "root.json"\nca_file = "ca.pem"\n'
    )
    return path


def run(config: Path, *arguments: object) -> Result:
    return CliRunner().invoke(cli, ["update", "--config", str(config), *map(str, arguments)])


def line(result: Result) -> dict[str, Any]:
    """The one line on standard output."""
    (only,) = result.stdout.splitlines()
    parsed: dict[str, Any] = json.loads(only)
    assert parsed.keys() == KEYS
    return parsed


def test_an_update_ends_in_one_line(config: Path, fund: Fund) -> None:
    first = run(config)
    assert (first.exit_code, first.stderr) == (0, "")
    found = line(first)
    assert found["seconds"] > 0
    assert found["bytes"] == fund.path_of("register/base-1").stat().st_size
    assert {name: found[name] for name in KEYS - {"seconds", "bytes"}} == {
        "outcome": "updated",
        "from_serial": None,
        "serial": 1,
        "as_of": (FIRST_AS_OF + timedelta(days=1)).isoformat(),
        "how": "base",
        "reason": None,
    }
    again = line(run(config))
    assert (again["outcome"], again["how"], again["from_serial"]) == ("current", None, 1)
    fund.change({1: Status.DEATH})
    changed = line(run(config))
    assert (changed["outcome"], changed["how"], changed["serial"]) == ("updated", "deltas", 2)


def test_a_stick_takes_the_servers_place(config: Path, fund: Fund, tmp_path: Path) -> None:
    fund.copy(tmp_path / "stick" / "oms-register")
    for place in (tmp_path / "stick", tmp_path / "stick" / "oms-register"):
        result = run(config, "--from", place)
        assert result.exit_code == 0, result.stderr
        assert line(result)["serial"] == 1


def test_what_is_not_trusted_ends_in_5(config: Path, fund: Fund) -> None:
    fund.lives["timestamp"] = timedelta(days=-1)
    fund.publish()
    result = run(config)
    assert result.exit_code == 5
    assert line(result)["outcome"] == "refused"
    assert line(result)["reason"] in result.stderr
    assert "the signature of timestamp has expired since" in result.stderr
    assert result.stderr.startswith("kiosk: ")
    assert result.stderr.count("\n") == 1


def test_what_cannot_be_had_ends_in_6(config: Path, server: FundServer, tmp_path: Path) -> None:
    server.order("base", Fault.BROKEN)
    result = run(config)
    assert (result.exit_code, line(result)["outcome"]) == (6, "failed")
    assert "HTTP 500" in result.stderr
    result = run(config, "--from", tmp_path / "no-stick")
    assert (result.exit_code, line(result)["outcome"]) == (6, "failed")
    assert "is the stick in?" in result.stderr


def test_what_is_not_the_signed_list_ends_in_4(config: Path, fund: Fund) -> None:
    fund.publish(b"{}")
    result = run(config)
    assert (result.exit_code, line(result)["outcome"]) == (4, "refused")


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        ("", (), "[register] dir and key_file: needed for an update"),
        (
            '[register]\ndir = "r"\nkey_file = "k"\n',
            (),
            "[update] root_file: needed for an update",
        ),
        (
            '[register]\ndir = "r"\nkey_file = "k"\n[update]\nroot_file = "x"\n',
            (),
            "[update] url is empty: give it, or --from",
        ),
        (
            '[register]\ndir = "r"\nkey_file = "k"\n[update]\nroot_file = "x"\n',
            ("--from", "http://fund.example/"),
            "--from: plain http only reaches this machine",
        ),
        (
            '[register]\ndir = "r"\nkey_file = "k"\n[update]\nroot_file = "x"\n',
            ("--from", "file:///media/stick"),
            "--from: not an address such as",
        ),
    ],
)
def test_what_is_missing_is_a_matter_of_usage(
    tmp_path: Path, text: str, arguments: tuple[str, ...], words: str
) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_text(text)
    result = run(path, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ((Step.CHECK, 0, 0, 0, 0.0), "check…"),
        (
            (Step.DOWNLOAD, 30_000_000, 170_000_000, 20_000_000, 10.0),
            "download: 30.0 of 170.0 MB, 2.0 MB/s, 1:10 left",
        ),
        ((Step.DOWNLOAD, 5, 5, 0, 0.0), "download: 0.0 of 0.0 MB, 0.0 MB/s"),
        (
            (Step.BUILD, 500_000, 1_000_000, 500_000, 5.0),
            "build: 500,000 of 1,000,000 rows, 100,000 rows/s, 0:05 left",
        ),
    ],
)
def test_progress_says_what_how_fast_and_how_long(
    at: tuple[Step, int, int, int, float], words: str
) -> None:
    assert progress_line(*at) == words


def test_a_terminal_sees_progress_and_a_pipe_does_not(config: Path) -> None:
    command = [sys.executable, "-c", "from kiosk.cli import main; main()"]
    terminal, theirs = pty.openpty()
    process = subprocess.Popen(
        [*command, "update", "--config", str(config)], stdout=subprocess.PIPE, stderr=theirs
    )
    output, _ = process.communicate(timeout=30)
    os.close(theirs)
    seen = b""
    while select.select([terminal], [], [], 0.2)[0]:
        try:
            seen += os.read(terminal, 4096)
        except OSError:
            break
    os.close(terminal)
    assert process.returncode == 0, seen
    assert json.loads(output)["outcome"] == "updated"
    assert b"download: " in seen
    assert b"build: 200 of 200 rows" in seen
    assert seen.endswith(b"\r\x1b[K")


def test_a_running_kiosk_takes_list_age_and_time_from_an_update(
    config: Path, fund: Fund, tmp_path: Path
) -> None:
    fund.freshness = FreshnessLimits(
        timedelta(days=3650), timedelta(days=3651), timedelta(days=3652)
    )
    fund.publish()
    wall = [time.time()]
    clock = Clock(lambda: wall[0])
    offline = OfflineLookup(tmp_path / "kiosk", tmp_path / "register.key")
    checker = Checker(offline, NoFund(()), clock)
    assert checker.refresh().serial is None
    assert run(config).exit_code == 0
    status = checker.refresh()
    assert status.serial == 1
    assert status.freshness(datetime.now(UTC)) is Freshness.FRESH
    assert clock.now().trusted
    wall[0] -= 3600
    assert not clock.now().trusted, "the fund has signed a later time than this"
    offline.close()
    # A restart does not forget it.
    clock = Clock(lambda: wall[0])
    offline = OfflineLookup(tmp_path / "kiosk", tmp_path / "register.key")
    Checker(offline, NoFund(()), clock).refresh()
    assert not clock.now().trusted
    offline.close()
