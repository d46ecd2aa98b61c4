"""`kiosk insurers` as scripts see it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from kiosk.demo.reference_sample import write_reference
from kiosk.exits import Exit
from kiosk.insurers_command import insurers

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(name="config")
def _config(tmp_path: Path) -> Path:
    """The configuration of a kiosk with the sample reference data."""
    write_reference(tmp_path / "register" / "reference")
    path = tmp_path / "kiosk.toml"
    path.write_text('[register]\ndir = "register"\nkey_file = "register.key"\n', encoding="utf-8")
    return path


def run(config: Path, *words: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(insurers, ["--config", str(config), *words])


def found(config: Path, *words: str) -> list[dict[str, Any]]:
    """What the command printed."""
    result = run(config, *words)
    assert result.exit_code == Exit.DONE, result.output
    rows: list[dict[str, Any]] = json.loads(result.stdout)
    return rows


def test_everything_about_one_insurer(config: Path) -> None:
    assert found(config, "--region", "78", "--ogrn", "1997800000010") == [
        {
            "smocod": "78001",
            "short_name": "Невский пример",
            "full_name": "ООО «СМО „Невский пример“»",
            "ogrn": "1997800000010",
            "okato": "40000",
            "territory": "Санкт-Петербург",
            "phone": "8 800 000-01-06",
            "email": "smo78001@example.org",
            "site": "https://smo78001.example.org",
            "licence": "ОС № 0000-01 (пример)",
            "valid_from": "2011-01-01",
            "valid_to": None,
        }
    ]


def test_all_of_them(config: Path) -> None:
    rows = found(config)
    assert len(rows) == 10
    assert [row["okato"] for row in rows] == sorted(row["okato"] for row in rows)


@pytest.mark.parametrize(
    "region", ["64", "63000", "Саратовская область", "саратов", " САРАТОВСКАЯ  область "]
)
def test_a_territory_by_any_of_its_names(config: Path, region: str) -> None:
    assert {row["smocod"] for row in found(config, "--region", region)} == {"64001", "64002"}


def test_names_that_change_have_dates(config: Path) -> None:
    rows = found(config, "--ogrn", "1997500000012")
    assert [(row["short_name"], row["valid_from"], row["valid_to"]) for row in rows] == [
        ("Даурский пример", "2020-01-01", None),
        ("Прежний пример", "2011-01-01", "2019-12-31"),
    ]


def test_nobody_fits(config: Path) -> None:
    assert found(config, "--ogrn", "1990000000000") == []
    assert found(config, "--region", "91") == []


def test_a_territory_that_only_insurers_name(config: Path) -> None:
    (config.parent / "register" / "reference" / "territories.csv").unlink()
    (row, _) = found(config, "--region", "45000")
    assert row["territory"] is None
    assert run(config, "--region", "Москва").exit_code == Exit.USAGE


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--region", "00"), "no such territory"),
        (("--region", "Атлантида"), "no such territory"),
        (("--region", " "), "no such territory"),
        (("--region", "²"), "no such territory"),
        (("--ogrn", "199"), "13 digits"),
        (("--ogrn", "١٩٩٧٨٠٠٠٠٠٠١٠"), "13 digits"),
    ],
)
def test_usage(config: Path, words: tuple[str, ...], said: str) -> None:
    result = run(config, *words)
    assert result.exit_code == Exit.USAGE
    assert said in result.stderr
    assert result.stdout == ""


def test_no_reference_data(config: Path) -> None:
    (config.parent / "register" / "reference" / "insurers.csv").unlink()
    result = run(config)
    assert result.exit_code == Exit.COULD_NOT_CHECK
    assert "no insurers in the reference data; bring them with kiosk update" in result.stderr
    assert result.stderr.count("\n") == 1


def test_no_register(config: Path) -> None:
    config.write_text("", encoding="utf-8")
    result = run(config)
    assert result.exit_code == Exit.USAGE
    assert "[register] dir" in result.stderr


def test_a_wrong_line_is_told_and_left_out(config: Path) -> None:
    path = config.parent / "register" / "reference" / "insurers.csv"
    path.write_bytes(path.read_bytes() + b"78009,A,B,1,40000,,,,,,,,,\n")
    result = run(config, "--region", "78")
    assert result.exit_code == Exit.DONE
    assert "insurers.csv: line 12: column ogrn: not 13 digits: the line is left out" in (
        result.stderr
    )
    assert len(json.loads(result.stdout)) == 2
