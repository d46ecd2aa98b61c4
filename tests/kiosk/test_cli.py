"""The command-line contract: JSON, exit codes, one line for every mistake."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from kiosk.cli import cli
from kiosk.demo.encode_barcode import encode
from kiosk.demo.encode_chip import holder_file, insurer_file
from kiosk.demo.people import person
from kiosk.demo.register_sample import SMALLEST_SAMPLE, write_csv
from kiosk.demo.silhouette import silhouette
from kiosk.exits import Exit

if TYPE_CHECKING:
    from pathlib import Path

KIOSK = [sys.executable, "-c", "from kiosk.cli import main; main()"]


def run(*arguments: object) -> Result:
    """Run `kiosk` in this process."""
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def only_line(result: Result) -> str:
    """Standard error, which must be one line without a traceback."""
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("kiosk: ")
    assert "Traceback" not in line
    return line


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration with a register that `kiosk register build` made."""
    folder = tmp_path_factory.mktemp("kiosk")
    write_csv(folder / "export.csv", SMALLEST_SAMPLE)
    (folder / "register.key").write_text("00112233445566778899aabbccddeeff" * 2 + "\n")
    built = run(
        "register", "build", "--key-file", folder / "register.key",
        "--out", folder / "register", folder / "export.csv",
    )  # fmt: skip
    assert built.exit_code == 0, built.output
    path = folder / "kiosk.toml"
    path.write_text('[register]\ndir = "register"\nkey_file = "register.key"\n')
    return path


def test_decode_barcode_prints_the_presented_policy(tmp_path: Path) -> None:
    one = person("double_barrelled")
    payload = encode(one)
    scan = tmp_path / "scan.bin"
    scan.write_bytes(b"]L0" + payload + b"\r\n")
    by_hex = run("decode", "barcode", "--hex", payload.hex(" ").upper())
    by_file = run("decode", "barcode", "--file", scan)
    assert by_hex.exit_code == by_file.exit_code == 0
    assert by_hex.stdout == by_file.stdout
    assert json.loads(by_hex.stdout) == {
        "source": "barcode",
        "format": "barcode-01",
        "enp": one.enp,
        "surname": one.surname,
        "given_name": one.given_name,
        "patronymic": one.patronymic,
        "birth_date": one.birth_date.isoformat(),
        "sex": "female",
        "snils": None,
        "birth_place": None,
        "citizenship": None,
        "issue_date": None,
        "expiry_date": None,
        "insurer": {
            "ogrn": one.insurer.ogrn,
            "okato": one.insurer.okato,
            "begin": None,
            "end": None,
        },
        "photo": None,
        "signature_hex": payload[65:].hex(),
        "temporary_certificate": None,
        "old_policy": None,
        "identity_document": None,
    }


def test_decode_chip_prints_the_presented_policy(tmp_path: Path) -> None:
    one = person("kyrgyz")
    picture = silhouette()
    (tmp_path / "holder").write_bytes(holder_file(one, photo=picture, snils=True))
    (tmp_path / "insurer").write_bytes(insurer_file(one, signature=b"\x01\x02"))
    result = run(
        "decode", "chip", "--holder", tmp_path / "holder", "--insurer", tmp_path / "insurer"
    )
    assert result.exit_code == 0, result.output
    values = json.loads(result.stdout)
    assert values["source"] == values["format"] == "chip"
    assert values["photo"] == {"mime": "image/jpeg", "size_bytes": len(picture)}
    assert values["signature_hex"] == "0102"
    assert values["citizenship"] == "KGZ"
    assert values["snils"] == one.snils
    assert values["insurer"]["begin"] == one.insured_since.isoformat()


def test_decode_text_prints_the_presented_policy() -> None:
    result = run("decode", "text", f"https://example.org/?n={person('yo').enp}")
    assert (json.loads(result.stdout)["enp"], result.exit_code) == (person("yo").enp, 0)


GOOD = encode(person("plain_man"))
MALFORMED = [
    pytest.param(["decode", "barcode", "--hex", GOOD[:129].hex()], "129 bytes", id="129"),
    pytest.param(["decode", "barcode", "--hex", (GOOD + b"x").hex()], "131 bytes", id="131"),
    pytest.param(["decode", "barcode", "--hex", (GOOD * 2).hex()], "glued", id="glued"),
    pytest.param(["decode", "barcode", "--hex", "0g"], "hex", id="no-hex"),
    pytest.param(
        ["decode", "barcode", "--hex", (GOOD[:51] + b"\x03" + GOOD[52:]).hex()],
        "offset 51",
        id="sex",
    ),
    pytest.param(["decode", "barcode", "--hex", b"7856510844000123".hex()], "text", id="a-text"),
    pytest.param(["decode", "text", "00012345678"], "blank", id="blank"),
    pytest.param(["decode", "text", "hello"], "no 16-digit", id="no-number"),
    pytest.param(["decode", "text", "7856510844000124"], "check digit", id="luhn"),
    pytest.param(["decode", "barcode", "--hex", "0000"], "2 blank", id="blanks"),
    pytest.param(["decode", "barcode", "--hex", "00" * 130], "offset 0", id="zeros"),
    pytest.param(["decode", "barcode", "--hex", "ff" * 130], "offset 0", id="ones"),
    pytest.param(["decode", "barcode", "--hex", "012"], "pairs of hex digits", id="half-a-byte"),
    pytest.param(["check", "--enp", "123"], "certificate 9, not 3", id="short"),
    pytest.param(["check", "--enp", "12345678901"], "blank", id="check-blank"),
    pytest.param(["check", "--barcode-hex", "0100"], "2 bytes", id="check-barcode"),
]


@pytest.mark.parametrize(("arguments", "expected"), MALFORMED)
def test_malformed_input_is_one_line_that_says_what_and_where(
    arguments: list[str], expected: str
) -> None:
    result = run(*arguments)
    assert result.exit_code == 4
    assert expected in only_line(result)


@pytest.mark.parametrize("cut", [0, 1, 5, 60, 150])
def test_a_truncated_chip_file_is_named_with_the_place(tmp_path: Path, cut: int) -> None:
    (tmp_path / "holder").write_bytes(holder_file(person("plain_man"))[:cut])
    result = run("decode", "chip", "--holder", tmp_path / "holder")
    assert result.exit_code == 4
    assert "offset" in only_line(result)


USAGE = [
    pytest.param(["decode", "barcode"], id="neither"),
    pytest.param(["decode", "barcode", "--hex", "00", "--file", "x"], id="both"),
    pytest.param(["check"], id="check-neither"),
    pytest.param(["check", "--enp", "1", "--barcode-hex", "00"], id="check-both"),
    pytest.param(["check", "--barcode-hex", "00", "--surname", "x"], id="name-of-a-barcode"),
    pytest.param(["check", "--enp", "1", "--surname", "x"], id="half-a-person"),
    pytest.param(["check", "--enp", "1", "--birth-date", "2001-01-01"], id="birth-date-alone"),
    pytest.param(["check", "--enp", "1", "--birth-date", "05.03.1984"], id="date"),
    pytest.param(["check", "--config", "/none.toml", "--enp", person("yo").enp], id="config"),
    pytest.param(["run", "--windowed", "--headless", "x"], id="run-both"),
    pytest.param(["nothing"], id="command"),
]


@pytest.mark.parametrize("arguments", USAGE)
def test_usage(arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_a_missing_file_is_a_device_error(tmp_path: Path) -> None:
    result = run("decode", "chip", "--holder", tmp_path / "none")
    assert result.exit_code == 6
    assert "No such file" in only_line(result)


def check(config: Path, slug: str, **changes: str) -> tuple[int, dict[str, Any]]:
    """Check one of the cast by number and name."""
    one = person(slug)
    said = {
        "surname": one.surname.capitalize(),
        "given-name": one.given_name,
        "patronymic": one.patronymic or "",
        "birth-date": one.birth_date.isoformat(),
        **changes,
    }
    options = [word for name, value in said.items() for word in (f"--{name}", value)]
    result = run("check", "--config", config, "--enp", one.enp, *options)
    return result.exit_code, json.loads(result.stdout)


@pytest.mark.parametrize(
    ("slug", "code", "expected"),
    [
        pytest.param("plain_woman", 0, ("insured", "insured"), id="insured"),
        pytest.param("no_patronymic", 0, ("insured", "insured"), id="no-patronymic"),
        pytest.param("yo", 0, ("insured", "insured"), id="yo"),
        pytest.param("suspended", 1, ("not_insured", "suspended"), id="suspended"),
        pytest.param("absent", 3, ("could_not_check", "not_in_list"), id="absent"),
        pytest.param("details_differ", 3, ("could_not_check", "details_differ"), id="differs"),
        pytest.param("to_clarify", 3, ("could_not_check", "to_be_clarified"), id="clarify"),
    ],
)
def test_check_ends_with_the_code_of_its_family(
    config: Path, slug: str, code: int, expected: tuple[str, str]
) -> None:
    ended, verdict = check(config, slug)
    assert (verdict["verdict"], verdict["reason"]) == expected
    assert ended == code
    assert verdict["how_known"]["source"] == "register"
    assert verdict["how_known"]["serial"] == 1


def test_check_compares_the_person(config: Path) -> None:
    assert check(config, "yo", surname="Семенова", **{"given-name": "алена"})[0] == 0
    code, verdict = check(config, "yo", **{"birth-date": "2001-01-02"})
    assert (code, verdict["reason"]) == (3, "details_differ")


def test_check_by_barcode_and_by_a_global_configuration(config: Path) -> None:
    payload = encode(person("expired"), kind=2)
    result = run("--config", config, "check", "--barcode-hex", payload.hex())
    assert (result.exit_code, json.loads(result.stdout)["reason"]) == (1, "expired")


def test_check_without_a_register_could_not_check() -> None:
    result = run("check", "--enp", person("yo").enp)
    assert result.exit_code == 3
    assert json.loads(result.stdout)["reason"] == "no_list"


def test_check_with_another_key_never_says_absent(config: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    (tmp_path / "key").write_bytes(os.urandom(32))
    other.write_text(f'[register]\ndir = "{config.parent}/register"\nkey_file = "key"\n')
    result = run("check", "--config", other, "--enp", person("yo").enp)
    assert json.loads(result.stdout)["reason"] == "no_list"


def test_a_document_without_a_surname_is_compared_as_one(config: Path) -> None:
    one = replace(person("plain_man"), surname="", given_name="ИНОЙ", patronymic="ИНОЙ")
    result = run("check", "--config", config, "--barcode-hex", encode(one, kind=2).hex())
    assert (result.exit_code, json.loads(result.stdout)["reason"]) == (3, "details_differ")


def test_misread_numbers_could_not_be_checked(config: Path) -> None:
    result = run("check", "--config", config, "--enp", "7856510844000124")
    assert (result.exit_code, json.loads(result.stdout)["reason"]) == (3, "misread")


def test_run_ends_in_order_when_told_to(config: Path, tmp_path: Path) -> None:
    """A whole process, without any device: it shows that, and stops."""
    out = tmp_path / "out"
    environment = {**os.environ, "PCSCLITE_CSOCK_NAME": str(tmp_path / "nobody-listens")}
    with subprocess.Popen(
        [*KIOSK, "run", "--config", config, "--headless", out],
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
    ) as process:
        deadline = time.monotonic() + 30
        while not list(out.glob("*-out-of-service.png")) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert list(out.glob("*-out-of-service.png"))
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Traceback" not in errors


def test_run_without_a_display_says_so_and_ends() -> None:
    hidden = {"DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(
        [*KIOSK, "run"], capture_output=True, env=environment, text=True, timeout=30, check=False
    )
    assert done.returncode == 6
    assert done.stderr.splitlines()[-1].startswith("kiosk: no display")


def test_importing_the_command_line_touches_no_device_library() -> None:
    """`kiosk decode` must not wait for pygame, nor need a reader's library."""
    heavy = ("pygame", "serial", "smartcard", "sqlite_utils", "requests")
    script = f"import kiosk.cli, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["demo", "--headless", "out"], id="demo"),
        pytest.param(["register", "build", "--office", "office", "export.csv"], id="build"),
    ],
)
def test_what_needs_more_libraries_than_a_kiosk_says_so(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "export.csv").touch()
    (tmp_path / "office").mkdir()
    # A module that is None in this table counts as not installed.
    command = "import sys; sys.modules['numpy'] = None; from kiosk.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", command, *words], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == Exit.USAGE
    assert b"numpy is not installed; install the kiosk with its extra `publisher`" in done.stderr
    assert b"Traceback" not in done.stderr
