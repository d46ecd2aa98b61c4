"""`kiosk check` with every document that people have in hand, against a real register."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from kiosk.cli import cli
from kiosk.demo.encode_chip import holder_file, insurer_file
from kiosk.demo.encode_mrz import encode_internal
from kiosk.demo.people import person
from kiosk.demo.register_sample import write_csv

if TYPE_CHECKING:
    from pathlib import Path

KEY = bytes(range(32))
MAN = person("plain_man")
BORN = MAN.birth_date.isoformat()


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configured kiosk with the sample register."""
    folder = tmp_path_factory.mktemp("kiosk")
    (folder / "key").write_bytes(KEY)
    write_csv(folder / "export.csv", 200)
    built = run("register", "build", "--key-file", folder / "key", "--out", folder / "register",
                folder / "export.csv")  # fmt: skip
    assert built.exit_code == 0, built.output
    path = folder / "kiosk.toml"
    path.write_text('[kiosk]\nokato = "40000"\n[register]\ndir = "register"\nkey_file = "key"\n')
    return path


def run(*words: str | Path) -> Any:
    return CliRunner().invoke(cli, [str(word) for word in words])


def checked(config: Path, *words: str | Path) -> tuple[int, dict[str, Any]]:
    result = run("check", "--config", config, *words)
    return result.exit_code, json.loads(result.stdout)


NAMED = ("--surname", MAN.surname, "--given-name", MAN.given_name,
         "--patronymic", MAN.patronymic or "", "--birth-date", BORN)  # fmt: skip

WAYS = {
    "SNILS and birth date": ("--snils", MAN.snils, "--birth-date", BORN),
    "passport": ("--passport", "40 12 100001"),
    "passport with its holder": ("--passport", "4012100001", *NAMED),
    "temporary certificate": ("--temporary-certificate", "900 000 001"),
    "old policy": ("--old-policy", "75-А № 0000100"),
    "old policy typed in Latin": ("--old-policy", "75-A N 0000100"),
    "extract": ("--text", f"Выписка: полис № {MAN.enp}, Ф.И.О. скрыты"),
    "number": ("--enp", MAN.enp),
}


@pytest.mark.parametrize("way", WAYS)
def test_each_way_finds_the_policy(config: Path, way: str) -> None:
    code, verdict = checked(config, *WAYS[way])
    assert (code, verdict["reason"]) == (0, "insured")
    named = "--surname" in WAYS[way]
    assert ("person_not_compared" in verdict["notes"]) is not named


def test_the_lines_of_a_passport_find_and_compare(config: Path) -> None:
    code, verdict = checked(config, "--mrz", encode_internal(MAN, document="4012 № 100001"))
    assert (code, verdict["notes"]) == (0, [])


def test_a_chip_is_checked_with_its_signature(config: Path, tmp_path: Path) -> None:
    (tmp_path / "holder").write_bytes(holder_file(MAN))
    (tmp_path / "insurer").write_bytes(insurer_file(MAN))
    code, verdict = checked(
        config, "--holder", tmp_path / "holder", "--insurer", tmp_path / "insurer"
    )
    assert code == 0
    assert verdict["checks"][-1] == {
        "name": "signature", "outcome": "unknown", "detail": "no_key"
    }  # fmt: skip


def test_another_birth_date_finds_nobody_by_snils(config: Path) -> None:
    code, verdict = checked(config, "--snils", MAN.snils, "--birth-date", "1984-03-06")
    assert (code, verdict["reason"]) == (3, "not_in_list")


def test_the_term_of_a_temporary_certificate_is_counted(config: Path) -> None:
    _, verdict = checked(config, "--temporary-certificate", "900000001", "--issued", "2021-03-01")
    assert {"document_expired", "calendar_estimated"} <= set(verdict["notes"])


USAGE = {
    "SNILS without a birth date": ("--snils", MAN.snils),
    "two documents": ("--enp", MAN.enp, "--passport", "4012100001"),
    "a day of issue of a passport": ("--passport", "4012100001", "--issued", "2021-03-01"),
    "the name on a code": ("--text", MAN.enp, "--surname", "X"),
    "half a person": ("--passport", "4012100001", "--surname", "X"),
}


@pytest.mark.parametrize("mistake", USAGE)
def test_usage(config: Path, mistake: str) -> None:
    result = run("check", "--config", config, *USAGE[mistake])
    assert result.exit_code == 2
    assert MAN.snils not in result.output


MALFORMED = {
    "SNILS with a wrong check number": ("--snils", "95000247400", "--birth-date", BORN),
    "short passport": ("--passport", "401210000"),
    "birth certificate without its series": ("--birth-certificate", "№ 123456"),
    "torn lines": ("--mrz", "PNRUS"),
    "old policy without digits": ("--old-policy", "№"),
    "a ticket": ("--text", "А-017"),
}


@pytest.mark.parametrize("mistake", MALFORMED)
def test_malformed_input_is_one_line(config: Path, mistake: str) -> None:
    result = run("check", "--config", config, *MALFORMED[mistake])
    assert result.exit_code == 4
    assert len(result.stderr.strip().splitlines()) == 1
