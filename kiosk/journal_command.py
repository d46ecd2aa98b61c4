"""`kiosk journal`: receipts of checks, shown, verified, exported; nothing in them is personal."""

# commands import what they need when they run

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from kiosk.exits import Exit, Refusal
from kiosk.query_commands import load_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kiosk.config import Config
    from kiosk.journal.keys import Verifier

_FILE: Final = click.Path(path_type=Path)
_MAX_TEXT: Final = 4096
_TERMINAL: Final = "terminal"


def _places(command: Callable[..., None]) -> Callable[..., None]:
    """Options of every command that reads a journal: where it is."""
    for option in (
        click.option("--dir", "folder", type=_FILE, help="Folder of a journal, or of a copy."),
        click.option("--config", type=_FILE, help="Configuration file (TOML)."),
    ):
        command = option(command)
    return command


@click.group()
def journal() -> None:
    """Show, verify and export the receipts of checks: what was checked and when, not who."""


@journal.command()
@_places
@click.option("--last", type=click.IntRange(1, 1_000_000), default=20, help="How many (20).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--receipt", "number", type=click.IntRange(1), help="One receipt, with its text.")
@click.option("--qr", type=_FILE, metavar="FILE.png|terminal", help="Draw that text as a QR code.")
@click.pass_context
def show(
    context: click.Context,
    folder: Path | None,
    config: Path | None,
    last: int,
    as_json: bool,
    number: int | None,
    qr: Path | None,
) -> None:
    """Show the last receipts, or one of them with the text that verifies anywhere.

    Exit codes: 0 done, 1 no such receipt, 2 usage, 5 a receipt that cannot be read, 6 no journal.
    """
    from kiosk.journal import printed

    if qr is not None and number is None:
        raise click.UsageError("--qr needs --receipt")
    place = _folder(folder, load_config(config or context.obj))
    with _refusals(Exit.TRUST):
        if number is None:
            for values in printed.last_receipts(place, last):
                click.echo(_line(values) if as_json else printed.line_of(values))
            return
        one = printed.one_receipt(place, number)
    if one is None:
        raise Refusal(f"journal: there is no receipt {number}", Exit.NOT_INSURED)
    click.echo(_line(one) if as_json else f"{printed.line_of(one)}\n{one['receipt']}")
    if qr is not None:
        _draw(one["receipt"], qr)


@journal.command()
@_places
@click.option("--checkpoint", type=_FILE, help="A checkpoint that left the kiosk (JSON).")
@click.option("--receipt", metavar="FILE|TEXT", help="One receipt alone, without a journal.")
@click.option("--public-key", type=_FILE, help="The kiosk's public key (PEM).")
@click.option("--json", "as_json", is_flag=True, help="The findings as JSON.")
@click.pass_context
def verify(
    context: click.Context,
    folder: Path | None,
    config: Path | None,
    checkpoint: Path | None,
    receipt: str | None,
    public_key: Path | None,
    as_json: bool,
) -> None:
    """Find whatever in the journal is not as the kiosk wrote it; or verify one receipt.

    Without --public-key: by the key of [journal] key_file. Exit codes: 0 as it was written, 2
    usage, 4 not a receipt or a checkpoint, 5 changed or signed by another, 6 no journal or key.
    """
    from kiosk.journal import printed, statement
    from kiosk.journal.verify import verify as look_through

    loaded = load_config(config or context.obj)
    verifier = _verifier(public_key, loaded)
    if receipt is not None:
        _verify_receipt(receipt, verifier)
        return
    place = _folder(folder, loaded)
    with _refusals(Exit.MALFORMED):
        left = None
        if checkpoint is not None:
            left = statement.from_file(_read(checkpoint, statement.MAX_FILE_BYTES))
        report = look_through(place, verifier, left)
    told = printed.report_to_json(report) if as_json else None
    click.echo(_line(told) if told else printed.report_to_words(report))
    if not report.sound:
        raise Refusal(f"journal: {report.found} things are not as written", Exit.TRUST)


@journal.command()
@_places
@click.argument("file", type=_FILE)
@click.option("--since", metavar="DATE", help="From this day or time (ISO 8601, UTC) on.")
@click.pass_context
def export(
    context: click.Context, folder: Path | None, config: Path | None, file: Path, since: str | None
) -> None:
    """Write receipts to FILE: one JSON object a line, the beginning first and the head last.

    Exit codes: 0 done, 2 usage, 5 a receipt that cannot be read, 6 no journal, or no room.
    """
    from kiosk.journal.printed import whole_journal

    place = _folder(folder, load_config(config or context.obj))
    begin = _time(since)
    beside = file.with_name(f"{file.name}.new")
    count = 0
    try:
        with _refusals(Exit.TRUST), beside.open("w", encoding="utf-8") as written:
            for values in whole_journal(place, begin):
                written.write(_line(values) + "\n")
                count += "receipt" in values
            written.flush()
            os.fsync(written.fileno())
        beside.replace(file)
    except OSError as error:
        raise Refusal(f"{file}: {error.strerror}", Exit.DEVICE) from None
    finally:
        beside.unlink(missing_ok=True)
    click.echo(_line({"receipts": count, "file": str(file)}))


@journal.command()
@_places
@click.argument("file", type=_FILE)
@click.pass_context
def checkpoint(
    context: click.Context, folder: Path | None, config: Path | None, file: Path
) -> None:
    """Write the signed head of the journal to FILE, to be kept elsewhere (verify --checkpoint).

    Needs no key: the head is signed with each receipt. Exit codes: 0 done, 2 usage, 6 no journal,
    or no room.
    """
    from kiosk.journal.reader import head_of
    from kiosk.journal.statement import write_file

    place = _folder(folder, load_config(config or context.obj))
    with _refusals(Exit.TRUST):
        write_file(head_of(place), file)


@journal.command("public-key")
@click.option("--config", type=_FILE, help="Configuration file (TOML).")
@click.option("--key", type=_FILE, help="Another key file than [journal] key_file.")
@click.pass_context
def public_key(context: click.Context, config: Path | None, key: Path | None) -> None:
    """Print the kiosk's public key (PEM), by which others verify its receipts."""
    verifier = _verifier(key, load_config(config or context.obj))
    click.echo(verifier.to_pem().decode("ascii"), nl=False)


@contextmanager
def _refusals(malformed: Exit) -> Iterator[None]:
    """End a command with one line; `malformed` is the code for bytes that are no receipt."""
    from kiosk.journal.errors import JournalError, ReceiptFormatError

    try:
        yield
    except ReceiptFormatError as error:
        raise Refusal(f"journal: {error}", malformed) from None
    except JournalError as error:
        raise Refusal(f"journal: {error}", Exit.DEVICE) from None


def _line(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False)


def _folder(folder: Path | None, config: Config) -> Path:
    place = folder or config.journal.dir
    if place is None:
        raise Refusal("[journal] dir is not configured: give it, or --dir", Exit.USAGE)
    return place


def _verifier(public_key: Path | None, config: Config) -> Verifier:
    from kiosk.journal.keys import load_verifier

    key = public_key or config.journal.key_file
    if key is None:
        message = "[journal] key_file is not configured: give it, or the public key"
        raise Refusal(message, Exit.USAGE)
    with _refusals(Exit.DEVICE):
        return load_verifier(key)


def _time(text: str | None) -> str:
    """A day or time in the form that receipts have, in which text sorts like time."""
    if text is None:
        return ""
    try:
        at = datetime.fromisoformat(text)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refusal("--since: not a date such as 2026-11-24", Exit.USAGE) from None
    return at.isoformat(timespec="milliseconds")


def _verify_receipt(given: str, verifier: Verifier) -> None:
    from kiosk.journal import receipt

    text = given
    if not given.startswith(receipt.TEXT_PREFIX):
        text = _read(Path(given), _MAX_TEXT).decode("ascii", "replace")
    with _refusals(Exit.MALFORMED):
        raw = receipt.from_text(text)
        values = receipt.to_json(raw)
    if not verifier.holds(receipt.SIGNED_AS, raw):
        message = "journal: the receipt's signature does not hold: changed, or of another kiosk"
        raise Refusal(message, Exit.TRUST)
    click.echo(_line(values))


def _read(file: Path, most: int) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(most + 1)
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) else "no file has such a name"
        raise Refusal(f"{file}: {words}", Exit.DEVICE) from None


def _draw(text: str, qr: Path) -> None:
    try:
        from kiosk.journal.qr import for_terminal, write_png
    except ImportError:
        raise Refusal("--qr: the library segno is not installed", Exit.USAGE) from None

    with _refusals(Exit.DEVICE):
        if str(qr) == _TERMINAL:
            click.echo(for_terminal(text), nl=False)
        else:
            write_png(text, qr)
