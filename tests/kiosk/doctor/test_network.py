"""The way to the fund, against its demo service: well, stopped, with other papers and without."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from kiosk.clock import Clock, Moment
from kiosk.config import Config
from kiosk.config_sections import FerzlSection, UpdateSection, Zp1Section
from kiosk.demo.certificates import Certificates, make_certificates
from kiosk.demo.fund_service import FundService
from kiosk.demo.fund_world import FundWorld
from kiosk.doctor.certificates import look_at_file
from kiosk.doctor.machine import Machine
from kiosk.doctor.network import (
    look_at_service_files,
    look_at_services,
    look_at_update_files,
    look_at_update_server,
)
from kiosk.online.setup import TOKEN_CREDENTIAL
from tests.kiosk.doctor.looking import looked, words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "token-of-the-test"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def service(certificates: Certificates) -> Iterator[FundService]:
    world = FundWorld(date(2026, 11, 22))
    with FundService(certificates, world, TOKEN, client_required=True) as running:
        yield running


@pytest.fixture
def config(tmp_path: Path, service: FundService, certificates: Certificates) -> Config:
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n", encoding="ascii")
    ca, client = certificates.ca, certificates.client
    url = service.url("ferzl")
    return Config(
        ferzl=FerzlSection(url=url, ca_file=ca, client_file=client, token_file=token),
        zp1=Zp1Section(service.url("zp1"), ca, client, sender="KIOSK", territory="78"),
        update=UpdateSection(url=url, ca_file=ca),
    )


def test_services_that_can_be_reached(config: Config) -> None:
    found = looked(look_at_services, config)
    assert found == {"fund service ferzl": "ok", "fund service zp1": "ok"}


def test_services_that_were_stopped(config: Config, service: FundService) -> None:
    service.stop()
    found = looked(look_at_services, config)
    assert set(found.values()) == {"no-network"}
    assert looked(look_at_update_server, config) == {"update server": "no-network"}


def test_a_server_that_another_authority_signed(config: Config, tmp_path: Path) -> None:
    other = make_certificates(tmp_path / "other").ca
    changed = replace(
        config,
        ferzl=replace(config.ferzl, ca_file=other),
        update=replace(config.update, ca_file=other),
    )
    assert looked(look_at_services, changed)["fund service ferzl"] == "not-trusted"
    assert looked(look_at_update_server, changed) == {"update server": "not-trusted"}


def test_without_a_service_there_is_nothing_to_look_at() -> None:
    assert looked(look_at_services) == {"fund services": "not-applicable"}
    assert looked(look_at_service_files) == {}
    assert looked(look_at_update_server) == {"update server": "not-applicable"}
    assert looked(look_at_update_files) == {"root of trust": "not-applicable"}


def test_the_files_of_services(config: Config) -> None:
    found = looked(look_at_service_files, config)
    assert found == {
        "ferzl certificate": "certificate-soon",
        "zp1 certificate": "certificate-soon",
        "ferzl token": "ok",
    }
    assert TOKEN not in words(look_at_service_files, config)


def test_a_token_that_is_missing(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("\n", encoding="ascii")
    assert looked(look_at_service_files, config)["ferzl token"] == "token-missing"
    without = replace(config, ferzl=replace(config.ferzl, token_file=None))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert looked(look_at_service_files, without)["ferzl token"] == "token-missing"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / TOKEN_CREDENTIAL).write_text(TOKEN, encoding="ascii")
    assert looked(look_at_service_files, without)["ferzl token"] == "ok"


def test_the_end_of_a_certificate(certificates: Certificates, tmp_path: Path) -> None:
    def code(path: Path, at: datetime, *, floor: datetime | None = None) -> str:
        moment = Moment(at, trusted=floor is None, floor=floor)
        return look_at_file("x", "ca_file", path, moment).code

    now = datetime.now(UTC)
    assert code(certificates.ca, now - timedelta(days=40)) == "ok"
    assert code(certificates.ca, now) == "certificate-soon"
    assert code(certificates.expired, now) == "certificate-over"
    assert code(certificates.ca, datetime(1970, 1, 2, tzinfo=UTC), floor=now) == "certificate-soon"
    assert code(tmp_path / "gone", now) == "certificate-unreadable"
    (tmp_path / "empty").write_bytes(b"\xff" * 1000)
    assert code(tmp_path / "empty", now) == "certificate-none"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"signed": {"version": 3}}', "ok"),
        (b'{"signed": {"version": true}}', "ok"),
        (b"[" * 200_000, "root-unreadable"),
        (b'{"signed": 3}', "root-unreadable"),
        (b"\xff\xfe", "root-unreadable"),
        (b"", "root-unreadable"),
    ],
)
def test_the_root_of_trust(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "root.json"
    path.write_bytes(content)
    config = Config(update=UpdateSection(root_file=path))
    assert looked(look_at_update_files, config) == {"root of trust": code}
    path.unlink()
    assert looked(look_at_update_files, config) == {"root of trust": "root-unreadable"}


def test_a_clock_that_is_wrong_does_not_keep_the_fund_away(config: Config) -> None:
    machine = Machine(clock=Clock(lambda: 86_400.0))
    assert set(looked(look_at_services, config, machine).values()) == {"ok"}


def test_a_clock_that_is_wrong_does_not_end_certificates(config: Config) -> None:
    machine = Machine(clock=Clock(lambda: 86_400.0))
    found = looked(look_at_service_files, config, machine)
    assert found["ferzl certificate"] in {"ok", "certificate-soon"}
