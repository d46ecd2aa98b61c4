"""What a check found, as a technician reads it and as programs do."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kiosk.doctor.remedies import FAILED, WARNING
from kiosk.logs import mask

if TYPE_CHECKING:
    from datetime import datetime

_LONGEST: Final = 400


class State(enum.StrEnum):
    """How one thing is."""

    OK = "ok"
    WARNING = "warning"
    """The kiosk works, and somebody should see to it."""
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"
    """This kiosk or this machine has no such thing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's."""

    name: str
    """What was looked at, such as `reader`; several findings may share one."""
    state: State
    code: str
    """A fixed code; `ok` and `not-applicable` need nothing to be done."""
    found: str
    """One line, masked: a number, a name or a dump that came in with foreign words is not in it."""
    todo: str = ""

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "name": self.name,
            "state": self.state.value,
            "code": self.code,
            "found": self.found,
            "todo": self.todo,
        }

    def as_line(self) -> str:
        """For technicians."""
        line = f"{self.state:<14} {self.name}: {self.found}"
        return f"{line} -> {self.todo}" if self.todo else line


def ok(name: str, found: str) -> Finding:
    """Nothing to do."""
    return Finding(name, State.OK, "ok", _line(found))


def absent(name: str, found: str) -> Finding:
    """Nothing to look at; `found` says why."""
    return Finding(name, State.NOT_APPLICABLE, "not-applicable", _line(found))


def trouble(name: str, code: str, found: str) -> Finding:
    """A warning or a failure: which one and what to do, `kiosk.doctor.remedies` says for `code`."""
    if code in FAILED:
        return Finding(name, State.FAILED, code, _line(found), FAILED[code])
    return Finding(name, State.WARNING, code, _line(found), WARNING[code])


def day_and_time(moment: datetime) -> str:
    """An aware time as the mask lets it pass: dates in digits could be somebody's birthday."""
    return moment.strftime("%d %b %Y %H:%M %Z")


def day(moment: datetime) -> str:
    """The same without the time."""
    return moment.strftime("%d %b %Y")


def _line(text: str) -> str:
    return " ".join(mask(text).split())[:_LONGEST]
