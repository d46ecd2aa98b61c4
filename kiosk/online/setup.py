"""From the configuration to the fund: which services are asked, and with which token."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kiosk.lookup import Cause
from kiosk.online.errors import ServiceError
from kiosk.online.fund import Fund

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kiosk.config import Config
    from kiosk.config_sections import FerzlSection, Zp1Section
    from kiosk.online.service import Service
    from kiosk.policy.model import Smo

TOKEN_CREDENTIAL: Final = "ferzl-token"  # noqa: S105  # its name, not its value
SCREEN_SECONDS: Final = 0.1
"""Of a person's deadline: what remains to decide, draw and be late on a busy machine."""
MAX_TOKEN_BYTES: Final = 16 * 1024


def make_fund(
    config: Config,
    insurer_of: Callable[[str], Smo | None],
    passed: Callable[[], datetime | None] = lambda: None,
) -> Fund:
    """The fund behind the services that `config` names; nothing is connected yet."""
    seconds = config.online.deadline_seconds - SCREEN_SECONDS
    return Fund(make_services(config, insurer_of, passed), seconds)


def make_services(
    config: Config,
    insurer_of: Callable[[str], Smo | None],
    passed: Callable[[], datetime | None] = lambda: None,
) -> tuple[Service, ...]:
    """The services that `config` names, the federal one first.

    Args:
        config: the whole configuration.
        insurer_of: an insurer by its five-digit code (F002 smocod), None where it is not known.
        passed: see `kiosk.online.client.Client`.

    The libraries of a service are loaded only where there is one.
    """
    services: list[Service] = []
    if config.ferzl.url:
        services.append(_ferzl(config.ferzl, insurer_of, passed))
    if config.zp1.url:
        services.append(_zp1(config.zp1, passed))
    return tuple(services)


def _ferzl(
    section: FerzlSection,
    insurer_of: Callable[[str], Smo | None],
    passed: Callable[[], datetime | None],
) -> Service:
    from kiosk.online.client import Client
    from kiosk.online.ferzl import Ferzl

    client = Client(section.url, section.ca_file, section.client_file, passed)
    return Ferzl(client, lambda: read_token(section.token_file), insurer_of)


def _zp1(section: Zp1Section, passed: Callable[[], datetime | None]) -> Service:
    from kiosk.online.client import Client
    from kiosk.online.zp1 import Zp1

    client = Client(section.url, section.ca_file, section.client_file, passed)
    return Zp1(client, section.sender, section.territory)


def read_token(token_file: Path | None) -> str:
    """The token as it is now: read for each question, so that a new one works without a restart.

    Raises:
        ServiceError: UNAUTHORISED: there is none; the message says where one is expected.
    """
    if token_file is None:
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        if folder is None:
            raise ServiceError(
                Cause.UNAUTHORISED,
                f"no token: give [ferzl] token_file, or the systemd credential {TOKEN_CREDENTIAL}",
            )
        token_file = Path(folder) / TOKEN_CREDENTIAL
    try:
        with token_file.open("rb") as file:
            token = file.read(MAX_TOKEN_BYTES)
    except OSError as error:
        words = f"no token: {token_file}: {error.strerror or 'cannot be read'}"
        raise ServiceError(Cause.UNAUTHORISED, words) from None
    return token.decode("utf-8", "replace").strip()
