"""Our questions to FERZL and the sample fund's answers, each written apart from the other."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from kiosk.demo.fund_ferzl import FerzlSide
from kiosk.demo.fund_messages import RefusedError
from kiosk.demo.fund_world import FundPerson, FundWorld, smo_code
from kiosk.demo.people import INSURERS, person
from kiosk.lookup import Absent, Cause, Found
from kiosk.online.client import Client, Reply
from kiosk.online.deadline import Deadline
from kiosk.online.errors import ServiceError
from kiosk.online.ferzl import Ferzl
from kiosk.policy.model import PolicyType, PresentedPolicy
from kiosk.policy.typed import (
    typed,
    typed_birth_certificate,
    typed_old_policy,
    typed_passport,
    typed_snils,
)
from tests.online.ferzl_cases import NOW, presented

if TYPE_CHECKING:
    from collections.abc import Mapping

WORLD = FundWorld(NOW.date())
SMO_BY_CODE = {smo_code(smo): smo for insurers in INSURERS.values() for smo in insurers}


class Way(Client):
    """A way to the sample fund that needs no network."""

    def __init__(self, version: str = "", *, wrong_id: bool = False) -> None:
        self.side = FerzlSide(WORLD, version)
        self.wrong_id = wrong_id

    def post(self, body: bytes, headers: Mapping[str, str], deadline: Deadline) -> Reply:
        try:
            reply = self.side.answer(body, wrong_id=self.wrong_id)
        except RefusedError as error:
            reply = self.side.refusal(error, body)
        return Reply(reply.status, reply.body)


def ask(policy: PresentedPolicy, way: Way | None = None) -> Found | Absent:
    return Ferzl(way or Way(), lambda: "token", SMO_BY_CODE.get).ask(policy, NOW, Deadline(5))


@pytest.mark.parametrize("version", ["", "24.1.2"])
@pytest.mark.parametrize("one", WORLD.people, ids=lambda one: one.slug)
def test_everybody_is_found_as_the_fund_knows_them(one: FundPerson, version: str) -> None:
    card = presented(person(one.slug))
    found = ask(card, Way(version))
    assert isinstance(found, Found)
    record, period = found.record, one.current
    assert record.status is one.status
    assert record.policy_type is PolicyType(one.policy_type.value)
    assert record.insurer == period.insurer
    assert (record.valid_from, record.valid_to) == (period.begin, period.end)
    same = (card.surname, card.birth_date) == (one.surname, one.birth_date)
    assert record.person_matches is same
    assert record.main_enp in {one.enps[0], None}


PAPERS = {
    "number": (typed(WORLD.person("kyrgyz").enps[0]), "kyrgyz"),
    "merged number": (typed(WORLD.person("yo").enps[1]), "yo"),
    "passport": (typed_passport(WORLD.person("plain_man").document), "plain_man"),
    "birth certificate": (typed_birth_certificate(WORLD.person("newborn").document), "newborn"),
    "SNILS": (
        typed_snils(WORLD.person("yo_man").snils, WORLD.person("yo_man").birth_date),
        "yo_man",
    ),
}


@pytest.mark.parametrize(("policy", "slug"), PAPERS.values(), ids=PAPERS.keys())
def test_whatever_is_presented_finds_its_person(policy: PresentedPolicy, slug: str) -> None:
    found = ask(policy)
    assert isinstance(found, Found)
    assert found.record.main_enp == WORLD.person(slug).enps[0]


@pytest.mark.parametrize(
    ("policy", "slug"),
    [
        (typed(WORLD.person("no_patronymic").temporary_certificate), "no_patronymic"),
        (typed_old_policy(WORLD.person("oldest").old_policy), "oldest"),
    ],
    ids=["certificate", "old policy"],
)
def test_older_papers_find_their_person(policy: PresentedPolicy, slug: str) -> None:
    """Their answers carry the paper's own number, no ENP."""
    found = ask(policy)
    assert isinstance(found, Found)
    assert found.record.valid_from == WORLD.person(slug).current.begin


def test_a_passport_of_two_is_ambiguous() -> None:
    with pytest.raises(ServiceError) as caught:
        ask(typed_passport(WORLD.person("hard_sign").document))
    assert caught.value.cause is Cause.AMBIGUOUS


def test_a_passport_of_nobody_is_absent() -> None:
    assert isinstance(ask(typed_passport("0000 000000")), Absent)


def test_a_snils_with_another_birth_date_is_absent() -> None:
    assert isinstance(ask(typed_snils(person("yo").snils, date(1990, 1, 1))), Absent)


def test_a_number_that_cannot_be_is_refused() -> None:
    with pytest.raises(ServiceError) as caught:
        ask(typed("1234567890123456"))
    assert caught.value.cause is Cause.REFUSED


def test_an_answer_to_another_question_is_malformed() -> None:
    with pytest.raises(ServiceError) as caught:
        ask(presented(), Way(wrong_id=True))
    assert caught.value.cause is Cause.MALFORMED
