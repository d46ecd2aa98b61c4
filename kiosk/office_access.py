"""What the commands of a publisher's office share: options, the way in, how errors end."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kiosk.exits import Exit, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from offline_cache.errors import RegisterError
    from offline_cache.publisher.office import Office
    from offline_cache.publisher.signing import KeyRing

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
_PIN_BYTES = 256

keys_option = click.option(
    "--keys",
    "key_folders",
    multiple=True,
    type=FOLDER,
    metavar="DIR",
    help="Where to look for key files that are not in the office, such as the medium with the "
    "offline keys; may be repeated.",
)
pin_option = click.option(
    "--pin-file",
    type=FILE,
    metavar="FILE",
    help="PIN of the token that holds keys (PKCS#11). Without it a terminal is asked.",
)
office_argument = click.argument("office", type=FOLDER)


def open_office(
    office: Path, folders: tuple[Path, ...], pin_file: Path | None
) -> tuple[Office, KeyRing]:
    """The office in a folder, and the keys that are at hand."""
    from offline_cache.publisher.office import Office
    from offline_cache.publisher.signing import KeyRing

    opened = Office.open(office)
    return opened, KeyRing(opened, folders=folders, pin=ask_pin(pin_file))


def ask_pin(path: Path | None) -> Callable[[], str] | None:
    """How to get the PIN of a token: from a file, from the terminal, or not at all."""
    if path is not None:
        try:
            with path.open("rb") as file:
                text = file.read(_PIN_BYTES).decode().strip()
        except (OSError, UnicodeDecodeError) as error:
            words = getattr(error, "strerror", None) or "not a PIN"
            raise Refusal(f"{path}: {words}", Exit.MALFORMED) from error
        return lambda: text
    if not sys.stdin.isatty():
        return None
    asked: list[str] = []

    def ask() -> str:
        if not asked:
            asked.append(click.prompt("PIN of the token", hide_input=True, err=True))
        return asked[0]

    return ask


@contextmanager
def refusing() -> Iterator[None]:
    """Turn an error into one line and an exit code; every problem of a table gets its line."""
    from offline_cache.errors import RegisterError
    from offline_cache.publisher.gates import GateError
    from offline_cache.publisher.reference import TablesError

    try:
        yield
    except RegisterError as error:
        if isinstance(error, TablesError):
            for problem in error.problems:
                click.echo(problem, err=True)
        if isinstance(error, GateError):
            for figure in error.figures:
                click.echo(f"  {figure}", err=True)
        raise Refusal(str(error), _code(error)) from error
    except ModuleNotFoundError as error:
        from offline_cache.publisher import missing

        raise Refusal(str(missing(error)), Exit.USAGE) from error
    except OSError as error:
        raise Refusal(f"{error.filename}: {error.strerror}", Exit.DEVICE) from error


def _code(error: RegisterError) -> Exit:
    from offline_cache.errors import (
        RegisterBusyError,
        RegisterSpaceError,
        RegisterWriteError,
        TrustError,
    )
    from offline_cache.publisher.signing import KeyNotAtHandError

    if isinstance(error, TrustError | KeyNotAtHandError):
        return Exit.TRUST
    disk = isinstance(error, RegisterBusyError | RegisterSpaceError | RegisterWriteError)
    return Exit.DEVICE if disk else Exit.MALFORMED
