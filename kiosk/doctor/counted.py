"""What the running kiosk counted: codes that fail, and writes that wait for the disk."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kiosk.doctor.finding import Finding, absent, ok, trouble
from kiosk.doctor.machine import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiosk.doctor.machine import Examination

_NUMBER: Final = re.compile(r"^([a-z_]+(?:\{[^}\n]*\})?) ([0-9.e+]+)$", re.MULTILINE)
"""One line of the Prometheus text format."""
_FAILED: Final = tuple(
    f'oms_kiosk_checks_total{{family="could_not_check",reason="{reason}"}}'
    for reason in ("unreadable_code", "misread")
)
_ALL: Final = 'oms_kiosk_answer_seconds_count{way="code"}'
_FEW: Final = 5
"""Codes that failed, below which nothing is said: people show all sorts of codes."""


_WAITING: Final = "oms_kiosk_writes_waiting"
_MISSED: Final = "oms_kiosk_journal_missed"
_MOST_WAITING: Final = 3
"""A check leaves two writes, which wait for a moment: more are a disk that stands still."""


def look_at_codes(examination: Examination) -> Iterator[Finding]:
    """How many of the codes since the kiosk's start could not be read.

    A scanner with other settings than ours sends codes that fail.
    """
    numbers = _numbers(examination)
    if isinstance(numbers, str):
        yield absent("scanned codes", numbers)
        return
    failed = sum(numbers.get(name, 0.0) for name in _FAILED)
    # What was typed counts as misread, too; it is rare enough.
    whole = max(failed, numbers.get(_ALL, 0.0))
    words = f"{failed:.0f} of {whole:.0f} could not be read since the kiosk was started"
    if failed >= _FEW and failed > whole / 2:
        yield trouble("scanned codes", "scanner-misread", words)
    else:
        yield ok("scanned codes", words)


def look_at_writes(examination: Examination) -> Iterator[Finding]:
    """How many receipts and questions the disk has not taken yet, and how many it refused."""
    numbers = _numbers(examination)
    if isinstance(numbers, str):
        yield absent("writes", numbers)
        return
    waiting, missed = numbers.get(_WAITING, 0.0), numbers.get(_MISSED, 0.0)
    if missed:
        words = f"{missed:.0f} checks since the last receipt could not be written down"
        yield trouble("writes", "receipts-missed", words)
    words = f"{waiting:.0f} wait for the disk"
    if waiting > _MOST_WAITING:
        yield trouble("writes", "disk-stands-still", words)
    elif not missed:
        yield ok("writes", words)


def _numbers(examination: Examination) -> dict[str, float] | str:
    """What was counted by name, or why nobody knows."""
    file = examination.config.metrics.file
    if file is None:
        return "[metrics] file is not configured: nobody counts"
    text = read_text(file)
    if text is None:
        return f"{file.name} is not there: the kiosk does not run"
    return {name: float(value) for name, value in _NUMBER.findall(text)}
