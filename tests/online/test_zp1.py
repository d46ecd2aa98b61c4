"""The HL7 gateway as a service: one question, one POST, and what a technician gets to see."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import pytest

from kiosk.lookup import Absent, Cause, Found
from kiosk.online.client import Client, Reply
from kiosk.online.deadline import Deadline
from kiosk.online.errors import ServiceError
from kiosk.online.zp1 import Zp1
from kiosk.policy.model import PolicyFormat, PresentedPolicy, Source
from tests.online.zp1_answers import BARE, CARD, NOW, ONE, batch, err, response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kiosk.online.service import Service

GUID = re.compile(rb"<MSH.10>([0-9a-f-]{36})</MSH.10>")
WRONG_CHECKSUM = "<BTS><BTS.3>00000000</BTS.3></BTS>"


class Gateway(Client):
    """A way to a gateway that answers what it is told."""

    def __init__(self, content: str = "", code: str = "AA") -> None:
        self.content = content
        self.code = code
        self.status = 200
        self.bts = "<BTS><BTS.3>{crc}</BTS.3></BTS>"
        self.error: ServiceError | None = None
        self.asked: list[tuple[bytes, Mapping[str, str], Deadline]] = []
        self.probed: list[Deadline] = []

    def post(self, body: bytes, headers: Mapping[str, str], deadline: Deadline) -> Reply:
        self.asked.append((body, headers, deadline))
        if self.error is not None:
            raise self.error
        found = GUID.search(body)
        assert found is not None
        guid = found[1].decode()
        return Reply(self.status, batch(self.content, self.code, guid, bts=self.bts))

    def probe(self, deadline: Deadline) -> None:
        self.probed.append(deadline)
        if self.error is not None:
            raise self.error


def service(gateway: Gateway) -> Service:
    return Zp1(gateway, "КИОСК", "78")


def test_one_question_is_one_post() -> None:
    gateway, deadline = Gateway(response()), Deadline(5)
    found = service(gateway).ask(CARD, NOW, deadline)
    assert isinstance(found, Found)
    assert found.record.main_enp == ONE.enp
    ((body, headers, used),) = gateway.asked
    assert used is deadline
    assert headers == {"Content-Type": "application/xml; charset=windows-1251"}
    assert "<BHS.4><HD.1>78</HD.1>".encode("windows-1251") in body
    assert "<BHS.3><HD.1>КИОСК</HD.1>".encode("windows-1251") in body


def test_a_number_without_an_insurer_is_asked_for_the_kiosks_territory() -> None:
    gateway = Gateway()
    assert isinstance(service(gateway).ask(BARE, NOW, Deadline(5)), Absent)
    assert b"<CX.4><HD.1>40000</HD.1>" in gateway.asked[0][0]


def test_every_question_has_its_own_ids() -> None:
    gateway = Gateway()
    one = service(gateway)
    for _ in range(2):
        one.ask(BARE, NOW, Deadline(5))
    ids = [re.findall(rb"<(?:MSH.10|BHS.11)>([^<]+)<", body) for body, _, _ in gateway.asked]
    assert len({*ids[0], *ids[1]}) == 4


@pytest.mark.parametrize("territory", ["", "7", "781", "7a", "٧٨"])
def test_a_territory_has_two_digits(territory: str) -> None:
    with pytest.raises(ValueError, match="two digits"):
        Zp1(Gateway(), "КИОСК", territory)


def test_a_territory_that_the_list_lacks_is_left_out() -> None:
    gateway = Gateway()
    Zp1(gateway, "КИОСК", "00").ask(BARE, NOW, Deadline(5))
    assert b"<CX.4>" not in gateway.asked[0][0]


def test_http_500_is_a_fault_of_the_gateway() -> None:
    gateway = Gateway(response())
    gateway.status = 500
    with pytest.raises(ServiceError) as caught:
        service(gateway).ask(CARD, NOW, Deadline(5))
    assert caught.value.cause is Cause.BROKEN


def test_what_the_way_there_says_is_handed_on() -> None:
    gateway = Gateway()
    gateway.error = ServiceError(Cause.NO_NETWORK, "refused")
    one = service(gateway)
    for act in (lambda: one.ask(CARD, NOW, Deadline(5)), lambda: one.probe(Deadline(5))):
        with pytest.raises(ServiceError) as caught:
            act()
        assert caught.value is gateway.error


def test_probing_asks_nothing() -> None:
    gateway, deadline = Gateway(), Deadline(5)
    service(gateway).probe(deadline)
    assert gateway.probed == [deadline]
    assert not gateway.asked


def test_what_cannot_be_asked_is_not_sent() -> None:
    gateway = Gateway()
    with pytest.raises(ServiceError) as caught:
        service(gateway).ask(PresentedPolicy(Source.TYPED, PolicyFormat.TYPED), NOW, Deadline(5))
    assert caught.value.cause is Cause.NOT_ASKABLE
    assert not gateway.asked


def test_a_technician_sees_the_last_complaints_and_the_log_does_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    gateway = Gateway(err("E-101", f"Нет {ONE.surname}"), "AR")
    one = Zp1(gateway, "КИОСК", "78")
    assert list(one.last_errors) == []
    with pytest.raises(ServiceError) as caught:
        one.ask(CARD, NOW, Deadline(5))
    assert caught.value.cause is Cause.REFUSED
    assert "E-101" in str(caught.value)
    assert [(e.code, e.severity, e.words) for e in one.last_errors] == [
        ("E-101", "E", f"Нет {ONE.surname}")
    ]
    assert ONE.surname not in caplog.text + str(caught.value) + repr(one.last_errors)
    gateway.content, gateway.code = response(), "AA"
    one.ask(CARD, NOW, Deadline(5))
    assert list(one.last_errors) == []


def test_a_wrong_checksum_is_logged_once_and_the_answer_used(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gateway = Gateway(response())
    one, right = service(gateway), gateway.bts
    for bts, warnings in (
        (WRONG_CHECKSUM, 1),
        (WRONG_CHECKSUM, 1),
        (right, 1),
        (WRONG_CHECKSUM, 2),
    ):
        gateway.bts = bts
        assert isinstance(one.ask(CARD, NOW, Deadline(5)), Found)
        assert len(caplog.records) == warnings
    assert ONE.enp not in caplog.text
