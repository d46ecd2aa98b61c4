"""Whether the person of a service's answer is the one who was presented."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kiosk.policy.model import WHOLE_NAMES
from offline_cache.normalise import fold_name, fold_patronymic

if TYPE_CHECKING:
    from datetime import date

    from kiosk.policy.model import PresentedPolicy

_MASKS: Final = "*…"
"""A service that hides part of a name says so with these."""


def matches(policy: PresentedPolicy, full_name: str | None, birth_date: date | None) -> bool | None:
    """Compare `policy`'s holder with an answer's "surname given-name patronymic" and birth date.

    True: names and birth date are the same. False: one of them differs. None: not all of it can be
    compared, and nothing that can differs.
    """
    named = _names_match(policy, full_name)
    born = None
    if policy.birth_date is not None and birth_date is not None:
        born = policy.birth_date == birth_date
    if named is False or born is False:
        return False
    return True if named and born else None


def _names_match(policy: PresentedPolicy, full_name: str | None) -> bool | None:
    parts = (policy.surname, policy.given_name)
    if not full_name or not any(parts) or any(mask in full_name for mask in _MASKS):
        return None
    theirs = fold_name(full_name)
    ours = " ".join(filter(None, (fold_name(part or "") for part in parts)))
    if theirs != ours and not theirs.startswith(f"{ours} "):
        return False
    if policy.patronymic is None and policy.source not in WHOLE_NAMES:
        return True
    # Their way to write that there is none may be a word.
    return fold_patronymic(theirs[len(ours) :]) == fold_patronymic(policy.patronymic)
