"""Documents that a registrar types in, or that no device shows: the tour asks `kiosk check` itself.

Each is a process with the kiosk's own list, as the README describes it.
"""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kiosk.demo.encode_mrz import encode_internal
from kiosk.demo.fund import KIOSK
from kiosk.demo.people import Person, person
from kiosk.exits import Exit
from kiosk.reasons import Note

if TYPE_CHECKING:
    from pathlib import Path

_AT_ONCE: Final = 2


@dataclass(frozen=True, slots=True)
class TypedCheck:
    """A call of `kiosk check`, and what it must answer."""

    name: str
    options: tuple[str, ...]
    reason: str = "insured"
    exit: Exit = Exit.DONE
    notes: tuple[Note, ...] = ()

    def problem(self, config: Path) -> str | None:
        """Run it; what is wrong with the answer, or None."""
        command = (*KIOSK, "check", "--config", str(config), *self.options)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != self.exit:
            return f"{self.name}: expected exit code {self.exit.value}, not {done.returncode}"
        answer = json.loads(done.stdout)
        if answer["reason"] != self.reason:
            return f"{self.name}: expected {self.reason}, not {answer['reason']}"
        missing = [note for note in self.notes if note not in answer["notes"]]
        return f"{self.name}: no note {', '.join(missing)}" if missing else None


def _named(one: Person) -> tuple[str, ...]:
    parts = (
        ("--surname", one.surname),
        ("--given-name", one.given_name),
        ("--patronymic", one.patronymic),
        ("--birth-date", one.birth_date.isoformat()),
    )
    return tuple(word for option, value in parts if value is not None for word in (option, value))


def _snils(one: Person) -> tuple[str, ...]:
    return ("--snils", one.snils, "--birth-date", one.birth_date.isoformat())


_MAN: Final = person("plain_man")
_WOMAN: Final = person("plain_woman")
_NEWBORN: Final = person("newborn")
_PENSIONER: Final = person("last_of_1950")

TYPED_CHECKS: Final = (
    TypedCheck("typed-number", ("--enp", _MAN.enp, *_named(_MAN))),
    TypedCheck("typed-snils", _snils(_MAN)),
    TypedCheck(
        "typed-snils-not-in-list",
        _snils(person("absent")),
        "not_in_list",
        Exit.COULD_NOT_CHECK,
    ),
    TypedCheck("typed-passport", ("--passport", "45 12 100002", *_named(_WOMAN))),
    TypedCheck("typed-passport-lines", ("--mrz", encode_internal(_WOMAN))),
    TypedCheck(
        "typed-birth-certificate",
        ("--birth-certificate", "I-АК 123456", *_named(_NEWBORN)),
        notes=(Note.AWAITING_CONFIRMATION,),
    ),
    TypedCheck("typed-old-policy", ("--old-policy", "46-12 № 1234567", *_named(_PENSIONER))),
    TypedCheck(
        "typed-temporary-certificate",
        ("--temporary-certificate", "900000002", "--issued", "2022-11-30"),
        notes=(Note.POLICY_READY, Note.DOCUMENT_EXPIRED),
    ),
    TypedCheck(
        "typed-certificate-without-calendar",
        ("--temporary-certificate", "900000003", "--issued", "2018-03-05"),
        notes=(Note.POLICY_IN_PREPARATION, Note.CALENDAR_ESTIMATED),
    ),
)
"""In the order of the tour's output."""


def problems_of(config: Path) -> list[str]:
    """Run all of them with the configuration in that file; what went wrong, a line a check."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(lambda check: check.problem(config), TYPED_CHECKS)
        return [problem for problem in found if problem is not None]
