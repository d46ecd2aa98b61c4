"""`kiosk register build, delta`: from an export to a list, and what changed between two."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kiosk.build_choices import AUTO, engine_of, golden_of, source_of
from kiosk.build_progress import ProgressLine
from kiosk.exits import Exit, Refusal
from kiosk.office_access import office_argument, refusing
from kiosk.register_options import Moment, now, past, territories
from offline_cache.csv_rows import COLUMNS, REQUIRED, Encoding
from offline_cache.errors import (
    BadRowsError,
    KeyFileError,
    RegisterCorruptError,
    RegisterError,
)
from offline_cache.publisher import missing, next_serial
from offline_cache.rows import Problems

if TYPE_CHECKING:
    from offline_cache.publisher import BuildSummary

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group()
def register() -> None:
    """Build and publish the register of policies."""


@register.command(
    epilog=f"Columns: {', '.join(COLUMNS)}. Optional are "
    f"{', '.join(column for column in COLUMNS if column not in REQUIRED)}."
)
@click.option(
    "--key-file",
    type=_FILE,
    help="The register key: 64 hex digits or 16 to 64 raw bytes. Default: OFFICE/register.key.",
)
@click.option(
    "--out",
    "out_dir",
    type=_FOLDER,
    help="Folder to make a base in, unsigned; a kiosk uses it as [register] dir.",
)
@click.option("--office", type=_FOLDER, help="Make the next list of this office, to be published.")
@click.option("--serial", type=click.IntRange(min=1), help="Default: one more than the last.")
@click.option("--as-of", type=Moment(), callback=past, help="When the list was made. Default: now.")
@click.option("--next-expected", type=Moment(), help="When the next list is to come.")
@click.option(
    "--territory",
    "territories",
    multiple=True,
    callback=territories,
    help="Territory code (first two digits of an ENP) that the list covers; may be repeated. "
    "Default: the office's, or no limit.",
)
@click.option(
    "--golden",
    type=_FILE,
    help="CSV of invented policies that every kiosk shall find. Default: OFFICE/golden.csv.",
)
@click.option(
    "--encoding",
    type=click.Choice([AUTO, *(each.value for each in Encoding)]),
    default=AUTO,
    help="Of a CSV. Default: found out.",
)
@click.option(
    "--postgres",
    metavar="DSN",
    help="Read from PostgreSQL: a connection string or URL; the password is best in ~/.pgpass.",
)
@click.option("--query", metavar="SQL", help="What to read; columns named as below.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes. Default: all cores.")
@click.option("--dask", metavar="ADDRESS", help="Build on the Dask cluster with this scheduler.")
@click.option(
    "--skip-bad-rows",
    is_flag=True,
    help="Leave bad rows out and count them, instead of publishing nothing.",
)
@click.option("--progress/--no-progress", default=True, help="Show progress on a terminal.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one line of JSON.")
@click.argument("source", metavar="[FILE.csv|FILE.parquet]", type=_FILE, required=False)
def build(*, skip_bad_rows: bool, progress: bool, as_json: bool, **wanted: Any) -> None:
    """Make a list from the fund's export: CSV, Parquet, or a query to PostgreSQL.

    With --out it becomes a base in its place, and a running kiosk takes it up; with --office it is
    the office's next list, and `kiosk register publish` signs it. A bad row is named with its line
    and column, and then nothing is made.
    Exit codes: 0 done, 2 usage, 4 malformed input, 6 disk.
    """
    _check_usage(wanted)
    problems = Problems(strict=not skip_bad_rows)
    line = ProgressLine(wanted=progress)
    try:
        summary = _build(wanted, problems, line)
    except RegisterError as error:
        _list(problems)
        raise _refusal(wanted["source"] or "query", error) from error
    except ModuleNotFoundError as error:
        raise _without(error) from error
    finally:
        line.end()
    _list(problems)
    click.echo(_as_json(summary) if as_json else _for_people(summary))


@register.command()
@click.option("--from", "before", type=click.IntRange(min=1), help="Default: the one before.")
@click.option("--to", "after", type=click.IntRange(min=1), help="Default: the newest.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
@office_argument
def delta(office: Path, before: int | None, after: int | None, *, as_json: bool) -> None:
    """Write the rows that changed between two lists of an office; publishing does it by itself.

    Exit codes: 0 done, 2 usage, 4 malformed input, 6 disk.
    """
    with refusing():
        from offline_cache.publisher.office_delta import write_delta

        made = write_delta(office, before, after)
    if as_json:
        click.echo(
            json.dumps(
                {
                    "path": str(made.path),
                    "from": made.before,
                    "to": made.after,
                    "rows": made.state.rows,
                    "bytes": made.bytes,
                    "digest": f"{made.state.digest:064x}",
                }
            )
        )
        return
    size = f", {made.bytes / made.state.rows:.1f} bytes a row" if made.state.rows else ""
    click.echo(f"{made.path}: {made.state.rows:,} rows changed{size}")


def _check_usage(wanted: dict[str, Any]) -> None:
    if (wanted["out_dir"] is None) == (wanted["office"] is None):
        raise click.UsageError("give either --out or --office")
    if wanted["key_file"] is None and wanted["office"] is None:
        raise click.UsageError("--out needs --key-file")
    if (wanted["postgres"] is None) != (wanted["query"] is None):
        raise click.UsageError("--postgres and --query belong together")
    if (wanted["source"] is None) == (wanted["postgres"] is None):
        raise click.UsageError("give either a file or --postgres and --query")
    if wanted["dask"] and wanted["workers"]:
        raise click.UsageError("--dask and --workers exclude each other")


def _build(wanted: dict[str, Any], problems: Problems, line: ProgressLine) -> BuildSummary:
    from offline_cache.publisher.base import publish_base
    from offline_cache.publisher.office import Office
    from offline_cache.publisher.office_build import build_list

    office = None if wanted["office"] is None else Office.open(wanted["office"])
    folder: Path = wanted["out_dir"] if office is None else office.folder
    about = {
        "serial": _serial(folder, wanted["serial"], in_office=office is not None),
        "as_of": wanted["as_of"] or now(),
        "next_expected": wanted["next_expected"],
        "territories": wanted["territories"],
        "problems": problems,
        "watch": line,
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sources = [source_of(wanted, folder)]
        with engine_of(wanted) as engine:
            about["engine"] = engine
            if office is None:
                sources += golden_of(wanted["golden"])
                return publish_base(sources, wanted["key_file"], folder, **about)
            about["territories"] = about["territories"] or office.settings.territories
            golden = wanted["golden"] or office.golden
            about["golden"] = golden if golden.exists() else None
            key_file = wanted["key_file"] or office.register_key
            return build_list(folder, sources, key_file, **about)
    except OSError as error:
        raise RegisterError(f"{error.filename or folder}: {error.strerror}") from error


def _serial(folder: Path, wanted: int | None, *, in_office: bool) -> int:
    """A kiosk must never be led back to an older list."""
    from offline_cache.publisher.office_build import next_list_serial

    try:
        following = next_list_serial(folder) if in_office else next_serial(folder)
    except RegisterCorruptError:
        if wanted is None:
            raise
        return wanted  # a damaged list may well be replaced
    if wanted is not None and wanted < following:
        message = f"the next serial of {folder} is {following}"
        raise click.BadParameter(message, param_hint="--serial")
    return wanted or following


def _refusal(source: Path | str, error: RegisterError) -> Refusal:
    message = f"{source}: {error}" if isinstance(error, BadRowsError) else str(error)
    malformed = isinstance(error, BadRowsError | KeyFileError | RegisterCorruptError)
    return Refusal(message, Exit.MALFORMED if malformed else Exit.DEVICE)


def _without(error: ModuleNotFoundError) -> Exception:
    told = missing(error)
    return Refusal(str(told), Exit.USAGE) if isinstance(told, RegisterError) else told


def _list(problems: Problems) -> None:
    for problem in problems.first:
        click.echo(str(problem), err=True)
    unlisted = problems.count - len(problems.first)
    if unlisted:
        click.echo(f"… and {unlisted} more", err=True)


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
