"""`kiosk doctor`: every device, file, right and clock, with what to do; nothing personal."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from kiosk import __version__
from kiosk.exits import Exit
from kiosk.query_commands import print_json

if TYPE_CHECKING:
    from kiosk.doctor.finding import Finding
    from kiosk.doctor.machine import Examination

DEFAULT_CONFIG: Final = Path("/etc/oms-kiosk/kiosk.toml")
"""Looked at where no other file is named."""
LOAD_SECONDS: Final = 1.0
"""For a configuration, which may lie on a disk that hangs."""


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="Configuration file (TOML).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@click.option(
    "--after-update", is_flag=True, help="Only what a release must pass when it was just installed."
)
@click.pass_context
def doctor(
    context: click.Context, *, config: Path | None, as_json: bool, after_update: bool
) -> None:
    """Look at everything this kiosk needs, one line each, with what to do where it fails.

    Changes nothing and holds nothing personal: the output can be mailed. Takes 10 seconds at most.

    Exit codes: 0 all well, or warnings alone; 6 something failed.
    """
    from kiosk.doctor.account import become_kiosk
    from kiosk.doctor.checks import AFTER_UPDATE, ALL, judged_after_update
    from kiosk.doctor.finding import State
    from kiosk.doctor.machine import Machine
    from kiosk.doctor.runner import examine

    began = time.monotonic()
    become_kiosk(Machine())
    examination = examination_of(config or context.obj)
    findings = examine(AFTER_UPDATE if after_update else ALL, examination)
    if after_update:
        findings = judged_after_update(findings)
    seconds = round(time.monotonic() - began, 2)
    if as_json:
        print_json(as_object(findings, examination, seconds))
    else:
        for finding in findings:
            click.echo(finding.as_line())
        click.echo(summary(findings, seconds))
    if any(one.state is State.FAILED for one in findings):
        raise SystemExit(Exit.DEVICE)


def examination_of(file: Path | None) -> Examination:
    """What is to be examined; a configuration that cannot be used is a finding, not an end."""
    from kiosk.config import Config, ConfigError, load
    from kiosk.doctor.machine import Examination, Machine
    from kiosk.doctor.runner import within
    from kiosk.last_good import place_of

    if file is None and DEFAULT_CONFIG.exists():
        file = DEFAULT_CONFIG
    if file is None:
        return Examination(Config(), Machine())
    try:
        config = within(LOAD_SECONDS, partial(load, file))
        if config is not None:
            return Examination(config, Machine(), file)
        words = f"{file}: reading it takes more than {LOAD_SECONDS:g} s"
    except ConfigError as error:
        words = str(error)
    try:
        kept = within(LOAD_SECONDS, partial(load, place_of(file), folder=file.parent))
    except ConfigError:
        kept = None
    return Examination(kept or Config(), Machine(), file, words, uses_last_good=kept is not None)


def as_object(findings: list[Finding], examination: Examination, seconds: float) -> dict[str, Any]:
    """All findings for programs: `state` is the worst of them."""
    from kiosk.doctor.finding import State
    from kiosk.logs import mask

    states = {one.state for one in findings}
    worst = next((one for one in (State.FAILED, State.WARNING) if one in states), State.OK)
    return {
        "version": __version__,
        "kiosk": mask(examination.config.kiosk.id),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "state": worst.value,
        "seconds": seconds,
        "findings": [one.as_json() for one in findings],
    }


def summary(findings: list[Finding], seconds: float) -> str:
    """How many are how."""
    counts = Counter(one.state.value for one in findings)
    told = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    return f"kiosk doctor {__version__}: {told}; {seconds:.1f} s"
