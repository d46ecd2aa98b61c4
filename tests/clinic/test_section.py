"""`[clinic]` of the configuration: what is right, and mistakes named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kiosk.config import ConfigError, parse

if TYPE_CHECKING:
    from pathlib import Path

TLS = {"server_file": "server.pem", "client_ca_file": "ca.pem", "hosts": ["kiosk.clinic.example"]}


def test_the_whole_section(tmp_path: Path) -> None:
    section = parse(
        {
            "clinic": {
                "socket": "api.sock",
                "socket_mode": "600",
                "socket_group": "clinic",
                "port": 8089,
                "tls_address": "[::]:8443",
                "origins": ["https://mis.clinic.example", "http://127.0.0.1:3000"],
                "tokens_file": "tokens",
                **TLS,
            }
        },
        folder=tmp_path,
    ).clinic
    assert section.socket == tmp_path / "api.sock"
    assert section.origins == ("https://mis.clinic.example", "http://127.0.0.1:3000")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"port": 70_000}, "port"),
        ({"socket_mode": "777"}, "socket_mode"),
        ({"socket_mode": "66"}, "socket_mode"),
        ({"origins": ["*"]}, r"origins: '\*'"),
        ({"origins": ["null"]}, "origins"),
        ({"origins": ["https://mis.clinic.example/"]}, "no path"),
        ({"origins": ["https://*.clinic.example"]}, "origins"),
        ({"origins": ["https://mis.clinic.example:99999"]}, "origins"),
        ({"origins": "https://mis.clinic.example"}, "list"),
        ({"hosts": ["kiosk:8443"]}, "hosts"),
        ({"hosts": ["*"]}, "hosts"),
        ({"tls_address": "0.0.0.0:8443"}, "needs server_file"),
        ({"tls_address": "0.0.0.0:8443", **TLS, "hosts": []}, "needs server_file"),
        ({"tls_address": "kiosk:8443", **TLS}, "tls_address"),
        ({"tls_address": "0.0.0.0:", **TLS}, "tls_address"),
        ({"tls_address": "8443", **TLS}, "tls_address"),
        ({"token": "x"}, "unknown key"),
    ],
)
def test_mistakes_are_named(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        parse({"clinic": values})
    assert str(caught.value).startswith("[clinic]")
