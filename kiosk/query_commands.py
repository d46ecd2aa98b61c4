"""`kiosk decode` and `kiosk check`: one document in, JSON out."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

import click

from kiosk.exits import Exit, Refusal

if TYPE_CHECKING:
    from datetime import date, datetime

    from kiosk.config import Config
    from kiosk.policy.model import PresentedPolicy
    from kiosk.verdict import Verdict

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
    raw = _read(file) if file is not None else _from_hex(hex_text or "")
    _print_policy(barcode_policy, raw)


@decode.command("chip")
@click.option("--holder", type=click.Path(path_type=Path), required=True, help="Holder file (62).")
@click.option("--insurer", type=click.Path(path_type=Path), help="Insurer file (64).")
def decode_chip_command(holder: Path, insurer: Path | None) -> None:
    """Decode the files of a chip card, as read from the card."""
    from kiosk.policy.chip import decode_chip

    insurer_bytes = None if insurer is None else _read(insurer)
    _print_policy(partial(decode_chip, insurer=insurer_bytes), _read(holder))


@decode.command("text")
@click.argument("text")
def decode_text_command(text: str) -> None:
    """Find the policy number in the text of a code."""
    from kiosk.policy.digital import decode_text

    _print_policy(decode_text, text)


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

    print_json(policy_to_json(_decoded(decode_one, raw)))


def _decoded(decode_one: Any, raw: bytes | str) -> PresentedPolicy:
    from kiosk.policy.model import FormatError

    try:
        policy: PresentedPolicy = decode_one(raw)
    except FormatError as error:
        raise Refusal(f"{error.reason}: {error}", Exit.MALFORMED) from None
    return policy


def _from_hex(text: str) -> bytes:
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


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="Configuration file (TOML).")
@click.option("--enp", help="Policy number, 16 digits; groups may be apart.")
@click.option("--barcode-hex", help="Barcode of a paper policy as hex digits.")
@click.option("--surname")
@click.option("--given-name")
@click.option("--patronymic")
@click.option("--birth-date", type=click.DateTime(["%Y-%m-%d"]), help="YYYY-MM-DD")
@click.pass_context
def check(
    context: click.Context,
    config: Path | None,
    enp: str | None,
    barcode_hex: str | None,
    surname: str | None,
    given_name: str | None,
    patronymic: str | None,
    birth_date: datetime | None,
) -> None:
    """Check one policy against the configured register and print the verdict as JSON.

    Exit code: 0 insured, 1 not insured, 3 could not check, 4 malformed input.
    """
    from kiosk.policy.digital import typed

    if (enp is None) == (barcode_hex is None):
        raise click.UsageError("give either --enp or --barcode-hex")
    born: date | None = birth_date.date() if birth_date is not None else None
    if barcode_hex is not None:
        if any(value is not None for value in (surname, given_name, patronymic, born)):
            raise click.UsageError("a barcode carries the name and birth date itself")
        policy = _decoded(barcode_policy, _from_hex(barcode_hex))
    else:
        if 0 < sum(value is not None for value in (surname, given_name, born)) < 3:
            raise click.UsageError(
                "a person is compared as a whole: give surname, given name (--given-name '' if"
                " there is none) and birth date, or none of them"
            )
        by_hand = partial(
            typed,
            surname=surname,
            given_name=given_name,
            patronymic=patronymic,
            birth_date=born,
        )
        policy = _decoded(by_hand, enp or "")
    _check_and_exit(load_config(config or context.obj), policy)


def _check_and_exit(config: Config, policy: PresentedPolicy) -> None:
    from kiosk.checker import Checker
    from kiosk.clock import Clock
    from kiosk.lookup import NoService
    from kiosk.offline import OfflineLookup
    from kiosk.verdict_json import verdict_to_json

    offline = OfflineLookup(config.register.dir, config.register.key_file)
    checker = Checker(offline, NoService(), Clock())
    try:
        checker.refresh()
        verdict = checker.check(policy)
    finally:
        offline.close()
    print_json(verdict_to_json(verdict))
    raise SystemExit(exit_of(verdict))


def exit_of(verdict: Verdict) -> Exit:
    """Return the exit code that stands for a verdict."""
    from kiosk.verdict import CouldNotCheck, Insured, NotInsured

    match verdict:
        case Insured():
            return Exit.DONE
        case NotInsured():
            return Exit.NOT_INSURED
        case CouldNotCheck():
            return Exit.COULD_NOT_CHECK
        case _:
            assert_never(verdict)
