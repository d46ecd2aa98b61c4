"""`kiosk software`: releases of this program on this kiosk."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from kiosk import RELEASED_AT, __version__
from kiosk.exits import Exit, Refusal
from kiosk.query_commands import load_config
from kiosk.update_place import update_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiosk.config import Config
    from kiosk.software.update import Outcome, SoftwareSettings

_config_option = click.option(
    "--config", type=click.Path(path_type=Path), help="Configuration file (TOML)."
)
_PUBLIC: Final = 0o022
_BOOTED: Final = Path("/run/systemd/system")
_TRIAL: Final = "kiosk-software-trial.service"


@click.group()
def software() -> None:
    """Releases of this program: take the newest, keep it, go back."""


@software.command()
@_config_option
@click.option(
    "--from",
    "place",
    metavar="URL|FOLDER",
    help="Another address than [update] url, or a folder: a stick, or its oms-register.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    default="/var/lib/oms-kiosk/software",
    show_default=True,
    metavar="DIR",
    help="What is remembered of the repository, apart from the register's.",
)
@click.option(
    "--trial/--no-trial", default=True, help="Try the new release at once: the kiosk restarts."
)
@click.pass_context
def update(
    context: click.Context, config: Path | None, place: str | None, state: Path, *, trial: bool
) -> None:
    """Take the newest release that was signed for this board, and try it.

    It is built beside the one that runs. Then the kiosk restarts with it; if it does not come up,
    fails its doctor or falls over within [software] trial_seconds, the one before is back within a
    minute, and the new one is never tried again.

    Prints one line of JSON: outcome (staged, current, refused, failed), current, staged, bytes,
    seconds, reason. Whatever fails, the release that runs stays.

    Exit codes: 0 done or current, 1 the new release was left again, 2 usage, 4 not a release,
    5 not to be trusted, 6 network, stick or disk.
    """
    from kiosk import logs
    from kiosk.software.update import update as run

    settings = settings_of(load_config(config or context.obj), place, state)
    logs.set_up()
    # Whoever runs it: the kiosk's own user must be able to read its program.
    os.umask(_PUBLIC)
    outcome = run(settings)
    click.echo(as_json(outcome))
    if outcome.error is not None:
        raise Refusal(str(outcome.error), _code(outcome.error))
    if outcome.staged is not None and trial:
        _try(settings.folder)


@software.command()
@_config_option
@click.pass_context
def confirm(context: click.Context, config: Path | None) -> None:
    """Keep a release that is on trial and that nobody watches any more."""
    from kiosk.software.rollback import confirm as run
    from kiosk.software.systemd import Systemd

    folder = _folder(load_config(config or context.obj))
    with _refusing():
        run(folder, Systemd())


@software.command()
@_config_option
@click.pass_context
def rollback(context: click.Context, config: Path | None) -> None:
    """Go back to the previous release; the one that runs now is never tried again."""
    from kiosk.software.rollback import back
    from kiosk.software.systemd import Systemd

    folder = _folder(load_config(config or context.obj))
    with _refusing():
        back(folder, Systemd())


@software.command()
@_config_option
@click.pass_context
def status(context: click.Context, config: Path | None) -> None:
    """Show which release runs, which is the way back, and what is bad; one line of JSON."""
    from kiosk.software.links import linked, read_state

    folder = _folder(load_config(config or context.obj))
    state = read_state(folder)
    said = {
        "current": linked(folder, "current"),
        "previous": linked(folder, "previous"),
        "phase": state.phase,
        "version": state.version,
        "since": state.since or None,
        "why": state.why or None,
        "bad": list(state.bad),
    }
    click.echo(json.dumps(said, ensure_ascii=False))


def settings_of(config: Config, place: str | None, state: Path) -> SoftwareSettings:
    """What a configuration, and a place given in its stead, say of an update.

    Raises:
        Refusal: something is missing or cannot be; the message names the key.
    """
    from kiosk.software.update import SoftwareSettings

    section = config.update
    root_file, where = update_place(config, place)
    return SoftwareSettings(
        folder=_folder(config),
        state=state,
        root_file=root_file,
        place=where,
        ca_file=section.ca_file,
        deadline_seconds=float(section.deadline_seconds),
        trial_seconds=config.software.trial_seconds,
        user_agent=f"oms-kiosk/{__version__}",
        not_before=RELEASED_AT,
    )


def as_json(outcome: Outcome) -> str:
    """The one line for programs."""
    return json.dumps(
        {
            "outcome": outcome.result,
            "current": outcome.current,
            "staged": outcome.staged,
            "bytes": outcome.bytes,
            "seconds": outcome.seconds,
            "reason": None if outcome.error is None else str(outcome.error),
        },
        ensure_ascii=False,
    )


def _folder(config: Config) -> Path:
    if config.software.dir is None:
        raise Refusal("[software] dir: this kiosk does not update its software", Exit.USAGE)
    return config.software.dir


def _try(folder: Path) -> None:
    """Have the program outside of all releases try what is staged."""
    command = ["systemctl", "start", _TRIAL]
    if not _BOOTED.is_dir():
        command = [str(folder / "rollback"), "trial", str(folder)]
    try:
        done = subprocess.run(command, check=False)
    except OSError as error:
        raise Refusal(f"{command[0]}: {error.strerror}; the release waits", Exit.DEVICE) from None
    if done.returncode != 0:
        raise Refusal(
            "the new release was left again; kiosk software status says why", Exit.NOT_INSURED
        )


@contextmanager
def _refusing() -> Iterator[None]:
    from kiosk.software.links import SwitchError

    try:
        yield
    except SwitchError as error:
        raise Refusal(str(error), Exit.DEVICE) from None
    except OSError as error:
        raise Refusal(f"{error.filename}: {error.strerror}", Exit.DEVICE) from None


def _code(error: Exception) -> Exit:
    from kiosk.software.errors import BundleError, NotInstalledError
    from offline_cache.errors import TrustError

    match error:
        case TrustError():
            return Exit.TRUST
        case BundleError():
            return Exit.MALFORMED
        case NotInstalledError():
            return Exit.USAGE
        case _:
            return Exit.DEVICE
