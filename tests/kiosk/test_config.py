"""Configuration: every key documented, every mistake named."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from kiosk.config import Config, ConfigError, load, parse
from kiosk.config_sections import RegisterSection, ScannerSection, UpdateSection

EXAMPLE = Path(__file__).parents[2] / "systemd" / "kiosk.example.toml"


def test_an_empty_file_is_a_whole_configuration(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_text("")
    assert load(path) == Config()


def test_the_example_documents_every_key_with_its_default() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert load(EXAMPLE) == Config()
    documented = tomllib.loads(re.sub(r"^# (\w+ = )", r"\1", text, flags=re.MULTILINE))
    real = {
        section.name: {key.name for key in fields(getattr(Config(), section.name))}
        for section in fields(Config)
    }
    assert {name: set(keys) for name, keys in documented.items()} == real


def test_paths_are_taken_from_the_files_folder(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_text('[scanner]\nport = "/dev/oms"\n[register]\ndir = "r"\nkey_file = "k"\n')
    config = load(path)
    assert config.scanner == ScannerSection(Path("/dev/oms"))
    assert config.register == RegisterSection(tmp_path / "r", tmp_path / "k")


def test_an_updates_address_is_held_to_its_rules() -> None:
    document: dict[str, Any] = {
        "register": {"dir": "r", "key_file": "k"},
        "update": {"url": "https://fund.example/oms", "root_file": "root", "ca_file": "ca"},
    }
    assert parse(document).update == UpdateSection(
        "https://fund.example/oms", Path("root"), Path("ca"), 3600
    )
    document["update"] = {"url": "http://127.0.0.1:8080", "root_file": "root"}
    parse(document)
    # By stick alone: a root of trust and no address.
    assert parse({"update": {"root_file": "root"}}).update.url == ""


REGISTER = {"dir": "r", "key_file": "k"}
HTTPS = {"url": "https://fund.example", "root_file": "root", "ca_file": "ca"}

BAD = [
    pytest.param({"reade": {}}, "unknown section [reade]", id="section"),
    pytest.param({"reader": {"nam": ""}}, "[reader] unknown key nam", id="key"),
    pytest.param({"reader": 3}, "[reader] must be a section", id="no-section"),
    pytest.param({"kiosk": {"id": "К" * 13}}, "[kiosk] id: at most 24 bytes", id="long-id"),
    pytest.param({"kiosk": {"audience": "all"}}, "not one of public, registrar", id="choice"),
    pytest.param({"screen": {"rotation": 45}}, "not one of 0, 90, 180, 270", id="rotation"),
    pytest.param({"screen": {"rotation": False}}, "[screen] rotation: False", id="bool-is-no-0"),
    pytest.param({"screen": {"width": 800}}, "width and height: give both", id="half-a-size"),
    pytest.param({"screen": {"width": -1}}, "from 0 to 8192", id="negative"),
    pytest.param({"scanner": {"baud": "9600"}}, "[scanner] baud: '9600'", id="text-for-number"),
    pytest.param({"scanner": {"baud": True}}, "[scanner] baud: True", id="bool-for-number"),
    pytest.param({"scanner": {"port": ""}}, "an empty path", id="empty-path"),
    pytest.param({"scanner": {"port": 3}}, "must be text in quotes", id="number-for-text"),
    pytest.param({"kiosk": {"id": "x" * 5000}}, "must be text in quotes", id="endless-text"),
    pytest.param({"register": {"dir": "r"}}, "dir and key_file: give both", id="half-a-register"),
    pytest.param({"update": HTTPS}, "needs [register] dir", id="update-of-nothing"),
    pytest.param(
        {"register": REGISTER, "update": HTTPS | {"url": "http://fund.example"}},
        "[update] url: plain http only reaches this machine",
        id="plain-http",
    ),
    pytest.param(
        {"register": REGISTER, "update": {"url": "https://fund.example", "root_file": "root"}},
        "[update] url: https needs ca_file",
        id="no-authority",
    ),
    pytest.param(
        {"register": REGISTER, "update": {"url": "https://fund.example", "ca_file": "ca"}},
        "[update] url needs root_file",
        id="no-root",
    ),
    pytest.param({"update": {"url": "fund.example"}}, "not an address such as", id="no-address"),
    pytest.param({"update": {"deadline_seconds": 5}}, "from 10 to 86400", id="no-time-to-fetch"),
    pytest.param({"kiosk": {"result_seconds": 0}}, "from 1 to 120", id="no-time"),
]


@pytest.mark.parametrize(("document", "message"), BAD)
def test_a_mistake_is_named(document: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        parse(document)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"[kiosk", "not TOML", id="syntax"),
        pytest.param(b"\xff\xfe", "not TOML in UTF-8", id="encoding"),
        pytest.param(b"#" * 70_000, "larger than", id="size"),
    ],
)
def test_an_unusable_file_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=message) as error:
        load(path)
    assert str(path) in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "none.toml")


@pytest.mark.parametrize("okato", ["4000", "400000", "4000a", "٤٠٠٠٠"])
def test_a_territory_has_five_digits(okato: str) -> None:
    assert parse({"kiosk": {"okato": "40000"}}).kiosk.okato == "40000"
    with pytest.raises(ConfigError, match=r"\[kiosk\] okato: five digits"):
        parse({"kiosk": {"okato": okato}})
