"""The one error of a service that could not be asked or did not answer as it should."""

from __future__ import annotations

from typing import Final

from kiosk.lookup import Cause

OUR_QUESTION: Final = frozenset(
    {Cause.NOT_ASKABLE, Cause.REFUSED, Cause.AMBIGUOUS, Cause.UNCLEAR, Cause.CANCELLED}
)
"""Causes that say nothing about the service: it works, or was not needed any more."""

TRANSIENT: Final = frozenset({Cause.NO_NETWORK, Cause.BROKEN, Cause.MALFORMED})
"""Causes that may be gone at the next try, a moment later. A timeout is not among them: it has
used the time up that a second try would need."""


class ServiceError(Exception):
    """A service was not asked, or gave no answer that can be used.

    The message is for technicians and reaches the log: it holds no value of a person and no words
    of the service's but fixed codes.
    """

    def __init__(self, cause: Cause, message: str) -> None:
        """Keep the cause."""
        super().__init__(message)
        self.cause = cause

    @property
    def transient(self) -> bool:
        """Whether the same question may be answered a moment later."""
        return self.cause in TRANSIENT

    @property
    def blames_service(self) -> bool:
        """Whether the service, or the way to it, is out of order."""
        return self.cause not in OUR_QUESTION
