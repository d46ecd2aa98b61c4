"""`kiosk register init, info, rotate-key`: the publisher's office."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from kiosk.exits import Exit
from kiosk.office_access import (
    FOLDER,
    ask_pin,
    keys_option,
    office_argument,
    open_office,
    pin_option,
    refusing,
)

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.option(
    "--territory",
    "territories",
    multiple=True,
    metavar="CODE",
    help="First two digits of the ENPs that the lists cover, such as 78; may be repeated. "
    "Default: no limit.",
)
@click.option(
    "--base-every",
    default=14,
    show_default=True,
    type=click.IntRange(1, 30),
    help="Days after which a list is published whole again.",
)
@click.option(
    "--key",
    "uris",
    multiple=True,
    metavar="NAME=URI",
    help="Use a key that exists: on a token (hsm:2?label=fund, with PYKCS11LIB set to its PKCS#11 "
    "library) or in a PEM file (file2:/path). Names: root-1 to root-3, targets, software-1 to "
    "software-3, approver, register, reference, snapshot, timestamp. May be repeated.",
)
@pin_option
@office_argument
def init(
    office: Path,
    territories: tuple[str, ...],
    base_every: int,
    uris: tuple[str, ...],
    pin_file: Path | None,
) -> None:
    """Set up a publisher's office in a new folder: keys, settings, an empty signed repository.

    \b
    Then, from an export to a kiosk:
      kiosk register build  --office OFFICE export.csv     make a list
      kiosk register publish OFFICE                        sign it into OFFICE/repository
      (let any web server serve OFFICE/repository, or copy it to one)
      kiosk register publish OFFICE --stick /media/stick   the same on a stick

    Kiosks need the office's root of trust and the register's key, once: register enrol seals
    both, and the addresses, for one kiosk.
    What may be changed later stands in OFFICE/office.json: territories, base_every_days,
    gate_percent, lifetime_hours, and freshness_hours, such as {"fresh": 24, "ageing": 72,
    "stale": 336}; null leaves that to the kiosks.
    """  # noqa: D301  # click wants the character
    from offline_cache.publisher.init import init_office, key_names
    from offline_cache.publisher.office import Settings

    for code in territories:
        if not (len(code) == 2 and code.isascii() and code.isdecimal()):
            raise click.BadParameter("a territory code has two digits, such as 78")
    chosen = dict(uri.partition("=")[::2] for uri in uris)
    unknown = sorted(set(chosen) - set(key_names()))
    if unknown:
        raise click.BadParameter(f"{unknown[0]}: not the name of a key", param_hint="--key")
    settings = Settings(territories, base_every=timedelta(days=base_every))
    with refusing():
        made = init_office(office, settings, keys=chosen, pin=ask_pin(pin_file))
    offline = made.folder / "keys" / "offline"
    click.echo(f"{made.folder}: an office for territories {' '.join(territories) or '(all)'}")
    click.echo(
        f"\nMove {offline} to another medium now (a stick in a safe, and a copy in another one).\n"
        "They sign new keys and unusual lists; whoever has two of the root keys can publish "
        "anything.\napprover.pem belongs to a second person. Where such keys are needed, name "
        "their folder:\n--keys /media/safe/offline"
    )
    click.echo(
        "\nPut kiosks to work with: kiosk register enrol OFFICE --kiosk NUMBER --out FOLDER,\n"
        f"which seals {made.repository / 'metadata' / '1.root.json'}\n"
        f"and {made.register_key} (secret) for one of them."
    )


@click.command()
@click.option("--json", "json_wanted", is_flag=True, help="Print one line of JSON.")
@click.option("--at", metavar="TIME", help="As it will be at this time (ISO 8601). Default: now.")
@click.argument("place", metavar="OFFICE|REPOSITORY|STICK", type=FOLDER)
def info(place: Path, at: str | None, *, json_wanted: bool) -> None:
    """Show what is published, how old it is, who signs, and what runs out when.

    Warns 72 and 24 hours before anything expires (what lives shorter than three days: when a half
    and when a quarter of its life is left), and then ends with exit code 1. Warnings go to
    standard error: with >/dev/null, cron mails them and nothing else.
    """
    from offline_cache.publisher.info import as_json, inspect, lines

    with refusing():
        found = inspect(place, _moment(at))
    if json_wanted:
        click.echo(json.dumps(as_json(found), ensure_ascii=False))
    else:
        for line in lines(found):
            click.echo(line)
    for warning in found.warnings:
        click.echo(f"warning: {warning}", err=True)
    if found.warnings:
        sys.exit(Exit.NOT_INSURED)


@click.command("rotate-key")
@click.option(
    "--old",
    metavar="KEY",
    help="The key that goes: its name, or the beginning of its id. Needed for root and software.",
)
@click.option(
    "--new",
    metavar="URI",
    help="Use a key that exists (hsm:… or file2:/path). Default: make a new key file.",
)
@keys_option
@pin_option
@office_argument
@click.argument(
    "role",
    type=click.Choice(
        [
            *("root", "targets", "snapshot", "timestamp"),
            *("register", "reference", "software", "approver"),
        ]
    ),
    metavar="ROLE",
)
def rotate_key(
    office: Path,
    role: str,
    old: str | None,
    new: str | None,
    key_folders: tuple[Path, ...],
    pin_file: Path | None,
) -> None:
    """Put a new key in place of a role's key and publish that; kiosks follow by themselves.

    ROLE is root, targets, snapshot, timestamp, register, reference, software or approver.

    \b
    What must be at hand besides the new key:
      root                           two of the root keys
      targets, snapshot, timestamp   two of the root keys
      register, reference, software  the key of targets; for software two of its keys
      approver                       the key of targets
      and, but for root, the online keys of snapshot and timestamp

    \b
    A lost key, or a yearly change:
      kiosk register rotate-key /srv/office timestamp --keys /media/safe/offline
      kiosk register rotate-key /srv/office root --old root-2 --keys /media/safe/offline

    If the old key is still at hand, no kiosk fails even for a moment. A stolen key is worthless
    to the thief from the moment the kiosks have seen the new state: then change timestamp and
    snapshot both, and whatever else was in the thief's reach. Destroy the old key file.
    """  # noqa: D301  # click wants the character
    from offline_cache.publisher.rotation import rotate_key as run

    with refusing():
        opened, keys = open_office(office, key_folders, pin_file)
        done = run(opened, keys, role, old=old, new=new, pin=ask_pin(pin_file))
    click.echo(f"role {role}: {done.new} signs in place of {done.old}")
    click.echo(f"key: {done.new.uri}; signed: {', '.join(done.signed)}")
    click.echo(f"destroy the old key: {done.old.uri}")


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = "not an ISO 8601 date or time, such as 2026-03-31T06:00"
        raise click.BadParameter(message, param_hint="--at") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
