"""What can go wrong with an answer of the sample fund's services, on order."""

from __future__ import annotations

import enum
from typing import Final


class Fault(enum.Enum):
    """A fault; the value is its word in the list of requests."""

    SLOW = "slow"
    """The right answer, but too late."""
    DRIP = "drip"
    """The body comes byte by byte."""
    DRIP_HEAD = "drip head"
    """Already the status line and the headers do."""
    SILENT = "silent"
    """The request is taken, and nothing is answered."""
    BROKEN = "broken"
    """500, with a page for people."""
    UNAVAILABLE = "unavailable"
    """503."""
    FAULT = "fault"
    """The protocol's own word for it: SOAP fault `Server`, ZP1 AR."""
    INTERNAL = "internal"
    """FERZL's error item INTERNAL_SERVICE_ERROR; ZP1 as FAULT."""
    MALFORMED = "malformed"
    """XML that ends in the middle, of the length that is announced."""
    WRONG_ENCODING = "wrong encoding"
    """Declared as UTF-8 and sent as windows-1251, or the other way round."""
    WRONG_ID = "wrong id"
    """The answer to another question."""
    HALF = "half"
    """The connection ends in the middle of the body."""
    REDIRECT = "redirect"
    HUGE = "huge"
    """A body that never ends; no length is given."""
    GARBAGE = "garbage"
    """A page for people, as a hotel's network gives."""
    UNAUTHORISED = "unauthorised"
    """401."""
    ENTITIES = "entities"
    """A document type whose entities would grow to gigabytes."""
    RESET = "reset"
    """The connection is reset when the request was sent."""


PAGES: Final = {
    Fault.BROKEN: (500, "<html><body><h1>500 Internal Server Error</h1></body></html>"),
    Fault.UNAVAILABLE: (503, "<html><body><h1>503 Service Unavailable</h1></body></html>"),
    Fault.GARBAGE: (200, "<html><head><title>Войдите в сеть</title><body><p>Войдите</html>"),
    Fault.UNAUTHORISED: (401, "<html><body><h1>401 Unauthorized</h1></body></html>"),
    Fault.REDIRECT: (302, ""),
}
"""Status and HTML of the faults that are a page."""

_LEVELS: Final = 12


def with_entities(answer: bytes, encoding: str) -> bytes:
    """An answer with a document type in front and an entity of 10 to the 12th letters inside."""
    declaration, _, rest = answer.partition(b"?>")
    entities = ['<!ENTITY e0 "я">']
    entities += [
        f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, _LEVELS + 1)
    ]
    doctype = f"<!DOCTYPE x [{''.join(entities)}]>".encode(encoding)
    before, _, after = rest.rpartition(b"</")
    return b"".join((declaration, b"?>", doctype, before, f"&e{_LEVELS};</".encode(), after))


def in_other_encoding(answer: bytes, encoding: str) -> bytes:
    """An answer declared as `encoding` and written in another."""
    other = "windows-1251" if encoding == "utf-8" else "utf-8"
    return answer.decode(encoding).encode(other)
