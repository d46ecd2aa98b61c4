"""Our side and the sample fund's, each written from the published rules alone, fit together."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from kiosk.demo.fund_world import FundPerson, FundWorld
from kiosk.demo.fund_zp1 import Zp1Side
from kiosk.lookup import Absent, Cause, Found
from kiosk.online.client import Client, Reply
from kiosk.online.deadline import Deadline
from kiosk.online.errors import ServiceError
from kiosk.online.zp1 import Zp1
from kiosk.policy.typed import (
    typed,
    typed_birth_certificate,
    typed_old_policy,
    typed_passport,
    typed_snils,
)
from offline_cache.format import Status
from tests.online.zp1_answers import card_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kiosk.policy.model import PresentedPolicy

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=timezone(timedelta(hours=3)))
WORLD = FundWorld(NOW.date())


class Way(Client):
    """A way to the sample fund that needs no network; a question that it refuses is an error."""

    def __init__(self) -> None:
        self.side = Zp1Side(WORLD)

    def post(self, body: bytes, headers: Mapping[str, str], deadline: Deadline) -> Reply:
        answer = self.side.answer(body)
        return Reply(answer.status, answer.body)


def ask(policy: PresentedPolicy) -> Found | Absent:
    return Zp1(Way(), "КИОСК", "78").ask(policy, NOW, Deadline(5))


def state(one: FundPerson, today: date) -> Status:
    """What can be told of a person by periods and a date of death."""
    if one.death is not None:
        return Status.DEATH
    ended = one.current.end is not None and one.current.end < today
    return Status.EXPIRED if ended else Status.CONFIRMED


@pytest.mark.parametrize("one", WORLD.people, ids=lambda one: one.slug)
def test_every_card_is_found(one: FundPerson) -> None:
    found = ask(card_of(one.slug))
    assert isinstance(found, Found)
    record, card = found.record, card_of(one.slug)
    assert record.status is state(one, NOW.date())
    assert record.insurer == one.current.insurer
    assert (record.valid_from, record.valid_to) == (one.current.begin, one.current.end)
    assert record.policy_type is not None
    assert record.policy_type.value == one.policy_type.value
    assert record.main_enp == one.enps[0]
    same = (card.surname, card.birth_date) == (one.surname, one.birth_date)
    assert record.person_matches is same


PAPERS = {
    "number": (typed(WORLD.person("kyrgyz").enps[0]), "kyrgyz"),
    "merged number": (typed(WORLD.person("yo").enps[1]), "yo"),
    "passport": (typed_passport(WORLD.person("plain_man").document), "plain_man"),
    "foreign passport": (card_of("foreign_passport"), "foreign_passport"),
    "birth certificate": (typed_birth_certificate(WORLD.person("newborn").document), "newborn"),
    "certificate": (
        typed(WORLD.person("no_patronymic").temporary_certificate),
        "no_patronymic",
    ),
    "old policy": (typed_old_policy(WORLD.person("oldest").old_policy), "oldest"),
    "snils": (
        typed_snils(WORLD.person("yo_man").snils, WORLD.person("yo_man").birth_date),
        "yo_man",
    ),
}


@pytest.mark.parametrize(("policy", "slug"), PAPERS.values(), ids=PAPERS.keys())
def test_whatever_is_presented_finds_its_person(policy: PresentedPolicy, slug: str) -> None:
    found = ask(policy)
    assert isinstance(found, Found)
    assert found.record.main_enp == WORLD.person(slug).enps[0]


def test_a_passport_of_two_is_ambiguous() -> None:
    with pytest.raises(ServiceError) as caught:
        ask(typed_passport(WORLD.person("hard_sign").document))
    assert caught.value.cause is Cause.AMBIGUOUS


def test_a_passport_of_nobody_is_absent() -> None:
    assert isinstance(ask(typed_passport("0000 000000")), Absent)
