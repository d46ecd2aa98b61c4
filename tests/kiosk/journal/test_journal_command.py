"""`kiosk journal` as scripts and people see it."""

from __future__ import annotations

import json
import os
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner, Result

from kiosk.demo.people import generate
from kiosk.journal import receipt as receipts
from kiosk.journal.keys import load_verifier, make_key
from kiosk.journal.store import FILE_NAME
from kiosk.journal_command import journal as journal_group
from tests.kiosk.journal.samples import journal_in, key_in, moment, verdicts
from tests.kiosk.second_look.samples import typed

if TYPE_CHECKING:
    from pathlib import Path

_DAY = 86_400.0


@pytest.fixture(name="place")
def _place(tmp_path: Path) -> Path:
    """A folder with ten receipts, one a day, the key, and a configuration."""
    with closing(journal_in(tmp_path)) as journal:
        for day, one in enumerate(generate(10, seed=3)):
            verdict = verdicts()[day % 5]
            journal.record(verdict, typed(one), moment(_DAY * day, trusted=day != 4))
            if day == 6:
                journal.checkpoint(tmp_path / "checkpoint.json")
    text = '[journal]\ndir = "journal"\nkey_file = "kiosk.key"\n'
    (tmp_path / "kiosk.toml").write_text(text)
    (tmp_path / "public.pem").write_bytes(load_verifier(key_in(tmp_path)).to_pem())
    return tmp_path


def run(place: Path, command: str, *arguments: str | Path) -> Result:
    """One command on the journal of `place`."""

    @click.group()
    def cli() -> None:
        """Stand in for the whole program."""

    cli.add_command(journal_group)
    options = ["--config", str(place / "kiosk.toml")]
    return CliRunner().invoke(cli, ["journal", command, *options, *map(str, arguments)])


def receipt_text(place: Path, number: int) -> str:
    shown = run(place, "show", "--receipt", f"{number}", "--json")
    return str(json.loads(shown.output)["receipt"])


def test_show_prints_the_last_receipts(place: Path) -> None:
    shown = run(place, "show", "--last", "3")
    assert shown.exit_code == 0
    lines = shown.output.splitlines()
    assert [line.split()[0] for line in lines] == ["8", "9", "10"]
    assert "not_insured" in lines[0]
    assert "by register 7" in lines[0]
    assert "list_ageing" in lines[0]
    assert "CLOCK?" in run(place, "show").output.splitlines()[4]
    values = [json.loads(line) for line in run(place, "show", "--json").output.splitlines()]
    assert [one["number"] for one in values] == list(range(1, 11))
    assert values[4]["clock_trusted"] is False
    assert values[0]["how_known"]["serial"] == 7
    assert values[0]["document"] == {"source": "typed", "format": "typed"}


def test_one_receipt_verifies_anywhere_with_the_public_key_alone(
    place: Path, tmp_path: Path
) -> None:
    shown = run(place, "show", "--receipt", "5")
    text = shown.output.splitlines()[-1]
    assert len(text) <= receipts.MAX_TEXT
    (tmp_path / "receipt.txt").write_text(text[:50] + "\n" + text[50:] + "\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kiosk.toml").touch()
    key = ("--public-key", place / "public.pem")
    for given in (text, tmp_path / "receipt.txt"):
        done = run(elsewhere, "verify", "--receipt", given, *key)
        assert done.exit_code == 0, done.output
        assert json.loads(done.output)["number"] == 5
    raw = receipts.from_text(text)
    changed = receipts.to_text(raw[:20] + bytes([raw[20] ^ 1]) + raw[21:])
    done = run(elsewhere, "verify", "--receipt", changed, *key)
    assert done.exit_code == 5
    assert done.output.count("\n") == 1
    for wrong in ("OMSR1.x", "OMSR1.", "OMSR1." + "я" * 40):
        assert run(elsewhere, "verify", "--receipt", wrong, *key).exit_code == 4
    make_key(tmp_path / "other.key")
    other = ("--public-key", tmp_path / "other.key")
    assert run(elsewhere, "verify", "--receipt", text, *other).exit_code == 5
    assert run(elsewhere, "verify", "--receipt", text).exit_code == 2
    assert run(elsewhere, "verify", "--receipt", tmp_path / "none", *key).exit_code == 6
    (tmp_path / "noise").write_bytes(os.urandom(9000))
    assert run(elsewhere, "verify", "--receipt", tmp_path / "noise", *key).exit_code == 4


def test_a_sound_journal_verifies(place: Path) -> None:
    done = run(place, "verify")
    assert done.exit_code == 0, done.output
    assert "10 receipts, numbers 1 to 10; begins: new" in done.output
    assert "as the kiosk wrote it" in done.output
    told = json.loads(
        run(place, "verify", "--json", "--checkpoint", place / "checkpoint.json").output
    )
    assert told["sound"] is True
    assert (told["receipts"], told["clock_not_trusted"], told["begins"]) == (10, 1, "new")


def test_an_edited_journal_does_not(place: Path) -> None:
    path = place / "journal" / FILE_NAME
    content = path.read_bytes()
    raw = receipts.from_text(receipt_text(place, 5))
    path.write_bytes(content.replace(raw, raw[:20] + bytes([raw[20] ^ 1]) + raw[21:]))
    done = run(place, "verify", "--json")
    assert done.exit_code == 5
    told = json.loads(done.output.splitlines()[0])
    assert told["sound"] is False
    assert {"code": "signature", "number": 5, "words": "its signature does not hold"} in told[
        "findings"
    ]
    assert "NOT as the kiosk wrote it" in run(place, "verify").output


def test_an_older_copy_is_found_by_a_checkpoint(place: Path) -> None:
    done = run(place, "checkpoint", place / "later.json")
    assert done.exit_code == 0, done.output
    older = place / "older"
    older.mkdir()
    with closing(journal_in(older, key_file=key_in(place))) as journal:
        for _ in range(3):
            journal.record(verdicts()[0], None, moment())
    dir_ = ("--dir", older / "journal")
    assert run(place, "verify", *dir_).exit_code == 0
    assert run(place, "verify", *dir_, "--checkpoint", place / "later.json").exit_code == 5
    (place / "noise.json").write_text("{}")
    assert run(place, "verify", "--checkpoint", place / "noise.json").exit_code == 4
    assert run(place, "verify", "--checkpoint", place / "none.json").exit_code == 6


def _exported(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_export_writes_lines_that_verify(place: Path) -> None:
    done = run(place, "export", place / "out.jsonl")
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["receipts"] == 10
    lines = _exported(place / "out.jsonl")
    assert [line.get("kind") for line in lines] == ["beginning", *[None] * 10, "head"]
    verifier = load_verifier(place / "public.pem")
    for line in lines[1:-1]:
        assert verifier.holds(receipts.SIGNED_AS, receipts.from_text(line["receipt"]))
    done = run(place, "export", "--since", "2026-11-27", place / "out.jsonl")
    numbers = [line["number"] for line in _exported(place / "out.jsonl")[1:-1]]
    # Whether the one of the wrong clock belongs there, nobody knows.
    assert numbers == [5, 8, 9, 10]
    assert run(place, "export", "--since", "2026-11-27T12:00:00+03:00", place / "x").exit_code == 0
    assert run(place, "export", "--since", "yesterday", place / "y").exit_code == 2
    assert run(place, "export", place / "missing" / "file").exit_code == 6
    assert not list(place.glob("*.new"))


def test_the_public_key_is_printed(place: Path) -> None:
    done = run(place, "public-key")
    assert done.output == (place / "public.pem").read_text()


def test_what_is_missing_is_named(place: Path, tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "kiosk.toml").touch()
    for command in (("show",), ("verify",), ("export", tmp_path / "x"), ("checkpoint", "y")):
        done = run(tmp_path / "bare", *map(str, command))
        assert done.exit_code == 2
        assert "[journal]" in done.output
        nowhere = ("--dir", tmp_path / "bare")
        if command[0] != "verify":
            assert run(tmp_path / "bare", *map(str, command), *nowhere).exit_code == 6
    assert run(place, "show", "--receipt", "99").exit_code == 1
    assert run(place, "show", "--qr", "terminal").exit_code == 2
    key = ("--public-key", tmp_path / "bare" / "kiosk.toml")
    assert run(place, "verify", *key).exit_code == 6


def test_a_receipt_is_drawn_as_a_qr_code(place: Path) -> None:
    pytest.importorskip("segno")
    file = place / "receipt.png"
    done = run(place, "show", "--receipt", "3", "--qr", file)
    assert done.exit_code == 0, done.output
    assert file.read_bytes().startswith(b"\x89PNG")
    drawn = run(place, "show", "--receipt", "3", "--qr", "terminal").output.splitlines()
    assert len(drawn) > 30
    assert {len(line) for line in drawn[-5:]} != {0}
    assert run(place, "show", "--receipt", "3", "--qr", place / "no" / "x.png").exit_code == 6
