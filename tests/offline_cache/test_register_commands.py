"""`kiosk register build` as an office runs it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kiosk.exits import Exit
from kiosk.register_commands import register as register_group
from offline_cache import layout
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
