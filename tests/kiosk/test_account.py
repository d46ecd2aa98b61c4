"""What root types on a kiosk leaves nothing that the kiosk's own accounts cannot write later."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from kiosk.account import become_owner_of
from kiosk.cli import cli
from kiosk.demo.people import generate
from offline_cache.format import Status
from tests.kiosk.journal.samples import journal_in, moment, verdicts
from tests.kiosk.second_look.samples import typed
from tests.offline_cache.fund import Fund

if TYPE_CHECKING:
    from collections.abc import Iterator

KIOSK = (sys.executable, "-c", "from kiosk.cli import main; main()")
ACCOUNT = 64_123
"""A user that no machine has."""

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give rights up")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that another account reaches: those of pytest's are their owner's alone."""
    folder = Path(tempfile.mkdtemp(prefix="kiosk-account-"))
    folder.chmod(0o755)
    yield folder
    with suppress(OSError):
        shutil.rmtree(folder)


def owned(folder: Path) -> Path:
    """`folder`, made for the account, as tmpfiles does it on a kiosk."""
    folder.mkdir(parents=True)
    os.chown(folder, ACCOUNT, ACCOUNT)
    folder.chmod(0o2750)
    return folder


def owners(folder: Path) -> set[int]:
    return {path.stat().st_uid for path in folder.rglob("*")}


def test_an_update_by_root_leaves_nothing_of_roots(open_folder: Path) -> None:
    fund = Fund(open_folder / "stick")
    fund.base(dict.fromkeys(range(50), Status.CONFIRMED))
    register = owned(open_folder / "kiosk")
    (open_folder / "register.key").write_text(bytes(range(32)).hex())
    (open_folder / "root.json").write_bytes(fund.root)
    config = open_folder / "kiosk.toml"
    config.write_text(
        '[register]\ndir = "kiosk"\nkey_file = "register.key"\n'
        '[update]\nurl = ""\nroot_file = "root.json"\n'
    )
    for path in (open_folder / "stick").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    command = [*KIOSK, "update", "--config", str(config), "--no-progress"]
    for outcome in ("updated", "current"):
        done = subprocess.run(
            [*command, "--from", str(fund.folder)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["outcome"] == outcome
    assert (register / "state.sqlite").exists()
    assert (register / ".lock").exists()
    assert owners(register) == {ACCOUNT}


def test_where_root_cannot_become_the_owner_the_unit_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    owned(tmp_path / "kiosk")
    (tmp_path / "root.json").write_bytes(b"{}")
    config = tmp_path / "kiosk.toml"
    config.write_text(
        '[register]\ndir = "kiosk"\nkey_file = "register.key"\n[update]\nroot_file = "root.json"\n'
    )
    monkeypatch.setattr(os, "setgroups", refused)
    done = CliRunner().invoke(cli, ["update", "--config", str(config), "--from", str(tmp_path)])
    assert done.exit_code == 6
    assert "sudo systemctl start kiosk-update" in done.stderr
    assert [*(tmp_path / "kiosk").iterdir()] == []


def test_root_goes_on_where_nobody_else_is_the_owner(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        become_owner_of(folder)
        assert os.geteuid() == 0


def test_rights_are_given_up_for_good(tmp_path: Path) -> None:
    ask = (
        "import os, sys; from pathlib import Path; from kiosk.account import become_owner_of;"
        "become_owner_of(Path(sys.argv[1])); print(os.getresuid(), os.getresgid(), os.getgroups())"
    )
    folder = owned(tmp_path / "theirs")
    done = subprocess.run(
        [sys.executable, "-c", ask, str(folder)], capture_output=True, text=True, check=True
    )
    one = f"({ACCOUNT}, {ACCOUNT}, {ACCOUNT})"
    assert done.stdout.strip() == f"{one} {one} [{ACCOUNT}]"


def test_a_journal_that_root_begins_or_reads_stays_the_kiosks(tmp_path: Path) -> None:
    """Also where the kiosk was killed, so that a log is left for the next who opens the file."""
    folder = owned(tmp_path / "journal")
    write = (
        "import os, signal, sys; from pathlib import Path;"
        "from tests.kiosk.journal.samples import journal_in, moment, verdicts;"
        "journal = journal_in(Path(sys.argv[1]));"
        "assert journal.record(verdicts()[0], None, moment());"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", write, str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert owners(folder) == {ACCOUNT}
    (folder / "journal.db-shm").unlink()
    done = subprocess.run(
        [*KIOSK, "journal", "show", "--dir", str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.count("\n") == 1
    assert owners(folder) == {ACCOUNT}
    with closing(journal_in(tmp_path)) as journal:
        assert journal.record(verdicts()[0], typed(next(iter(generate(1, seed=1)))), moment())
        assert owners(folder) == {ACCOUNT}
