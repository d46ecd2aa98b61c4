"""Where lists come from and who is asked online: addresses, tokens, certificates, a knock."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kiosk.doctor.certificates import look_at_file
from kiosk.doctor.finding import Finding, absent, ok, trouble
from kiosk.doctor.machine import read_text
from kiosk.lookup import Cause
from kiosk.online.client import Client
from kiosk.online.deadline import Deadline
from kiosk.online.errors import ServiceError
from kiosk.online.setup import make_services, read_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from kiosk.doctor.machine import Examination

_KNOCK_SECONDS = 5.0
_CODES = {
    Cause.NO_NETWORK: "no-network",
    Cause.TIMEOUT: "no-network",
    Cause.TLS: "not-trusted",
    Cause.UNAUTHORISED: "not-authorised",
}


def look_at_update_files(examination: Examination) -> Iterator[Finding]:
    """What an update trusts."""
    section = examination.config.update
    if section.root_file is None:
        yield absent("root of trust", "[update] root_file is not configured")
    else:
        yield _root(section.root_file)
    if section.ca_file is not None:
        now = examination.machine.clock.now()
        yield look_at_file("update certificate", "[update] ca_file", section.ca_file, now)


def _root(path: Path) -> Finding:
    text = read_text(path)
    if text is None:
        return trouble("root of trust", "root-unreadable", f"{path} cannot be read")
    try:
        version = json.loads(text)["signed"]["version"]
    except (ValueError, TypeError, LookupError, RecursionError):
        return trouble("root of trust", "root-unreadable", f"{path} is no root of trust")
    return ok(
        "root of trust", f"version {version} was enrolled" if type(version) is int else "read"
    )


def look_at_update_server(examination: Examination) -> Iterator[Finding]:
    """Whether the fund's repository can be reached."""
    section = examination.config.update
    if not section.url:
        yield absent("update server", "[update] url is empty: lists come on sticks alone")
        return
    client = Client(section.url, section.ca_file)
    yield _knocked("update server", client.host, client.probe)


def look_at_services(examination: Examination) -> Iterator[Finding]:
    """Whether the fund's services can be reached; asks about nobody."""
    clock = examination.machine.clock

    def passed() -> datetime | None:
        # As the running kiosk does: with a wrong clock it would trust nobody.
        moment = clock.now()
        return None if moment.trusted else moment.floor

    services = make_services(examination.config, lambda _: None, passed)
    if not services:
        yield absent("fund services", "neither [ferzl] url nor [zp1] url is configured")
    for service in services:
        yield _knocked(f"fund service {service.name}", service.name, service.probe)


def _knocked(name: str, who: str, probe: Callable[[Deadline], None]) -> Finding:
    try:
        probe(Deadline(_KNOCK_SECONDS))
    except ServiceError as error:
        return trouble(name, _CODES.get(error.cause, "service-broken"), str(error))
    return ok(name, f"{who} can be reached")


def look_at_service_files(examination: Examination) -> Iterator[Finding]:
    """The token, and the certificates of both ends."""
    now = examination.machine.clock.now()
    for name, section in (("ferzl", examination.config.ferzl), ("zp1", examination.config.zp1)):
        if not section.url:
            continue
        for key, file in (("ca_file", section.ca_file), ("client_file", section.client_file)):
            if file is not None:
                yield look_at_file(f"{name} certificate", f"[{name}] {key}", file, now)
    if examination.config.ferzl.url:
        yield _token(examination.config.ferzl.token_file)


def _token(file: Path | None) -> Finding:
    try:
        token = read_token(file)
    except ServiceError as error:
        return trouble("ferzl token", "token-missing", str(error))
    if not token:
        return trouble("ferzl token", "token-missing", "its file is empty")
    return ok("ferzl token", "there is one")
