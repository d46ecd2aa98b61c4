"""The envelope of HL7 v2.6 batches as the insurers' funds exchange them: names, times, checksum.

Order FFOMS 79 of 2011: XML of HL7 v2.6 in windows-1251, `UPRMessageBatch` { BHS, messages, BTS },
and BTS.3 with the CRC-32 (IEEE 802.3) of the bytes between BHS and BTS.
"""

from __future__ import annotations

import re
import zlib
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from kiosk.online.messages import malformed, text_of

if TYPE_CHECKING:
    from kiosk.online.messages import Element

NAMESPACE: Final = "urn:hl7-org:v2xml"
ENCODING: Final = "windows-1251"
BATCH: Final = "UPRMessageBatch"

_NULL: Final = '""'
"""What HL7 v2 (ch. 2, "null") writes for "known to be empty"."""
_HEADER_END: Final = re.compile(rb"</(?:[\w.-]+:)?BHS\s*>")
_TRAILER: Final = re.compile(rb"<(?:[\w.-]+:)?BTS(?=[\s/>])")
# The sign Z with an offset behind it is what real senders write.
_TIME: Final = re.compile(
    r"(?P<year>[0-9]{4})(?P<dash>-?)(?P<month>[0-9]{2})(?P=dash)(?P<day>[0-9]{2})"
    r"(?:[T ]?[0-9]{2}(?::?[0-9]{2}(?::?[0-9]{2}(?:[.,][0-9]{1,9})?)?)?)?"
    r"\s?Z?(?:[+-][0-9]{2}:?[0-9]{2})?"
)


def stamp(now: datetime) -> str:
    """The aware time `now` as `yyyy-MM-ddTHH:mm:ssZ+03:00`: literally Z, and an offset."""
    text = now.isoformat(timespec="seconds")
    return f"{text[:19]}Z{text[19:]}"


def day_of(text: str) -> date | None:
    """The day of a date or time, as its sender writes it; None for other texts.

    `2026-11-24` or `20261124`; behind it a time with or without fractions, and Z, an offset, both
    or neither. HL7's shorter forms (a year, a month) are no day.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    try:
        return date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError:
        return None


def checksum(data: bytes) -> str:
    """CRC-32 (IEEE 802.3) as 8 hexadecimal digits in upper case."""
    return f"{zlib.crc32(data):08X}"


def checksum_holds(message: bytes, said: str | None) -> bool | None:
    """Whether BTS.3 (`said`) is that of the message; None: nothing to compare.

    Digits of either case, leading zeros may be missing.
    """
    header = _HEADER_END.search(message)
    trailer = _TRAILER.search(message, header.end()) if header is not None else None
    if said is None or header is None or trailer is None:
        return None
    return said.upper().rjust(8, "0") == checksum(message[header.end() : trailer.start()])


def value(parent: Element | None, *path: str) -> str | None:
    """The trimmed text of the first element at `path` below `parent`; None: missing or empty.

    Raises:
        ServiceError: MALFORMED: too long, or with elements inside.
    """
    found = parent
    for name in path:
        if found is None:
            return None
        found = found.find(f"{{{NAMESPACE}}}{name}")
    text = text_of(found)
    return None if text == _NULL else text


def day(parent: Element, name: str) -> date | None:
    """The day in the element `name` of `parent`; None: missing or empty.

    Raises:
        ServiceError: MALFORMED: something else than a day.
    """
    text = value(parent, name)
    if text is None:
        return None
    found = day_of(text)
    if found is None:
        raise malformed(f"{name}: not a date")
    return found
