"""FERZL as a service: one exchange for each question, with the token, nothing remembered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from kiosk.lookup import Absent, Cause, Found
from kiosk.online.client import Client, Reply
from kiosk.online.deadline import Deadline
from kiosk.online.errors import ServiceError
from kiosk.online.ferzl import Ferzl
from kiosk.policy.model import PolicyFormat, PresentedPolicy, Source
from tests.online.ferzl_cases import (
    HEAD_OFFICE,
    INSURERS,
    NOT_FOUND,
    NOW,
    RESPONSE,
    WHO,
    presented,
    with_errors,
    with_status,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kiosk.online.service import Service

TOKEN = "eyJhbGciOi.J9~+/=="  # nobody's


class Line(Client):
    """A client without a network: answers each question with `inner`, and keeps what was sent."""

    def __init__(self, inner: str = with_status(), status: int = 200) -> None:
        self.inner = inner
        self.status = status
        self.sent: list[tuple[bytes, dict[str, str], Deadline]] = []
        self.probed: list[Deadline] = []

    def post(self, body: bytes, headers: Mapping[str, str], deadline: Deadline) -> Reply:
        self.sent.append((body, dict(headers), deadline))
        return Reply(self.status, (RESPONSE % (request_id(body), self.inner)).encode())

    def probe(self, deadline: Deadline) -> None:
        self.probed.append(deadline)


def request_id(body: bytes) -> str:
    """The id that a question carries."""
    match = re.search(rb"<com:externalRequestId>([^<]*)<", body)
    assert match is not None
    return match[1].decode()


def service(line: Line, token: Callable[[], str] = lambda: TOKEN) -> Service:
    """FERZL behind a line."""
    return Ferzl(line, token, INSURERS.get)


def test_asks_once_and_reads_the_answer() -> None:
    line, deadline = Line(), Deadline(3)
    found = service(line).ask(presented(), NOW, deadline)
    assert isinstance(found, Found)
    assert found.record.insurer == HEAD_OFFICE
    assert found.known.as_of == NOW
    [(body, headers, given)] = line.sent
    assert given is deadline
    assert headers == {
        "X-Auth-Token": TOKEN,
        "Content-Type": "text/xml; charset=utf-8",
        "SOAPAction": '""',
    }
    assert WHO.enp.encode() in body
    assert b"<mpip:dt>2026-11-24</mpip:dt>" in body


def test_each_question_has_its_own_id() -> None:
    line = Line()
    ferzl = service(line)
    for _ in range(5):
        ferzl.ask(presented(), NOW, Deadline(3))
    assert len({request_id(body) for body, _, _ in line.sent}) == 5


def test_nothing_is_remembered() -> None:
    line = Line()
    ferzl = service(line)
    assert isinstance(ferzl.ask(presented(), NOW, Deadline(3)), Found)
    line.inner = with_errors(NOT_FOUND)
    assert isinstance(ferzl.ask(presented(), NOW, Deadline(3)), Absent)


def test_a_broken_answer_is_not_asked_again_here() -> None:
    line = Line(with_errors(("INTERNAL_SERVICE_ERROR", "")))
    with pytest.raises(ServiceError) as caught:
        service(line).ask(presented(), NOW, Deadline(3))
    assert caught.value.cause is Cause.BROKEN
    assert caught.value.transient
    assert len(line.sent) == 1


def test_http_500_is_no_answer() -> None:
    with pytest.raises(ServiceError) as caught:
        service(Line(status=500)).ask(presented(), NOW, Deadline(3))
    assert caught.value.cause is Cause.BROKEN


@pytest.mark.parametrize(
    "token", ["", " ", f"{TOKEN}\n", f"{TOKEN}\r\nX: y", "to ken", "токен", "t\0", "\x7f", "é"]
)
def test_a_token_that_is_none_is_not_sent(token: str) -> None:
    line = Line()
    with pytest.raises(ServiceError) as caught:
        service(line, lambda: token).ask(presented(), NOW, Deadline(3))
    assert caught.value.cause is Cause.UNAUTHORISED
    assert "store it again" in str(caught.value)
    assert len(token) < 3 or token not in str(caught.value)
    assert not line.sent


def test_a_token_that_lacks_says_so_itself() -> None:
    def lacking() -> str:
        raise ServiceError(Cause.UNAUTHORISED, "no credential ferzl-token")

    line = Line()
    with pytest.raises(ServiceError, match="no credential ferzl-token"):
        service(line, lacking).ask(presented(), NOW, Deadline(3))
    assert not line.sent


def test_a_renewed_token_counts_at_once() -> None:
    line, tokens = Line(), iter(["first", "second"])
    ferzl = service(line, lambda: next(tokens))
    for _ in range(2):
        ferzl.ask(presented(), NOW, Deadline(3))
    assert [headers["X-Auth-Token"] for _, headers, _ in line.sent] == ["first", "second"]


def test_nothing_to_ask_by_needs_neither_token_nor_network() -> None:
    def unwanted() -> str:
        raise AssertionError("no token is needed")

    line = Line()
    with pytest.raises(ServiceError) as caught:
        service(line, unwanted).ask(
            PresentedPolicy(Source.DOCUMENT, PolicyFormat.MRZ), NOW, Deadline(3)
        )
    assert caught.value.cause is Cause.NOT_ASKABLE
    assert not line.sent


def test_a_probe_asks_about_nobody() -> None:
    line, deadline = Line(), Deadline(3)
    service(line).probe(deadline)
    assert line.probed == [deadline]
    assert not line.sent


def test_is_known_by_a_fixed_name() -> None:
    assert service(Line()).name == "ferzl"
    assert TOKEN not in repr(service(Line()))
