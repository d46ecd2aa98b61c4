"""`kiosk pin`: set the PIN of the technicians' page."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

import click

from kiosk.enrol_files import OWNER
from kiosk.exits import Exit, Refusal
from kiosk.service_page import PinError, hash_of
from offline_cache.disk import sync


@click.command()
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("/etc/oms-kiosk/service-pin"),
    show_default=True,
    help="File that [service] pin_file names; it is replaced whole.",
)
def pin(out: Path) -> None:
    """Set the PIN that opens the technicians' page: 6 to 12 digits, asked for and never shown.

    Five touches on the kiosk's number within three seconds ask for it. A running kiosk uses a new
    PIN at once, once its configuration names the file.
    """
    digits = click.prompt("PIN", hide_input=True, confirmation_prompt="Once more", err=True)
    try:
        line = hash_of(digits).to_line()
    except PinError as error:
        raise Refusal(str(error), Exit.MALFORMED) from None
    try:
        _replace(out, line.encode("ascii"))
    except OSError as error:
        raise Refusal(f"{out}: cannot be written: {error.strerror}", Exit.DEVICE) from None
    click.echo(f'kiosk: the PIN is set; [service] pin_file = "{out}"')


def _replace(out: Path, content: bytes) -> None:
    """Write the file whole, for root and the kiosk's group alone."""
    staged = out.with_name(f".{out.name}.new")
    staged.unlink(missing_ok=True)
    handle = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o640)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    # On a technician's own machine there is no such group.
    with suppress(LookupError, PermissionError):
        shutil.chown(staged, group=OWNER)
    sync(staged)
    staged.replace(out)
    sync(out.parent)
