"""The check of a document's signature, as a line of its verdict.

Most documents are settled at once: no trusted key, no cryptography. Where there is a key, a GOST
signature costs a process, so that whoever shows frames asks `at_once` first and `in_full` when the
frame is out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from kiosk.authenticity import Authenticity, Outcome, can_check, verify
from kiosk.comparison import Check
from kiosk.comparison import Outcome as CheckOutcome

if TYPE_CHECKING:
    from datetime import date

    from kiosk.policy.model import PresentedPolicy
    from offline_cache.reference import ReferenceData

NAME: Final = "signature"
"""Of the check."""


def at_once(policy: PresentedPolicy, reference: ReferenceData, on: date) -> Check | None:
    """The check, where it needs no cryptography; None where it does, or nothing is signed."""
    if policy.signature is None or can_check(policy, reference.trusted):
        return None
    return _as_check(verify(policy, reference.trusted, on))


def in_full(policy: PresentedPolicy, reference: ReferenceData, on: date) -> Check | None:
    """The check, with cryptography (each run of OpenSSL is limited); None: nothing is signed."""
    if policy.signature is None:
        return None
    return _as_check(verify(policy, reference.trusted, on))


def _as_check(found: Authenticity) -> Check:
    match found.outcome:
        case Outcome.VERIFIED:
            return Check(NAME, CheckOutcome.PASS, found.reading)
        case Outcome.NOT_VERIFIABLE:
            return Check(NAME, CheckOutcome.UNKNOWN, found.why.value if found.why else None)
        case Outcome.FORGED:
            return Check(NAME, CheckOutcome.FAIL, found.why.value if found.why else None)
        case _:
            assert_never(found.outcome)
