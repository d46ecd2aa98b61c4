"""The one-time code that opens an enrolment bundle: made to be read over a telephone and typed.

Eight groups of four signs. The alphabet is the digits without 0 and 1 and the letters of Russian
number plates without О: signs that look the same on a Latin and on a Russian keyboard, so that it
does not matter on which of them somebody types, and that nobody takes for another one of them in
print but 8 and В, 3 and З. The fourth sign of each group checks the other three and the group's
place: every single wrong sign, every two neighbours in the wrong order and every two groups in the
wrong order are named before anything is tried. That tells only of what was typed, nothing of the
right code.

24 signs are random: 19²⁴ are 102 bits, and each try costs what `offline_cache.enrolment` says.
"""

from __future__ import annotations

import secrets
from typing import Final

from offline_cache.errors import RegisterError

ALPHABET: Final = "23456789ABCEHKMPTXY"
"""19 signs: with a prime number, one check sign finds every single mistake in a group."""
GROUPS: Final = 8
GROUP_SIGNS: Final = 4
MAX_TYPED: Final = 256
"""Longer texts are not looked at."""

_SIGNS: Final = GROUPS * GROUP_SIGNS
_BASE: Final = len(ALPHABET)
_BETWEEN: Final = " \t\r\n\v\f-‐‑‒–—−_.,:;/\u00a0\u2009\u202f\ufeff"
_READ_AS: Final = str.maketrans(
    {**dict(zip("АВСЕНКМРТХУЗ", "ABCEHKMPTXY3", strict=True)), **dict.fromkeys(_BETWEEN)}
)


class EnrolmentCodeError(RegisterError):
    """What was typed cannot be a code; the message says where, and never holds what was typed."""


def new_code() -> str:
    """A new code, as `parse_code` gives it back: 32 signs."""
    return "".join(
        _with_check("".join(secrets.choice(ALPHABET) for _ in range(GROUP_SIGNS - 1)), place)
        for place in range(GROUPS)
    )


def shown(code: str) -> str:
    """A code as people read it: `2AB4-…`."""
    return "-".join(_groups(code))


def parse_code(typed: str) -> str:
    """The code that somebody typed: in any case and script, with or without spaces and hyphens.

    Raises:
        EnrolmentCodeError: it has a wrong length, a sign that no code has, or a mistyped group.
    """
    signs = typed[: MAX_TYPED + 1].upper().translate(_READ_AS)
    for place, sign in enumerate(signs[:_SIGNS]):
        if sign not in ALPHABET:
            raise EnrolmentCodeError(
                f"group {place // GROUP_SIGNS + 1} of the code has a sign that no code has; "
                f"there are only {ALPHABET}"
            )
    if len(typed) > MAX_TYPED or len(signs) != _SIGNS:
        count = "more" if len(signs) > _SIGNS or len(typed) > MAX_TYPED else str(len(signs))
        raise EnrolmentCodeError(
            f"a code has {_SIGNS} signs in {GROUPS} groups of {GROUP_SIGNS}, these are {count}"
        )
    wrong = [
        str(place + 1)
        for place, group in enumerate(_groups(signs))
        if _with_check(group[:-1], place) != group
    ]
    if wrong:
        groups = f"group{'s' * (len(wrong) > 1)} {', '.join(wrong)}"
        raise EnrolmentCodeError(f"{groups} of the code: mistyped; look again")
    return signs


def _groups(code: str) -> list[str]:
    return [code[at : at + GROUP_SIGNS] for at in range(0, len(code), GROUP_SIGNS)]


def _with_check(group: str, place: int) -> str:
    # Weights 1, 2, 4 and 8: none is a multiple of 19, and neighbours differ by none either.
    total = sum(ALPHABET.index(sign) << at for at, sign in enumerate(group)) + place
    inverse = pow(1 << len(group), -1, _BASE)
    return group + ALPHABET[-total * inverse % _BASE]
