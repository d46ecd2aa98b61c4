"""`kiosk register build` as an office runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.csv
import pytest
from click.testing import CliRunner, Result
from pyarrow import parquet

from kiosk.exits import Exit
from kiosk.register_commands import register as register_group
from offline_cache import layout
from offline_cache.csv_rows import COLUMNS
from offline_cache.format import KeyKind, load_key_file
from offline_cache.register import Register
from offline_cache.store import staging
from tests.offline_cache.test_csv_rows import GOOD, csv_of


class _Office:
    """A folder with a key and an export."""

    def __init__(self, folder: Path) -> None:
        self.key = folder / "register.key"
        self.key.write_text("ab" * 32 + "\n", encoding="ascii")
        self.source = folder / "export.csv"
        self.source.write_bytes(csv_of({}))
        self.out = folder / "out"

    def build(self, *options: str) -> Result:
        """Run the command."""
        command = ["build", "--key-file", str(self.key), "--out", str(self.out), *options]
        return CliRunner().invoke(register_group, [*command, str(self.source)])

    def serial(self) -> int:
        """Serial of what is published."""
        with Register.open(self.out, load_key_file(self.key)) as register:
            assert register.find(KeyKind.ENP, GOOD["enp"]) is not None
            return register.serial


@pytest.fixture(name="office")
def _office(tmp_path: Path) -> _Office:
    return _Office(tmp_path)


def test_a_kiosk_can_use_it_at_once(office: _Office) -> None:
    result = office.build()
    assert result.exit_code == Exit.DONE, result.output
    assert "serial 1 as of" in result.stdout
    assert "1 rows, 1 numbers" in result.stdout
    assert office.serial() == 1
    office.build()
    assert office.serial() == 2


def test_everything_can_be_said(office: _Office) -> None:
    result = office.build(
        *("--serial", "17", "--as-of", "2026-03-31T09:00+03:00", "--next-expected", "2026-04-01"),
        *("--territory", "78", "--territory", "47", "--json", "--no-progress"),
    )
    assert result.exit_code == Exit.DONE, result.output
    told = json.loads(result.stdout)
    assert (told["serial"], told["rows"], told["entries"], told["problems"]) == (17, 1, 1, 0)
    assert told["as_of"] == "2026-03-31T06:00:00+00:00"
    with Register.open(office.out, load_key_file(office.key)) as register:
        assert register.territories == ("47", "78")
        assert register.next_expected == datetime(2026, 4, 1, tzinfo=UTC)


def test_bad_rows_stop_it_and_are_listed(office: _Office) -> None:
    office.source.write_bytes(csv_of({}, {"status": "ЖЖЖ"}, {"enp": "1"}))
    result = office.build()
    assert result.exit_code == Exit.MALFORMED
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "line 3, column status: no such code",
        "line 4, column enp: not 16 digits",
        f"kiosk: {office.source}: 2 problems; nothing was published",
    ]
    assert not (office.out / layout.BASE_NAME).exists()


def test_bad_rows_can_be_left_out(office: _Office) -> None:
    office.source.write_bytes(csv_of({}, *[{"enp": "1"}] * 30))
    result = office.build("--skip-bad-rows")
    assert result.exit_code == Exit.DONE
    assert "30 problems left out" in result.stdout
    assert "… and 10 more" in result.stderr
    assert office.serial() == 1


def test_a_number_in_two_rows_stops_it(office: _Office) -> None:
    office.source.write_bytes(csv_of({}, {"surname": "ДРУГОЙ"}))
    result = office.build()
    assert result.exit_code == Exit.MALFORMED
    assert "line 3, column enp: the same number as in line 2" in result.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", "no header", id="empty"),
        pytest.param(b"\x00" * 100, "number 1: unknown", id="zeros"),
        pytest.param(bytes(range(255, -1, -1)) * 100, "not UTF-8", id="binary"),
        pytest.param(csv_of(), "not one row", id="header-only"),
    ],
)
def test_files_that_are_no_export(office: _Office, content: bytes, words: str) -> None:
    office.source.write_bytes(content)
    result = office.build("--skip-bad-rows")
    assert result.exit_code == Exit.MALFORMED
    assert words in result.stderr


def test_a_bad_key_file(office: _Office) -> None:
    office.key.write_bytes(b"short")
    result = office.build()
    assert result.exit_code == Exit.MALFORMED
    assert "64 hex digits" in result.stderr


def test_a_relative_folder_will_do(office: _Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(office.out.parent)
    office.out = Path(office.out.name)
    result = office.build()
    assert result.exit_code == Exit.DONE, result.output
    assert office.serial() == 1
    assert {path.name for path in office.out.iterdir()} == {layout.BASE_NAME, ".lock"}


@pytest.mark.parametrize("serial", ["4", "5"])
def test_no_kiosk_is_led_back(office: _Office, serial: str) -> None:
    assert office.build("--serial", "5").exit_code == Exit.DONE
    result = office.build("--serial", serial)
    assert result.exit_code == Exit.USAGE
    assert "is 6" in result.stderr
    assert office.serial() == 5
    assert office.build("--serial", "6").exit_code == Exit.DONE


def test_a_register_that_does_not_tell_its_serial(office: _Office) -> None:
    office.out.mkdir()
    (office.out / layout.BASE_NAME).write_bytes(b"rubbish")
    result = office.build()
    assert result.exit_code == Exit.MALFORMED
    assert "give the new one" in result.stderr
    assert office.build("--serial", "5").exit_code == Exit.DONE
    assert office.serial() == 5


def test_a_folder_in_use(office: _Office) -> None:
    office.out.mkdir()
    with staging(office.out):
        result = office.build()
    assert result.exit_code == Exit.DEVICE
    assert "another process" in result.stderr


def test_a_folder_that_cannot_be_made(office: _Office) -> None:
    office.out.write_text("a file", encoding="ascii")
    assert office.build().exit_code == Exit.USAGE
    office.out = office.out / "below"
    result = office.build()
    assert result.exit_code == Exit.DEVICE
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(("--serial", "0"), id="serial"),
        pytest.param(("--as-of", "yesterday"), id="as-of"),
        pytest.param(
            ("--as-of", (datetime.now(UTC) + timedelta(days=1)).isoformat()), id="as-of-tomorrow"
        ),
        pytest.param(("--territory", "spb"), id="territory"),
        pytest.param(("--what",), id="unknown"),
    ],
)
def test_usage(office: _Office, options: tuple[str, ...]) -> None:
    result = office.build(*options)
    assert result.exit_code == Exit.USAGE
    assert not office.out.exists()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(csv_of({}).replace(b",", b";"), id="semicolons"),
        pytest.param(csv_of({}).decode().encode("cp1251"), id="windows-1251"),
    ],
)
def test_other_ways_to_write_a_csv(office: _Office, content: bytes) -> None:
    office.source.write_bytes(content)
    assert office.build().exit_code == Exit.DONE
    said = office.build("--encoding", "utf-8")
    assert said.exit_code == (Exit.DONE if b";" in content else Exit.MALFORMED)
    assert office.serial() == 1 + (b";" in content)


def test_parquet(office: _Office) -> None:
    table = pyarrow.csv.read_csv(
        office.source,
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(COLUMNS, pyarrow.string())
        ),
    )
    office.source = office.source.with_suffix(".parquet")
    parquet.write_table(table, office.source)
    result = office.build()
    assert result.exit_code == Exit.DONE, result.output
    assert office.serial() == 1


def test_a_database_that_is_not_there(office: _Office) -> None:
    command = ["build", "--key-file", str(office.key), "--out", str(office.out)]
    dsn = "host=127.0.0.1 port=1 password=unsaid"
    command += ["--postgres", dsn, "--query", "SELECT 1"]
    result = CliRunner().invoke(register_group, command)
    assert result.exit_code == Exit.DEVICE
    assert result.stderr == (
        "kiosk: PostgreSQL: no connection; check host, port, database and login\n"
    )


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["build", "FILE"], "either --out or --office"),
        (["build", "--out", "x", "FILE"], "--out needs --key-file"),
        (["build", "--out", "x", "--office", "y", "--key-file", "FILE", "FILE"], "either --out or"),
        (["build", "--office", "y"], "either a file or --postgres"),
        (["build", "--office", "y", "--postgres", "z", "FILE"], "belong together"),
        (
            ["build", "--office", "y", "--dask", "a", "--workers", "2", "FILE"],
            "--dask and --workers exclude each other",
        ),
        (["build", "--office", "y", "--encoding", "koi8-r", "FILE"], "koi8-r"),
    ],
)
def test_options_that_do_not_go_together(office: _Office, command: list[str], words: str) -> None:
    arguments = [str(office.source) if word == "FILE" else word for word in command]
    result = CliRunner().invoke(register_group, arguments)
    assert result.exit_code == Exit.USAGE
    assert words in result.stderr


def test_a_start_imports_nothing_that_only_a_build_needs() -> None:
    script = (
        "import sys, kiosk.cli;"
        "print({'numpy', 'pyarrow', 'psycopg', 'distributed', 'dask'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert told.stdout == b"set()\n"


@pytest.mark.parametrize(
    ("library", "options", "extra"),
    [
        ("numpy", (), "publisher"),
        ("pyarrow", (), "publisher"),
        ("distributed", ("--dask", "tcp://127.0.0.1:9"), "cluster"),
    ],
)
def test_a_library_that_is_not_installed(
    office: _Office, library: str, options: tuple[str, ...], extra: str
) -> None:
    script = (
        f"import sys; sys.modules[{library!r}] = None\n"
        "from kiosk.cli import main\n"
        "if __name__ == '__main__': main()\n"
    )
    command = ["register", "build", "--key-file", office.key, "--out", office.out, *options]
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, command), str(office.source)],
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == Exit.USAGE
    assert done.stderr == (
        f"kiosk: {library} is not installed; install the kiosk with its extra `{extra}` to do "
        "this\n"
    )
