"""`kiosk update`: the newest signed list, from the fund's server or from a stick."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from kiosk import RELEASED_AT
from kiosk.account import become_owner_of
from kiosk.checkpoints import leave_on_stick, user_agent
from kiosk.exits import Exit, Refusal
from kiosk.query_commands import load_config
from kiosk.update_place import update_place

if TYPE_CHECKING:
    from kiosk.config import Config
    from offline_cache.errors import RegisterError
    from offline_cache.updater import Step, UpdateOutcome, UpdateSettings

_SHOW_SECONDS: Final = 0.2
_CLEAR_LINE: Final = "\r\x1b[K"


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="Configuration file (TOML).")
@click.option(
    "--from",
    "place",
    metavar="URL|FOLDER",
    help="Another address than [update] url, or a folder: a stick, or its oms-register.",
)
@click.option("--progress/--no-progress", default=True, help="Show progress on a terminal.")
@click.pass_context
def update(
    context: click.Context, config: Path | None, place: str | None, *, progress: bool
) -> None:
    """Bring the register to the newest signed list; a running kiosk takes it up by itself.

    Root goes on as the owner of the register's folder, so that nothing of root's stays in it.
    Prints one line of JSON: outcome (updated, current, refused, failed), from_serial, serial,
    as_of, how (deltas, base), bytes, seconds, reason. Whatever fails, the list in use stays.

    Exit codes: 0 updated or current, 2 usage, 4 not the list that was signed, or no key, 5 not to
    be trusted, 6 network, stick or disk.
    """
    from kiosk import logs
    from offline_cache.updater import update as run

    loaded = load_config(config or context.obj)
    settings = settings_of(loaded, place)
    logs.set_up()
    if isinstance(settings.place, Path):
        # Before the rights are given up: a stick that root has mounted is root's to write to.
        leave_on_stick(loaded, settings.place)
    _give_up_root(settings.register)
    shown = _Line() if progress and sys.stderr.isatty() else None
    try:
        outcome = run(settings, shown.show) if shown else run(settings)
    finally:
        if shown:
            shown.clear()
    click.echo(as_json(outcome))
    if outcome.error is not None:
        raise Refusal(str(outcome.error), exit_of(outcome.error))


def _give_up_root(register: Path) -> None:
    try:
        become_owner_of(register)
    except OSError as error:
        message = f"{register}: it is not root's, and root cannot become its owner here"
        message += f" ({error.strerror}): sudo systemctl start kiosk-update"
        raise Refusal(message, Exit.DEVICE) from None


def settings_of(config: Config, place: str | None) -> UpdateSettings:
    """What a configuration, and a place given in its stead, say of an update.

    Raises:
        Refusal: something is missing or cannot be; the message names the key.
    """
    from offline_cache.updater import UpdateSettings

    section, register = config.update, config.register
    if register.dir is None or register.key_file is None:
        raise Refusal("[register] dir and key_file: needed for an update", Exit.USAGE)
    root_file, where = update_place(config, place)
    return UpdateSettings(
        register=register.dir,
        key_file=register.key_file,
        root_file=root_file,
        place=where,
        ca_file=section.ca_file,
        deadline_seconds=float(section.deadline_seconds),
        user_agent=user_agent(config),
        not_before=RELEASED_AT,
    )


def as_json(outcome: UpdateOutcome) -> str:
    """The one line for programs."""
    return json.dumps(
        {
            "outcome": outcome.result,
            "from_serial": outcome.from_serial,
            "serial": outcome.serial,
            "as_of": outcome.as_of and outcome.as_of.isoformat(),
            "how": outcome.how,
            "bytes": outcome.bytes,
            "seconds": outcome.seconds,
            "reason": None if outcome.error is None else str(outcome.error),
        },
        ensure_ascii=False,
    )


def exit_of(error: RegisterError) -> Exit:
    """The exit code that stands for what stopped an update."""
    from offline_cache.errors import (
        EndStateError,
        GoldenPolicyError,
        KeyFileError,
        ManifestError,
        RegisterCorruptError,
        RowsFormatError,
        TrustError,
    )

    if isinstance(error, TrustError):
        return Exit.TRUST
    malformed = (
        *(EndStateError, GoldenPolicyError, KeyFileError),
        *(ManifestError, RegisterCorruptError, RowsFormatError),
    )
    return Exit.MALFORMED if isinstance(error, malformed) else Exit.DEVICE


class _Line:
    """One line on a terminal that says what an update is at, how fast, and how long it takes."""

    def __init__(self) -> None:
        self._step: Step | None = None
        self._began = self._shown = 0.0
        self._first = 0

    def show(self, step: Step, done: int, total: int) -> None:
        """Tell the line anew, now and then."""
        now = time.monotonic()
        if step is not self._step:
            self._step, self._began, self._first, self._shown = step, now, done, 0.0
        if now - self._shown < _SHOW_SECONDS and done < total:
            return
        self._shown = now
        line = progress_line(step, done, total, done - self._first, now - self._began)
        click.echo(f"{_CLEAR_LINE}{line}", nl=False, err=True)

    @staticmethod
    def clear() -> None:
        """Leave an empty line to what follows."""
        click.echo(_CLEAR_LINE, nl=False, err=True)


def progress_line(step: Step, done: int, total: int, since: int, seconds: float) -> str:
    """What people read; `since` of `done` came in the last `seconds`, the rest was here before."""
    from offline_cache.updater import Step

    if step is Step.CHECK or not total:
        return f"{step}…"
    rate = since / seconds if seconds > 0 else 0.0
    if step is Step.DOWNLOAD:
        words = f"{done / 1e6:,.1f} of {total / 1e6:,.1f} MB, {rate / 1e6:,.1f} MB/s"
    else:
        words = f"{done:,} of {total:,} rows, {rate:,.0f} rows/s"
    if rate and done < total:
        left = round((total - done) / rate)
        words += f", {left // 60}:{left % 60:02} left"
    return f"{step}: {words}"
