"""`kiosk register publish, approve`: from a list to what kiosks read."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from kiosk.office_access import (
    FILE,
    FOLDER,
    keys_option,
    office_argument,
    open_office,
    pin_option,
    refusing,
)

if TYPE_CHECKING:
    from pathlib import Path

    from offline_cache.publisher.publish import Outcome


@click.command()
@click.option(
    "--stick",
    type=FOLDER,
    metavar="DIR",
    help="Write a complete stick too: DIR/oms-register, good for 14 days.",
)
@click.option(
    "--reference",
    type=FOLDER,
    metavar="DIR",
    help="Publish the reference tables in DIR too; OFFICE/reference holds empty ones to fill in.",
)
@click.option(
    "--approval",
    type=FILE,
    metavar="FILE",
    help="The second person's signature (kiosk register approve) for a list that moved too far.",
)
@click.option(
    "--after-pause",
    is_flag=True,
    help="The clock is right, though the last publish was more than three weeks ago.",
)
@click.option("--json", "json_wanted", is_flag=True, help="Print one line of JSON.")
@keys_option
@pin_option
@office_argument
def publish(
    office: Path,
    json_wanted: bool,
    after_pause: bool,
    key_folders: tuple[Path, ...],
    pin_file: Path | None,
    **what: Path | None,
) -> None:
    """Sign the newest list into OFFICE/repository; with nothing new, keep its signatures alive.

    A list goes out as what changed since the last one, and every two weeks (and for good reasons
    earlier) whole as well. The timestamp lives for one day, so publish at least twice a day, and
    let cron mail what goes wrong and what runs out soon:

    \b
      0 6,18 * * *  kiosk register publish /srv/office >/dev/null
      5 6,18 * * *  kiosk register info /srv/office >/dev/null

    A list whose number of entries moved by more than 5 % against the last one, or in which the
    share of a status or a policy type moved by more than 5 percentage points, is refused without
    --approval; the last one stays published and its signatures alive.

    The offline roles (root, targets, software) live for a year and half a year. Once half of that
    is over, publish with --keys /media/safe/offline: whatever is due and can be is signed anew.

    Serve OFFICE/repository as static files, or copy it (rsync -a, timestamp.json last). Lists older
    than the last published one are removed from OFFICE/lists.

    Exit codes: 0 done, 2 usage, 4 malformed input, 5 trust: refused, or a key is not at hand,
    6 disk, or another publisher is at work.
    """  # noqa: D301  # click wants the character
    with refusing():
        from offline_cache.publisher.publish import publish as run

        opened, keys = open_office(office, key_folders, pin_file)
        outcome = run(opened, keys, after_pause=after_pause, say=_say, **what)
    if json_wanted:
        click.echo(_json_of(outcome))
        return
    for figure in outcome.figures:
        click.echo(f"  {figure}")
    if outcome.serial is None:
        click.echo("no list yet: make one with kiosk register build")
    elif outcome.new_list:
        whole = f", whole too ({outcome.why_base})" if outcome.why_base else ""
        click.echo(f"list {outcome.serial} is published{whole}")
    else:
        click.echo(f"list {outcome.serial} is the newest; nothing new in it")
    if outcome.tables:
        click.echo(f"reference tables: {', '.join(outcome.tables)}")
    click.echo(f"signed: {', '.join(outcome.signed)}; timestamp {outcome.timestamp_version}")
    if outcome.stick is not None:
        click.echo(f"stick: {outcome.stick}; you may take it out")


@click.command()
@click.option("--serial", type=click.IntRange(min=1), help="Default: the newest list.")
@click.option("--out", required=True, type=FILE, metavar="FILE", help="Where to write it.")
@keys_option
@pin_option
@office_argument
def approve(
    office: Path,
    serial: int | None,
    out: Path,
    key_folders: tuple[Path, ...],
    pin_file: Path | None,
) -> None:
    """Sign, as the second person, a list that moved too far from the last one.

    Look at the figures first: what moved, and why? The signature is good for this one list only.
    It needs the approver's key (keys/offline/approver.pem), which the first person should not have.
    """
    with refusing():
        from offline_cache.publisher.gates import approve as run
        from offline_cache.publisher.gates import figures_of

        opened, keys = open_office(office, key_folders, pin_file)
        about, figures = figures_of(opened, serial)
        for figure in figures:
            click.echo(f"  {figure}")
        run(opened, keys, about, out)
    click.echo(f"{out}: list {about.serial} with {about.entries:,} entries is approved")


def _say(words: str) -> None:
    # For somebody who waits; cron would mail it.
    if sys.stderr.isatty():
        click.echo(words, err=True)


def _json_of(outcome: Outcome) -> str:
    return json.dumps(
        {
            "serial": outcome.serial,
            "new_list": outcome.new_list,
            "why_base": outcome.why_base,
            "tables": list(outcome.tables),
            "signed": list(outcome.signed),
            "timestamp_version": outcome.timestamp_version,
            "stick": outcome.stick and str(outcome.stick),
            "figures": [
                {
                    "name": figure.name,
                    "before": figure.before,
                    "after": figure.after,
                    "moved": figure.moved,
                    "limit": figure.limit,
                }
                for figure in outcome.figures
            ],
        },
        ensure_ascii=False,
    )
