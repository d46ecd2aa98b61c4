"""Rows on their way into a register, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from offline_cache.errors import BadRowsError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from offline_cache.format import Insurer, KeyKind, PolicyType, Status

LISTED_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One insured person's policy, as the fund's export has it. Personal: `repr` hides it."""

    line: int
    """Where it stands in the source, from 1."""
    numbers: tuple[tuple[KeyKind, str], ...] = field(repr=False)
    """Every number that shall find it, as written."""
    surname: str = field(repr=False)
    given_name: str = field(repr=False)
    patronymic: str = field(repr=False)
    birth_date: date = field(repr=False)
    status: Status
    policy_type: PolicyType
    insurer: Insurer
    clinic: str | None
    valid_from: date | None
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where; never the value itself, which may be personal."""

    line: int
    column: str | None
    reason: str
    source: str = ""
    """Name of the file where there are several; empty: the export."""
    unit: str = "line"
    """What `line` counts: lines of a file, or rows of a table."""

    def __str__(self) -> str:
        """One line for people."""
        source = f"{self.source}, " if self.source else ""
        column = f", column {self.column}" if self.column else ""
        return f"{source}{self.unit} {self.line}{column}: {self.reason}"


class Problems:
    """Collects problems: counts all, keeps the first few.

    Strict: a full list ends the work, and so does `settle` if there was any. Not strict: the
    caller leaves the rows out, and the count says how many problems that were.
    """

    def __init__(self, *, strict: bool = True, listed: int = LISTED_PROBLEMS) -> None:
        """Start with none."""
        self.strict = strict
        self.count = 0
        self.first: list[Problem] = []
        self._listed = listed

    def add(self, problem: Problem) -> None:
        """Take one in.

        Raises:
            BadRowsError: strict, and the list is full.
        """
        self.count += 1
        if len(self.first) < self._listed:
            self.first.append(problem)
        if self.strict and self.count >= self._listed:
            raise BadRowsError(f"stopped after {self.count} problems; nothing was published")

    def add_all(self, first: Iterable[Problem], count: int) -> None:
        """Take in `count` problems, of which only the first ones are known.

        Raises:
            BadRowsError: strict, and the list is full.
        """
        known = 0
        for problem in first:
            self.add(problem)
            known += 1
        self.count += count - known

    def settle(self) -> None:
        """Say whether the work may go on.

        Raises:
            BadRowsError: strict, and there were problems.
        """
        if self.strict and self.count:
            raise BadRowsError(f"{self.count} problems; nothing was published")
