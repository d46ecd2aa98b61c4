"""Which verdicts are looked at again when the fund is back. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kiosk.comparison import Outcome
from kiosk.families import CouldNotCheck
from kiosk.online.errors import OUR_QUESTION
from kiosk.reasons import CouldNotCheckReason
from kiosk.verdict import ONLINE

if TYPE_CHECKING:
    from kiosk.families import Verdict

_FINAL: Final = frozenset(cause.value for cause in OUR_QUESTION)
"""The service did answer, if only that it cannot: asking again would bring the same."""


def is_wanted(verdict: Verdict) -> bool:
    """Whether the fund should have been heard and was not: an old list, a state, no entry.

    What the decision did not want the fund for (a misread number, a fresh "insured") is settled,
    and a forged document is a matter for people.
    """
    if isinstance(verdict, CouldNotCheck) and verdict.reason is CouldNotCheckReason.FORGED:
        return False
    return any(
        check.name == ONLINE and check.outcome is Outcome.UNKNOWN and check.detail not in _FINAL
        for check in verdict.checks
    )
