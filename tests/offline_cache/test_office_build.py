"""The office's next list and its delta, as the command line makes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from kiosk.exits import Exit
from kiosk.register_commands import register as register_group
from offline_cache.format import KeyKind, PolicyType, Status, load_key_file
from offline_cache.publisher.lists import OfficeLists
from offline_cache.publisher.office import Office, Settings, settings_to_bytes
from offline_cache.store import staging
from offline_cache.wire import RowsReader
from tests.offline_cache.test_csv_rows import GOOD, csv_of

if TYPE_CHECKING:
    from pathlib import Path

_GOLDEN = {
    "enp": "7756510844001486",
    "surname": "КОНТРОЛЬНЫЙ",
    "given_name": "ПОЛИС",
    "patronymic": "",
    "status": "НВС",
    "policy_type": "Ц",
}


def _enp(n: int) -> str:
    """A valid number, `n` of up to 900,000,000."""
    body = f"780000{n:09}"
    total = sum(int(digit) for digit in body[1::2])
    total += sum(sum(divmod(2 * int(digit), 10)) for digit in body[::2])
    return f"{body}{-total % 10}"


class _Desk:
    """An office with a key and golden policies, and an export."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "office"
        self.folder.mkdir()
        self.lists = OfficeLists(self.folder)
        (self.folder / "office.json").write_bytes(settings_to_bytes(Settings(("78", "47"))))
        self.office = Office.open(self.folder)
        self.office.register_key.write_text("ab" * 32, encoding="ascii")
        self.golden = _GOLDEN | {"enp": _enp(999)}
        self.office.golden.write_bytes(csv_of(self.golden))
        self.export = folder / "export.csv"

    def build(self, *rows: dict[str, str], options: tuple[str, ...] = ()) -> Result:
        """Make a list of rows."""
        self.export.write_bytes(csv_of(*rows))
        command = ["build", "--office", str(self.folder), *options, str(self.export)]
        return CliRunner().invoke(register_group, command)

    def run(self, command: str, *options: str) -> Result:
        """Run another command."""
        return CliRunner().invoke(register_group, [command, *options, str(self.folder)])


@pytest.fixture(name="desk")
def _desk(tmp_path: Path) -> _Desk:
    return _Desk(tmp_path)


def _rows(count: int, **change: str) -> list[dict[str, str]]:
    return [{"enp": _enp(n)} | change for n in range(count)]


def test_the_next_list_lies_beside_its_description(desk: _Desk) -> None:
    result = desk.build(
        *_rows(10), options=("--as-of", "2026-03-31T06:00", "--next-expected", "2026-04-01")
    )
    assert result.exit_code == Exit.DONE, result.output
    about = desk.lists.describe(1)
    assert (about.rows, about.entries, about.problems) == (11, 11, 0)
    assert about.statuses == {Status.CONFIRMED: 10, Status.CONSCRIPTED: 1}
    assert about.policy_types == {PolicyType.PAPER: 10, PolicyType.DIGITAL: 1}
    assert about.kinds == (KeyKind.ENP,)
    assert about.territories == ("47", "78")
    assert about.as_of.isoformat() == "2026-03-31T06:00:00+00:00"
    assert about.key_check == load_key_file(desk.office.register_key).check_value
    (golden,) = about.golden
    assert (golden.enp, golden.surname, golden.status) == (
        desk.golden["enp"],
        "КОНТРОЛЬНЫЙ",
        Status.CONSCRIPTED,
    )
    with desk.lists.rows_path(1).open("rb") as stream:
        header = RowsReader(stream).header
    assert (header.rows, header.digest) == (about.entries, about.digest)
    assert sorted(path.name for path in desk.lists.folder.iterdir()) == [
        *(".lock", "list-1.json", "list-1.rows"),
    ]


def test_serials_count_on(desk: _Desk) -> None:
    assert desk.build(*_rows(1)).exit_code == Exit.DONE
    assert desk.build(*_rows(1), options=("--serial", "1")).exit_code == Exit.USAGE
    assert desk.build(*_rows(1), options=("--serial", "7")).exit_code == Exit.DONE
    assert desk.build(*_rows(1)).exit_code == Exit.DONE
    assert desk.lists.serials() == (1, 7, 8)
    newest = desk.lists.newest()
    assert newest is not None
    assert newest.serial == 8


def test_what_fails_leaves_no_list(desk: _Desk) -> None:
    result = desk.build({"status": "ЖЖЖ"})
    assert result.exit_code == Exit.MALFORMED
    assert result.stderr.startswith("line 2, column status: no such code")
    assert [path.name for path in desk.lists.folder.iterdir()] == [".lock"]
    with staging(desk.lists.folder):
        assert desk.build(*_rows(1)).exit_code == Exit.DEVICE
    assert desk.lists.newest() is None


def test_a_golden_policy_that_the_export_contradicts(desk: _Desk) -> None:
    row = desk.golden | {"status": "ДПП"}
    result = desk.build(*_rows(2), row)
    assert result.exit_code == Exit.MALFORMED
    assert (
        "golden.csv, line 2, column enp: the same number as in line 4 of the export, "
        "with another entry\n" in result.stderr
    )
    result = desk.build(*_rows(2), row, options=("--skip-bad-rows",))
    assert result.exit_code != Exit.DONE
    assert "a golden policy is contradicted" in result.stderr
    assert desk.lists.newest() is None


@pytest.mark.parametrize(
    ("golden", "words"),
    [
        (csv_of(), "golden policies are needed"),
        (csv_of({"status": "x"}), "golden.csv: line 2, column status: no such code"),
        (csv_of({"enp": "", "temporary_certificate": "900000001"}), "a golden policy needs one"),
        (csv_of({}, {}), "golden.csv, line 3, column enp: the same number and entry as in line 2"),
    ],
)
def test_golden_policies_that_are_none(desk: _Desk, golden: bytes, words: str) -> None:
    desk.office.golden.write_bytes(golden)
    result = desk.build(*_rows(2))
    assert result.exit_code == Exit.MALFORMED
    assert words in result.stderr


def test_a_delta_between_two_lists(desk: _Desk) -> None:
    desk.build(*_rows(50))
    assert desk.run("delta").exit_code == Exit.MALFORMED
    desk.build(*_rows(40), *[row | {"status": "НСН"} for row in _rows(60)[50:]])
    desk.build(*_rows(60, status="НВС"))
    told = desk.run("delta", "--json")
    assert told.exit_code == Exit.DONE, told.output
    made = json.loads(told.stdout)
    assert (made["from"], made["to"], made["rows"]) == (2, 3, 60)
    told = desk.run("delta", "--from", "1", "--to", "2")
    assert told.stdout.startswith(f"{desk.lists.delta_path(1, 2)}: 20 rows changed, ")
    assert desk.run("delta", "--from", "2", "--to", "1").exit_code == Exit.MALFORMED
    assert desk.run("delta", "--to", "9").exit_code == Exit.MALFORMED


def test_no_delta_between_lists_of_two_keys(desk: _Desk) -> None:
    desk.build(*_rows(5))
    desk.office.register_key.write_text("cd" * 32, encoding="ascii")
    desk.build(*_rows(5))
    result = desk.run("delta")
    assert result.exit_code == Exit.MALFORMED
    assert "built with two keys" in result.stderr


def test_a_folder_that_is_no_office(tmp_path: Path) -> None:
    export = tmp_path / "export.csv"
    export.write_bytes(csv_of(GOOD))
    command = ["build", "--office", str(tmp_path / "none"), str(export)]
    result = CliRunner().invoke(register_group, command)
    assert result.exit_code != Exit.DONE
    assert "kiosk register init" in result.stderr
