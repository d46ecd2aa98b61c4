"""`kiosk clinic`: tokens for the clinic's programs, numbers for systems that must be typed to."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from kiosk.exits import Exit, Refusal

if TYPE_CHECKING:
    from kiosk.clinic.wedge import Line

_SCOPES: Final = ("verdict", "number", "person", "insurer", "photo")
_MOST_TOKEN_BYTES: Final = 256


@click.group()
def clinic() -> None:
    """The clinic's own system: who may ask this kiosk, and what for."""


@clinic.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(_SCOPES),
    multiple=True,
    required=True,
    help="What the program is told; give it once for each.",
)
def token(name: str, scopes: tuple[str, ...]) -> None:
    """Make a new token for the program NAME (a-z, 0-9, '-', '_', '.').

    Prints the token for the program, and the line for the kiosk's file of tokens. The token is
    stored nowhere: whoever loses it makes a new one.
    """
    from kiosk.clinic.fields import Scope
    from kiosk.clinic.tokens import make_token

    try:
        made, line = make_token(name, frozenset(Scope(scope) for scope in scopes))
    except ValueError as error:
        raise click.UsageError(f"NAME: {error}") from None
    click.echo("# For the program, shown this once:", err=True)
    click.echo(made)
    click.echo("# For the kiosk, a line of [clinic] tokens_file:", err=True)
    click.echo(line)


@clinic.command()
@click.option(
    "--socket", type=click.Path(path_type=Path), help="The kiosk's Unix socket, on this machine."
)
@click.option("--url", help="Or its address: https://host:port, or http://127.0.0.1:port.")
@click.option("--ca-file", type=click.Path(path_type=Path), help="Authority of its certificate.")
@click.option("--client-file", type=click.Path(path_type=Path), help="Our certificate and key.")
@click.option(
    "--token-file", type=click.Path(path_type=Path), required=True, help="Holds the token."
)
@click.option(
    "--type-with",
    type=click.Choice(["print", "xdotool", "wtype", "ydotool"]),
    default="print",
    show_default=True,
    help="What types: X11, Wayland, the kernel; or a line on standard output for each number.",
)
@click.option(
    "--end",
    type=click.Choice(["enter", "tab", "none"]),
    default="enter",
    show_default=True,
    help="The key behind each number.",
)
def wedge(
    socket: Path | None,
    url: str | None,
    ca_file: Path | None,
    client_file: Path | None,
    token_file: Path,
    type_with: str,
    end: str,
) -> None:
    """Type the number of each policy that the kiosk checks, on the clinic's own computer.

    It goes to the window that has the focus. The main number comes where the fund says another one
    than the document's. Ends with ^C; a line that breaks is opened anew.
    """
    from kiosk.clinic.wedge import Line

    if (socket is None) == (url is None):
        raise click.UsageError("give either --socket or --url")
    if url is not None and not url.startswith(("https://", "http://127.0.0.1:")):
        raise click.UsageError("--url: https://…, or http://127.0.0.1:port on this machine")
    address = "http://localhost" if url is None else url.rstrip("/")
    line = Line(address, _read_token(token_file), socket, ca_file, client_file)
    _run(line, type_with, end)


def _run(line: Line, typist: str, end: str) -> None:
    import asyncio

    from kiosk.clinic.wedge import ENDINGS, WedgeError, follow, type_with

    async def take(number: str) -> None:
        if typist == "print":
            # Written at once: whoever reads the pipe waits for it.
            sys.stdout.write(number + (ENDINGS[end] or "\n"))
            sys.stdout.flush()
        else:
            await type_with(typist, number + ENDINGS[end])

    try:
        asyncio.run(
            follow(line, lambda words: click.echo(f"kiosk clinic wedge: {words}", err=True), take)
        )
    except WedgeError as error:
        raise Refusal(f"clinic wedge: {error}", Exit.DEVICE) from None
    except KeyboardInterrupt:
        raise SystemExit(Exit.DONE) from None


def _read_token(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_TOKEN_BYTES + 1)
    except OSError as error:
        raise Refusal(f"{path}: {error.strerror}", Exit.USAGE) from None
    text = raw.decode("ascii", "replace").strip()
    if not text.isprintable() or not text or " " in text or len(raw) > _MOST_TOKEN_BYTES:
        raise Refusal(f"{path}: must hold one token and nothing else", Exit.USAGE)
    return text
