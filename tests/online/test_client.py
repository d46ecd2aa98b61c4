"""The door to the network: every way an exchange can end, in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kiosk.lookup import Cause
from kiosk.online.client import Client, Reply
from kiosk.online.deadline import Deadline
from kiosk.online.errors import ServiceError
from tests.online.servers import Peer, RawServer, answer

if TYPE_CHECKING:
    from kiosk.demo.certificates import Certificates

BODY = "<ответ/>".encode()


def test_an_answer(certificates: Certificates) -> None:
    with RawServer(lambda peer: peer.send(answer(200, BODY)), certificates) as server:
        reply = Client(server.url, certificates.ca).post(
            b"question", {"X-Auth-Token": "t"}, Deadline(3)
        )
    assert reply == Reply(200, BODY)


def test_refused(certificates: Certificates) -> None:
    with RawServer(Peer.hang, certificates) as server:
        url = server.url
    with pytest.raises(ServiceError) as caught:
        Client(url, certificates.ca).post(b"question", {}, Deadline(3))
    assert caught.value.cause is Cause.NO_NETWORK
