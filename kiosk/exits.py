"""How commands end: the exit codes that scripts rely on, and the one line that goes with them."""

from __future__ import annotations

import enum
from typing import IO, Any

import click


class Exit(enum.IntEnum):
    """What a command's end means."""

    DONE = 0
    """Done; for `check`: insured."""
    NOT_INSURED = 1
    """For `check`: not insured. For checks of the kiosk itself: failed."""
    USAGE = 2
    COULD_NOT_CHECK = 3
    MALFORMED = 4
    TRUST = 5
    DEVICE = 6
    """Device, disk or network."""


class Refusal(click.ClickException):
    """A command's end with one line on standard error: what is wrong, where, what to do."""

    def __init__(self, message: str, code: Exit) -> None:
        """Keep the words and the exit code."""
        super().__init__(message)
        self._code = code

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # a plain attribute in click
        """The code that the process ends with."""
        return self._code

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the line."""
        click.echo(f"kiosk: {self.message}", file=file, err=True)
