"""What FERZL means by its errors.

Its codes are not published. The table below names words of codes and messages by which clients
tell them apart; what none of them fits is a question that the service does not take. Whoever is
told "not found" hears that the fund knows of no policy, so that a text must be clear before it is
taken for that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from kiosk.lookup import Cause
from kiosk.online.errors import ServiceError


@dataclass(frozen=True, slots=True)
class Item:
    """An `errorItem`: code and message as sent; both may hold values of a person."""

    code: str | None = field(repr=False)
    message: str | None = field(repr=False)


NOT_FOUND: Final = None
"""In place of a cause: there is no such person or policy."""

# The first row that fits decides. Codes rank before messages, which people write.
_CODES: Final[tuple[tuple[str, Cause | None], ...]] = (
    (r"INTERNAL", Cause.BROKEN),
    (r"TOKEN|AUTH", Cause.UNAUTHORISED),
    (r"SEVERAL|AMBIGUOUS", Cause.AMBIGUOUS),
    (r"NOT_FOUND", NOT_FOUND),
)
_MESSAGES: Final[tuple[tuple[str, Cause | None], ...]] = (
    (r"ТОКЕН", Cause.UNAUTHORISED),
    (r"ВРЕМЕННО НЕДОСТУП|ЧЕРЕЗ НЕСКОЛЬКО", Cause.BROKEN),
    (r"БОЛЕЕ ОДНО|НЕСКОЛЬКО", Cause.AMBIGUOUS),
    # A value that a classifier lacks is our mistake, not a person that the register lacks.
    (r"СПРАВОЧН", Cause.REFUSED),
    (r"НЕ НАЙДЕН", NOT_FOUND),
)
_RANK: Final = (Cause.UNAUTHORISED, Cause.BROKEN, Cause.AMBIGUOUS, Cause.REFUSED)
"""Of several errors the first of these; "not found" only if they all say so."""

_FIXED_CODE: Final = re.compile(r"[A-Z0-9_.-]{1,40}")
_MOST_DIGITS: Final = 5
"""With more of them a code may be somebody's number."""


def refuse(items: tuple[Item, ...]) -> None:
    """Return if all of an answer's errors say that there is no such person.

    Raises:
        ServiceError: UNAUTHORISED, BROKEN, AMBIGUOUS or REFUSED.
    """
    found = [(meaning, item) for item in items if (meaning := _meaning(item)) is not NOT_FOUND]
    for cause in _RANK:
        for meaning, item in found:
            if meaning is cause:
                raise ServiceError(cause, f"the service's error {_fixed(item.code)}")


def of_fault(code: str | None) -> ServiceError:
    """The error of a SOAP fault by its `faultcode` (SOAP 1.1, 4.4.1): Client, Server and others."""
    plain = (code or "").rpartition(":")[2]
    message = f"a SOAP fault {_fixed(plain.upper())}"
    meaning = _first(_CODES, plain.upper())
    if meaning in {Cause.BROKEN, Cause.UNAUTHORISED}:
        return ServiceError(meaning, message)
    ours = plain.partition(".")[0] in {"Client", "VersionMismatch", "MustUnderstand"}
    return ServiceError(Cause.REFUSED if ours else Cause.BROKEN, message)


def _meaning(item: Item) -> Cause | None:
    """What one error means."""
    fallback = _first(_MESSAGES, (item.message or "").upper())
    return _first(_CODES, (item.code or "").upper(), fallback)


def _first(
    rows: tuple[tuple[str, Cause | None], ...], text: str, otherwise: Cause | None = Cause.REFUSED
) -> Cause | None:
    fitting = (meaning for pattern, meaning in rows if re.search(pattern, text))
    return next(fitting, otherwise)


def _fixed(code: str | None) -> str:
    """A code as the service sent it, if it has the shape of one and cannot be anybody's number."""
    digits = sum(character.isdigit() for character in code or "")
    if code and _FIXED_CODE.fullmatch(code) and digits <= _MOST_DIGITS:
        return code
    return "without a code"
