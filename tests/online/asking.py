"""How the tests of the client ask, and what servers do to them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from kiosk.demo.people import PEOPLE
from kiosk.lookup import Cause
from kiosk.online.deadline import Deadline
from kiosk.online.errors import ServiceError
from tests.online.servers import answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiosk.online.client import Client, Reply
    from tests.online.servers import Peer

BODY = "<ответ/>".encode()
WHOLE = answer(200, BODY)
OPEN_END = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SECONDS = 0.4
"""Where it is to run out."""
ENOUGH = 20.0
"""Far more than anything takes that does not wait for its deadline."""
SLACK = 10.0
"""For a busy machine; still less than any timeout of the layers below."""
ASKING = f"{PEOPLE[0].surname} {PEOPLE[0].enp}"


def post(client: Client, seconds: float = ENOUGH) -> Reply:
    """Ask about somebody."""
    return client.post(ASKING.encode(), {"X-Auth-Token": "secret"}, Deadline(seconds))


def cause_of(client: Client, seconds: float = ENOUGH) -> Cause:
    """Why a question is not answered, which shows in time."""
    begun = time.monotonic()
    with pytest.raises(ServiceError) as caught:
        post(client, seconds)
    assert time.monotonic() - begun < seconds + SLACK
    words = str(caught.value)
    assert not [word for word in (*ASKING.split(), "secret") if word in words]
    assert client.host in words or caught.value.cause in {Cause.TIMEOUT, Cause.CANCELLED}
    return caught.value.cause


def sending(*parts: bytes) -> Callable[[Peer], None]:
    """Send these and hang up."""
    return lambda peer: peer.send(b"".join(parts))


def sending_then_hang(*parts: bytes) -> Callable[[Peer], None]:
    """Send these and say nothing more."""

    def act(peer: Peer) -> None:
        peer.send(b"".join(parts))
        peer.hang()

    return act


def endless(head: bytes, block: bytes) -> Callable[[Peer], None]:
    """Send `head`, then `block` again and again."""

    def act(peer: Peer) -> None:
        peer.send(head)
        while not peer.over.is_set():
            peer.send(block)

    return act
