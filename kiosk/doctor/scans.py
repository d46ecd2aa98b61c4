"""What the running kiosk counted: a scanner with other settings than ours sends codes that fail."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kiosk.doctor.finding import Finding, absent, ok, trouble
from kiosk.doctor.machine import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiosk.doctor.machine import Examination

_NUMBER: Final = re.compile(r"^([a-z_]+\{[^}\n]*\}) ([0-9.e+]+)$", re.MULTILINE)
"""One line of the Prometheus text format."""
_FAILED: Final = tuple(
    f'oms_kiosk_checks_total{{family="could_not_check",reason="{reason}"}}'
    for reason in ("unreadable_code", "misread")
)
_ALL: Final = 'oms_kiosk_answer_seconds_count{way="code"}'
_FEW: Final = 5
"""Codes that failed, below which nothing is said: people show all sorts of codes."""


def look_at_codes(examination: Examination) -> Iterator[Finding]:
    """How many of the codes since the kiosk's start could not be read."""
    file = examination.config.metrics.file
    if file is None:
        yield absent("scanned codes", "[metrics] file is not configured: nobody counts")
        return
    text = read_text(file)
    if text is None:
        yield absent("scanned codes", f"{file.name} is not there: the kiosk does not run")
        return
    numbers = {name: float(value) for name, value in _NUMBER.findall(text)}
    failed = sum(numbers.get(name, 0.0) for name in _FAILED)
    # What was typed counts as misread, too; it is rare enough.
    whole = max(failed, numbers.get(_ALL, 0.0))
    words = f"{failed:.0f} of {whole:.0f} could not be read since the kiosk was started"
    if failed >= _FEW and failed > whole / 2:
        yield trouble("scanned codes", "scanner-misread", words)
    else:
        yield ok("scanned codes", words)
