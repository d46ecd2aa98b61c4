"""The kiosk's services against the sample fund, which was written without them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

import pytest

from kiosk.demo.fund_faults import Fault
from kiosk.demo.fund_service import FundService
from kiosk.demo.fund_world import Ambiguous, By, FundPerson, FundWorld, smo_code
from kiosk.demo.people import INSURERS, PEOPLE, person
from kiosk.lookup import Absent, Cause, Found
from kiosk.online.client import Client
from kiosk.online.deadline import Deadline
from kiosk.online.errors import ServiceError
from kiosk.online.ferzl import Ferzl
from kiosk.online.fund import Fund
from kiosk.online.zp1 import Zp1
from kiosk.policy.model import PolicyFormat, PresentedPolicy, Source
from offline_cache.format import Status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kiosk.demo.certificates import Certificates
    from kiosk.demo.people import Person
    from kiosk.lookup import Record
    from kiosk.online.service import Service

NOW: Final = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
WORLD: Final = FundWorld(NOW.date())
TOKEN: Final = "0123-token"
PROTOCOLS: Final = ("ferzl", "zp1")
SMO_OF: Final = {smo_code(one): one for several in INSURERS.values() for one in several}
ENOUGH: Final = 20.0
"""Seconds for an answer that must come, on a machine that is busy."""


@pytest.fixture(scope="module", name="running")
def _running(certificates: Certificates) -> Iterator[FundService]:
    with FundService(certificates, WORLD, TOKEN) as service:
        yield service


@pytest.fixture(name="service")
def _service(running: FundService) -> FundService:
    running.clear_faults()
    running.requests.clear()
    running.complaints.clear()
    return running


def client_of(
    name: str,
    service: FundService,
    certificates: Certificates,
    *,
    token: str = TOKEN,
    client_file: Path | None = None,
) -> Service:
    """The kiosk's service of that name, for a sample fund."""
    client = Client(service.url(name), certificates.ca, client_file)
    if name == "ferzl":
        return Ferzl(client, lambda: token, SMO_OF.get)
    return Zp1(client, "KIOSK", "78")


# Who is asked about, and what the world says of them


@dataclass(frozen=True)
class Question:
    """A policy, and the number in it that finds its holder."""

    policy: PresentedPolicy
    by: By
    value: str
    born: date | None = None

    @property
    def found(self) -> FundPerson | Ambiguous | None:
        return WORLD.find(self.by, self.value, self.born)


def questions(one: Person) -> Iterator[Question]:
    """Every number that a person has, with their name and without."""
    known = WORLD.person(one.slug)
    for named in (True, False):
        numbers = {"enp": (By.ENP, one.enp)}
        if known.enps[0] != one.enp:
            numbers["main"] = (By.ENP, known.enps[0])
        if known.document:
            numbers["identity_document"] = (By.DOCUMENT, known.document)
        if known.temporary_certificate:
            certificate = known.temporary_certificate
            numbers["temporary_certificate"] = (By.TEMPORARY_CERTIFICATE, certificate)
        if known.old_policy:
            numbers["old_policy"] = (By.OLD_POLICY, known.old_policy)
        for name, (by, value) in numbers.items():
            field = "enp" if name == "main" else name
            number: dict[str, Any] = {field: value}
            yield Question(presented(one, named=named, **number), by, value)
        policy = presented(one, named=named, born=True, snils=one.snils)
        yield Question(policy, By.SNILS, one.snils, one.birth_date)


def presented(
    one: Person, *, named: bool = True, born: bool = False, **number: Any
) -> PresentedPolicy:
    """A policy with one number, and with its holder's details or without."""
    details = (one.surname, one.given_name, one.patronymic) if named else (None, None, None)
    surname, given_name, patronymic = details
    return PresentedPolicy(
        Source.CHIP if named else Source.TYPED,
        PolicyFormat.CHIP if named else PolicyFormat.TYPED,
        surname=surname,
        given_name=given_name,
        patronymic=patronymic,
        birth_date=one.birth_date if named or born else None,
        sex=one.sex if named else None,
        birth_place=one.birth_place if named else None,
        **number,
    )


def check(record: Record, known: FundPerson, one: Person, asked: Question, protocol: str) -> None:
    """A record says what the world knows."""
    period = known.current
    assert record.status is status_of(known, protocol)
    assert (record.valid_from, record.valid_to) == (period.begin, period.end)
    assert record.insurer == period.insurer
    assert record.policy_type is not None
    assert record.policy_type.value == known.policy_type
    assert record.person_matches is matching(known, one, asked.policy)
    if protocol == "zp1" or known.policy_number == known.enps[0]:
        assert record.main_enp == known.enps[0]


def status_of(known: FundPerson, protocol: str) -> Status:
    """ZP1 has no states: dead or not, insured on the day or not."""
    if protocol == "ferzl" or known.slug == "not_started":
        return known.status
    if known.death is not None:
        return Status.DEATH
    return Status.CONFIRMED if known.current.covers(WORLD.today) else Status.EXPIRED


def matching(known: FundPerson, one: Person, policy: PresentedPolicy) -> bool | None:
    """The cast is known by the names on their policies; a birth date was corrected."""
    if policy.birth_date is not None and known.birth_date != one.birth_date:
        return False
    return None if policy.surname is None else True


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("slug", [one.slug for one in PEOPLE])
def test_everybody_by_every_number(
    slug: str, protocol: str, service: FundService, certificates: Certificates
) -> None:
    asking = client_of(protocol, service, certificates)
    one = person(slug)
    for question in questions(one):
        known = question.found
        if isinstance(known, Ambiguous):
            assert cause_of(asking, question.policy) is Cause.AMBIGUOUS
            continue
        answer = asking.ask(question.policy, NOW, Deadline(ENOUGH))
        assert answer.known.as_of == NOW
        if known is None:
            assert isinstance(answer, Absent)
        else:
            assert isinstance(answer, Found)
            check(answer.record, known, one, question, protocol)
    assert service.complaints == []


def cause_of(asking: Service, policy: PresentedPolicy, seconds: float = ENOUGH) -> Cause:
    """Why there is no answer."""
    with pytest.raises(ServiceError) as error:
        asking.ask(policy, NOW, Deadline(seconds))
    shown = f"{error.value} {error.value!r}"
    for value in (policy.enp, policy.snils, policy.surname):
        assert value is None or value not in shown
    return error.value.cause


PLAIN_MAN: Final = presented(person("plain_man"), enp=person("plain_man").enp)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_who_is_not_known_is_absent(
    protocol: str, service: FundService, certificates: Certificates
) -> None:
    asking = client_of(protocol, service, certificates)
    one = person("plain_man")
    numbers: tuple[dict[str, Any], ...] = (
        {"identity_document": "4012 № 999999"},
        {"temporary_certificate": "987654321"},
        {"old_policy": "78-Б № 7654321"},
    )
    for number in numbers:
        policy = presented(one, named=False, **number)
        assert isinstance(asking.ask(policy, NOW, Deadline(ENOUGH)), Absent)
    assert service.complaints == []


# Faults

IN_TIME: Final = 0.7
CAUSES: Final[dict[Fault, Cause]] = {
    Fault.SLOW: Cause.TIMEOUT,
    Fault.DRIP: Cause.TIMEOUT,
    Fault.DRIP_HEAD: Cause.TIMEOUT,
    Fault.SILENT: Cause.TIMEOUT,
    Fault.BROKEN: Cause.BROKEN,
    Fault.UNAVAILABLE: Cause.BROKEN,
    Fault.FAULT: Cause.BROKEN,
    Fault.INTERNAL: Cause.BROKEN,
    Fault.MALFORMED: Cause.MALFORMED,
    Fault.WRONG_ENCODING: Cause.MALFORMED,
    Fault.WRONG_ID: Cause.MALFORMED,
    Fault.HALF: Cause.NO_NETWORK,
    Fault.REDIRECT: Cause.BROKEN,
    Fault.HUGE: Cause.MALFORMED,
    Fault.GARBAGE: Cause.MALFORMED,
    Fault.UNAUTHORISED: Cause.UNAUTHORISED,
    Fault.ENTITIES: Cause.MALFORMED,
    Fault.RESET: Cause.NO_NETWORK,
}


def test_every_fault_has_a_cause() -> None:
    assert set(CAUSES) == set(Fault)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("fault", CAUSES)
def test_causes(
    fault: Fault, protocol: str, service: FundService, certificates: Certificates
) -> None:
    service.order(protocol, fault)
    asking = client_of(protocol, service, certificates)
    expected = CAUSES[fault]
    seconds = IN_TIME if expected is Cause.TIMEOUT else ENOUGH
    assert cause_of(asking, PLAIN_MAN, seconds) is expected
    assert [made.outcome for made in service.requests] == [fault.value]
    assert service.complaints == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("slug", [one.slug for one in PEOPLE])
def test_nobody_is_taken_for_another_by_a_wrong_encoding(
    slug: str, protocol: str, service: FundService, certificates: Certificates
) -> None:
    service.order(protocol, Fault.WRONG_ENCODING)
    asking = client_of(protocol, service, certificates)
    policy = presented(person(slug), enp=person(slug).enp)
    assert cause_of(asking, policy) is Cause.MALFORMED


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_service_that_is_down(protocol: str, certificates: Certificates) -> None:
    service = FundService(certificates, WORLD, TOKEN)
    asking = client_of(protocol, service, certificates)
    service.stop()
    assert cause_of(asking, PLAIN_MAN) is Cause.NO_NETWORK
    with service.start():
        assert isinstance(asking.ask(PLAIN_MAN, NOW, Deadline(ENOUGH)), Found)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_certificates_of_both_sides(protocol: str, certificates: Certificates) -> None:
    with FundService(certificates, WORLD, TOKEN, expired=True) as service:
        assert cause_of(client_of(protocol, service, certificates), PLAIN_MAN) is Cause.TLS
        assert service.requests == []
    with FundService(certificates, WORLD, TOKEN, client_required=True) as service:
        without = client_of(protocol, service, certificates)
        assert cause_of(without, PLAIN_MAN) is Cause.TLS
        certified = client_of(protocol, service, certificates, client_file=certificates.client)
        assert isinstance(certified.ask(PLAIN_MAN, NOW, Deadline(ENOUGH)), Found)


def test_a_token_that_is_not_taken(service: FundService, certificates: Certificates) -> None:
    asking = client_of("ferzl", service, certificates, token="another")  # none's
    assert cause_of(asking, PLAIN_MAN) is Cause.UNAUTHORISED
    assert service.complaints == ["/ferzl: X-Auth-Token"]


def test_answers_of_a_newer_installation(certificates: Certificates) -> None:
    with FundService(certificates, WORLD, TOKEN, types_version="24.1.2") as service:
        asking = client_of("ferzl", service, certificates)
        assert isinstance(asking.ask(PLAIN_MAN, NOW, Deadline(ENOUGH)), Found)
        nobody = presented(person("plain_man"), identity_document="4012 № 999999")
        assert isinstance(asking.ask(nobody, NOW, Deadline(ENOUGH)), Absent)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_probes_ask_about_nobody(
    protocol: str, service: FundService, certificates: Certificates
) -> None:
    client_of(protocol, service, certificates).probe(Deadline(ENOUGH))
    assert (service.requests, service.complaints) == ([], [])


# Both services behind one place to ask


def test_a_moment_later_and_the_other_service(
    service: FundService, certificates: Certificates
) -> None:
    fund = Fund([client_of(name, service, certificates) for name in PROTOCOLS], ENOUGH)
    service.order("ferzl", Fault.UNAVAILABLE, 1)
    assert isinstance(fund.ask(PLAIN_MAN, NOW), Found)
    assert [made.outcome for made in service.requests] == ["unavailable", "found"]
    service.requests.clear()
    service.order("ferzl", Fault.GARBAGE)
    assert isinstance(fund.ask(PLAIN_MAN, NOW), Found)
    assert (service.requests[-1].path, service.requests[-1].outcome) == ("/zp1", "found")
    assert service.complaints == []
