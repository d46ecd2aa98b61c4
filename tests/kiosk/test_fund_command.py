"""`kiosk fund`, and how a configuration becomes the fund that is asked."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from kiosk.cli import cli
from kiosk.clock import Clock
from kiosk.compose import make_looks, make_sources
from kiosk.config import Config, ConfigError, load, parse
from kiosk.config_sections import FerzlSection
from kiosk.demo.certificates import Certificates, make_certificates
from kiosk.demo.fund_service import FundService
from kiosk.demo.fund_world import FundWorld
from kiosk.demo.people import person
from kiosk.exits import Exit
from kiosk.lookup import Cause
from kiosk.online.errors import ServiceError
from kiosk.online.fund import FundMode
from kiosk.online.setup import TOKEN_CREDENTIAL, read_token
from kiosk.policy.model import Smo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "token-of-the-test"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return make_certificates(tmp_path / "certificates")


@pytest.fixture
def service(certificates: Certificates) -> Iterator[FundService]:
    world = FundWorld(date(2026, 11, 22))
    with FundService(certificates, world, TOKEN, client_required=True) as running:
        yield running


@pytest.fixture
def config_file(tmp_path: Path, service: FundService, certificates: Certificates) -> Path:
    (tmp_path / "token").write_text(f"{TOKEN}\n", encoding="ascii")
    (tmp_path / "register.key").write_bytes(bytes(32))
    files = f'ca_file = "{certificates.ca}"\nclient_file = "{certificates.client}"\n'
    path = tmp_path / "kiosk.toml"
    path.write_text(
        '[register]\ndir = "register"\nkey_file = "register.key"\n'
        f'[ferzl]\nurl = "{service.url("ferzl")}"\n{files}token_file = "token"\n'
        f'[zp1]\nurl = "{service.url("zp1")}"\n{files}sender = "KIOSK"\nterritory = "78"\n'
        '[second_look]\ndir = "looks"\n',
        encoding="utf-8",
    )
    return path


def fund(config: Path | None) -> tuple[int, dict[str, Any]]:
    """Run `kiosk fund`; its exit code and what it printed."""
    options = [] if config is None else ["--config", str(config)]
    done = CliRunner().invoke(cli, ["fund", *options])
    return done.exit_code, json.loads(done.stdout) if done.stdout else {}


def test_services_that_can_be_reached(config_file: Path) -> None:
    code, said = fund(config_file)
    assert code == Exit.DONE
    assert [(one["name"], one["reached"]) for one in said["services"]] == [
        ("ferzl", True),
        ("zp1", True),
    ]
    assert said["second_looks_waiting"] == 0


def test_services_that_cannot(config_file: Path, service: FundService) -> None:
    service.stop()
    code, said = fund(config_file)
    assert code == Exit.DEVICE
    assert {one["cause"] for one in said["services"]} == {Cause.NO_NETWORK.value}
    assert all(one["detail"] for one in said["services"])


def test_without_a_service_there_is_nothing_to_knock_at() -> None:
    assert fund(None) == (Exit.USAGE, {})


def check(config: Path, *options: str) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(cli, ["check", "--config", str(config), *options])
    return done.exit_code, json.loads(done.stdout)


def test_a_check_without_a_list_is_answered_by_the_fund(config_file: Path) -> None:
    one = person("plain_man")
    birth = one.birth_date.isoformat()
    for options in (
        ("--enp", one.enp),
        ("--snils", one.snils, "--birth-date", birth),
        ("--passport", "4012 100001"),
    ):
        code, said = check(config_file, *options)
        assert (code, said["verdict"], said["how_known"]["source"]) == (0, "insured", "online")


def test_an_expired_token_is_told_to_the_technician(config_file: Path) -> None:
    (config_file.parent / "token").write_text("yesterdays", encoding="ascii")
    text = config_file.read_text(encoding="utf-8")
    config_file.write_text(text[: text.index("[zp1]")], encoding="utf-8")
    code, said = check(config_file, "--enp", person("plain_man").enp)
    assert (code, said["reason"]) == (Exit.COULD_NOT_CHECK, "no_list")
    online = [one for one in said["checks"] if one["name"] == "online"]
    assert [one["detail"] for one in online] == [Cause.UNAUTHORISED.value]


def test_the_insurer_of_an_answer_comes_from_the_signed_tables(config_file: Path) -> None:
    tables = config_file.parent / "register" / "reference"
    tables.mkdir(parents=True)
    (tables / "insurers.csv").write_text(
        "smocod,short_name,full_name,ogrn,okato\n78001,Пример,Пример,1997800000010,40000\n",
        encoding="utf-8",
    )
    sources = make_sources(load(config_file), Clock(NOW.timestamp))
    sources.checker.refresh()
    try:
        _, said = check(config_file, "--enp", person("absent").enp)
    finally:
        sources.offline.close()
    assert sources.checker.reference.insurer_by_code("78001", None) is not None
    assert sources.checker.reference.insurer_by_code("99999", None) is None
    assert said["insurer"] == {"ogrn": "1997800000010", "okato": "40000"}
    assert Smo("1997800000010", "40000") == person("absent").insurer


def test_a_configuration_without_services_asks_nobody() -> None:
    assert make_sources(Config(), Clock()).fund.mode is FundMode.NONE
    assert make_looks(Config()) is None


def test_looks_without_a_key_are_left_out_aloud(
    config_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (config_file.parent / "register.key").unlink()
    assert make_looks(load(config_file)) is None
    assert "no second looks" in caplog.text


def test_looks_need_a_fund(config_file: Path) -> None:
    config = replace(load(config_file), ferzl=FerzlSection(), zp1=type(load(config_file).zp1)())
    assert make_looks(config) is None


@pytest.mark.parametrize(
    ("text", "expected"), [(b"abc\n", "abc"), (b"  abc  ", "abc"), (b"", "")], ids=repr
)
def test_a_token_is_read_anew_each_time(tmp_path: Path, text: bytes, expected: str) -> None:
    path = tmp_path / "token"
    path.write_bytes(text)
    assert read_token(path) == expected


def test_a_token_comes_from_the_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(ServiceError, match=TOKEN_CREDENTIAL) as caught:
        read_token(None)
    assert caught.value.cause is Cause.UNAUTHORISED
    (tmp_path / TOKEN_CREDENTIAL).write_text("secret", encoding="ascii")
    assert read_token(None) == "secret"
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    with pytest.raises(ServiceError, match="token_file"):
        read_token(None)


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        pytest.param({"ferzl": {"url": "http://fund.example/"}}, r"\[ferzl\] url", id="plain"),
        pytest.param({"ferzl": {"url": "https://fund.example/"}}, "ca_file", id="no-ca"),
        pytest.param({"zp1": {"url": "http://127.0.0.1/"}}, "sender", id="no-sender"),
        pytest.param(
            {"zp1": {"url": "http://127.0.0.1/", "sender": "K", "territory": "x"}},
            "two digits",
            id="territory",
        ),
        pytest.param({"second_look": {"dir": "x"}}, r"\[register\]", id="no-register"),
        pytest.param({"online": {"deadline_seconds": 60}}, "from 1 to 10", id="too-long"),
    ],
)
def test_a_bad_configuration_is_named(sections: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse(sections)
