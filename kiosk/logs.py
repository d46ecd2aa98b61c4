"""Logs that hold nothing personal, even by mistake.

Code logs fixed codes, sizes and offsets. The formatter is the second lock: whatever reaches it has
its long digit runs, hex dumps and Cyrillic words masked, and a traceback shrinks to the places it
went through, since its message may quote data.
"""

from __future__ import annotations

import logging
import re
import sys
from pathlib import Path
from typing import Final, TextIO

_DIGITS: Final = re.compile(r"0x[0-9A-F]{8}\b|\d[\d\s-]{5,}\d")
"""Return codes of the reader's service stay: they are no numbers of people."""
_DATE: Final = re.compile(r"\b\d{1,2}[./]\d{1,2}[./]\d{4}\b")
_HEX: Final = re.compile(r"\b(?=[0-9A-Fa-f ]*[A-Fa-f])(?:[0-9A-Fa-f]{2} ?){8,}\b")
_CYRILLIC: Final = re.compile(r"[А-Яа-яЁё][А-Яа-яЁё'‘’-]*")
_MAX_LINE: Final = 2000


def mask(text: str) -> str:
    """Return `text` without anything that could be a number, a dump or a name of a person.

    Digit runs of seven and more become `#<count>`, so a torn number can still be told from a whole
    one; hex dumps become `hex#<bytes>`; Cyrillic words become `…`.
    """
    text = _HEX.sub(lambda found: f"hex#{len(found[0].replace(' ', '')) // 2}", text)
    text = _DATE.sub("#date", text)
    text = _DIGITS.sub(_mask_digits, text)
    return _CYRILLIC.sub("…", text)[:_MAX_LINE]


def _mask_digits(found: re.Match[str]) -> str:
    count = sum(character.isdigit() for character in found[0])
    return found[0] if found[0].startswith("0x") or count < 7 else f"#{count}"


class MaskingFormatter(logging.Formatter):
    """One line a record, masked; exceptions as type and places."""

    def format(self, record: logging.LogRecord) -> str:
        """Format without the standard traceback, whose last line quotes the error's text."""
        line = f"{record.levelname.lower()} {record.name}: {mask(record.getMessage())}"
        if record.exc_info and record.exc_info[1] is not None:
            line += f" [{_places(record.exc_info[1])}]"
        return line.replace("\n", " ")


def _places(error: BaseException) -> str:
    """Say where an exception passed: type and `file:line` of the innermost frames."""
    places = []
    trace = error.__traceback__
    while trace is not None:
        places.append(f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " ".join([type(error).__name__, *places[-6:]])


def set_up(*, stream: TextIO | None = None, verbose: bool = False) -> None:
    """Send all logs, masked, to `stream` (stderr: under systemd that is the journal)."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(MaskingFormatter())
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO, handlers=[handler], force=True
    )
