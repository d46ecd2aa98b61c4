"""`kiosk decode`: one document in, JSON out; and what `kiosk check` shares with it."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kiosk.exits import Exit, Refusal

if TYPE_CHECKING:
    from kiosk.config import Config
    from kiosk.policy.model import PresentedPolicy

MAX_FILE_BYTES = 128 * 1024
"""Twice what a chip's file may hold."""


def print_json(value: dict[str, Any]) -> None:
    """Print `value` for programs and people alike: UTF-8, indented."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def load_config(path: Path | None) -> Config:
    """Return the configuration of `path`, the defaults without one; a bad one is a usage error."""
    from kiosk.config import Config, ConfigError, load

    if path is None:
        return Config()
    try:
        return load(path)
    except ConfigError as error:
        raise Refusal(str(error), Exit.USAGE) from None


@click.group()
def decode() -> None:
    """Decode one document and print the presented policy as JSON."""


@decode.command("barcode")
@click.option("--hex", "hex_text", help="The bytes as hex digits, in any case, spaces allowed.")
@click.option("--file", type=click.Path(path_type=Path), help="A file with the bytes of one scan.")
def decode_barcode_command(hex_text: str | None, file: Path | None) -> None:
    """Decode the barcode of a paper policy: 130 bytes, or a scan with what the scanner adds."""
    if (hex_text is None) == (file is None):
        raise click.UsageError("give either --hex or --file")
    raw = _read(file) if file is not None else from_hex(hex_text or "")
    _print_policy(barcode_policy, raw)


@decode.command("chip")
@click.option("--holder", type=click.Path(path_type=Path), required=True, help="Holder file (62).")
@click.option("--insurer", type=click.Path(path_type=Path), help="Insurer file (64).")
def decode_chip_command(holder: Path, insurer: Path | None) -> None:
    """Decode the files of a chip card, as read from the card."""
    from kiosk.policy.as_json import policy_to_json

    print_json(policy_to_json(chip_policy(holder, insurer)))


@decode.command("text")
@click.argument("text")
def decode_text_command(text: str) -> None:
    """Find the policy number in the text of a code."""
    from kiosk.policy.digital import decode_text

    _print_policy(decode_text, text)


@decode.command("mrz")
@click.argument("text")
def decode_mrz_command(text: str) -> None:
    """Decode the machine-readable lines of a passport."""
    from kiosk.policy.mrz import decode_mrz

    _print_policy(decode_mrz, text)


def chip_policy(holder: Path, insurer: Path | None) -> PresentedPolicy:
    """Decode the files of a chip; a command ends where they cannot be read or decoded."""
    from kiosk.policy.chip import decode_chip

    insurer_bytes = None if insurer is None else _read(insurer)
    return decoded(partial(decode_chip, insurer=insurer_bytes), _read(holder))


def barcode_policy(raw: bytes) -> PresentedPolicy:
    """Decode one scan of a paper policy's barcode.

    Raises:
        FormatError: it is not one.
    """
    from drivers.events import FrameKind
    from drivers.framing import EMPTY, POLICY_BYTES, classify
    from kiosk.policy.barcode import decode_barcode
    from kiosk.policy.model import FormatError, FormatReason

    if len(raw) == POLICY_BYTES:
        return decode_barcode(raw)
    scan = classify(raw)
    if scan.kind is FrameKind.POLICY:
        return decode_barcode(scan.payload)
    if scan.kind is FrameKind.TEXT:
        message = f"a text code of {len(raw)} bytes, not a policy's barcode of {POLICY_BYTES}"
        raise FormatError(FormatReason.STRUCTURE, message)
    what = f"{len(raw)} blank bytes" if scan.reason == EMPTY else scan.reason
    raise FormatError(FormatReason.LENGTH, f"not a policy's barcode: {what}")


def _print_policy(decode_one: Any, raw: bytes | str) -> None:
    from kiosk.policy.as_json import policy_to_json

    print_json(policy_to_json(decoded(decode_one, raw)))


def decoded(decode_one: Any, raw: bytes | str) -> PresentedPolicy:
    """Decode; malformed input ends a command with one line."""
    from kiosk.policy.model import FormatError

    try:
        policy: PresentedPolicy = decode_one(raw)
    except FormatError as error:
        raise Refusal(f"{error.reason}: {error}", Exit.MALFORMED) from None
    return policy


def from_hex(text: str) -> bytes:
    """Return the bytes of hex digits; others end a command with one line."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        message = f"{len(text)} characters that are not bytes as pairs of hex digits"
        raise Refusal(message, Exit.MALFORMED) from None


def _read(path: Path) -> bytes:
    """Read a small file; one that is larger than any document is refused unread."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise Refusal(f"{path}: {error.strerror}", Exit.DEVICE) from None
    if len(raw) > MAX_FILE_BYTES:
        raise Refusal(f"{path}: larger than {MAX_FILE_BYTES} bytes", Exit.MALFORMED)
    return raw
