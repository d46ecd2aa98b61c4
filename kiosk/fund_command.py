"""`kiosk fund`: whether the fund's services can be reached from here, for the technician."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kiosk.exits import Exit, Refusal
from kiosk.query_commands import load_config, print_json

if TYPE_CHECKING:
    from kiosk.config import Config
    from kiosk.online.service import Service


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="Configuration file (TOML).")
@click.pass_context
def fund(context: click.Context, config: Path | None) -> None:
    """Knock at the configured services of the fund and print what came of it as JSON.

    Asks about nobody. Also says how many questions wait for a second look.

    Exit code: 0 all can be reached, 2 none is configured, 6 one of them cannot.
    """
    loaded = load_config(config or context.obj)
    if not (loaded.ferzl.url or loaded.zp1.url):
        raise Refusal("fund: neither [ferzl] url nor [zp1] url is configured", Exit.USAGE)
    services = _knocked(loaded)
    print_json({"services": services, "second_looks_waiting": _waiting(loaded)})
    if not all(one["reached"] for one in services):
        raise SystemExit(Exit.DEVICE)


def _knocked(config: Config) -> list[dict[str, Any]]:
    from kiosk.online.setup import make_services

    seconds = float(config.online.deadline_seconds)
    return [_knock(service, seconds) for service in make_services(config, lambda _: None)]


def _knock(service: Service, seconds: float) -> dict[str, Any]:
    from kiosk.online.deadline import Deadline
    from kiosk.online.errors import ServiceError

    try:
        service.probe(Deadline(seconds))
    except ServiceError as error:
        return {
            "name": service.name,
            "reached": False,
            "cause": error.cause.value,
            "detail": str(error),
        }
    return {"name": service.name, "reached": True, "cause": None, "detail": None}


def _waiting(config: Config) -> int | None:
    from kiosk.compose import make_looks

    looks = make_looks(config)
    if looks is None:
        return None
    try:
        return looks.pending()
    finally:
        looks.close()
