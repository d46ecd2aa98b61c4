"""The command line: a contract that scripts rely on (JSON in UTF-8, the codes of `kiosk.exits`).

Commands import what they need when they run: `kiosk decode` must not wait for pygame.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kiosk import __version__
from kiosk.check_command import check
from kiosk.clinic_command import clinic
from kiosk.doctor_command import doctor
from kiosk.enrol_command import enrol
from kiosk.enrol_office_command import enrol_office
from kiosk.exits import Exit, Refusal
from kiosk.fund_command import fund
from kiosk.insurers_command import insurers
from kiosk.journal_command import journal
from kiosk.office_commands import info, init, rotate_key
from kiosk.pin_command import pin
from kiosk.publish_commands import approve, publish
from kiosk.query_commands import decode, load_config
from kiosk.register_commands import register
from kiosk.software_command import software
from kiosk.software_office_command import release, sign_release
from kiosk.update_command import update

if TYPE_CHECKING:
    from kiosk.config import Config

_INSTALLED = Path("/etc/oms-kiosk/kiosk.toml")
"""What an installed kiosk is configured by, where nothing else is named."""
_HEADLESS = click.Path(file_okay=False, path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="kiosk")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar="KIOSK_CONFIG",
    help="Configuration file (TOML), also behind a command; else that of an installed kiosk.",
)
@click.pass_context
def cli(context: click.Context, config: Path | None) -> None:
    """Tell whether a compulsory-health-insurance policy (полис ОМС) is in force, also offline.

    Exit codes: 0 done or insured, 1 not insured, 2 usage, 3 could not check, 4 malformed input,
    5 trust failure, 6 device or network.
    """
    context.obj = config or (_INSTALLED if _INSTALLED.exists() else None)


@cli.command()
@click.option("--config", type=click.Path(path_type=Path), help="Configuration file (TOML).")
@click.option("--windowed", is_flag=True, help="In a window instead of on the whole screen.")
@click.option(
    "--headless",
    type=_HEADLESS,
    metavar="DIR",
    help="Without a display: every new frame as a PNG, every verdict as a line of verdicts.jsonl.",
)
@click.option("--verbose", is_flag=True, help="Log more; never anything personal.")
@click.pass_context
def run(
    context: click.Context,
    config: Path | None,
    windowed: bool,
    headless: Path | None,
    verbose: bool,
) -> None:
    """Run the kiosk until it is told to stop."""
    from kiosk import logs
    from kiosk.service import serve

    if windowed and headless is not None:
        raise click.UsageError("--windowed and --headless exclude each other")
    logs.set_up(verbose=verbose)
    file = config or context.obj
    loaded = load_config(None) if file is None else _load_to_run(file)
    serve(loaded, windowed=windowed, headless=headless)


def _load_to_run(file: Path) -> Config:
    from kiosk.config import ConfigError
    from kiosk.last_good import load_or_last_good

    try:
        return load_or_last_good(file)
    except ConfigError as error:
        raise Refusal(str(error), Exit.USAGE) from None


@cli.command()
@click.option(
    "--headless",
    type=_HEADLESS,
    metavar="DIR",
    help="Tour all scenes without a display, write frames and verdicts to DIR, and end.",
)
@click.option("--audience", type=click.Choice(["public", "registrar"]), default="public")
def demo(headless: Path | None, audience: str) -> None:
    """Show a complete kiosk on virtual devices: a reader, a card, a scanner, a sample register."""
    from kiosk import logs
    from offline_cache.errors import RegisterError

    try:
        # The demo has a fund's office in it, which needs more libraries than a kiosk.
        from kiosk.demo.run import play
    except RegisterError as error:
        raise Refusal(f"demo: {error}", Exit.USAGE) from None

    logs.set_up()
    play(headless, audience)


cli.add_command(decode)
cli.add_command(check)
cli.add_command(insurers)
cli.add_command(clinic)
cli.add_command(fund)
cli.add_command(register)
cli.add_command(update)
cli.add_command(doctor)
cli.add_command(enrol)
cli.add_command(journal)
cli.add_command(pin)
cli.add_command(software)
for _command in (init, publish, approve, info, rotate_key, enrol_office, release, sign_release):
    register.add_command(_command)


def main() -> None:
    """Run `kiosk`; whatever goes wrong ends in one line, never in a traceback."""
    try:
        cli.main()
    except Exception as error:  # noqa: BLE001  # the last line of defence
        from kiosk.logs import mask

        Refusal(f"internal error: {type(error).__name__}: {mask(str(error))}", Exit.DEVICE).show()
        sys.exit(Exit.DEVICE)
