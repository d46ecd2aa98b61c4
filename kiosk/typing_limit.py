"""How many people's numbers may be typed where everybody can type. Pure.

A card or a code is in the hand of whoever asks; a number need not be. Where the public types, one
person could go through the numbers of others and learn for each whether it is insured. So different
numbers are counted in a sliding window; with the last one that is allowed, typing pauses, each time
twice as long. Cards and codes are not counted and never wait.

Nothing personal is kept: a number is a hash under a key that this process made up, and goes with
the window.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from math import ceil
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kiosk.policy.model import PresentedPolicy

LONGEST_PAUSE_SECONDS: Final = 3600.0
"""Also how long after a pause the next one is still a longer one."""
_DOUBLINGS: Final = 12
"""Beyond that, every pause is the longest; keeps the power small."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is allowed: `most` different numbers in `seconds`."""

    most: int
    seconds: float
    pause_seconds: float
    """The first pause; those that follow it closely double."""
    key: bytes = field(repr=False)
    """1 to 64 random bytes, new with each start."""


@dataclass(frozen=True, slots=True)
class Typing:
    """What was typed lately; all times monotonic."""

    allowance: Allowance | None = None
    """None: whoever types here may type anything."""
    numbers: tuple[tuple[float, bytes], ...] = field(default=(), repr=False)
    """When each was asked about, and its hash: at most `Allowance.most`."""
    pauses: int = 0
    """In close succession."""
    paused_until: float = float("-inf")

    def minutes_left(self, now: float) -> int:
        """Whole minutes, rounded up, until typing goes on; 0: it is not paused."""
        left = self.paused_until - now
        return ceil(left / 60.0) if left > 0.0 else 0


def asked(typing: Typing, policy: PresentedPolicy, now: float) -> Typing:
    """Count a complete number that is asked about; one that was asked about lately costs nothing.

    With the last one that is allowed the pause begins; the window begins anew after it.
    """
    allowance = typing.allowance
    if allowance is None:
        return typing
    typing = forgotten(typing, now)
    number = _hash(policy, allowance.key)
    if any(number == known for _, known in typing.numbers):
        return typing
    numbers = (*typing.numbers, (now, number))
    if len(numbers) < allowance.most:
        return replace(typing, numbers=numbers)
    calm = now - typing.paused_until > LONGEST_PAUSE_SECONDS
    pauses = 0 if calm else min(typing.pauses, _DOUBLINGS)
    pause = min(LONGEST_PAUSE_SECONDS, allowance.pause_seconds * 2**pauses)
    return replace(typing, numbers=(), pauses=pauses + 1, paused_until=now + pause)


def forgotten(typing: Typing, now: float) -> Typing:
    """Without the numbers that have left the window."""
    allowance = typing.allowance
    if allowance is None or not typing.numbers:
        return typing
    began = now - allowance.seconds
    if typing.numbers[0][0] > began:
        return typing
    return replace(typing, numbers=tuple(one for one in typing.numbers if one[0] > began))


def _hash(policy: PresentedPolicy, key: bytes) -> bytes:
    """Of what is asked about; a SNILS with another birth date is another question."""
    parts = (
        policy.enp,
        policy.temporary_certificate,
        policy.identity_document,
        policy.snils,
        policy.birth_date,
    )
    return hashlib.blake2b(repr(parts).encode(), digest_size=16, key=key).digest()
