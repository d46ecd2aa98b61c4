"""`kiosk check`: one policy against the configured register and services, whatever is known of it.

Exactly one of `_WAYS` says what was presented; the rest of the options say who presents it.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, assert_never

import click

from kiosk.exits import Exit
from kiosk.query_commands import (
    barcode_policy,
    chip_policy,
    decoded,
    from_hex,
    load_config,
    print_json,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from kiosk.config import Config
    from kiosk.families import Verdict
    from kiosk.policy.model import PresentedPolicy

_DAY: Final = click.DateTime(["%Y-%m-%d"])


class _Way(NamedTuple):
    """One way to say what was presented."""

    option: str
    help: str
    carries_person: bool = False
    """The document names its holder itself."""


_WAYS: Final = (
    _Way("enp", "Policy number, 16 digits; groups may be apart."),
    _Way("barcode-hex", "Barcode of a paper policy as hex digits.", carries_person=True),
    _Way("text", "Text of a code: digital policy, extract, Arkhangelsk.", carries_person=True),
    _Way("holder", "Holder file (62) of a chip; with --insurer.", carries_person=True),
    _Way("temporary-certificate", "Number of a temporary certificate, 9 digits; with --issued."),
    _Way("old-policy", "Policy from before 2011-05-01: '<series> № <number>'."),
    _Way("snils", "SNILS, 11 digits; with --birth-date."),
    _Way("passport", "Passport: series and number."),
    _Way("birth-certificate", "Birth certificate: '<series> № <number>'."),
    _Way("mrz", "Machine-readable lines of a passport.", carries_person=True),
)


def _ways(command: Callable[..., None]) -> Callable[..., None]:
    for way in reversed(_WAYS):
        command = click.option(f"--{way.option}", help=way.help)(command)
    return command


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="Configuration file (TOML).")
@_ways
@click.option("--insurer", type=click.Path(path_type=Path), help="Insurer file (64) of a chip.")
@click.option("--issued", type=_DAY, help="Day of issue of a temporary certificate, YYYY-MM-DD.")
@click.option("--surname")
@click.option("--given-name")
@click.option("--patronymic")
@click.option("--birth-date", type=_DAY, help="YYYY-MM-DD")
@click.pass_context
def check(context: click.Context, /, config: Path | None, **options: Any) -> None:
    """Check one policy against the configured register and print the verdict as JSON.

    Where the register does not settle it, the configured services of the fund are asked.

    Exit code: 0 insured, 1 not insured, 3 could not check, 4 malformed input.
    """
    given = [way for way in _WAYS if options[_key(way.option)] is not None]
    if len(given) != 1:
        ways = ", ".join(f"--{way.option}" for way in _WAYS)
        raise click.UsageError(f"give one of {ways}")
    way, text = given[0], options[_key(given[0].option)]
    person = _person(options)
    if way.carries_person and any(value is not None for value in person.values()):
        raise click.UsageError(f"--{way.option} carries the name and birth date itself")
    if way.option != "snils":
        _check_whole(person)
    policy = _presented(way.option, text, person, options)
    _check_and_exit(load_config(config or context.obj), policy)


def _key(option: str) -> str:
    return option.replace("-", "_")


def _person(options: dict[str, Any]) -> dict[str, Any]:
    names = {name: options[name] for name in ("surname", "given_name", "patronymic")}
    return names | {"birth_date": _day(options["birth_date"])}


def _day(value: datetime | None) -> date | None:
    return value.date() if value is not None else None


def _check_whole(person: dict[str, Any]) -> None:
    whole = [person[name] for name in ("surname", "given_name", "birth_date")]
    if 0 < sum(value is not None for value in whole) < len(whole):
        raise click.UsageError(
            "a person is compared as a whole: give surname, given name (--given-name '' if"
            " there is none) and birth date, or none of them"
        )


def _presented(
    option: str, text: str, person: dict[str, Any], options: dict[str, Any]
) -> PresentedPolicy:
    issued = _day(options["issued"])
    if issued is not None and option != "temporary-certificate":
        raise click.UsageError("--issued goes with --temporary-certificate")
    if option == "holder":
        return chip_policy(Path(text), options["insurer"])
    if option == "barcode-hex":
        return decoded(barcode_policy, from_hex(text))
    return decoded(_decoder(option, person, issued), text)


def _decoder(
    option: str, person: dict[str, Any], issued: date | None
) -> Callable[[str], PresentedPolicy]:
    """What makes a presented policy of the text of `option`."""
    from kiosk.policy import typed
    from kiosk.policy.digital import decode_text
    from kiosk.policy.mrz import decode_mrz

    match option:
        case "text":
            return decode_text
        case "mrz":
            return decode_mrz
        case "snils":
            return partial(typed.typed_snils, **_with_birth_date(person))
        case "temporary-certificate":
            return partial(typed.typed, issue_date=issued, **person)
    by_hand: dict[str, Callable[..., PresentedPolicy]] = {
        "enp": typed.typed,
        "passport": typed.typed_passport,
        "birth-certificate": typed.typed_birth_certificate,
        "old-policy": typed.typed_old_policy,
    }
    return partial(by_hand[option], **person)


def _with_birth_date(person: dict[str, Any]) -> dict[str, Any]:
    if person["birth_date"] is None:
        raise click.UsageError("a SNILS finds a policy only with the birth date: give --birth-date")
    return person


def _check_and_exit(config: Config, policy: PresentedPolicy) -> None:
    from kiosk.clock import Clock
    from kiosk.compose import make_sources
    from kiosk.verdict_json import verdict_to_json

    sources = make_sources(config, Clock())
    checker = sources.checker
    try:
        checker.refresh()
        verdict = checker.weigh(policy, checker.check(policy))
    finally:
        sources.offline.close()
    print_json(verdict_to_json(verdict))
    raise SystemExit(exit_of(verdict))


def exit_of(verdict: Verdict) -> Exit:
    """Return the exit code that stands for a verdict."""
    from kiosk.families import CouldNotCheck, Insured, NotInsured

    match verdict:
        case Insured():
            return Exit.DONE
        case NotInsured():
            return Exit.NOT_INSURED
        case CouldNotCheck():
            return Exit.COULD_NOT_CHECK
        case _:
            assert_never(verdict)
