"""`kiosk register enrol`: the bundle that puts one kiosk to work, and the code that opens it."""

# imports what it needs when it runs
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kiosk.exits import Exit, Refusal
from kiosk.office_access import FILE, office_argument, refusing

if TYPE_CHECKING:
    from offline_cache.enrolment import Enrolment, Sealed


@click.command("enrol")
@click.option("--kiosk", "number", required=True, help="Number of the kiosk, such as 0412.")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER|FILE",
    help="Where to put the bundle; in a folder (a stick) it is called kiosk-NUMBER.oms-enrol.",
)
@click.option("--update-url", default="", help="Address of the repository. Default: sticks alone.")
@click.option("--ferzl-url", default="", help="Address of the federal register's service.")
@click.option("--zp1-url", default="", help="Address of the regional gateway (ZP1).")
@click.option("--sender", default="", help="The kiosk's name as agreed with the gateway.")
@click.option("--territory", default="", help="Two digits, such as 78, told to the gateway.")
@click.option("--okato", default="", help="Where the kiosk stands (OKATO, 5 digits).")
@click.option("--clinic", default="", help="Code of the medical organisation it stands in.")
@click.option("--contact", default="", help="Whom to call when it is out of service, as shown.")
@click.option("--audience", type=click.Choice(["public", "registrar"]), default="public")
@click.option("--ca-file", type=FILE, help="Authorities that signed the servers (PEM).")
@click.option("--client-file", type=FILE, help="The kiosk's TLS certificate and key (PEM).")
@click.option("--token-file", type=FILE, help="Token for the federal register's service.")
@click.option(
    "--days",
    default=14,
    show_default=True,
    type=click.IntRange(1, 90),
    help="How long the bundle may be used.",
)
@office_argument
def enrol_office(office: Path, number: str, out: Path, days: int, **wanted: Any) -> None:
    """Make the bundle with which one kiosk goes to work, sealed under a one-time code.

    It holds the newest root of trust, the register's key, addresses, certificates and token. The
    stick and the code travel apart: whoever has both can enrol a device of their own. The code is
    shown once, here; if it is lost, make a new bundle. At the kiosk: kiosk enrol --bundle FILE
    """
    from offline_cache.enrolment import bundle_name, seal
    from offline_cache.publisher.enrol import prepare, write_bundle
    from offline_cache.publisher.office import Office

    with refusing():
        bundle_name(number)
        enrolment = prepare(Office.open(office), _settings(wanted), _files(wanted))
        _try_out(number, enrolment, wanted)
        sealed = seal(enrolment, number, datetime.now(UTC), timedelta(days=days))
        path = write_bundle(out, sealed)
    _show(path, sealed)


def _settings(wanted: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {
        "kiosk": {key: wanted[key] for key in ("audience", "contact", "okato", "clinic")},
        "update": {"url": wanted["update_url"]},
        "ferzl": {"url": wanted["ferzl_url"]},
        "zp1": {
            "url": wanted["zp1_url"],
            "sender": wanted["sender"],
            "territory": wanted["territory"],
        },
    }


def _files(wanted: dict[str, Any]) -> dict[str, Path]:
    from offline_cache.enrolment import AUTHORITY, CLIENT, TOKEN

    options = {AUTHORITY: "ca_file", CLIENT: "client_file", TOKEN: "token_file"}
    return {name: wanted[option] for name, option in options.items() if wanted[option] is not None}


def _try_out(number: str, enrolment: Enrolment, wanted: dict[str, Any]) -> None:
    """Refuse here what the kiosk would refuse, where somebody can still mend it."""
    from kiosk.config import ConfigError, parse
    from kiosk.enrol_config import merged
    from kiosk.online.errors import ServiceError
    from kiosk.online.tls import make_context

    try:
        parse(merged(number, enrolment, Path("/"), {}))
    except ConfigError as error:
        raise Refusal(f"a kiosk would refuse this: {error}", Exit.USAGE) from error
    ca_file, client_file = wanted["ca_file"], wanted["client_file"]
    if client_file is not None and ca_file is None:
        raise Refusal("--client-file is of no use without --ca-file", Exit.USAGE)
    if ca_file is not None:
        try:
            make_context(ca_file, client_file, None, "a kiosk would refuse this")
        except ServiceError as error:
            raise Refusal(str(error), Exit.MALFORMED) from error


def _show(path: Path, sealed: Sealed) -> None:
    from offline_cache.enrolment_code import shown

    header = sealed.header
    click.echo(
        f"{path}: bundle for kiosk {header.kiosk}, {len(sealed.content)} bytes, "
        f"good until {header.until:%Y-%m-%d %H:%M} UTC"
    )
    click.echo(f"\n  code: {shown(sealed.code)}\n")
    click.echo(
        "The code is not shown again. Give it to the technician apart from the stick: on paper or "
        "by\ntelephone, not in the same envelope and not in a file on the stick. Destroy both when "
        "the\nkiosk is at work, and note the fingerprint of its signing key that it tells then."
    )
