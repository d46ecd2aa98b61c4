"""The answer of HL7 v2.6 (RSP_ZK1) from the register of insured people.

Order FFOMS 79 of 2011; acknowledgement codes and errors as in HL7 v2.6 ch. 2. First `open_reply`:
is it an answer to our question, and what does the gateway complain of; then `judge`: what it says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kiosk.lookup import Absent, Cause, Found, FundService, HowKnown, KnownBy
from kiosk.online.errors import ServiceError
from kiosk.online.messages import malformed, parse
from kiosk.online.zp1_batch import BATCH, ENCODING, NAMESPACE, checksum_holds, value
from kiosk.online.zp1_record import record_of

if TYPE_CHECKING:
    from datetime import datetime

    from kiosk.online.messages import Element
    from kiosk.policy.model import PresentedPolicy

MAX_COMPLAINTS: Final = 10
MAX_WORDS: Final = 200

_ANSWERS: Final = ("RSP_ZK1", "ACK")
"""A gateway that stops at the acceptance may send the general acknowledgement."""
_ACCEPTED: Final = frozenset({"AA", "CA"})
_GOES_ON: Final = frozenset({"AE", "CE"})
_STOPPED: Final = frozenset({"AR", "CR"})
_TAKEN: Final = "CA"
_FIXED_CODE: Final = re.compile(r"[A-Z0-9_.-]{1,40}")
_SEVERITIES: Final = frozenset({"E", "W", "I"})
"""ERR.4: error, warning, information (HL7 table 0516)."""
_NO_ERRORS: Final = _SEVERITIES - {"E"}
_AMBIGUOUS: Final = "AMBIGUOUS"
_AMBIGUOUS_WORD: Final = "неоднозначн"
_INTERNAL_ERROR: Final = re.compile("207|.*INTERNAL.*")
"""Application internal error (HL7 table 0357), or in words of a gateway's own."""
_NOT_FOUND: Final = frozenset({None, "OK", "NF"})
"""QAK.2 (HL7 table 0208) of a search that worked: found, or no data."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One ERR of a gateway's, for a technician. Its words may quote a person: never logged."""

    code: str | None
    """ERR.3/CWE.1 if it is a fixed code."""
    severity: str | None
    """ERR.4: E, W or I."""
    words: str = field(repr=False)
    """ERR.8, at most `MAX_WORDS` characters; empty if there are none."""
    ambiguous: bool = field(default=False, repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to our question, not yet judged."""

    acknowledgement: str
    """MSA.1."""
    query_status: str | None
    """QAK.2."""
    complaints: tuple[Complaint, ...]
    """At most `MAX_COMPLAINTS`."""
    responses: tuple[Element, ...] = field(repr=False)
    checksum_holds: bool | None
    """None: there is no checksum."""


def open_reply(body: bytes, message_id: str) -> Reply:
    """Return the answer in `body` to the question with that message GUID.

    Raises:
        ServiceError: MALFORMED: no batch with one answer, the answer to another question, or UTF-8
            that is declared as windows-1251.
    """
    batch = parse(body)
    if _is_disguised(body, batch):
        raise malformed(f"UTF-8 that is declared as {ENCODING}")
    if batch.tag != _tag(BATCH):
        raise malformed("no batch of HL7 messages")
    answers = [one for name in _ANSWERS for one in batch.findall(_tag(name))]
    if len(answers) != 1:
        raise malformed(f"{len(answers)} answers in a batch, one was asked for")
    answer = answers[0]
    answered = value(answer, "MSA", "MSA.2")
    if answered is None or _plain(answered) != _plain(message_id):
        raise malformed("MSA.2: the answer to another question")
    acknowledgement = value(answer, "MSA", "MSA.1")
    if acknowledgement is None or acknowledgement not in _ACCEPTED | _GOES_ON | _STOPPED:
        raise malformed("MSA.1: no acknowledgement code")
    return Reply(
        acknowledgement,
        value(answer, "QAK", "QAK.2"),
        tuple(_complaint(one) for one in answer.findall(_tag("ERR"))[:MAX_COMPLAINTS]),
        tuple(answer.findall(_tag("RSP_ZK1.QUERY_RESPONSE"))),
        checksum_holds(body, value(batch, "BTS", "BTS.3")),
    )


def judge(reply: Reply, policy: PresentedPolicy, now: datetime) -> Found | Absent:
    """What the reply says of `policy` at the aware time `now`.

    Raises:
        ServiceError: AMBIGUOUS, REFUSED, BROKEN (the gateway's own fault), UNCLEAR (no insurance,
            or the question was only taken), MALFORMED.
    """
    known = HowKnown(KnownBy.ONLINE, now, service=FundService.ZP1)
    if len(reply.responses) > 1 or any(one.ambiguous for one in reply.complaints):
        raise _error(Cause.AMBIGUOUS, "more than one person fits", reply)
    if reply.acknowledgement in _STOPPED:
        raise _refusal(reply)
    if reply.responses:
        return Found(record_of(reply.responses[0], policy, now.date()), known)
    failed = reply.acknowledgement in _GOES_ON or reply.query_status not in _NOT_FOUND
    if failed or any(one.severity not in _NO_ERRORS for one in reply.complaints):
        raise _refusal(reply)
    if reply.acknowledgement == _TAKEN:
        # HL7 v2.6 ch. 2: the commit acknowledgement says that a message was stored. Nothing was
        # searched yet, so nothing was not found.
        raise _error(Cause.UNCLEAR, "the question was taken, but not answered", reply)
    return Absent(known)


def _is_disguised(body: bytes, batch: Element) -> bool:
    """Whether bytes that are declared as windows-1251 are UTF-8.

    Most Cyrillic letters of UTF-8 are well-formed windows-1251, too, so that all names would be
    read as others' and the answer be "another person". No Russian text of windows-1251 is UTF-8.
    """
    declared = (batch.getroottree().docinfo.encoding or "").lower()
    if declared != ENCODING or body.isascii():
        return False
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _complaint(segment: Element) -> Complaint:
    # Complaints may be of any length: a gateway that prints a whole trace has a fault of its own,
    # which must not turn into a fault of its answer's format.
    code = (segment.findtext(f"{_tag('ERR.3')}/{_tag('CWE.1')}") or "").strip()
    words = " ".join((segment.findtext(_tag("ERR.8")) or "").split())
    severity = (segment.findtext(_tag("ERR.4")) or "").strip()
    return Complaint(
        code if _FIXED_CODE.fullmatch(code) else None,
        severity if severity in _SEVERITIES else None,
        words[:MAX_WORDS],
        code == _AMBIGUOUS or _AMBIGUOUS_WORD in words.lower(),
    )


def _refusal(reply: Reply) -> ServiceError:
    if any(_INTERNAL_ERROR.fullmatch(one.code or "") for one in reply.complaints):
        return _error(Cause.BROKEN, "the gateway has a fault", reply)
    return _error(Cause.REFUSED, "the gateway does not take the question", reply)


def _error(cause: Cause, what: str, reply: Reply) -> ServiceError:
    """An error with the fixed codes of the reply, and none of its words."""
    codes = ", ".join(one.code for one in reply.complaints if one.code)
    return ServiceError(cause, f"{what} ({reply.acknowledgement}{': ' if codes else ''}{codes})")


def _plain(guid: str) -> str:
    """A GUID in the one way of the many to write it."""
    return guid.strip("{}").lower()


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
