"""`kiosk insurers`: who insures here, with telephone and dates, from the reference data."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kiosk.exits import Exit, Refusal
from kiosk.query_commands import load_config

if TYPE_CHECKING:
    from offline_cache.reference import Insurer, ReferenceData


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="Configuration file (TOML).")
@click.option(
    "--region",
    metavar="CODE_OR_NAME",
    help="Only of a territory: 2 digits as ENPs begin with, 5 digits of OKATO, or a part of its"
    " name.",
)
@click.option("--ogrn", metavar="N", help="Only of this OGRN, 13 digits.")
@click.pass_context
def insurers(
    context: click.Context, config: Path | None, region: str | None, ogrn: str | None
) -> None:
    """Print the insurers of the signed reference data as JSON, one entry for each time and place.

    An entry holds from valid_from through valid_to; null is open.

    Exit code: 0 also when none fits, 2 usage or an unknown region, 3 no reference data.
    """
    from offline_cache.reference import load_reference
    from offline_cache.reference_tables import REFERENCE_FOLDER

    if ogrn is not None and not (len(ogrn) == 13 and ogrn.isascii() and ogrn.isdecimal()):
        raise click.UsageError("--ogrn: an OGRN has 13 digits")
    register = load_config(config or context.obj).register.dir
    if register is None:
        raise Refusal("insurers: no [register] dir is configured; give --config", Exit.USAGE)
    folder = register / REFERENCE_FOLDER
    data, problems = load_reference(folder)
    for problem in problems:
        click.echo(f"kiosk: {problem}", err=True)
    if not data.all_insurers:
        message = f"{folder}: no insurers in the reference data; bring them with kiosk update"
        raise Refusal(message, Exit.COULD_NOT_CHECK)
    found = [row for okato in _okatos(data, region) for row in data.insurers(okato, ogrn)]
    found.sort(key=lambda row: (row.okato, row.short_name, row.valid_from or date.min))
    click.echo(json.dumps([_as_json(row, data) for row in found], ensure_ascii=False, indent=2))


def _okatos(data: ReferenceData, region: str | None) -> list[str | None]:
    """The territories that a region means; None in it: all."""
    if region is None:
        return [None]
    wanted = _folded(region)
    if wanted.isdecimal():
        territory = data.territory_by_code(wanted) or data.territory_by_okato(wanted)
        if territory is not None:
            return [territory.okato]
        # An insurer may be of a territory that the table of territories lacks.
        if any(row.okato == wanted for row in data.all_insurers):
            return [wanted]
    elif wanted:
        named = [row.okato for row in data.territories if wanted in _folded(row.name)]
        if named:
            return list(named)
    message = (
        f"--region {region}: no such territory; give its code, its OKATO or a part of its name"
    )
    raise Refusal(message, Exit.USAGE)


def _folded(name: str) -> str:
    return " ".join(name.casefold().replace("ё", "е").split())


def _as_json(row: Insurer, data: ReferenceData) -> dict[str, Any]:
    territory = data.territory_by_okato(row.okato)
    return {
        "smocod": row.smocod,
        "short_name": row.short_name,
        "full_name": row.full_name,
        "ogrn": row.ogrn,
        "okato": row.okato,
        "territory": territory and territory.name,
        "phone": row.phone or None,
        "email": row.email or None,
        "site": row.site or None,
        "licence": row.licence or None,
        "valid_from": row.valid_from and row.valid_from.isoformat(),
        "valid_to": row.valid_to and row.valid_to.isoformat(),
    }
