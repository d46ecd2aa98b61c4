"""`kiosk register …`: the publisher's side of the register on the command line."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kiosk.exits import Exit, Refusal
from offline_cache.csv_rows import COLUMNS, REQUIRED, read_rows
from offline_cache.errors import (
    BadRowsError,
    KeyFileError,
    RegisterCorruptError,
    RegisterError,
)
from offline_cache.format import load_key_file
from offline_cache.publisher import BuildSummary, Stage, build_base, next_serial
from offline_cache.rows import Problems
from offline_cache.store import ensure_space

if TYPE_CHECKING:
    from offline_cache.format import RegisterKey

_TERRITORY = re.compile(r"[0-9]{2}")
_SPACE_PER_SOURCE_BYTE = 1.5
"""Sorted runs and base of a row with every number take about 1.3 times its line."""


class _Moment(click.ParamType[datetime]):
    """An ISO 8601 time; without an offset it is UTC."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """An aware UTC `datetime`."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail("not an ISO 8601 date or time, such as 2026-03-31T06:00", param, ctx)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC).replace(microsecond=0)


def _territories(
    _context: click.Context, _parameter: click.Parameter, codes: tuple[str, ...]
) -> tuple[str, ...]:
    for code in codes:
        if not _TERRITORY.fullmatch(code):
            raise click.BadParameter("a territory code has two digits, such as 78")
    return codes


def _past(
    _context: click.Context, _parameter: click.Parameter, moment: datetime | None
) -> datetime | None:
    # A list from the future would make every kiosk distrust its own clock.
    if moment is not None and moment > _now() + timedelta(minutes=10):
        raise click.BadParameter("lies in the future")
    return moment


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@click.group()
def register() -> None:
    """Build and publish the register of policies."""


@register.command(
    epilog=f"Columns: {', '.join(COLUMNS)}. Optional are "
    f"{', '.join(column for column in COLUMNS if column not in REQUIRED)}."
)
@click.option(
    "--key-file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The register key: 64 hex digits or 16 to 64 raw bytes.",
)
@click.option(
    "--out",
    "out_dir",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to publish in; a kiosk uses it as [register] dir.",
)
@click.option("--serial", type=click.IntRange(min=1), help="Default: one more than the last.")
@click.option(
    "--as-of", type=_Moment(), callback=_past, help="When the list was made. Default: now."
)
@click.option("--next-expected", type=_Moment(), help="When the next list is to come.")
@click.option(
    "--territory",
    "territories",
    multiple=True,
    callback=_territories,
    help="Territory code (first two digits of an ENP) that the list covers; may be repeated. "
    "Default: no limit.",
)
@click.option(
    "--skip-bad-rows",
    is_flag=True,
    help="Leave bad rows out and count them, instead of publishing nothing.",
)
@click.option("--progress/--no-progress", default=True, help="Show progress on a terminal.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one line of JSON.")
@click.argument(
    "source", metavar="FILE.csv", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
def build(
    source: Path,
    key_file: Path,
    *,
    out_dir: Path,
    skip_bad_rows: bool,
    progress: bool,
    as_json: bool,
    **about: Any,
) -> None:
    """Make a base from the fund's export and put it in place; a running kiosk takes it up.

    A bad row is named with its line and column, and then nothing is published.
    Exit codes: 0 done, 2 usage, 4 malformed input, 6 disk.
    """
    problems = Problems(strict=not skip_bad_rows)
    shown = progress and sys.stderr.isatty()
    about["progress"] = _show_progress if shown else _no_progress
    try:
        summary = _build(source, load_key_file(key_file), out_dir, problems, about)
    except RegisterError as error:
        _list(problems)
        raise _refusal(source, error) from error
    finally:
        if shown:
            click.echo(err=True)
    _list(problems)
    click.echo(_as_json(summary) if as_json else _for_people(summary))


def _build(
    source: Path,
    key: RegisterKey,
    out_dir: Path,
    problems: Problems,
    about: dict[str, Any],
) -> BuildSummary:
    serial = about.pop("serial")
    if serial is None:
        serial = next_serial(out_dir)
    else:
        _must_follow(out_dir, serial)
    as_of = about.pop("as_of") or _now()
    try:
        with source.open("rb") as stream:
            out_dir.mkdir(parents=True, exist_ok=True)
            size = os.fstat(stream.fileno()).st_size
            ensure_space(out_dir, int(size * _SPACE_PER_SOURCE_BYTE))
            rows = read_rows(stream, problems)
            return build_base(
                rows,
                key,
                out_dir,
                serial=serial,
                as_of=as_of,
                problems=problems,
                **about,
            )
    except OSError as error:
        raise RegisterError(f"{error.filename or source}: {error.strerror}") from error


def _must_follow(out_dir: Path, serial: int) -> None:
    """A kiosk must never be led back to an older list."""
    with contextlib.suppress(RegisterCorruptError):  # a damaged list may well be replaced
        following = next_serial(out_dir)
        if serial < following:
            message = f"the next serial of {out_dir} is {following}"
            raise click.BadParameter(message, param_hint="--serial")


def _refusal(source: Path, error: RegisterError) -> Refusal:
    message = f"{source}: {error}" if isinstance(error, BadRowsError) else str(error)
    malformed = isinstance(error, BadRowsError | KeyFileError | RegisterCorruptError)
    return Refusal(message, Exit.MALFORMED if malformed else Exit.DEVICE)


def _list(problems: Problems) -> None:
    for problem in problems.first:
        click.echo(str(problem), err=True)
    unlisted = problems.count - len(problems.first)
    if unlisted:
        click.echo(f"… and {unlisted} more", err=True)


def _no_progress(_stage: Stage, _count: int) -> None:
    pass


def _show_progress(stage: Stage, count: int) -> None:
    click.echo(f"\r{stage}: {count:,}", nl=False, err=True)


def _for_people(summary: BuildSummary) -> str:
    left_out = f", {summary.problems:,} problems left out" if summary.problems else ""
    return (
        f"{summary.path}: serial {summary.serial} as of {summary.as_of:%Y-%m-%d %H:%M} UTC, "
        f"{summary.rows:,} rows, {summary.entries:,} numbers{left_out}, "
        f"{summary.bytes / summary.entries:.1f} bytes a number"
    )


def _as_json(summary: BuildSummary) -> str:
    return json.dumps(
        {
            "path": str(summary.path),
            "serial": summary.serial,
            "as_of": summary.as_of.isoformat(),
            "rows": summary.rows,
            "entries": summary.entries,
            "problems": summary.problems,
            "bytes": summary.bytes,
            "digest": summary.digest,
        },
        ensure_ascii=False,
    )
