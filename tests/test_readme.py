"""What the README says is true: its commands, its layout table, its answers, its pictures."""

from __future__ import annotations

import copy
import json
import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import click
import pytest

from kiosk.cli import cli
from kiosk.config import parse
from offline_cache.csv_rows import COLUMNS
from tests.boot.page import steps
from tests.boot.promises import PROMISES, promise_of
from tests.readme import README, with_answers

ROOT = README.parent
TEXT = README.read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", TEXT, flags=re.DOTALL)
    for line in block.splitlines()
    if not line.startswith("# ")
]


@pytest.mark.parametrize(
    "line",
    [one.removeprefix("sudo ") for one in COMMANDS if one.startswith(("kiosk ", "sudo kiosk "))],
)
def test_a_kiosk_command_parses(line: str) -> None:
    """Down to its last option; nothing is run."""
    words = shlex.split(line)[1:]
    context = click.Context(cli, info_name="kiosk")
    command: click.Command = cli
    while isinstance(command, click.Group):
        name, command, words = command.resolve_command(context, words)  # type: ignore[assignment]
        assert command is not None
        # A copy: the command is every test's.
        command = copy.deepcopy(command)
        context = click.Context(command, parent=context, info_name=name)
    # What is checked is the spelling; the files that the README names need not exist.
    for parameter in command.params:
        if isinstance(parameter.type, click.Path | click.File):
            parameter.type = click.STRING
    command.parse_args(context, words)


@pytest.mark.parametrize("line", [one for one in COMMANDS if one.startswith("make ")])
def test_a_make_target_exists(line: str) -> None:
    target = line.split()[1]
    done = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("line", [one for one in COMMANDS if one.startswith("curl ")])
def test_a_question_of_the_clinic_is_one_that_is_answered(line: str) -> None:
    words = shlex.split(line)
    description = json.loads((ROOT / "kiosk/clinic/openapi.json").read_text(encoding="utf-8"))
    assert words[-1].removeprefix("http://localhost") in description["paths"]
    (section,) = re.findall(r"```toml\n(\[clinic\]\n.*?)```", TEXT, flags=re.DOTALL)
    config = parse(tomllib.loads(section))
    assert words[words.index("--unix-socket") + 1] == str(config.clinic.socket)


def test_every_command_line_was_checked_above() -> None:
    checked = ("kiosk ", "sudo kiosk ", "make ", "curl ")
    followed = {step.words for step in steps()}
    others = [line for line in COMMANDS if not line.startswith(checked) and line not in followed]
    assert others == ["head -c 32 /dev/urandom > register.key"]
    assert len(COMMANDS) > len(others) + 5


def test_the_boot_tests_know_each_line_of_the_technicians_page() -> None:
    """What each promises; `make test-boot` follows them."""
    known = {(place, form) for place, forms in PROMISES.items() for form in forms}
    assert {(step.place, promise_of(step)[0]) for step in steps()} == known


def test_the_layout_table_is_the_tree() -> None:
    table = TEXT.split("## Where things are")[1].split("##")[0]
    listed = set(re.findall(r"^\| `([a-z_/]+)/` \|", table, flags=re.MULTILINE))
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    if not tracked:
        pytest.skip("not a git checkout: the tree may hold anything")
    folders = {name.split("/")[0] for name in tracked if "/" in name and name[0] != "."}
    assert {name.split("/")[0] for name in listed} == folders
    assert all((ROOT / name).is_dir() for name in listed)


def test_only_what_belongs_there_lies_on_top() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.splitlines()
    files = {name for name in tracked if "/" not in name}
    assert files <= {
        ".gitignore",
        "CHANGELOG.md",
        "LICENSE",
        "Makefile",
        "README.md",
        "pyproject.toml",
        "requirements-dev.lock",
        "requirements.lock",
    }


def test_the_columns_are_those_of_the_code() -> None:
    said = re.search(r"Columns: `(.*?)`", TEXT, flags=re.DOTALL)
    assert said is not None
    assert tuple(re.split(r",\s+", said[1])) == COLUMNS


def test_the_answers_are_those_of_the_code() -> None:
    assert with_answers(TEXT) == TEXT, "run: make readme"


@pytest.mark.parametrize("path", re.findall(r"\]\(([\w/.]+)\)", TEXT))
def test_what_is_linked_exists(path: str) -> None:
    assert (ROOT / Path(path)).is_file()
